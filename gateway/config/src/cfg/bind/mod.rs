//! `bind` lines and `stats socket` (configuration.txt 5.1 and 3.1).

mod address;
mod option;
mod tls;

use std::sync::LazyLock;

use lang::{Diagnostic, Span, Word};

use super::{Context, Index, Keyword, LOG_FORWARD, Label, QUIC, run_options};
use crate::draft::{NamedFile, Proxy};
use crate::model::{Bind, BindAddress, BindTls, Global, Permissions, StatsSocket};

pub(crate) use option::{PROTOCOLS, judge_set};
pub(crate) use tls::{CRT_LIST, OPTIONS as TLS, tls_version};

/// The options of `bind`, by what they are about.
pub(crate) const OPTIONS: &[&[Keyword<Line>]] = &[option::OPTIONS, tls::OPTIONS];

pub(crate) static INDEX: LazyLock<Index<Line>> = LazyLock::new(|| Index::new(OPTIONS));

/// A `bind` line while its options are read.
#[derive(Clone, Default)]
pub(crate) struct Line {
    /// What each socket of the line gets.
    pub(crate) bind: Bind,
    /// `name` was said.
    pub(crate) named: bool,
    /// `ssl` was said.
    pub(crate) ssl: bool,
    pub(crate) tls: BindTls,
    /// The files that the line names.
    pub(crate) files: Vec<NamedFile>,
    /// Where `id`'s number stands.
    pub(crate) id_span: Option<Span>,
    /// Where `proto`'s name stands.
    pub(crate) proto_span: Option<Span>,
    /// `level` of a stats socket.
    pub(crate) level: Option<u8>,
}

const NO_SOCKET: &str = "the line is ignored, as HAProxy does: mend the address, or remove the line";

/// `bind`.
pub(crate) fn bind(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let usage = "'bind' expects {<path>|[addr1]:port1[-end1]}{,[addr]:port[-end]}... as arguments.";
    let word = cx.words.next().ok_or_else(|| cx.words.error(usage))?;
    let sockets = match cx.target.kind {
        LOG_FORWARD => match address::all(cx, word, &format!("'bind {}' : ", word.text)) {
            Ok(sockets) => sockets,
            // HAProxy goes on without the line
            Err(why) => {
                cx.notes.push(if why.later { why } else { why.as_warning().hint(NO_SOCKET) });
                cx.words.by_ref().for_each(drop);
                return Ok(());
            }
        },
        _ => address::all(cx, word, "'bind' : ")?,
    };
    let line_name = format!("'bind {}' in section '{}'", word.text, cx.target.kind.name());
    let label = Label { unknown: format!("{line_name}: "), line: format!("{line_name} : "), hint: "" };
    let line = options(cx, &label)?;
    judge(cx, &line, &word.text, word.span, sockets.len())?;
    let files = line.files.iter();
    let files = files.map(|file| NamedFile { label: label.line.clone(), ..file.clone() });
    cx.target.files.extend(files);
    if cx.target.binds.is_empty() {
        // most sections have one such line, and a socket's settings are large
        cx.target.binds.reserve_exact(sockets.len());
    }
    for (written, address) in sockets {
        cx.notes.note(served(&address, word, &label.line));
        cx.target.binds.push(socket(&line, written, address, &cx.place));
    }
    Ok(())
}

/// Whether something serves this kind of socket; if not, the refusal of the line that names it.
fn served(address: &BindAddress, word: &Word, line: &str) -> Result<(), Diagnostic> {
    if let BindAddress::Quic(at) = address {
        let family = if at.is_ipv4() { "quic4@" } else { "quic6@" };
        return Err(QUIC.refusal(word.span, format_args!("{line}'{family}'")));
    }
    match unserved(address) {
        Some(what) => Err(Diagnostic::not_yet(word.span, format!("{line}{what}"))),
        None => Ok(()),
    }
}

/// Kinds of sockets that nothing serves yet.
fn unserved(address: &BindAddress) -> Option<&'static str> {
    match address {
        BindAddress::AbstractZ(_) => Some("an 'abnsz@' address"),
        BindAddress::SockPair(_) => Some("a 'sockpair@' address"),
        BindAddress::Tcp(_)
        | BindAddress::Quic(_)
        | BindAddress::Unix(_)
        | BindAddress::Abstract(_)
        | BindAddress::Fd(_) => None,
    }
}

