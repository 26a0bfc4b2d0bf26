//! `server` and `default-server` lines (configuration.txt 5.2).

mod option;
mod reach;
mod tls;

use std::sync::LazyLock;

use lang::units::{self, Host, Kind, Port};
use lang::{Diagnostic, Span, Word};

use super::{BACKEND, BE, Context, Index, Keyword, Label, keyword, run_options, template};
use crate::draft::{NamedFile, Proxy, Server, ServerOptions, ServerSpans};
use crate::judge::kind_in_words;
use crate::model::{CheckStep, Family, Global, Mode, Proto, RetryEvent, ServerAddress, ServerPort};

#[rustfmt::skip]
pub(crate) const KEYWORDS: &[Keyword<Proxy>] = &[
    keyword("server")                .in_(BACKEND).strict().parse(server),
    keyword("default-server")        .in_(BE)     .strict().parse(default_server),
    keyword("server-template")       .in_(BACKEND).strict().parse(template::server_template).later("write one 'server' line for each server"),
];

/// The options of `server`, by what they are about.
pub(crate) const OPTIONS: &[&[Keyword<ServerOptions>]] = &[option::OPTIONS, reach::OPTIONS, tls::OPTIONS];

static INDEX: LazyLock<Index<ServerOptions>> = LazyLock::new(|| Index::new(OPTIONS));

/// `server`, of a backend or of a section that has servers.
pub(crate) fn server(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let usage = "'server' expects <name> and <addr>[:<port>] as arguments.";
    let (Some(name), Some(at)) = (cx.words.next(), cx.words.next()) else {
        return Err(cx.words.error(usage));
    };
    let label = format!("'server {}/{}' : ", cx.target.name, name.text);
    if let Some(what) = elsewhere(cx.target, &at.text) {
        let refusal = Diagnostic::not_yet(at.span, format!("{label}{what}"));
        return Err(refusal.hint("write an address and a port"));
    }
    let written = super::address::expand(&at.text, cx.world.env);
    let host = written.rsplit_once(':').map_or(written.as_str(), |(host, _)| host);
    if !host.contains(['/', '@']) && (host.starts_with('.') || host.contains("..")) {
        let message = format!("{label}Can't create DNS resolution for server '{}'", name.text);
        return Err(Diagnostic::alert(at.span, message).hint("a label of the name is empty: mend the dots"));
    }
    let address = address(cx, at).map_err(|why| Diagnostic::alert(at.span, format!("{label}{why}")))?;
    if let Some(what) = unreached(&address) {
        cx.notes
            .push(Diagnostic::not_yet(at.span, format!("{label}{what}")).hint("write an address and a port"));
    }
    rest(cx, name, (address, at.span), &Label::new(label))
}

/// `server` of a section that says elsewhere where it is: the socket of the local peer.
pub(crate) fn addressless(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let Some(name) = cx.words.next() else { return Ok(()) };
    let label = format!("'server {}/{}' : ", cx.target.name, name.text);
    let label = Label { hint: "no address was expected for this server", ..Label::new(label) };
    let address = ServerAddress::Client { port: ServerPort::Offset(0) };
    rest(cx, name, (address, name.span), &label)
}

/// The name and the options of a line whose address is known.
fn rest(
    cx: &mut Context<'_, Proxy>,
    name: &Word,
    (address, address_span): (ServerAddress, Span),
    label: &Label,
) -> Result<(), Diagnostic> {
    check_name(name)?;
    let mut options = ServerOptions { id: None, ..cx.target.settings.default_server.clone() };
    options.model.name.clone_from(&name.text);
    read_options(cx, &mut options, label)?;
    let label = &label.line;
    judge(cx, &options, name, label)?;
    if options.model.fast_open && !retries_all(&cx.target.settings.connections.retry_on) {
        let message = format!("{label}{UNRETRIED}");
        cx.notes.warning(name.span, message);
    }
    options.files.iter_mut().for_each(|file| file.label.clone_from(label));
    cx.target.servers.push(Server {
        name: name.text.clone(),
        span: name.span,
        place: cx.place.clone(),
        address,
        address_span,
        options,
    });
    Ok(())
}

