//! What `defaults` hand down: a line there means what it means in the sections that inherit it, for every keyword that
//! may stand in `defaults`, and the installed HAProxy takes the same of them.
//!
//! The lines are those of `testdata/oracle/*.lines` that hold one line of a proxy, and those of [`MORE`].

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use lang::Facts;

use crate::cfg::{BACKEND, DEFAULTS, FRONTEND, Index, Keyword, LISTEN, Sections, Status};
use crate::draft::Proxy;
use crate::load;
use crate::lower::PROXY_TABLES;
use crate::model::Model;
use crate::oracle;
use crate::world::World;

/// Keywords of which the lists have no line that loads; behind `+` what HAProxy 2.6 does not know.
#[rustfmt::skip]
const MORE: &[&str] = &[
    "backlog 5", "+ compression algo-req gzip", "+ compression algo-res gzip", "+ compression minsize-req 1k",
    "+ compression minsize-res 1k", "+ compression type-req a/b", "+ compression type-res a/b", "default-server weight 5 inter 3s",
    "disabled", "enabled", "error-log-format x", "errorfile 503 /dev/null", "errorloc 503 /x", "errorloc302 503 /x",
    "errorloc303 503 /x", "external-check command /bin/true", "external-check path /bin", "fullconn 5",
    "+ hash-preserve-affinity always", "http-check connect port 1", "http-check send-state", "http-check set-var(check.a) int(1)",
    "http-check set-var-fmt(check.a) x", "http-check unset-var(check.a)", "http-error status 503 content-type text/plain string x",
    "log-format x", "log-format-sd x", "log-tag x", "maxconn 5", "+ option accept-unsafe-violations-in-http-response",
    "option tcp-check", "tcp-check connect port 1", "tcp-check expect string x", "tcp-check send x", "tcp-check send-binary 00",
    "tcp-check send-binary-lf 00", "tcp-check send-lf x", "tcp-check set-var(check.a) int(1)", "tcp-check set-var-fmt(check.a) x",
    "tcp-check unset-var(check.a)", "tcp-request inspect-delay 1s", "tcp-response inspect-delay 1s", "unique-id-header x",
    "+ option assume-rfc6587-ntf", "+ option dont-parse-log",
];

/// Keywords whose lines name what only a whole configuration has, and those with a name in brackets behind them.
#[rustfmt::skip]
const ELSEWHERE: &[&str] = &[
    "default_backend", "errorfiles", "namespace", "option external-check", "http-check set-var", "http-check set-var-fmt",
    "http-check unset-var", "tcp-check set-var", "tcp-check set-var-fmt", "tcp-check unset-var",
];

/// Lines that HAProxy judges otherwise in `defaults`, each for a reason of its own.
const OTHERWISE: &[&str] = &[
    // it does not look for names in an ACL of `defaults` that no rule uses
    "acl a nbsrv(nope) gt 1",
    "acl a http_auth(x)",
    "acl a nbsrv(x)",
    "acl a sc0_conn_cur(x) gt 1",
    "acl a src_conn_cur(x) gt 1",
    "acl a srv_is_up(x/y)",
    "acl a table_cnt(x)",
    // it takes every `defaults` section for a frontend's here
    "unique-id-format %[be_name]",
    // it takes no time for no interval, and then reads none
    "stats refresh",
];

/// Keywords that say nothing where they stand alone, and something where they are handed down, or the other way round:
/// a backend does not heed them, and `compression offload` is no word for `defaults`.
const ONE_WAY: &[&str] =
    &["option httplog", "option httpslog", "option tcplog", "log-format", "compression offload"];

/// What a line needs around it.
const BASE: &str = " mode http\n timeout client 1s\n timeout server 1s\n timeout connect 1s\n";

/// Every keyword that may stand in `defaults`, with lines that begin with it, and whether HAProxy 2.6 knows a line.
fn lines() -> BTreeMap<&'static str, BTreeSet<(String, bool)>> {
    let index = Index::new(PROXY_TABLES);
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/oracle");
    let files = std::fs::read_dir(dir).unwrap().map(|file| file.unwrap().path());
    let texts = files.map(|file| std::fs::read_to_string(file).unwrap()).collect::<Vec<_>>();
    let listed = texts.iter().flat_map(|text| text.lines()).filter_map(|line| {
        let (section, body) = line.trim_start_matches(['~', '+', ' ']).split_once(':')?;
        let alone = ["frontend", "backend", "listen", "defaults", "named"].contains(&section);
        Some((body.trim(), !line.starts_with('+'))).filter(|(body, _)| alone && !body.contains(";;"))
    });
    let mut found: BTreeMap<&str, BTreeSet<(String, bool)>> =
        rows().map(|row| (row.name, BTreeSet::new())).collect();
    for (line, known) in
        listed.chain(MORE.iter().map(|line| (line.trim_start_matches("+ "), !line.starts_with('+'))))
    {
        let Ok(words) = lang::lex_line(line) else { continue };
        let words =
            if words.first().is_some_and(|word| word.text == "no") { &words[1..] } else { &words[..] };
        let Some((row, _)) = index.find(words) else { continue };
        if let Some(lines) = found.get_mut(row.name) {
            lines.insert((line.to_owned(), known));
        }
    }
    found
}

fn rows() -> impl Iterator<Item = &'static Keyword<Proxy>> {
    let all = PROXY_TABLES.iter().flat_map(|rows| rows.iter());
    all.filter(|row| row.sections.meets(DEFAULTS) && matches!(row.status, Status::Parse(_)) && !row.family)
}

