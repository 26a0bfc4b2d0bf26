//! A line becomes words: quotes, escapes, comments and variables, as configuration.txt 2.2 and 2.3 say.

use crate::load::MAX_WORDS;
use crate::{Diagnostic, Span, Word};

/// Cuts one line that stands in no file; variables are all unset.
pub fn lex_line(line: &str) -> Result<Vec<Word>, Diagnostic> {
    lex_line_in(line, Span { line: 1, ..Span::default() }, &|_| None)
}

/// Cuts one line; `at` gives file and line, `var` the value of a variable (a leading dot names a pseudo-variable).
pub fn lex_line_in(
    line: &str,
    at: Span,
    var: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<Word>, Diagnostic> {
    lex(line.as_bytes(), at, var)
}

/// Cuts one line of bytes.
pub(crate) fn lex(
    line: &[u8],
    at: Span,
    var: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<Word>, Diagnostic> {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let stretches = line.split(blank).filter(|stretch| !stretch.is_empty()).count();
    // the words stay until the model is made: nothing is kept for more than there are
    let words = Vec::with_capacity(stretches.min(MAX_WORDS));
    let mut lexer = Lexer { line, pos: 0, at, var, words, text: Vec::new(), open: None };
    lexer.run()?;
    Ok(lexer.words)
}

struct Lexer<'a> {
    line: &'a [u8],
    pos: usize,
    at: Span,
    var: &'a dyn Fn(&str) -> Option<String>,
    words: Vec<Word>,
    /// The bytes of the word that is being read.
    text: Vec<u8>,
    /// Where the word began and whether it had quotes, while one is being read.
    open: Option<(usize, bool)>,
}

impl Lexer<'_> {
    fn run(&mut self) -> Result<(), Diagnostic> {
        while let Some(byte) = self.byte() {
            match byte {
                b' ' | b'\t' => self.close()?,
                b'#' | b'\n' | b'\r' => break,
                b'\'' => self.strong()?,
                b'"' => self.weak()?,
                b'\\' => self.escape(false)?,
                0 => return Err(self.error(self.pos, "unexpected NUL byte")),
                byte => self.put(byte, false),
            }
            if matches!(byte, b' ' | b'\t') {
                self.pos += 1;
            }
        }
        self.close()
    }

    fn byte(&self) -> Option<u8> {
        self.line.get(self.pos).copied()
    }

    /// Adds the byte under the cursor, as itself.
    fn put(&mut self, byte: u8, quoted: bool) {
        self.begin(self.pos, quoted);
        self.text.push(byte);
        self.pos += 1;
    }

    fn begin(&mut self, start: usize, quoted: bool) {
        let (_, was_quoted) = self.open.get_or_insert((start, false));
        *was_quoted |= quoted;
    }

    /// Ends the word that is being read, if there is one.
    fn close(&mut self) -> Result<(), Diagnostic> {
        let Some((start, quoted)) = self.open.take() else { return Ok(()) };
        let span = self.span(start, self.pos);
        let text = std::str::from_utf8(&self.text).map(str::to_owned).map_err(|_| {
            Diagnostic::alert(span, "word is not valid UTF-8")
                .hint("save the file as UTF-8, for instance with iconv")
        })?;
        self.text.clear();
        if self.words.len() == MAX_WORDS {
            let message = format!(
                "too many words, truncating after word {MAX_WORDS}, position {}: <{}>",
                start + 1,
                crate::units::shorten(&text)
            );
            return Err(Diagnostic::alert(span, message));
        }
        self.words.push(Word { text, span, quoted });
        Ok(())
    }

    /// `'…'`: nothing is interpreted.
    fn strong(&mut self) -> Result<(), Diagnostic> {
        let start = self.pos;
        self.begin(start, true);
        let body = self.line.get(start + 1..).unwrap_or_default();
        let Some(length) = body.iter().position(|byte| *byte == b'\'') else {
            return Err(self.error(start, &unmatched(start)));
        };
        self.text.extend_from_slice(body.get(..length).unwrap_or_default());
        self.pos = start + length + 2;
        Ok(())
    }

    /// `"…"`: escapes and variables are interpreted.
    fn weak(&mut self) -> Result<(), Diagnostic> {
        let start = self.pos;
        let fresh = self.open.is_none();
        self.begin(start, true);
        self.pos += 1;
        let mut expanded = false;
        loop {
            match self.byte() {
                None => return Err(self.error(start, &unmatched(start))),
                Some(b'"') => break,
                Some(b'\\') => self.escape(true)?,
                Some(b'$') => expanded |= self.variable()?,
                Some(byte) => self.put(byte, true),
            }
        }
        self.pos += 1;
        let gone = expanded && fresh && self.text.is_empty() && !self.continues();
        if gone {
            self.open = None; // a list without members leaves no word
        }
        Ok(())
    }

    /// Whether the word goes on after the quote.
    fn continues(&self) -> bool {
        self.byte().is_some_and(|byte| !matches!(byte, b' ' | b'\t' | b'#' | b'\r' | b'\n'))
    }

    fn escape(&mut self, quoted: bool) -> Result<(), Diagnostic> {
        let start = self.pos;
        self.begin(start, quoted);
        let next = self.line.get(start + 1).copied();
        let (byte, length) = match next {
            Some(b'n') => (b'\n', 2),
            Some(b'r') => (b'\r', 2),
            Some(b't') => (b'\t', 2),
            Some(b'x') => (self.hex(start)?, 4),
            Some(b'\\' | b'"' | b'\'' | b'#') => (next.unwrap_or(b'\\'), 2),
            Some(b' ' | b'\t') => (next.unwrap_or(b' '), 2),
            Some(b'$') if quoted => (b'$', 2),
            _ => (b'\\', 1), // any other backslash stands for itself
        };
        self.text.push(byte);
        self.pos = start + length;
        Ok(())
    }

    fn hex(&self, start: usize) -> Result<u8, Diagnostic> {
        let digits = self.line.get(start + 2..start + 4).and_then(|digits| std::str::from_utf8(digits).ok());
        digits
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok())
            .ok_or_else(|| {
                self.error(
                    start,
                    &format!("truncated or invalid hexadecimal sequence at position {}", start + 1),
                )
            })
    }

    /// `$NAME`, `${NAME}`, `${NAME-default}`, `${NAME[*]}`; says whether it was a list.
    fn variable(&mut self) -> Result<bool, Diagnostic> {
        let start = self.pos;
        self.pos += 1;
        let braced = self.byte() == Some(b'{');
        self.pos += usize::from(braced);
        let name = self.name()?;
        let list = braced && self.list_mark()?;
        let default = if braced && self.byte() == Some(b'-') { Some(self.default(start)?) } else { None };
        if braced {
            if self.byte() != Some(b'}') {
                let message =
                    format!("unmatched brace in environment variable name at position {}", start + 2);
                return Err(self.error(start, &message));
            }
            self.pos += 1;
        }
        let value = (self.var)(&name).or(default);
        match value {
            Some(value) if list => self.spread(&value, start)?,
            Some(value) => self.text.extend_from_slice(value.as_bytes()),
            None => {}
        }
        Ok(list)
    }

    fn name(&mut self) -> Result<String, Diagnostic> {
        let start = self.pos;
        let pseudo = self.byte() == Some(b'.');
        self.pos += usize::from(pseudo);
        let first = self.byte().unwrap_or_default();
        let bad_first = !(first.is_ascii_alphabetic() || first == b'_');
        while self.byte().is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            self.pos += 1;
        }
        let name = String::from_utf8_lossy(self.line.get(start..self.pos).unwrap_or_default()).into_owned();
        if bad_first || (pseudo && !matches!(name.as_str(), ".FILE" | ".LINE" | ".SECTION")) {
            let message =
                format!("forbidden first char in environment variable name at position {}", start + 1);
            return Err(self.error(start, &message));
        }
        Ok(name)
    }

    fn list_mark(&mut self) -> Result<bool, Diagnostic> {
        if self.byte() != Some(b'[') {
            return Ok(false);
        }
        if self.line.get(self.pos..self.pos + 3) != Some(b"[*]") {
            let message =
                format!("truncated or invalid word expansion sequence at position {}", self.pos + 1);
            return Err(self.error(self.pos, &message));
        }
        self.pos += 3;
        Ok(true)
    }

    /// What follows the dash, up to the closing brace.
    fn default(&mut self, start: usize) -> Result<String, Diagnostic> {
        self.pos += 1;
        let body = self.line.get(self.pos..).unwrap_or_default();
        let Some(length) = body.iter().position(|byte| *byte == b'}') else {
            let message = format!("unmatched brace in environment variable name at position {}", start + 2);
            return Err(self.error(start, &message));
        };
        self.pos += length;
        Ok(String::from_utf8_lossy(body.get(..length).unwrap_or_default()).into_owned())
    }

    /// A list: its first member joins what is before it, its last joins what follows.
    fn spread(&mut self, value: &str, start: usize) -> Result<(), Diagnostic> {
        for (index, member) in value.split_ascii_whitespace().enumerate() {
            if index > 0 {
                self.close()?;
                self.begin(start, true);
            }
            self.text.extend_from_slice(member.as_bytes());
        }
        Ok(())
    }

    fn span(&self, start: usize, end: usize) -> Span {
        let column = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Span { start: column(start), end: column(end), ..self.at }
    }

    fn error(&self, start: usize, message: &str) -> Diagnostic {
        Diagnostic::alert(self.span(start, start + 1), message)
    }
}

