//! Every example of the table of actions, in HAProxy and in the gateway. What it does is what differs from the same
//! exchange without it: lines that the origin got, that the client got, and of the log. In `http-request`, or else in the
//! first of its rule sets, that is what the row says; in the others it is the same in both.

use crate::support::client::Client;
use crate::support::message::Message;
use crate::support::origin::{After, Origin, Script};
use crate::support::subject::{Config, Kind, Subject, kind};
use crate::support::syslog::Syslog;
use expr::Phase;
use rules::{ACTIONS, Row};
use std::fmt::Write as _;
use std::time::Duration;

const REQUEST: &str = "GET /a//b?x=1&y=2 HTTP/1.1\r\nHost: www.example.com\r\nAccept: a, b\r\nX-A: 1\r\nX-Ab: 2\r\n\
    Content-Length: 12\r\n\r\na=1&b=2&c=34";
const RESPONSE: &str = "HTTP/1.1 200 OK\r\nServer: origin\r\nAccept: a, b\r\nX-A: 1\r\nX-Ab: 2\r\nContent-Length: 5\r\n\r\nhello";

/// How long a line is waited for that may never come.
const PATIENCE: Duration = Duration::from_secs(1);

/// What is said instead of what a rule does that is not taken.
const REFUSED: &str = "refused";
/// The same where the gateway says that it is not supported yet.
const NOT_YET: &str = "not supported yet";

#[derive(Default)]
struct Count {
    compared: usize,
    newer: usize,
    later: usize,
    sets: usize,
}

pub(super) fn every_row() {
    let (mut count, mut wrong) = (Count::default(), String::new());
    for row in ACTIONS {
        count.compared += usize::from(row.since.is_none());
        count.newer += usize::from(row.since.is_some());
        count.later += usize::from(row.later.is_some());
        count.sets += row.phases.len();
        judge(row, &mut wrong);
    }
    println!(
        "rows: action: {}, {} compared with HAProxy in {} rule sets, {} of later HAProxy, {} not yet performed here",
        ACTIONS.len(),
        count.compared,
        count.sets,
        count.newer,
        count.later
    );
    assert!(wrong.is_empty(), "{wrong}");
}

fn judge(row: &Row, wrong: &mut String) {
    let theirs = row.since.is_none().then(|| effects(row, Kind::Haproxy));
    let ours = (kind() == Kind::Gateway && row.later.is_none()).then(|| effects(row, Kind::Gateway));
    for (who, effects) in [("HAProxy", &theirs), ("the gateway", &ours)] {
        let shown = row.phases.iter().position(|phase| *phase == Phase::HttpRequest).unwrap_or(0);
        let effect = effects.as_ref().and_then(|effects| effects.get(shown));
        if let Some(effect) = effect.filter(|effect| *effect != row.effect) {
            let _ =
                writeln!(wrong, "'{}' in {who} does {effect:?}, the row says {:?}", row.example, row.effect);
        }
    }
    let (Some(theirs), Some(ours)) = (theirs, ours) else { return };
    for (phase, (theirs, ours)) in row.phases.iter().zip(theirs.iter().zip(&ours)) {
        // later versions of HAProxy have more rule sets for some
        let later = theirs == REFUSED && ours != REFUSED || ours == NOT_YET;
        if theirs != ours && !later {
            let _ = writeln!(
                wrong,
                "'{} {}' does\n    {theirs:?} in HAProxy and\n    {ours:?} in the gateway",
                rule_set(*phase),
                row.example
            );
        }
    }
}

/// What a row's example does in each of its rule sets.
fn effects(row: &Row, kind: Kind) -> Vec<String> {
    let stage = Stage::new(row, row.phases, kind);
    if let Some(plain) = stage.exchange("PLAIN") {
        let exchanges = (0..row.phases.len()).map(|at| stage.exchange(&format!("IN{at}")));
        return exchanges.map(|seen| difference(&plain, &seen.unwrap_or_default())).collect();
    }
    // one that is refused takes all others with it
    let alone = |phase: &Phase| {
        let stage = Stage::new(row, std::slice::from_ref(phase), kind);
        let Some(plain) = stage.exchange("PLAIN") else {
            let not_yet = stage.subject.stderr().contains(NOT_YET);
            return if not_yet { NOT_YET } else { REFUSED }.to_owned();
        };
        difference(&plain, &stage.exchange("IN0").unwrap_or_default())
    };
    row.phases.iter().map(alone).collect()
}

