//! `balance` and what belongs to it (configuration.txt 4.2).

use lang::{Diagnostic, Word};

use super::{BE, Context, Keyword, keyword};
use crate::draft::Proxy;
use crate::model::Balance;

#[rustfmt::skip]
pub(crate) const KEYWORDS: &[Keyword<Proxy>] = &[
    keyword("balance")            .in_(BE).parse(balance).lacks("'uri', 'url_param', 'hdr', 'rdp-cookie', 'hash'"),
    keyword("hash-type")          .in_(BE).parse(hash_type).lacks("'consistent', and functions by name"),
    keyword("hash-balance-factor").in_(BE).takes(1, "a balance factor").unsupported("use 'balance leastconn'"),
    keyword("hash-preserve-affinity").in_(BE).takes(1, "when to preserve it"),
];

/// The words that name an algorithm that nothing acts on yet.
const LATER: &[&str] = &["uri", "url_param", "hdr", "rdp-cookie", "hash", "log-hash", "sticky"];

const NAMES: &[&str] =
    &["roundrobin", "static-rr", "leastconn", "first", "source", "random", "uri", "url_param"];

fn balance(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let Some(word) = cx.words.next() else {
        cx.target.settings.balance = Balance::RoundRobin;
        return Ok(());
    };
    cx.target.settings.balance = algorithm(word)?;
    Ok(())
}

fn algorithm(word: &Word) -> Result<Balance, Diagnostic> {
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
        ("random", None) => Balance::Random(2),
        ("random", Some(args)) => Balance::Random(draws(word, args)?),
        (name, _) if LATER.contains(&name) => {
            let refusal = Diagnostic::not_yet(word.span, format_args!("'balance {name}'"));
            return Err(refusal.hint("use 'balance source' or 'balance leastconn'"));
        }
        _ => {
            let message = "balance only supports 'roundrobin', 'static-rr', 'leastconn', 'source', 'uri', 'url_param', \
                           'hdr(name)' and 'rdp-cookie(name)' options.";
            let meant = lang::suggest::nearest(&word.text, NAMES.iter().copied());
            return Err(Diagnostic::alert(word.span, message).suggest(meant));
        }
    })
}

fn draws(word: &Word, args: &str) -> Result<u32, Diagnostic> {
    let bad = |why: &str| Diagnostic::alert(word.span, format!("balance random : {why}"));
    let number = args.strip_suffix(')').ok_or_else(|| bad("missing ')' after the number of draws."))?;
    match number.trim() {
        "" => Ok(2),
        number => match number.parse() {
            Ok(draws) if draws > 0 => Ok(draws),
            _ => Err(bad("the number of draws must be at least 1.")),
        },
    }
}

/// The method matters to `balance source` alone here; `map-based` is the default.
fn hash_type(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let word = cx.expect("'consistent' or 'map-based'")?.clone();
    match word.text.as_str() {
        "map-based" => {
            if let Some(word) = cx.words.peek() {
                return Err(cx.unsupported_word(word));
            }
            Ok(())
        }
        "consistent" => Err(cx.unsupported_word(&word)),
        _ => Err(Diagnostic::alert(word.span, "'hash-type' only supports 'consistent' and 'map-based'.")
            .suggest(lang::suggest::nearest(&word.text, ["consistent", "map-based"]))),
    }
}
