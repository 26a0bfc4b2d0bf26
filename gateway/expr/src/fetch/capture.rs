//! What was captured of a message (configuration.txt 7.3.6, `capture.*`).

use super::{Fetch, Request, Visit, fetch, http_req, one, uri};
use crate::arg::{self, Kind};
use crate::{Phases, Side, Type, Value};

#[rustfmt::skip]
pub(super) const FETCHES: &[Fetch] = &[
    fetch("capture.req.method", Type::Str, Phases::MESSAGE, method).awaits().example("capture.req.method", "GET"),
    fetch("capture.req.uri", Type::Str, Phases::MESSAGE, target).awaits().example("capture.req.uri", "/a/b?x=1&y=2"),
    fetch("capture.req.ver", Type::Str, Phases::MESSAGE, request_version).awaits().example("capture.req.ver", "HTTP/1.1"),
    fetch("capture.req.hdr", Type::Str, Phases::MESSAGE, |r, v| slot(r, Side::Request, v)).takes(&[Kind::Int], 1).example("capture.req.hdr(0)", "kept"),
    fetch("capture.res.hdr", Type::Str, Phases::SERVER, |r, v| slot(r, Side::Response, v)).takes(&[Kind::Int], 1).example("capture.res.hdr(0)", "back"),
    fetch("capture.res.ver", Type::Str, Phases::MESSAGE, version).example("capture.res.ver", ""),
];

/// A slot by its number, from 0.
fn slot<'a>(request: &Request<'a>, side: Side, visit: Visit<'_, 'a>) {
    let slot = arg::int(request.args, 0).and_then(|slot| usize::try_from(slot).ok());
    one(slot.and_then(|slot| request.txn.capture(side, slot)).map(Value::Str), visit);
}

fn version<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    one(request.txn.response_version().and_then(http_req::version_text).map(Value::text), visit);
}

fn method<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    let words = request.txn.request_line().map(|line| line.split(|byte| *byte == b' '));
    one(words.and_then(|mut words| words.next()).map(Value::text), visit);
}

/// Of an absolute target what stands behind the host.
fn target<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    let words = request.txn.request_line().map(|line| line.split(|byte| *byte == b' '));
    one(words.and_then(|mut words| words.nth(1)).and_then(uri::path_and_query).map(Value::text), visit);
}

fn request_version<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    one(request.txn.version().and_then(http_req::version_text).map(Value::text), visit);
}
