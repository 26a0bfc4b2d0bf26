//! `option forwarded`: the line that tells a server of the client in RFC 7239's form.

use std::fmt::{self, Write as _};
use std::net::{IpAddr, SocketAddr};

use config::model::{Forwarded, ForwardedValue};
use expr::Value;

use crate::ctx::Ctx;

/// The value of the line; `None` if there is nothing to tell.
pub(super) fn line(option: &Forwarded, ctx: &Ctx) -> Option<Vec<u8>> {
    let mut parts = Vec::new();
    if option.proto {
        let secure = ctx.connection.as_ref().is_some_and(|connection| connection.tls.is_some());
        parts.push(if secure { "proto=https".to_owned() } else { "proto=http".to_owned() });
    }
    if let Some(host) = option.host.as_ref().and_then(|host| host_of(host, ctx)) {
        parts.push(format!("host=\"{host}\""));
    }
    let ends = [
        ("by", &option.by, &option.by_port, ctx.destination()),
        ("for", &option.for_, &option.for_port, ctx.source()),
    ];
    for (name, node, port, end) in ends {
        if let Some(node) = node {
            parts.push(format!("{name}={}", Node::of(node, port.as_ref(), end, ctx)));
        }
    }
    (!parts.is_empty()).then(|| parts.join(";").into_bytes())
}

/// The host, if it can stand between quotes.
fn host_of(host: &ForwardedValue, ctx: &Ctx) -> Option<String> {
    let host = match host {
        ForwardedValue::Usual => {
            let line = ctx.request.lines.iter().find(|line| line.name == b"host"[..])?;
            String::from_utf8(line.value.to_vec()).ok()?
        }
        ForwardedValue::Expr(expr) => text(expr.eval(&ctx.view(None))?)?,
    };
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=:[]".contains(&byte);
    (!host.is_empty() && host.bytes().all(fits)).then_some(host)
}

fn text(value: Value<'_>) -> Option<String> {
    String::from_utf8(value.into_text().into_owned()).ok()
}

/// Who is at one end (RFC 7239, 6).
#[derive(Debug)]
struct Node {
    name: Name,
    port: Option<Port>,
}

#[derive(Debug)]
enum Name {
    Address(IpAddr),
    /// A token that means something to whoever made it.
    Obscure(String),
    Unknown,
}

#[derive(Debug)]
enum Port {
    Number(u16),
    Obscure(String),
}

impl Node {
    fn of(name: &ForwardedValue, port: Option<&ForwardedValue>, end: Option<SocketAddr>, ctx: &Ctx) -> Self {
        let name = match name {
            ForwardedValue::Usual => end.map_or(Name::Unknown, |end| Name::Address(end.ip().to_canonical())),
            ForwardedValue::Expr(expr) => expr.eval(&ctx.view(None)).map_or(Name::Unknown, Name::of),
        };
        let port = port.and_then(|port| match port {
            ForwardedValue::Usual => end.map(|end| Port::Number(end.port())),
            ForwardedValue::Expr(expr) => expr.eval(&ctx.view(None)).and_then(Port::of),
        });
        Self { name, port }
    }
}

impl Name {
    fn of(value: Value<'_>) -> Self {
        let Some(text) = text(value) else { return Self::Unknown };
        match text.parse::<IpAddr>() {
            Ok(ip) => Self::Address(ip.to_canonical()),
            Err(_) => obscure(text).map_or(Self::Unknown, Self::Obscure),
        }
    }
}

impl Port {
    fn of(value: Value<'_>) -> Option<Self> {
        let text = text(value)?;
        text.parse().map(Self::Number).ok().or_else(|| obscure(text).map(Self::Obscure))
    }
}

/// The token of a text that can be one: it begins with an underscore, so that nobody takes it for an address.
fn obscure(text: String) -> Option<String> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let is_token = !text.is_empty() && text.bytes().all(fits);
    is_token.then(|| if text.starts_with('_') { text } else { format!("_{text}") })
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut node = String::new();
        match &self.name {
            Name::Address(IpAddr::V4(ip)) => write!(node, "{ip}")?,
            Name::Address(IpAddr::V6(ip)) => write!(node, "[{ip}]")?,
            Name::Obscure(token) => node.push_str(token),
            Name::Unknown => node.push_str("unknown"),
        }
        match &self.port {
            Some(Port::Number(port)) => write!(node, ":{port}")?,
            Some(Port::Obscure(token)) => write!(node, ":{token}")?,
            None => {}
        }
        // colons and brackets are not of a token (RFC 9110, 5.6.2)
        if node.contains(':') { write!(f, "\"{node}\"") } else { f.write_str(&node) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(name: Name, port: Option<Port>) -> String {
        Node { name, port }.to_string()
    }

    #[test]
    fn what_is_no_token_stands_between_quotes() {
        let address = |text: &str| Name::Address(text.parse().unwrap());
        assert_eq!(shown(address("192.0.2.1"), None), "192.0.2.1");
        assert_eq!(shown(address("192.0.2.1"), Some(Port::Number(80))), "\"192.0.2.1:80\"");
        assert_eq!(shown(address("::1"), None), "\"[::1]\"");
        assert_eq!(shown(address("::1"), Some(Port::Number(10))), "\"[::1]:10\"");
        assert_eq!(shown(Name::Unknown, None), "unknown");
        assert_eq!(shown(Name::of(Value::Int(7)), Some(Port::Obscure("_x".to_owned()))), "\"_7:_x\"");
    }

    #[test]
    fn texts_are_addresses_tokens_or_nothing_to_be_told() {
        for (given, expected) in [
            ("192.0.2.9", "192.0.2.9"),
            ("2B1F4D63", "_2B1F4D63"),
            ("_haproxy", "_haproxy"),
            ("a b", "unknown"),
            ("\"", "unknown"),
        ] {
            assert_eq!(shown(Name::of(Value::text(given.as_bytes())), None), expected, "{given}");
        }
    }
}
