//! Certificates: the client's, the one that it was shown, and the server's (configuration.txt 7.3.4, `ssl_c_*`,
//! `ssl_f_*`, `ssl_s_*`).

use super::{Fetch, Request, Visit, fetch, one};
use crate::arg::{self, Arg, Kind};
use crate::{Phases, Type, Value, Verification};
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use std::net::IpAddr;
use x509_parser::prelude::{ASN1Time, FromDer, GeneralName, X509Certificate, X509Name};

const NAME: &[Kind] = &[Kind::Str, Kind::Int, Kind::Str];

/// Whose certificate it is.
#[derive(Clone, Copy)]
enum Whose {
    Client,
    Ours,
    Server,
}

/// The rows of a certificate.
macro_rules! certificate {
    ($prefix:literal, $whose:expr, $phases:expr) => {
        &[
            fetch(concat!($prefix, "der"), Type::Bin, $phases, |r, v| {
                one(der(r, $whose).map(|der| Value::Bin(der.into())), v)
            })
            .example(concat!($prefix, "der,bytes(0,2),hex"), "3082"),
            fetch(concat!($prefix, "i_dn"), Type::Str, $phases, |r, v| {
                read(r, $whose, |cert| name(cert.issuer(), r.args), v)
            })
            .takes(NAME, 0)
            .prepare(|args, _| format(args))
            .example(concat!($prefix, "i_dn(O)"), "Some Org"),
            fetch(concat!($prefix, "key_alg"), Type::Str, $phases, |r, v| {
                read(
                    r,
                    $whose,
                    |cert| Some(text(algorithm(&cert.public_key().algorithm.algorithm.to_id_string()))),
                    v,
                )
            })
            .example(concat!($prefix, "key_alg"), "rsaEncryption"),
            fetch(concat!($prefix, "notafter"), Type::Str, $phases, |r, v| {
                read(r, $whose, |cert| Some(text(time(cert.validity().not_after))), v)
            })
            .example(concat!($prefix, "notafter"), "491231235959Z"),
            fetch(concat!($prefix, "notbefore"), Type::Str, $phases, |r, v| {
                read(r, $whose, |cert| Some(text(time(cert.validity().not_before))), v)
            })
            .example(concat!($prefix, "notbefore"), "200101000000Z"),
            fetch(concat!($prefix, "s_dn"), Type::Str, $phases, |r, v| {
                read(r, $whose, |cert| name(cert.subject(), r.args), v)
            })
            .takes(NAME, 0)
            .prepare(|args, _| format(args))
            .example(concat!($prefix, "s_dn(CN)"), "client.example"),
            fetch(concat!($prefix, "serial"), Type::Bin, $phases, |r, v| {
                read(r, $whose, |cert| Some(Value::Bin(serial(cert).into())), v)
            })
            .example(concat!($prefix, "serial,hex"), "1234ABCD"),
            fetch(concat!($prefix, "sha1"), Type::Bin, $phases, |r, v| {
                one(der(r, $whose).map(fingerprint), v)
            })
            .example(concat!($prefix, "sha1,hex"), "A4376E099FA2E2D5514C80F8E580420C2B0A1331"),
            fetch(concat!($prefix, "sig_alg"), Type::Str, $phases, |r, v| {
                read(
                    r,
                    $whose,
                    |cert| Some(text(algorithm(&cert.signature_algorithm.algorithm.to_id_string()))),
                    v,
                )
            })
            .example(concat!($prefix, "sig_alg"), "RSA-SHA256"),
            fetch(concat!($prefix, "version"), Type::Int, $phases, |r, v| {
                read(r, $whose, |cert| Some(Value::Int(i64::from(cert.version().0) + 1)), v)
            })
            .example(concat!($prefix, "version"), "3"),
        ]
    };
}

#[rustfmt::skip]
pub(super) const CLIENT: &[Fetch] = certificate!("ssl_c_", Whose::Client, Phases::SESSION);
#[rustfmt::skip]
pub(super) const OURS: &[Fetch] = certificate!("ssl_f_", Whose::Ours, Phases::SESSION);
#[rustfmt::skip]
pub(super) const SERVER: &[Fetch] = certificate!("ssl_s_", Whose::Server, Phases::SESSION);

