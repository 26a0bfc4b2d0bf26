//! The client's certificate (configuration.txt 7.3.4, `ssl_c_*`).

use super::{Fetch, Request, Visit, fetch, one};
use crate::arg::{self, Arg, Kind};
use crate::{Phases, Type, Value};
use x509_parser::prelude::{ASN1Time, FromDer, X509Certificate, X509Name};

const NAME: &[Kind] = &[Kind::Str, Kind::Int, Kind::Str];

#[rustfmt::skip]
pub(super) const FETCHES: &[Fetch] = &[
    fetch("ssl_c_ca_err", Type::Int, Phases::SESSION, |r, v| one(zero(r), v)).example("ssl_c_ca_err", "0"),
    fetch("ssl_c_ca_err_depth", Type::Int, Phases::SESSION, |r, v| one(zero(r), v)).example("ssl_c_ca_err_depth", "0"),
    fetch("ssl_c_der", Type::Bin, Phases::SESSION, |r, v| one(der(r).map(|der| Value::Bin(der.into())), v)).example("ssl_c_der,bytes(0,2),hex", "3082"),
    fetch("ssl_c_err", Type::Int, Phases::SESSION, |r, v| one(zero(r), v)).example("ssl_c_err", "0"),
    fetch("ssl_c_i_dn", Type::Str, Phases::SESSION, |r, v| read(r, |cert| name(cert.issuer(), r.args), v)).takes(NAME, 0).prepare(|args, _| format(args)).example("ssl_c_i_dn(O)", "Some Org"),
    fetch("ssl_c_key_alg", Type::Str, Phases::SESSION, |r, v| read(r, |cert| Some(text(algorithm(&cert.public_key().algorithm.algorithm.to_id_string()))), v)).example("ssl_c_key_alg", "rsaEncryption"),
    fetch("ssl_c_notafter", Type::Str, Phases::SESSION, |r, v| read(r, |cert| Some(text(time(cert.validity().not_after))), v)).example("ssl_c_notafter", "491231235959Z"),
    fetch("ssl_c_notbefore", Type::Str, Phases::SESSION, |r, v| read(r, |cert| Some(text(time(cert.validity().not_before))), v)).example("ssl_c_notbefore", "200101000000Z"),
    fetch("ssl_c_s_dn", Type::Str, Phases::SESSION, |r, v| read(r, |cert| name(cert.subject(), r.args), v)).takes(NAME, 0).prepare(|args, _| format(args)).example("ssl_c_s_dn(CN)", "client.example"),
    fetch("ssl_c_serial", Type::Bin, Phases::SESSION, |r, v| read(r, |cert| Some(Value::Bin(serial(cert).into())), v)).example("ssl_c_serial,hex", "1234ABCD"),
    fetch("ssl_c_sig_alg", Type::Str, Phases::SESSION, |r, v| read(r, |cert| Some(text(algorithm(&cert.signature_algorithm.algorithm.to_id_string()))), v)).example("ssl_c_sig_alg", "RSA-SHA256"),
    fetch("ssl_c_verify", Type::Int, Phases::SESSION, |r, v| one(zero(r), v)).example("ssl_c_verify", "0"),
    fetch("ssl_c_version", Type::Int, Phases::SESSION, |r, v| read(r, |cert| Some(Value::Int(i64::from(cert.version().0) + 1)), v)).example("ssl_c_version", "3"),
];

fn der<'a>(request: &Request<'a>) -> Option<&'a [u8]> {
    request.txn.tls()?.certificate.as_deref()
}

/// A handshake whose certificate is not in order fails, so nobody sees another number.
fn zero<'a>(request: &Request<'a>) -> Option<Value<'a>> {
    request.txn.tls().map(|_| Value::Int(0))
}

fn read<'a>(
    request: &Request<'a>,
    of: impl FnOnce(&X509Certificate<'_>) -> Option<Value<'static>>,
    visit: Visit<'_, 'a>,
) {
    let certificate = der(request).and_then(|der| X509Certificate::from_der(der).ok());
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

fn found(table: &[(&str, &str)], id: &str) -> String {
    table.iter().find(|(known, _)| *known == id).map_or(id, |(_, name)| name).to_owned()
}

fn short(id: &str) -> String {
    found(ENTRIES, id)
}

fn algorithm(id: &str) -> String {
    found(ALGORITHMS, id)
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
