//! Hashes of the target, for tables that are not to keep texts (configuration.txt 7.3.6, `base32`, `url32`).

use std::net::IpAddr;
use std::ops::ControlFlow;

use super::{Fetch, Request, Visit, fetch, one, uri};
use crate::{Phases, Side, Type, Value};

#[rustfmt::skip]
pub(super) const FETCHES: &[Fetch] = &[
    fetch("base32", Type::Int, Phases::REQUEST, |r, v| one(base(r).map(|hash| Value::Int(hash.into())), v)).awaits().example("base32", "1979360161"),
    fetch("base32+src", Type::Bin, Phases::REQUEST, |r, v| with_source(r, base(r), v)).awaits().example("base32+src,hex", "75FAA3A1C0000207"),
    fetch("url32", Type::Int, Phases::REQUEST, |r, v| one(url(r).map(|hash| Value::Int(hash.into())), v)).awaits().example("url32", "1874078700"),
    fetch("url32+src", Type::Bin, Phases::REQUEST, |r, v| with_source(r, url(r), v)).awaits().example("url32+src,hex", "6FB42BECC0000207"),
];

/// The first Host value and the path.
fn base(request: &Request<'_>) -> Option<u32> {
    let path = uri::path(request.txn.uri()?).unwrap_or_default();
    Some(spread([host(request), path].into_iter().fold(0, sdbm)))
}

/// The first Host value and the whole target.
fn url(request: &Request<'_>) -> Option<u32> {
    let target = request.txn.uri()?;
    let target = uri::path_and_query(target).unwrap_or(target);
    Some(spread([host(request), target].into_iter().fold(0, sdbm)))
}

fn host<'a>(request: &Request<'a>) -> &'a [u8] {
    let mut host: &[u8] = b"";
    request.txn.headers(Side::Request, Some(&http::header::HOST), &mut |_, value| {
        host = value;
        ControlFlow::Break(())
    });
    host
}

/// The hash, then the client's address.
fn with_source<'a>(request: &Request<'a>, hash: Option<u32>, visit: Visit<'_, 'a>) {
    let Some((hash, source)) = hash.zip(request.txn.source()) else { return };
    let mut key = hash.to_be_bytes().to_vec();
    match source.to_canonical() {
        IpAddr::V4(ip) => key.extend_from_slice(&ip.octets()),
        IpAddr::V6(ip) => key.extend_from_slice(&ip.octets()),
    }
    one(Some(Value::Bin(key.into())), visit);
}

/// The hash of the sdbm database library, continued.
fn sdbm(hash: u32, text: &[u8]) -> u32 {
    text.iter().fold(hash, |hash, byte| {
        u32::from(*byte).wrapping_add(hash << 6).wrapping_add(hash << 16).wrapping_sub(hash)
    })
}

/// Bob Jenkins' full avalanche, and a prime near three quarters of the range.
fn spread(hash: u32) -> u32 {
    let mut a = hash;
    a = a.wrapping_add(0x7ed5_5d16).wrapping_add(a << 12);
    a = a ^ 0xc761_c23c ^ (a >> 19);
    a = a.wrapping_add(0x1656_67b1).wrapping_add(a << 5);
    a = a.wrapping_add(0xd3a2_646c) ^ (a << 9);
    a = a.wrapping_add(0xfd70_46c5).wrapping_add(a << 3);
    a = a ^ 0xb55a_4f09 ^ (a >> 16);
    a.wrapping_mul(3_221_225_473)
}

#[cfg(test)]
mod tests {
    use crate::world::{World, evaluate};

    /// What HAProxy 2.6 yields for the same requests.
    #[test]
    fn hashes_are_haproxys() {
        let world = World::get("/a/b?x=1&a=7", &[("Host", "www.Example.com")]);
        assert_eq!(evaluate("base32", &world).as_deref(), Some("3237320189"));
        assert_eq!(evaluate("url32", &world).as_deref(), Some("2272660223"));
    }
}
