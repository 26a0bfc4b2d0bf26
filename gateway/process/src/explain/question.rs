//! What is asked: the words of `gateway explain`, understood.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use http::{HeaderName, Method};

use crate::args;

/// A header line: name in lower case, value.
pub(crate) type Line = (Vec<u8>, Vec<u8>);

/// A request that somebody might send, and from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    pub(crate) method: Method,
    /// The URL as it was given.
    pub(crate) url: String,
    /// The request's target.
    pub(crate) target: Vec<u8>,
    /// The URL's host; a URL that begins with `/` has none.
    pub(crate) host: Option<String>,
    /// The URL's port, if it names one.
    pub(crate) port: Option<u16>,
    /// Whether the client speaks TLS.
    pub(crate) tls: bool,
    /// The header lines, `host` among them.
    pub(crate) lines: Vec<Line>,
    /// The client's address.
    pub(crate) from: IpAddr,
    /// The client's port, if it was given.
    pub(crate) from_port: Option<u16>,
    /// The frontend that `--frontend` names.
    pub(crate) frontend: Option<String>,
}

impl Question {
    /// Understands the words.
    pub(crate) fn read(words: &args::Explain) -> Result<Self, String> {
        let [method, url] = words.request.as_slice() else {
            return Err(format!("expects a method and a URL, got {} words", words.request.len()));
        };
        let method =
            Method::from_bytes(method.as_bytes()).map_err(|_| format!("'{method}' is not a method"))?;
        let parts = Url::read(url)?;
        let tls = words.tls || parts.scheme == Some("https");
        let (from, from_port) = client(words.from.as_deref())?;
        let mut lines = words.headers.iter().map(|text| header(text)).collect::<Result<Vec<_>, _>>()?;
        if !lines.iter().any(|(name, _)| name == b"host")
            && let Some(host) = parts.host_line(tls)
        {
            lines.insert(0, (b"host".to_vec(), host.into_bytes()));
        }
        Ok(Self {
            method,
            url: url.clone(),
            target: parts.target.into_bytes(),
            host: parts.host.map(|host| host.trim_matches(['[', ']']).to_owned()),
            port: parts.port,
            tls,
            lines,
            from,
            from_port,
            frontend: words.frontend.clone(),
        })
    }

    /// The port that the client connects to.
    pub(crate) fn any_port(&self) -> u16 {
        self.port.unwrap_or(usual_port(self.tls))
    }

    /// The host, where it is an address.
    pub(crate) fn address(&self) -> Option<IpAddr> {
        self.host.as_ref()?.parse().ok()
    }
}

fn usual_port(tls: bool) -> u16 {
    if tls { 443 } else { 80 }
}

/// The parts of a URL.
#[derive(Debug, PartialEq, Eq)]
struct Url<'a> {
    scheme: Option<&'a str>,
    /// As written: an IPv6 address in its brackets.
    host: Option<String>,
    port: Option<u16>,
    target: String,
}

