//! Maps: a sample is looked up in a file, and the value beside what matches is taken (configuration.txt 7.3.1).

use std::borrow::Cow;
use std::net::IpAddr;

use super::{Convert, Given, convert};
use crate::arg::{self, Arg, Kind};
use crate::matcher::Method;
use crate::pattern::{Columns, Entry, Hit, Key, Probe};
use crate::{Txn, Type, Value};

const TEXT: &[Kind] = &[Kind::Str, Kind::Str];
const INT: &[Kind] = &[Kind::Str, Kind::Int];

/// What the values of a map are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    Text,
    Int,
    Ip,
}

impl Output {
    /// Whether a value is one.
    pub(crate) fn takes(self, value: &[u8]) -> bool {
        match self {
            Self::Text => true,
            Self::Int => int(value).is_some(),
            Self::Ip => ip(value).is_some(),
        }
    }
}

fn int(value: &[u8]) -> Option<i64> {
    std::str::from_utf8(value).ok()?.parse().ok()
}

fn ip(value: &[u8]) -> Option<IpAddr> {
    std::str::from_utf8(value).ok()?.parse().ok()
}

#[rustfmt::skip]
pub(super) const CONVERTS: &[Convert] = &[
    text("map", Type::Str).example("str(b),map(keys.map)", "two"),
    text("map_str", Type::Str).example("str(b),map_str(keys.map)", "two"),
    number("map_str_int", Type::Str).example("str(b),map_str_int(numbers.map,7)", "2"),
    address("map_str_ip", Type::Str).example("str(x),map_str_ip(addresses.map,::1)", "::1"),
    key("map_str_key", Type::Str).example("str(b),map_str_key(keys.map)", "b"),
    text("map_beg", Type::Str).example("str(abc),map_beg(keys.map)", "long"),
    number("map_beg_int", Type::Str).example("str(bc),map_beg_int(numbers.map)", "2"),
    address("map_beg_ip", Type::Str).example("str(10.x),map_beg_ip(addresses.map)", "192.0.2.9"),
    key("map_beg_key", Type::Str).example("str(abc),map_beg_key(keys.map)", "ab"),
    text("map_dir", Type::Str).example("str(/x/b/y),map_dir(keys.map)", "two"),
    number("map_dir_int", Type::Str).example("str(/b),map_dir_int(numbers.map)", "2"),
    address("map_dir_ip", Type::Str).example("str(/10.),map_dir_ip(addresses.map)", "192.0.2.9"),
    key("map_dir_key", Type::Str).example("str(/x/b/y),map_dir_key(keys.map)", "b"),
    text("map_dom", Type::Str).example("str(x.b.y),map_dom(keys.map)", "two"),
    number("map_dom_int", Type::Str).example("str(b.y),map_dom_int(numbers.map)", "2"),
    address("map_dom_ip", Type::Str).example("str(10.b),map_dom_ip(addresses.map,::2)", "192.0.2.9"),
    key("map_dom_key", Type::Str).example("str(x.b.y),map_dom_key(keys.map)", "b"),
    text("map_end", Type::Str).example("str(xab),map_end(keys.map)", "two"),
    number("map_end_int", Type::Str).example("str(ab),map_end_int(numbers.map)", "2"),
    address("map_end_ip", Type::Str).example("str(510.),map_end_ip(addresses.map)", "192.0.2.9"),
    key("map_end_key", Type::Str).example("str(xab),map_end_key(keys.map)", "b"),
    text("map_sub", Type::Str).example("str(xaby),map_sub(keys.map)", "one"),
    number("map_sub_int", Type::Str).example("str(xby),map_sub_int(numbers.map)", "2"),
    address("map_sub_ip", Type::Str).example("str(x10.y),map_sub_ip(addresses.map)", "192.0.2.9"),
    key("map_sub_key", Type::Str).example("str(xaby),map_sub_key(keys.map)", "a"),
    text("map_reg", Type::Str).example("str(xa12),map_reg(regexes.map)", "n\\1"),
    number("map_reg_int", Type::Str).example("str(abc),map_reg_int(numbers.map)", "2"),
    address("map_reg_ip", Type::Str).example("str(a10b),map_reg_ip(addresses.map)", "192.0.2.9"),
    key("map_reg_key", Type::Str).example("str(xa12),map_reg_key(regexes.map)", "a([0-9]+)$"),
    convert("map_regm", Type::Str, Type::Str, run_regm).takes(TEXT, 1).prepare(|args, given| load(args, given)).example("str(xa12),map_regm(regexes.map)", "n12"),
    text("map_int", Type::Int).example("int(5),map_int(ranges.map)", "five"),
    number("map_int_int", Type::Int).example("int(12),map_int_int(levels.map)", "3"),
    address("map_int_ip", Type::Int).example("int(1),map_int_ip(hosts.map)", "192.0.2.1"),
    text("map_ip", Type::Ip).example("ipv4(10.1.2.3),map_ip(networks.map)", "inner"),
    number("map_ip_int", Type::Ip).example("ipv4(10.1.2.3),map_ip_int(zones.map,0)", "2"),
    address("map_ip_ip", Type::Ip).example("ipv4(10.1.2.3),map_ip_ip(exits.map)", "192.0.2.1"),
];

