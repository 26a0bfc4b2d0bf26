//! The queues between those who log and the one thread that writes, and that thread.
//!
//! Each destination has a buffer; sending appends a line to it under a lock held for a copy. The writer takes
//! whole buffers, so lines leave in batches, and pauses a moment after each batch, so that a busy gateway pays
//! a wake-up for many lines rather than for each. A buffer that is full drops what comes, and counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::Destination;
use super::output::Output;

/// What may wait for one destination: some seven thousand lines, a stall of a second at that rate.
const LIMIT: usize = 1 << 20;

/// How long lines are gathered after a batch has gone.
const PAUSE: Duration = Duration::from_millis(2);

/// A destination's place in the queue.
#[derive(Clone, Debug)]
pub(super) struct Slot(usize);

/// The lines waiting for one destination, each followed by a line feed.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) bytes: Vec<u8>,
    /// Where each line ends, line feed included.
    pub(super) ends: Vec<usize>,
}

impl Batch {
    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }
}

#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    /// The writer sleeps here when there is nothing to write.
    work: Condvar,
    /// The writer pauses here after a batch; only a flush wakes it.
    hurry: Condvar,
    /// Those who flush wait here for the end of a batch.
    written: Condvar,
    dropped: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    destinations: Vec<Destination>,
    batches: Vec<Batch>,
    asleep: bool,
    writing: bool,
    flushing: usize,
    dead: bool,
}

impl Queue {
    pub(super) fn start() -> Arc<Self> {
        let queue = Arc::new(Self {
            state: Mutex::default(),
            work: Condvar::new(),
            hurry: Condvar::new(),
            written: Condvar::new(),
            dropped: AtomicU64::new(0),
        });
        let writer = Arc::clone(&queue);
        let spawned = thread::Builder::new().name("log".into()).spawn(move || writer.run());
        queue.state.lock().dead = spawned.is_err();
        queue
    }

    /// The place of a destination, the same for equal ones.
    pub(super) fn slot(&self, to: &Destination) -> Slot {
        let mut state = self.state.lock();
        let known = state.destinations.iter().position(|known| known == to);
        Slot(known.unwrap_or_else(|| {
            state.destinations.push(to.clone());
            state.batches.push(Batch::default());
            state.batches.len() - 1
        }))
    }

    /// Appends one line, which `write` writes at the end of what it is given.
    pub(super) fn push(&self, slot: &Slot, write: impl FnOnce(&mut Vec<u8>)) {
        let mut state = self.state.lock();
        let dead = state.dead;
        let batch = &mut state.batches[slot.0];
        if dead || batch.bytes.len() >= LIMIT {
            drop(state);
            self.dropped.fetch_add(1, Relaxed);
            return;
        }
        write(&mut batch.bytes);
        batch.bytes.push(b'\n');
        batch.ends.push(batch.bytes.len());
        if std::mem::take(&mut state.asleep) {
            drop(state);
            self.work.notify_one();
        }
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Relaxed)
    }

    /// Waits until what was pushed before is written.
    pub(super) fn flush(&self, deadline: Duration) -> bool {
        let until = Instant::now() + deadline;
        let mut state = self.state.lock();
        state.flushing += 1;
        self.hurry.notify_all();
        while !state.dead && (state.writing || !state.is_empty()) {
            if self.written.wait_until(&mut state, until).timed_out() {
                break;
            }
        }
        state.flushing -= 1;
        state.dead || !state.writing && state.is_empty()
    }

    fn run(&self) {
        let mut outputs: Vec<Output> = Vec::new();
        let mut taken: Vec<Batch> = Vec::new();
        loop {
            self.take(&mut outputs, &mut taken);
            let lost: usize = outputs.iter_mut().zip(&taken).map(|(output, batch)| output.write(batch)).sum();
            self.dropped.fetch_add(lost as u64, Relaxed);
            let mut state = self.state.lock();
            state.writing = false;
            self.written.notify_all();
            if state.flushing == 0 {
                self.hurry.wait_for(&mut state, PAUSE);
            }
        }
    }

    /// Waits for lines, then swaps the full buffers for the empty ones written before.
    fn take(&self, outputs: &mut Vec<Output>, taken: &mut Vec<Batch>) {
        let mut state = self.state.lock();
        while state.is_empty() {
            state.asleep = true;
            self.work.wait(&mut state);
        }
        state.asleep = false;
        state.writing = true;
        for to in &state.destinations[outputs.len()..] {
            outputs.push(Output::new(to));
            taken.push(Batch::default());
        }
        for (batch, spare) in state.batches.iter_mut().zip(taken) {
            spare.clear();
            std::mem::swap(batch, spare);
        }
    }
}

impl State {
    fn is_empty(&self) -> bool {
        self.batches.iter().all(|batch| batch.ends.is_empty())
    }
}