/// What HAProxy says of data in the first packet, which is lost with the connection.
const UNRETRIED: &str = "server has tfo activated, the backend should be configured with at least 'conn-failure', \
                         'empty-response' and 'response-timeout' or we wouldn't be able to retry the connection on failure.";

/// Whether what went out with the first packet would be sent again.
fn retries_all(events: &[RetryEvent]) -> bool {
    [RetryEvent::ConnFailure, RetryEvent::EmptyResponse, RetryEvent::ResponseTimeout]
        .iter()
        .all(|needed| events.contains(needed))
}

/// Addresses that are no addresses to connect to: of log servers, and of connections that servers open.
fn elsewhere(proxy: &Proxy, text: &str) -> Option<&'static str> {
    let is_log = matches!(proxy.settings.mode, Some((Mode::Log, _)));
    match text.split('@').next() {
        Some("rhttp" | "rev") if text.contains('@') => Some("a server that connects by itself ('rhttp@')"),
        Some("udp" | "udp4" | "udp6") if is_log => Some("a log server ('udp@')"),
        _ => None,
    }
}

/// Kinds of addresses that nothing connects to yet.
fn unreached(address: &ServerAddress) -> Option<&'static str> {
    match address {
        ServerAddress::Abstract(_) => Some("an 'abns@' address"),
        ServerAddress::SockPair(_) => Some("a 'sockpair@' address"),
        ServerAddress::Ip { .. }
        | ServerAddress::Name { .. }
        | ServerAddress::Client { .. }
        | ServerAddress::Unix(_) => None,
    }
}

/// What cannot be, seen from the whole line.
pub(crate) fn judge(
    cx: &mut Context<'_, Proxy>,
    options: &ServerOptions,
    name: &Word,
    label: &str,
) -> Result<(), Diagnostic> {
    let model = &options.model;
    let bad = |message: String| Err(Diagnostic::alert(name.span, message));
    if model.agent.on && model.agent.port.is_none_or(|port| port == 0) {
        return bad(format!(
            "{label}server {} does not have agent port. Agent check has been disabled.",
            name.text
        ));
    }
    if model.track.is_some() && (options.checked || model.agent.on) {
        return bad(format!("{label}unable to enable checks and tracking at the same time!"));
    }
    tls::judge_sni(cx, options, name, label)?;
    if model.tls.on && tls::no_version(&model.tls) {
        return bad(format!(
            "{label}{} '{}': all SSL/TLS versions are disabled for server '{}'.",
            kind_in_words(cx.target),
            cx.target.name,
            name.text
        ));
    }
    match (model.proto, options.spans.proto) {
        (Some(Proto::Fcgi), _) if !cx.target.kind.meets(BACKEND) => {
            let proxy = &cx.target.name;
            bad(format!("proxy '{proxy}': FCGI server '{}' has no FCGI app configured.", name.text))
        }
        (Some(proto), Some(at)) => {
            let whose = format!("server '{}' at [{}]", name.text, cx.place);
            cx.target.protos.push((at, proto, whose));
            Ok(())
        }
        _ => Ok(()),
    }
}

/// What HAProxy says of a server whose certificate could not be verified.
const UNVERIFIED: &str = "verify is enabled by default but no CA file specified. If you're running on a LAN where \
                          you're certain to trust the server's certificate, please set an explicit 'verify none' \
                          statement on the 'server' line, or use 'ssl-server-verify none' in the global section to \
                          disable server-side verifications by default.";

