//! The target of a request (RFC 9112, 3.2), and what `host` must say of it.

use bytes::Bytes;

use super::head::HeadError;

/// The forms of a target that are requests (RFC 9112, 3.2): a path, `*`, a URL, and `host:port` for CONNECT.
pub(super) fn check(method: &[u8], target: &[u8]) -> Result<(), HeadError> {
    if target.iter().any(|byte| *byte >= 0x80 || *byte == b'#') {
        return Err(HeadError::Invalid("the request target has a character that is not allowed"));
    }
    let known = if method == b"CONNECT" {
        destination(target).is_some()
    } else {
        target.starts_with(b"/") || target == b"*" || authority(target).is_some()
    };
    if known { Ok(()) } else { Err(HeadError::Invalid("the request target is not a path")) }
}

/// The `host:port` of a URL, which ends or goes on with a path.
fn authority(target: &[u8]) -> Option<&[u8]> {
    if target.starts_with(b"/") {
        return None;
    }
    let colon = memchr::memmem::find(target, b"://")?;
    if !target[..colon].iter().all(u8::is_ascii_alphanumeric) {
        return None;
    }
    let rest = &target[colon + 3..];
    let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(rest.len());
    (rest.get(end) != Some(&b'?')).then(|| &rest[..end])
}

/// An absolute target without the port that its scheme has anyway, where it names that port.
pub(super) fn without_default_port(target: &[u8]) -> Option<Bytes> {
    let authority = authority(target)?;
    let port: &[u8] = if target.starts_with(b"https") { b":443" } else { b":80" };
    let bare = authority.strip_suffix(port)?;
    let start = authority.as_ptr() as usize - target.as_ptr() as usize;
    Some([&target[..start + bare.len()], &target[start + authority.len()..]].concat().into())
}

pub(super) fn same_host(one: &[u8], other: &[u8]) -> bool {
    fn bare(host: &[u8]) -> &[u8] {
        host.strip_suffix(b":80").or_else(|| host.strip_suffix(b":443")).unwrap_or(host)
    }
    bare(one).eq_ignore_ascii_case(bare(other))
}

/// An absolute target and `host` must name the same place (RFC 9112, 3.2.2).
pub(super) fn check_host(target: &[u8], host: Option<&[u8]>) -> Result<(), HeadError> {
    let (Some(host), Some(authority)) = (host, authority(target)) else { return Ok(()) };
    if same_host(host, authority) { Ok(()) } else { Err(OTHER_HOST) }
}

const OTHER_HOST: HeadError = HeadError::Invalid("host is not the target's");

/// What CONNECT asks for: a host, and a port behind the last colon (RFC 9112, 3.2.3).
fn destination(target: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = memchr::memrchr(b':', target)?;
    let (host, port) = (&target[..colon], &target[colon + 1..]);
    let is_host = !host.is_empty() && !host.iter().any(|byte| b"/?@".contains(byte));
    let is_port = (1..=5).contains(&port.len()) && port.iter().all(u8::is_ascii_digit);
    (is_host && is_port).then_some((host, port))
}

/// `host` must name the target of CONNECT, too, with its port but for a usual one. That is left out when it goes on: to
/// how many bytes of it, if so.
pub(super) fn destination_host(target: &[u8], host: Option<&[u8]>) -> Result<Option<usize>, HeadError> {
    let (Some(host), Some((name, port))) = (host, destination(target)) else { return Ok(None) };
    let usual = matches!(port, b"80" | b"443");
    if host.eq_ignore_ascii_case(target) {
        return Ok(usual.then_some(name.len()));
    }
    if usual && host.eq_ignore_ascii_case(name) { Ok(None) } else { Err(OTHER_HOST) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connect_names_a_host_and_its_port() {
        for target in ["h:443", "h:8443", "[::1]:443"] {
            assert!(check(b"CONNECT", target.as_bytes()).is_ok(), "{target}");
        }
        for target in [
            "h",
            "h:",
            ":443",
            "/x",
            "*",
            "http://h/x",
            "http://h:80",
            "h:443/x",
            "u@h:443",
            "h:4x",
            "h:123456",
        ] {
            assert!(check(b"CONNECT", target.as_bytes()).is_err(), "{target}");
        }
        assert!(check(b"GET", b"h:443").is_err());
    }

    #[test]
    fn the_host_of_connect_is_its_targets() {
        let host = |target: &str, host: &str| destination_host(target.as_bytes(), Some(host.as_bytes()));
        assert_eq!(host("h:443", "h:443"), Ok(Some(1)));
        assert_eq!(host("H:443", "h"), Ok(None));
        assert_eq!(host("[::1]:80", "[::1]:80"), Ok(Some(5)));
        assert_eq!(host("h:8443", "h:8443"), Ok(None));
        assert_eq!(destination_host(b"h:443", None), Ok(None));
        for (target, other) in [("h:8443", "h"), ("h:443", "h:80"), ("h:443", "g"), ("h:443", "")] {
            assert_eq!(host(target, other), Err(OTHER_HOST), "{target} {other}");
        }
    }
}
