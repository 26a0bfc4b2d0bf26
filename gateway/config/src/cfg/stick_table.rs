//! `stick-table` and the `stick` rules that remember servers (configuration.txt 4.2).

use std::time::Duration;

use expr::{Cond, Expr, Phase, Purpose, TableUse};
use lang::units::{TimeUnit, parse_time};
use lang::{Diagnostic, Diagnostics, Span, Word, Words, suggest};
use table::{Data, Kind, Spec, Store};

use super::{BACKEND, Context, Keyword, LISTEN, Misplaced, keyword};
use crate::draft::Proxy;
use crate::judge::kind_in_words;
use crate::model::{ServerKey, StickRule, StickTable};
use crate::reference::{Kind as Referred, Reference};

#[rustfmt::skip]
pub(crate) const KEYWORDS: &[Keyword<Proxy>] = &[
    keyword("stick-table")          .in_(LISTEN).parse(stick_table),
    keyword("stick match")          .in_(BACKEND).misplaced(Misplaced::Unread).parse(|cx| stick(cx, Form { matches: true, stores: false, on_response: false })),
    keyword("stick on")             .in_(BACKEND).misplaced(Misplaced::Unread).parse(|cx| stick(cx, Form { matches: true, stores: true, on_response: false })),
    keyword("stick store-request")  .in_(BACKEND).misplaced(Misplaced::Unread).parse(|cx| stick(cx, Form { matches: false, stores: true, on_response: false })),
    keyword("stick store-response") .in_(BACKEND).misplaced(Misplaced::Unread).parse(|cx| stick(cx, Form { matches: false, stores: true, on_response: true })),
    keyword("stick")                .in_(BACKEND).misplaced(Misplaced::Unread).family(unknown_stick),
];

/// The values of an array: what a message about peers could hold.
const ARRAY: std::ops::RangeInclusive<u32> = 1..=100;

fn stick_table(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let name = cx.target.name.clone();
    let words = cx.words.rest();
    let table = read(&mut cx.words, &name, &cx.place, cx.notes)?;
    let peers = words.iter().zip(words.iter().skip(1)).filter(|(word, _)| word.text == "peers");
    let peers = peers.map(|(_, name)| name).find(|name| table.peers.as_ref() == Some(&name.text));
    let peers = peers.map(|name| Reference::to(Referred::Peers, name));
    cx.target.settings.references.extend(peers);
    if let Some((_, other)) = &cx.target.stick_table {
        let (kind, place) = (kind_in_words(cx.target), &other.place);
        let message =
            format!("stick-table name '{name}' conflicts with table declared in {kind} '{name}' at {place}.");
        return Err(Diagnostic::alert(cx.span, message));
    }
    cx.target.stick_table = Some((cx.span, table));
    Ok(())
}

/// Reads the words behind the name of a `table` in a `peers` section: those of a `stick-table` that is shared anyway.
pub(crate) fn read_shared(
    words: &mut Words<'_>,
    name: &str,
    place: &str,
    notes: &mut Diagnostics,
) -> Result<StickTable, Diagnostic> {
    let all = words.rest();
    let mut said = Diagnostics::default();
    let read = read(words, name, place, &mut said);
    let named = |mut one: Diagnostic| {
        one.message = one.message.replacen("stick-table: ", "table: ", 1);
        one
    };
    said.iter().for_each(|one| notes.push(named(one.clone())));
    match read.map_err(named)? {
        StickTable { peers: Some(_), .. } => {
            let at = all.iter().find(|word| word.text == "peers").map_or(words.here(), |word| word.span);
            Err(Diagnostic::alert(at, "table: unknown argument 'peers'."))
        }
        table => Ok(table),
    }
}

