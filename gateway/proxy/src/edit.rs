//! Requests and responses as rules change them.
//!
//! `http::HeaderMap` forgets the order of lines when one is removed, and HAProxy does not: what is not a plain addition
//! builds the lines anew.

use bytes::Bytes;
use expr::{Side, Txn};
use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, Method};
use pingora::http::{RequestHeader, ResponseHeader};
use rules::Message;

use crate::ctx::Ctx;

/// A request as `http-request` rules change it.
#[derive(Debug)]
pub(crate) struct RequestEditor<'a> {
    /// The request's context.
    pub ctx: &'a Ctx,
    /// Its head.
    pub request: &'a mut RequestHeader,
}

/// A response as `http-response` rules change it.
#[derive(Debug)]
pub(crate) struct ResponseEditor<'a> {
    /// The request's context.
    pub ctx: &'a Ctx,
    /// The request's head.
    pub request: &'a RequestHeader,
    /// The response's head.
    pub response: &'a mut ResponseHeader,
}

/// A header's lines: name and value.
type Lines = Vec<(HeaderName, HeaderValue)>;

/// A head whose lines can be taken out and put back.
trait Head {
    fn lines(&self) -> &HeaderMap;
    fn append(&mut self, name: &HeaderName, value: HeaderValue);
    fn remove(&mut self, name: &HeaderName);

    /// Puts these lines in place of all there are.
    fn replace(&mut self, lines: Lines) {
        let names: Vec<HeaderName> = self.lines().keys().cloned().collect();
        for name in &names {
            self.remove(name);
        }
        for (name, value) in lines {
            self.append(&name, value);
        }
    }

    fn keep(&mut self, keep: &mut dyn FnMut(&HeaderName, &HeaderValue) -> bool) {
        let all = self.lines().len();
        let kept: Lines = self
            .lines()
            .iter()
            .filter(|(name, value)| keep(name, value))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        if kept.len() < all {
            self.replace(kept);
        }
    }

    fn rewrite(&mut self, name: &HeaderName, value: &mut dyn FnMut(&[u8]) -> Option<Vec<u8>>) {
        let mut changed = false;
        let lines: Lines = self
            .lines()
            .iter()
            .map(|(known, line)| {
                let new = if known == name { value(line.as_bytes()) } else { None };
                let new = new.and_then(|new| HeaderValue::from_bytes(&new).ok());
                changed |= new.is_some();
                (known.clone(), new.unwrap_or_else(|| line.clone()))
            })
            .collect();
        if changed {
            self.replace(lines);
        }
    }
}

impl Head for RequestHeader {
    fn lines(&self) -> &HeaderMap {
        &self.headers
    }

    fn append(&mut self, name: &HeaderName, value: HeaderValue) {
        // The name as bytes keeps it in lower case, as HAProxy writes it.
        let name = Bytes::copy_from_slice(name.as_str().as_bytes());
        // Both are valid already.
        let _ = self.append_header(name, value);
    }

    fn remove(&mut self, name: &HeaderName) {
        self.remove_header(name);
    }
}

impl Head for ResponseHeader {
    fn lines(&self) -> &HeaderMap {
        &self.headers
    }

    fn append(&mut self, name: &HeaderName, value: HeaderValue) {
        let name = Bytes::copy_from_slice(name.as_str().as_bytes());
        let _ = self.append_header(name, value);
    }

    fn remove(&mut self, name: &HeaderName) {
        self.remove_header(name);
    }
}

fn add(head: &mut impl Head, name: &HeaderName, value: &[u8]) {
    match HeaderValue::from_bytes(value) {
        Ok(value) => head.append(name, value),
        Err(_) => log::debug!("a rule made a value of '{name}' that HTTP cannot carry; the line is left out"),
    }
}

