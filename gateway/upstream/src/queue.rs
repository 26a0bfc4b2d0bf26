//! Slots and queues of a backend whose servers have a `maxconn`. Sans-io: it holds tokens, and says whose turn it is.
//!
//! A server has `limit` slots. Who finds none waits for any server, in the backend's queue, or for one server, in
//! that server's (a hash or a retry wants this server and no other). All queues are one order, by class and by the time
//! of arrival (`set-priority-class`, `set-priority-offset`): a slot that becomes free goes to the first of those who may
//! have it, one token for one slot, so nobody is woken in vain.
//! A slot that is handed on is never free in between: who comes later cannot slip in.

use std::collections::BTreeMap;
use std::time::Duration;

/// The slots of a backend's servers and who waits for them.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    servers: Vec<Line<T>>,
    shared: Waiters<T>,
    next: u64,
}

/// Where a request stands in the queues (configuration.txt 4.2, `http-request set-priority-class`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Priority {
    /// Lower classes go before higher ones.
    pub class: i32,
    /// Within its class it stands as if it had come so many milliseconds later.
    pub offset: i32,
}

/// What the queues are ordered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank {
    class: i32,
    /// In milliseconds.
    due: i64,
}

impl Rank {
    /// The rank of who comes `now`, by any clock that begins at nought.
    pub(crate) fn of(priority: Priority, now: Duration) -> Self {
        let now = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
        Self { class: priority.class, due: now.saturating_add(priority.offset.into()) }
    }
}

/// A place in a queue: of equal ranks, who came first goes first.
type Place = (Rank, u64);

/// One queue: its tokens by place, each with the turns that had been given before it came.
#[derive(Debug)]
struct Waiters<T> {
    tokens: BTreeMap<Place, (u32, T)>,
    turns: u32,
}

/// Whose turn has come.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Turn<T> {
    /// The token.
    pub(crate) token: T,
    /// The turns given from its queue since it came, its own included: `srv_queue` and `backend_queue` of log lines.
    pub(crate) position: u32,
}

/// What a server has for a newcomer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// A slot.
    Slot,
    /// A place in its own queue, which has a bound (`maxqueue`).
    Queue,
    /// Nothing that is worth asking for.
    None,
}

/// The slots of one server and who waits for it alone.
#[derive(Debug)]
struct Line<T> {
    limit: u32,
    depth: usize,
    busy: u32,
    shares: bool,
    waiting: Waiters<T>,
}

/// A place in a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticket {
    place: Place,
    server: Option<usize>,
}

impl<T> Queue<T> {
    /// Slots for servers of these limits and queue depths (`maxconn`, `maxqueue`; `None` is no limit).
    pub(crate) fn new(servers: impl Iterator<Item = (Option<u32>, Option<u32>)>) -> Self {
        let line = |(limit, depth): (Option<u32>, Option<u32>)| Line {
            limit: limit.filter(|limit| *limit > 0).unwrap_or(u32::MAX),
            depth: depth.filter(|depth| *depth > 0).map_or(usize::MAX, |depth| depth as usize),
            busy: 0,
            shares: true,
            waiting: Waiters::default(),
        };
        Self { servers: servers.map(line).collect(), shared: Waiters::default(), next: 0 }
    }

    /// Whether this server takes part in the backend's traffic; a slot of one that does not is handed only to those
    /// who wait for it alone.
    pub(crate) fn set_shares(&mut self, server: usize, shares: bool) {
        self.servers[server].shares = shares;
    }

    /// What this server has for a newcomer now.
    pub(crate) fn room(&self, server: usize) -> Room {
        let line = &self.servers[server];
        if line.busy < line.limit && line.waiting.tokens.is_empty() {
            Room::Slot
        } else if line.depth < usize::MAX && !self.full(server) {
            Room::Queue
        } else {
            Room::None
        }
    }

    /// Whether this server's own queue takes nobody more.
    pub(crate) fn full(&self, server: usize) -> bool {
        self.servers[server].waiting.tokens.len() >= self.servers[server].depth
    }

    /// A newcomer takes a slot of an open server.
    pub(crate) fn take(&mut self, server: usize) {
        debug_assert!(self.room(server) == Room::Slot);
        self.servers[server].busy += 1;
    }

    /// Somebody waits, for this server or for any.
    pub(crate) fn wait(&mut self, server: Option<usize>, rank: Rank, token: T) -> Ticket {
        let place = (rank, self.next);
        self.next += 1;
        let waiters = self.of(server);
        waiters.tokens.insert(place, (waiters.turns, token));
        Ticket { place, server }
    }

