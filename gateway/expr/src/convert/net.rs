//! Addresses (configuration.txt 7.3.1).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Convert, convert};
use crate::arg::{Arg, Kind};
use crate::value::leading_int;
use crate::{Type, Value};

#[rustfmt::skip]
pub(super) const CONVERTS: &[Convert] = &[
    convert("ipmask", Type::Ip, Type::Ip, |v, a, _| ipmask(&v, a)).takes(&[Kind::Mask4, Kind::Mask6], 1).example("src,ipmask(24)", "192.0.2.0"),
    convert("host_only", Type::Str, Type::Str, |v, _, _| part(v, |text| split(text).0.to_ascii_lowercase())).example("str(WWW.example.com:80),host_only", "www.example.com"),
    convert("port_only", Type::Str, Type::Int, |v, _, _| Some(Value::Int(split(&v.into_text()).1))).example("str([::1]:80),port_only", "80"),
];

fn ipmask<'a>(value: &Value<'a>, args: &[Arg]) -> Option<Value<'a>> {
    let masked = match (value.to_ip()?, args) {
        (IpAddr::V4(ip), [Arg::Mask(mask), ..]) => {
            Ipv4Addr::from_bits(ip.to_bits() & u32::try_from(*mask).ok()?).into()
        }
        (IpAddr::V6(ip), [_, Arg::Mask(mask)]) => Ipv6Addr::from_bits(ip.to_bits() & mask).into(),
        _ => return None,
    };
    Some(Value::Ip(masked))
}

fn part<'a>(value: Value<'a>, of: fn(&[u8]) -> Vec<u8>) -> Option<Value<'a>> {
    Some(Value::made(of(&value.into_text())))
}

/// A Host value's name and port; 0 where none is written.
fn split(text: &[u8]) -> (&[u8], i64) {
    let colon = match memchr::memrchr(b':', text) {
        // the colons of an IPv6 address are not in front of a port
        Some(at) if memchr::memchr(b']', &text[at..]).is_none() => at,
        _ => text.len(),
    };
    (&text[..colon], text.get(colon + 1..).map_or(0, leading_int))
}
