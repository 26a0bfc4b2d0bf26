//! What actions may change. `proxy` implements it for its requests and responses.

use std::ops::ControlFlow;
use std::sync::Arc;

use expr::{Side, Txn, Value, Var};
use table::Tracked;

use crate::Change;

/// A message on its way. The header methods are about the side whose rules run: the request's in `http-request`, the
/// response's in `http-response`. Names are in lower case; one that HTTP does not allow is a name all the same.
pub trait Message {
    /// The same message for reading.
    fn txn(&self) -> &dyn Txn;
    /// The side whose rules run.
    fn side(&self) -> Side;
    /// Removes all lines of a name and adds one at the end.
    fn set_header(&mut self, name: &[u8], value: &[u8]) {
        self.del_header(name);
        self.add_header(name, value);
    }
    /// Adds a line at the end.
    fn add_header(&mut self, name: &[u8], value: &[u8]);
    /// Removes all lines of a name.
    fn del_header(&mut self, name: &[u8]);
    /// Keeps the lines (name, value) for which this says so.
    fn retain_headers(&mut self, keep: &mut dyn FnMut(&[u8], &[u8]) -> bool);
    /// Gives lines of a name another value where one is returned. An implementation that can change a line in its
    /// place should: this one moves all lines of the name to the end.
    fn rewrite_headers(&mut self, name: &[u8], value: &mut dyn FnMut(&[u8]) -> Option<Vec<u8>>) {
        let mut lines: Vec<Vec<u8>> = Vec::new();
        let mut changed = false;
        self.txn().headers(self.side(), None, &mut |known, line| {
            if known.eq_ignore_ascii_case(name) {
                let new = value(line);
                changed |= new.is_some();
                lines.push(new.unwrap_or_else(|| line.to_vec()));
            }
            ControlFlow::Continue(())
        });
        if changed {
            self.del_header(name);
            lines.iter().for_each(|line| self.add_header(name, line));
        }
    }
    /// Replaces the request's target.
    fn set_uri(&mut self, uri: Vec<u8>);
    /// Replaces the request's method.
    fn set_method(&mut self, method: Vec<u8>);
    /// Replaces the response's status.
    fn set_status(&mut self, status: u16);
    /// Replaces the response's reason phrase; where there is none to replace, nothing happens.
    fn set_reason(&mut self, reason: &[u8]) {
        let _ = reason;
    }
    /// Whether a counter tracks something already; in the rules of a connection, for the connection. Where nothing can be
    /// tracked it says so.
    fn is_tracking(&self, counter: usize) -> bool {
        let _ = counter;
        true
    }
    /// Lets a counter track an entry from now on, and counts what is tracked there for the first time.
    fn track(&mut self, counter: usize, tracked: Tracked) {
        let _ = (counter, tracked);
    }
    /// Sets a variable; without a value it is unset.
    fn set_var(&mut self, var: &Var, value: Option<Value<'static>>) {
        self.txn().defer_var(var, value);
    }

    /// A rule has ended its set: where it stands, `file:line`.
    fn conclude(&mut self, place: &Arc<str>) {
        let _ = place;
    }

    /// Changes what is not of the head; where it means nothing, nothing happens.
    fn change(&mut self, change: Change) {
        let _ = change;
    }
}
