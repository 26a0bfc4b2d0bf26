//! `compression`, `filter` and `email-alert` lines (configuration.txt 4.2 and 9).

use expr::Phase;
use lang::units::TimeUnit;
use lang::{Diagnostic, Word, suggest};

use super::{AGENTS, ANY, Choice, Context, DEFAULTS, Keyword, LISTEN, LUA, Misplaced, keyword, log};
use crate::draft::Proxy;
use crate::judge::kind_in_words;
use crate::model::{Algorithm, Bandwidth, Compression, Direction, Filter};
use crate::reference::{Kind as Referred, Reference};

const COMPRESS: &str = "let the servers compress";
const MAIL: &str = "watch the metrics instead";

#[rustfmt::skip]
pub(crate) const KEYWORDS: &[Keyword<Proxy>] = &[
    keyword("compression algo")       .in_(ANY).parse(|cx| algorithms(cx, |c| &mut c.algorithms)).later(COMPRESS),
    keyword("compression algo-res")   .in_(ANY).parse(|cx| algorithms(cx, |c| &mut c.algorithms)).later(COMPRESS),
    keyword("compression algo-req")   .in_(ANY).parse(request_algorithm).later(COMPRESS),
    keyword("compression type")       .in_(ANY).parse(|cx| types(cx, |c| &mut c.types)).later(COMPRESS),
    keyword("compression type-res")   .in_(ANY).parse(|cx| types(cx, |c| &mut c.types)).later(COMPRESS),
    keyword("compression type-req")   .in_(ANY).parse(|cx| types(cx, |c| &mut c.request_types)).later(COMPRESS),
    keyword("compression minsize-req").in_(ANY).parse(|cx| { compression(cx).request_min_size = cx.words.size("<size>")?; Ok(()) }).later(COMPRESS),
    keyword("compression minsize-res").in_(ANY).parse(|cx| { compression(cx).min_size = cx.words.size("<size>")?; Ok(()) }).later(COMPRESS),
    keyword("compression offload")    .in_(ANY).lax().parse(offload).lacks("all of it"),
    keyword("compression direction")  .in_(ANY).parse(direction).later(COMPRESS),
    keyword("compression")            .in_(ANY).family(|cx| Err(unknown(cx, "'compression' expects 'algo', 'type' or 'offload'", &["algo", "type", "offload", "direction"]))),
    keyword("filter")                 .in_(LISTEN).misplaced(Misplaced::Silent).parse(filter).lacks("'cache', 'compression', 'fcgi-app', 'trace'; what becomes a tunnel is not held back by 'bwlim-in' and 'bwlim-out'"),
    keyword("email-alert")            .in_(ANY).parse(email).later(MAIL),
];

fn compression<'a>(cx: &'a mut Context<'_, Proxy>) -> &'a mut Compression {
    &mut cx.target.settings.services.compression
}

/// The error for a word that no option is.
fn unknown(cx: &Context<'_, Proxy>, message: &str, names: &[&'static str]) -> Diagnostic {
    let meant = cx.words.peek_text().and_then(|got| suggest::nearest(got, names.iter().copied()));
    cx.words.error(message).suggest(meant)
}

const ALGORITHMS: [(&str, Algorithm); 4] = [
    ("identity", Algorithm::Identity),
    ("gzip", Algorithm::Gzip),
    ("deflate", Algorithm::Deflate),
    ("raw-deflate", Algorithm::RawDeflate),
];

/// The coding's name.
pub(crate) fn algorithm_name(algorithm: Algorithm) -> &'static str {
    ALGORITHMS.iter().find(|(_, known)| *known == algorithm).map_or("", |(name, _)| name)
}

fn algorithm(word: &Word) -> Result<Algorithm, Diagnostic> {
    let found = ALGORITHMS.iter().find(|(name, _)| *name == word.text).map(|(_, algorithm)| *algorithm);
    found.ok_or_else(|| {
        let message = format!("'compression' : '{}' is not a supported algorithm.", word.text);
        let meant = suggest::nearest(&word.text, ALGORITHMS.map(|(name, _)| name));
        Diagnostic::alert(word.span, message).suggest(meant)
    })
}

/// A line adds to those before it, in `defaults` too.
fn algorithms(
    cx: &mut Context<'_, Proxy>,
    field: fn(&mut Compression) -> &mut Vec<Algorithm>,
) -> Result<(), Diagnostic> {
    if cx.words.is_empty() {
        return Err(cx.words.error("'compression' expects <algorithm>."));
    }
    while let Some(word) = cx.words.next() {
        let algorithm = algorithm(word)?;
        field(compression(cx)).push(algorithm);
    }
    Ok(())
}