#[rustfmt::skip]
pub(super) const FETCHES: &[Fetch] = &[
    fetch("ssl_c_ca_err", Type::Int, Phases::SESSION, |r, v| one(found(r, |found| found.authority), v)).example("ssl_c_ca_err", "0"),
    fetch("ssl_c_ca_err_depth", Type::Int, Phases::SESSION, |r, v| one(found(r, |found| found.depth), v)).example("ssl_c_ca_err_depth", "0"),
    fetch("ssl_c_chain_der", Type::Bin, Phases::SESSION, |r, v| one(chain(r, Whose::Client), v)).example("ssl_c_chain_der,hex", ""),
    fetch("ssl_s_chain_der", Type::Bin, Phases::SESSION, |r, v| one(chain(r, Whose::Server), v)).example("ssl_s_chain_der,bytes(0,2),hex", "3082"),
    fetch("ssl_c_err", Type::Int, Phases::SESSION, |r, v| one(found(r, |found| found.certificate), v)).example("ssl_c_err", "0"),
    fetch("ssl_c_san", Type::Str, Phases::SESSION, |r, v| read(r, Whose::Client, names, v)).since("3.3").example("ssl_c_san", "DNS:www.example.com, DNS:*.example.org, IP Address:192.0.2.1"),
    fetch("ssl_s_san", Type::Str, Phases::SESSION, |r, v| read(r, Whose::Server, names, v)).since("3.3").example("ssl_s_san", "DNS:www.example.com, DNS:*.example.org, IP Address:192.0.2.1"),
    fetch("ssl_c_verify", Type::Int, Phases::SESSION, |r, v| one(verified(r), v)).example("ssl_c_verify", "0"),
];

fn der<'a>(request: &Request<'a>, whose: Whose) -> Option<&'a [u8]> {
    match whose {
        Whose::Client => request.txn.tls()?.certificate.as_deref(),
        Whose::Ours => request.txn.tls()?.own_certificate.as_deref(),
        Whose::Server => request.txn.server_link()?.tls.as_ref()?.certificate.as_deref(),
    }
}

/// The certificates that were sent: of a server all, of a client those behind its own, as OpenSSL tells them.
fn chain<'a>(request: &Request<'a>, whose: Whose) -> Option<Value<'a>> {
    let chain = match whose {
        Whose::Server => [der(request, whose)?, &request.txn.server_link()?.tls.as_ref()?.chain].concat(),
        Whose::Client | Whose::Ours => request.txn.tls()?.chain.clone(),
    };
    (!chain.is_empty()).then(|| Value::Bin(chain.into()))
}

fn fingerprint<'a>(der: &[u8]) -> Value<'a> {
    Value::Bin(digest(&SHA1_FOR_LEGACY_USE_ONLY, der).as_ref().to_vec().into())
}

/// The other names of its owner, as OpenSSL shows them.
fn names(certificate: &X509Certificate<'_>) -> Option<Value<'static>> {
    let names = &certificate.subject_alternative_name().ok()??.value.general_names;
    let shown = names.iter().filter_map(|name| match name {
        GeneralName::DNSName(name) => Some(format!("DNS:{name}")),
        GeneralName::RFC822Name(name) => Some(format!("email:{name}")),
        GeneralName::URI(uri) => Some(format!("URI:{uri}")),
        GeneralName::IPAddress(bytes) => Some(format!("IP Address:{}", address(bytes)?)),
        _ => None,
    });
    Some(text(shown.collect::<Vec<_>>().join(", ")))
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

/// What is told of a handshake that came to its end.
fn verified<'a>(request: &Request<'a>) -> Option<Value<'a>> {
    found(request, |found| found.last).filter(|_| request.txn.connection_failure().is_none())
}

/// What was found of the client's certificate.
fn found<'a>(request: &Request<'a>, of: fn(&Verification) -> u8) -> Option<Value<'a>> {
    request.txn.tls().map(|tls| Value::Int(i64::from(of(&tls.verification))))
}

fn read<'a>(
    request: &Request<'a>,
    whose: Whose,
    of: impl FnOnce(&X509Certificate<'_>) -> Option<Value<'static>>,
    visit: Visit<'_, 'a>,
) {
    let certificate = der(request, whose).and_then(|der| X509Certificate::from_der(der).ok());
    one(certificate.and_then(|(_, certificate)| of(&certificate)), visit);
}

fn text(text: String) -> Value<'static> {
    Value::made(text.into_bytes())
}

fn format(args: &[Arg]) -> Result<(), String> {
    match arg::text(args, 2) {
        b"" | b"rfc2253" => Ok(()),
        _ => Err("only rfc2253 or a blank value are currently supported as the format argument.".to_owned()),
    }
}

