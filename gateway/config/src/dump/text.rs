//! Lines as words, and values as the words that give them.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use lang::{Span, Word};

use crate::model::{BindAddress, TlsVersion};

/// A line, word by word. A word that is not marked as quoted is part of the language and stands as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) words: Vec<Word>,
}

/// A line of these words.
pub(super) fn line<const N: usize>(words: [&str; N]) -> Line {
    Line { words: words.into_iter().map(word).collect() }
}

fn word(text: &str) -> Word {
    Word { text: text.to_owned(), span: Span::default(), quoted: true }
}

impl Line {
    /// The same with more words.
    pub(super) fn with(mut self, words: impl IntoIterator<Item = Word>) -> Self {
        self.words.extend(words);
        self
    }

    /// The same with one more word.
    pub(super) fn and(self, text: impl AsRef<str>) -> Self {
        self.with([word(text.as_ref())])
    }

    /// The same with a keyword if something is so.
    pub(super) fn flag(self, keyword: &str, on: bool) -> Self {
        if on { self.and(keyword) } else { self }
    }

    /// The same with a keyword and its value, if there is one.
    pub(super) fn set(self, keyword: &str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.and(keyword).and(value.to_string()),
            None => self,
        }
    }
}

/// A word in HAProxy's language.
pub(super) fn spelled(word: &Word) -> String {
    if word.quoted { quote(&word.text) } else { word.text.clone() }
}

/// Words with a space between.
pub(super) fn joined(words: &[Word]) -> String {
    words.iter().map(spelled).collect::<Vec<_>>().join(" ")
}

/// A text as one word, whatever it holds (configuration.txt 2.2).
pub(crate) fn quote(text: &str) -> String {
    let special = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '#' | '\'' | '"' | '\\');
    // braces around a condition are told from values by the lack of quotes
    if !text.is_empty() && !text.contains(special) && !matches!(text, "{" | "}") {
        return text.to_owned();
    }
    if !text.contains(|c: char| c == '\'' || c.is_control()) {
        return format!("'{text}'");
    }
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '"' | '\\' | '$' => quoted.extend(['\\', c]),
            c if c.is_control() => {
                c.to_string().bytes().for_each(|byte| quoted.push_str(&format!("\\x{byte:02x}")));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// A time in the largest unit that gives a whole number.
pub(super) fn time(time: Duration) -> String {
    const UNITS: [(u128, &str); 6] = [
        (86_400_000_000, "d"),
        (3_600_000_000, "h"),
        (60_000_000, "m"),
        (1_000_000, "s"),
        (1_000, "ms"),
        (1, "us"),
    ];
    let micros = time.as_micros();
    let unit = UNITS.iter().find(|(unit, _)| micros > 0 && micros.is_multiple_of(*unit));
    unit.map_or_else(|| "0".to_owned(), |(unit, name)| format!("{}{name}", micros / unit))
}

/// A file's name; every name in a model was once a word.
pub(super) fn path(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Where a socket listens, as an address is written (configuration.txt 11).
pub(super) fn socket(address: &BindAddress) -> String {
    match address {
        BindAddress::Tcp(addr) => inet(*addr),
        BindAddress::Unix(path) => unix(path),
        BindAddress::Abstract(name) => format!("abns@{name}"),
        BindAddress::AbstractZ(name) => format!("abnsz@{name}"),
        BindAddress::Fd(fd) => format!("fd@{fd}"),
        BindAddress::SockPair(fd) => format!("sockpair@{fd}"),
        BindAddress::Quic(addr) if addr.is_ipv4() => format!("quic4@{}", inet(*addr)),
        BindAddress::Quic(addr) => format!("quic6@{}", inet(*addr)),
    }
}

/// Words of a list; nothing where there is none.
pub(super) fn list(words: &[String]) -> Option<String> {
    Some(words.join(",")).filter(|_| !words.is_empty())
}

/// A switch.
pub(super) fn on_off(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

/// A file's name without the directory that it was looked up in.
pub(super) fn below(file: &Path, base: Option<&Path>) -> String {
    path(base.and_then(|base| file.strip_prefix(base).ok()).unwrap_or(file))
}

fn inet(addr: SocketAddr) -> String {
    format!("{}:{}", host(addr.ip()), addr.port())
}

/// An address that a port may follow.
pub(super) fn host(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}

/// A path that is told from a host's name.
pub(super) fn unix(file: &Path) -> String {
    let name = path(file);
    if name.starts_with('/') { name } else { format!("unix@{name}") }
}

/// A TLS version by OpenSSL's name.
pub(super) fn tls(version: TlsVersion) -> &'static str {
    match version {
        TlsVersion::Ssl3 => "SSLv3",
        TlsVersion::Tls10 => "TLSv1.0",
        TlsVersion::Tls11 => "TLSv1.1",
        TlsVersion::Tls12 => "TLSv1.2",
        TlsVersion::Tls13 => "TLSv1.3",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_one_word_and_the_same() {
        for text in [
            "",
            "plain",
            "a b",
            "a#b",
            "#",
            "$HOME ${X} %[src]",
            r"^/a\.b\\(.*)$",
            r"a\",
            r"\n",
            "it's",
            "say \"x\" and 'y'",
            "it's $HOME \\ ${Y}",
            "tab\there",
            "line\r\nline\n",
            "\u{1}\u{7f}\u{85}",
            "caf\u{e9}\u{a0}\u{2028}",
            "}",
            "{",
            "if",
            "!",
        ] {
            let line = format!("keyword {} end", quote(text));
            let words = lang::lex_line(&line).unwrap_or_else(|bad| panic!("{line}: {}", bad.message));
            let texts: Vec<_> = words.iter().map(|word| word.text.as_str()).collect();
            assert_eq!(texts, ["keyword", text, "end"], "{line}");
            assert_eq!(words[1].quoted, line != format!("keyword {text} end"), "{line}");
            assert!(!line.contains('\n'));
        }
    }

    #[test]
    fn times_are_the_same_when_read_again() {
        for (micros, expected) in
            [(0, "0"), (1, "1us"), (1_500, "1500us"), (30_000_000, "30s"), (90_000_000, "90s")]
        {
            assert_eq!(time(Duration::from_micros(micros)), expected);
        }
        for written in ["5m", "36h", "2d", "1001ms", "2147483647ms"] {
            let unit = lang::units::TimeUnit::Ms;
            let read = lang::units::parse_time(written, unit).unwrap();
            assert_eq!(lang::units::parse_time(&time(read), unit), Ok(read));
        }
    }
}
