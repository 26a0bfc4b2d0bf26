//! A transaction in memory, for the tests.

use std::borrow::Cow;
use std::io;
use std::net::IpAddr;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use http::HeaderName;
use table::{Data, Key, Kind, Millis, Spec, Store, Tables, Tracked};

use crate::auth::{Password, User, Userlist};
use crate::{
    Figure, Hello, LogField, Phase, ProxyLine, Scope, ServerLink, Shape, SharedVars, Side, Subject, TcpInfo,
    Tls, Txn, TxnVars, Value, Var,
};

/// What a request and its answer hold.
pub(crate) struct World {
    pub(crate) uri: String,
    pub(crate) method: String,
    pub(crate) request: Vec<(String, String)>,
    pub(crate) response: Vec<(String, String)>,
    pub(crate) raw: Vec<u8>,
    pub(crate) tls: Tls,
    pub(crate) status: Option<u16>,
    pub(crate) more: bool,
    pub(crate) source: IpAddr,
    pub(crate) vars: TxnVars,
    pub(crate) body: Vec<u8>,
    pub(crate) link: ServerLink,
    pub(crate) line: ProxyLine,
    pub(crate) tables: Tables,
    pub(crate) tracked: Tracked,
    /// What every tag of log formats yields that is a number, and every other one, instead of values of their own.
    pub(crate) logged: Option<(&'static str, &'static str)>,
}

/// What the world's proxies and servers are at: those of a process that has one connection.
#[rustfmt::skip]
const FIGURES: &[(Figure, i64)] = &[
    (Figure::AverageQueue, 0), (Figure::BackendConnections, 1), (Figure::BackendFree, -1), (Figure::BackendRate, 4),
    (Figure::Slots, -1), (Figure::ServersUp, 1), (Figure::Queue, 0), (Figure::FrontendConnections, 1),
    (Figure::RequestRate, 7), (Figure::FrontendRate, 8), (Figure::ServerConnections, 0), (Figure::ServerFree, -1),
    (Figure::ServerUp, 1), (Figure::InitialWeight, 1), (Figure::UserWeight, 1), (Figure::Weight, 1),
    (Figure::ServerQueue, 0), (Figure::ServerRate, 15), (Figure::SocketConnections, 1),
    (Figure::ClientTimeout, 5000), (Figure::ServerTimeout, 5000), (Figure::TunnelTimeout, 0),
    (Figure::CurrentServerTimeout, 5000), (Figure::CurrentTunnelTimeout, 0),
];

