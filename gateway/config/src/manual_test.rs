//! Every example of HAProxy's manual, in each kind of section, through the installed HAProxy and through the loader.
//!
//! The manual is read where Debian's package puts it. A block that begins with a section is a file; any other is put
//! into a section of each kind, where most of its lines do not belong: what is said of those is compared too. Backends
//! that a block sends requests to are added.

use std::process::Command;

use crate::oracle_test::{Case, HTTP, compare};

const MANUAL: &str = "/usr/share/doc/haproxy/configuration.txt.gz";

/// What begins a section.
const SECTIONS: &[&str] = &[
    "global",
    "defaults",
    "frontend",
    "backend",
    "listen",
    "userlist",
    "peers",
    "resolvers",
    "mailers",
    "http-errors",
    "ring",
    "log-forward",
    "cache",
    "fcgi-app",
    "program",
];

/// The sections that any other block is put into.
const PLACES: &[&str] =
    &["frontend f\n bind :8002", "backend b0", "listen l\n bind :8003", "defaults", "global"];

/// Blocks in which one of the two says something else, by what is in them: the place, a part of the text, how (as in
/// the lists of `oracle_test`), and why.
#[rustfmt::skip]
const OTHERWISE: &[(&str, &str, char, &str)] = &[
    ("", "acl auth_ok http_auth_group(L1) G1\n http-request auth unless", '~', "HAProxy prints memory that it has given back"),
    ("", "acl site_dead nbsrv(dynamic) lt 2", '~', "HAProxy gathers such errors under a heading"),
    ("", "acl srv1_full srv_sess_rate(be1/srv1)", '~', "HAProxy gathers such errors under a heading"),
    ("", "acl abuse src_http_req_rate gt 10", '~', "HAProxy gathers such errors under a heading"),
    ("", "dyn1:80 minconn 100 maxconn 1000", '+', "names of servers need not resolve here"),
    ("", "crt mycerts/srv.pem ...", '~', "of a line that is refused files are not looked for"),
    ("", "http-request set-timeout server req.hdr(host),map_int(host.lst)", '~', "HAProxy knows no fetch that begins so when it reads a time"),
    ("", "load-server-state-from-file", '~', "there are no files of states"),
    ("global", "external-check command", '~', "HAProxy 3 takes 'preserve-env'"),
    ("global", "external-check path", '~', "HAProxy 3 takes 'preserve-env'"),
    ("", "tcp-request content use-service lua.deny", '~', "services are looked for in HTTP's rules alone"),
    ("f", "track-sc0 src,debug(track-sc)", '~', "the ring that 'debug' writes to is not kept"),
    ("l", "track-sc0 src,debug(track-sc)", '~', "the ring that 'debug' writes to is not kept"),
    ("b0", "use_backend big_farm if", '~', "HAProxy looks at bytes in lines that are ignored"),
    ("b0", "use_backend bk_acme if", '~', "HAProxy looks at bytes in lines that are ignored"),
];

/// The manual's lines.
fn manual() -> Vec<String> {
    let output = Command::new("zcat").arg(MANUAL).output().expect("zcat is there");
    assert!(output.status.success(), "{MANUAL} is missing: install haproxy");
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// What stands behind `Example:`, on its line and further in.
fn examples(lines: &[String]) -> Vec<Vec<&str>> {
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(line) = lines.get(at) {
        at += 1;
        let text = line.trim_start();
        let Some(rest) = text.strip_prefix("Examples").or_else(|| text.strip_prefix("Example")) else {
            continue;
        };
        let Some(rest) = rest.trim_start().strip_prefix(':') else { continue };
        let further = |next: &&String| next.trim().is_empty() || indent(next) > indent(line);
        let body: Vec<&str> = lines[at..].iter().take_while(further).map(|line| line.trim()).collect();
        at += body.len();
        let beside =
            Some(rest.trim()).filter(|rest| rest.starts_with("bind ") || rest.starts_with("server "));
        let body = beside.into_iter().chain(body);
        found.push(body.filter(|line| !line.is_empty() && !line.starts_with(">>>")).collect());
    }
    found
}

/// The backends that a block names and does not have.
fn backends(block: &[&str]) -> String {
    let second = |keywords: &[&str]| {
        let words = block.iter().map(|line| line.split_whitespace().collect::<Vec<_>>());
        words
            .filter_map(|words| match words.as_slice() {
                [first, name, ..] if keywords.contains(first) => Some((*name).to_owned()),
                _ => None,
            })
            .collect::<std::collections::BTreeSet<String>>()
    };
    let plain =
        |name: &&String| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    let own = second(&["backend", "listen"]);
    let named = second(&["use_backend", "default_backend"]);
    named.difference(&own).filter(plain).map(|name| format!("backend {name}\n")).collect()
}

/// The files that a block becomes.
fn cases(block: &[&str]) -> Vec<Case> {
    let first = block.iter().find(|line| !line.starts_with('#')).unwrap_or(&"");
    let first = first.split_whitespace().next().unwrap_or_default();
    let lines: String = block.iter().map(|line| format!(" {line}\n")).collect();
    let lines = lines + &backends(block);
    let (defaults, _) = HTTP.split_once("frontend").unwrap_or_default();
    match SECTIONS.contains(&first) {
        true => vec![case("", format!("{defaults}{lines}"))],
        false => PLACES.iter().map(|place| case(place, format!("{HTTP}{place}\n{lines}"))).collect(),
    }
}

fn case(place: &str, text: String) -> Case {
    let name = place.lines().next().and_then(|line| line.split(' ').next_back()).unwrap_or_default();
    let known = OTHERWISE.iter().find(|(at, part, ..)| (at.is_empty() || *at == name) && text.contains(part));
    Case { mark: known.map_or(' ', |(_, _, mark, _)| *mark), shown: text.clone(), text }
}

#[test]
fn every_example_of_the_manual_is_judged_as_haproxy_judges_it() {
    let lines = manual();
    let blocks = examples(&lines);
    assert!(blocks.len() > 200, "only {} examples were found", blocks.len());
    let cases: Vec<Case> =
        blocks.iter().filter(|block| !block.is_empty()).flat_map(|block| cases(block)).collect();
    let unused: Vec<_> =
        OTHERWISE.iter().filter(|(_, part, ..)| !cases.iter().any(|case| case.text.contains(part))).collect();
    assert!(unused.is_empty(), "no example has these any more: {unused:?}");
    compare(&cases);
}
