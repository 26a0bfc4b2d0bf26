//! `maxconn` at three levels as permits: a connection is taken from the kernel only with all of them in hand.
//!
//! The kernel's backlog is the queue, as in HAProxy. Limits may change while permits are out, at a reload or by
//! `set maxconn`: a limit that shrinks swallows permits as they come back.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Semaphore;

/// One limit: of the process, of a frontend, or of a `bind` line.
#[derive(Debug)]
pub struct Limit {
    semaphore: Semaphore,
    size: AtomicUsize,
    /// Permits to swallow when they come back.
    debt: AtomicUsize,
}

impl Limit {
    /// A limit of `size` connections at once.
    pub fn new(size: u32) -> Arc<Self> {
        let size = (size as usize).min(Semaphore::MAX_PERMITS);
        Arc::new(Self { semaphore: Semaphore::new(size), size: size.into(), debt: 0.into() })
    }

    /// How many connections it lets in at once.
    pub fn size(&self) -> usize {
        self.size.load(Ordering::Relaxed)
    }

    /// Whether nothing is left just now.
    pub fn is_full(&self) -> bool {
        self.semaphore.available_permits() == 0
    }

    /// How many permits are out.
    pub fn in_use(&self) -> usize {
        let debt = self.debt.load(Ordering::Relaxed);
        (self.size() + debt).saturating_sub(self.semaphore.available_permits())
    }

    /// Changes the size; permits that are out stay valid.
    pub fn resize(&self, size: u32) {
        let size = (size as usize).min(Semaphore::MAX_PERMITS);
        let old = self.size.swap(size, Ordering::AcqRel);
        if size < old {
            let gone = self.semaphore.forget_permits(old - size);
            self.debt.fetch_add(old - size - gone, Ordering::AcqRel);
        } else {
            for _ in old..size {
                self.give_back();
            }
        }
    }

    /// Waits for a permit, first come, first served.
    pub async fn acquire(self: &Arc<Self>) -> Permit {
        let permit = self.semaphore.acquire().await.expect("the semaphore is never closed");
        permit.forget();
        Permit(self.clone())
    }

    /// A permit, if there is one just now.
    pub fn try_acquire(self: &Arc<Self>) -> Option<Permit> {
        self.semaphore.try_acquire().ok()?.forget();
        Some(Permit(self.clone()))
    }

    fn give_back(&self) {
        let owed = self.debt.fetch_update(Ordering::AcqRel, Ordering::Acquire, |debt| debt.checked_sub(1));
        if owed.is_err() {
            self.semaphore.add_permits(1);
        }
    }
}

/// The right to one connection under one [`Limit`]; dropping it gives it back.
#[derive(Debug)]
pub struct Permit(Arc<Limit>);

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.give_back();
    }
}

/// The limits that one listener is under.
#[derive(Clone, Debug, Default)]
pub struct Permits {
    /// From the narrowest to the widest: bind, frontend, process.
    limits: [Option<Arc<Limit>>; 3],
}

/// What [`Permits::acquire`] yields: one permit of each limit, given back together.
pub(crate) type Held = [Option<Permit>; 3];

impl Permits {
    /// `bind`'s own limit, the frontend's, the process'.
    pub fn new(bind: Option<Arc<Limit>>, frontend: Option<Arc<Limit>>, process: Option<Arc<Limit>>) -> Self {
        Self { limits: [bind, frontend, process] }
    }

    /// One permit of each, the narrowest first: a listener that waits for its own limit takes nothing from others.
    pub(crate) async fn acquire(&self) -> Held {
        let mut held = Held::default();
        for (limit, held) in self.limits.iter().zip(&mut held) {
            if let Some(limit) = limit {
                *held = Some(match limit.try_acquire() {
                    Some(permit) => permit,
                    None => limit.acquire().await,
                });
            }
        }
        held
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permit_comes_back_when_dropped() {
        let limit = Limit::new(1);
        let permit = limit.try_acquire().unwrap();
        assert!(limit.try_acquire().is_none());
        drop(permit);
        assert!(limit.try_acquire().is_some());
    }

    #[test]
    fn a_limit_that_shrinks_swallows_permits_as_they_come_back() {
        let limit = Limit::new(3);
        let held: Vec<_> = (0..3).map(|_| limit.try_acquire().unwrap()).collect();
        limit.resize(1);
        assert_eq!(limit.in_use(), 3);
        drop(held);
        assert_eq!(limit.in_use(), 0);
        let _one = limit.try_acquire().unwrap();
        assert!(limit.try_acquire().is_none());
    }

    #[test]
    fn a_limit_that_grows_pays_its_debt_first() {
        let limit = Limit::new(2);
        let held: Vec<_> = (0..2).map(|_| limit.try_acquire().unwrap()).collect();
        limit.resize(1);
        limit.resize(4);
        assert_eq!(limit.in_use(), 2);
        assert!(limit.try_acquire().is_some());
        drop(held);
        assert_eq!(limit.in_use(), 0);
        assert_eq!((0..9).map_while(|_| limit.try_acquire().map(std::mem::forget)).count(), 4);
    }
}
