//! The conditions of `.if` and of `-cc` (configuration.txt 2.4), and the facts that they ask about.

use std::cmp::Ordering;

use crate::load::Environment;
use crate::units::shorten;
use crate::{Diagnostic, Span, Word, lexer};

/// A version in HAProxy's spelling: `3.5.0`, `2.4-dev19`; what is missing counts as zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version(String);

impl Version {
    /// A version as written; what cannot be read counts as zero.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The numbers, and the development release: none is later than any.
    fn key(&self) -> (Vec<u32>, u32) {
        let (numbers, suffix) = self.0.split_once('-').map_or((self.0.as_str(), ""), |(n, s)| (n, s));
        let mut parts: Vec<u32> = numbers.split('.').take(4).map(leading_number).collect();
        parts.resize(4, 0);
        let dev = suffix.strip_prefix("dev").map_or(u32::MAX, leading_number);
        (parts, dev)
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.key().cmp(&other.key()))
    }
}

fn leading_number(text: &str) -> u32 {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    text.get(..digits).and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// What `feature()`, `version_atleast()` and the like answer.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The version of HAProxy that is played.
    pub version: Version,
    /// `feature(NAME)`: those present.
    pub features: Vec<String>,
    /// `enabled(NAME)`: those enabled.
    pub enabled: Vec<String>,
    /// `ssllib_name_startswith()`: the library's name.
    pub ssl_library: String,
    /// `openssl_version_atleast()`: the version that is played.
    pub openssl: Version,
}

/// As `haproxy -vv` of 3.5 lists them, less what the gateway has not (QUIC, LUA, …).
const FEATURES: &[&str] = &[
    "ACCEPT4",
    "CPU_AFFINITY",
    "CRYPT_H",
    "EPOLL",
    "GETADDRINFO",
    "LIBCRYPT",
    "LINUX_SPLICE",
    "LINUX_TPROXY",
    "OPENSSL",
    "PCRE2",
    "PCRE2_JIT",
    "POLL",
    "PRCTL",
    "PROMEX",
    "RT",
    "SLZ",
    "SSL",
    "SYSTEMD",
    "TFO",
    "THREAD",
    "TPROXY",
];

const ENABLED: &[&str] = &["EPOLL", "FAST-FORWARD", "GETADDRINFO", "POLL", "REUSEPORT", "SPLICE"];

impl Default for Facts {
    fn default() -> Self {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            version: Version::new("3.5.0"),
            features: owned(FEATURES),
            enabled: owned(ENABLED),
            ssl_library: "OpenSSL 3.5.0".to_owned(),
            openssl: Version::new("3.5.0"),
        }
    }
}

/// Evaluates a condition as `-cc` gives it; an error is one that was not understood.
pub fn eval_condition(text: &str, env: &dyn Environment, facts: &Facts) -> Result<bool, Diagnostic> {
    let words = lexer::lex(text.as_bytes(), Span::default(), &|name| env.get(name))?;
    eval_words(&words, Span::default(), env, facts)
}

/// Evaluates the words after `.if`.
pub(crate) fn eval_words(
    words: &[Word],
    end: Span,
    env: &dyn Environment,
    facts: &Facts,
) -> Result<bool, Diagnostic> {
    let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
    let text = texts.join(" ");
    if text.is_empty() {
        return Ok(false);
    }
    let mut parser = Parser { text: &text, pos: 0, depth: 0, env, facts };
    let result = parser.whole();
    result.map_err(|(at, message)| Diagnostic::alert(place(words, at, end), message))
}

/// Where in the line the byte `at` of the joined words stands.
fn place(words: &[Word], at: usize, end: Span) -> Span {
    let mut passed = 0;
    for word in words {
        let inside = at.saturating_sub(passed);
        if inside <= word.text.len() {
            let inside = u32::try_from(inside).unwrap_or(0);
            let start = if word.quoted { word.span.start } else { word.span.start + inside };
            return Span { start, end: word.span.end.max(start + 1), ..word.span };
        }
        passed += word.text.len() + 1;
    }
    end
}

/// Parentheses deeper than this are refused, so that hostile text does not exhaust the stack.
const MAX_DEPTH: u32 = 100;

/// Offset in the text and what is wrong there.
type Bad = (usize, String);

struct Parser<'a> {
    text: &'a str,
    pos: usize,
    depth: u32,
    env: &'a dyn Environment,
    facts: &'a Facts,
}