impl<'a> Url<'a> {
    fn read(url: &'a str) -> Result<Self, String> {
        if let Some(bad) = url.chars().find(|c| c.is_whitespace() || c.is_control()) {
            return Err(format!("'{url}' holds {bad:?}, which a URL writes as %XX"));
        }
        if url == "*" || url.starts_with('/') {
            let target = url.split('#').next().unwrap_or_default().to_owned();
            return Ok(Self { scheme: None, host: None, port: None, target });
        }
        let (scheme, rest) = match url.split_once("://") {
            Some((scheme @ ("http" | "https"), rest)) => (Some(scheme), rest),
            Some((scheme, _)) if !scheme.contains(['/', '?']) => {
                return Err(format!("'{scheme}' is neither http nor https"));
            }
            _ => (None, url),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(end);
        let tail = tail.split('#').next().unwrap_or_default();
        let target = if tail.starts_with('/') { tail.to_owned() } else { format!("/{tail}") };
        let authority = authority.rsplit('@').next().unwrap_or_default();
        let (host, port) = split_port(authority)?;
        if host.is_empty() {
            return Err(format!("'{url}' names no host"));
        }
        Ok(Self { scheme, host: Some(host.to_owned()), port, target })
    }

    /// The value of `host` as clients write it: without a port that goes without saying.
    fn host_line(&self, tls: bool) -> Option<String> {
        let host = self.host.as_ref()?;
        Some(match self.port.filter(|port| *port != usual_port(tls)) {
            Some(port) => format!("{host}:{port}"),
            None => host.clone(),
        })
    }
}

fn split_port(authority: &str) -> Result<(&str, Option<u16>), String> {
    let behind = authority.rfind(']').map_or(0, |at| at + 1);
    let Some(colon) = authority[behind..].find(':').map(|at| at + behind) else {
        return Ok((authority, None));
    };
    let port = &authority[colon + 1..];
    let number = port.parse().map_err(|_| format!("'{port}' is not a port"))?;
    Ok((&authority[..colon], Some(number)))
}

/// `Name: value`.
fn header(text: &str) -> Result<Line, String> {
    let (name, value) = text.split_once(':').ok_or_else(|| format!("'{text}' is not 'Name: value'"))?;
    let name =
        HeaderName::from_bytes(name.as_bytes()).map_err(|_| format!("'{name}' is not a header's name"))?;
    let value = value.trim();
    if value.contains(['\r', '\n', '\0']) {
        return Err(format!("the value of '{name}' holds what a header line cannot carry"));
    }
    Ok((name.as_str().as_bytes().to_vec(), value.as_bytes().to_vec()))
}

/// `--from`: an address, perhaps with a port; this machine by default.
fn client(text: Option<&str>) -> Result<(IpAddr, Option<u16>), String> {
    let Some(text) = text else { return Ok((Ipv4Addr::LOCALHOST.into(), None)) };
    let with_port = text.parse::<SocketAddr>().map(|address| (address.ip(), Some(address.port())));
    let alone = text.trim_matches(['[', ']']).parse::<IpAddr>().map(|ip| (ip, None));
    with_port.or(alone).map_err(|_| format!("'{text}' is not an address"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(method: &str, url: &str, headers: &[&str]) -> Result<Question, String> {
        Question::read(&args::Explain {
            request: vec![method.to_owned(), url.to_owned()],
            headers: headers.iter().map(|&text| text.to_owned()).collect(),
            ..args::Explain::default()
        })
    }

    #[test]
    fn a_url_is_taken_apart() {
        for (url, host, port, tls, target, line) in [
            ("http://h/a?b", Some("h"), None, false, "/a?b", Some("h")),
            ("https://h:443/", Some("h"), Some(443), true, "/", Some("h")),
            ("h:8080/a", Some("h"), Some(8080), false, "/a", Some("h:8080")),
            ("http://[::1]:81?x#y", Some("::1"), Some(81), false, "/?x", Some("[::1]:81")),
            ("http://me@h", Some("h"), None, false, "/", Some("h")),
            ("/a/b?u=http://x#c", None, None, false, "/a/b?u=http://x", None),
            ("h?u=http://x", Some("h"), None, false, "/?u=http://x", Some("h")),
            ("*", None, None, false, "*", None),
        ] {
            let read = read("GET", url, &[]).unwrap();
            let text = String::from_utf8(read.target).unwrap();
            assert_eq!((read.host.as_deref(), read.port, read.tls), (host, port, tls), "{url}");
            assert_eq!(text, target, "{url}");
            let value = read.lines.first().map(|(_, value)| String::from_utf8(value.clone()).unwrap());
            assert_eq!(value.as_deref(), line, "{url}");
        }
    }

    #[test]
    fn a_host_that_is_given_is_taken() {
        let read = read("POST", "http://h/", &["X-A:  b ", "Host: other"]).unwrap();
        let lines = [("x-a", "b"), ("host", "other")].map(|(n, v)| (n.into(), v.into()));
        assert_eq!(read.lines, lines);
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for (method, url, header, expected) in [
            ("G T", "/", "a: b", "'G T' is not a method"),
            ("GET", "ftp://h/", "a: b", "'ftp' is neither http nor https"),
            ("GET", "http://h:x/", "a: b", "'x' is not a port"),
            ("GET", "http:///a", "a: b", "'http:///a' names no host"),
            ("GET", "/a b", "a: b", "'/a b' holds ' ', which a URL writes as %XX"),
            ("GET", "/", "a b", "'a b' is not 'Name: value'"),
            ("GET", "/", "a b: c", "'a b' is not a header's name"),
            ("GET", "/", "a: b\nc", "the value of 'a' holds what a header line cannot carry"),
        ] {
            assert_eq!(read(method, url, &[header]).unwrap_err(), expected);
        }
        assert_eq!(client(Some("nowhere")).unwrap_err(), "'nowhere' is not an address");
        assert_eq!(client(Some("[::1]:80")).unwrap(), ("::1".parse().unwrap(), Some(80)));
    }
}
