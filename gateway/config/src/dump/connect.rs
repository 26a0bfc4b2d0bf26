//! How servers are connected to.

use super::server;
use super::text::{Line, line};
use crate::cfg;
use crate::model::{Connections, Reuse, Source, UseSource};

/// What a backend says about its connections; `server-template` lines stand with the servers.
pub(super) fn lines(connections: &Connections) -> Vec<Line> {
    #[rustfmt::skip]
    let Connections {
        reuse, source, dispatch, name_header, retry_on, fcgi_app, external_command, external_path,
        namespace, templates: _,
    } = connections;
    let one = |keyword: [&str; 2], value: &Option<String>| {
        let words = keyword.into_iter().filter(|word| !word.is_empty());
        value.as_ref().map(|value| words.fold(Line { words: Vec::new() }, Line::and).and(value))
    };
    let events = retry_on.iter().map(|event| cfg::connect::event_name(*event));
    let retry_on = (!retry_on.is_empty()).then(|| events.fold(line(["retry-on"]), Line::and));
    let lines = [
        (*reuse != Reuse::default()).then(|| line(["http-reuse", cfg::connect::reuse_name(*reuse)])),
        source.as_ref().map(written),
        dispatch.as_ref().map(|address| line(["dispatch", &server::written(address)])),
        one(["http-send-name-header", ""], name_header),
        retry_on,
        one(["use-fcgi-app", ""], fcgi_app),
        one(["external-check", "command"], external_command),
        one(["external-check", "path"], external_path),
        one(["namespace", ""], namespace),
    ];
    lines.into_iter().flatten().collect()
}

fn written(source: &Source) -> Line {
    let Source { address, transparent, interface } = source;
    let transparent = transparent.as_ref().map(|whose| match whose {
        UseSource::Client => "client".to_owned(),
        UseSource::ClientIp => "clientip".to_owned(),
        UseSource::Header { name, occurrence } => format!("hdr_ip({name},{occurrence})"),
        UseSource::Address(address) => address.to_string(),
    });
    line(["source", &address.to_string()]).set("usesrc", transparent).set("interface", interface.as_ref())
}
