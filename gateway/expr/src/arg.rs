//! Arguments in parentheses: `name(arg,arg)`, cut and checked against what a row of a table takes.

use std::net::IpAddr;
use std::sync::Arc;

use http::HeaderName;

use crate::pattern::View;
use crate::{Acl, Mention, Named, Scope, Subject, Var};

/// What an argument must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Any text.
    Str,
    /// A whole number.
    Int,
    /// A header's name.
    Header,
    /// An IPv4 address.
    Ip4,
    /// An IPv6 address.
    Ip6,
    /// An IPv4 mask: bits or address.
    Mask4,
    /// An IPv6 mask: bits or address.
    Mask6,
    /// A variable's name.
    Var,
    /// A regular expression; whoever takes it compiles it, for its flags stand behind it.
    Regex,
    /// The numbers of a field of a Protocol Buffers message, `1.2.3`.
    Field,
    /// A whole number, or the name of a variable that holds one.
    IntOrVar,
    /// A variable's name that only converters take.
    OtherVar,
    /// A variable's name, or nothing.
    MaybeVar,
    /// A proxy's or a server's name; without one the proxy at work.
    Subject(Named),
    /// A stick table's name.
    Table,
}

impl Kind {
    /// Whether it names something of the configuration.
    fn is_name(self) -> bool {
        matches!(self, Self::Var | Self::OtherVar | Self::Subject(_))
    }

    /// Whether an empty text is one.
    fn may_be_empty(self) -> bool {
        match self {
            Self::Int | Self::Ip4 | Self::Ip6 | Self::Mask4 | Self::Mask6 | Self::Field => false,
            Self::Str
            | Self::Header
            | Self::Var
            | Self::OtherVar
            | Self::Regex
            | Self::IntOrVar
            | Self::MaybeVar
            | Self::Subject(_)
            | Self::Table => true,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Str | Self::Header | Self::Var | Self::OtherVar | Self::IntOrVar | Self::MaybeVar => {
                "string"
            }
            Self::Subject(Named::Userlist) => "user list",
            Self::Subject(what) => what.word(),
            Self::Table => "table",
            Self::Int => "integer",
            Self::Ip4 => "IPv4 address",
            Self::Ip6 => "IPv6 address",
            Self::Regex => "regex",
            Self::Field => "Protocol buffers field number",
            Self::Mask4 => "IPv4 mask",
            Self::Mask6 => "IPv6 mask",
        }
    }
}

/// An argument, understood.
#[derive(Clone, Debug)]
pub(crate) enum Arg {
    /// Text.
    Str(Vec<u8>),
    /// A whole number.
    Int(i64),
    /// A header's name; empty text is `Str`.
    Header(HeaderName),
    /// An address.
    Ip(IpAddr),
    /// How many leading bits a mask has set, given as such.
    Mask(u128),
    /// A compiled expression, and whether all occurrences are meant.
    Regex(Arc<regex::bytes::Regex>),
    /// A variable.
    Var(Var),
    /// What a map looks up, and what tells its file's content apart.
    View(Arc<View>, u64),
    /// A proxy or a server.
    Subject(Subject),
    /// The name of a stick table.
    Table(String),
    /// A named ACL, and whether it must not hold.
    Acl(Arc<Acl>, bool),
}

impl Arg {
    /// Text, or nothing when it is something else.
    pub(crate) fn text(&self) -> &[u8] {
        match self {
            Self::Str(text) => text,
            Self::Header(name) => name.as_str().as_bytes(),
            Self::Int(_)
            | Self::Ip(_)
            | Self::Mask(_)
            | Self::Regex(_)
            | Self::Var(_)
            | Self::Subject(_)
            | Self::Table(_)
            | Self::Acl(..)
            | Self::View(..) => &[],
        }
    }

    /// The name of a table, if it is one.
    pub(crate) fn as_table(&self) -> Option<&str> {
        match self {
            Self::Table(name) => Some(name),
            _ => None,
        }
    }
}

/// The text of argument `at`, empty when it is not there.
pub(crate) fn text(args: &[Arg], at: usize) -> &[u8] {
    args.get(at).map_or(&[], Arg::text)
}

/// The number of argument `at`.
pub(crate) fn int(args: &[Arg], at: usize) -> Option<i64> {
    match args.get(at) {
        Some(Arg::Int(n)) => Some(*n),
        _ => None,
    }
}

/// The proxy or server of argument `at`.
pub(crate) fn subject(args: &[Arg], at: usize) -> Option<&Subject> {
    match args.get(at) {
        Some(Arg::Subject(subject)) => Some(subject),
        _ => None,
    }
}