impl Parser<'_> {
    fn whole(&mut self) -> Result<bool, Bad> {
        let value = self.or()?;
        self.skip_spaces();
        match self.rest().chars().next() {
            None => Ok(value),
            Some(c) => Err((
                self.pos,
                format!(
                    "unexpected character '{c}' at the end of conditional expression '{}' in '.if' at position {}",
                    shorten(self.text),
                    self.pos + 1
                ),
            )),
        }
    }

    fn or(&mut self) -> Result<bool, Bad> {
        let mut value = self.and()?;
        while self.operator("||") {
            value |= self.and()?;
        }
        Ok(value)
    }

    fn and(&mut self) -> Result<bool, Bad> {
        let mut value = self.not()?;
        while self.operator("&&") {
            value &= self.not()?;
        }
        Ok(value)
    }

    fn operator(&mut self, operator: &str) -> bool {
        self.skip_spaces();
        let found = self.rest().starts_with(operator);
        self.pos += if found { operator.len() } else { 0 };
        found
    }

    fn not(&mut self) -> Result<bool, Bad> {
        let mut negated = false;
        while self.operator("!") {
            negated = !negated;
        }
        self.skip_spaces();
        Ok(self.term()? != negated)
    }

    fn term(&mut self) -> Result<bool, Bad> {
        let start = self.pos;
        let rest = self.rest();
        if rest.starts_with('(') {
            return self.group();
        }
        let signed = rest.strip_prefix('-').unwrap_or(rest);
        let digits = signed.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 {
            let nonzero = signed.bytes().take(digits).any(|byte| byte != b'0');
            self.pos += rest.len() - signed.len() + digits;
            return Ok(nonzero);
        }
        let name: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        let Some(predicate) = PREDICATES.iter().find(|predicate| predicate.name == name) else {
            let names = PREDICATES.iter().map(|predicate| predicate.name);
            let meant = crate::suggest::nearest(&name, names);
            let meant = meant.map(|meant| format!("; did you mean '{meant}' maybe ?")).unwrap_or_default();
            return Err(self.unparsable(start, &meant));
        };
        self.pos += name.len();
        let args = self.args(predicate)?;
        Ok((predicate.eval)(&args, self.env, self.facts))
    }

    fn group(&mut self) -> Result<bool, Bad> {
        let start = self.pos;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err((start, format!("too many levels of parentheses, the limit is {MAX_DEPTH}")));
        }
        self.pos += 1;
        let value = self.or()?;
        self.skip_spaces();
        if !self.rest().starts_with(')') {
            let text = shorten(self.text.get(start..).unwrap_or_default());
            let position = start + 1;
            let message =
                format!("expected ')' after conditional expression '{text}' in '.if' at position {position}");
            return Err((start, message));
        }
        self.pos += 1;
        self.depth -= 1;
        Ok(value)
    }

    /// The arguments in parentheses; a second level of quotes protects commas and parentheses.
    fn args(&mut self, predicate: &Predicate) -> Result<Vec<String>, Bad> {
        let mut args = Vec::new();
        if self.rest().starts_with('(') {
            self.pos += 1;
            args = self.list(predicate)?;
        }
        if args.len() < predicate.args {
            let message = format!(
                "missing arguments (got {}/{}), type 'string' expected in argument {} of predicate '{}' used in \
                 conditional expression in '.if' at position {}",
                args.len(),
                predicate.args,
                args.len(),
                predicate.name,
                self.pos
            );
            return Err((self.pos.saturating_sub(1), message));
        }
        Ok(args)
    }

    fn list(&mut self, predicate: &Predicate) -> Result<Vec<String>, Bad> {
        let mut args = vec![String::new()];
        let mut quote: Option<char> = None;
        while let Some(c) = self.rest().chars().next() {
            self.pos += c.len_utf8();
            let last = args.len() - 1;
            match (c, quote) {
                (c, Some(open)) if c == open => quote = None,
                ('"' | '\'', None) => quote = Some(c),
                (',', None) if args.len() < predicate.args => args.push(String::new()),
                (')', None) => return Ok(args),
                (',', None) => break,
                (c, _) => args[last].push(c),
            }
        }
        let message = format!(
            "expected ')' in argument {} of predicate '{}' used in conditional expression in '.if' at position {}",
            args.len().saturating_sub(1),
            predicate.name,
            self.pos + 1
        );
        Err((self.pos, message))
    }

    fn unparsable(&self, start: usize, suffix: &str) -> Bad {
        let text = shorten(self.text.get(start..).unwrap_or_default());
        let position = start + 1;
        (start, format!("unparsable conditional expression '{text}' in '.if' at position {position}{suffix}"))
    }

    fn rest(&self) -> &str {
        self.text.get(self.pos..).unwrap_or_default()
    }

    fn skip_spaces(&mut self) {
        self.pos += self.rest().bytes().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    }
}

/// One predicate: its name, how many arguments it takes, and its answer.
struct Predicate {
    name: &'static str,
    args: usize,
    eval: fn(&[String], &dyn Environment, &Facts) -> bool,
}

const fn predicate(
    name: &'static str,
    args: usize,
    eval: fn(&[String], &dyn Environment, &Facts) -> bool,
) -> Predicate {
    Predicate { name, args, eval }
}