/// Reads the words behind `stick-table`.
fn read(
    words: &mut Words<'_>,
    name: &str,
    place: &str,
    notes: &mut Diagnostics,
) -> Result<StickTable, Diagnostic> {
    let mut reading = Reading { kind: None, size: 0, notes };
    let spec = Spec {
        name: name.to_owned(),
        kind: Kind::Ip,
        size: 0,
        expire: None,
        nopurge: false,
        store: Vec::new(),
    };
    let mut table = StickTable {
        spec,
        peers: None,
        server_key: ServerKey::default(),
        write_to: None,
        recv_only: false,
        place: place.to_owned(),
    };
    while let Some(word) = words.next() {
        reading.option(word, words, &mut table)?;
    }
    if reading.size == 0 {
        return Err(words.error("stick-table: missing size."));
    }
    table.spec.size = reading.size;
    table.spec.kind = reading.kind.ok_or_else(|| words.error("stick-table: missing type."))?;
    table.spec.store.sort_by_key(|store| store.data);
    Ok(table)
}

struct Reading<'n> {
    kind: Option<Kind>,
    size: usize,
    notes: &'n mut Diagnostics,
}

impl Reading<'_> {
    fn option(
        &mut self,
        word: &Word,
        words: &mut Words<'_>,
        table: &mut StickTable,
    ) -> Result<(), Diagnostic> {
        match word.text.as_str() {
            "type" => self.kind = Some(kind(words)?),
            "size" => self.size = size(value(word, words)?)?,
            "expire" => table.spec.expire = Some(expire(value(word, words)?)?),
            "nopurge" => table.spec.nopurge = true,
            "peers" => table.peers = Some(value(word, words)?.text.clone()),
            "srvkey" => table.server_key = server_key(words)?,
            "write-to" => table.write_to = Some(value(word, words)?.text.clone()),
            "recv-only" => table.recv_only = true,
            "brates-factor" => {
                value(word, words)?;
                let refusal = Diagnostic::not_yet(word.span, "'stick-table brates-factor'");
                self.notes.push(refusal.hint("remove it: bytes are counted one by one"));
            }
            // without data the word says nothing
            "store" => words.next().map_or(Ok(()), |word| self.store(word, &mut table.spec.store))?,
            other => {
                let known = [
                    "type",
                    "size",
                    "expire",
                    "nopurge",
                    "peers",
                    "srvkey",
                    "store",
                    "write-to",
                    "recv-only",
                    "brates-factor",
                ];
                let message = format!("stick-table: unknown argument '{other}'.");
                return Err(Diagnostic::alert(word.span, message).suggest(suggest::nearest(other, known)));
            }
        }
        Ok(())
    }

    /// `gpc0,conn_rate(10s)`.
    fn store(&mut self, word: &Word, store: &mut Vec<Store>) -> Result<(), Diagnostic> {
        for text in split(&word.text).into_iter().filter(|text| !text.is_empty()) {
            let one = data(text, word.span)?;
            if store.iter().any(|known| known.data == one.data) {
                let name = one.data.name();
                let message = format!("stick-table: store option '{name}' already enabled, ignored.");
                self.notes.warning(word.span, message);
                continue;
            }
            store.push(one);
            exclusive(store, word.span)?;
        }
        Ok(())
    }
}

fn value<'a>(keyword: &Word, words: &mut Words<'a>) -> Result<&'a Word, Diagnostic> {
    let missing = words.error(format!("stick-table: missing argument after '{}'.", keyword.text));
    words.next().ok_or(missing)
}

/// `ip`, `string len 20` …
fn kind(words: &mut Words<'_>) -> Result<Kind, Diagnostic> {
    let unknown = |word: Option<&Word>, words: &Words<'_>| {
        let text = word.map_or("", |word| word.text.as_str());
        let message = format!("stick-table: unknown type '{text}'.");
        let error = word.map_or_else(|| words.error(&message), |word| Diagnostic::alert(word.span, &message));
        error.suggest(suggest::nearest(text, ["ip", "ipv6", "integer", "string", "binary"]))
    };
    let word = words.next();
    let sized: fn(usize) -> Kind = match word.map_or("", |word| word.text.as_str()) {
        "ip" => return Ok(Kind::Ip),
        "ipv6" => return Ok(Kind::Ipv6),
        "integer" => return Ok(Kind::Integer),
        "string" => Kind::String,
        "binary" => Kind::Binary,
        _ => return Err(unknown(word, words)),
    };
    if !words.accept("len") {
        return Ok(sized(Kind::LENGTH));
    }
    let word = words.next();
    match word.and_then(|word| word.text.parse().ok()) {
        Some(length) if length > 0 => Ok(sized(length)),
        _ => Err(unknown(word, words)),
    }
}

