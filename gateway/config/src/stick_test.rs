//! Stick tables in configurations: what is read, and what is refused in HAProxy's words.

use std::time::Duration;

use lang::{Facts, Severity};
use table::{Data, Kind, Store};

use crate::load;
use crate::model::{Model, ServerKey};
use crate::world::World;

const HTTP: &str = "defaults\n mode http\n timeout client 1s\n timeout server 1s\n timeout connect 1s\n";

/// The model, and what was said.
fn read(text: &str) -> (Option<Model>, Vec<String>) {
    let text = format!("{HTTP}{text}\n");
    let world = World { texts: vec![("t.cfg".into(), text.into_bytes())], vars: Vec::new() };
    let loaded = load(&["t.cfg".into()], &world, &world, &Facts::default());
    let said = loaded.diagnostics.iter().filter(|one| one.severity <= Severity::Warning);
    let said = said.map(|one| one.message.clone()).collect();
    (loaded.model.or(loaded.ahead), said)
}

/// The only thing that is said.
fn refusal(text: &str) -> String {
    let (_, said) = read(text);
    assert_eq!(said.len(), 1, "{text}: {said:#?}");
    said.into_iter().next().unwrap_or_default()
}

fn store(data: Data, count: u32, period: u32) -> Store {
    Store { data, count, period }
}

#[test]
fn a_table_is_read_with_all_its_words() {
    let line = "stick-table type string len 20 size 5k expire 1h nopurge srvkey addr \
                store conn_rate(10s),gpc(2) store gpc_rate(2,1m),gpt0,";
    let (model, said) = read(&format!("backend b\n {line}\n"));
    assert_eq!(said, [""; 0]);
    let table = model.unwrap().backends[0].stick_table.clone().unwrap();
    assert_eq!((table.spec.kind, table.spec.size, table.spec.nopurge), (Kind::String(20), 5120, true));
    assert_eq!((table.spec.expire, table.server_key), (Some(Duration::from_secs(3600)), ServerKey::Address));
    let stored = [
        store(Data::Gpt0, 1, 0),
        store(Data::ConnRate, 1, 10_000),
        store(Data::Gpc, 2, 0),
        store(Data::GpcRate, 2, 60_000),
    ];
    assert_eq!(table.spec.store, stored);
}

#[test]
fn lines_are_refused_in_haproxys_words() {
    for (words, why) in [
        ("", "missing size."),
        ("size 1k", "missing type."),
        ("type", "unknown type ''."),
        ("type foo", "unknown type 'foo'."),
        ("type string len x size 1", "unknown type 'x'."),
        ("type ip len 3 size 1", "unknown argument 'len'."),
        ("type ip size", "missing argument after 'size'."),
        ("type ip size x", "unexpected character 'x' in argument of 'size'."),
        ("type ip size 1kk", "unexpected character 'k' in argument of 'size'."),
        ("type ip size 5g", "unexpected character 'g' in argument of 'size'."),
        ("type ip size 0", "missing size."),
        ("type ip size 1k expire 1x", "unexpected character 'x' in argument of 'expire'."),
        (
            "type ip size 1k expire 30d",
            "timer overflow in argument <30d> to <expire>, maximum value is 2147483647 ms (~24.8 days).",
        ),
        ("type ip size 1k store foo", "unknown store option 'foo'."),
        ("type ip size 1k store gpc", "missing argument to store option 'gpc'."),
        (
            "type ip size 1k store gpc(101)",
            "array size is out of allowed range (1-100) for store option 'gpc'.",
        ),
        ("type ip size 1k store gpc_rate(2)", "missing argument to store option 'gpc_rate'."),
        ("type ip size 1k store gpc_rate(2,1x)", "error when processing store option 'gpc_rate'."),
        ("type ip size 1k store conn_rate(", "missing closing parenthesis after store option 'conn_rate'."),
        ("type ip size 1k store conn_cnt(3)", "unexpected argument to store option 'conn_cnt'."),
        ("type ip size 1k store gpc0,gpc0", "store option 'gpc0' already enabled, ignored."),
        (
            "type ip size 1k store gpc0,gpc(2)",
            "simultaneous usage of 'gpc' and 'gpc[0/1]' in a same table is not permitted as 'gpc' overrides 'gpc[0/1]'.",
        ),
        ("type ip size 1k bogus", "unknown argument 'bogus'."),
    ] {
        assert_eq!(refusal(&format!("backend b\n stick-table {words}\n")), format!("stick-table: {why}"));
    }
    let error = refusal("backend b\n stick-table type ip size 1k srvkey foo\n");
    assert_eq!(error, "stick-table : unknown server key type 'foo'.");
}