fn unmatched(start: usize) -> String {
    format!("unmatched quote at position {}", start + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn var(name: &str) -> Option<String> {
        let value = match name {
            "FOO" => "f o",
            "LIST" => "1 2 3",
            "EMPTY" => "",
            ".LINE" => "7",
            _ => return None,
        };
        Some(value.to_owned())
    }

    fn texts(line: &str) -> Vec<String> {
        let words = lex(line.as_bytes(), Span::default(), &var).expect("it lexes");
        words.into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn quotes_escapes_and_variables_are_haproxys() {
        // each row was seen on haproxy 2.6 with `.notice`
        let rows: &[(&str, &[&str])] = &[
            ("a$FOO b${FOO}c", &["a$FOO", "b${FOO}c"]),
            (r#"a\qb "a\qb" 'a\nb' "a\nb""#, &[r"a\qb", r"a\qb", r"a\nb", "a\nb"]),
            (r#""x${NOPE}y" "${NOPE-d e}" "${EMPTY-x}""#, &["xy", "d e", ""]),
            (r#""$FOO-x" "$NOPE-x" "$FOO$LIST" "$FOO.x""#, &["f o-x", "-x", "f o1 2 3", "f o.x"]),
            (r#""a${LIST[*]}b" c"#, &["a1", "2", "3b", "c"]),
            (r#"x "${NOPE[*]}" y"#, &["x", "y"]),
            (r#"\x41 "\x41" '\x41'"#, &["A", "A", r"\x41"]),
            (r#"a\ b a\#b "a#b" a#b c"#, &["a b", "a#b", "a#b", "a"]),
            (r#"a"b c"'d e' 'a"b'"c'd""#, &["ab cd e", r#"a"bc'd"#]),
            (r#""a\"b" "a\$FOO" a\"#, &[r#"a"b"#, "a$FOO", r"a\"]),
            (r#"'' "" "$.LINE""#, &["", "", "7"]),
            ("  a\tb \r", &["a", "b"]),
        ];
        for (line, expected) in rows {
            assert_eq!(texts(line), *expected, "{line}");
        }
    }

    #[test]
    fn mistakes_have_haproxys_words_and_a_column() {
        for (line, message, column) in [
            ("maxconn \"abc", "unmatched quote at position 9", 8),
            ("maxconn 'abc", "unmatched quote at position 9", 8),
            (r"maxconn \x4", "truncated or invalid hexadecimal sequence at position 9", 8),
            (r#"m "${FOO""#, "unmatched brace in environment variable name at position 5", 3),
            (r#"m "$""#, "forbidden first char in environment variable name at position 5", 4),
            (r#"m "${1A}""#, "forbidden first char in environment variable name at position 6", 5),
            (r#"m "${FOO[x]}""#, "truncated or invalid word expansion sequence at position 9", 8),
            ("a \0", "unexpected NUL byte", 2),
        ] {
            let error = lex(line.as_bytes(), Span::default(), &var).unwrap_err();
            assert_eq!((error.message.as_str(), error.span.unwrap().start), (message, column), "{line}");
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_are_fine_in_comments_alone() {
        assert_eq!(lex(b"a # caf\xe9", Span::default(), &var).unwrap().len(), 1);
        assert!(lex(b"a caf\xe9", Span::default(), &var).is_err());
    }

    #[test]
    fn words_know_their_columns_and_quotes() {
        let words = lex(b"  bind \":80\" x", Span::default(), &var).unwrap();
        let seen: Vec<_> = words.iter().map(|w| (w.span.start, w.span.end, w.quoted)).collect();
        assert_eq!(seen, [(2, 6, false), (7, 12, true), (13, 14, false)]);
    }

    #[test]
    fn a_line_of_a_million_words_is_an_error() {
        let line = "a ".repeat(1_000_000);
        let error = lex(line.as_bytes(), Span::default(), &var).unwrap_err();
        assert!(error.message.starts_with("too many words, truncating after word"));
    }
}