/// Entries: a number of 32 bits, perhaps with `k`, `m` or `g`.
fn size(word: &Word) -> Result<usize, Diagnostic> {
    let bad = |c: char| {
        Diagnostic::alert(
            word.span,
            format!("stick-table: unexpected character '{c}' in argument of 'size'."),
        )
    };
    let digits = word.text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = word.text.split_at(digits);
    let mut units = unit.chars();
    let factor: u64 = match units.next() {
        None => 1,
        Some('k' | 'K') => 1 << 10,
        Some('m' | 'M') => 1 << 20,
        Some('g' | 'G') => 1 << 30,
        Some(other) => return Err(bad(other)),
    };
    if let Some(other) = units.next() {
        return Err(bad(other));
    }
    let first = word.text.chars().next_back().unwrap_or(' ');
    let entries = number.parse::<u64>().ok().and_then(|number| number.checked_mul(factor));
    entries
        .and_then(|entries| u32::try_from(entries).ok())
        .map(|entries| entries as usize)
        .ok_or_else(|| bad(first))
}

fn expire(word: &Word) -> Result<Duration, Diagnostic> {
    parse_time(&word.text, TimeUnit::Ms).map_err(|why| {
        let text = &word.text;
        let message = if why.0.starts_with("timer overflow") {
            format!(
                "stick-table: timer overflow in argument <{text}> to <expire>, maximum value is 2147483647 ms (~24.8 \
                 days)."
            )
        } else {
            format!("stick-table: {why} in argument of 'expire'.")
        };
        Diagnostic::alert(word.span, message)
    })
}

fn server_key(words: &mut Words<'_>) -> Result<ServerKey, Diagnostic> {
    let word = words.next();
    let text = word.map_or("", |word| word.text.as_str());
    match text {
        "name" => Ok(ServerKey::Name),
        "addr" => Ok(ServerKey::Address),
        _ => {
            let message = format!("stick-table : unknown server key type '{text}'.");
            let error =
                word.map_or_else(|| words.error(&message), |word| Diagnostic::alert(word.span, &message));
            Err(error.suggest(suggest::nearest(text, ["name", "addr"])))
        }
    }
}

/// Cuts at the commas outside of parentheses.
fn split(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let cut = |c: char| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    };
    text.split(cut).collect()
}

/// One kind of data with its arguments: `gpc0`, `gpc(3)`, `conn_rate(10s)`, `gpc_rate(3,10s)`.
fn data(text: &str, span: Span) -> Result<Store, Diagnostic> {
    let fail = |why: String| Diagnostic::alert(span, format!("stick-table: {why}"));
    let (name, args) = text.split_once('(').map_or((text, None), |(name, rest)| (name, Some(rest)));
    let Some(data) = Data::find(name) else {
        let meant = suggest::nearest(name, Data::ALL.iter().map(|data| data.name()));
        return Err(fail(format!("unknown store option '{name}'.")).suggest(meant));
    };
    let args = match args.map(|rest| rest.strip_suffix(')')) {
        Some(None) => return Err(fail(format!("missing closing parenthesis after store option '{name}'."))),
        Some(Some(args)) => args.split(',').filter(|arg| !arg.is_empty()).collect(),
        None => Vec::new(),
    };
    let wanted = usize::from(data.is_array()) + usize::from(data.is_rate());
    if args.len() > wanted {
        return Err(fail(format!("unexpected argument to store option '{name}'.")));
    }
    if args.len() < wanted {
        return Err(fail(format!("missing argument to store option '{name}'.")));
    }
    let mut args = args.into_iter();
    let count = match args.next_if_array(data) {
        Some(text) => text.parse().ok().filter(|count| ARRAY.contains(count)).ok_or_else(|| {
            fail(format!("array size is out of allowed range (1-100) for store option '{name}'."))
        })?,
        None => 1,
    };
    let period = match args.next() {
        Some(text) => parse_time(text, TimeUnit::Ms)
            .map_err(|_| fail(format!("error when processing store option '{name}'.")))?,
        None => Duration::ZERO,
    };
    Ok(Store { data, count, period: u32::try_from(period.as_millis()).unwrap_or(u32::MAX) })
}

