//! What the head of a request of HTTP/2 is in HTTP/1.

use bytes::{BufMut as _, Bytes, BytesMut};
use http::{Method, request};

use super::session::asked_protocol;
use super::websocket;
use crate::message::{Lines, RequestHead};

/// The head of a request that came by HTTP/2: its authority becomes the first line and goes before any `host`, its
/// cookies one line (RFC 9113, 8.2.3 and 8.3.1). Of lengths and hosts that say the same one is left.
pub(crate) fn of(request: &request::Parts) -> RequestHead {
    let mut lines = Lines::with_capacity(request.headers.len() + 1);
    let authority = request.uri.authority().map(http::uri::Authority::as_str);
    if let Some(authority) = authority {
        lines.push(&b"host"[..], Bytes::copy_from_slice(authority.as_bytes()));
    }
    let mut cookie = BytesMut::new();
    for line in Lines::of_map(&request.headers).into_iter() {
        match &line.name[..] {
            b"cookie" => {
                if !cookie.is_empty() {
                    cookie.put_slice(b"; ");
                }
                cookie.put_slice(&line.value);
            }
            b"host" | b"content-length" if lines.has(&line.name) => {}
            _ => lines.push(line.name, line.value),
        }
    }
    if !cookie.is_empty() {
        lines.push(&b"cookie"[..], cookie.freeze());
    }
    let method = method(request);
    if method == Method::CONNECT {
        // What it counts is the tunnel's.
        lines.remove(b"content-length");
    } else if let Some(protocol) = asked_protocol(request) {
        websocket::ask(&mut lines, protocol);
    }
    let target = request.uri.path_and_query().map(http::uri::PathAndQuery::as_str);
    let target = if method == Method::CONNECT { authority.or(target) } else { target };
    let target = Bytes::copy_from_slice(target.unwrap_or("/").as_bytes());
    RequestHead { method, target, version: request.version, lines }
}

/// The method of a request of HTTP/2: an extended CONNECT is in HTTP/1 a GET that asks for another protocol.
pub(crate) fn method(request: &request::Parts) -> Method {
    if asked_protocol(request).is_some() { Method::GET } else { request.method.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_of_http2_become_one_line() {
        let request = http::Request::builder().uri("/").header("cookie", "a=1").header("cookie", "b=2");
        let head = of(&request.body(()).unwrap().into_parts().0);
        assert_eq!(head.lines.all(b"cookie").collect::<Vec<_>>(), ["a=1; b=2"]);
    }
}