/// What cannot be, seen from the whole line.
fn judge(
    cx: &mut Context<'_, Proxy>,
    line: &Line,
    written: &str,
    span: Span,
    sockets: usize,
) -> Result<(), Diagnostic> {
    let at = format!(" at [{}]", cx.place);
    let whole = format!(" for bind '{written}'{at}");
    if let Some(text) = tls::contradiction(&line.tls).filter(|_| line.ssl) {
        let message = text.replace("{}", &whole).replace("{at}", &at);
        return Err(Diagnostic::alert(span, format!("Proxy '{}': {message}", cx.target.name)));
    }
    if let Some(text) = tls::unknown_curve(&line.tls).filter(|_| line.ssl) {
        let message = format!("Proxy '{}': {}", cx.target.name, text.replace("{}", &whole));
        return Err(Diagnostic::alert(span, message));
    }
    let tls = &line.tls;
    let has_none = tls.certificates.is_empty() && tls.crt_lists.is_empty();
    if line.ssl && has_none && tls.default_certificates.is_empty() {
        let message = format!(
            "Proxy '{}': no SSL certificate specified{whole}, ssl connections will fail (use 'crt').",
            cx.target.name
        );
        cx.notes.warning(span, message);
    }
    let section = cx.target.kind.name();
    match (line.bind.id, line.id_span) {
        (Some(_), Some(at)) if sockets > 1 => {
            let message = format!(
                "'bind {written}' in section '{section}' : 'id' can only be used with a single socket"
            );
            return Err(Diagnostic::alert(at, message));
        }
        (Some(id), Some(at)) => {
            if let Some(other) = cx.target.binds.iter().find(|other| other.id == Some(id)) {
                let message = format!(
                    "'bind {written}' in section '{section}' : 'id' : custom id {id} already used at {} ('bind {}')",
                    other.place, other.name
                );
                return Err(Diagnostic::alert(at, message));
            }
        }
        _ => {}
    }
    if let (Some(proto), Some(at)) = (line.bind.proto, line.proto_span) {
        cx.target.protos.push((at, proto, format!("'bind {written}' at [{}]", cx.place)));
    }
    Ok(())
}

fn socket(line: &Line, written: String, address: BindAddress, place: &str) -> Bind {
    let bind = line.bind.clone();
    Bind {
        name: if line.named { bind.name } else { written },
        address,
        tls: line.ssl.then(|| line.tls.clone()),
        place: place.to_owned(),
        ..bind
    }
}

/// What the commands of a socket may do where nothing is said: `operator`.
pub(crate) const DEFAULT_LEVEL: u8 = 2;

/// Options of `bind` that the sockets of the command line heed, or that nobody could tell from their absence.
const STATS: &[&str] = &[
    "level",
    "mode",
    "user",
    "uid",
    "group",
    "gid",
    "expose-fd",
    "name",
    "id",
    "guid-prefix",
    "label",
    "nice",
    "process",
    "thread",
    "shards",
];

/// `stats socket`.
pub(crate) fn stats_socket(cx: &mut Context<'_, Global>) -> Result<(), Diagnostic> {
    let usage = "'stats socket' in global section expects an address or a path to a UNIX socket";
    let word = cx.words.next().ok_or_else(|| cx.words.error(usage))?;
    let label = Label::new("'stats socket' : ".to_owned());
    let sockets = address::all(cx, word, &label.line)?;
    let words = cx.words.rest();
    let line = options(cx, &label)?;
    for (written, address) in sockets {
        cx.notes.note(served(&address, word, &label.line));
        let socket = socket(&line, written, address, &cx.place);
        cx.target
            .stats_sockets
            .push(StatsSocket { bind: socket, level: line.level.unwrap_or(DEFAULT_LEVEL) });
    }
    unheeded(cx, words, &line, &label.line);
    Ok(())
}

/// What a `stats socket` line says about connections, where those of the command line are all the same.
fn unheeded(cx: &mut Context<'_, Global>, words: &[Word], line: &Line, label: &str) {
    #[rustfmt::skip]
    let plain = Bind {
        name: String::new(), permissions: Permissions::default(), id: None, guid_prefix: None, label: None, nice: None,
        threads: Vec::new(), shards: None, expose_fd: false, ..line.bind.clone()
    };
    if plain == Bind::default() && !line.ssl {
        return;
    }
    let is_option = |word: &&Word| INDEX.find(std::slice::from_ref(*word)).is_some();
    let word = words.iter().filter(is_option).find(|word| !STATS.contains(&word.text.as_str()));
    let (span, name) = word.map_or((cx.span, ""), |word| (word.span, word.text.as_str()));
    let refusal = Diagnostic::not_yet(span, format_args!("{label}'{name}'"));
    cx.notes.push(refusal.hint("write mode, user, group and level alone"));
}

/// The options of a line, those that are left.
pub(crate) fn options<T>(cx: &mut Context<'_, T>, label: &Label) -> Result<Line, Diagnostic> {
    let mut line = Line::default();
    let mut inner = cx.within(&mut line);
    let result = run_options(&INDEX, &mut inner, label);
    cx.words.by_ref().for_each(drop);
    result.map(|()| line)
}