fn lines(text: &[(&str, &str)]) -> Vec<(String, String)> {
    text.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

const SECRETS: [&str; 6] = [
    "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
    "SERVER_HANDSHAKE_TRAFFIC_SECRET",
    "CLIENT_TRAFFIC_SECRET_0",
    "SERVER_TRAFFIC_SECRET_0",
    "EXPORTER_SECRET",
    "CLIENT_RANDOM",
];

fn tls() -> Tls {
    Tls {
        sni: Some("www.example.com".to_owned()),
        version: "TLSv1.3".to_owned(),
        cipher: "TLS_AES_256_GCM_SHA384".to_owned(),
        alpn: Some("http/1.1".to_owned()),
        group: "X25519",
        session: vec![0x5E, 0x55],
        secrets: SECRETS.map(|label| (label, vec![0xA5; 48])).to_vec(),
        certificate: Some(include_bytes!("../testdata/client.der").to_vec()),
        own_certificate: Some(include_bytes!("../testdata/client.der").to_vec()),
        hello: Hello::read(include_bytes!("../testdata/hello.bin"), 4096),
        ..Tls::default()
    }
}

/// The moment of the sample request on the clock of the tables.
const NOW: Millis = 1_000_000;

/// A table with everything, one with arrays, an empty one; the first has an entry for the client, which is tracked. Its
/// values are their kinds' places in the listing.
fn tables() -> (Tables, Tracked) {
    let store = |data: Data, count| Store { data, count, period: if data.is_rate() { 10_000 } else { 0 } };
    let spec = |name: &str, store: Vec<Store>| Spec {
        name: name.to_owned(),
        kind: Kind::Ip,
        size: 100,
        expire: Some(Duration::from_secs(60)),
        nopurge: false,
        store,
    };
    let all = Data::ALL.iter().filter(|data| !data.is_array()).map(|data| store(*data, 1)).collect();
    let arrays = [Data::Gpt, Data::Gpc, Data::GpcRate].map(|data| store(data, 2)).to_vec();
    let few = [Data::Gpc0, Data::Gpc0Rate, Data::ConnCnt].map(|data| store(data, 1)).to_vec();
    let tables = Tables::build([spec("t", all), spec("arrays", arrays), spec("empty", few)], None);
    let key = Key::Ip([192, 0, 2, 7].into());
    let [first, arrays, _] = tables.iter().collect::<Vec<_>>()[..] else { panic!("three tables") };
    let tracked = first.track(&key, NOW).expect("there is room");
    for (place, data) in (0_u64..).zip(Data::ALL) {
        let unit = if matches!(data, Data::BytesInCnt | Data::BytesOutCnt) { 1024 } else { 1 };
        tracked.change(NOW, |entry| entry.set(*data, 0, place * unit));
    }
    arrays.put(&key, NOW, |entry| {
        for (data, value) in [(Data::Gpc, 30), (Data::Gpt, 40), (Data::GpcRate, 50)] {
            entry.set(data, 0, value);
            entry.set(data, 1, value + 1);
        }
    });
    (tables, tracked)
}

fn vars() -> TxnVars {
    let mut vars = TxnVars::new(None, Some(std::sync::Arc::new(SharedVars::default())));
    vars.refresh();
    vars
}

impl World {
    /// The request that the tables' examples are about.
    pub(crate) fn sample() -> Self {
        let (tables, tracked) = tables();
        Self {
            tables,
            tracked,
            logged: None,
            uri: "/a/b?x=1&y=2".to_owned(),
            method: "GET".to_owned(),
            request: lines(&[
                ("Host", "www.example.com"),
                ("Accept", "a, b"),
                ("Cookie", "sid=abc; n=5"),
                ("Content-Length", "12"),
                ("X-Forwarded-For", "10.0.0.1, 10.0.0.2"),
                ("Authorization", "Basic YWxpOm9wZW46c2VzYW1l"),
                ("X-Token", "Bearer t0k"),
            ]),
            response: lines(&[
                ("Server", "origin"),
                ("Vary", "a, b"),
                ("Age", "9"),
                ("X-Ip", "10.0.0.3"),
                ("Set-Cookie", "sid=xyz; path=/"),
            ]),
            raw: crate::sample_bytes("", "").0.to_vec(),
            tls: tls(),
            status: None,
            more: false,
            source: IpAddr::from([192, 0, 2, 7]),
            vars: vars(),
            body: b"a=1&b=2&c=34".to_vec(),
            line: ProxyLine {
                authority: Some(b"pp.example.com".to_vec()),
                unique_id: Some(b"pp-7".to_vec()),
            },
            link: ServerLink {
                source: Some(([198, 51, 100, 1], 50_000).into()),
                destination: Some(([203, 0, 113, 5], 8080).into()),
                tls: Some(tls()),
            },
        }
    }

    /// A request for this target with these headers.
    pub(crate) fn get(uri: &str, request: &[(&str, &str)]) -> Self {
        Self { uri: uri.to_owned(), request: lines(request), ..Self::sample() }
    }
}

impl Txn for World {
    fn userlist(&self, name: &str) -> Option<&Userlist> {
        static PEOPLE: OnceLock<Userlist> = OnceLock::new();
        let ali = || User {
            name: "ali".to_owned(),
            password: Some(Password::Insecure("open:sesame".to_owned())),
            groups: vec!["staff".to_owned(), "cooks".to_owned()],
        };
        let list = || Userlist { users: vec![ali()], ..Userlist::default() };
        (name == "people").then(|| PEOPLE.get_or_init(list))
    }
    fn source(&self) -> Option<IpAddr> {
        Some(self.source)
    }
    fn source_port(&self) -> Option<u16> {
        Some(40_000)
    }
    fn destination(&self) -> Option<IpAddr> {
        Some(IpAddr::from([198, 51, 100, 1]))
    }
    fn destination_port(&self) -> Option<u16> {
        Some(443)
    }
    fn tls(&self) -> Option<&Tls> {
        Some(&self.tls)
    }
    fn method(&self) -> Option<&[u8]> {
        Some(self.method.as_bytes())
    }
    fn request_line(&self) -> Option<&[u8]> {
        Some(b"GET /a/b?x=1&y=2 HTTP/1.1")
    }
    fn uri(&self) -> Option<&[u8]> {
        Some(self.uri.as_bytes())
    }
    fn version(&self) -> Option<(u8, u8)> {
        Some((1, 1))
    }
    fn status(&self) -> Option<u16> {
        self.status
    }
    fn response_version(&self) -> Option<(u8, u8)> {
        self.status.map(|_| (1, 1))
    }
    fn headers<'a>(
        &'a self,
        side: Side,
        name: Option<&HeaderName>,
        visit: &mut dyn FnMut(&'a [u8], &'a [u8]) -> ControlFlow<()>,
    ) {
        let list = if side == Side::Request { &self.request } else { &self.response };
        for (known, value) in list {
            let wanted = name.is_none_or(|name| name.as_str().eq_ignore_ascii_case(known));
            if wanted && visit(known.as_bytes(), value.as_bytes()).is_break() {
                return;
            }
        }
    }
    fn frontend(&self) -> Option<(&str, u32)> {
        Some(("www", 2))
    }
    fn backend(&self) -> Option<(&str, u32)> {
        Some(("app", 3))
    }
    fn server(&self) -> Option<(&str, u32)> {
        Some(("s1", 1))
    }
    fn listener(&self) -> Option<(&str, u32)> {
        Some(("sock-1", 1))
    }
    fn raw_request(&self) -> &[u8] {
        &self.raw
    }
    fn more_to_come(&self) -> bool {
        self.more
    }
    fn request_begun(&self) -> Option<SystemTime> {
        self.now().checked_sub(Duration::from_millis(500))
    }
    fn redispatched(&self) -> bool {
        true
    }
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::new(1_700_000_000, 250_000_000)
    }
    fn random(&self) -> u32 {
        0x6b8b_4567
    }
    fn hostname(&self) -> &str {
        "host-a"
    }
    fn unique_id(&self) -> Option<&[u8]> {
        Some(b"id-7")
    }
    fn proxied(&self) -> bool {
        true
    }
    fn tcp_info(&self) -> Option<TcpInfo> {
        let times = TcpInfo { rtt: 1500, rttvar: 700, ..TcpInfo::default() };
        Some(TcpInfo { unacked: 1, sacked: 2, lost: 3, retrans: 4, fackets: 5, reordering: 6, ..times })
    }
    fn server_tcp_info(&self) -> Option<TcpInfo> {
        Some(TcpInfo { rtt: 2500, rttvar: 1700, ..TcpInfo::default() })
    }
    fn proxy_line(&self) -> Option<&ProxyLine> {
        Some(&self.line)
    }
    fn server_link(&self) -> Option<&ServerLink> {
        Some(&self.link)
    }
    fn figure(&self, figure: Figure, of: &Subject) -> Option<i64> {
        if of.proxy.as_deref().is_some_and(|name| !matches!(name, "app" | "www")) {
            return None;
        }
        FIGURES.iter().find(|(known, _)| *known == figure).map(|(_, number)| *number)
    }
    fn default_backend(&self) -> Option<&str> {
        Some("app")
    }
    fn body(&self, side: Side) -> Option<&[u8]> {
        Some(if side == Side::Request { &self.body } else { b"hello" })
    }
    fn body_size(&self, side: Side) -> Option<u64> {
        Some(if side == Side::Request { 12 } else { 5 })
    }
    fn raw_response(&self) -> &[u8] {
        crate::sample_bytes("", "").1
    }
    fn capture(&self, side: Side, slot: usize) -> Option<Cow<'_, [u8]>> {
        (slot == 0).then_some(Cow::Borrowed(if side == Side::Request { b"kept" } else { b"back" }))
    }
    fn defer_capture(&self, _side: Side, slot: usize, _text: &[u8]) -> bool {
        slot == 0
    }
    fn var(&self, var: &Var) -> Option<Value<'_>> {
        self.vars.get(var)
    }
    fn tables(&self) -> Option<&Tables> {
        Some(&self.tables)
    }
    fn tracked(&self, counter: usize) -> Option<&Tracked> {
        (counter == 0).then_some(&self.tracked)
    }
    fn table_clock(&self) -> Millis {
        NOW
    }
    fn var_exists(&self, var: &Var) -> bool {
        self.vars.exists(var)
    }
    fn defer_var(&self, var: &Var, value: Option<Value<'static>>) {
        self.vars.defer(var, value);
    }
    fn log_field(&self, field: LogField, out: &mut Vec<u8>) -> bool {
        let numeric = matches!(field.shape(), Shape::Number | Shape::HexNumber);
        let text = match field.tag() {
            _ if self.logged.is_some_and(|_| numeric) => self.logged.map_or("", |logged| logged.0),
            _ if self.logged.is_some() => self.logged.map_or("", |logged| logged.1),
            "ci" => "192.0.2.7",
            "cp" => "40000",
            "f" => "www",
            "HQ" => "",
            "Ts" => "1700000000",
            "ac" => "21",
            "Tc" => "22",
            "U" => "23",
            "B" => "24",
            "Th" => "25",
            "Tt" => "26",
            "TR" => "27",
            "Ti" => "28",
            "Tw" => "29",
            "Tq" => "30",
            "Td" => "31",
            "Tr" => "32",
            "rc" => "33",
            "ts" => "--",
            "ST" => "200",
            "Ta" => "34",
            "Tu" => "35",
            "r" => "GET /a\"b HTTP/1.1",
            _ => return false,
        };
        out.extend_from_slice(text.as_bytes());
        true
    }
}

