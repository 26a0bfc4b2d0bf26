//! Named items as JSON or CBOR (configuration.txt of 3.0, 8.2.6): `%{+json}o %(from)src`.

use super::{LogFormat, Part, Shape, Style};
use crate::{Txn, Type, Value};

/// How items are encoded instead of being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Json,
    Cbor,
}

/// The name of an item, and the type that its value is cast to: `%(name:sint)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    /// Empty where only a type is given.
    pub(super) text: String,
    pub(super) cast: Option<Type>,
    /// The part that it names.
    pub(super) part: usize,
}

/// The types that may be named.
pub(super) fn cast(name: &str) -> Option<Type> {
    match name {
        "bool" => Some(Type::Bool),
        "sint" => Some(Type::Int),
        "str" => Some(Type::Str),
        _ => None,
    }
}

/// A value as an encoding tells them apart.
#[derive(Debug, PartialEq)]
enum Datum {
    Null,
    Bool(bool),
    Int(i64),
    Text(Vec<u8>),
    Bytes(Vec<u8>),
}

impl LogFormat {
    /// The whole string as one object: the items that have names.
    pub(super) fn render_encoded(&self, encoding: Encoding, style: Style, txn: &dyn Txn, out: &mut Vec<u8>) {
        let mut text = Vec::new();
        let named = self.inner.names.iter().filter(|name| !name.text.is_empty());
        match encoding {
            Encoding::Json => {
                text.push(b'{');
                for (at, name) in named.enumerate() {
                    text.extend_from_slice(if at > 0 { b", " } else { b"" });
                    json(&Datum::Text(name.text.clone().into_bytes()), &mut text);
                    text.extend_from_slice(b": ");
                    json(&self.datum(name.part, name.cast, txn), &mut text);
                }
                text.push(b'}');
            }
            Encoding::Cbor => {
                // a map whose length is not told in front
                text.push(0xbf);
                for name in named {
                    cbor(&Datum::Text(name.text.clone().into_bytes()), &mut text);
                    cbor(&self.datum(name.part, name.cast, txn), &mut text);
                }
                text.push(0xff);
            }
        }
        put(encoding, style, &text, out);
    }

    /// One item by itself.
    pub(super) fn render_one(
        &self,
        part: usize,
        encoding: Encoding,
        style: Style,
        txn: &dyn Txn,
        out: &mut Vec<u8>,
    ) {
        let cast = self.inner.names.iter().find(|name| name.part == part).and_then(|name| name.cast);
        let mut text = Vec::new();
        match encoding {
            Encoding::Json => json(&self.datum(part, cast, txn), &mut text),
            Encoding::Cbor => cbor(&self.datum(part, cast, txn), &mut text),
        }
        put(encoding, style, &text, out);
    }

    fn datum(&self, part: usize, cast: Option<Type>, txn: &dyn Txn) -> Datum {
        match &self.inner.parts[part] {
            Part::Text(text) => Datum::Text(text.clone()),
            Part::Expr(expr, _) => {
                let value =
                    expr.eval(txn).and_then(|value| cast.map_or(Some(value.clone()), |to| value.cast(to)));
                value.map_or(Datum::Null, of_value)
            }
            Part::Field(field, _) => {
                let mut text = Vec::new();
                if !txn.log_field(*field, &mut text) {
                    return Datum::Null;
                }
                let numeric = matches!(field.shape(), Shape::Number | Shape::HexNumber);
                let cast = cast.or(numeric.then_some(Type::Int));
                let number = std::str::from_utf8(&text).ok().and_then(|text| text.parse().ok());
                match (cast, number) {
                    (Some(Type::Int), Some(number)) => Datum::Int(number),
                    (Some(Type::Bool), Some(number)) => Datum::Bool(number != 0),
                    _ => Datum::Text(text),
                }
            }
        }
    }
}

fn of_value(value: Value<'_>) -> Datum {
    match value {
        Value::Bool(truth) => Datum::Bool(truth),
        Value::Int(number) => Datum::Int(number),
        Value::Bin(bytes) => Datum::Bytes(bytes.into_owned()),
        other => Datum::Text(other.into_text().into_owned()),
    }
}

/// CBOR is bytes, and written in hexadecimal unless they are asked for.
fn put(encoding: Encoding, style: Style, text: &[u8], out: &mut Vec<u8>) {
    match encoding {
        Encoding::Cbor if !style.bin => {
            text.iter().for_each(|byte| out.extend(format!("{byte:02X}").into_bytes()));
        }
        _ => out.extend_from_slice(text),
    }
}

