//! `peers` sections (configuration.txt 3.5).

use lang::{Diagnostic, Span, Word};

use super::named::{Form, Kind, check_name};
use super::{Context, Keyword, Label, PEERS, bind, keyword, log, server, stick_table};
use crate::draft::{Head, Proxy};
use crate::model::{Resolve, ServerAddress, ServerPort, StickTable};

/// The lines of a section.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) disabled: bool,
    /// Its socket, its servers and its logs, as those of a proxy of this name.
    pub(crate) section: Proxy,
    /// The names of `peer` and `server` lines, in their order.
    pub(crate) names: Vec<String>,
    pub(crate) tables: Vec<StickTable>,
    /// The local peer's line.
    pub(crate) local: Option<(Span, String)>,
    pub(crate) shards: Option<u32>,
    /// What `default-bind` says.
    default_bind: Vec<Word>,
    /// A `peer` line was seen.
    has_peer: bool,
    /// Where the `bind` line stands.
    pub(crate) bound: Option<String>,
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
            local: None,
            shards: None,
            default_bind: Vec::new(),
            has_peer: false,
            bound: None,
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
    let first = words.first().map_or("", |word| word.text.as_str());
    bind::bind(&mut line).map_err(|error| match error.message.strip_prefix("'bind' : ") {
        Some(why) => Diagnostic { message: format!("'bind {first}' : {why}"), ..error },
        None => error,
    })?;
    cx.target.bound = Some(cx.place.clone());
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
    let has_address = cx.keyword == "peer";
    if has_address {
        if !cx.target.section.binds.is_empty() {
            return Err(Diagnostic::alert(cx.span, MIXED));
        }
        cx.target.has_peer = true;
    }
    check_name(&name, if has_address { "peer name" } else { "server name" })?;
    let is_local = name.text == *cx.world.local_peer.borrow();
    if is_local {
        local(cx, &name)?;
    }
    cx.target.names.push(name.text.clone());
    let address = cx.words.rest().get(1).cloned();
    if cx.words.remaining() == 1 {
        cx.words.next();
        return Ok(());
    }
    let parse = if is_local && !has_address { server::addressless } else { server::server };
    cx.part(|peers| &mut peers.section, parse)?;
    unchecked(cx);
    match (cx.target.section.servers.last().map(|server| &server.address), address) {
        (Some(ServerAddress::Ip { port, .. } | ServerAddress::Name { port, .. }), Some(at))
            if is_local && has_address && *port == ServerPort::Offset(0) =>
        {
            let why = format!("missing port specification in '{}'", at.text);
            Err(Diagnostic::alert(at.span, format!("'peer {}' : {why}", name.text)))
        }
        _ => Ok(()),
    }
}

/// Only one line is the local peer's.
fn local(cx: &mut Context<'_, Draft>, name: &Word) -> Result<(), Diagnostic> {
    if let Some((_, place)) = &cx.target.local {
        let (keyword, name) = (cx.keyword, &name.text);
        let message = format!("'{keyword} {name}' : local peer name already referenced at {place}. {name}");
        return Err(Diagnostic::alert(cx.span, message));
    }
    cx.target.local = Some((cx.span, cx.place.clone()));
    Ok(())
}

/// Peers are connected to when there is something to say: what a server has to be found or watched says nothing.
fn unchecked(cx: &mut Context<'_, Draft>) {
    let Some(server) = cx.target.section.servers.last_mut() else { return };
    let options = &mut server.options;
    let model = &mut options.model;
    let resolve = std::mem::take(&mut model.resolve) != Resolve::default();
    let agent = std::mem::take(&mut model.agent).on;
    let checked = std::mem::take(&mut options.checked);
    if resolve || agent || checked {
        let message = format!(
            "'{} {}' : init_addr, resolvers, check and agent are ignored for peers.",
            cx.keyword, server.name
        );
        cx.notes.warning(cx.span, message);
    }
    if model.track.take().is_some() {
        cx.notes
            .warning(cx.span, format!("'{} {}' : 'track' is ignored for peers.", cx.keyword, server.name));
    }
}

/// Since HAProxy 2.7.
fn shards(cx: &mut Context<'_, Draft>) -> Result<(), Diagnostic> {
    let shards = cx.number(1, u32::MAX)?;
    cx.target.shards = Some(shards);
    Ok(())
}

/// `table NAME type … size …`: the words of a `stick-table` line without `peers`.
fn table(cx: &mut Context<'_, Draft>) -> Result<(), Diagnostic> {
    let name = cx.words.next().map_or("", |word| word.text.as_str());
    let name = format!("{}/{name}", cx.target.section.name);
    let table = stick_table::read_shared(&mut cx.words, &name, &cx.place, cx.notes)?;
    if let Some(other) = cx.target.tables.iter().find(|known| known.spec.name == name) {
        let message =
            format!("table: '{name}' is already declared at {}, this line is ignored.", other.place);
        cx.notes.warning(cx.span, message);
        return Ok(());
    }
    cx.target.tables.push(table);
    Ok(())
}
