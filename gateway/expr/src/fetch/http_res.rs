//! The response's head (configuration.txt 7.3.6). Here no response comes from a cache, and none is compressed: what asks for
//! either is told so.

use super::http_req::{self, HEADER};
use super::{Fetch, Request, Visit, fetch, one};
use crate::arg::Kind;
use crate::{Phases, Side, Type, Value};

const NAME: &[Kind] = &[Kind::Str];

#[rustfmt::skip]
pub(super) const FETCHES: &[Fetch] = &[
    fetch("status", Type::Int, Phases::SERVER, status).awaits().example("status", "200"),
    fetch("res.cache_hit", Type::Bool, Phases::SERVER, |_, v| one(Some(Value::Bool(false)), v)).example("res.cache_hit", "0"),
    fetch("res.cache_name", Type::Str, Phases::SERVER, |_, _| ()).example("res.cache_name", ""),
    fetch("res.comp", Type::Bool, Phases::SERVER, |_, v| one(Some(Value::Bool(false)), v)).example("res.comp", "0"),
    fetch("res.comp_algo", Type::Str, Phases::SERVER, |_, _| ()).example("res.comp_algo", ""),
    fetch("res.ver", Type::Str, Phases::RESPONSE, version).aliases(&["resp_ver"]).awaits().example("res.ver", "1.1"),
    fetch("res.hdr", Type::Str, Phases::RESPONSE, |r, v| http_req::value(r, Side::Response, v)).aliases(&["shdr"]).takes(HEADER, 0).awaits().example("res.hdr(server)", "origin"),
    fetch("res.fhdr", Type::Str, Phases::RESPONSE, |r, v| http_req::line(r, Side::Response, v)).takes(HEADER, 0).awaits().example("res.fhdr(vary)", "a, b"),
    fetch("res.hdr_cnt", Type::Int, Phases::RESPONSE, |r, v| http_req::count(r, Side::Response, true, v)).aliases(&["shdr_cnt"]).takes(&[Kind::Header], 0).awaits().example("res.hdr_cnt(vary)", "2"),
    fetch("res.fhdr_cnt", Type::Int, Phases::RESPONSE, |r, v| http_req::count(r, Side::Response, false, v)).takes(&[Kind::Header], 0).awaits().example("res.fhdr_cnt(vary)", "1"),
    fetch("res.hdr_val", Type::Int, Phases::RESPONSE, |r, v| http_req::number(r, Side::Response, v)).aliases(&["shdr_val"]).takes(HEADER, 0).awaits().example("res.hdr_val(age)", "9"),
    fetch("res.hdr_ip", Type::Ip, Phases::RESPONSE, |r, v| http_req::address(r, Side::Response, v)).aliases(&["shdr_ip"]).takes(HEADER, 0).awaits().example("res.hdr_ip(x-ip)", "10.0.0.3"),
    fetch("res.hdr_names", Type::Str, Phases::RESPONSE, |r, v| http_req::names(r, Side::Response, v)).takes(NAME, 0).awaits().example("res.hdr_names(:)", "server:vary:age:x-ip:set-cookie"),
    fetch("res.hdrs", Type::Bin, Phases::RESPONSE, |r, v| http_req::block(r, Side::Response, v)).awaits().example("res.hdrs,field(1,:)", "server"),
    fetch("res.hdrs_bin", Type::Bin, Phases::RESPONSE, |r, v| http_req::block_bin(r, Side::Response, v)).awaits().example("res.hdrs_bin,bytes(0,8),hex", "0673657276657206"),
    fetch("res.cook", Type::Str, Phases::RESPONSE, |r, v| http_req::cookie(r, Side::Response, v)).aliases(&["scook"]).takes(NAME, 0).awaits().example("res.cook(sid)", "xyz"),
    fetch("res.cook_cnt", Type::Int, Phases::RESPONSE, |r, v| http_req::cookie_count(r, Side::Response, v)).aliases(&["scook_cnt"]).takes(NAME, 0).awaits().example("res.cook_cnt(sid)", "1"),
    fetch("res.cook_val", Type::Int, Phases::RESPONSE, |r, v| http_req::cookie_number(r, Side::Response, v)).aliases(&["scook_val"]).takes(NAME, 0).awaits().example("res.cook_val(sid)", "0"),
];

fn status<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    one(request.txn.status().map(|status| Value::Int(status.into())), visit);
}

fn version<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    let text = request.txn.response_version().and_then(http_req::version_text);
    one(text.map(|text| Value::text(&text[5..])), visit);
}