fn json(datum: &Datum, out: &mut Vec<u8>) {
    match datum {
        Datum::Null => out.extend_from_slice(b"null"),
        Datum::Bool(truth) => out.extend_from_slice(if *truth { b"true" } else { b"false" }),
        Datum::Int(number) => out.extend(number.to_string().into_bytes()),
        Datum::Text(text) | Datum::Bytes(text) => {
            out.push(b'"');
            for chunk in text.utf8_chunks() {
                chunk.valid().chars().for_each(|c| json_char(c, out));
                chunk.invalid().iter().for_each(|byte| out.extend(format!("\\u{byte:04x}").into_bytes()));
            }
            out.push(b'"');
        }
    }
}

fn json_char(c: char, out: &mut Vec<u8>) {
    match c {
        '"' | '\\' => out.extend([b'\\', u8::try_from(c).unwrap_or(b'?')]),
        '\n' => out.extend_from_slice(b"\\n"),
        '\r' => out.extend_from_slice(b"\\r"),
        '\t' => out.extend_from_slice(b"\\t"),
        c if c.is_ascii_control() => out.extend(format!("\\u{:04x}", u32::from(c)).into_bytes()),
        c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
    }
}

/// RFC 8949: a head of a kind and a number, and what it heads.
fn cbor(datum: &Datum, out: &mut Vec<u8>) {
    match datum {
        Datum::Null => out.push(0xf6),
        Datum::Bool(truth) => out.push(if *truth { 0xf5 } else { 0xf4 }),
        Datum::Int(number) if *number < 0 => head(1, !number.cast_unsigned(), out),
        Datum::Int(number) => head(0, number.cast_unsigned(), out),
        Datum::Bytes(bytes) => {
            head(2, bytes.len() as u64, out);
            out.extend_from_slice(bytes);
        }
        Datum::Text(text) => {
            // a text must be UTF-8
            let kind = if std::str::from_utf8(text).is_ok() { 3 } else { 2 };
            head(kind, text.len() as u64, out);
            out.extend_from_slice(text);
        }
    }
}

fn head(kind: u8, number: u64, out: &mut Vec<u8>) {
    let bytes = number.to_be_bytes();
    let (size, skip) = match number {
        0..=23 => (bytes[7], 8),
        24..=0xff => (24, 7),
        0x100..=0xffff => (25, 6),
        0x1_0000..=0xffff_ffff => (26, 4),
        _ => (27, 0),
    };
    out.push(kind << 5 | size);
    out.extend_from_slice(&bytes[skip..]);
}

#[cfg(test)]
mod tests {
    use ciborium::Value as Cbor;
    use lang::{Span, Word};
    use serde_json::json;

    use crate::world::{World, scope_at};
    use crate::{LogField, LogFormat, Phase, Shape};

    fn render(text: &str) -> String {
        let word = Word::new(text, Span::default());
        let format = LogFormat::parse_log(&word, &scope_at(Phase::HttpRequest))
            .unwrap_or_else(|d| panic!("{text}: {}", d.message));
        String::from_utf8_lossy(&format.to_bytes(&World::sample())).into_owned()
    }