/// The name of the table of argument `at`.
pub(crate) fn table(args: &[Arg], at: usize) -> Option<&str> {
    args.get(at).and_then(Arg::as_table)
}

/// The variable of argument `at`.
pub(crate) fn var(args: &[Arg], at: usize) -> Option<&Var> {
    match args.get(at) {
        Some(Arg::Var(var)) => Some(var),
        _ => None,
    }
}

/// The header name of argument `at`.
pub(crate) fn header(args: &[Arg], at: usize) -> Option<&HeaderName> {
    match args.get(at) {
        Some(Arg::Header(name)) => Some(name),
        _ => None,
    }
}

/// One call: a name, its arguments if parentheses were written, and how long all that is.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) name: &'a str,
    pub(crate) args: Option<Vec<String>>,
    pub(crate) len: usize,
}

/// A call whose parenthesis nothing closes.
#[derive(Debug)]
pub(crate) struct Unclosed<'a> {
    name: &'a str,
    /// The number of the argument that goes on to the end, from 1.
    at: usize,
}

impl Unclosed<'_> {
    const WHY: &'static str = "expected ')'";

    pub(crate) fn fetch(&self) -> String {
        Owner::Fetch(self.name).error(self.at, Self::WHY)
    }

    pub(crate) fn converter(&self) -> String {
        Owner::Converter(self.name).error(self.at, Self::WHY)
    }
}

/// The name that a text begins with.
pub(crate) fn name(text: &str) -> &str {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '+');
    &text[..text.find(|c| !is_name(c)).unwrap_or(text.len())]
}

/// Cuts one call off the beginning of a text.
pub(crate) fn cut(text: &str) -> Result<Call<'_>, Unclosed<'_>> {
    let name = name(text);
    let end = name.len();
    if !text[end..].starts_with('(') {
        return Ok(Call { name, args: None, len: end });
    }
    let (args, used) = cut_args(&text[end + 1..]).map_err(|at| Unclosed { name, at })?;
    Ok(Call { name, args: Some(args), len: end + 1 + used })
}

/// What a backslash in front of a character stands for, outside of quotes and in double ones; in front of any other it
/// stands for itself.
fn escaped(c: char) -> Option<char> {
    match c {
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        '\\' | ' ' | '"' | '\'' => Some(c),
        _ => None,
    }
}

/// Cuts arguments up to the closing parenthesis, or says in which one the text ends; quotes protect what they hold.
fn cut_args(text: &str) -> Result<(Vec<String>, usize), usize> {
    let (mut args, mut arg) = (Vec::new(), String::new());
    let mut quote = None;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match (c, quote) {
            ('\\', None | Some('"')) => match chars.clone().next() {
                None => return Err(args.len() + 1),
                Some((_, next)) => {
                    if escaped(next).is_some() {
                        chars.next();
                    }
                    arg.push(escaped(next).unwrap_or(c));
                }
            },
            ('\'' | '"', None) => quote = Some(c),
            (c, Some(q)) if c == q => quote = None,
            (')', None) => {
                args.push(arg);
                return Ok((args, at + 1));
            }
            (',', None) => args.push(std::mem::take(&mut arg)),
            _ => arg.push(c),
        }
    }
    Err(args.len() + 1)
}

/// What is being given arguments, for messages.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Owner<'a> {
    Fetch(&'a str),
    Converter(&'a str),
}

impl Owner<'_> {
    /// What is wrong with argument number `at`, counted from 1, in HAProxy's words.
    fn error(self, at: usize, why: &str) -> String {
        match self {
            Self::Fetch(name) => format!("fetch method '{name}' : {why}"),
            Self::Converter(name) => format!("invalid arg {at} in converter '{name}' : {why}"),
        }
    }

    /// An argument of the right type that says nothing sensible.
    pub(crate) fn refused(self, why: &str) -> String {
        match self {
            Self::Fetch(name) => format!("invalid args in fetch method '{name}' : {why}"),
            Self::Converter(name) => format!("invalid args in converter '{name}' : {why}"),
        }
    }

    fn mistyped(self, at: usize, text: &str, kind: Kind) -> String {
        let why = format!("failed to parse '{text}' as type '{}' at position {at}", kind.name());
        self.error(at, &why)
    }
}

