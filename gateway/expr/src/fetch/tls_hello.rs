//! What the client's hello said on a TLS connection that ends here (configuration.txt 7.3.4). The lists are there where
//! `tune.ssl.capture-buffer-size` keeps them.

use super::{Fetch, Request, Visit, fetch, one};
use crate::arg::{self, Arg, Kind};
use crate::hello::{cipher_names, filtered};
use crate::{Hello, HelloLists, Phases, Type, Value};

const FILTER: &[Kind] = &[Kind::Int];

#[rustfmt::skip]
pub(super) const FETCHES: &[Fetch] = &[
    fetch("ssl_fc_protocol_hello_id", Type::Int, Phases::SESSION, |r, v| one(lists(r).map(|lists| Value::Int(lists.version.into())), v)).example("ssl_fc_protocol_hello_id", "771"),
    fetch("ssl_fc_cipherlist_bin", Type::Str, Phases::SESSION, |r, v| list(r, |lists| &lists.ciphers, v)).takes(FILTER, 0).prepare(|args, _| filter(args)).example("ssl_fc_cipherlist_bin(1),be2hex(-,2),word(1,-)", "1302"),
    fetch("ssl_fc_cipherlist_hex", Type::Bin, Phases::SESSION, cipher_hex).takes(FILTER, 0).prepare(|args, _| filter(args)).example("ssl_fc_cipherlist_hex,bytes(0,4)", "1302"),
    fetch("ssl_fc_cipherlist_str", Type::Str, Phases::SESSION, cipher_text).takes(FILTER, 0).prepare(|args, _| filter(args)).example("ssl_fc_cipherlist_str,bytes(0,22)", "TLS_AES_256_GCM_SHA384"),
    fetch("ssl_fc_cipherlist_xxh", Type::Int, Phases::SESSION, |r, v| one(lists(r).map(|lists| Value::Int(lists.hash.cast_signed())), v)).example("ssl_fc_cipherlist_xxh,bool", "1"),
    fetch("ssl_fc_extlist_bin", Type::Str, Phases::SESSION, |r, v| list(r, |lists| &lists.extensions, v)).takes(FILTER, 0).prepare(|args, _| filter(args)).example("ssl_fc_extlist_bin(1),hex,regsub(.*002B.*,yes)", "yes"),
    fetch("ssl_fc_eclist_bin", Type::Str, Phases::SESSION, |r, v| list(r, |lists| &lists.groups, v)).takes(FILTER, 0).prepare(|args, _| filter(args)).example("ssl_fc_eclist_bin(1),hex,regsub(.*001D.*,yes)", "yes"),
    fetch("ssl_fc_ecformats_bin", Type::Str, Phases::SESSION, |r, v| one(lists(r).map(|lists| Value::text(&lists.formats)), v)).example("ssl_fc_ecformats_bin,hex,bytes(0,2)", "00"),
    fetch("ssl_fc_sigalgs_bin", Type::Bin, Phases::SESSION, |r, v| list(r, |lists| &lists.signatures, v)).takes(FILTER, 0).prepare(|args, _| filter(args)).since("3.2").example("ssl_fc_sigalgs_bin(1),hex,regsub(.*0804.*,yes)", "yes"),
    fetch("ssl_fc_supported_versions_bin", Type::Bin, Phases::SESSION, |r, v| list(r, |lists| &lists.versions, v)).takes(FILTER, 0).prepare(|args, _| filter(args)).since("3.2").example("ssl_fc_supported_versions_bin(1),hex,bytes(0,4)", "0304"),
    fetch("ssl_fc_client_random", Type::Bin, Phases::SESSION, |r, v| one(hello(r).map(|hello| Value::Bin(hello.random[..].into())), v)).example("ssl_fc_client_random,hex", "DD26EB5126F1BC82C9AB2F6AF1C73FCC54138592639E120954F107E7838C6CDA"),
];

fn hello<'a>(request: &Request<'a>) -> Option<&'a Hello> {
    request.txn.tls()?.hello.as_ref()
}

fn lists<'a>(request: &Request<'a>) -> Option<&'a HelloLists> {
    hello(request)?.lists.as_ref()
}

/// 0 for a list as it is, 1 without the values that mean nothing.
fn filter(args: &[Arg]) -> Result<(), String> {
    match arg::int(args, 0) {
        None | Some(0 | 1) => Ok(()),
        Some(other) => Err(format!("Invalid argument '{other}', expects 0 or 1")),
    }
}

/// A list of pairs as the argument wants it.
fn wanted(request: &Request<'_>, of: fn(&HelloLists) -> &[u8]) -> Option<Vec<u8>> {
    Some(filtered(of(lists(request)?), arg::int(request.args, 0) == Some(1)))
}

fn list<'a>(request: &Request<'a>, of: fn(&HelloLists) -> &[u8], visit: Visit<'_, 'a>) {
    one(wanted(request, of).map(Value::made), visit);
}

fn cipher_hex<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    let digits = |list: Vec<u8>| list.iter().map(|byte| format!("{byte:02X}")).collect::<String>();
    one(
        wanted(request, |lists| &lists.ciphers).map(|list| Value::Bin(digits(list).into_bytes().into())),
        visit,
    );
}

fn cipher_text<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    one(
        wanted(request, |lists| &lists.ciphers).map(|list| Value::made(cipher_names(&list).into_bytes())),
        visit,
    );
}
