//! Where the values of variables are kept.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Var, VarScope, VarTable};
use crate::Value;

/// What HAProxy counts for a variable besides the bytes of its text.
const OVERHEAD: usize = 80;

/// The values of one scope, by place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slots {
    slots: Vec<Option<Value<'static>>>,
    size: usize,
}

/// The bytes that the limits count.
fn size_of(value: Option<&Value<'_>>) -> usize {
    value.map_or(0, |value| OVERHEAD + value.bytes())
}

impl Slots {
    /// The value at a place.
    pub fn get(&self, slot: usize) -> Option<&Value<'static>> {
        self.slots.get(slot)?.as_ref()
    }

    /// Puts a value at a place; without one, what is there is gone.
    pub fn set(&mut self, slot: usize, value: Option<Value<'static>>) {
        if self.slots.len() <= slot {
            self.slots.resize_with(slot + 1, || None);
        }
        let place = &mut self.slots[slot];
        self.size = self.size - size_of(place.as_ref()) + size_of(value.as_ref());
        *place = value;
    }

    /// How many bytes more this value would need.
    fn growth(&self, slot: usize, value: &Value<'_>) -> usize {
        size_of(Some(value)).saturating_sub(size_of(self.get(slot)))
    }

    /// The bytes that the limits count.
    pub fn size(&self) -> usize {
        self.size
    }

    fn clear(&mut self) {
        self.slots.clear();
        self.size = 0;
    }
}

/// The variables of a scope that many transactions see: those of the process, and those of a client's connection.
/// A reader takes a copy once and keeps it; a writer makes a new one.
#[derive(Debug, Default)]
pub struct SharedVars {
    current: Mutex<Arc<Slots>>,
}

impl SharedVars {
    fn lock(&self) -> MutexGuard<'_, Arc<Slots>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The values as they are now.
    pub fn read(&self) -> Arc<Slots> {
        self.lock().clone()
    }

    /// The same values in the places that another configuration gives the variables of a connection.
    pub fn moved(&self, from: &VarTable, to: &VarTable) -> Self {
        let (old, mut new) = (self.read(), Slots::default());
        for (slot, name) in from.names(VarScope::Sess).iter().enumerate() {
            if let (Some(value), Some(var)) = (old.get(slot), to.find(name)) {
                new.set(var.slot, Some(value.clone()));
            }
        }
        Self { current: Mutex::new(Arc::new(new)) }
    }

    /// Changes one value, and gives all as they are then.
    pub fn set(&self, slot: usize, value: Option<Value<'static>>) -> Arc<Slots> {
        let mut current = self.lock();
        Arc::make_mut(&mut current).set(slot, value);
        current.clone()
    }
}

/// The most bytes that variables may take (configuration.txt 3.2, `tune.vars.*-max-size`); 0 is no limit. The coarser
/// ones include the finer ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VarLimits {
    /// `tune.vars.global-max-size`.
    pub global: usize,
    /// `tune.vars.proc-max-size`.
    pub process: usize,
    /// `tune.vars.sess-max-size`.
    pub session: usize,
    /// `tune.vars.txn-max-size`.
    pub transaction: usize,
    /// `tune.vars.reqres-max-size`.
    pub message: usize,
    /// `tune.vars.check-max-size`.
    pub check: usize,
}

/// What all transactions of a process share.
#[derive(Debug, Default)]
pub struct ProcessVars {
    /// The variables of the process.
    pub vars: SharedVars,
    /// The limits.
    pub limits: VarLimits,
    /// What the variables of all scopes take together, counted only where a limit asks for it.
    total: AtomicUsize,
}

impl ProcessVars {
    /// No variables yet, within these limits.
    pub fn new(limits: VarLimits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// The most that all together may take; the limit for the process includes all finer ones, as the global one does.
    fn ceiling(&self) -> Option<usize> {
        [self.limits.global, self.limits.process].into_iter().filter(|limit| *limit > 0).min()
    }
}

/// The variables that one transaction sees.
#[derive(Debug, Default)]
pub struct TxnVars {
    process: Option<Arc<ProcessVars>>,
    session: Option<Arc<SharedVars>>,
    /// What was read of these two.
    process_copy: Option<Arc<Slots>>,
    session_copy: Option<Arc<Slots>>,
    transaction: Slots,
    /// Those of the request, then those of the response.
    message: Slots,
    responding: bool,
    check: Slots,
    /// What converters have set while an expression was at work on values that are borrowed from here.
    pending: Mutex<Vec<(Var, Option<Value<'static>>)>>,
    has_pending: AtomicBool,
}

impl TxnVars {
    /// The variables of a new transaction; those that are shared are read when [`Self::refresh`] is called.
    pub fn new(process: Option<Arc<ProcessVars>>, session: Option<Arc<SharedVars>>) -> Self {
        let mut vars = Self::default();
        (vars.process, vars.session) = (process, session);
        vars
    }

