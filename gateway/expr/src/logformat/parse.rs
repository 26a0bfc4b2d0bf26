//! How a log-format string is cut into parts.

use lang::Word;

use super::encode::{self, Encoding, Name};
use super::{Inner, LogField, Part, Style, Usage};
use crate::expr::Bad;
use crate::{Expr, Scope};

/// A string cut into parts; neighbouring text is joined.
pub(super) fn inner(word: &Word, scope: &Scope<'_>, usage: Usage) -> Result<Inner, Bad> {
    let text = word.text.as_str();
    let (parts, names, defaults) = (Vec::new(), Vec::new(), Style::default());
    let mut reader = Reader { scope, usage, parts, names, encoding: None, defaults };
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        reader.text(&rest[..at]);
        rest = reader.percent(&rest[at + 1..])?;
    }
    reader.text(rest);
    let Reader { parts, names, encoding, .. } = reader;
    Ok(Inner { text: text.to_owned(), parts, names, encoding, usage })
}

struct Reader<'a> {
    scope: &'a Scope<'a>,
    usage: Usage,
    parts: Vec<Part>,
    names: Vec<Name>,
    encoding: Option<(Encoding, Style)>,
    /// What `%{…}o` set for all that follows.
    defaults: Style,
}

impl Reader<'_> {
    fn text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        let merges = self.usage != Usage::Message;
        // what begins with spaces begins behind them
        let text = if merges && self.parts.is_empty() { text.trim_start_matches(' ') } else { text };
        if text.is_empty() {
            return;
        }
        if !matches!(self.parts.last(), Some(Part::Text(_))) {
            self.parts.push(Part::Text(Vec::new()));
        }
        let Some(Part::Text(out)) = self.parts.last_mut() else { return };
        for byte in text.bytes() {
            let merged = merges && byte == b' ' && out.last() == Some(&b' ');
            if !merged {
                out.push(byte);
            }
        }
    }

    /// Reads what stands behind a percent sign; gives what follows.
    fn percent<'t>(&mut self, text: &'t str) -> Result<&'t str, Bad> {
        if let Some(rest) = text.strip_prefix('%') {
            self.text("%");
            return Ok(rest);
        }
        if text.is_empty() {
            return Err("truncated line after '%'".to_owned().into());
        }
        let whole = text;
        let text = self.name(text)?;
        let (style, text) = self.options(text)?;
        let text = self.name(text)?;
        if let Some(rest) = text.strip_prefix('[') {
            return self.expr(rest, style);
        }
        let end = text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len());
        let name = &text[..end];
        if name == "o" {
            self.encoding = style.encoding.map(|encoding| (encoding, style)).or(self.encoding);
            self.defaults = Style { encoding: None, ..style };
            return Ok(&text[end..]);
        }
        if name.is_empty() && whole.starts_with('{') {
            let why = format!("parse argument modifier without variable name near '%{whole}'");
            return Err(why.into());
        }
        let Some(field) = LogField::find(name) else { return Err(unknown(name)) };
        self.parts.push(Part::Field(field, style));
        Ok(&text[end..])
    }

    /// `(name:type)` of the item that follows.
    fn name<'t>(&mut self, text: &'t str) -> Result<&'t str, Bad> {
        let Some(rest) = text.strip_prefix('(') else { return Ok(text) };
        let Some((inside, rest)) = rest.split_once(')') else {
            return Err("missing closing ')' behind '%('".to_owned().into());
        };
        let (name, kind) = inside.split_once(':').map_or((inside, None), |(name, kind)| (name, Some(kind)));
        let bad = |kind: &str| {
            format!("unexpected type '{kind}' of log-format item '{name}', expected 'bool', 'sint' or 'str'")
        };
        let cast = kind.map(|kind| encode::cast(kind).ok_or_else(|| bad(kind))).transpose()?;
        self.names.push(Name { text: name.to_owned(), cast, part: self.parts.len() });
        Ok(rest)
    }

    /// `{+Q,-E}`.
    fn options<'t>(&self, text: &'t str) -> Result<(Style, &'t str), Bad> {
        let mut style = self.defaults;
        let Some(rest) = text.strip_prefix('{') else { return Ok((style, text)) };
        let Some((inside, rest)) = rest.split_once('}') else {
            return Err(format!("truncated line after '{rest}'").into());
        };
        for option in inside.split(',').map(str::trim) {
            let (set, name) = match option.as_bytes() {
                [b'-', ..] => (false, &option[1..]),
                [b'+', ..] => (true, &option[1..]),
                _ => (true, option),
            };
            match name {
                "Q" => style.quote = set,
                "E" => style.escape = set,
                "X" => style.hex = set,
                "bin" => style.bin = set,
                "json" => style.encoding = set.then_some(Encoding::Json),
                "cbor" => style.encoding = set.then_some(Encoding::Cbor),
                // HAProxy passes over what it does not know; `M` asks for what log lines have in any case
                _ => {}
            }
        }
        Ok((style, rest))
    }

    /// `expr]`.
    fn expr<'t>(&mut self, text: &'t str, style: Style) -> Result<&'t str, Bad> {
        let fail = |bad: Bad| Bad {
            why: format!("failed to parse sample expression <{text}> : {}", bad.why),
            ..bad
        };
        let (expr, used) = Expr::parse_text(text, self.scope).map_err(fail)?;
        if !self.scope.has(expr.fetch()) {
            return Err(format!(
                "sample fetch <{text}> may not be reliably used here because it needs '{}' which is not available here",
                expr.fetch().source()
            )
            .into());
        }
        let rest = text[used..].strip_prefix(']').ok_or_else(|| {
            let before = &text[..used];
            match text[used..].chars().next() {
                Some(found) => format!("expected ']' after '{before}', but found '{found}'"),
                None => format!("missing ']' after '{before}'"),
            }
        })?;
        self.parts.push(Part::Expr(expr, style));
        Ok(rest)
    }
}

fn unknown(name: &str) -> Bad {
    if name.is_empty() {
        return "truncated line after '%'".to_owned().into();
    }
    let why = format!(
        "no such format variable '{name}'. If you wanted to emit the '%' character verbatim, you need to use '%%'"
    );
    Bad { later: false, why, suggestion: lang::suggest::nearest(name, LogField::all().map(LogField::tag)) }
}
