//! Log-format strings: text with tags and sample expressions (configuration.txt 8.2.6).

mod encode;
mod field;
mod parse;

use std::fmt;
use std::io::Write;
use std::sync::Arc;

use encode::{Encoding, Name};
pub use field::{LogField, Shape};
use lang::{Diagnostic, Word};

use crate::{Expr, Scope, Txn, Value};

/// A log-format string. Cheap to clone; equal when written alike and their files hold the same.
#[derive(Clone)]
pub struct LogFormat {
    inner: Arc<Inner>,
}

struct Inner {
    text: String,
    parts: Vec<Part>,
    /// `%(name:type)`.
    names: Vec<Name>,
    /// `%{+json}o`: the whole is one object, with these options.
    encoding: Option<(Encoding, Style)>,
    usage: Usage,
}

/// What the string is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Usage {
    /// A part of a message: what is missing is empty, what a message may not hold is encoded.
    Message,
    /// A log line: what is missing is `-`, spaces are merged.
    Log,
    /// A request's id: as a part of a message, but that spaces are merged.
    Id,
}

#[derive(Debug)]
enum Part {
    Text(Vec<u8>),
    Field(LogField, Style),
    Expr(Expr, Style),
}

/// `Q`, `E`, `X`, `bin`, `json`, `cbor`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Style {
    quote: bool,
    escape: bool,
    hex: bool,
    bin: bool,
    encoding: Option<Encoding>,
}

impl fmt::Debug for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogFormat({:?})", self.inner.text)
    }
}

impl PartialEq for LogFormat {
    fn eq(&self, other: &Self) -> bool {
        self.inner.text == other.inner.text
            && self.inner.usage == other.inner.usage
            && self.exprs().eq(other.exprs())
    }
}

impl Eq for LogFormat {}

impl LogFormat {
    /// Reads a string that becomes part of a message: a header's value, a location, a body.
    pub fn parse(word: &Word, scope: &Scope<'_>) -> Result<Self, Diagnostic> {
        Self::read(word, scope, Usage::Message)
    }

    /// Reads a string that becomes a log line.
    pub fn parse_log(word: &Word, scope: &Scope<'_>) -> Result<Self, Diagnostic> {
        Self::read(word, scope, Usage::Log)
    }

    /// Reads a string that becomes a request's id.
    pub fn parse_id(word: &Word, scope: &Scope<'_>) -> Result<Self, Diagnostic> {
        Self::read(word, scope, Usage::Id)
    }

    fn read(word: &Word, scope: &Scope<'_>, usage: Usage) -> Result<Self, Diagnostic> {
        let inner = parse::inner(word, scope, usage).map_err(|bad| bad.diagnostic(word.span))?;
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The expressions in it: they know what the files hold that they name.
    fn exprs(&self) -> impl Iterator<Item = &Expr> {
        self.inner.parts.iter().filter_map(|part| match part {
            Part::Expr(expr, _) => Some(expr),
            Part::Text(_) | Part::Field(..) => None,
        })
    }

    /// The string as it was written.
    pub fn text(&self) -> &str {
        &self.inner.text
    }

    /// A tag of its text that only HTTP has a value for.
    pub fn needs_http(&self) -> Option<&'static str> {
        self.inner.parts.iter().find_map(|part| match part {
            Part::Field(field, _) if field.needs_http() => Some(field.tag()),
            _ => None,
        })
    }