impl Message for RequestEditor<'_> {
    fn txn(&self) -> &dyn Txn {
        self
    }

    fn side(&self) -> Side {
        Side::Request
    }

    fn add_header(&mut self, name: &HeaderName, value: &[u8]) {
        add(self.request, name, value);
    }

    fn del_header(&mut self, name: &HeaderName) {
        self.request.keep(&mut |known, _| known != name);
    }

    fn retain_headers(&mut self, keep: &mut dyn FnMut(&[u8], &[u8]) -> bool) {
        self.request.keep(&mut |name, value| keep(name.as_str().as_bytes(), value.as_bytes()));
    }

    fn rewrite_headers(&mut self, name: &HeaderName, value: &mut dyn FnMut(&[u8]) -> Option<Vec<u8>>) {
        self.request.rewrite(name, value);
    }

    fn set_uri(&mut self, uri: Vec<u8>) {
        if let Err(error) = self.request.set_raw_path(&uri) {
            log::debug!("a rule made a target that HTTP cannot carry; it stays as it was: {error}");
        }
    }

    fn set_method(&mut self, method: Vec<u8>) {
        match Method::from_bytes(&method) {
            Ok(method) => self.request.set_method(method),
            Err(_) => log::debug!("a rule made a method that HTTP cannot carry; it stays as it was"),
        }
    }

    fn set_status(&mut self, _status: u16) {}
}

impl Message for ResponseEditor<'_> {
    fn txn(&self) -> &dyn Txn {
        self
    }

    fn side(&self) -> Side {
        Side::Response
    }

    fn add_header(&mut self, name: &HeaderName, value: &[u8]) {
        add(self.response, name, value);
    }

    fn del_header(&mut self, name: &HeaderName) {
        self.response.keep(&mut |known, _| known != name);
    }

    fn retain_headers(&mut self, keep: &mut dyn FnMut(&[u8], &[u8]) -> bool) {
        self.response.keep(&mut |name, value| keep(name.as_str().as_bytes(), value.as_bytes()));
    }

    fn rewrite_headers(&mut self, name: &HeaderName, value: &mut dyn FnMut(&[u8]) -> Option<Vec<u8>>) {
        self.response.rewrite(name, value);
    }

    fn set_uri(&mut self, _uri: Vec<u8>) {}

    fn set_method(&mut self, _method: Vec<u8>) {}

    fn set_status(&mut self, status: u16) {
        if self.response.set_status(status).is_ok() {
            let _ = self.response.set_reason_phrase(None);
        }
    }

    fn set_reason(&mut self, reason: &[u8]) {
        let _ = self.response.set_reason_phrase(std::str::from_utf8(reason).ok());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> RequestHeader {
        let mut request = RequestHeader::build(Method::GET, b"/", None).unwrap();
        for (name, value) in [("a", "1"), ("b", "2"), ("c", "3"), ("a", "4"), ("d", "5")] {
            request.append_header(name, value).unwrap();
        }
        request
    }

    fn wire(request: &RequestHeader) -> String {
        let mut wire = Vec::new();
        request.header_to_h1_wire(&mut wire);
        String::from_utf8(wire).unwrap().replace("\r\n", " ")
    }

    #[test]
    fn removing_a_line_keeps_the_order_of_the_others() {
        let (ctx, mut request) = (Ctx::default(), request());
        let mut editor = RequestEditor { ctx: &ctx, request: &mut request };
        editor.del_header(&HeaderName::from_static("b"));
        assert_eq!(wire(&request), "a: 1 a: 4 c: 3 d: 5 ");
    }

    #[test]
    fn a_header_that_is_set_stands_last_and_once() {
        let (ctx, mut request) = (Ctx::default(), request());
        let mut editor = RequestEditor { ctx: &ctx, request: &mut request };
        editor.set_header(&HeaderName::from_static("a"), b"9");
        assert_eq!(wire(&request), "b: 2 c: 3 d: 5 a: 9 ");
    }

    #[test]
    fn lines_are_rewritten_in_their_place() {
        let (ctx, mut request) = (Ctx::default(), request());
        let mut editor = RequestEditor { ctx: &ctx, request: &mut request };
        editor.rewrite_headers(&HeaderName::from_static("c"), &mut |_| Some(b"x".to_vec()));
        assert_eq!(wire(&request), "a: 1 a: 4 b: 2 c: x d: 5 ");
    }
}
