//! Regular expressions: linear time, on bytes. What PCRE has beyond that is refused with its reason.

use regex::bytes::{Captures, Regex, RegexBuilder};

/// Compiles an expression as HAProxy's files write it.
pub fn compile(pattern: &str, ignore_case: bool) -> Result<Regex, String> {
    RegexBuilder::new(&translate(pattern))
        .unicode(false)
        .case_insensitive(ignore_case)
        .build()
        .map_err(|error| reason(pattern, &error))
}

/// Pattern spellings that PCRE accepts and the `regex` crate writes differently.
pub(crate) fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some('Z')) => {
                chars.next();
                out.push_str("\\z");
            }
            // PCRE takes any escaped character that is no letter or digit for itself.
            ('\\', Some(next)) if !next.is_ascii_alphanumeric() && !is_meta(*next) => {}
            ('\\', Some(next)) => {
                out.extend(['\\', *next]);
                chars.next();
            }
            _ => out.push(c),
        }
    }
    out
}

/// Replaces up to `limit` matches (0 for all); `\0` to `\9` in the replacement are what the groups found.
pub fn replace(regex: &Regex, text: &[u8], replacement: &[u8], limit: usize) -> Vec<u8> {
    let with = |found: &Captures<'_>| expand(replacement, |group| found.get(group).map(|m| m.as_bytes()));
    regex.replacen(text, limit, with).into_owned()
}

/// A replacement with its references filled in.
pub fn expand<'t>(replacement: &[u8], group: impl Fn(usize) -> Option<&'t [u8]>) -> Vec<u8> {
    let mut out = Vec::with_capacity(replacement.len());
    let mut bytes = replacement.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match (byte, bytes.peek().copied()) {
            (b'\\', Some(digit @ b'0'..=b'9')) => {
                bytes.next();
                out.extend_from_slice(group(usize::from(digit - b'0')).unwrap_or_default());
            }
            (b'\\', Some(other)) => {
                bytes.next();
                out.push(other);
            }
            _ => out.push(byte),
        }
    }
    out
}

fn is_meta(c: char) -> bool {
    c.is_ascii_punctuation() && c != '<' && c != '>'
}

fn reason(pattern: &str, error: &regex::Error) -> String {
    let kind = if has_back_reference(pattern) {
        "back-references cannot be matched in linear time".to_owned()
    } else if ["(?=", "(?!", "(?<=", "(?<!"].iter().any(|look| pattern.contains(look)) {
        "look-around cannot be matched in linear time".to_owned()
    } else {
        error.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
    };
    format!("regex '{pattern}' is invalid ({kind})")
}

fn has_back_reference(pattern: &str) -> bool {
    let bytes = pattern.as_bytes();
    bytes.windows(2).any(|pair| pair[0] == b'\\' && (b'1'..=b'9').contains(&pair[1]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pcre_spellings_compile() {
        for (pattern, text) in [
            (r"^/a\/b$", "/a/b"),
            (r"^/[0-9]+\.png\Z", "/12.png"),
            (r"a\<b\>", "a<b>"),
            (r"^[^/:]*://", "http://x"),
            (r"\d{3}", "123"),
            (r"a\_b\-c\ d", "a_b-c d"),
        ] {
            let regex = compile(pattern, false).unwrap();
            assert!(regex.is_match(text.as_bytes()), "{pattern}");
        }
    }

    #[test]
    fn what_needs_backtracking_is_refused_with_its_reason() {
        for (pattern, word) in [(r"(a)\1", "back-references"), ("a(?!b)", "look-around"), ("a(", "unclosed")]
        {
            assert!(compile(pattern, false).unwrap_err().contains(word), "{pattern}");
        }
    }

    #[test]
    fn case_is_ignored_on_request() {
        assert!(compile("^/a", true).unwrap().is_match(b"/A"));
        assert!(!compile("^/a", false).unwrap().is_match(b"/A"));
    }
}
