//! A look at a sample on its way through an expression (configuration.txt 7.3.1, `debug`).

use std::net::IpAddr;

use lang::{Diagnostic, Span};

use super::{Convert, Given, convert};
use crate::arg::{self, Arg, Kind};
use crate::{Stream, Txn, Type, Value};

#[rustfmt::skip]
pub(super) const CONVERTS: &[Convert] = &[
    convert("debug", Type::Any, Type::Any, |v, a, txn| Some(shown(v, a, txn))).takes(&[Kind::Str, Kind::Str], 0).prepare(|args, given| sink(args, given)).example("str(a),debug(x,buf0),upper", "A"),
];

/// The ring that is meant where nothing is named.
const RING: &[u8] = b"buf0";
/// How much of a sample is shown, in bytes: what fits into HAProxy's buffers.
const LONGEST: usize = 16 << 10;
/// The destination must be there; what goes to the ring is not kept.
fn sink(args: &[Arg], given: &Given<'_>) -> Result<(), String> {
    match arg::text(args, 1) {
        b"stdout" | b"stderr" => {}
        name if name.is_empty() || name == RING => {
            // arguments have no span: the line is told in words
            let place = &given.scope.place;
            let text = format!(
                "{place}: converter 'debug' shows nothing, for the ring 'buf0' is not kept (name 'stdout' or 'stderr' as the destination)"
            );
            given.scope.warn(Diagnostic::warning(Span::default(), text));
        }
        name => return Err(format!("No such sink '{}'.", String::from_utf8_lossy(name))),
    }
    Ok(())
}

/// The sample, which was shown where it is wanted.
fn shown<'a>(value: Value<'a>, args: &[Arg], txn: &dyn Txn) -> Value<'a> {
    let stream = match arg::text(args, 1) {
        b"stdout" => Stream::Out,
        b"stderr" => Stream::Error,
        _ => return value,
    };
    txn.show(stream, &line(arg::text(args, 0), &value));
    value
}

/// `[debug] prefix: type=str <sample>`, without a line end: what cannot be printed is a dot.
fn line(prefix: &[u8], value: &Value<'_>) -> Vec<u8> {
    let kind = match value.to_ip().filter(|_| value.kind() == Type::Ip) {
        Some(IpAddr::V4(_)) => "ipv4",
        Some(IpAddr::V6(_)) => "ipv6",
        None => value.kind().name(),
    };
    let text = value.borrowed().into_raw();
    let mut line = [b"[debug] ", prefix, b": type=", kind.as_bytes(), b" <"].concat();
    let printed = |byte: &u8| if matches!(byte, b' '..=b'~') { *byte } else { b'.' };
    line.extend(text.iter().take(LONGEST).map(printed));
    line.push(b'>');
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::scope_at;
    use crate::{Expr, Phase};

    /// What HAProxy 2.6 writes.
    #[test]
    fn a_line_tells_type_and_value_and_holds_nothing_that_cannot_be_printed() {
        for (prefix, value, expected) in [
            ("pre", Value::Ip([127, 0, 0, 1].into()), "[debug] pre: type=ipv4 <127.0.0.1>"),
            ("six", Value::Ip("::1".parse().unwrap()), "[debug] six: type=ipv6 <::1>"),
            ("", Value::text(b"/a%20b"), "[debug] : type=str </a%20b>"),
            ("s", Value::text(b"a\nb\x01\xc3\xa9z"), "[debug] s: type=str <a.b...z>"),
            ("b", Value::Bin(b"\x01\x02\xff".as_slice().into()), "[debug] b: type=bin <...>"),
            ("i", Value::Int(5), "[debug] i: type=sint <5>"),
            ("bo", Value::Bool(true), "[debug] bo: type=bool <1>"),
            ("m", Value::Method(b"GET".as_slice().into()), "[debug] m: type=meth <GET>"),
        ] {
            assert_eq!(String::from_utf8(line(prefix.as_bytes(), &value)).unwrap(), expected);
        }
        let long = Value::made(vec![b'a'; 1 << 20]);
        assert_eq!(line(b"", &long).len(), LONGEST + "[debug] : type=str <>".len());
    }

    #[test]
    fn a_destination_must_be_there() {
        let scope = scope_at(Phase::HttpRequest).on_line("a.cfg:7");
        let bad = Expr::parse_text("src,debug(x,none)", &scope).unwrap_err();
        assert_eq!(bad.why, "invalid args in converter 'debug' : No such sink 'none'.");
        for (text, warnings) in
            [("src,debug(x,stderr)", 0), ("src,debug(,stdout)", 0), ("src,debug", 1), ("src,debug(x)", 1)]
        {
            Expr::parse_text(text, &scope).unwrap();
            let told = scope.take_warnings();
            assert_eq!(told.len(), warnings, "{text}");
            assert!(told.iter().all(|warning| warning.message.starts_with("a.cfg:7: ")), "{text}");
        }
    }
}