/// Holds the arguments that were written against those that a row takes.
pub(crate) fn check(
    owner: Owner<'_>,
    kinds: &[Kind],
    required: usize,
    given: Option<Vec<String>>,
    scope: &Scope<'_>,
) -> Result<Vec<Arg>, String> {
    let mut given = given.unwrap_or_default();
    match kinds.first() {
        // without a name the section's own table is meant
        Some(Kind::Table) if given.is_empty() && required > 0 => given.push(scope.own_table()),
        // where nothing is written, an empty text is
        Some(first) if given.is_empty() && (required > 0 || first.is_name()) => given.push(String::new()),
        _ => {}
    }
    if given.len() == 1 && given[0].is_empty() && (required == 0 || kinds.is_empty()) {
        given.clear();
    }
    let mut args = Vec::with_capacity(given.len());
    for (at, text) in given.iter().enumerate() {
        let Some(kind) =
            kinds.get(at).filter(|kind| !text.is_empty() || at < required || kind.may_be_empty())
        else {
            // an empty text where something else is optional ends them
            if text.is_empty() && at < kinds.len() && at + 1 == given.len() {
                break;
            }
            let comma = if at > 0 { "," } else { "" };
            let rest = format!("{comma}{})", given[at..].join(","));
            return Err(owner.error(at + 1, &format!("expected ')' before '{rest}'")));
        };
        args.push(understood(text, *kind, owner, at + 1, scope)?);
    }
    let count = args.len();
    if count < required {
        let expected = kinds[count].name();
        let why = format!("missing arguments (got {count}/{required}), type '{expected}' expected");
        return Err(owner.error(count + 1, &why));
    }
    Ok(args)
}

/// One argument, which stands at this position.
fn understood(text: &str, kind: Kind, owner: Owner<'_>, at: usize, scope: &Scope<'_>) -> Result<Arg, String> {
    match kind {
        Kind::Subject(what) => subject_of(text, what, owner, scope),
        Kind::Var | Kind::OtherVar | Kind::IntOrVar | Kind::MaybeVar => {
            variable(text, kind, scope).map_err(|why| owner.refused(&why))
        }
        _ if text.is_empty() && !kind.may_be_empty() => {
            let expected = kind.name();
            Err(owner.error(at, &format!("expected type '{expected}' at position {at}, but got nothing")))
        }
        _ => one(text, kind).ok_or_else(|| owner.mistyped(at, text, kind)),
    }
}

/// A name that a section must declare.
fn subject_of(text: &str, what: Named, owner: Owner<'_>, scope: &Scope<'_>) -> Result<Arg, String> {
    let (kind, keyword) = match owner {
        Owner::Fetch(name) => ("sample fetch keyword", name),
        Owner::Converter(name) => ("converter", name),
    };
    let full = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let subject = match (what, text.split_once('/')) {
        (Named::Server, Some((proxy, server))) => Subject { proxy: full(proxy), server: full(server) },
        (Named::Server, None) => Subject { proxy: None, server: full(text) },
        (Named::Frontend | Named::Backend | Named::Userlist, _) => {
            Subject { proxy: full(text), server: None }
        }
    };
    let keyword = match owner {
        Owner::Fetch(name) => scope.keyword(name),
        Owner::Converter(_) => format!("{kind} '{keyword}'"),
    };
    scope.refer(Mention { what, subject: subject.clone(), keyword, owner: scope.own_table(), span: None });
    Ok(Arg::Subject(subject))
}

/// What may be a variable.
fn variable(text: &str, kind: Kind, scope: &Scope<'_>) -> Result<Arg, String> {
    match (kind, text.parse()) {
        (Kind::IntOrVar, Ok(number)) => Ok(Arg::Int(number)),
        (Kind::IntOrVar, _) if text.is_empty() => Ok(Arg::Int(0)),
        (Kind::MaybeVar, _) if text.is_empty() => Ok(Arg::Str(Vec::new())),
        _ => scope.name_var(text).map(Arg::Var).map_err(|why| match kind {
            Kind::IntOrVar => "expects an integer or a variable name".to_owned(),
            Kind::MaybeVar | Kind::OtherVar => format!("failed to register variable name '{text}'"),
            _ => why,
        }),
    }
}

fn one(text: &str, kind: Kind) -> Option<Arg> {
    match kind {
        Kind::Str | Kind::Regex => Some(Arg::Str(text.as_bytes().to_vec())),
        Kind::Field => fields(text.as_bytes()).map(|_| Arg::Str(text.as_bytes().to_vec())),
        Kind::Int => text.parse().ok().map(Arg::Int),
        Kind::Header if text.is_empty() => Some(Arg::Str(Vec::new())),
        Kind::Header => HeaderName::from_bytes(text.as_bytes()).ok().map(Arg::Header),
        Kind::Ip4 => text.parse().ok().map(|ip| Arg::Ip(IpAddr::V4(ip))),
        Kind::Ip6 => text.parse().ok().map(|ip| Arg::Ip(IpAddr::V6(ip))),
        Kind::Mask4 => mask(text, 32),
        Kind::Mask6 => mask(text, 128),
        Kind::Table => Some(Arg::Table(text.to_owned())),
        Kind::Var | Kind::OtherVar | Kind::IntOrVar | Kind::MaybeVar | Kind::Subject(_) => None,
    }
}

