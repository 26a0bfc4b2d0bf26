//! Regular expressions: linear time, on bytes. What PCRE has beyond that is refused with its reason.

use std::error::Error;

use regex::bytes::{Captures, Regex, RegexBuilder};
use regex_syntax::ParserBuilder;
use regex_syntax::ast::ErrorKind;
use regex_syntax::hir::Hir;

/// Compiles an expression as HAProxy's files write it.
pub fn compile(pattern: &str, ignore_case: bool) -> Result<Regex, String> {
    RegexBuilder::new(&translate(pattern))
        .unicode(false)
        .case_insensitive(ignore_case)
        .build()
        .map_err(|error| reason(pattern, &error))
}

/// What an expression means, as far as that can be said without compiling it.
pub(crate) fn parse(pattern: &str, ignore_case: bool) -> Result<Hir, String> {
    let mut parser = ParserBuilder::new().unicode(false).utf8(false).case_insensitive(ignore_case).build();
    parser.parse(&translate(pattern)).map_err(|error| reason(pattern, &error))
}

/// Pattern spellings that PCRE accepts and the `regex` crate writes differently.
fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut class = Class::Outside;
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        rest = after;
        match (c, class) {
            ('\\', _) => {
                let next = after.chars().next();
                escape(next, &mut out);
                rest = &after[next.map_or(0, char::len_utf8)..];
            }
            ('[', Class::Outside) => {
                class = Class::Begins;
                out.push('[');
                if let Some(negated) = after.strip_prefix('^') {
                    out.push('^');
                    rest = negated;
                }
                continue;
            }
            // within a class only a name in colons is special
            ('[', _) if !after.starts_with(':') => out.push_str("\\["),
            (']', Class::Begins) => out.push_str("\\]"),
            (']', Class::Inside) if !ends_name(&out) => {
                class = Class::Outside;
                out.push(']');
                continue;
            }
            ('&' | '~', Class::Begins | Class::Inside) => out.extend(['\\', c]),
            ('{', Class::Outside) if !is_quantifier(after) => out.push_str("\\{"),
            _ => out.push(c),
        }
        if class == Class::Begins {
            class = Class::Inside;
        }
    }
    out
}

/// Where a character stands with regard to `[…]`.
#[derive(Clone, Copy, PartialEq)]
enum Class {
    Outside,
    /// Right behind the bracket, where a closing one stands for itself.
    Begins,
    Inside,
}

fn escape(next: Option<char>, out: &mut String) {
    match next {
        Some('Z') => out.push_str("\\z"),
        // PCRE takes any escaped character that is no letter or digit for itself
        Some(c @ ('<' | '>')) => out.push(c),
        Some(c) if !c.is_ascii() => out.push(c),
        Some(c) => out.extend(['\\', c]),
        None => out.push('\\'),
    }
}

/// Whether the closing bracket ends a name such as `[:alpha:]`.
fn ends_name(out: &str) -> bool {
    out.ends_with(':') && out.rfind("[:").is_some_and(|start| start + 2 < out.len())
}

