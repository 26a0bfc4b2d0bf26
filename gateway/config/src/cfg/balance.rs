//! `balance` and what belongs to it (configuration.txt 4.2).

use expr::Phase;
use lang::{Diagnostic, Word, suggest};

use super::{BE, Context, Keyword, Misplaced, keyword};
use crate::draft::Proxy;
use crate::model::{Affinity, Balance, HashFunction, UriHash};

const FACTOR: &str = "use 'balance leastconn'";

#[rustfmt::skip]
pub(crate) const KEYWORDS: &[Keyword<Proxy>] = &[
    keyword("balance")               .in_(BE).lax().parse(balance).lacks("'uri', 'url_param', 'hdr', 'rdp-cookie', 'hash', 'log-hash', 'sticky'"),
    keyword("hash-type")             .in_(BE).lax().parse(hash_type).lacks("'consistent', and functions by name"),
    keyword("hash-balance-factor")   .in_(BE).lax().takes(1, "an integer argument").misplaced(Misplaced::Silent).parse(factor).later(FACTOR),
    keyword("hash-preserve-affinity").in_(BE).takes(1, "'always', 'maxconn' or 'maxqueue'").parse(affinity).later(FACTOR),
];

const NAMES: &[&str] = &[
    "roundrobin",
    "static-rr",
    "leastconn",
    "first",
    "source",
    "random",
    "uri",
    "url_param",
    "hdr",
    "rdp-cookie",
    "hash",
    "log-hash",
    "sticky",
];

fn balance(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let Some(word) = cx.words.next() else {
        cx.target.settings.balance = Balance::RoundRobin;
        return Ok(());
    };
    cx.target.settings.unhashed = None;
    let algorithm = algorithm(cx, word)?;
    cx.target.settings.balance_said = true;
    let acted_on = is_acted_on(&algorithm);
    cx.target.settings.balance = algorithm;
    if acted_on {
        return Ok(());
    }
    let name = word.text.split('(').next().unwrap_or_default();
    let refusal = Diagnostic::not_yet(word.span, format_args!("'balance {name}'"));
    Err(refusal.hint("use 'balance source' or 'balance leastconn'"))
}

/// Whether servers are chosen so already.
fn is_acted_on(balance: &Balance) -> bool {
    match balance {
        Balance::RoundRobin
        | Balance::StaticRr
        | Balance::LeastConn
        | Balance::First
        | Balance::Source
        | Balance::Random(_) => true,
        Balance::Uri(_)
        | Balance::UrlParam { .. }
        | Balance::Header { .. }
        | Balance::RdpCookie(_)
        | Balance::Hash(_)
        | Balance::LogHash(_)
        | Balance::Sticky => false,
    }
}

fn algorithm(cx: &mut Context<'_, Proxy>, word: &Word) -> Result<Balance, Diagnostic> {
    let (name, args) = match word.text.split_once('(') {
        Some((name, rest)) => (name, Some(rest)),
        None => (word.text.as_str(), None),
    };
    Ok(match (name, args) {
        ("roundrobin", None) => Balance::RoundRobin,
        ("static-rr", None) => Balance::StaticRr,
        ("leastconn", None) => Balance::LeastConn,
        ("first", None) => Balance::First,
        ("source", None) => Balance::Source,
        ("random", None) => Balance::Random(DRAWS),
        ("random", Some(args)) => Balance::Random(draws(word, args)?),
        ("uri", None) => Balance::Uri(uri(cx)?),
        ("url_param", None) => url_param(cx)?,
        ("hdr", Some(args)) => header(cx, word, args)?,
        ("rdp-cookie", None) => Balance::RdpCookie(RDP_COOKIE.to_owned()),
        ("rdp-cookie", Some(args)) => Balance::RdpCookie(cookie(word, args)?),
        ("hash", None) => match hashed(cx)? {
            Some(expr) => Balance::Hash(expr),
            None => Balance::RoundRobin,
        },
        ("log-hash", None) => {
            Balance::LogHash(cx.words.next().map(|word| word.text.clone()).unwrap_or_default())
        }
        ("sticky" | "log-sticky", None) => Balance::Sticky,
        _ => {
            let message = "balance only supports 'roundrobin', 'static-rr', 'leastconn', 'source', 'uri', 'url_param', \
                           'hdr(name)' and 'rdp-cookie(name)' options.";
            let meant = suggest::nearest(&word.text, NAMES.iter().copied());
            return Err(Diagnostic::alert(word.span, message).suggest(meant));
        }
    })
}