    /// The text, if it is the same for every request.
    pub fn constant(&self) -> Option<&[u8]> {
        if self.inner.encoding.is_some() {
            return None;
        }
        match &self.inner.parts[..] {
            [] => Some(b""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Appends what the string means for a transaction.
    pub fn render(&self, txn: &dyn Txn, out: &mut Vec<u8>) {
        if let Some((encoding, style)) = self.inner.encoding {
            return self.render_encoded(encoding, style, txn, out);
        }
        let mut nothing = false;
        for (at, part) in self.inner.parts.iter().enumerate() {
            let before = std::mem::take(&mut nothing);
            match part {
                Part::Field(_, Style { encoding: Some(encoding), .. })
                | Part::Expr(_, Style { encoding: Some(encoding), .. }) => {
                    let (Part::Field(_, style) | Part::Expr(_, style)) = part else { continue };
                    self.render_one(at, *encoding, *style, txn, out);
                }
                // there is one space around what is not there
                Part::Text(text) if before && out.last().is_none_or(|last| *last == b' ') => {
                    out.extend_from_slice(text.strip_prefix(b" ").unwrap_or(text));
                }
                Part::Text(text) => out.extend_from_slice(text),
                Part::Field(field, _) if field.is_list() && !txn.log_field(*field, &mut Vec::new()) => {
                    nothing = true;
                }
                Part::Field(field, style) => self.render_field(*field, *style, txn, out),
                Part::Expr(expr, style) => self.render_expr(expr, *style, txn, out),
            }
        }
    }

    /// What the string means for a transaction.
    pub fn to_bytes(&self, txn: &dyn Txn) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.inner.text.len());
        self.render(txn, &mut out);
        out
    }

    fn render_field(&self, field: LogField, style: Style, txn: &dyn Txn, out: &mut Vec<u8>) {
        let mut value = Vec::new();
        let known = txn.log_field(field, &mut value);
        match field.shape() {
            Shape::HexNumber | Shape::Address if known && style.hex => put_hex(&value, out),
            // what exists but is empty, as the query of a request without one
            Shape::Text if known && value.is_empty() && !style.quote => {}
            Shape::Text | Shape::Address => self.put_text(known.then_some(&value), style, out),
            Shape::Number | Shape::HexNumber | Shape::Date if known => out.extend(value),
            Shape::Number | Shape::HexNumber | Shape::Date => {
                self.put_text(None, Style::default(), out);
            }
        }
    }

    fn render_expr(&self, expr: &Expr, style: Style, txn: &dyn Txn, out: &mut Vec<u8>) {
        if style.bin {
            out.extend_from_slice(&expr.eval(txn).map(Value::into_raw).unwrap_or_default());
            return;
        }
        match expr.eval(txn) {
            // digits need no care
            Some(Value::Int(n)) if !style.quote => write!(out, "{n}").unwrap_or_default(),
            value => self.put_text(value.map(Value::into_text).as_deref(), style, out),
        }
    }

    fn put_text(&self, text: Option<&[u8]>, style: Style, out: &mut Vec<u8>) {
        let log = self.inner.usage == Usage::Log;
        let text = match text.filter(|text| !text.is_empty()) {
            Some(text) => text,
            None if !log => return,
            None if style.quote => b"",
            None => b"-",
        };
        let quote: &[u8] = if style.quote { b"\"" } else { b"" };
        out.extend_from_slice(quote);
        out.reserve(text.len() + quote.len());
        let is_plain = |byte: &u8| !(byte.is_ascii_control() || style.escape && ESCAPED.contains(byte));
        let plain = text.iter().position(|byte| !is_plain(byte)).unwrap_or(text.len());
        out.extend_from_slice(&text[..plain]);
        for byte in &text[plain..] {
            match byte {
                byte if style.escape && ESCAPED.contains(byte) => out.extend([b'\\', *byte]),
                // a message must not gain lines; neither must a log, where HAProxy lets the other control bytes pass
                b'\r' | b'\n' | 0 if log => put_encoded(b'#', *byte, out),
                byte if byte.is_ascii_control() && !log => put_encoded(b'%', *byte, out),
                _ => out.push(*byte),
            }
        }
        out.extend_from_slice(quote);
    }
}

/// What `%{+E}` puts a backslash in front of.
const ESCAPED: &[u8] = b"\"\\]";

fn put_encoded(mark: u8, byte: u8, out: &mut Vec<u8>) {
    out.push(mark);
    out.extend(format!("{byte:02X}").into_bytes());
}

/// Addresses as the hexadecimal digits of their bytes, numbers as theirs.
fn put_hex(value: &[u8], out: &mut Vec<u8>) {
    let text = String::from_utf8_lossy(value);
    let hex = match (text.parse::<std::net::IpAddr>(), text.parse::<u64>()) {
        (Ok(std::net::IpAddr::V4(ip)), _) => format!("{:08X}", ip.to_bits()),
        (Ok(std::net::IpAddr::V6(ip)), _) => format!("{:032X}", ip.to_bits()),
        (_, Ok(number)) => format!("{number:04X}"),
        _ => text.into_owned(),
    };
    out.extend(hex.into_bytes());
}

#[cfg(test)]
mod tests {
    use lang::Span;

    use super::*;
    use crate::Phase;
    use crate::world::{World, scope_at};

    fn render(text: &str, usage: Usage, world: &World) -> String {
        let word = Word::new(text, Span::default());
        let format = LogFormat::read(&word, &scope_at(Phase::HttpRequest), usage)
            .unwrap_or_else(|d| panic!("{text}: {}", d.message));
        String::from_utf8_lossy(&format.to_bytes(world)).into_owned()
    }