/// Whether what follows a brace is `n}`, `n,}` or `n,m}`.
fn is_quantifier(text: &str) -> bool {
    let Some((inside, _)) = text.split_once('}') else { return false };
    let (low, high) = inside.split_once(',').unwrap_or((inside, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    !low.is_empty() && digits(low) && digits(high)
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

/// What is said of an expression that is right, and that nothing here can match: it takes more than linear time.
const NOT_YET: &str = "is not supported yet, for it cannot be matched in linear time";

/// The refusal of an expression.
pub fn refusal(span: lang::Span, why: String) -> lang::Diagnostic {
    let later = is_later(&why);
    lang::Diagnostic { later, ..lang::Diagnostic::alert(span, why) }
}

/// Whether HAProxy would take the expression.
pub(crate) fn is_later(why: &str) -> bool {
    why.contains(NOT_YET)
}

fn reason(pattern: &str, error: &dyn Error) -> String {
    let kind = if has_back_reference(pattern) {
        format!("a back-reference {NOT_YET}")
    } else if ["(?=", "(?!", "(?<=", "(?<!"].iter().any(|look| pattern.contains(look)) {
        format!("a look-around {NOT_YET}")
    } else if let Some((why, at)) = mistake(pattern) {
        format!("error={why}, erroffset={}", at.min(pattern.len()))
    } else {
        error.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
    };
    format!("regex '{pattern}' is invalid ({kind})")
}

/// What is wrong in an expression, and where, as PCRE says it; `None` if PCRE has no word for it.
fn mistake(pattern: &str) -> Option<(&'static str, usize)> {
    let error = regex_syntax::ast::parse::Parser::new().parse(&translate(pattern)).err()?;
    let (start, end) = (error.span().start.offset, error.span().end.offset);
    match error.kind() {
        ErrorKind::GroupUnclosed => Some(("missing closing parenthesis", pattern.len())),
        ErrorKind::GroupUnopened => Some(("unmatched closing parenthesis", start)),
        ErrorKind::ClassUnclosed => Some(("missing terminating ] for character class", pattern.len())),
        ErrorKind::ClassRangeInvalid => Some(("range out of order in character class", end - 1)),
        ErrorKind::RepetitionMissing => Some(("quantifier does not follow a repeatable item", start)),
        ErrorKind::RepetitionCountInvalid => Some(("numbers out of order in {} quantifier", end - 1)),
        ErrorKind::EscapeUnexpectedEof => Some(("\\ at end of pattern", pattern.len())),
        ErrorKind::FlagUnrecognized => Some(("unrecognized character after (? or (?-", start)),
        ErrorKind::GroupNameDuplicate { .. } => {
            Some(("two named subpatterns have the same name (PCRE2_DUPNAMES not set)", end + 1))
        }
        _ => None,
    }
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
            (r"^[[]a[]]$", "[a]"),
            (r"^[^]]*$", "abc"),
            (r"^[[:alpha:]_]+$", "ab_"),
            (r"^[a&&b~~c/]+$", "&~/"),
            (r"^{a}$", "{a}"),
            (r"^a{2,3}$", "aaa"),
            (r"^[\]\[]+$", "[]"),
        ] {
            let regex = compile(pattern, false).unwrap();
            assert!(regex.is_match(text.as_bytes()), "{pattern}");
        }
    }

    #[test]
    fn what_needs_backtracking_is_refused_with_its_reason() {
        for (pattern, word) in [(r"(a)\1", "back-reference"), ("a(?!b)", "look-around")] {
            assert!(compile(pattern, false).unwrap_err().contains(word), "{pattern}");
        }
    }

    #[test]
    fn mistakes_have_the_words_of_pcre() {
        for (pattern, why, at) in [
            ("((a)", "missing closing parenthesis", 4),
            ("a)", "unmatched closing parenthesis", 1),
            ("[a", "missing terminating ] for character class", 2),
            ("[b-a]", "range out of order in character class", 3),
            ("*a", "quantifier does not follow a repeatable item", 0),
            ("a{3,2}", "numbers out of order in {} quantifier", 5),
            ("a\\", "\\ at end of pattern", 2),
            ("(?zx)", "unrecognized character after (? or (?-", 2),
            ("(?P<a>x)(?P<a>y)", "two named subpatterns have the same name (PCRE2_DUPNAMES not set)", 14),
        ] {
            let told = format!("regex '{pattern}' is invalid (error={why}, erroffset={at})");
            assert_eq!(compile(pattern, false).unwrap_err(), told);
            assert_eq!(parse(pattern, false).unwrap_err(), told);
        }
    }

    #[test]
    fn case_is_ignored_on_request() {
        assert!(compile("^/a", true).unwrap().is_match(b"/A"));
        assert!(!compile("^/a", false).unwrap().is_match(b"/A"));
    }
}
