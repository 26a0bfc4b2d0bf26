//! Log-format strings: text with tags and sample expressions (configuration.txt 8.2.6).

mod field;
mod parse;

use std::fmt;
use std::sync::Arc;

pub use field::{LogField, Shape};
use lang::{Diagnostic, Word};

use crate::{Expr, Scope, Txn, Type};

/// A log-format string. Cheap to clone; equal when written alike.
#[derive(Clone)]
pub struct LogFormat {
    inner: Arc<Inner>,
}

struct Inner {
    text: String,
    parts: Vec<Part>,
    usage: Usage,
}

/// What the string is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Usage {
    /// A part of a message: what is missing is empty, what a message may not hold is encoded.
    Message,
    /// A log line: what is missing is `-`, spaces are merged.
    Log,
}

#[derive(Debug)]
enum Part {
    Text(Vec<u8>),
    Field(LogField, Style),
    Expr(Expr, Style),
}

/// `Q`, `E`, `X`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Style {
    quote: bool,
    escape: bool,
    hex: bool,
}

impl fmt::Debug for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogFormat({:?})", self.inner.text)
    }
}

impl PartialEq for LogFormat {
    fn eq(&self, other: &Self) -> bool {
        self.inner.text == other.inner.text && self.inner.usage == other.inner.usage
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

    fn read(word: &Word, scope: &Scope<'_>, usage: Usage) -> Result<Self, Diagnostic> {
        let parts = parse::parts(&word.text, scope, usage).map_err(|bad| bad.diagnostic(word.span))?;
        Ok(Self { inner: Arc::new(Inner { text: word.text.clone(), parts, usage }) })
    }

    /// The string as it was written.
    pub fn text(&self) -> &str {
        &self.inner.text
    }

    /// The text, if it is the same for every request.
    pub fn constant(&self) -> Option<&[u8]> {
        match &self.inner.parts[..] {
            [] => Some(b""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Appends what the string means for a transaction.
    pub fn render(&self, txn: &dyn Txn, out: &mut Vec<u8>) {
        for part in &self.inner.parts {
            match part {
                Part::Text(text) => out.extend_from_slice(text),
                Part::Field(field, style) => self.render_field(*field, *style, txn, out),
                Part::Expr(expr, style) => self.render_expr(expr, *style, txn, out),
            }
        }
    }

    /// What the string means for a transaction.
    pub fn to_bytes(&self, txn: &dyn Txn) -> Vec<u8> {
        let mut out = Vec::new();
        self.render(txn, &mut out);
        out
    }

    fn render_field(&self, field: LogField, style: Style, txn: &dyn Txn, out: &mut Vec<u8>) {
        let mut value = Vec::new();
        let known = txn.log_field(field, &mut value);
        match field.shape() {
            Shape::Text => self.put_text(known.then_some(&value), style, out),
            _ if !known => self.put_text(None, style, out),
            Shape::Number | Shape::Address if style.hex => put_hex(&value, out),
            Shape::Number | Shape::Address | Shape::Date => out.extend(value),
        }
    }

    fn render_expr(&self, expr: &Expr, style: Style, txn: &dyn Txn, out: &mut Vec<u8>) {
        let value = expr.eval(txn);
        let Some(value) = value else { return self.put_text(None, style, out) };
        let binary = value.kind() == Type::Bin;
        let mut text = value.into_text();
        if binary && style.hex {
            text = text.iter().map(|byte| format!("{byte:02X}")).collect::<String>().into_bytes().into();
        }
        self.put_text(Some(&text), style, out);
    }

    fn put_text(&self, text: Option<&[u8]>, style: Style, out: &mut Vec<u8>) {
        let text = text.filter(|text| !text.is_empty());
        let shown = match text {
            None if self.inner.usage == Usage::Log || style.quote => b"-",
            text => text.unwrap_or_default(),
        };
        if style.quote {
            out.push(b'"');
        }
        match self.inner.usage {
            Usage::Message => encode_message(shown, style.escape, out),
            Usage::Log => encode_log(shown, style.escape, out),
        }
        if style.quote {
            out.push(b'"');
        }
    }
}

/// Bytes that no header may hold become `%XX`.
fn encode_message(text: &[u8], escape: bool, out: &mut Vec<u8>) {
    for byte in text {
        match byte {
            b'"' | b'\\' | b']' if escape => out.extend([b'\\', *byte]),
            _ => out.push(*byte),
        }
    }
}

/// Bytes that no log line may hold become `#XX`.
fn encode_log(text: &[u8], escape: bool, out: &mut Vec<u8>) {
    for byte in text {
        match byte {
            b'"' | b'\\' | b']' if escape => out.extend([b'\\', *byte]),
            _ => out.push(*byte),
        }
    }
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