    /// What HAProxy 2.6 writes into a header.
    #[test]
    fn messages_are_written_as_haproxy_writes_them() {
        let world = World::get("/p?v=a%22%5d%5c%01%25%7f|b%0d%0ax", &[("Host", "h:81")]);
        for (text, expected) in [
            ("a  b", "a  b"),
            ("100%%", "100%"),
            ("<%[method]>", "<GET>"),
            ("<%[hdr(nope)]>", "<>"),
            ("<%{+Q}[hdr(nope)]>", "<>"),
            ("%{+Q}[hdr(host)]", "\"h:81\""),
            ("%{+Q}o%[method] %{-Q}f %f %[method]", "\"GET\" www \"www\" \"GET\""),
            ("%{+Q}[method] %[method]", "\"GET\" GET"),
            ("%[url_param(v),url_dec]", "a\"]\\%01%%7F|b%0D%0Ax"),
            ("%{+E}[url_param(v),url_dec]", "a\\\"\\]\\\\%01%%7F|b%0D%0Ax"),
            ("%ci %{+X}ci %{+X}cp %{+Z}f", "192.0.2.7 C0000207 9C40 www"),
            ("%[bin(00ff61)]%[bin(6162)]", "ab"),
            ("%[path,regsub([a-z],X)]", "/X"),
        ] {
            assert_eq!(render(text, Usage::Message, &world), expected, "{text}");
        }
    }

    #[test]
    fn log_lines_show_what_is_missing_and_merge_spaces() {
        let world = World::get("/p?v=%01%0a", &[]);
        for (text, expected) in [
            ("a  b   %f", "a b www"),
            ("%[hdr(nope)] %bc", "- -"),
            ("%{+Q}[hdr(nope)]|%{+Q}sslv|%sslv", "\"\"|\"\"|-"),
            ("%{+Q}o%ci %cp %f", "\"192.0.2.7\" 40000 \"www\""),
            ("%{+X}o%ci %cp", "C0000207 9C40"),
            ("<%HQ %{+Q}HQ>", "< \"\">"),
            ("%{+Q,+E}r", "\"GET /a\\\"b HTTP/1.1\""),
            ("%[url_param(v),url_dec]", "\u{1}#0A"),
        ] {
            assert_eq!(render(text, Usage::Log, &world), expected, "{text}");
        }
    }

    #[test]
    fn constants_are_told_apart() {
        let parse = |text| LogFormat::parse(&Word::new(text, Span::default()), &scope_at(Phase::HttpRequest));
        assert_eq!(parse("a%%b").unwrap().constant(), Some(&b"a%b"[..]));
        assert_eq!(parse("%f").unwrap().constant(), None);
        assert_eq!(parse("a").unwrap(), parse("a").unwrap());
        assert_ne!(parse("a").unwrap(), parse("b").unwrap());
    }

    #[test]
    fn errors_are_worded_as_haproxys() {
        let error = |text, phase| {
            LogFormat::parse(&Word::new(text, Span::default()), &scope_at(phase)).unwrap_err().message
        };
        for (text, expected) in [
            ("%[foo]", "failed to parse sample expression <foo]> : unknown fetch method 'foo'"),
            ("%[path,foo]", "failed to parse sample expression <path,foo]> : unknown converter 'foo'"),
            (
                "%foo",
                "no such format variable 'foo'. If you wanted to emit the '%' character verbatim, you need to use '%%'",
            ),
            (
                "%[res.hdr(a)]",
                "sample fetch <res.hdr(a)]> may not be reliably used here because it needs 'HTTP response headers' \
                 which is not available here",
            ),
            (
                "%[str(a),regsub(a)]",
                "failed to parse sample expression <str(a),regsub(a)]> : invalid arg 2 in converter 'regsub' : \
                 missing arguments (got 1/2), type 'string' expected",
            ),
            (
                "%[path(1)]",
                "failed to parse sample expression <path(1)]> : fetch method 'path' : expected ')' before '1)'",
            ),
            ("%[str(a)b]", "expected ']' after 'str(a)', but found 'b'"),
            ("%[path", "missing ']' after 'path'"),
            ("%[hdr(a", "failed to parse sample expression <hdr(a> : fetch method 'hdr' : expected ')'"),
        ] {
            assert_eq!(error(text, Phase::HttpRequest), expected, "{text}");
        }
    }
}