fn request_algorithm(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let word = cx.words.next().ok_or_else(|| cx.words.error("'compression' expects <algorithm>."))?;
    compression(cx).request_algorithm = Some(algorithm(word)?);
    Ok(())
}

fn types(
    cx: &mut Context<'_, Proxy>,
    field: fn(&mut Compression) -> &mut Vec<String>,
) -> Result<(), Diagnostic> {
    if cx.words.is_empty() {
        return Err(cx.words.error("'compression' expects <type>."));
    }
    let names = cx.words.take_rest().iter().map(|word| word.text.clone());
    field(compression(cx)).extend(names);
    Ok(())
}

/// HAProxy does not hand this one down.
fn offload(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    if cx.target.kind == DEFAULTS {
        cx.notes.warning(cx.span, "'compression' : 'offload' ignored in 'defaults' section.");
        return Ok(());
    }
    compression(cx).offload = true;
    Err(Diagnostic::not_yet(cx.span, "'compression offload'").hint(COMPRESS))
}

fn direction(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let direction = match cx.words.peek_text() {
        Some("request") => Direction::Request,
        Some("response") => Direction::Response,
        Some("both") => Direction::Both,
        _ => {
            let message = "'compression direction' expects 'request', 'response', or 'both'.";
            return Err(unknown(cx, message, &["request", "response", "both"]));
        }
    };
    cx.words.next();
    compression(cx).direction = direction;
    Ok(())
}

/// The filters, and what HAProxy's listing calls each.
pub(crate) const FILTERS: &[(&str, &str)] = &[
    ("bwlim-in", "BWLIM"),
    ("bwlim-out", "BWLIM"),
    ("cache", "CACHE"),
    ("compression", "COMP"),
    ("fcgi-app", "FCGI"),
    ("opentracing", "OT"),
    ("spoe", "SPOE"),
    ("trace", "TRACE"),
];

fn filter(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let Some(word) = cx.words.next() else {
        let (kind, name) = (kind_in_words(cx.target), &cx.target.name);
        return Err(cx.words.error(format!("missing argument for 'filter' in {kind} '{name}'.")));
    };
    let filter = match word.text.as_str() {
        "compression" => {
            if let Some(extra) = cx.words.peek() {
                let message = format!("'filter compression' : unknown keyword '{}'.", extra.text);
                return Err(Diagnostic::alert(extra.span, message));
            }
            Filter::Compression
        }
        "trace" => Filter::Trace(trace(cx)?),
        "cache" => Filter::Cache(named(cx, "cache", Some(Referred::Cache))?),
        "fcgi-app" => Filter::FcgiApp(named(cx, "fcgi-app", Some(Referred::FcgiApp))?),
        "bwlim-in" => Filter::Bandwidth(Box::new(bandwidth(cx, false)?)),
        "bwlim-out" => Filter::Bandwidth(Box::new(bandwidth(cx, true)?)),
        "spoe" | "opentracing" | "opentelemetry" => return Err(declined(word, AGENTS)),
        name if name == "lua" || name.starts_with("lua.") => return Err(declined(word, LUA)),
        other => {
            let message = format!("'filter' : unknown keyword '{other}'. Registered keywords :");
            let names = FILTERS.iter().map(|(name, _)| *name);
            return Err(Diagnostic::alert(word.span, message).suggest(suggest::nearest(other, names)));
        }
    };
    let acts = matches!(filter, Filter::Bandwidth(_));
    cx.target.settings.services.filters.push(filter);
    let what = format!("'filter {}'", word.text);
    if acts { Ok(()) } else { Err(Diagnostic::not_yet(word.span, what).hint(super::ADVICE)) }
}

fn declined(word: &Word, choice: Choice) -> Diagnostic {
    choice.refusal(word.span, format_args!("'filter {}'", word.text))
}

fn named(cx: &mut Context<'_, Proxy>, what: &str, referred: Option<Referred>) -> Result<String, Diagnostic> {
    match cx.words.next() {
        Some(word) => {
            let reference = referred.map(|what| Reference::to(what, word));
            cx.target.settings.references.extend(reference);
            Ok(word.text.clone())
        }
        None => Err(cx.words.error(format!("'filter' : '{what} : expects a <name> argument'"))),
    }
}

