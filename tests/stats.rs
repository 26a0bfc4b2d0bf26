//! The stats socket.

use crate::support::cases::Cases;
use crate::support::client::{Client, get};
use crate::support::deadline::{PATIENCE, eventually, within};
use crate::support::origin::Origin;
use crate::support::ports;
use crate::support::subject::{Config, Subject};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;

pub(crate) fn cases(cases: &mut Cases) {
    cases.test("stats::show_info_names_its_values", info);
    cases.test("stats::show_stat_counts_traffic", stat);
    cases.test("stats::show_version_and_help_answer", version);
    cases.test("stats::several_commands_on_one_line", several);
    cases.test("stats::a_peer_that_has_half_closed_gets_its_answer", half_closed);
    cases.test("stats::an_unknown_command_gets_the_help", unknown);
    cases.test("stats::tcp_and_inherited_sockets_answer_too", tcp);
}

fn start() -> (Subject, Origin) {
    let origin = Origin::plain();
    let subject = Config::new(
        "global\n  maxconn 4567\n  stats socket \"${DIR}/stats.sock\" mode 600 level admin\n  stats socket \"ipv4@127.0.0.1:${PORT}\" level admin\n  stats socket \"fd@${STATS}\"\n\
         defaults\n  mode http\n  timeout client 5s\n  timeout server 5s\n  timeout connect 5s\n\
         frontend front\n  bind \"fd@${FRONT}\"\n  http-request deny if { path /deny }\n  default_backend app\n\
         backend app\n  server one \"${ORIGIN}\"\n  server two 127.0.0.1:1 disabled\n",
    )
    .bind("FRONT")
    .bind("STATS")
    .var("PORT", ports::free())
    .var("ORIGIN", origin.addr())
    .start();
    eventually("the stats socket", || UnixStream::connect(subject.path("stats.sock")).ok());
    (subject, origin)
}

fn ask(subject: &Subject, command: &str) -> String {
    let mut stream = UnixStream::connect(subject.path("stats.sock")).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(format!("{command}\n").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn info() {
    let (subject, _origin) = start();
    let answer = ask(&subject, "show info");
    let values: BTreeMap<&str, &str> = answer.lines().filter_map(|l| l.split_once(": ")).collect();
    for name in [
        "Name",
        "Version",
        "Nbthread",
        "Pid",
        "Uptime",
        "Uptime_sec",
        "Ulimit-n",
        "Maxsock",
        "Maxconn",
        "CurrConns",
        "CumConns",
        "CumReq",
        "MaxConnRate",
        "ConnRate",
        "Tasks",
        "Idle_pct",
        "node",
    ] {
        assert!(values.contains_key(name), "{name} is missing in {answer}");
    }
    assert_eq!(values["Maxconn"], "4567");
    assert_eq!(values["Pid"], subject.pid().to_string());
    assert!(answer.ends_with("\n\n"), "an empty line ends the answer");
}

/// Columns by name, of rows by proxy and server.
type Rows = BTreeMap<(String, String), BTreeMap<String, String>>;

/// The rows of `show stat` by (proxy, server), each by column.
fn rows(csv: &str) -> Rows {
    let mut lines = csv.lines();
    let header: Vec<&str> = lines.next().unwrap().trim_start_matches("# ").split(',').collect();
    let row = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        let named = header.iter().zip(&fields).map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        ((fields[0].to_owned(), fields[1].to_owned()), named)
    };
    lines.filter(|l| !l.is_empty()).map(row).collect()
}

fn stat() {
    let (subject, _origin) = start();
    for _ in 0..3 {
        get(subject.addr("FRONT"), "/");
    }
    get(subject.addr("FRONT"), "/deny");
    let csv = ask(&subject, "show stat");
    assert!(csv.starts_with("# pxname,svname,qcur,qmax,scur,smax,slim,stot,bin,bout,dreq,dresp,ereq,econ,eresp,wretr,wredis,status,weight,act,bck,chkfail,chkdown,lastchg,downtime,qlimit,"), "{csv}");
    // The answer may be with the client before the last counter is.
    let mut last = Vec::new();
    let settled = within(PATIENCE / 4, || {
        last = wrong(&rows(&ask(&subject, "show stat")));
        last.is_empty().then_some(())
    });
    assert!(settled.is_some(), "{last:#?}");
    let rows = rows(&ask(&subject, "show stat"));
    let field = |p: &str, s: &str, f: &str| rows[&(p.to_owned(), s.to_owned())][f].clone();
    for column in ["bin", "bout"] {
        assert!(field("app", "one", column).parse::<u64>().unwrap() > 80, "{column}");
    }
}

/// The fields that are not as the traffic of [`stat`] makes them.
fn wrong(rows: &Rows) -> Vec<String> {
    #[rustfmt::skip]
    let expected = [
        ("front", "FRONTEND", "stot", "4"), ("front", "FRONTEND", "req_tot", "4"), ("front", "FRONTEND", "hrsp_2xx", "3"), ("front", "FRONTEND", "hrsp_4xx", "1"), ("front", "FRONTEND", "dreq", "1"),
        ("front", "FRONTEND", "status", "OPEN"), ("app", "BACKEND", "stot", "3"), ("app", "BACKEND", "status", "UP"), ("app", "one", "stot", "3"), ("app", "one", "status", "no check"), ("app", "two", "status", "MAINT"),
    ];
    let differs = |(p, s, f, value): &(&str, &str, &str, &str)| {
        let seen = rows.get(&((*p).to_owned(), (*s).to_owned())).and_then(|row| row.get(*f));
        (seen.map(String::as_str) != Some(value)).then(|| format!("{p}/{s} {f}: {seen:?}, not {value}"))
    };
    expected.iter().filter_map(differs).collect()
}

fn version() {
    let (subject, _origin) = start();
    let version = ask(&subject, "show version");
    assert!(version.starts_with(|c: char| c.is_ascii_digit()), "{version}");
    let help = ask(&subject, "help");
    for command in ["show info", "show stat", "help"] {
        assert!(help.contains(command), "{help}");
    }
}

fn several() {
    let (subject, _origin) = start();
    let answer = ask(&subject, "show version; show info;show stat");
    assert!(answer.contains("\nMaxconn: 4567\n") && answer.contains("# pxname,"), "{answer}");
}

fn half_closed() {
    let (subject, _origin) = start();
    let mut stream = UnixStream::connect(subject.path("stats.sock")).unwrap();
    stream.write_all(b"show info\n").unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("Maxconn: 4567"), "{answer}");
}

fn unknown() {
    let (subject, _origin) = start();
    let answer = ask(&subject, "nonsense");
    assert!(answer.starts_with("Unknown command"), "{answer}");
}

fn tcp() {
    let (subject, _origin) = start();
    let mut client = Client::connect(subject.addr("STATS"));
    client.send("show info\n");
    assert!(String::from_utf8_lossy(&client.rest()).contains("Maxconn: 4567"));
}
