//! `peers` sections (configuration.txt 3.5).

use lang::{Diagnostic, Word};

use super::named::{Form, Kind, check_name};
use super::{Context, Keyword, Label, PEERS, bind, keyword, log, ring, server};
use crate::draft::{Head, Proxy};
use crate::model::PeersTable;

/// The lines of a section.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) disabled: bool,
    /// Its socket, its servers and its logs, as those of a proxy of this name.
    pub(crate) section: Proxy,
    /// The names of `peer` and `server` lines, in their order.
    pub(crate) names: Vec<String>,
    pub(crate) tables: Vec<PeersTable>,
    pub(crate) shards: Option<u32>,
    /// What `default-bind` says.
    default_bind: Vec<Word>,
    /// A `peer` line was seen.
    has_peer: bool,
}

impl Kind for Draft {
    #[rustfmt::skip]
    const KEYWORDS: &'static [Keyword<Self>] = &[
        keyword("bind")          .parse(peers_bind),
        keyword("default-bind")  .parse(default_bind),
        keyword("default-server").parse(|cx| cx.part(|peers| &mut peers.section, server::default_server)),
        keyword("disabled")      .parse(|cx| { cx.target.disabled = true; cx.ignore_rest(); Ok(()) }),
        keyword("enabled")       .parse(|cx| { cx.target.disabled = false; cx.ignore_rest(); Ok(()) }),
        keyword("log")           .no().parse(|cx| cx.part(|peers| &mut peers.section, log::proxy)),
        keyword("peer")          .parse(peer),
        keyword("server")        .parse(peer),
        keyword("shards")        .parse(shards),
        keyword("table")         .parse(table),
    ];
    const FORM: Form = Form::new("peers", "missing name for peers section.", |name, place| {
        format!("peers section '{name}' has the same name as another peers section declared at {place}.")
    });

    fn begin(head: &Head) -> Self {
        Self {
            disabled: false,
            section: Proxy::new(PEERS, &head.name, head.span, head.place.clone()),
            names: Vec::new(),
            tables: Vec::new(),
            shards: None,
            default_bind: Vec::new(),
            has_peer: false,
        }
    }
}

const MIXED: &str = "mixing \"peer\" and \"bind\" line is forbidden";

fn peers_bind(cx: &mut Context<'_, Draft>) -> Result<(), Diagnostic> {
    if cx.words.is_empty() {
        cx.notes.warning(cx.span, "'bind' : no address, the line is ignored, as HAProxy does");
        return Ok(());
    }
    if let Some(other) = cx.target.section.binds.first() {
        let message = format!(
            "One listener per \"peers\" section is authorized but another is already configured at [{}].",
            other.place
        );
        return Err(Diagnostic::alert(cx.span, message));
    }
    if cx.target.has_peer {
        return Err(Diagnostic::alert(cx.span, MIXED));
    }
    // an option of the line itself stands behind, and wins
    let (address, own) = cx.words.rest().split_at(1);
    let words: Vec<Word> = [address, cx.target.default_bind.as_slice(), own].concat();
    let end = cx.words.here();
    let mut line = Context {
        target: &mut cx.target.section,
        words: lang::Words::new(&words, end),
        keyword: "bind",
        argument: "",
        span: cx.span,
        prefix: cx.prefix,
        world: cx.world,
        notes: &mut *cx.notes,
        told: &mut *cx.told,
        place: cx.place.clone(),
    };
    bind::bind(&mut line)?;
    cx.words.take_rest();
    Ok(())
}

/// Read for its mistakes, and kept for the `bind` line.
fn default_bind(cx: &mut Context<'_, Draft>) -> Result<(), Diagnostic> {
    let words = cx.words.rest().to_vec();
    let label = format!("'default-bind {}' in section 'peers': ", cx.words.peek_text().unwrap_or_default());
    bind::options(cx, &Label::new(label))?;
    cx.target.default_bind = words;
    Ok(())
}

fn peer(cx: &mut Context<'_, Draft>) -> Result<(), Diagnostic> {
    let Some(name) = cx.words.peek().cloned() else {
        let message = format!("'{}' : no name, the line is ignored, as HAProxy does", cx.keyword);
        cx.notes.warning(cx.span, message);
        return Ok(());
    };
    if cx.keyword == "peer" {
        if !cx.target.section.binds.is_empty() {
            return Err(Diagnostic::alert(cx.span, MIXED));
        }
        cx.target.has_peer = true;
    }
    check_name(&name, if cx.keyword == "peer" { "peer name" } else { "server name" })?;
    cx.target.names.push(name.text);
    if cx.words.remaining() == 1 {
        cx.words.next();
        return Ok(());
    }
    cx.part(|peers| &mut peers.section, server::server)?;
    ring::literal(&cx.target.section)
}

/// Since HAProxy 2.7.
fn shards(cx: &mut Context<'_, Draft>) -> Result<(), Diagnostic> {
    let shards = cx.number(1, u32::MAX)?;
    cx.target.shards = Some(shards);
    Ok(())
}

/// The types that a table's keys may have.
const TYPES: [&str; 5] = ["ip", "ipv6", "integer", "string", "binary"];

/// `table NAME type … size …`: the words of a `stick-table` line without `peers`.
fn table(cx: &mut Context<'_, Draft>) -> Result<(), Diagnostic> {
    let name = cx.words.next().cloned();
    let rest = cx.words.take_rest();
    let (mut has_type, mut has_size) = (false, false);
    let mut words = rest.iter();
    while let Some(word) = words.next() {
        let value = match word.text.as_str() {
            "nopurge" | "recv-only" => continue,
            "type" | "len" | "size" | "expire" | "store" | "write-to" | "brates-factor" => words.next(),
            other => {
                let message = format!("table: unknown argument '{other}'.");
                return Err(Diagnostic::alert(word.span, message));
            }
        };
        let value =
            value.ok_or_else(|| cx.words.error(format!("table: missing argument after '{}'.", word.text)))?;
        has_size |= word.text == "size";
        has_type |= word.text == "type";
        judge(word, value)?;
    }
    let missing = |what: &str| Err(cx.words.error(format!("table: missing {what}.")));
    match (name, has_size, has_type) {
        (None, ..) | (_, false, _) => missing("size"),
        (_, _, false) => missing("type"),
        (Some(name), true, true) => {
            let words = rest.iter().map(|word| word.text.clone()).collect();
            cx.target.tables.push(PeersTable { name: name.text, words });
            Ok(())
        }
    }
}

/// A value of a `table` line.
fn judge(keyword: &Word, value: &Word) -> Result<(), Diagnostic> {
    let text = &value.text;
    let bad = |why: String| Err(Diagnostic::alert(value.span, format!("table: {why}")));
    match keyword.text.as_str() {
        "type" if !TYPES.contains(&text.as_str()) => {
            let meant = lang::suggest::nearest(text, TYPES);
            bad(format!("unknown type '{text}'.")).map_err(|error: Diagnostic| error.suggest(meant))
        }
        "size" => match lang::units::parse_size(text) {
            Ok(size) if size > 0 => Ok(()),
            _ => bad(format!("unexpected character in argument of 'size': '{text}'.")),
        },
        "expire" => match lang::units::parse_time(text, lang::units::TimeUnit::Ms) {
            Ok(_) => Ok(()),
            Err(why) => bad(format!("{why} in argument of 'expire'.")),
        },
        _ => Ok(()),
    }
}
