//! `log-forward` sections (configuration.txt 3.10).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use lang::units::{Family, Host, Kind as Carrier, Port, TimeUnit};
use lang::{Diagnostic, Word, suggest};

use super::named::{Form, Kind};
use super::{Context, Keyword, LOG_FORWARD, bind, keyword, log};
use crate::draft::{Head, Proxy};
use crate::model::{BindAddress, DgramBind};

/// The lines of a section.
#[derive(Debug)]
pub(crate) struct Draft {
    /// Its sockets for connections and its logs, as those of a frontend of this name.
    pub(crate) section: Proxy,
    pub(crate) dgram_binds: Vec<DgramBind>,
    pub(crate) maxconn: Option<u32>,
    pub(crate) backlog: Option<u32>,
    pub(crate) timeout_client: Option<Duration>,
    pub(crate) assume_rfc6587_ntf: bool,
    pub(crate) dont_parse_log: bool,
    pub(crate) host: Option<String>,
}

impl Kind for Draft {
    #[rustfmt::skip]
    const KEYWORDS: &'static [Keyword<Self>] = &[
        keyword("backlog")       .parse(|cx| { cx.target.backlog = Some(integer(cx)?); Ok(()) }),
        keyword("bind")          .parse(|cx| if cx.words.is_empty() { no_address(cx) } else { cx.part(|forward| &mut forward.section, bind::bind) }),
        keyword("dgram-bind")    .parse(dgram_bind),
        keyword("log")           .no().parse(|cx| cx.part(|forward| &mut forward.section, log::proxy)),
        keyword("maxconn")       .parse(|cx| { cx.target.maxconn = Some(integer(cx)?); Ok(()) }),
        keyword("option assume-rfc6587-ntf").flag().no().parse(|cx| { cx.target.assume_rfc6587_ntf = cx.on(); Ok(()) }),
        keyword("option dont-parse-log")    .flag().no().parse(|cx| { cx.target.dont_parse_log = cx.on(); Ok(()) }),
        keyword("option host")   .parse(host),
        keyword("timeout client").parse(timeout_client),
        keyword("timeout")       .family(other_timeout),
    ];
    const FORM: Form = Form::new("log-forward", "missing name for log-forward section.", |name, place| {
        format!("log-forward section '{name}' has the same name as another log-forward section declared at {place}.")
    })
    .unknown(|word| Some(format!("unknown keyword '{word}' in log-forward section.")));

    fn begin(head: &Head) -> Self {
        Self {
            section: Proxy::new(LOG_FORWARD, &head.name, head.span, head.place.clone()),
            dgram_binds: Vec::new(),
            maxconn: None,
            backlog: None,
            timeout_client: None,
            assume_rfc6587_ntf: false,
            dont_parse_log: false,
            host: None,
        }
    }

    fn end(&mut self, head: &Head, notes: &mut lang::Diagnostics) {
        if self.section.binds.is_empty() && self.dgram_binds.is_empty() {
            let message = format!(
                "frontend '{}' has no 'bind' directive. Please declare it as a backend if this was intended.",
                head.name
            );
            notes.warning(head.span, message);
        }
    }
}

/// The digits that the word begins with, none being 0.
fn integer(cx: &mut Context<'_, Draft>) -> Result<u32, Diagnostic> {
    let keyword = cx.keyword;
    let word = cx.word_or(&format!("'{keyword}' expects an integer argument."))?;
    let digits = word.text.bytes().take_while(u8::is_ascii_digit).count();
    let number = word.text.get(..digits).and_then(|text| text.parse().ok()).unwrap_or_default();
    if digits == 0 || digits != word.text.len() {
        let message = format!("'{keyword}' : '{}' is read as {number}, as HAProxy does", word.text);
        cx.notes.warning(word.span, message);
    }
    Ok(number)
}

fn no_address(cx: &mut Context<'_, Draft>) -> Result<(), Diagnostic> {
    let message = format!("'{}' : no address, the line is ignored, as HAProxy does", cx.keyword);
    cx.notes.warning(cx.span, message);
    Ok(())
}

/// What becomes of the host's name in a line (HAProxy 3.2).
const HOSTS: [&str; 4] = ["replace", "fill", "keep", "append"];

fn host(cx: &mut Context<'_, Draft>) -> Result<(), Diagnostic> {
    let word = cx.expect("one of 'replace', 'fill', 'keep', 'append'")?;
    if !HOSTS.contains(&word.text.as_str()) {
        let message = format!("'option host' : unknown mode '{}'.", word.text);
        return Err(Diagnostic::alert(word.span, message).suggest(suggest::nearest(&word.text, HOSTS)));
    }
    cx.target.host = Some(word.text.clone());
    Ok(())
}

