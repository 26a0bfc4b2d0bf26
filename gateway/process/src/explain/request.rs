//! A request in memory: what expressions read and rules change, with nobody on either side.

use std::net::IpAddr;
use std::ops::ControlFlow;
use std::time::SystemTime;

use config::model::{Backend, BindAddress, Frontend};
use expr::{LogField, Side, Tls, Txn};
use http::{HeaderName, Method};
use rules::Message;

use super::entrance::Door;
use super::question::{Line, Question};

/// The request as the rules have made it so far.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) target: Vec<u8>,
    pub(crate) lines: Vec<Line>,
    source: IpAddr,
    source_port: Option<u16>,
    destination: Option<IpAddr>,
    destination_port: u16,
    tls: Option<Tls>,
    frontend: (String, u32),
    listener: Option<(String, u32)>,
    backend: Option<(String, u32)>,
    /// The start line as it came.
    line: String,
}

impl Request {
    /// The request as it comes through a door.
    pub(crate) fn new(question: &Question, door: &Door, frontend: &Frontend) -> Self {
        let bind = door.bind.and_then(|place| Some((place, frontend.binds.get(place)?)));
        let bound = bind.and_then(|(_, bind)| match bind.address {
            BindAddress::Tcp(address) => Some(address),
            BindAddress::Unix(_)
            | BindAddress::Abstract(_)
            | BindAddress::AbstractZ(_)
            | BindAddress::Fd(_)
            | BindAddress::SockPair(_)
            | BindAddress::Quic(_) => None,
        });
        let tls = question.tls.then(|| Tls {
            sni: question.host.clone().filter(|_| question.address().is_none()),
            version: "TLSv1.3".to_owned(),
            cipher: "TLS_AES_256_GCM_SHA384".to_owned(),
            ..Tls::default()
        });
        let fixed = bound.map(|address| address.ip()).filter(|ip| !ip.is_unspecified());
        let target = String::from_utf8_lossy(&question.target);
        Self {
            method: question.method.clone(),
            line: format!("{} {target} HTTP/1.1", question.method),
            target: question.target.clone(),
            lines: question.lines.clone(),
            source: question.from,
            source_port: question.from_port,
            destination: question.address().or(fixed),
            destination_port: bound.map_or(question.any_port(), |address| address.port()),
            tls,
            frontend: (frontend.name.clone(), frontend.id),
            listener: bind
                .map(|(place, bind)| (bind.own_name().to_owned(), u32::try_from(place + 1).unwrap_or(1))),
            backend: None,
        }
    }

    /// Its backend is known from here on.
    pub(crate) fn goes_to(&mut self, backend: &Backend) {
        self.backend = Some((backend.name.clone(), backend.id));
    }

    /// The client's address.
    pub(crate) fn client(&self) -> IpAddr {
        self.source
    }

    /// The port that the client connected to.
    pub(crate) fn port(&self) -> u16 {
        self.destination_port
    }

    /// The values of a name.
    pub(crate) fn values<'a>(&'a self, name: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        self.lines.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_slice())
    }
}

fn named(named: &(String, u32)) -> (&str, u32) {
    (&named.0, named.1)
}

impl Txn for Request {
    fn source(&self) -> Option<IpAddr> {
        Some(self.source)
    }

    fn source_port(&self) -> Option<u16> {
        self.source_port
    }

    fn destination(&self) -> Option<IpAddr> {
        self.destination
    }

    fn destination_port(&self) -> Option<u16> {
        Some(self.destination_port)
    }

    fn tls(&self) -> Option<&Tls> {
        self.tls.as_ref()
    }

    fn method(&self) -> Option<&[u8]> {
        Some(self.method.as_str().as_bytes())
    }

    fn request_line(&self) -> Option<&[u8]> {
        Some(self.line.as_bytes())
    }

    fn uri(&self) -> Option<&[u8]> {
        Some(&self.target)
    }

    fn version(&self) -> Option<(u8, u8)> {
        Some((1, 1))
    }