    /// Reads anew what others may have changed.
    pub fn refresh(&mut self) {
        self.settle();
        self.process_copy = self.process.as_ref().map(|process| process.vars.read());
        self.session_copy = self.session.as_ref().map(|session| session.read());
    }

    /// The response begins: the request's variables are gone.
    pub fn respond(&mut self) {
        self.settle();
        if !self.responding {
            self.count(self.message.size(), 0);
            self.message.clear();
            self.responding = true;
        }
    }

    /// The value of a variable; borrowed unless the expression at work has set it itself.
    pub fn get(&self, var: &Var) -> Option<Value<'_>> {
        if self.has_pending.load(Ordering::Relaxed)
            && let Some((_, value)) = self.pending().iter().rev().find(|(known, _)| known == var)
        {
            return value.clone();
        }
        self.slots(var.scope)?.get(var.slot).map(Value::borrowed)
    }

    /// Whether there are variables of a scope in a transaction now.
    pub fn has_scope(&self, scope: VarScope) -> bool {
        match scope {
            VarScope::Proc | VarScope::Sess | VarScope::Txn => true,
            VarScope::Req => !self.responding,
            VarScope::Res => self.responding,
            VarScope::Check => false,
        }
    }

    /// Whether it is there; those of the process are from the beginning.
    pub fn exists(&self, var: &Var) -> bool {
        var.scope == VarScope::Proc || self.get(var).is_some()
    }

    /// Sets a variable, or unsets it, while values may be borrowed.
    pub fn defer(&self, var: &Var, value: Option<Value<'static>>) {
        let mut pending = self.pending();
        match pending.iter_mut().find(|(known, _)| known == var) {
            Some((_, known)) => *known = value,
            None => pending.push((var.clone(), value)),
        }
        self.has_pending.store(true, Ordering::Relaxed);
    }

    /// Sets a variable, or unsets it. What a limit forbids is left as it was; so is a request's variable once the
    /// response has begun.
    pub fn set(&mut self, var: &Var, value: Option<Value<'static>>) {
        self.settle();
        self.put(var, value);
    }

    /// Puts in their places what expressions have set.
    pub fn settle(&mut self) {
        if std::mem::take(self.has_pending.get_mut()) {
            let pending = std::mem::take(self.pending.get_mut().unwrap_or_else(PoisonError::into_inner));
            pending.into_iter().for_each(|(var, value)| self.put(&var, value));
        }
    }

    fn put(&mut self, var: &Var, value: Option<Value<'static>>) {
        if value.as_ref().is_some_and(|value| !self.has_room(var, value)) {
            return;
        }
        let before = self.slots(var.scope).map_or(0, Slots::size);
        match var.scope {
            VarScope::Proc => {
                self.process_copy = self.process.as_ref().map(|process| process.vars.set(var.slot, value));
            }
            VarScope::Sess => {
                self.session_copy = self.session.as_ref().map(|session| session.set(var.slot, value));
            }
            VarScope::Txn => self.transaction.set(var.slot, value),
            VarScope::Req if !self.responding => self.message.set(var.slot, value),
            VarScope::Res if self.responding => self.message.set(var.slot, value),
            VarScope::Req | VarScope::Res => {}
            VarScope::Check => self.check.set(var.slot, value),
        }
        self.count(before, self.slots(var.scope).map_or(0, Slots::size));
    }

    /// Whether the limits of the scope and of those around it leave room for a value.
    fn has_room(&self, var: &Var, value: &Value<'_>) -> bool {
        let Some(process) = &self.process else { return true };
        let limits = &process.limits;
        let growth = self.slots(var.scope).map_or(0, |slots| slots.growth(var.slot, value));
        let message = self.message.size();
        let transaction = message + self.transaction.size();
        let session = transaction + self.session_copy.as_ref().map_or(0, |copy| copy.size());
        let fits = |limit: usize, size: usize| limit == 0 || size + growth <= limit;
        let within = match var.scope {
            VarScope::Check => fits(limits.check, self.check.size()),
            VarScope::Proc => true,
            VarScope::Sess => fits(limits.session, session),
            VarScope::Txn => fits(limits.session, session) && fits(limits.transaction, transaction),
            VarScope::Req | VarScope::Res => {
                fits(limits.session, session)
                    && fits(limits.transaction, transaction)
                    && fits(limits.message, message)
            }
        };
        within && process.ceiling().is_none_or(|limit| fits(limit, process.total.load(Ordering::Relaxed)))
    }

    /// Keeps the process' total, where a limit asks for it.
    fn count(&self, before: usize, after: usize) {
        if let Some(process) = self.process.as_ref().filter(|process| process.ceiling().is_some()) {
            process.total.fetch_add(after.wrapping_sub(before), Ordering::Relaxed);
        }
    }