fn trace(cx: &mut Context<'_, Proxy>) -> Result<Vec<String>, Diagnostic> {
    let mut words = Vec::new();
    while let Some(word) = cx.words.next() {
        words.push(word.text.clone());
        match word.text.as_str() {
            "name" => {
                let missing = "'filter' : ''trace' : 'name' option without value'";
                words.push(cx.words.next().ok_or_else(|| cx.words.error(missing))?.text.clone());
            }
            "random-forwarding" | "random-parsing" | "hexdump" | "quiet" => {}
            other => {
                let names = ["name", "random-forwarding", "random-parsing", "hexdump", "quiet"];
                let message = format!("'filter trace' : unknown keyword '{other}'.");
                return Err(Diagnostic::alert(word.span, message).suggest(suggest::nearest(other, names)));
            }
        }
    }
    Ok(words)
}

/// `NAME default-limit SIZE default-period TIME [min-size SIZE]`, or `NAME limit SIZE key EXPR [table T] [min-size SIZE]`.
fn bandwidth(cx: &mut Context<'_, Proxy>, out: bool) -> Result<Bandwidth, Diagnostic> {
    let what = if out { "bwlim-out" } else { "bwlim-in" };
    let name = named(cx, what, None)?;
    let label = format!("'filter {what} {name}' : ");
    let mut found = Bandwidth { out, name, limit: 0, period: None, key: None, table: None, min_size: 0 };
    let mut shared = false;
    while let Some(word) = cx.words.next() {
        let result = match word.text.as_str() {
            option @ ("default-limit" | "limit") => {
                shared = option == "limit";
                cx.words.size("<size>").map(|size| found.limit = size)
            }
            "default-period" => {
                cx.words.time_in("<time>", TimeUnit::Ms).map(|time| found.period = Some(time))
            }
            "key" => cx.expr(Phase::HttpRequest).map(|key| found.key = Some(key)),
            "table" => cx.words.expect("<table>").map(|word| found.table = Some(word.text.clone())),
            "min-size" => cx.words.size("<size>").map(|size| found.min_size = size),
            other => {
                let names = ["default-limit", "default-period", "limit", "key", "table", "min-size"];
                let meant = suggest::nearest(other, names);
                Err(Diagnostic::alert(word.span, format!("unknown keyword '{other}'.")).suggest(meant))
            }
        };
        result.map_err(|bad| bad.prefixed(&label))?;
    }
    let complete = if shared { found.key.is_some() } else { found.period.is_some() };
    if found.limit == 0 || !complete {
        let usage = "expects 'default-limit' and 'default-period', or 'limit' and 'key'.";
        return Err(Diagnostic::alert(cx.span, format!("{label}{usage}")));
    }
    if let Some(key) = &found.key {
        let table = found.table.clone().unwrap_or_else(|| cx.target.name.clone());
        let purpose = expr::Purpose::Track(key.kind());
        let by = format!("filter {what}");
        cx.world.tables.borrow_mut().uses.push(expr::TableUse { table, by, purpose });
    }
    Ok(found)
}

fn email(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let Some(option) = cx.words.next() else {
        return Err(cx.words.error("missing argument after 'email-alert'."));
    };
    let value = cx.words.next();
    if let Some(name) = value.filter(|_| option.text == "mailers") {
        let references = &mut cx.target.settings.references;
        references.retain(|other| other.what != Referred::Mailers);
        references.push(Reference::to(Referred::Mailers, name));
    }
    let value = value.map_or("", |word| word.text.as_str());
    let email = &mut cx.target.settings.services.email;
    let text = Some(value.to_owned());
    match option.text.as_str() {
        "mailers" => email.mailers = text,
        "from" => email.from = text,
        "to" => email.to = text,
        "myhostname" => email.myhostname = text,
        "level" => email.level = Some(level(option, value)?),
        other => {
            let names = ["mailers", "from", "to", "myhostname", "level"];
            let message = format!("email-alert: unknown argument '{other}'.");
            return Err(Diagnostic::alert(option.span, message).suggest(suggest::nearest(other, names)));
        }
    }
    if let Some(extra) = cx.words.peek() {
        let message = format!("'email-alert {}' : '{}' is not read, as in HAProxy", option.text, extra.text);
        cx.notes.warning(extra.span, message);
        cx.words.take_rest();
    }
    Ok(())
}

fn level(option: &Word, name: &str) -> Result<u8, Diagnostic> {
    let number = log::LEVELS.iter().position(|(known, _)| *known == name);
    number.and_then(|number| u8::try_from(number).ok()).ok_or_else(|| {
        let message = format!("unknown log level 'level' after '{name}'");
        let meant = suggest::nearest(name, log::LEVELS.iter().map(|(name, _)| *name));
        Diagnostic::alert(option.span, message).suggest(meant)
    })
}
