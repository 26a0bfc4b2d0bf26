//! Message bodies, as far as they have come (configuration.txt 7.3.6): what `option http-buffer-request` and
//! `wait-for-body` wait for.

use super::{Fetch, Request, Visit, fetch, http_req, one};
use crate::arg::Kind;
use crate::{Phases, Side, Type, Value};

#[rustfmt::skip]
pub(super) const FETCHES: &[Fetch] = &[
    fetch("req.body", Type::Bin, Phases::REQUEST, |r, v| body(r, Side::Request, v)).awaits().reads_body().example("req.body", "a=1&b=2&c=34"),
    fetch("req.body_len", Type::Int, Phases::REQUEST, |r, v| length(r, Side::Request, v)).awaits().reads_body().example("req.body_len", "12"),
    fetch("req.body_size", Type::Int, Phases::REQUEST, |r, v| size(r, Side::Request, v)).awaits().reads_body().example("req.body_size", "12"),
    fetch("req.body_param", Type::Bin, Phases::REQUEST, param).takes(&[Kind::Str], 0).awaits().reads_body().example("req.body_param(b)", "2"),
    fetch("res.body", Type::Bin, Phases::RESPONSE, |r, v| body(r, Side::Response, v)).reads_body().awaits().example("res.body", "hello"),
    fetch("res.body_len", Type::Int, Phases::RESPONSE, |r, v| length(r, Side::Response, v)).reads_body().awaits().example("res.body_len", "5"),
    fetch("res.body_size", Type::Int, Phases::RESPONSE, |r, v| size(r, Side::Response, v)).reads_body().awaits().example("res.body_size", "5"),
];

fn body<'a>(request: &Request<'a>, side: Side, visit: Visit<'_, 'a>) {
    one(request.txn.body(side).map(|body| Value::Bin(body.into())), visit);
}

fn length<'a>(request: &Request<'a>, side: Side, visit: Visit<'_, 'a>) {
    let length = request.txn.body(side).and_then(|body| i64::try_from(body.len()).ok());
    one(length.map(Value::Int), visit);
}

fn size<'a>(request: &Request<'a>, side: Side, visit: Visit<'_, 'a>) {
    one(request.txn.body_size(side).and_then(|size| i64::try_from(size).ok()).map(Value::Int), visit);
}

/// `req.body_param(name)`: of a form in the body.
fn param<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    if let Some(body) = request.txn.body(Side::Request) {
        http_req::params(request, body, b'&', &mut |value| visit(Value::Bin(value.into())));
    }
}

#[cfg(test)]
mod tests {
    use crate::world::{World, evaluate};

    #[test]
    fn a_forms_parameters_are_read_like_a_querys() {
        let world = World { body: b"a=1&b=&c&a=4".to_vec(), ..World::sample() };
        for (text, expected) in [
            ("req.body_param(a)", Some("1")),
            ("req.body_param(b)", Some("")),
            ("req.body_param(c)", None),
            ("req.body_param", Some("1")),
            ("req.body_len", Some("12")),
        ] {
            assert_eq!(evaluate(text, &world).as_deref(), expected, "{text}");
        }
    }

    /// As many parameters as a buffer may hold, and the last one wanted.
    #[test]
    fn a_million_parameters_are_passed_over_in_one_go() {
        let mut body = b"x=1&".repeat(1_000_000);
        body.extend_from_slice(b"y=2");
        let world = World { body, ..World::sample() };
        assert_eq!(evaluate("req.body_param(y)", &world).as_deref(), Some("2"));
        assert_eq!(evaluate("req.body_param(z)", &world), None);
    }
}
