//! What is kept of messages for logs and for `capture.*` samples (configuration.txt 4.2, `capture request header` and
//! its like).

use std::borrow::Cow;

use config::model::{CaptureSlot, Captures, CookieCapture};
use expr::Side;
use parking_lot::Mutex;

use crate::message::Lines;

/// What the slots hold.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    request: Slots,
    response: Slots,
    /// What converters have put in slots while values were borrowed from here.
    late: Mutex<Vec<(Side, usize, Vec<u8>)>>,
    /// `capture cookie`, of the request.
    pub request_cookie: Option<Vec<u8>>,
    /// `capture cookie`, of the response.
    pub response_cookie: Option<Vec<u8>>,
}

/// The slots of a side, and how much each keeps.
#[derive(Debug, Default)]
struct Slots {
    values: Vec<Option<Vec<u8>>>,
    lengths: Vec<usize>,
}

impl Slots {
    fn new(slots: &[CaptureSlot]) -> Self {
        let lengths: Vec<usize> = slots.iter().map(|slot| slot.length).collect();
        Self { values: vec![None; lengths.len()], lengths }
    }

    fn fill(&mut self, slot: usize, value: &[u8]) {
        if let Some(value) = self.cut(slot, value)
            && let Some(place) = self.values.get_mut(slot)
        {
            *place = Some(value);
        }
    }

    /// As much of a value as a slot keeps; nothing where there is no such slot.
    fn cut(&self, slot: usize, value: &[u8]) -> Option<Vec<u8>> {
        let length = self.lengths.get(slot)?;
        Some(value[..value.len().min(*length)].to_vec())
    }

    fn take(&mut self, slots: &[CaptureSlot], lines: &Lines) {
        for (slot, CaptureSlot { header, .. }) in slots.iter().enumerate() {
            let last = header.as_ref().and_then(|header| lines.all(header.as_bytes()).last());
            if let Some(value) = last {
                self.fill(slot, value);
            }
        }
    }

    fn list(&self) -> Vec<Option<&[u8]>> {
        self.values.iter().map(Option::as_deref).collect()
    }
}

impl Kept {
    /// Empty slots for a request.
    pub(crate) fn new(captures: &Captures) -> Self {
        let (request, response) = (Slots::new(&captures.request), Slots::new(&captures.response));
        Self { request, response, ..Self::default() }
    }

    /// Keeps what a request's head brings.
    pub(crate) fn take_request(&mut self, captures: &Captures, lines: &Lines) {
        self.request.take(&captures.request, lines);
    }

    /// Keeps the cookie of a request that goes to a server.
    pub(crate) fn take_request_cookie(&mut self, captures: &Captures, lines: &Lines) {
        if let Some(cookie) = &captures.cookie {
            let all = lines.all(b"cookie").flat_map(|line| line.split(|byte| *byte == b';'));
            self.request_cookie = first_cookie(cookie, all);
        }
    }

    /// Keeps what a response's head brings.
    pub(crate) fn take_response(&mut self, captures: &Captures, lines: &Lines) {
        self.response.take(&captures.response, lines);
        if let Some(cookie) = &captures.cookie {
            let all = lines.all(b"set-cookie").filter_map(|line| line.split(|byte| *byte == b';').next());
            self.response_cookie = first_cookie(cookie, all);
        }
    }

    /// Fills a slot, or does nothing where there is none of that number.
    pub(crate) fn fill(&mut self, side: Side, slot: usize, value: &[u8]) {
        self.settle();
        self.slots_mut(side).fill(slot, value);
    }

    /// Fills a slot while values may be borrowed from here; false where there is none of that number.
    pub(crate) fn defer(&self, side: Side, slot: usize, value: &[u8]) -> bool {
        let Some(value) = self.slots(side).cut(slot, value) else { return false };
        let mut late = self.late.lock();
        match late.iter_mut().find(|(of, number, _)| (*of, *number) == (side, slot)) {
            Some((.., known)) => *known = value,
            None => late.push((side, slot, value)),
        }
        true
    }

    /// Puts in their places what expressions have kept.
    pub(crate) fn settle(&mut self) {
        for (side, slot, value) in std::mem::take(self.late.get_mut()) {
            self.slots_mut(side).fill(slot, &value);
        }
    }

    /// What a slot holds; borrowed unless an expression has just filled it.
    pub(crate) fn get(&self, side: Side, slot: usize) -> Option<Cow<'_, [u8]>> {
        let kept = self.slots(side).values.get(slot)?;
        let late = self.late.lock();
        let found = late.iter().find(|(of, number, _)| (*of, *number) == (side, slot));
        found.map(|(.., value)| Cow::Owned(value.clone())).or(kept.as_deref().map(Cow::Borrowed))
    }

    fn slots(&self, side: Side) -> &Slots {
        match side {
            Side::Request => &self.request,
            Side::Response => &self.response,
        }
    }

    fn slots_mut(&mut self, side: Side) -> &mut Slots {
        match side {
            Side::Request => &mut self.request,
            Side::Response => &mut self.response,
        }
    }

    /// What all slots of a side hold; `None` where there is no slot.
    pub(crate) fn all(&self, side: Side) -> Option<Vec<Option<&[u8]>>> {
        let list = self.slots(side).list();
        Some(list).filter(|list| !list.is_empty())
    }
}

/// The first `name=value` whose beginning is asked for, cut to the length.
fn first_cookie<'a>(cookie: &CookieCapture, mut all: impl Iterator<Item = &'a [u8]>) -> Option<Vec<u8>> {
    let found = all.find_map(|one| {
        let one = one.trim_ascii();
        one.starts_with(cookie.begins.as_bytes()).then_some(one)
    })?;
    Some(found[..found.len().min(cookie.length)].to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_of_a_header_and_the_first_cookie_are_kept() {
        let slot = |header: Option<&str>, length| CaptureSlot { header: header.map(str::to_owned), length };
        let captures = Captures {
            request: vec![slot(Some("x"), 4), slot(None, 2)],
            response: Vec::new(),
            cookie: Some(CookieCapture { begins: "SI".to_owned(), length: 6 }),
        };
        let mut lines = Lines::default();
        for (name, value) in [("x", "first"), ("cookie", "a=b; SID=12345678; SI=9"), ("x", "second")] {
            lines.push(name, value);
        }
        let mut kept = Kept::new(&captures);
        kept.take_request(&captures, &lines);
        kept.take_request_cookie(&captures, &lines);
        kept.fill(Side::Request, 1, b"long");
        kept.fill(Side::Request, 7, b"nowhere");
        assert!(kept.defer(Side::Request, 1, b"late") && !kept.defer(Side::Request, 7, b"nowhere"));
        assert_eq!(kept.get(Side::Request, 1).as_deref(), Some(&b"la"[..]));
        assert_eq!(kept.all(Side::Request), Some(vec![Some(&b"seco"[..]), Some(b"lo")]));
        kept.settle();
        assert_eq!(kept.all(Side::Request), Some(vec![Some(&b"seco"[..]), Some(b"la")]));
        assert_eq!(kept.all(Side::Response), None);
        assert_eq!(kept.request_cookie.as_deref(), Some(&b"SID=12"[..]));
    }
}