    #[test]
    fn named_items_become_json_or_cbor() {
        for (text, expected) in [
            (
                "%{+json}o %(request)r %(custom_expr)[str(custom)]",
                r#"{"request": "GET /a\"b HTTP/1.1", "custom_expr": "custom"}"#,
            ),
            (
                "%{+json}o %(n)[int(5)] %(t)[always_true] %(none)[hdr(nope)] %f %(port)cp",
                r#"{"n": 5, "t": true, "none": null, "port": 40000}"#,
            ),
            (
                "%{+json}o %(n:str)[int(5)] %(s:sint)[str(7)] %(b:bool)[int(0)]",
                r#"{"n": "5", "s": 7, "b": false}"#,
            ),
            ("%{+json}o", "{}"),
            ("a %{+json}[method] %{+json}[int(5)] b", "a \"GET\" 5 b"),
            (
                "%{+cbor}o %(a)[int(500)] %(b)[str(xy)] %(c)[int(-1)] %(d)[bin(00ff)]",
                "BF61611901F4616262787961632061644200FFFF",
            ),
            ("%(name)[method] %(x:sint)cp", "GET 40000"),
            ("%{+json,+bin}[bin(80)]", r#""\u0080""#),
        ] {
            assert_eq!(render(text), expected, "{text}");
        }
    }

    /// What the decoders of others read of these items in both encodings.
    fn decoded(items: &str, world: &World) -> (serde_json::Value, Cbor) {
        let render = |start: &str| {
            let word = Word::new(format!("{start} {items}"), Span::default());
            LogFormat::parse_log(&word, &scope_at(Phase::Log)).unwrap().to_bytes(world).to_vec()
        };
        let (json, cbor) = (render("%{+json}o"), render("%{+cbor,+bin}o"));
        let read = serde_json::from_slice(&json).unwrap_or_else(|error| panic!("{items}: {error}"));
        (read, ciborium::from_reader(&cbor[..]).unwrap_or_else(|error| panic!("{items}: {error}")))
    }

    fn named(value: impl Into<Cbor>) -> Cbor {
        Cbor::Map(vec![(Cbor::from("v"), value.into())])
    }

    #[test]
    fn every_tag_is_read_back_as_what_it_was() {
        let texts = ["", "-", "a b", "\"q\" \\ \t\r\n\u{1}\u{7f}", "ünï", "[26/Nov/2026:05:11:24.783]"];
        for field in LogField::all() {
            let numeric = matches!(field.shape(), Shape::Number | Shape::HexNumber);
            let item = format!("%(v){}", field.tag());
            for (number, value) in [("0", 0), ("-1", -1), ("255", 255), ("9223372036854775807", i64::MAX)] {
                let world = World { logged: Some((number, "x")), ..World::sample() };
                if numeric {
                    assert_eq!(decoded(&item, &world), (json!({ "v": value }), named(value)), "{item}");
                }
            }
            for text in texts {
                let world = World { logged: Some(("1", text)), ..World::sample() };
                if !numeric {
                    assert_eq!(decoded(&item, &world), (json!({ "v": text }), named(text)), "{item}");
                }
            }
        }
    }

    #[test]
    fn every_type_is_read_back_as_what_it_was() {
        let (null, bytes) = (Cbor::Null, Cbor::Bytes(vec![0, 0xff, b'a']));
        #[rustfmt::skip]
        let rows = [
            ("%(v)[always_true]", json!(true), Cbor::from(true)),
            ("%(v)[always_false]", json!(false), Cbor::from(false)),
            ("%(v:sint)[always_true]", json!(1), Cbor::from(1)),
            ("%(v:str)[always_true]", json!("1"), Cbor::from("1")),
            ("%(v)[int(0)]", json!(0), Cbor::from(0)),
            ("%(v)[int(23)]", json!(23), Cbor::from(23)),
            ("%(v)[int(24)]", json!(24), Cbor::from(24)),
            ("%(v)[int(65536)]", json!(65536), Cbor::from(65536)),
            ("%(v)[int(-4294967297)]", json!(-4_294_967_297_i64), Cbor::from(-4_294_967_297_i64)),
            ("%(v)[int(9223372036854775807)]", json!(i64::MAX), Cbor::from(i64::MAX)),
            ("%(v)[int(-9223372036854775808)]", json!(i64::MIN), Cbor::from(i64::MIN)),
            ("%(v:bool)[int(0)]", json!(false), Cbor::from(false)),
            ("%(v:bool)[int(7)]", json!(true), Cbor::from(true)),
            ("%(v:str)[int(7)]", json!("7"), Cbor::from("7")),
            ("%(v)[str()]", json!(""), Cbor::from("")),
            ("%(v)[str(7)]", json!("7"), Cbor::from("7")),
            ("%(v:sint)[str(7)]", json!(7), Cbor::from(7)),
            ("%(v)[bin(225c0a09)]", json!("\"\\\n\t"), Cbor::Bytes(vec![0x22, 0x5c, 0x0a, 0x09])),
            ("%(v)[bin(00ff61)]", json!("\0\u{ff}a"), bytes),
            ("%(v:str)[bin(6100ff)]", json!("a"), Cbor::from("a")),
            ("%(v)[method]", json!("GET"), Cbor::from("GET")),
            ("%(v)[src]", json!("192.0.2.7"), Cbor::from("192.0.2.7")),
            ("%(v)[env(NONE)]", json!(null), null.clone()),
            ("%(v:sint)[env(NONE)]", json!(null), null.clone()),
            ("%(v:bool)[env(NONE)]", json!(null), null),
        ];
        for (item, json, cbor) in rows {
            assert_eq!(decoded(item, &World::sample()), (json!({ "v": json }), named(cbor)), "{item}");
        }
    }

    #[test]
    fn a_text_that_is_no_unicode_is_bytes() {
        let (json, cbor) = decoded("%(v)[bin(61fc62),lower]", &World::sample());
        assert_eq!(json, json!({ "v": "a\u{fc}b" }));
        assert_eq!(cbor, named(Cbor::Bytes(b"a\xfcb".to_vec())));
    }

    #[test]
    fn what_is_no_name_is_an_error() {
        let word = |text| Word::new(text, Span::default());
        let error = |text| LogFormat::parse(&word(text), &scope_at(Phase::HttpRequest)).unwrap_err().message;
        assert_eq!(
            error("%(a:float)f"),
            "unexpected type 'float' of log-format item 'a', expected 'bool', 'sint' or 'str'"
        );
        assert_eq!(error("%(a"), "missing closing ')' behind '%('");
    }
}