    fn pending(&self) -> MutexGuard<'_, Vec<(Var, Option<Value<'static>>)>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn slots(&self, scope: VarScope) -> Option<&Slots> {
        match scope {
            VarScope::Proc => self.process_copy.as_deref(),
            VarScope::Sess => self.session_copy.as_deref(),
            VarScope::Txn => Some(&self.transaction),
            VarScope::Req => Some(&self.message).filter(|_| !self.responding),
            VarScope::Res => Some(&self.message).filter(|_| self.responding),
            VarScope::Check => Some(&self.check),
        }
    }
}

impl Drop for TxnVars {
    /// What is shared gets what the last expression has set; the rest is not counted any more.
    fn drop(&mut self) {
        self.settle();
        self.count(self.transaction.size() + self.message.size() + self.check.size(), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a number takes.
    const INT: usize = OVERHEAD;

    fn text(text: &str) -> Option<Value<'static>> {
        Some(Value::made(text.as_bytes().to_vec()))
    }

    fn var(name: &str) -> Var {
        VarTable::default().name(name).unwrap()
    }

    #[test]
    fn a_variable_is_set_and_unset() {
        let (mut vars, a) = (TxnVars::default(), var("txn.a"));
        assert!(!vars.exists(&a));
        vars.set(&a, None);
        assert!(!vars.exists(&a));
        vars.set(&a, text("x"));
        assert_eq!(vars.get(&a), text("x"));
        assert!(vars.exists(&a));
        vars.set(&a, None);
        assert_eq!(vars.get(&a), None);
        assert!(!vars.exists(&a) && vars.exists(&var("proc.a")));
    }

    #[test]
    fn what_an_expression_sets_is_seen_before_it_is_settled() {
        let (mut vars, a) = (TxnVars::default(), var("txn.a"));
        vars.set(&a, text("x"));
        vars.defer(&a, text("y"));
        assert_eq!(vars.get(&a), text("y"));
        vars.defer(&a, None);
        assert_eq!(vars.get(&a), None);
        vars.settle();
        assert_eq!(vars.get(&a), None);
    }

    #[test]
    fn the_requests_variables_end_with_it() {
        let (mut vars, req, res) = (TxnVars::default(), var("req.a"), var("res.a"));
        vars.set(&req, text("x"));
        vars.set(&res, text("y"));
        assert_eq!((vars.get(&req), vars.get(&res)), (text("x"), None));
        vars.respond();
        assert_eq!((vars.get(&req), vars.get(&res)), (None, None));
        vars.set(&res, text("y"));
        vars.set(&req, text("x"));
        assert_eq!((vars.get(&req), vars.get(&res)), (None, text("y")));
    }

    #[test]
    fn a_connections_requests_share_its_variables() {
        let (session, a) = (Arc::new(SharedVars::default()), var("sess.a"));
        let begin = || {
            let mut vars = TxnVars::new(None, Some(session.clone()));
            vars.refresh();
            vars
        };
        begin().set(&a, text("x"));
        let mut other = begin();
        assert_eq!(other.get(&a), text("x"));
        begin().defer(&a, text("y"));
        assert_eq!(other.get(&a), text("x"));
        other.refresh();
        assert_eq!(other.get(&a), text("y"));
    }

    #[test]
    fn another_configuration_gives_other_places() {
        let (mut from, mut to) = (VarTable::default(), VarTable::default());
        let (a, b) = (from.name("sess.a").unwrap(), from.name("sess.b").unwrap());
        let vars = SharedVars::default();
        vars.set(a.slot, text("x"));
        vars.set(b.slot, text("y"));
        let (c, b) = (to.name("sess.c").unwrap(), to.name("sess.b").unwrap());
        let moved = vars.moved(&from, &to).read();
        assert_eq!((moved.get(c.slot), moved.get(b.slot).cloned()), (None, text("y")));
    }

    #[test]
    fn limits_include_the_finer_ones() {
        let limits = VarLimits { session: 3 * INT, transaction: 2 * INT, ..VarLimits::default() };
        let process = Arc::new(ProcessVars::new(limits));
        let mut vars = TxnVars::new(Some(process), Some(Arc::default()));
        vars.refresh();
        let mut table = VarTable::default();
        let mut set = |name: &str| {
            let var = table.name(name).unwrap();
            vars.set(&var, Some(Value::Int(1)));
            vars.get(&var).is_some()
        };
        assert!(set("txn.a") && set("req.a"));
        assert!(!set("txn.b") && !set("req.b"));
        assert!(set("sess.a") && set("txn.a"));
        assert!(!set("sess.b"));
    }

    #[test]
    fn the_process_total_goes_down_with_a_transaction() {
        let process = Arc::new(ProcessVars::new(VarLimits { global: OVERHEAD + 4, ..VarLimits::default() }));
        let a = var("txn.a");
        for _ in 0..3 {
            let mut vars = TxnVars::new(Some(process.clone()), None);
            vars.set(&a, text("12345"));
            assert_eq!(vars.get(&a), None);
            vars.set(&a, text("1234"));
            assert_eq!(vars.get(&a), text("1234"));
        }
        assert_eq!(process.total.load(Ordering::Relaxed), 0);
    }
}