/// How deep a field may lie.
const MAX_DEPTH: usize = 20;

/// The numbers of a field, from the outermost message on.
pub(crate) fn fields(text: &[u8]) -> Option<Vec<u64>> {
    let text = std::str::from_utf8(text).ok()?;
    let numbers: Vec<u64> = text.split('.').map(|number| number.parse().ok()).collect::<Option<_>>()?;
    (numbers.len() <= MAX_DEPTH).then_some(numbers)
}

/// `(integer[,string])`: how HAProxy's listings write what is taken; nothing where nothing is.
pub(crate) fn signature(kinds: &[Kind], required: usize) -> String {
    let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
    let (needed, rest) = names.split_at(required.min(names.len()));
    let comma = if needed.is_empty() { "" } else { "," };
    match (needed.is_empty(), rest.is_empty()) {
        (true, true) => String::new(),
        (false, true) => format!("({})", needed.join(",")),
        (_, false) => format!("({}[{comma}{}])", needed.join(","), rest.join(",")),
    }
}

/// A mask as bits (`24`) or as an address (`255.255.255.0`), left-aligned in its width.
fn mask(text: &str, width: u32) -> Option<Arg> {
    let bits = match text.parse::<u32>() {
        Ok(len) if len <= width => ones(width) & !ones(width - len),
        Ok(_) => return None,
        Err(_) => match (text.parse::<IpAddr>().ok()?, width) {
            (IpAddr::V4(ip), 32) => u128::from(ip.to_bits()),
            (IpAddr::V6(ip), 128) => ip.to_bits(),
            _ => return None,
        },
    };
    Some(Arg::Mask(bits))
}

fn ones(count: u32) -> u128 {
    if count == 0 { 0 } else { u128::MAX >> (128 - count) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_cut_at_their_parentheses() {
        let call = cut("hdr(host,-1),lower").unwrap();
        assert_eq!((call.name, call.len), ("hdr", 12));
        assert_eq!(call.args.unwrap(), ["host", "-1"]);
        assert_eq!(cut("path,lower").unwrap().len, 4);
        assert_eq!(cut("path]x").unwrap().len, 4);
        assert!(cut("hdr(host").is_err());
    }

    #[test]
    fn quotes_protect_commas_and_parentheses() {
        let call = cut(r#"regsub('a(b),c',"d\"e",g)"#).unwrap();
        assert_eq!(call.args.unwrap(), ["a(b),c", "d\"e", "g"]);
    }

    /// What HAProxy 2.6 makes of them.
    #[test]
    fn a_backslash_stands_for_itself_before_most_characters() {
        for (text, expected) in [
            (r"str(a\0b)", r"a\0b"),
            (r"str(<\0>\d)", r"<\0>\d"),
            (r"str(a\\b)", r"a\b"),
            (r#"str("a\.b\"")"#, r#"a\.b""#),
            (r"str('a\nb')", r"a\nb"),
            (r"str(a\nb\tc\ d\'e)", "a\nb\tc d'e"),
            (r"str(a\)", r"a\"),
        ] {
            assert_eq!(cut(text).unwrap().args.unwrap(), [expected], "{text}");
        }
    }

    #[test]
    fn arguments_are_counted_and_typed() {
        let (owner, scope) = (Owner::Converter("regsub"), crate::world::scope_at(crate::Phase::Anywhere));
        let error = check(owner, &[Kind::Str, Kind::Str], 2, Some(vec!["(X".into()]), &scope).unwrap_err();
        assert_eq!(
            error,
            "invalid arg 2 in converter 'regsub' : missing arguments (got 1/2), type 'string' expected"
        );
        assert!(check(owner, &[Kind::Int], 1, Some(vec!["x".into()]), &scope).is_err());
        assert!(check(owner, &[], 0, Some(vec![String::new()]), &scope).unwrap().is_empty());
        assert!(check(owner, &[], 0, Some(vec!["x".into()]), &scope).is_err());
    }

    #[test]
    fn masks_are_bits_or_addresses() {
        assert!(matches!(mask("24", 32), Some(Arg::Mask(0xffff_ff00))));
        assert!(matches!(mask("255.255.0.0", 32), Some(Arg::Mask(0xffff_0000))));
        assert!(matches!(mask("0", 32), Some(Arg::Mask(0))));
        assert!(matches!(mask("128", 128), Some(Arg::Mask(u128::MAX))));
        assert!(mask("33", 32).is_none());
    }
}