/// An array says first how many values it has.
trait ArrayArg<'t> {
    fn next_if_array(&mut self, data: Data) -> Option<&'t str>;
}

impl<'t, I: Iterator<Item = &'t str>> ArrayArg<'t> for I {
    fn next_if_array(&mut self, data: Data) -> Option<&'t str> {
        if data.is_array() { self.next() } else { None }
    }
}

/// An array stands in for what has a name of its own: both cannot be.
fn exclusive(store: &[Store], span: Span) -> Result<(), Diagnostic> {
    let has = |data: Data| store.iter().any(|store| store.data == data);
    let both = |array: Data, singles: &[Data]| has(array) && singles.iter().any(|single| has(*single));
    for (array, singles, names) in [
        (Data::Gpt, &[Data::Gpt0][..], "gpt0"),
        (Data::Gpc, &[Data::Gpc0, Data::Gpc1], "gpc[0/1]"),
        (Data::GpcRate, &[Data::Gpc0Rate, Data::Gpc1Rate], "gpc[0/1]_rate"),
    ] {
        if both(array, singles) {
            let array = array.name();
            let message = format!(
                "stick-table: simultaneous usage of '{array}' and '{names}' in a same table is not permitted as \
                 '{array}' overrides '{names}'."
            );
            return Err(Diagnostic::alert(span, message));
        }
    }
    Ok(())
}

/// What a `stick` line is for.
#[derive(Clone, Copy)]
struct Form {
    matches: bool,
    stores: bool,
    on_response: bool,
}

fn stick(cx: &mut Context<'_, Proxy>, form: Form) -> Result<(), Diagnostic> {
    let phase = if form.on_response { Phase::HttpResponse } else { Phase::HttpRequest };
    let Some(word) = cx.words.peek() else {
        return Err(cx.words.error("'stick' expects a fetch method."));
    };
    let scope = cx.scope(phase);
    let place = if form.on_response { "response" } else { "request" };
    let key = scope.within("stick rule", || Expr::parse(&mut cx.words, &scope)).map_err(|mut error| {
        let name = word.text.split(['(', ',']).next().unwrap_or_default();
        let whole = format!("'{}' extracts", word.text);
        error.message = error.message.replace(&whole, &format!("'{name}' extracts"));
        error.message = error.message.replace("available here", &format!("available during {place}."));
        error.prefixed("'stick': ")
    })?;
    let table = match cx.words.accept("table") {
        true => cx.words.next().map(|word| word.text.clone()).unwrap_or_default(),
        false => scope.own_table(),
    };
    let cond = match cx.words.peek() {
        Some(next) if !matches!(next.text.as_str(), "if" | "unless") => {
            return Err(Diagnostic::alert(next.span, format!("'stick': unknown keyword '{}'.", next.text)));
        }
        _ => Cond::parse_rest(&mut cx.words, &cx.target.acls, &scope).map_err(|error| {
            error.prefixed("'stick': error detected while parsing sticking condition : ").suffixed(".")
        })?,
    };
    scope.take_warnings().into_iter().for_each(|warning| cx.notes.push(warning));
    scope.use_table(TableUse {
        table: table.clone(),
        by: String::new(),
        purpose: Purpose::Stick(key.kind()),
    });
    let Form { matches, stores, on_response } = form;
    let (words, place) = (word.text.clone(), cx.place.clone());
    cx.target.stick_rules.push(StickRule { matches, stores, on_response, key, words, table, cond, place });
    Ok(())
}

fn unknown_stick(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let got = cx.words.peek_text().unwrap_or_default();
    let names = ["on", "match", "store-request", "store-response"];
    Err(cx.words.error("'stick' expects 'on', 'match', or 'store'.").suggest(suggest::nearest(got, names)))
}