    /// Somebody waits no more: the place it had, if its turn had not come.
    pub(crate) fn leave(&mut self, ticket: Ticket) -> Option<Turn<T>> {
        let waiters = self.of(ticket.server);
        let (before, token) = waiters.tokens.remove(&ticket.place)?;
        Some(Turn { token, position: waiters.turns.wrapping_sub(before).saturating_add(1) })
    }

    /// A request is done: its slot goes to who is first (and stays taken), or becomes free.
    pub(crate) fn release(&mut self, server: usize) -> Option<Turn<T>> {
        let line = &mut self.servers[server];
        debug_assert!(line.busy > 0);
        line.busy = line.busy.saturating_sub(1);
        self.admit(server)
    }

    /// Gives a free slot of this server to who is first, if there is a slot and somebody waits.
    pub(crate) fn admit(&mut self, server: usize) -> Option<Turn<T>> {
        let line = &mut self.servers[server];
        if line.busy >= line.limit {
            return None;
        }
        let any = if line.shares { self.shared.first() } else { None };
        let turn = match (line.waiting.first(), any) {
            (Some(own), Some(any)) if any < own => self.shared.next(),
            (Some(_), _) => line.waiting.next(),
            (None, Some(_)) => self.shared.next(),
            (None, None) => None,
        };
        line.busy += u32::from(turn.is_some());
        turn
    }

    /// Everybody who waits for this server alone: it went down, they look for another.
    pub(crate) fn evict(&mut self, server: usize) -> Vec<T> {
        std::mem::take(&mut self.servers[server].waiting.tokens)
            .into_values()
            .map(|(_, token)| token)
            .collect()
    }

    /// How many wait for this server, or for any.
    #[cfg(test)]
    pub(crate) fn waiting(&self, server: Option<usize>) -> usize {
        server.map_or(self.shared.tokens.len(), |server| self.servers[server].waiting.tokens.len())
    }

    fn of(&mut self, server: Option<usize>) -> &mut Waiters<T> {
        match server {
            Some(server) => &mut self.servers[server].waiting,
            None => &mut self.shared,
        }
    }

    /// No limit is exceeded, and nobody waits beside a free slot.
    #[cfg(test)]
    fn check_invariants(&self) {
        for line in &self.servers {
            assert!(line.busy <= line.limit);
            let idle = line.busy < line.limit;
            let wanted = !line.waiting.tokens.is_empty() || (line.shares && !self.shared.tokens.is_empty());
            assert!(!(idle && wanted), "a slot idles beside a queue");
        }
    }
}

impl<T> Waiters<T> {
    fn first(&self) -> Option<Place> {
        self.tokens.first_key_value().map(|(place, _)| *place)
    }

    fn next(&mut self) -> Option<Turn<T>> {
        let (_, (before, token)) = self.tokens.pop_first()?;
        self.turns = self.turns.wrapping_add(1);
        Some(Turn { token, position: self.turns.wrapping_sub(before) })
    }
}

