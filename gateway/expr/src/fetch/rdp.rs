//! Cookies of the remote desktop protocol, and tokens of distcc's (configuration.txt 7.3.5).

use super::{Fetch, Request, fetch, one};
use crate::arg::{self, Arg, Kind};
use crate::{Phases, Type, Value};

const TOKEN: &[Kind] = &[Kind::Str, Kind::Int];

#[rustfmt::skip]
pub(super) const FETCHES: &[Fetch] = &[
    fetch("req.rdp_cookie", Type::Str, Phases::REQUEST, |r, v| one(cookie(r).map(Value::text), v)).aliases(&["rdp_cookie"]).takes(&[Kind::Str], 0).awaits().example("req.rdp_cookie(mstshash)", "hugo"),
    fetch("req.rdp_cookie_cnt", Type::Int, Phases::REQUEST, |r, v| one(Some(Value::Int(cookie(r).is_some().into())), v)).aliases(&["rdp_cookie_cnt"]).takes(&[Kind::Str], 0).awaits().example("req.rdp_cookie_cnt", "1"),
    fetch("distcc_param", Type::Int, Phases::HEADS, |r, v| one(token(r).map(|(number, _)| Value::Int(number)), v)).takes(TOKEN, 1).prepare(|args, _| four(args)).awaits().example("distcc_param(DIST)", "3"),
    fetch("distcc_body", Type::Bin, Phases::HEADS, |r, v| one(token(r).and_then(|(_, body)| body).map(|body| Value::Bin(body.into())), v)).takes(TOKEN, 1).prepare(|args, _| four(args)).awaits().example("distcc_body(DOTI)", "hello"),
];

/// The cookie in a connection request: TPKT, X.224, then `Cookie: name=value` and a line end.
fn cookie<'a>(request: &Request<'a>) -> Option<&'a [u8]> {
    let wanted = arg::text(request.args, 0);
    let bytes = request.txn.raw_request();
    let [3, _, _, _, _, 0xe0..=0xef, _, _, _, _, _, rest @ ..] = bytes else { return None };
    let line = rest.get(..memchr::memchr(b'\r', rest)?)?;
    let pair = line.get(..7).filter(|word| word.eq_ignore_ascii_case(b"cookie:")).map(|_| &line[7..])?;
    let pair = pair.trim_ascii_start();
    let equals = memchr::memchr(b'=', pair)?;
    let (name, value) = (&pair[..equals], &pair[equals + 1..]);
    (wanted.is_empty() || name.eq_ignore_ascii_case(wanted)).then_some(value)
}

fn four(args: &[Arg]) -> Result<(), String> {
    match arg::text(args, 0).len() {
        4 => Ok(()),
        _ => Err("token name must be exactly 4 characters".to_owned()),
    }
}

/// The number of the token that the first argument names, the second argument says which of several, and the bytes
/// that it announces, once they are all there. A token is four letters and eight hexadecimal digits; `DOTI` and the
/// like have as many bytes behind them.
fn token<'a>(request: &Request<'a>) -> Option<(i64, Option<&'a [u8]>)> {
    let (wanted, mut left) = (arg::text(request.args, 0), arg::int(request.args, 1).unwrap_or(1).max(1));
    let mut rest = request.txn.raw_request();
    while let Some((head, behind)) = rest.split_at_checked(12) {
        let digits = std::str::from_utf8(&head[4..]).ok()?;
        let number = u32::from_str_radix(digits, 16).ok()?;
        let long = matches!(&head[..4], b"ARGV" | b"DOTI" | b"DOTO" | b"SERR" | b"SOUT");
        let length = usize::try_from(number).ok().filter(|_| long).unwrap_or(0);
        if &head[..4] == wanted {
            left -= 1;
            if left == 0 {
                return Some((number.into(), behind.get(..length)));
            }
        }
        rest = behind.get(length..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::world::{World, evaluate};

    #[test]
    fn a_desktops_cookie_is_read() {
        let raw = b"\x03\0\0\x2b\x26\xe0\0\0\0\0\0Cookie: mstshash=eltons\r\n\x01\0\x08\0\0\0\0\0".to_vec();
        for end in 0..34 {
            let world = World { raw: raw[..end].to_vec(), ..World::sample() };
            assert_eq!(evaluate("req.rdp_cookie(mstshash)", &world), None, "{end}");
        }
        let world = World { raw, ..World::sample() };
        assert_eq!(evaluate("req.rdp_cookie(MSTShash)", &world).as_deref(), Some("eltons"));
        assert_eq!(evaluate("rdp_cookie_cnt", &world).as_deref(), Some("1"));
        assert_eq!(evaluate("req.rdp_cookie(other)", &world), None);
    }

    #[test]
    fn distccs_tokens_are_found_behind_one_another() {
        let raw = b"DIST00000003ARGC00000001ARGV00000002-cDOTI00000005hello".to_vec();
        let world = World { raw, ..World::sample() };
        for (text, expected) in [
            ("distcc_param(DIST)", Some("3")),
            ("distcc_param(ARGV)", Some("2")),
            ("distcc_body(ARGV)", Some("-c")),
            ("distcc_body(DOTI)", Some("hello")),
            ("distcc_param(DOTI,2)", None),
        ] {
            assert_eq!(evaluate(text, &world).as_deref(), expected, "{text}");
        }
    }
}