/// `ssl_c_s_dn(entry,occurrence,format)`: the whole name, or one entry's value: the first, the nth, or from the last.
fn name(name: &X509Name<'_>, args: &[Arg]) -> Option<Value<'static>> {
    let entries = name.iter_attributes().map(|entry| {
        let value = entry.as_str().map_or_else(|_| String::from_utf8_lossy(entry.as_slice()), Into::into);
        (short(&entry.attr_type().to_id_string()), value.into_owned())
    });
    let wanted = arg::text(args, 0);
    if !wanted.is_empty() {
        let mut values: Vec<String> =
            entries.filter(|(key, _)| key.as_bytes() == wanted).map(|(_, value)| value).collect();
        let place = match arg::int(args, 1).unwrap_or(0) {
            0 => Some(0),
            n if n > 0 => usize::try_from(n - 1).ok(),
            n => usize::try_from(n.checked_neg()?).ok().and_then(|back| values.len().checked_sub(back)),
        };
        return place.filter(|place| *place < values.len()).map(|place| text(values.swap_remove(place)));
    }
    let pairs: Vec<String> = entries.map(|(key, value)| format!("{key}={value}")).collect();
    match arg::text(args, 2) {
        b"rfc2253" => Some(text(pairs.into_iter().rev().collect::<Vec<_>>().join(","))),
        _ => Some(text(pairs.iter().map(|pair| format!("/{pair}")).collect())),
    }
}

/// OpenSSL's short names of the entries of names.
#[rustfmt::skip]
const ENTRIES: &[(&str, &str)] = &[
    ("2.5.4.3", "CN"), ("2.5.4.4", "SN"), ("2.5.4.5", "serialNumber"), ("2.5.4.6", "C"), ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"), ("2.5.4.9", "street"), ("2.5.4.10", "O"), ("2.5.4.11", "OU"), ("2.5.4.12", "title"),
    ("2.5.4.42", "GN"), ("1.2.840.113549.1.9.1", "emailAddress"), ("0.9.2342.19200300.100.1.1", "UID"),
    ("0.9.2342.19200300.100.1.25", "DC"),
];

/// OpenSSL's names of keys and signatures.
#[rustfmt::skip]
const ALGORITHMS: &[(&str, &str)] = &[
    ("1.2.840.113549.1.1.1", "rsaEncryption"), ("1.2.840.113549.1.1.5", "RSA-SHA1"),
    ("1.2.840.113549.1.1.10", "RSASSA-PSS"), ("1.2.840.113549.1.1.11", "RSA-SHA256"),
    ("1.2.840.113549.1.1.12", "RSA-SHA384"), ("1.2.840.113549.1.1.13", "RSA-SHA512"),
    ("1.2.840.10045.2.1", "id-ecPublicKey"), ("1.2.840.10045.4.3.2", "ecdsa-with-SHA256"),
    ("1.2.840.10045.4.3.3", "ecdsa-with-SHA384"), ("1.2.840.10045.4.3.4", "ecdsa-with-SHA512"),
    ("1.3.101.112", "ED25519"), ("1.3.101.113", "ED448"),
];

fn named(table: &[(&str, &str)], id: &str) -> String {
    table.iter().find(|(known, _)| *known == id).map_or(id, |(_, name)| name).to_owned()
}

fn short(id: &str) -> String {
    named(ENTRIES, id)
}

fn algorithm(id: &str) -> String {
    named(ALGORITHMS, id)
}

/// As the certificate has it: two digits of the year up to 2049.
fn time(time: ASN1Time) -> String {
    let at = time.to_datetime();
    let year = if at.year() < 2050 { format!("{:02}", at.year() % 100) } else { format!("{:04}", at.year()) };
    let (month, day) = (u8::from(at.month()), at.day());
    format!("{year}{month:02}{day:02}{:02}{:02}{:02}Z", at.hour(), at.minute(), at.second())
}

fn serial(certificate: &X509Certificate<'_>) -> Vec<u8> {
    match certificate.raw_serial() {
        [0, rest @ ..] if !rest.is_empty() => rest.to_vec(),
        serial => serial.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use crate::world::{World, evaluate};

    /// What HAProxy 2.6 says of the same certificate.
    #[test]
    fn names_are_cut_up_as_haproxy_cuts_them() {
        for (text, expected) in [
            ("ssl_c_s_dn", Some("/C=DE/O=Some Org/OU=one/OU=two/CN=client.example/emailAddress=a@b.example")),
            (
                "ssl_c_s_dn(,0,rfc2253)",
                Some("emailAddress=a@b.example,CN=client.example,OU=two,OU=one,O=Some Org,C=DE"),
            ),
            ("ssl_c_s_dn(OU)", Some("one")),
            ("ssl_c_s_dn(OU,2)", Some("two")),
            ("ssl_c_s_dn(OU,-1)", Some("two")),
            ("ssl_c_s_dn(OU,-3)", None),
            ("ssl_c_s_dn(OU,3)", None),
            ("ssl_c_s_dn(emailAddress)", Some("a@b.example")),
        ] {
            assert_eq!(evaluate(text, &World::sample()).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_certificate_cut_anywhere_never_panics() {
        let whole = World::sample().tls.certificate.unwrap();
        for end in 0..whole.len() {
            let mut world = World::sample();
            world.tls.certificate = Some(whole[..end].to_vec());
            assert_eq!(evaluate("ssl_c_s_dn", &world), None, "{end}");
        }
    }
}
