//! How servers are connected to: `source`, `dispatch`, `http-reuse`, `retry-on` (configuration.txt 4.2).

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use lang::units::{Host, Kind, Port};
use lang::{Diagnostic, Word, suggest};

use super::{ADVICE, ANY, BACKEND, BE, Context, Keyword, Misplaced, keyword, server};
use crate::draft::Proxy;
use crate::model::{RetryEvent, Reuse, Source, UseSource};
use crate::reference::{Kind as Referred, Reference};

#[rustfmt::skip]
pub(crate) const KEYWORDS: &[Keyword<Proxy>] = &[
    keyword("source")               .in_(BE).parse(source).later("remove it: the system chooses the address"),
    keyword("usesrc")               .in_(BE).refused("'usesrc' only allowed after a 'source' statement."),
    keyword("dispatch")             .in_(BACKEND).parse(dispatch).later("use a 'server' line"),
    keyword("http-reuse")           .in_(BE).parse(reuse).lacks("'never'; 'aggressive' and 'always' mean 'safe'"),
    keyword("http-send-name-header").in_(BE).lax().parse(name_header).later("use 'http-request set-header'"),
    keyword("retry-on")             .in_(BE).misplaced(Misplaced::Only).parse(retry_on),
    keyword("use-fcgi-app")         .in_(BACKEND).lax().misplaced(Misplaced::Only).parse(fcgi_app).later("put an HTTP server before the application"),
    keyword("external-check")       .in_(ANY).family(unknown),
    keyword("external-check command").in_(ANY).parse(|cx| { let text = external(cx, "command")?; cx.target.settings.connections.external_command = Some(text); Ok(()) }).later(EXTERNAL),
    keyword("external-check path")  .in_(ANY).parse(|cx| { let text = external(cx, "path")?; cx.target.settings.connections.external_path = Some(text); Ok(()) }).later(EXTERNAL),
    keyword("namespace")            .in_(BE).takes(1, "a name").parse(namespace).later(ADVICE),
];

const EXTERNAL: &str = "use 'option httpchk'";

/// An address on this side of a connection.
fn socket(cx: &mut Context<'_, Proxy>, word: &Word, label: &str) -> Result<SocketAddr, Diagnostic> {
    let bad = |why: String| Diagnostic::alert(word.span, format!("'{label}' : {why}"));
    let address = super::address::parse(cx, word, &word.text).map_err(bad)?;
    let port = match address.port {
        Port::None => 0,
        Port::One(port) => port,
        Port::Range(..) => return Err(bad(format!("port range not permitted here in '{}'", word.text))),
        Port::Offset(_) => return Err(bad(format!("port offset not permitted here in '{}'", word.text))),
    };
    match address.host {
        Host::Ip(ip) => Ok(SocketAddr::new(ip, port)),
        Host::Any => Ok(SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port)),
        Host::Name(_)
        | Host::Unix(_)
        | Host::Abstract(_)
        | Host::AbstractZ(_)
        | Host::Fd(_)
        | Host::SockPair(_) => {
            Err(Diagnostic::not_yet(word.span, format_args!("'{label}' : address '{}'", word.text)))
        }
    }
}

fn source(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let Some(word) = cx.words.next() else {
        let usage =
            "'source' expects <addr>[:<port>], and optionally 'usesrc' <addr>, and 'interface' <name>.";
        return Err(cx.words.error(usage));
    };
    let address = socket(cx, word, &format!("source {}", word.text))?;
    let mut source = Source { address, transparent: None, interface: None };
    while let Some(word) = cx.words.next() {
        match word.text.as_str() {
            "usesrc" => source.transparent = Some(use_source(cx)?),
            "interface" => {
                let name = cx.words.next();
                let missing = || cx.words.error("'source' : missing interface name.");
                source.interface = Some(name.ok_or_else(missing)?.text.clone());
            }
            other => {
                let message = "'source' only supports optional keywords 'interface' and 'usesrc'.";
                let meant = suggest::nearest(other, ["interface", "usesrc"]);
                return Err(Diagnostic::alert(word.span, message).suggest(meant));
            }
        }
    }
    cx.target.settings.connections.source = Some(source);
    Ok(())
}