/// What cannot be, seen from the whole configuration.
pub(crate) fn verifies(server: &Server, proxy: &Proxy, global: &Global) -> Result<(), Diagnostic> {
    let model = &server.options.model;
    let steps = proxy.settings.http_steps.iter().chain(&proxy.settings.tcp_steps);
    let by_steps = steps.into_iter().any(|step| matches!(step, CheckStep::Connect(connect) if connect.ssl));
    let verifies = model.tls.verify.unwrap_or(!global.no_server_verify);
    let encrypted = model.tls.on || model.check_over.tls || by_steps;
    if !encrypted || !verifies || model.tls.ca_file.is_some() {
        return Ok(());
    }
    let message = format!("'server {}/{}' : {UNVERIFIED}", proxy.name, server.name);
    Err(Diagnostic::alert(server.span, message))
}

/// `default-server`.
pub(crate) fn default_server(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let mut options = cx.target.settings.default_server.clone();
    options.model.name.clear();
    let label = Label { hint: "no address was expected for this server", ..Label::new(String::new()) };
    read_options(cx, &mut options, &label)?;
    if let Some(at) = options.spans.id {
        cx.notes.warning(at, "'id' option is not accepted in default-server sections");
    }
    options.spans = ServerSpans { id: None, sni: None, ..options.spans };
    options.files.iter_mut().for_each(|file: &mut NamedFile| file.label.clear());
    cx.target.settings.default_server = options;
    Ok(())
}

pub(crate) fn read_options(
    cx: &mut Context<'_, Proxy>,
    options: &mut ServerOptions,
    label: &Label,
) -> Result<(), Diagnostic> {
    let mut inner = cx.within(options);
    let result = run_options(&INDEX, &mut inner, label);
    cx.words.by_ref().for_each(drop);
    result
}

/// The first character that HAProxy does not permit in a name; an empty name has none that it permits.
pub(crate) fn bad_character(name: &str) -> Option<&str> {
    let is_bad = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, ':' | '_' | '-' | '.'));
    match name.find(is_bad) {
        Some(at) => name[at..].chars().next().and_then(|c| name.get(at..at + c.len_utf8())),
        None => name.is_empty().then_some(""),
    }
}

fn check_name(name: &Word) -> Result<(), Diagnostic> {
    match bad_character(&name.text) {
        None => Ok(()),
        Some(c) => {
            let message = format!("character '{c}' is not permitted in server name '{}'.", name.text);
            Err(Diagnostic::alert(name.span, message))
        }
    }
}

pub(crate) fn address(cx: &mut Context<'_, Proxy>, word: &Word) -> Result<ServerAddress, String> {
    let address = super::address::parse(cx, word, &word.text)?;
    match address.kind {
        Kind::Datagram => return Err(format!("dgram-type address not acceptable in '{}'", word.text)),
        Kind::Quic => return Err(format!("address '{}' : there is no QUIC", word.text)),
        Kind::Default | Kind::Stream => {}
    }
    let port = match address.port {
        Port::None => ServerPort::Offset(0),
        Port::One(port) => ServerPort::Fixed(port),
        Port::Offset(shift) => ServerPort::Offset(shift),
        Port::Range(..) => return Err(format!("port range not permitted here in '{}'", word.text)),
    };
    let family = address.family.map(|family| match family {
        units::Family::Ipv4 => Family::Ipv4,
        units::Family::Ipv6 => Family::Ipv6,
    });
    Ok(match address.host {
        Host::Ip(ip) if ip.is_unspecified() => ServerAddress::Client { port },
        Host::Ip(ip) => ServerAddress::Ip { ip, port },
        Host::Name(host) => ServerAddress::Name { host, port, family },
        Host::Unix(path) => ServerAddress::Unix(path),
        Host::Abstract(name) => ServerAddress::Abstract(name),
        Host::SockPair(fd) => ServerAddress::SockPair(fd),
        Host::Any => ServerAddress::Client { port },
        Host::Fd(_) | Host::AbstractZ(_) => {
            return Err(format!("a file descriptor is not acceptable here in '{}'", word.text));
        }
    })
}
