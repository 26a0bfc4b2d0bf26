//! `mailers` sections (configuration.txt 3.6).

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use lang::units::{Host, Kind as Carrier, Port};
use lang::{Diagnostic, Word};

use super::named::{self, Form, Kind, check_name};
use super::{Context, Keyword, keyword};
use crate::draft::Head;
use crate::model::{Mailer, Mailers};

/// `timeout mail` where nothing is said.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(10);

impl Kind for Mailers {
    #[rustfmt::skip]
    const KEYWORDS: &'static [Keyword<Self>] = &[
        keyword("mailer") .parse(mailer),
        keyword("timeout").parse(timeout),
    ];
    const FORM: Form = Form::new("mailers", "missing name for mailers section.", |name, place| {
        format!("mailers section '{name}' has the same name as another mailers section declared at {place}.")
    })
    .lenient();

    fn begin(head: &Head) -> Self {
        let (name, place) = (head.name.clone(), head.place.clone());
        Self { name, mailers: Vec::new(), timeout_mail: TIMEOUT, place }
    }
}

fn mailer(cx: &mut Context<'_, Mailers>) -> Result<(), Diagnostic> {
    let usage = "'mailer' expects <name> and <addr>[:<port>] as arguments.";
    let (name, at) = (cx.word_or(usage)?, cx.word_or(usage)?);
    check_name(&name, "server name")?;
    let addr = address(cx, &at)
        .map_err(|why| Diagnostic::alert(at.span, format!("'mailer {}' : {why}", name.text)))?;
    cx.target.mailers.push(Mailer { name: name.text, addr });
    cx.ignore_rest();
    Ok(())
}

fn address(cx: &mut Context<'_, Mailers>, word: &Word) -> Result<SocketAddr, String> {
    let text = &word.text;
    let address = super::address::parse(cx, word, text)?;
    if matches!(address.kind, Carrier::Datagram | Carrier::Quic) {
        return Err(format!("dgram-type address not acceptable in '{text}'"));
    }
    let ip = match address.host {
        Host::Ip(ip) => ip,
        Host::Any => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        Host::Name(_) if address.port == Port::None => {
            return Err(format!("missing port specification in '{text}'"));
        }
        Host::Name(host) => return Err(format!("invalid address: '{host}' in '{text}'")),
        Host::Fd(_) => return Err(format!("a file descriptor is not acceptable here in '{text}'")),
        Host::Unix(_) | Host::Abstract(_) | Host::AbstractZ(_) | Host::SockPair(_) => {
            return Err("TCP not supported for this address family.".to_owned());
        }
    };
    match address.port {
        Port::One(port) => Ok(SocketAddr::new(ip, port)),
        Port::None => Err(format!("missing port specification in '{text}'")),
        Port::Range(..) => Err(format!("port range not permitted here in '{text}'")),
        Port::Offset(_) => Err(format!("port offset not permitted here in '{text}'")),
    }
}

fn timeout(cx: &mut Context<'_, Mailers>) -> Result<(), Diagnostic> {
    let event = cx.word_or("'timeout' expects 'mail' and <time> as arguments.")?;
    if event.text != "mail" {
        let message = format!("'timeout' expects 'mail' and <time> as arguments got '{}'.", event.text);
        return Err(Diagnostic::alert(event.span, message).suggest(Some("mail")));
    }
    let word = cx.word_or("'timeout mail' expects <time> as argument.")?;
    let time = named::time(&word, "timeout mail")?;
    if !time.is_zero() {
        cx.target.timeout_mail = time;
    }
    cx.ignore_rest();
    Ok(())
}