/// Lines that are there in one and not in the other; of a message or a log line that is gone as a whole, no more.
fn difference(plain: &[String], seen: &[String]) -> String {
    let mut parts = Vec::new();
    for kind in ["< ", "> ", "log "] {
        let of = |lines: &[String]| {
            lines.iter().filter(|line| line.starts_with(kind)).cloned().collect::<Vec<_>>()
        };
        let (plain, seen) = (of(plain), of(seen));
        if seen.is_empty() && !plain.is_empty() {
            parts.push(format!("no {}", kind.trim()));
            continue;
        }
        let gone = plain.iter().filter(|line| !seen.contains(line)).map(|line| format!("-{line}"));
        let new = seen.iter().filter(|line| !plain.contains(line)).map(|line| format!("+{line}"));
        parts.extend(gone.chain(new));
    }
    parts.join(" | ")
}

/// The words in front of an action.
fn rule_set(phase: Phase) -> &'static str {
    match phase {
        Phase::TcpConnection => "tcp-request connection",
        Phase::TcpSession => "tcp-request session",
        Phase::TcpContent => "tcp-request content",
        Phase::TcpResponse => "tcp-response content",
        Phase::HttpResponse => "http-response",
        Phase::HttpAfterResponse => "http-after-response",
        _ => "http-request",
    }
}

/// A subject with a frontend for each rule set, and one without the rule.
struct Stage {
    subject: Subject,
    origin: Origin,
    syslog: Syslog,
    /// The rule lets the client wait for nothing.
    silent: bool,
    /// The rule closes the server's connection: whether the request has gone by then is a matter of time.
    closes: bool,
    /// The lines that are logged of an exchange with the rule.
    lines: usize,
    phases: Vec<Phase>,
}

impl Stage {
    fn new(row: &Row, phases: &[Phase], kind: Kind) -> Self {
        let origin = Origin::scripted(vec![Script::new("", RESPONSE, After::Close)]);
        let syslog = Syslog::start();
        let mut text = format!("{HEAD}{}", sections(row));
        text += &proxies("PLAIN", row, None);
        for (at, phase) in phases.iter().enumerate() {
            text += &proxies(&format!("IN{at}"), row, Some(*phase));
        }
        let everybody =
            || ["192.0.2.10".to_owned()].into_iter().chain((0..9).map(|n| format!("192.0.2.10{n}")));
        let listed: Vec<String> = match row.name {
            "del-acl" | "del-map" => everybody().collect(),
            _ => vec!["10.0.0.1".to_owned()],
        };
        let mut config = Config::new(text)
            .file("seen.lst", listed.join("\n"))
            .file("names.map", listed.join(" somebody\n") + " somebody\n")
            .var("ORIGIN", origin.addr())
            .var("LOG", format!("127.0.0.1:{}", syslog.addr().port()))
            .bind("PLAIN");
        for at in 0..phases.len() {
            config = config.bind(&format!("IN{at}"));
        }
        let (silent, closes) = (row.name == "silent-drop", row.name == "close");
        Self {
            subject: config.in_its_directory().start_as(kind),
            origin,
            syslog,
            silent,
            closes,
            lines: if row.name == "do-log" { 2 } else { 1 },
            phases: phases.to_vec(),
        }
    }

    /// Whether the rule is asked when a connection comes.
    fn is_early(&self, name: &str) -> bool {
        let number = name.trim_start_matches("IN").parse::<usize>().ok();
        number.and_then(|number| self.phases.get(number)) == Some(&Phase::TcpConnection)
    }

    /// What is seen of an exchange; nothing where the configuration is refused.
    fn exchange(&self, name: &str) -> Option<Vec<String>> {
        self.origin.drain();
        let before = self.syslog.count();
        // one that is rejected may be reset before it is there
        let mut client = Client::try_connect(self.subject.addr(name)).ok();
        // tables are everybody's, so each comes from elsewhere
        let source = format!("192.0.2.10{}", name.trim_start_matches(|c: char| !c.is_ascii_digit()));
        let mut seen = Vec::new();
        if let Some(client) = &mut client {
            let silent = self.silent && name != "PLAIN";
            // what comes when a connection is forgotten is answered by the kernel
            let early = silent && self.is_early(name) && client.is_silent_for(PATIENCE);
            client.send(format!("PROXY TCP4 {source} 198.51.100.1 40000 443\r\n{REQUEST}"));
            let waits = silent && !early && client.is_silent_for(PATIENCE);
            seen.extend((early || waits).then(|| "< nothing, and no end".to_owned()));
            while !waits && let Some(response) = client.try_response("GET") {
                seen.extend(shown('<', &response));
                if response.status() >= 200 {
                    break;
                }
            }
        }
        drop(client);
        if seen.is_empty() && self.subject.has_ended() {
            return None;
        }
        for request in self.origin.drain().iter().filter(|_| !self.closes) {
            seen.extend(shown('>', request));
        }
        let lines = if name == "PLAIN" { 1 } else { self.lines };
        let line = self.syslog.after(before, "log ", lines, PATIENCE);
        seen.extend(line.iter().flat_map(|line| line.split(' ').skip(1)).map(|field| format!("log {field}")));
        Some(seen.into_iter().map(|line| line.replace(&source, "192.0.2.10")).collect())
    }
}

