//! A snapshot that has one of everything, for the tests of the renderers.

use super::*;
use crate::counters::{BackendCounters, FrontendCounters, ListenerCounters, ProcessCounters, ServerCounters};

pub(crate) fn example() -> Snapshot {
    let process = ProcessFacts { version: "0.1.0".into(), node: "vm".into(), ..ProcessFacts::default() };
    let mut rows = frontend();
    rows.extend(backend());
    Snapshot {
        process: ProcessRow::build(process, &ProcessCounters::default()),
        rows,
        tables: vec![StickTableRow { name: "t".into(), kind: "ip".into(), ..StickTableRow::default() }],
        resolvers: vec![ResolverRow { resolvers: "r".into(), name: "n".into(), counts: [0; 15] }],
    }
}

fn frontend() -> Vec<Row> {
    let counters = FrontendCounters::default();
    counters.accepted();
    counters.session();
    counters.request();
    counters.response(200);
    let facts =
        FrontendFacts { name: "fe", id: 2, mode: Mode::Http, limit: 9981, ..FrontendFacts::default() };
    let listener = ListenerFacts {
        frontend: "fe",
        frontend_id: 2,
        name: "sock-1",
        id: 1,
        mode: Mode::Http,
        address: "127.0.0.1:18471".into(),
        ..ListenerFacts::default()
    };
    vec![Row::frontend(&facts, &counters), Row::listener(&listener, &ListenerCounters::default())]
}

fn backend() -> Vec<Row> {
    let check = CheckFacts {
        status: Some("L7OK"),
        description: "Layer7 check passed".into(),
        code: Some(200),
        duration: Some(2),
        rise: 2,
        fall: 3,
        health: 4,
        ..CheckFacts::default()
    };
    let server = ServerFacts { backend: "be", backend_id: 3, mode: Mode::Http, ..ServerFacts::default() };
    let up = ServerFacts {
        name: "s1",
        id: 1,
        status: ServerStatus::Up,
        weight: 3,
        user_weight: 3,
        limit: Some(10),
        check: Some(check),
        address: "127.0.0.1:18499".into(),
        cookie: Some("a"),
        ..server.clone()
    };
    let maint = ServerFacts {
        name: "s2",
        id: 2,
        status: ServerStatus::Maint,
        address: "127.0.0.1:18498".into(),
        ..server
    };
    let facts = BackendFacts {
        name: "be",
        id: 3,
        mode: Mode::Http,
        weight: 3,
        user_weight: 3,
        active: 1,
        limit: 4991,
        algorithm: "roundrobin",
        cookie: Some("SRV"),
        ..BackendFacts::default()
    };
    vec![
        Row::server(&up, &ServerCounters::default()),
        Row::server(&maint, &ServerCounters::default()),
        Row::backend(&facts, &BackendCounters::default()),
    ]
}