/// Files that are there by name: those of the examples, and perhaps others in front of them.
pub(crate) struct Shelf<'a>(&'a [(&'a str, &'a str)]);

impl<'a> Shelf<'a> {
    /// The files of the examples.
    pub(crate) const PLAIN: Shelf<'static> = Shelf(&[]);

    /// The same behind others.
    pub(crate) fn with(files: &'a [(&'a str, &'a str)]) -> Self {
        Self(files)
    }
}

impl lang::Files for Shelf<'_> {
    fn read(&self, path: &Path, _limit: u64) -> io::Result<Vec<u8>> {
        let mut known = self.0.iter().chain(&[PATHS, NETS]).chain(crate::SAMPLE_FILES);
        let found = known.find(|(name, _)| Path::new(name) == path);
        found.map(|(_, text)| text.as_bytes().to_vec()).ok_or(io::ErrorKind::NotFound.into())
    }
    fn list(&self, _dir: &Path) -> io::Result<Vec<PathBuf>> {
        Ok(Vec::new())
    }
    fn is_dir(&self, _path: &Path) -> bool {
        false
    }
    fn exists(&self, _path: &Path) -> bool {
        false
    }
}

const PATHS: (&str, &str) = ("paths.lst", "# comment\n/one\n\n  /two\n #sharp\n");
const NETS: (&str, &str) = ("nets.lst", "10.0.0.0/8\n::1\n");