fn use_source(cx: &mut Context<'_, Proxy>) -> Result<UseSource, Diagnostic> {
    let Some(word) = cx.words.next() else {
        let usage = "'usesrc' expects <addr>[:<port>], 'client', or 'clientip' as argument.";
        return Err(cx.words.error(usage));
    };
    match word.text.as_str() {
        "client" => Ok(UseSource::Client),
        "clientip" => Ok(UseSource::ClientIp),
        text => match text.strip_prefix("hdr_ip(") {
            Some(args) => {
                let args = args.strip_suffix(')').unwrap_or(args);
                let (name, occurrence) = args.split_once(',').unwrap_or((args, LAST));
                // HAProxy takes what is no number for the first
                let occurrence = occurrence.trim().parse().unwrap_or(0);
                Ok(UseSource::Header { name: name.trim().to_ascii_lowercase(), occurrence })
            }
            None => socket(cx, word, &format!("usesrc {text}")).map(UseSource::Address),
        },
    }
}

/// The occurrence of a header where none is said.
const LAST: &str = "-1";

fn dispatch(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let Some(word) = cx.words.next() else {
        let message = "'dispatch' : '' resolves to an empty address (environment variable missing?)";
        return Err(cx.words.error(message));
    };
    let bad = |why: String| Diagnostic::alert(word.span, format!("'dispatch' : {why}"));
    let address = super::address::parse(cx, word, &word.text).map_err(bad)?;
    let is_socket = matches!(
        address.host,
        Host::Unix(_) | Host::Abstract(_) | Host::AbstractZ(_) | Host::Fd(_) | Host::SockPair(_)
    );
    match address.port {
        Port::None if !is_socket => {
            return Err(bad(format!("missing port specification in '{}'", word.text)));
        }
        Port::Range(..) => return Err(bad(format!("port range not permitted here in '{}'", word.text))),
        Port::Offset(_) => return Err(bad(format!("port offset not permitted here in '{}'", word.text))),
        Port::None | Port::One(_) => {}
    }
    if address.host == Host::Any && address.kind == Kind::Default {
        let what =
            format_args!("'dispatch' : forwarding to the address that the client used ('{}')", word.text);
        return Err(Diagnostic::not_yet(word.span, what));
    }
    let address = server::address(cx, word).map_err(bad)?;
    cx.target.settings.connections.dispatch = Some(address);
    Ok(())
}

const REUSE: [(&str, Reuse); 4] = [
    ("never", Reuse::Never),
    ("safe", Reuse::Safe),
    ("aggressive", Reuse::Aggressive),
    ("always", Reuse::Always),
];

/// The mode's name.
pub(crate) fn reuse_name(reuse: Reuse) -> &'static str {
    REUSE.iter().find(|(_, known)| *known == reuse).map_or("", |(name, _)| name)
}

/// How connections to servers are shared is the gateway's own business, but for `never`.
fn reuse(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let at = cx.words.here();
    let text = cx.words.next().map_or("", |word| word.text.as_str());
    let Some((_, reuse)) = REUSE.iter().find(|(name, _)| *name == text) else {
        let message = "'http-reuse' only supports 'never', 'safe', 'aggressive', 'always'.";
        let meant = suggest::nearest(text, REUSE.map(|(name, _)| name));
        return Err(Diagnostic::alert(at, message).suggest(meant));
    };
    if let Some(word) = cx.words.peek() {
        let message = format!("'http-reuse {text}' cannot handle unexpected argument '{}'.", word.text);
        return Err(Diagnostic::alert(word.span, message));
    }
    cx.target.settings.connections.reuse = *reuse;
    match reuse {
        Reuse::Safe => {} // the way it is
        Reuse::Aggressive | Reuse::Always => {
            super::tell(cx, "http-reuse", "idle connections to servers are shared where that is safe");
        }
        Reuse::Never => {
            let refusal = Diagnostic::not_yet(at, "'http-reuse never'");
            return Err(refusal.hint("use 'option httpclose' or 'option http-server-close'"));
        }
    }
    Ok(())
}