/// A message in lines; the name of the proxy is not of interest.
fn shown(sign: char, message: &Message) -> Vec<String> {
    let head = String::from_utf8_lossy(&message.head).trim_end().to_owned();
    let mut lines: Vec<String> = head.lines().map(|line| format!("{sign} {line}")).collect();
    let text = message.text();
    if text.starts_with("# HELP ") {
        // metrics are never twice the same, and of no length that HAProxy knows before they are written
        lines.retain(|line| !line.contains("content-length:") && !line.contains("transfer-encoding:"));
        lines.push(format!("{sign} = # HELP …"));
    } else if !text.is_empty() {
        lines.push(format!("{sign} = {}", text.escape_debug()));
    }
    lines
}

const HEAD: &str = "global\n  expose-experimental-directives\n\
    userlist people\n  user ali insecure-password open:sesame\n\
    defaults\n  mode http\n  timeout connect 5s\n  timeout client 5s\n  timeout server 5s\n  timeout tarpit 10ms\n  \
    log \"${LOG}\" format raw local0\n\
    backend t\n  stick-table type ip size 100 expire 60s store gpt0,gpc0,gpc1,conn_cnt,http_req_cnt\n\
    backend arrays\n  stick-table type ip size 100 expire 60s store gpt(2),gpc(2),conn_cnt,http_req_cnt\n";

/// Tags and samples that an action may change.
const LOG: &str = "log %ci %cp %ST %ts hr=%hr hs=%hs a=%[var(txn.a)] dst=%[dst]:%[dst_port] tracked=%[sc0_tracked] \
    t=%[sc0_get_gpc0],%[sc0_get_gpc1],%[sc0_get_gpt0] arrays=%[sc_get_gpc(0,0)],%[sc_get_gpt(0,0)] \
    prio=%[prio_class],%[prio_offset] seen=%[src,map_ip(names.map)]";

fn sections(row: &Row) -> &'static str {
    match row.name {
        "cache-use" | "cache-store" => "cache small\n  total-max-size 4\n",
        "do-resolve" => {
            "resolvers dns\n  nameserver a 127.0.0.1:9\n  resolve_retries 1\n  timeout retry 10ms\n  timeout resolve 10ms\n"
        }
        _ => "",
    }
}

/// A frontend and a backend with the example in one of them.
fn proxies(name: &str, row: &Row, phase: Option<Phase>) -> String {
    let proxy = name.to_lowercase();
    let accept = if row.name == "expect-proxy" && phase.is_some() { "" } else { " accept-proxy" };
    // before the PROXY line has come, everybody is the same client
    let tracking = if phase == Some(Phase::TcpConnection) { "connection" } else { "session" };
    let track = |table| format!("  tcp-request {tracking} track-sc0 src table {table}\n");
    let tracks = match row.name {
        "sc-inc-gpc" | "sc-set-gpt" | "sc-add-gpc" => track("arrays"),
        name if name.starts_with("sc-") => track("t"),
        _ => String::new(),
    };
    let before = match row.name {
        "unset-var" => "  tcp-request content set-var(txn.a) str(was)\n",
        _ => "",
    };
    let filter = match row.name {
        "set-bandwidth-limit" => "  filter bwlim-out slow default-limit 1m default-period 1s\n",
        _ => "",
    };
    let mode = if row.name == "switch-mode" && phase.is_some() { "  mode tcp\n" } else { "" };
    let rule =
        phase.map(|phase| format!("{filter}  {} {}\n", rule_set(phase), row.example)).unwrap_or_default();
    let of_backend =
        matches!(phase, Some(Phase::HttpResponse | Phase::TcpResponse)) || row.name == "set-timeout";
    let (front, back) = if of_backend { ("", &*rule) } else { (&*rule, "") };
    format!(
        "frontend {proxy}\n  bind \"fd@${{{name}}}\"{accept}\n  log-format \"{LOG}\"\n  \
         declare capture request len 16\n  declare capture response len 16\n  acl seen src -f seen.lst\n\
         {mode}{tracks}{before}{front}  http-after-response set-header x-seen yes if seen\n  default_backend {proxy}-app\n\
         backend {proxy}-app\n{back}  server s \"${{ORIGIN}}\"\n"
    )
}