impl lang::Environment for Shelf<'_> {
    fn get(&self, name: &str) -> Option<String> {
        (name == "COLOUR").then(|| "blue".to_owned())
    }
}

/// A scope over [`Shelf`].
pub(crate) fn scope_at(phase: Phase) -> Scope<'static> {
    Scope::new(phase, &Shelf::PLAIN).with_env(&Shelf::PLAIN)
}

/// The value of an expression as text; empty text when there is no sample is told apart as `None`.
pub(crate) fn evaluate(text: &str, world: &World) -> Option<String> {
    let scope = scope_at(Phase::Anywhere);
    let (expr, used) =
        crate::Expr::parse_text(text, &scope).unwrap_or_else(|bad| panic!("{text}: {}", bad.why));
    assert_eq!(used, text.len(), "{text}");
    evaluate_in(&expr, world)
}

/// The value of an expression that was read before.
pub(crate) fn evaluate_in(expr: &crate::Expr, world: &World) -> Option<String> {
    expr.eval(world).map(|value| String::from_utf8_lossy(&value.into_text()).into_owned())
}

/// The value of the last of some expressions that are evaluated one after the other.
pub(crate) fn evaluate_all(texts: &[&str], world: &World) -> Option<String> {
    let scope = scope_at(Phase::Anywhere);
    let values = texts.iter().map(|text| {
        let (expr, _) =
            crate::Expr::parse_text(text, &scope).unwrap_or_else(|bad| panic!("{text}: {}", bad.why));
        expr.eval(world).map(|value| String::from_utf8_lossy(&value.into_text()).into_owned())
    });
    values.last().flatten()
}

/// The condition of a line in these surroundings, with no ACL but the predefined ones.
pub(crate) fn cond_in(text: &str, scope: &Scope<'_>) -> Result<crate::Cond, lang::Diagnostic> {
    let words = lang::lex_line(text).unwrap_or_else(|_| panic!("{text} lexes"));
    crate::Cond::parse(&mut lang::Words::new(&words, lang::Span::default()), &crate::Acls::default(), scope)
}

/// The condition of a line, with no ACL but the predefined ones.
pub(crate) fn cond(text: &str) -> Result<crate::Cond, lang::Diagnostic> {
    cond_with(text, &crate::Acls::default())
}

/// The condition of a line, with these ACLs.
pub(crate) fn cond_with(text: &str, acls: &crate::Acls) -> Result<crate::Cond, lang::Diagnostic> {
    let words = lang::lex_line(text).unwrap_or_else(|_| panic!("{text} lexes"));
    let mut words = lang::Words::new(&words, lang::Span::default());
    crate::Cond::parse(&mut words, acls, &scope_at(Phase::Anywhere))
}