fn name_header(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let Some(word) = cx.words.next() else {
        return Err(cx.words.error("'http-send-name-header' requires a header string."));
    };
    cx.target.settings.connections.name_header = Some(word.text.clone());
    Ok(())
}

const EVENTS: [(&str, RetryEvent); 7] = [
    ("none", RetryEvent::None),
    ("conn-failure", RetryEvent::ConnFailure),
    ("empty-response", RetryEvent::EmptyResponse),
    ("junk-response", RetryEvent::JunkResponse),
    ("response-timeout", RetryEvent::ResponseTimeout),
    ("0rtt-rejected", RetryEvent::EarlyDataRejected),
    ("all-retryable-errors", RetryEvent::All),
];

/// The statuses that `retry-on` takes; 421 and 429 came after 2.6.
const RETRIED: [u16; 12] = [401, 403, 404, 408, 421, 425, 429, 500, 501, 502, 503, 504];

/// The event's word.
pub(crate) fn event_name(event: RetryEvent) -> String {
    match event {
        RetryEvent::Status(status) => status.to_string(),
        other => EVENTS.iter().find(|(_, known)| *known == other).map_or("", |(name, _)| name).to_owned(),
    }
}

fn retry_on(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    if cx.words.is_empty() {
        let message = "'retry-on' needs at least one keyword to specify when to retry";
        return Err(cx.words.error(message));
    }
    let mut events = Vec::new();
    let alone = cx.words.remaining() == 1;
    for word in cx.words.by_ref() {
        let event = event(word)?;
        if event == RetryEvent::None && !alone {
            return Err(Diagnostic::alert(word.span, "'retry-on' 'none' keyworld only usable alone"));
        }
        if !events.contains(&event) {
            events.push(event);
        }
    }
    cx.target.settings.connections.retry_on = events;
    Ok(())
}

fn event(word: &Word) -> Result<RetryEvent, Diagnostic> {
    let status = || word.text.parse().ok().filter(|status| RETRIED.contains(status)).map(RetryEvent::Status);
    let named = EVENTS.iter().find(|(name, _)| *name == word.text).map(|(_, event)| *event);
    named.or_else(status).ok_or_else(|| {
        let meant = suggest::nearest(&word.text, EVENTS.map(|(name, _)| name));
        let message = format!("'retry-on': unknown keyword '{}'", word.text);
        Diagnostic::alert(word.span, message).suggest(meant)
    })
}

fn namespace(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let name = cx.expect("a name")?.text.clone();
    cx.target.settings.connections.namespace = Some(name);
    Ok(())
}

fn fcgi_app(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let Some(word) = cx.words.next() else {
        return Err(cx.words.error("'use-fcgi-app' expects <name> as argument"));
    };
    let app = &cx.target.settings.connections.fcgi_app;
    if app.as_ref().is_some_and(|app| *app != word.text) {
        let message = "'use-fcgi-app' : only one fcgi-app supported per backend";
        return Err(Diagnostic::alert(word.span, message));
    }
    let referred = Reference::to(Referred::FcgiApp, word);
    cx.target.settings.references.push(referred);
    cx.target.settings.connections.fcgi_app = Some(word.text.clone());
    Ok(())
}

fn external(cx: &mut Context<'_, Proxy>, what: &str) -> Result<String, Diagnostic> {
    match cx.words.next() {
        Some(word) => {
            if let Some(more) = cx.words.peek() {
                let message = format!("'external-check' cannot handle unexpected argument '{}'.", more.text);
                return Err(Diagnostic::alert(more.span, message));
            }
            Ok(word.text.clone())
        }
        None => Err(cx.words.error(format!("missing argument after '{what}'."))),
    }
}

fn unknown(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let Some(got) = cx.words.peek_text() else {
        return Err(cx.words.error("missing argument after 'external-check'."));
    };
    let message = format!("'external-check' only supports 'command' and 'path'. but got '{got}'.");
    Err(cx.words.error(message).suggest(suggest::nearest(got, ["command", "path"])))
}
