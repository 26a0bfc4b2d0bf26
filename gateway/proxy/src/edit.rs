//! Requests and responses as rules change them.

use std::sync::Arc;

use bytes::Bytes;
use expr::{Side, Txn, Value, Var};
use http::Method;
use rules::{Change, Message};
use table::Tracked;

use crate::ctx::Ctx;
use crate::http::finish;
use crate::message::{Line, Lines, ResponseHead, reason};

/// A request as `http-request` rules change it.
#[derive(Debug)]
pub(crate) struct RequestEditor<'a> {
    /// The request's context.
    pub ctx: &'a mut Ctx,
}

/// A response as `http-response` rules change it.
#[derive(Debug)]
pub(crate) struct ResponseEditor<'a> {
    /// The request's context.
    pub ctx: &'a mut Ctx,
    /// The response's head.
    pub response: &'a mut ResponseHead,
}

/// Whether a value can stand in a header line: a line end in it would begin another line.
fn is_value(value: &[u8]) -> bool {
    !value.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0))
}

fn add(lines: &mut Lines, name: &[u8], value: &[u8]) {
    if is_value(value) {
        lines.push(Bytes::copy_from_slice(name), Bytes::copy_from_slice(value));
    } else {
        let name = String::from_utf8_lossy(name);
        log::debug!("a rule made a value of '{name}' that HTTP cannot carry; the line is left out");
    }
}

fn rewrite(lines: &mut Lines, name: &[u8], value: &mut dyn FnMut(&[u8]) -> Option<Vec<u8>>) {
    for line in lines.iter_mut().filter(|line| line.name == name) {
        if let Some(new) = value(&line.value).filter(|new| is_value(new)) {
            line.value = new.into();
        }
    }
}

fn retain(lines: &mut Lines, keep: &mut dyn FnMut(&[u8], &[u8]) -> bool) {
    lines.retain(|Line { name, value }| keep(name, value));
}

impl Message for RequestEditor<'_> {
    fn txn(&self) -> &dyn Txn {
        self
    }

    fn side(&self) -> Side {
        Side::Request
    }

    fn conclude(&mut self, place: &Arc<str>) {
        self.ctx.last_rule = Some(place.clone());
    }

    fn add_header(&mut self, name: &[u8], value: &[u8]) {
        add(&mut self.ctx.request.lines, name, value);
    }

    fn del_header(&mut self, name: &[u8]) {
        self.ctx.request.lines.remove(name);
    }

    fn retain_headers(&mut self, keep: &mut dyn FnMut(&[u8], &[u8]) -> bool) {
        retain(&mut self.ctx.request.lines, keep);
    }

    fn rewrite_headers(&mut self, name: &[u8], value: &mut dyn FnMut(&[u8]) -> Option<Vec<u8>>) {
        rewrite(&mut self.ctx.request.lines, name, value);
    }

    fn set_uri(&mut self, uri: Vec<u8>) {
        if uri.is_empty() || uri.iter().any(|byte| *byte <= b' ' || *byte == 0x7f) {
            log::debug!("a rule made a target that HTTP cannot carry; it stays as it was");
        } else {
            self.ctx.request.target = uri.into();
        }
    }

    fn set_method(&mut self, method: Vec<u8>) {
        match Method::from_bytes(&method) {
            Ok(method) => {
                let before = std::mem::replace(&mut self.ctx.request.method, method);
                self.ctx.effects.first_method.get_or_insert(before);
            }
            Err(_) => log::debug!("a rule made a method that HTTP cannot carry; it stays as it was"),
        }
    }

    fn set_status(&mut self, _status: u16) {}

    fn is_tracking(&self, counter: usize) -> bool {
        self.ctx.trackers.get(counter).is_some()
    }

    fn track(&mut self, counter: usize, tracked: Tracked) {
        self.ctx.track(counter, tracked, None);
    }

    fn set_var(&mut self, var: &Var, value: Option<Value<'static>>) {
        self.ctx.vars.set(var, value);
    }

    fn change(&mut self, change: Change) {
        if let Change::Log { step, profile } = &change {
            return finish::log_now(*step, profile.as_deref(), self.ctx, None);
        }
        self.ctx.note(change);
    }
}

impl Message for ResponseEditor<'_> {
    fn txn(&self) -> &dyn Txn {
        self
    }

    fn side(&self) -> Side {
        Side::Response
    }

    fn conclude(&mut self, place: &Arc<str>) {
        self.ctx.last_rule = Some(place.clone());
    }

    fn add_header(&mut self, name: &[u8], value: &[u8]) {
        add(&mut self.response.lines, name, value);
    }

    fn del_header(&mut self, name: &[u8]) {
        self.response.lines.remove(name);
    }

    fn retain_headers(&mut self, keep: &mut dyn FnMut(&[u8], &[u8]) -> bool) {
        retain(&mut self.response.lines, keep);
    }

    fn rewrite_headers(&mut self, name: &[u8], value: &mut dyn FnMut(&[u8]) -> Option<Vec<u8>>) {
        rewrite(&mut self.response.lines, name, value);
    }

    fn set_uri(&mut self, _uri: Vec<u8>) {}

    fn set_method(&mut self, _method: Vec<u8>) {}

    fn set_status(&mut self, status: u16) {
        self.response.status = status;
        self.response.reason = Bytes::from_static(reason(status).as_bytes());
    }

    fn set_reason(&mut self, reason: &[u8]) {
        if is_value(reason) {
            self.response.reason = Bytes::copy_from_slice(reason);
        }
    }

    fn is_tracking(&self, counter: usize) -> bool {
        self.ctx.trackers.get(counter).is_some()
    }

    fn track(&mut self, counter: usize, tracked: Tracked) {
        self.ctx.track(counter, tracked, Some(self.response.status));
    }

    fn set_var(&mut self, var: &Var, value: Option<Value<'static>>) {
        self.ctx.vars.set(var, value);
    }

    fn change(&mut self, change: Change) {
        if let Change::Log { step, profile } = &change {
            return finish::log_now(*step, profile.as_deref(), self.ctx, Some(&*self.response));
        }
        self.ctx.note(change);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> Ctx {
        let mut ctx = Ctx::default();
        for (name, value) in [("a", "1"), ("b", "2"), ("c", "3"), ("a", "4"), ("d", "5")] {
            ctx.request.lines.push(name, value);
        }
        ctx
    }

    fn wire(ctx: &Ctx) -> String {
        ctx.request
            .lines
            .iter()
            .map(|line| {
                format!("{}{} ", String::from_utf8_lossy(&line.name), String::from_utf8_lossy(&line.value))
            })
            .collect()
    }

    #[test]
    fn lines_that_stay_keep_their_places() {
        let mut ctx = request();
        let mut editor = RequestEditor { ctx: &mut ctx };
        editor.del_header(b"b");
        editor.set_header(b"c", b"9");
        editor.rewrite_headers(b"a", &mut |value| (value == b"1").then(|| b"x".to_vec()));
        assert_eq!(wire(&ctx), "ax a4 d5 c9 ");
    }

    #[test]
    fn a_value_with_a_line_end_is_no_value() {
        let mut ctx = Ctx::default();
        let mut editor = RequestEditor { ctx: &mut ctx };
        editor.add_header(b"a", b"1\r\nb: 2");
        assert_eq!(wire(&ctx), "");
    }
}