    fn headers<'a>(
        &'a self,
        side: Side,
        name: Option<&HeaderName>,
        visit: &mut dyn FnMut(&'a [u8], &'a [u8]) -> ControlFlow<()>,
    ) {
        if side == Side::Response {
            return;
        }
        let wanted = name.map(|name| name.as_str().as_bytes());
        for (name, value) in self.lines.iter().filter(|(name, _)| wanted.is_none_or(|wanted| name == wanted))
        {
            if visit(name, value).is_break() {
                return;
            }
        }
    }

    fn frontend(&self) -> Option<(&str, u32)> {
        Some(named(&self.frontend))
    }

    fn backend(&self) -> Option<(&str, u32)> {
        self.backend.as_ref().map(named)
    }

    fn listener(&self) -> Option<(&str, u32)> {
        self.listener.as_ref().map(named)
    }

    /// As it would be on the wire, which is near enough to HAProxy's own form.
    fn request_length(&self) -> u64 {
        let lines: usize =
            self.lines.iter().map(|(name, value)| name.len() + value.len() + ": \r\n".len()).sum();
        (self.line.len() + lines + "\r\n\r\n".len()) as u64
    }

    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn log_field(&self, field: LogField, out: &mut Vec<u8>) -> bool {
        let text = self.field(field.tag());
        out.extend(text.iter().flat_map(|text| text.bytes()));
        text.is_some()
    }
}

impl Request {
    /// The tags that are known before any server is asked.
    fn field(&self, tag: &str) -> Option<String> {
        let uri = self.line.split(' ').nth(1).unwrap_or_default();
        let query = uri.find('?').unwrap_or(uri.len());
        Some(match tag {
            "ci" => self.source.to_canonical().to_string(),
            "cp" => self.source_port?.to_string(),
            "fi" => self.destination?.to_canonical().to_string(),
            "fp" => self.destination_port.to_string(),
            "f" => self.frontend.0.clone(),
            "ft" => format!("{}{}", self.frontend.0, if self.tls.is_some() { "~" } else { "" }),
            "b" => self.backend.as_ref().unwrap_or(&self.frontend).0.clone(),
            "r" => self.line.clone(),
            "HM" => self.line.split(' ').next()?.to_owned(),
            "HU" => uri.to_owned(),
            "HP" | "HPO" => uri[..query].to_owned(),
            "HQ" => uri[query..].to_owned(),
            "HV" => "HTTP/1.1".to_owned(),
            "sslv" => self.tls.as_ref()?.version.clone(),
            "sslc" => self.tls.as_ref()?.cipher.clone(),
            _ => return None,
        })
    }
}

/// Whether a value can stand in a header line.
fn is_value(value: &[u8]) -> bool {
    !value.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0))
}

impl Message for Request {
    fn txn(&self) -> &dyn Txn {
        self
    }

    fn side(&self) -> Side {
        Side::Request
    }

    fn add_header(&mut self, name: &[u8], value: &[u8]) {
        if is_value(value) {
            self.lines.push((name.to_vec(), value.to_vec()));
        }
    }

    fn del_header(&mut self, name: &[u8]) {
        self.lines.retain(|(known, _)| known != name);
    }

    fn retain_headers(&mut self, keep: &mut dyn FnMut(&[u8], &[u8]) -> bool) {
        self.lines.retain(|(name, value)| keep(name, value));
    }

    fn rewrite_headers(&mut self, name: &[u8], value: &mut dyn FnMut(&[u8]) -> Option<Vec<u8>>) {
        for (_, line) in self.lines.iter_mut().filter(|(known, _)| known == name) {
            if let Some(new) = value(line).filter(|new| is_value(new)) {
                *line = new;
            }
        }
    }

    fn set_uri(&mut self, uri: Vec<u8>) {
        if !uri.is_empty() && uri.iter().all(|byte| *byte > b' ' && *byte != 0x7f) {
            self.target = uri;
        }
    }

    fn set_method(&mut self, method: Vec<u8>) {
        if let Ok(method) = Method::from_bytes(&method) {
            self.method = method;
        }
    }

    fn set_status(&mut self, _status: u16) {}
}