/// How many servers `random` draws where nothing is said.
const DRAWS: u32 = 2;

/// The cookie of the Remote Desktop protocol where none is named.
pub(crate) const RDP_COOKIE: &str = "msts";

fn draws(word: &Word, args: &str) -> Result<u32, Diagnostic> {
    let bad = |why: String| Diagnostic::alert(word.span, format!("balance random : {why}"));
    let number = args.strip_suffix(')').ok_or_else(|| bad("missing closing parenthesis.".to_owned()))?;
    if let Some(c) = number.chars().find(|c| !c.is_ascii_digit()) {
        return Err(bad(format!("unexpected character '{c}' after argument.")));
    }
    match number {
        "" => Ok(DRAWS),
        number => match number.parse() {
            Ok(draws) if draws > 0 => Ok(draws),
            _ => Err(bad("number of draws must be at least 1.".to_owned())),
        },
    }
}

fn uri(cx: &mut Context<'_, Proxy>) -> Result<UriHash, Diagnostic> {
    let mut hash = UriHash::default();
    while let Some(word) = cx.words.next() {
        match word.text.as_str() {
            "len" => hash.length = Some(positive(cx, "len")?),
            // HAProxy counts the directory before the first slash
            "depth" => hash.depth = Some(positive(cx, "depth")?),
            "whole" => hash.whole = true,
            "path-only" => hash.path_only = true,
            other => {
                let message = format!(
                    "balance uri only accepts parameters 'len', 'depth', 'path-only', and 'whole' (got '{other}')."
                );
                let meant = suggest::nearest(other, ["len", "depth", "path-only", "whole"]);
                return Err(Diagnostic::alert(word.span, message).suggest(meant));
            }
        }
    }
    Ok(hash)
}

fn positive(cx: &mut Context<'_, Proxy>, option: &str) -> Result<u32, Diagnostic> {
    let at = cx.words.here();
    let text = cx.words.next().map_or("", |word| word.text.as_str());
    match text.parse::<u32>() {
        Ok(number) if number > 0 => Ok(number),
        _ => {
            let message = format!("balance uri : '{option}' expects a positive integer (got '{text}').");
            Err(Diagnostic::alert(at, message))
        }
    }
}

/// `check_post` once took a length, which is not looked at any more.
fn url_param(cx: &mut Context<'_, Proxy>) -> Result<Balance, Diagnostic> {
    let Some(name) = cx.words.next() else {
        return Err(cx.words.error("balance url_param requires an URL parameter name."));
    };
    let mut check_post = false;
    if let Some(word) = cx.words.next() {
        if word.text != "check_post" {
            let message =
                format!("balance url_param only accepts 'check_post' modifier (got '{}').", word.text);
            let meant = suggest::nearest(&word.text, ["check_post"]);
            return Err(Diagnostic::alert(word.span, message).suggest(meant));
        }
        check_post = true;
        if cx.words.peek_text().is_some_and(|text| text.parse::<u32>().is_ok()) {
            cx.words.next();
        }
    }
    Ok(Balance::UrlParam { name: name.text.clone(), check_post })
}

fn header(cx: &mut Context<'_, Proxy>, word: &Word, args: &str) -> Result<Balance, Diagnostic> {
    let name = args.split(')').next().unwrap_or_default().to_owned();
    if name.is_empty() {
        return Err(Diagnostic::alert(word.span, "balance hdr requires an http header field name."));
    }
    let domain_only = match cx.words.next() {
        None => false,
        Some(option) if option.text == "use_domain_only" => true,
        Some(option) => {
            let got = &option.text;
            let message =
                format!("balance hdr({name}) only accepts 'use_domain_only' modifier (got '{got}').");
            let meant = suggest::nearest(got, ["use_domain_only"]);
            return Err(Diagnostic::alert(option.span, message).suggest(meant));
        }
    };
    Ok(Balance::Header { name, domain_only })
}

fn cookie(word: &Word, args: &str) -> Result<String, Diagnostic> {
    match args.split(')').next() {
        Some(name) if !name.is_empty() => Ok(name.to_owned()),
        _ => Err(Diagnostic::alert(word.span, "balance rdp-cookie : missing cookie name.")),
    }
}

/// What is hashed. HAProxy reads it when all sections are read: another `balance` line takes a mistake back.
fn hashed(cx: &mut Context<'_, Proxy>) -> Result<Option<expr::Expr>, Diagnostic> {
    let Some(word) = cx.words.peek() else {
        return Err(cx.words.error("balance hash requires a sample expression."));
    };
    match cx.expr_within(Some("use-server or balance expression"), Phase::HttpRequest) {
        Ok(expr) => Ok(Some(expr)),
        Err(bad) => {
            let label = format!("failed to parse 'balance hash' expression '{}' in : ", word.text);
            cx.target.settings.unhashed = Some(bad.prefixed(&label));
            Ok(None)
        }
    }
}

