//! What the counters of requests and connections track (`track-sc0` …), and what is counted there as they go on
//! (configuration.txt 4.2, `stick-table`).
//!
//! A request that tracks nothing pays for a look at an empty list.

use std::sync::Arc;
use std::time::Instant;

use config::model::{Model, ServerKey};
use table::{Data, Entry, Millis, Tables, Tracked};

use crate::ctx::Ctx;

/// The stick tables of a configuration, and their clock.
#[derive(Debug)]
pub struct StickTables {
    /// The tables.
    pub tables: Tables,
    /// Those that remember servers by their addresses.
    by_address: Vec<String>,
    began: Instant,
}

impl StickTables {
    /// The tables of a model; those of the configuration before it go on where name, type and data are the same.
    pub(crate) fn build(model: &Model, before: Option<&Self>) -> Arc<Self> {
        let lines = model.stick_tables();
        let by_address = lines.iter().filter(|table| table.server_key == ServerKey::Address);
        let by_address = by_address.map(|table| table.spec.name.clone()).collect();
        let specs = lines.into_iter().map(|table| table.spec.clone());
        let tables = Tables::build(specs, before.map(|before| &before.tables));
        Arc::new(Self { tables, by_address, began: before.map_or_else(Instant::now, |before| before.began) })
    }

    /// Whether a table remembers servers by their addresses.
    pub(crate) fn is_by_address(&self, table: &str) -> bool {
        self.by_address.iter().any(|name| name == table)
    }

    /// The moment on the tables' clock.
    pub fn now(&self) -> Millis {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(Millis::MAX)
    }

    /// Lets go of what has expired.
    pub fn sweep(&self) {
        let now = self.now();
        self.tables.iter().for_each(|table| table.sweep(now));
    }
}

/// What the counters of a request, or of a connection, track. Dropping it ends that.
#[derive(Debug, Default)]
pub(crate) struct Trackers {
    held: Vec<Option<Tracked>>,
}

impl Trackers {
    /// What a counter tracks.
    pub(crate) fn get(&self, counter: usize) -> Option<&Tracked> {
        self.held.get(counter)?.as_ref()
    }

    /// Whether no counter tracks anything.
    pub(crate) fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Lets a counter track an entry, which counts as a connection there.
    pub(crate) fn track(&mut self, counter: usize, tracked: Tracked, now: Millis) {
        tracked.change(now, |entry| {
            entry.add(Data::ConnCur, 0, 1);
            count(entry, Data::ConnCnt, Data::ConnRate, 1);
        });
        if self.held.len() <= counter {
            self.held.resize_with(counter + 1, || None);
        }
        self.held[counter] = Some(tracked);
    }

    /// Counts something that happened to a connection.
    pub(crate) fn count(&self, now: Millis, event: Event) {
        self.held.iter().flatten().for_each(|tracked| event.count(tracked, now));
    }
}

impl Drop for Trackers {
    fn drop(&mut self) {
        for tracked in self.held.iter().flatten() {
            // no use of the entry: the time it was used last stays
            tracked.change_quietly(0, |entry| entry.subtract_one(Data::ConnCur));
        }
    }
}

/// What happens to a client that is tracked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// The first rules let the connection in.
    Session,
    /// A request came.
    Request,
    /// A request was in error by the client's fault.
    Error,
    /// A response was in error by the server's fault.
    Failure,
    /// So many bytes went by: (from the client, to the client).
    Bytes(u64, u64),
}

impl Event {
    /// What a response's status means for whoever asked.
    fn of_status(status: u16) -> Option<Self> {
        match status {
            400..=499 => Some(Self::Error),
            // what the client asked for is not there; no failure of the server
            501 | 505 => None,
            500..=599 => Some(Self::Failure),
            _ => None,
        }
    }

    fn count(self, tracked: &Tracked, now: Millis) {
        tracked.change(now, |entry| match self {
            Self::Session => count(entry, Data::SessCnt, Data::SessRate, 1),
            Self::Request => count(entry, Data::HttpReqCnt, Data::HttpReqRate, 1),
            Self::Error => count(entry, Data::HttpErrCnt, Data::HttpErrRate, 1),
            Self::Failure => count(entry, Data::HttpFailCnt, Data::HttpFailRate, 1),
            Self::Bytes(read, written) => {
                count(entry, Data::BytesInCnt, Data::BytesInRate, read);
                count(entry, Data::BytesOutCnt, Data::BytesOutRate, written);
            }
        });
    }
}

fn count(entry: &mut Entry<'_>, total: Data, rate: Data, amount: u64) {
    entry.add(total, 0, amount);
    entry.add(rate, 0, amount);
}