#[rustfmt::skip]
const PREDICATES: &[Predicate] = &[
    predicate("defined",                 1, |args, env, _| !args[0].is_empty() && env.get(&args[0]).is_some()),
    predicate("feature",                 1, |args, _, facts| facts.features.contains(&args[0])),
    predicate("enabled",                 1, |args, _, facts| facts.enabled.contains(&args[0])),
    predicate("streq",                   2, |args, _, _| args[0] == args[1]),
    predicate("strneq",                  2, |args, _, _| args[0] != args[1]),
    predicate("strstr",                  2, |args, _, _| args[0].contains(&args[1])),
    predicate("version_atleast",         1, |args, _, facts| facts.version >= Version::new(&args[0])),
    predicate("version_before",          1, |args, _, facts| facts.version < Version::new(&args[0])),
    predicate("openssl_version_atleast", 1, |args, _, facts| facts.openssl >= Version::new(&args[0])),
    predicate("openssl_version_before",  1, |args, _, facts| facts.openssl < Version::new(&args[0])),
    predicate("ssllib_name_startswith",  1, |args, _, facts| facts.ssl_library.starts_with(&args[0])),
    predicate("awslc_api_atleast",       1, |_, _, _| false),
    predicate("awslc_api_before",        1, |_, _, _| false),
];

#[cfg(test)]
mod tests {
    use super::*;

    struct Env;

    impl Environment for Env {
        fn get(&self, name: &str) -> Option<String> {
            (name == "FOO").then(|| "yes".to_owned())
        }
    }

    fn eval(text: &str) -> Result<bool, String> {
        eval_condition(text, &Env, &Facts::default()).map_err(|d| d.message)
    }

    #[test]
    fn conditions_are_true_where_haproxys_are() {
        // all but the versions were seen on haproxy 2.6
        for text in [
            "1",
            "-1",
            "01",
            "!0",
            "!!1",
            "( 1 ) && !0",
            "1 && (0 || 1)",
            "1||0",
            "0 && 1 || 1",
            "\"1\"",
            r#"streq("a  b","a  b")"#,
            "streq(a b,a b)",
            "streq(,)",
            r#"streq(\"a,b\",\"a,b\")"#,
            "strneq(a,b)",
            r#"streq("$FOO",yes)"#,
            "defined(FOO)",
            "feature(OPENSSL)",
            "feature(PROMEX) && feature(PCRE2)",
            "version_atleast(3.5)",
            "version_atleast(2.4-dev19)",
            "version_before(3.6)",
            "version_atleast(x)",
            "openssl_version_atleast(1.1.1)",
            "ssllib_name_startswith(OpenSSL)",
            "enabled(EPOLL)",
            "strstr(abc,b)",
            "99999999999999999999999999",
            "streq(a,a)&&1",
        ] {
            assert_eq!(eval(text), Ok(true), "{text}");
        }
        for text in [
            "",
            "0",
            "00",
            "\"\"",
            "! 1",
            "1&&0",
            "streq(a, a)",
            "defined(NOPE)",
            "defined()",
            "feature(openssl)",
            "feature(LUA)",
            "feature(QUIC)",
            "version_atleast(3.5.1)",
            "version_before(3.5-dev1)",
            "0 || 1 && 0",
        ] {
            assert_eq!(eval(text), Ok(false), "{text}");
        }
    }

    #[test]
    fn mistakes_have_haproxys_words() {
        for (text, message) in [
            ("foo", "unparsable conditional expression 'foo' in '.if' at position 1"),
            ("1 || foo", "unparsable conditional expression 'foo' in '.if' at position 6"),
            (
                "1 0",
                "unexpected character '0' at the end of conditional expression '1 0' in '.if' at position 3",
            ),
            ("(1", "expected ')' after conditional expression '(1' in '.if' at position 1"),
            (
                "streq(a)",
                "missing arguments (got 1/2), type 'string' expected in argument 1 of predicate 'streq' used in \
                 conditional expression in '.if' at position 8",
            ),
            (
                "feature(OPENSSL",
                "expected ')' in argument 0 of predicate 'feature' used in conditional expression in '.if' at \
                 position 16",
            ),
            (
                "faeture(OPENSSL)",
                "unparsable conditional expression 'faeture(OPENSSL)' in '.if' at position 1; did you mean \
                 'feature' maybe ?",
            ),
        ] {
            assert_eq!(eval(text), Err(message.to_owned()), "{text}");
        }
        for text in ["1 &&", "&& 1", "()", "streq(a,b,c)", "streq (a,a)", "1x"] {
            assert!(eval(text).is_err(), "{text}");
        }
    }

    #[test]
    fn deep_parentheses_are_refused() {
        assert!(eval(&"(".repeat(100_000)).is_err());
        assert!(eval(&"!".repeat(100_001)).is_err());
    }
}