const FUNCTIONS: [(&str, HashFunction); 5] = [
    ("sdbm", HashFunction::Sdbm),
    ("djb2", HashFunction::Djb2),
    ("wt6", HashFunction::Wt6),
    ("crc32", HashFunction::Crc32),
    ("none", HashFunction::None),
];

/// The function's name.
pub(crate) fn function(function: HashFunction) -> &'static str {
    FUNCTIONS.iter().find(|(_, known)| *known == function).map_or("", |(name, _)| name)
}

fn hash_type(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let at = cx.words.here();
    let mut hashing = cx.target.settings.hashing;
    (hashing.function, hashing.avalanche) = (HashFunction::default(), false);
    hashing.consistent = match cx.words.next().map_or("", |word| word.text.as_str()) {
        "map-based" => false,
        "consistent" => true,
        "avalanche" => {
            let message = "experimental feature 'hash-type avalanche' is not supported anymore, please use 'hash-type \
                           map-based sdbm avalanche' instead.";
            return Err(Diagnostic::alert(at, message));
        }
        other => {
            return Err(Diagnostic::alert(at, "'hash-type' only supports 'consistent' and 'map-based'.")
                .suggest(suggest::nearest(other, ["consistent", "map-based"])));
        }
    };
    let said = cx.words.next();
    if let Some(word) = said {
        hashing.function = function_named(word)?;
        hashing.avalanche = avalanche(cx)?;
    }
    cx.target.settings.hashing = hashing;
    if hashing.consistent || said.is_some() {
        let refusal = Diagnostic::not_yet(at, "'hash-type' with more than 'map-based'");
        return Err(refusal.hint("write 'hash-type map-based', or remove the line"));
    }
    Ok(())
}

fn function_named(word: &Word) -> Result<HashFunction, Diagnostic> {
    let found = FUNCTIONS.iter().find(|(name, _)| *name == word.text);
    found.map(|(_, function)| *function).ok_or_else(|| {
        let message = "'hash-type' only supports 'sdbm', 'djb2', 'crc32', or 'wt6' hash functions.";
        let meant = suggest::nearest(&word.text, FUNCTIONS.map(|(name, _)| name));
        Diagnostic::alert(word.span, message).suggest(meant)
    })
}

fn avalanche(cx: &mut Context<'_, Proxy>) -> Result<bool, Diagnostic> {
    match cx.words.next() {
        None => Ok(false),
        Some(word) if word.text == "avalanche" => Ok(true),
        Some(word) => {
            let message = "'hash-type' only supports 'avalanche' as a modifier for hash functions.";
            let meant = suggest::nearest(&word.text, ["avalanche"]);
            Err(Diagnostic::alert(word.span, message).suggest(meant))
        }
    }
}

fn factor(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let word = cx.expect("an integer argument")?;
    // HAProxy takes a word that is no number for 0
    let digits = word.text.bytes().take_while(u8::is_ascii_digit).count();
    let factor: u32 = word.text.get(..digits).and_then(|digits| digits.parse().ok()).unwrap_or_default();
    if (1..=100).contains(&factor) {
        let message = "'hash-balance-factor' must be 0 or greater than 100.";
        return Err(Diagnostic::alert(word.span, message));
    }
    if digits < word.text.len() || digits == 0 {
        let message = format!("'hash-balance-factor' : '{}' is read as {factor}, as HAProxy does", word.text);
        cx.notes.warning(word.span, message);
    }
    cx.target.settings.hashing.balance_factor = Some(factor).filter(|factor| *factor > 0);
    Ok(())
}

fn affinity(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let word = cx.expect("'always', 'maxconn' or 'maxqueue'")?;
    cx.target.settings.hashing.preserve_affinity = match word.text.as_str() {
        "always" => Affinity::Always,
        "maxconn" => Affinity::Maxconn,
        "maxqueue" => Affinity::Maxqueue,
        other => {
            let message = format!(
                "'hash-preserve-affinity' : expects 'always', 'maxconn' or 'maxqueue' (got '{other}')"
            );
            let meant = suggest::nearest(other, ["always", "maxconn", "maxqueue"]);
            return Err(Diagnostic::alert(word.span, message).suggest(meant));
        }
    };
    Ok(())
}