const fn text(name: &'static str, input: Type) -> Convert {
    convert(name, input, Type::Str, run_text).takes(TEXT, 1).prepare(|args, given| load(args, given))
}

const fn number(name: &'static str, input: Type) -> Convert {
    convert(name, input, Type::Int, run_int).takes(INT, 1).prepare(|args, given| load(args, given))
}

const fn address(name: &'static str, input: Type) -> Convert {
    convert(name, input, Type::Ip, run_ip).takes(TEXT, 1).prepare(|args, given| load(args, given))
}

/// The key that matched instead of the value beside it.
const fn key(name: &'static str, input: Type) -> Convert {
    convert(name, input, Type::Str, run_key)
        .takes(TEXT, 1)
        .prepare(|args, given| load(args, given))
        .since("3.2")
}

/// The methods by the words in converters' names.
const METHODS: &[(&str, Method)] = &[
    ("str", Method::Str),
    ("beg", Method::Beg),
    ("dir", Method::Dir),
    ("dom", Method::Dom),
    ("end", Method::End),
    ("sub", Method::Sub),
    ("reg", Method::Reg),
    ("regm", Method::Reg),
    ("int", Method::Int),
    ("ip", Method::Ip),
];

/// `map_METHOD_OUTPUT`: both may be missing.
fn spelled(name: &str) -> (Method, Output) {
    let (method, output) = match name.split_once('_') {
        None => ("str", ""),
        Some((_, rest)) => rest.split_once('_').unwrap_or((rest, "")),
    };
    let method =
        METHODS.iter().find(|(known, _)| *known == method).map_or(Method::Str, |(_, method)| *method);
    let output = match output {
        "int" => Output::Int,
        "ip" => Output::Ip,
        _ => Output::Text,
    };
    (method, output)
}

/// Reads the file, and puts what is looked up in place of its name.
fn load(args: &mut [Arg], given: &Given<'_>) -> Result<(), String> {
    let name = String::from_utf8_lossy(arg::text(args, 0)).into_owned();
    let (method, output) = spelled(given.name);
    let scope = given.scope;
    let reference = scope.patterns.read(&name, Columns::Two, scope)?;
    reference.used_by("map", scope.position());
    reference.demand(output)?;
    let view = reference.view(Key::plain(method)).map_err(|(_, why)| why)?;
    args[0] = Arg::View(view, reference.fingerprint());
    if let (Output::Ip, Some(Arg::Str(text))) = (output, args.get(1)) {
        let text = text.clone();
        let bad = || format!("map: cannot parse default ip <{}>.", String::from_utf8_lossy(&text));
        args[1] = Arg::Ip(ip(&text).ok_or_else(bad)?);
    }
    Ok(())
}

fn find<'a>(value: Value<'a>, args: &'a [Arg]) -> Option<Hit<'a>> {
    let Some(Arg::View(view, _)) = args.first() else { return None };
    view.best(&Probe::new(view.method(), value)?)
}

/// The text of an entry; borrowed while nothing has changed.
fn borrowed<'a>(hit: Hit<'a>, of: for<'e> fn(&'e Entry) -> &'e [u8]) -> Value<'a> {
    match hit {
        Hit::Loaded(entry) => Value::text(of(entry)),
        Hit::Changed(entry) => Value::made(of(&entry).to_vec()),
    }
}

fn default_text<'a>(args: &'a [Arg]) -> Option<Value<'a>> {
    args.get(1).map(|default| Value::text(default.text()))
}

fn run_text<'a>(value: Value<'a>, args: &'a [Arg], _: &dyn Txn) -> Option<Value<'a>> {
    match find(value, args) {
        Some(hit) => Some(borrowed(hit, |entry| &entry.value)),
        None => default_text(args),
    }
}

/// `map_regm`: the value's `\\1` … are what the groups of its expression have found.
fn run_regm<'a>(value: Value<'a>, args: &'a [Arg], _: &dyn Txn) -> Option<Value<'a>> {
    let text = value.into_text();
    let Some(hit) = find(Value::Str(Cow::Borrowed(&text)), args) else { return default_text(args) };
    let entry = hit.entry();
    let found = entry.regex()?.captures(&text)?;
    let group = |at| found.get(at).map(|group| group.as_bytes());
    Some(Value::made(crate::regex::expand(&entry.value, group)))
}

fn run_key<'a>(value: Value<'a>, args: &'a [Arg], _: &dyn Txn) -> Option<Value<'a>> {
    match find(value, args) {
        Some(hit) => Some(borrowed(hit, Entry::pattern)),
        None => default_text(args),
    }
}

fn run_int<'a>(value: Value<'a>, args: &'a [Arg], _: &dyn Txn) -> Option<Value<'a>> {
    match find(value, args) {
        Some(hit) => int(&hit.entry().value).map(Value::Int),
        None => arg::int(args, 1).map(Value::Int),
    }
}

fn run_ip<'a>(value: Value<'a>, args: &'a [Arg], _: &dyn Txn) -> Option<Value<'a>> {
    match (find(value, args), args.get(1)) {
        (Some(hit), _) => ip(&hit.entry().value).map(Value::Ip),
        (None, Some(Arg::Ip(ip))) => Some(Value::Ip(*ip)),
        _ => None,
    }
}