fn timeout_client(cx: &mut Context<'_, Draft>) -> Result<(), Diagnostic> {
    let word = cx.word_or("missing timeout client value.")?;
    let time = cx.time_of(&word, TimeUnit::Ms).map_err(|why| {
        let message = format!("timeout : {why} in argument '{}' to 'timeout client'", word.text);
        Diagnostic::alert(word.span, message)
    })?;
    cx.target.timeout_client = Some(time).filter(|time| !time.is_zero());
    cx.ignore_rest();
    Ok(())
}

fn other_timeout(cx: &mut Context<'_, Draft>) -> Result<(), Diagnostic> {
    let which = cx.words.peek_text().unwrap_or_default();
    let message = format!("unknown keyword 'timeout {which}' in log-forward section.");
    Err(cx.words.error(message).suggest(Some("timeout client")))
}

fn dgram_bind(cx: &mut Context<'_, Draft>) -> Result<(), Diagnostic> {
    let Some(word) = cx.words.next().cloned() else { return no_address(cx) };
    let addresses = addresses(cx, &word)
        .map_err(|why| Diagnostic::alert(word.span, format!("'dgram-bind {}' : {why}", word.text)))?;
    let place = cx.place.clone();
    let address = BindAddress::Fd(-1); // each socket has its own
    let mut bind =
        DgramBind { address, name: None, interface: None, namespace: None, transparent: false, place };
    while let Some(option) = cx.words.next() {
        match option.text.as_str() {
            "interface" => bind.interface = Some(value(cx, option, "interface name")?),
            "name" => bind.name = Some(value(cx, option, "name")?),
            "namespace" => bind.namespace = Some(value(cx, option, "namespace id")?),
            "transparent" => bind.transparent = true,
            other => {
                let message = format!("unknown keyword '{other}' in 'log-forward' section");
                let names = ["interface", "name", "namespace", "transparent"];
                let meant = suggest::nearest(other, names);
                return Err(Diagnostic::alert(option.span, message).suggest(meant));
            }
        }
    }
    let sockets = addresses.into_iter().map(|address| DgramBind { address, ..bind.clone() });
    cx.target.dgram_binds.extend(sockets);
    Ok(())
}

fn value(cx: &mut Context<'_, Draft>, option: &Word, what: &str) -> Result<String, Diagnostic> {
    cx.text_or(&format!("'{}' : missing {what}", option.text))
}

/// A port range holds at most this many sockets.
const MAX_RANGE: usize = 4096;

fn addresses(cx: &mut Context<'_, Draft>, word: &Word) -> Result<Vec<BindAddress>, String> {
    let all = super::address::expand(&word.text, cx.world.env);
    let mut found = Vec::new();
    for text in all.split(',').filter(|text| !text.is_empty()) {
        let address = super::address::parse(cx, word, text)?;
        if address.kind == Carrier::Stream {
            return Err(format!("stream-type address not acceptable in '{text}'"));
        }
        let ip = match address.host {
            Host::Ip(ip) => ip,
            Host::Any if address.family == Some(Family::Ipv6) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
            Host::Any => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            Host::Name(_) if address.port == Port::None => {
                return Err(format!("missing port specification in '{text}'"));
            }
            Host::Name(host) => return Err(format!("invalid address: '{host}' in '{text}'")),
            Host::Unix(path) => {
                found.push(BindAddress::Unix(path));
                continue;
            }
            Host::Abstract(name) | Host::AbstractZ(name) => {
                found.push(BindAddress::Abstract(name));
                continue;
            }
            Host::Fd(fd) => {
                found.push(BindAddress::Fd(fd));
                continue;
            }
            Host::SockPair(_) => return Err(format!("stream-type address not acceptable in '{text}'")),
        };
        let ports = match address.port {
            Port::One(port) => port..=port,
            Port::Range(low, high) => low..=high,
            Port::None => return Err(format!("missing port specification in '{text}'")),
            Port::Offset(_) => return Err(format!("port offset not permitted here in '{text}'")),
        };
        found.extend(ports.map(|port| BindAddress::Tcp(SocketAddr::new(ip, port))));
        if found.len() > MAX_RANGE {
            return Err(format!("more than {MAX_RANGE} sockets in one line"));
        }
    }
    Ok(found)
}