#[test]
fn what_names_a_table_must_find_one_of_its_type() {
    let rest = "backend b\n stick-table type ip size 1k\nbackend none\nfrontend f\n bind :1\n";
    for (line, why) in [
        ("http-request track-sc0 src", "Proxy 'f': unable to find table 'f' referenced by track-sc0."),
        (
            "http-request track-sc0 src table none",
            "Proxy 'f': unable to find table 'none' referenced by track-sc0.",
        ),
        (
            "http-request track-sc1 always_true table b",
            "Proxy 'f': stick-table 'b' uses a type incompatible with the 'track-sc1' rule.",
        ),
        (
            "http-request deny if { sc_http_req_rate(0,nope) gt 1 }",
            "unable to find table 'nope' referenced in arg 2 of ACL keyword 'sc_http_req_rate' in proxy 'f'.",
        ),
        (
            "http-request deny if { src_conn_rate gt 1 }",
            "unable to find table 'f' referenced in arg 1 of ACL keyword 'src_conn_rate' in proxy 'f'.",
        ),
        (
            "http-request deny if { src,table_gpc0(nope) gt 1 }",
            "unable to find table 'nope' referenced in arg 1 of conversion keyword 'table_gpc0' for ACL keyword 'src' \
             in proxy 'f'.",
        ),
        (
            "acl x src_get_gpc0(nope) gt 1",
            "unable to find table 'nope' referenced in arg 1 of ACL keyword 'src_get_gpc0' in proxy 'f'.",
        ),
    ] {
        assert_eq!(refusal(&format!("{rest} {line}\n")), why);
    }
    let (model, said) = read(&format!("{rest} http-request track-sc0 path table b\n"));
    assert!(model.is_some() && said.is_empty(), "{said:#?}");
}

#[test]
fn tables_have_names_of_their_own() {
    let twice = "backend b\n stick-table type ip size 1k\n stick-table type ip size 1k\n";
    assert_eq!(
        refusal(twice),
        "stick-table name 'b' conflicts with table declared in backend 'b' at t.cfg:7."
    );
}

#[test]
fn stick_rules_are_judged_in_haproxys_words() {
    for (line, why) in [
        ("stick", "'stick' expects 'on', 'match', or 'store'."),
        ("stick foo src", "'stick' expects 'on', 'match', or 'store'."),
        ("stick on", "'stick' expects a fetch method."),
        ("stick on bogus", "'stick': unknown fetch method 'bogus'"),
        ("stick match src table b2 foo", "'stick': unknown keyword 'foo'."),
        ("stick on src table nope", "Proxy 'b': unable to find stick-table 'nope'."),
        (
            "stick on always_true table b2",
            "Proxy 'b': type of fetch not usable with type of stick-table 'b2'.",
        ),
        (
            "stick store-request res.hdr(a)",
            "'stick': fetch method 'res.hdr' extracts information from 'HTTP response headers', none of which is \
             available during request.",
        ),
    ] {
        let tables = "backend b\n stick-table type string size 1k\n";
        assert_eq!(refusal(&format!("{tables} {line}\nbackend b2\n stick-table type ip size 1k\n")), why);
    }
}

#[test]
fn a_table_that_remembers_servers_stores_them() {
    let (model, _) = read("backend b\n stick-table type ip size 1k store gpc0\n stick on src\n");
    let table = model.unwrap().backends[0].stick_table.clone().unwrap();
    let stored: Vec<Data> = table.spec.store.iter().map(|store| store.data).collect();
    assert_eq!(stored, [Data::ServerId, Data::Gpc0, Data::ServerKey]);
}

#[test]
fn more_counters_can_be_had() {
    let table = "backend b\n stick-table type ip size 1k\nfrontend f\n bind :1\n";
    let text =
        format!("global\n tune.stick-counters 12\n{HTTP}{table} http-request track-sc11 src table b\n");
    let world = World { texts: vec![("t.cfg".into(), text.into_bytes())], vars: Vec::new() };
    let loaded = load(&["t.cfg".into()], &world, &world, &Facts::default());
    assert!(loaded.model.or(loaded.ahead).is_some(), "{:#?}", loaded.diagnostics.iter().collect::<Vec<_>>());
}

#[test]
fn what_is_about_other_processes_is_said_to_be_missing() {
    let (_, said) = read("peers p\n peer a 192.0.2.1:1\nbackend b\n stick-table type ip size 1k peers p\n");
    assert!(said.contains(&"'stick-table … peers' is not supported yet".to_owned()), "{said:?}");
    for word in ["write-to c", "recv-only"] {
        let error = refusal(&format!(
            "backend b\n stick-table type ip size 1k {word}\nbackend c\n stick-table type ip size 1k\n"
        ));
        assert!(error.contains("not supported yet"), "{error}");
    }
}