impl Ctx {
    /// The stick tables, where there are any.
    pub(crate) fn stick_tables(&self) -> Option<&StickTables> {
        let tables = &*self.route.as_ref()?.runtime.tables;
        (!tables.tables.is_empty()).then_some(tables)
    }

    /// The moment on the tables' clock.
    pub(crate) fn table_clock(&self) -> Millis {
        self.stick_tables().map_or(0, StickTables::now)
    }

    /// What a counter tracks: for this request, or for its connection.
    pub(crate) fn tracked(&self, counter: usize) -> Option<&Tracked> {
        self.trackers.get(counter).or_else(|| self.connection.as_ref()?.trackers.get(counter))
    }

    /// A rule lets a counter track an entry. From the request's own rules on, this counts its request too.
    pub(crate) fn track(&mut self, counter: usize, tracked: Tracked, status: Option<u16>) {
        let now = self.table_clock();
        if self.request_counted {
            Event::Request.count(&tracked, now);
        }
        status.and_then(Event::of_status).into_iter().for_each(|event| event.count(&tracked, now));
        self.trackers.track(counter, tracked, now);
    }

    /// Counts something with all that is tracked for this request or its connection.
    pub(crate) fn count_tracked(&self, event: Event) {
        let session = self.connection.as_ref().map(|connection| &connection.trackers);
        if self.trackers.is_empty() && session.is_none_or(Trackers::is_empty) {
            return;
        }
        let now = self.table_clock();
        self.trackers.count(now, event);
        for (counter, tracked) in session.iter().flat_map(|session| session.held.iter().enumerate()) {
            if let Some(tracked) = tracked.as_ref().filter(|_| self.trackers.get(counter).is_none()) {
                event.count(tracked, now);
            }
        }
    }

    /// Counts the request itself: whatever is tracked from now on counts it by itself.
    pub(crate) fn count_request(&mut self) {
        self.count_tracked(Event::Request);
        self.request_counted = true;
    }

    /// Counts what a server's status means.
    pub(crate) fn count_status(&self, status: u16) {
        Event::of_status(status).into_iter().for_each(|event| self.count_tracked(event));
    }
}

#[cfg(test)]
mod tests {
    use table::{Key, Kind, Spec, Store, Table};

    use super::*;

    const ALL: [Data; 8] = [
        Data::ConnCnt,
        Data::ConnCur,
        Data::SessCnt,
        Data::HttpReqCnt,
        Data::HttpErrCnt,
        Data::HttpFailCnt,
        Data::BytesInCnt,
        Data::BytesOutCnt,
    ];

    fn table() -> Arc<Table> {
        let store = ALL.map(|data| Store { data, count: 1, period: 0 }).to_vec();
        let spec =
            Spec { name: "t".into(), kind: Kind::Integer, size: 10, expire: None, nopurge: false, store };
        Arc::new(Table::new(&spec))
    }

    fn values(table: &Table) -> Vec<u64> {
        let read = |entry: &Entry<'_>| ALL.iter().filter_map(|data| entry.get(*data, 0)).collect();
        table.read(&Key::Integer(1), 0, read).unwrap_or_default()
    }

    #[test]
    fn everything_that_happens_is_counted_until_the_end() {
        let table = table();
        let mut trackers = Trackers::default();
        trackers.track(2, table.track(&Key::Integer(1), 0).unwrap(), 0);
        assert_eq!(values(&table), [1, 1, 0, 0, 0, 0, 0, 0]);
        for event in [Event::Session, Event::Request, Event::Error, Event::Failure, Event::Bytes(70, 90)] {
            trackers.count(0, event);
        }
        assert_eq!(values(&table), [1, 1, 1, 1, 1, 1, 70, 90]);
        drop(trackers);
        assert_eq!(values(&table), [1, 0, 1, 1, 1, 1, 70, 90]);
    }

    #[test]
    fn a_request_tracks_in_place_of_its_connection() {
        let (table, mut ctx) = (table(), Ctx::default());
        ctx.track(0, table.track(&Key::Integer(1), 0).unwrap(), None);
        ctx.count_request();
        ctx.count_status(404);
        ctx.count_status(501);
        ctx.count_status(502);
        assert_eq!(values(&table), [1, 1, 0, 1, 1, 1, 0, 0]);
        // what is tracked in the middle of a request counts that request
        ctx.track(1, table.track(&Key::Integer(1), 0).unwrap(), Some(503));
        assert_eq!(values(&table), [2, 2, 0, 2, 1, 2, 0, 0]);
        drop(ctx);
        assert_eq!(values(&table)[1], 0);
    }
}