/// A section with lines of its own, and of the `defaults` that it names.
fn text(kind: Sections, inherited: &str, own: &str) -> String {
    let ends = match kind {
        FRONTEND => " bind :8002\n",
        BACKEND => " server s 192.0.2.1:80\n",
        _ => " bind :8002\n server s 192.0.2.1:80\n",
    };
    format!("defaults base\n{BASE}{inherited}{} p from base\n{own}{ends}", kind.name())
}

/// The model of a text, if it may be acted on some day, and what is wrong if not.
fn model(text: &str) -> Result<Model, String> {
    let world = World { texts: vec![("h.cfg".into(), text.into())], vars: vec![("FD", "3")] };
    let loaded = load(&["h.cfg".into()], &world, &world, &Facts::default());
    let wrong = loaded.diagnostics.iter().find(|one| one.severity == lang::Severity::Alert && !one.later);
    let message = wrong.map(|one| one.message.clone()).unwrap_or_default();
    loaded.model.or(loaded.ahead).map(|model| model.without_places()).ok_or(message)
}

#[test]
fn every_keyword_of_defaults_has_a_line_that_loads() {
    let lines = lines();
    let loads = |(line, _): &(String, bool)| {
        model(&text(BACKEND, &format!(" {line}\n"), "")).is_ok()
            || model(&text(FRONTEND, &format!(" {line}\n"), "")).is_ok()
    };
    let named = lines.iter().filter(|(name, _)| !ELSEWHERE.contains(name));
    let without: Vec<_> = named.filter(|(_, lines)| !lines.iter().any(loads)).map(|(name, _)| name).collect();
    assert!(without.is_empty(), "no line for {without:?}");
}

#[test]
fn a_line_of_defaults_means_what_it_means_in_the_section() {
    let (mut compared, mut wrong) = (0, Vec::new());
    let lines = lines();
    let all = rows()
        .filter(|row| !ONE_WAY.contains(&row.name))
        .flat_map(|row| lines[row.name].iter().map(move |(line, _)| (row, line)));
    for (row, line) in all {
        let line = format!(" {line}\n");
        for kind in [FRONTEND, BACKEND, LISTEN].into_iter().filter(|kind| row.sections.meets(*kind)) {
            let (handed, own) = (model(&text(kind, &line, "")), model(&text(kind, "", &line)));
            compared += usize::from(handed.is_ok());
            match (handed, own) {
                (Ok(handed), Ok(own)) if handed == own => {}
                (Ok(_), Ok(_)) => wrong.push(format!("{}:{line}    the models are other ones", kind.name())),
                (Err(why), Ok(_)) if !by_rule(&why) => {
                    wrong.push(format!("{}:{line}    only there: {why}", kind.name()));
                }
                _ => {}
            }
        }
    }
    println!("{compared} compared");
    assert!(compared > 300, "only {compared} compared");
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// What HAProxy does not permit in `defaults`, or not in all.
fn by_rule(why: &str) -> bool {
    [
        "a listen section cannot inherit from a defaults section defining TCP/HTTP rules",
        "a frontend section cannot inherit from a defaults section defining",
        "a backend section cannot inherit from a defaults section defining",
        "proxy 'base', referenced in arg 1",
        "backend name must be set in arg 1",
    ]
    .iter()
    .any(|rule| why.starts_with(rule))
}

#[test]
fn haproxy_takes_the_same_lines_in_defaults() {
    let dir = std::env::temp_dir().join(format!("gateway-defaults-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let lines = lines();
    let mut cases = Vec::new();
    for row in rows() {
        let kind = if row.sections.meets(FRONTEND) { FRONTEND } else { BACKEND };
        let known =
            lines[row.name].iter().filter(|(line, known)| *known && !OTHERWISE.contains(&line.as_str()));
        cases.extend(known.map(|(line, _)| text(kind, &format!(" {line}\n"), "")));
    }
    let files: Vec<_> = (0..cases.len()).map(|at| dir.join(format!("{at}.cfg"))).collect();
    files.iter().zip(&cases).for_each(|(file, case)| std::fs::write(file, case).unwrap());
    let said = oracle::ask_all(&files, &[]);
    std::fs::remove_dir_all(dir).unwrap();
    let mut wrong = Vec::new();
    for (case, said) in cases.iter().zip(said).filter(|(_, said)| said.answered) {
        match model(case) {
            Ok(_) if !said.accepts => wrong.push(format!("{case}HAProxy: {:?}", said.alerts)),
            Err(why) if said.accepts => wrong.push(format!("{case}here: {why}")),
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{} of {} wrong:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn no_takes_back_what_defaults_say() {
    let (mut compared, mut wrong) = (0, Vec::new());
    let lines = lines();
    for row in rows().filter(|row| row.negatable) {
        for (line, _) in lines[row.name].iter().filter(|(line, _)| !line.starts_with("no ")) {
            for kind in [FRONTEND, BACKEND, LISTEN].into_iter().filter(|kind| row.sections.meets(*kind)) {
                let no = format!(" no {}\n", row.name);
                let taken_back = model(&text(kind, &format!(" {line}\n"), &no));
                let (Ok(taken_back), Ok(never)) = (taken_back, model(&text(kind, "", &no))) else { continue };
                compared += 1;
                if taken_back != never {
                    wrong.push(format!("{}: {line}", kind.name()));
                }
            }
        }
    }
    println!("{compared} compared");
    assert!(compared > 60, "only {compared} compared");
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
