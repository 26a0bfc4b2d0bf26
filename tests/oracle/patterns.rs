//! Maps and ACLs that change at run time: the same commands to both, the same answers, and requests in between that
//! see what changed.

use crate::support::cases::Cases;
use crate::support::client::{Client, get};
use crate::support::subject::{Config, Kind, Subject, kind};

pub(crate) fn cases(cases: &mut Cases) {
    cases.test("oracle::patterns::commands_over_maps_and_acls_answer_as_haproxys", commands);
}

const TEXT: &str = r#"
global
  stats socket "${DIR}/cli.sock" level admin
defaults
  mode http
  timeout client 5s
  timeout server 5s
  timeout connect 5s
frontend f
  bind "fd@${IN}"
  acl one path_beg /x /y
  acl one path_end -i /Z
  acl two hdr_ip(x) -f "${DIR}/nets.lst"
  acl three path -u 7 -f "${DIR}/paths.lst"
  http-request return status 200 content-type text/plain lf-string "%[path,map(${DIR}/m.map,none)] %[path,map_beg(${DIR}/m.map,none)] %[path,map_sub(${DIR}/m.map,none)]" unless one or two or three
  http-request return status 200 content-type text/plain string acl
"#;

const FILES: &[(&str, &str)] = &[
    ("m.map", "# c\n/a be1\n/ab   be2  \n\n\t/abc be3 x y\n/novalue\n/a dup\n"),
    ("nets.lst", "10.0.0.0/8\n::1\n"),
    ("paths.lst", "/p\n # no comment\n"),
];

/// Commands, and targets that are asked for after each.
#[rustfmt::skip]
const STEPS: &[&str] = &[
    "show map", "show acl", "show map MAP", "show map #1", "show acl #0", "show acl #7", "show acl #99", "show acl NETS", "show acl PATHS", "show map nope", "show acl nope",
    "get map MAP", "get map nope x", "get acl #1 /x1", "get acl #1 /Z", "get acl #1 /az", "get acl #0 /xx", "get acl #0", "get acl NETS 10.2.3.4", "get acl NETS xx",
    "add map", "add map MAP", "add map MAP k", "add map MAP /k v w", "show map MAP", "add acl #0 /foo", "add acl #0", "add acl NETS xx", "add acl NETS 192.0.2.0/24", "add acl", "add acl nope a",
    "set map", "set map MAP k", "set map MAP /k v2 z", "set map MAP nokey v2", "set map nope a b", "set map MAP #0xfffffff v",
    "del map MAP", "del map MAP /k", "del map MAP /k", "del acl #0 /foo", "del acl #0 /foo", "del acl #0", "del map MAP #0xfffffff",
    "set map MAP /a be9", "show map MAP", "del acl NETS 10.0.0.0/8", "show acl NETS",
    "prepare map MAP", "prepare acl #0", "prepare acl nope", "prepare map", "add map @1 MAP /q r", "show map @1 MAP", "show map @0 MAP", "show map @7 MAP", "show map MAP",
    "commit map", "commit map MAP", "commit map @0 MAP", "commit map @7 MAP", "commit map @1 MAP", "show map MAP", "commit map @1 MAP", "commit acl @1 nope",
    "add map MAP <<\n/k1 v1\n/k2 v2 v3\n", "show map MAP", "add map MAP <<\nkx\n", "add map nope <<\nv w\n",
    "clear map", "clear map @9 MAP", "clear map MAP", "show map MAP", "clear acl #1", "show acl #1", "clear acl nope", "clear acl",
];

const TARGETS: &[&str] = &["/a", "/abc/d", "/k", "/q", "/k2", "/foo", "/z/Z"];

fn commands() {
    let (ours, theirs) = (Stage::new(kind()), Stage::new(Kind::Haproxy));
    let mut wrong = Vec::new();
    for step in STEPS {
        let (mine, other) = (ours.answer(step), theirs.answer(step));
        if mine != other {
            wrong.push(format!("{step}: {mine:?}, HAProxy {other:?}"));
        }
        for target in TARGETS {
            let [mine, other] = [&ours, &theirs].map(|stage| get(stage.subject.addr("IN"), target).text());
            let body = |text: &str| text.rsplit("\r\n").next().unwrap_or_default().to_owned();
            if body(&mine) != body(&other) {
                wrong.push(format!("{target} after {step}: {mine}, HAProxy {other}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

struct Stage {
    subject: Subject,
}

impl Stage {
    fn new(kind: Kind) -> Self {
        let files = FILES.iter().fold(Config::new(TEXT), |config, (name, text)| config.file(name, text));
        Self { subject: files.bind("IN").start_as(kind) }
    }

    /// The answer without what differs from run to run: addresses of entries, and how many structures there are.
    fn answer(&self, step: &str) -> Vec<String> {
        let path = |name: &str| self.subject.path(name).display().to_string();
        let command = step.replace("MAP", &path("m.map")).replace("NETS", &path("nets.lst"));
        let command = command.replace("PATHS", &path("paths.lst"));
        // the first request tells that the sockets are there
        let _ = get(self.subject.addr("IN"), "/");
        let mut client = Client::unix(&self.subject.path("cli.sock"));
        client.send(format!("{command}\n"));
        let answer = String::from_utf8_lossy(&client.rest()).into_owned();
        let home = self.subject.dir().path().display().to_string();
        answer
            .replace(&home, "DIR")
            .lines()
            .filter(|line| !line.contains("'httpclient'"))
            .map(masked)
            .collect()
    }
}

fn masked(line: &str) -> String {
    let line = match line.split_once(' ') {
        Some((id, rest)) if id.starts_with("0x") => format!("0x {rest}"),
        _ => line.to_owned(),
    };
    line.split(" entry_cnt=").next().unwrap_or_default().to_owned()
}