impl<T> Default for Waiters<T> {
    fn default() -> Self {
        Self { tokens: BTreeMap::new(), turns: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::balance::Dice;

    fn queue(limits: &[u32]) -> Queue<u32> {
        Queue::new(limits.iter().map(|limit| (Some(*limit), None)))
    }

    /// The token and its position.
    fn served(turn: Option<Turn<u32>>) -> Option<(u32, u32)> {
        turn.map(|turn| (turn.token, turn.position))
    }

    #[test]
    fn a_server_is_open_until_its_slots_are_taken() {
        let mut queue = queue(&[2]);
        queue.take(0);
        assert_eq!(queue.room(0), Room::Slot);
        queue.take(0);
        assert_eq!(queue.room(0), Room::None);
        assert_eq!(queue.release(0), None);
        assert_eq!(queue.room(0), Room::Slot);
    }

    #[test]
    fn a_zero_limit_is_no_limit() {
        let mut queue = queue(&[0]);
        for _ in 0..1000 {
            queue.take(0);
        }
        assert_eq!(queue.room(0), Room::Slot);
    }

    #[test]
    fn slots_are_handed_on_in_the_order_of_arrival_over_both_queues() {
        let mut queue = queue(&[1, 1]);
        queue.take(0);
        queue.take(1);
        queue.wait(None, Rank::default(), 1);
        queue.wait(Some(0), Rank::default(), 2);
        queue.wait(None, Rank::default(), 3);
        queue.wait(Some(0), Rank::default(), 4);
        assert_eq!(served(queue.release(0)), Some((1, 1)));
        assert_eq!(served(queue.release(0)), Some((2, 1)));
        assert_eq!(served(queue.release(1)), Some((3, 2)));
        assert_eq!(served(queue.release(1)), None, "the last waits for the other server");
        assert_eq!(served(queue.release(0)), Some((4, 2)));
    }

    #[test]
    fn who_left_is_not_served() {
        let mut queue = queue(&[1]);
        queue.take(0);
        let first = queue.wait(None, Rank::default(), 1);
        queue.wait(None, Rank::default(), 2);
        assert_eq!(served(queue.leave(first)), Some((1, 1)));
        assert_eq!(served(queue.leave(first)), None);
        assert_eq!(served(queue.release(0)), Some((2, 1)));
    }

    #[test]
    fn a_server_that_is_down_hands_nothing_on_and_sends_its_queue_away() {
        let mut queue = queue(&[1, 1]);
        queue.take(0);
        queue.wait(Some(0), Rank::default(), 1);
        queue.wait(None, Rank::default(), 2);
        queue.set_shares(0, false);
        assert_eq!(queue.evict(0), [1]);
        assert_eq!(queue.release(0), None);
        assert_eq!(queue.waiting(None), 1);
        queue.set_shares(0, true);
        assert_eq!(served(queue.admit(0)), Some((2, 1)), "coming back, it takes from the backend's queue");
    }

    #[test]
    fn maxqueue_fills_a_servers_own_queue() {
        let mut queue: Queue<u32> = Queue::new([(Some(1), Some(1))].into_iter());
        queue.take(0);
        assert_eq!((queue.room(0), queue.full(0)), (Room::Queue, false));
        queue.wait(Some(0), Rank::default(), 1);
        assert_eq!((queue.room(0), queue.full(0)), (Room::None, true));
    }

    #[test]
    fn lower_classes_go_first_and_offsets_count_within_them() {
        let mut queue = queue(&[1]);
        queue.take(0);
        let rank = |class, offset, now| Rank::of(Priority { class, offset }, Duration::from_millis(now));
        queue.wait(None, rank(0, 0, 10), 1);
        queue.wait(Some(0), rank(0, -5, 12), 2);
        queue.wait(None, rank(5, -500, 13), 3);
        queue.wait(Some(0), rank(-1, 400, 14), 4);
        queue.wait(None, rank(0, 0, 10), 5);
        let order: Vec<_> = (0..5).filter_map(|_| served(queue.release(0))).map(|(token, _)| token).collect();
        assert_eq!(order, [4, 2, 1, 5, 3]);
    }

    /// Random arrivals, departures, releases and outages: no slot is lost, no limit exceeded, nobody forgotten.
    #[test]
    fn a_thousand_seeds_lose_no_slot() {
        for seed in 0..1000 {
            simulate(seed);
        }
    }

    fn simulate(seed: u64) {
        let dice = Dice::new(seed);
        let limits: Vec<u32> = (0..1 + dice.below(4)).map(|_| 1 + dice.below(3) as u32).collect();
        let mut queue = queue(&limits);
        let mut served: Vec<usize> = Vec::new(); // the server of each running request
        let mut waiting: Vec<Ticket> = Vec::new();
        let (mut arrived, mut handed) = (0, 0);
        for step in 0..200 {
            let server = dice.below(limits.len() as u64) as usize;
            match dice.below(5) {
                0 | 1 if queue.room(server) == Room::Slot && queue.servers[server].shares => {
                    queue.take(server);
                    served.push(server);
                }
                0 | 1 => {
                    let for_one = dice.below(2) == 0 && queue.servers[server].shares;
                    if for_one
                        || limits
                            .iter()
                            .enumerate()
                            .all(|(i, _)| !queue.servers[i].shares || queue.room(i) != Room::Slot)
                    {
                        let rank = Rank { class: dice.below(3) as i32, due: dice.below(50) as i64 };
                        waiting.push(queue.wait(for_one.then_some(server), rank, step));
                        arrived += 1;
                    }
                }
                2 if !served.is_empty() => {
                    let server = served.swap_remove(dice.below(served.len() as u64) as usize);
                    if queue.release(server).is_some() {
                        served.push(server);
                        handed += 1;
                    }
                }
                3 if !waiting.is_empty() && dice.below(2) == 0 => {
                    let ticket = waiting.swap_remove(dice.below(waiting.len() as u64) as usize);
                    handed += usize::from(queue.leave(ticket).is_some());
                }
                4 if queue.servers[server].shares && dice.below(4) == 0 => {
                    queue.set_shares(server, false);
                    handed += queue.evict(server).len();
                }
                4 => {
                    queue.set_shares(server, true);
                    while queue.admit(server).is_some() {
                        served.push(server);
                        handed += 1;
                    }
                }
                _ => {}
            }
            queue.check_invariants();
            let busy: usize = queue.servers.iter().map(|line| line.busy as usize).sum();
            assert_eq!(busy, served.len(), "seed {seed}");
        }
        let left: usize =
            queue.waiting(None) + (0..limits.len()).map(|server| queue.waiting(Some(server))).sum::<usize>();
        assert_eq!(arrived, handed + left, "seed {seed}");
    }
}
