//! The parts of a request's target.

/// The path with its query: what follows the authority of an absolute target. Nothing for `*` and for `CONNECT`.
pub(crate) fn path_and_query(uri: &[u8]) -> Option<&[u8]> {
    match uri {
        [b'/', ..] => Some(uri),
        _ => {
            let scheme_end = memchr::memmem::find(uri, b"://")?;
            let authority = &uri[scheme_end + 3..];
            let slash = memchr::memchr(b'/', authority)?;
            Some(&authority[slash..])
        }
    }
}

/// The path alone.
pub(crate) fn path(uri: &[u8]) -> Option<&[u8]> {
    path_and_query(uri).map(|path| split_query(path).0)
}

/// What stands before the first `?` and, without it, what stands behind.
pub(crate) fn split_query(text: &[u8]) -> (&[u8], Option<&[u8]>) {
    match memchr::memchr(b'?', text) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    }
}

/// The authority of an absolute target.
pub(crate) fn authority(uri: &[u8]) -> Option<&[u8]> {
    let start = memchr::memmem::find(uri, b"://").filter(|_| !uri.starts_with(b"/"))? + 3;
    let rest = &uri[start..];
    Some(&rest[..memchr::memchr(b'/', rest).unwrap_or(rest.len())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_every_form_of_target() {
        for (uri, expected) in [
            ("/a/b?c", Some("/a/b")),
            ("/", Some("/")),
            ("//a", Some("//a")),
            ("*", None),
            ("http://h:8/a?b", Some("/a")),
            ("http://h", None),
            ("/a?x=http://b/c", Some("/a")),
        ] {
            assert_eq!(path(uri.as_bytes()), expected.map(str::as_bytes), "{uri}");
        }
    }
}
