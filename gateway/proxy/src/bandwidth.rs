//! Limits on bandwidth (`filter bwlim-in`, `filter bwlim-out`, HAProxy 2.7): how much of a body may go on now, and if none
//! when to ask again. Pure: the moment is passed in, and whoever asks does the waiting.

use std::time::{Duration, Instant};

use config::model::{Bandwidth, Filter};
use expr::{Txn, key_of};
use rules::Throttle;
use table::{Data, Millis, Tracked};

/// Less than this share of a period's bytes is not worth a wake of its own.
const SHARE: u64 = 64;

/// Which way a body goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// To the server (`bwlim-in`).
    Server,
    /// To the client (`bwlim-out`).
    Client,
}

/// What may be done with bytes that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Allowed {
    /// So many go on; never none.
    Bytes(usize),
    /// None, and not before so long.
    Wait(Duration),
}

/// A moment, on both clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    /// The monotonic one.
    pub at: Instant,
    /// That of the stick tables.
    pub table: Millis,
}

/// The limits that rules have set for one request; empty for most.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    limits: Vec<Limit>,
}

#[derive(Debug)]
struct Limit {
    /// Which filter it is of.
    section: String,
    name: String,
    way: Way,
    /// Bytes for each period.
    bytes: u64,
    period: Duration,
    /// Less is not sent, unless it is the last.
    least: u64,
    measure: Measure,
}

/// What has gone on of late.
#[derive(Debug)]
enum Measure {
    /// By this request.
    Own(Window),
    /// By all who track an entry, in equal shares.
    Shared(Tracked, Data),
}

/// The bytes of this period and of the one before.
#[derive(Debug)]
struct Window {
    began: Instant,
    current: u64,
    past: u64,
}

impl Limits {
    /// Whether nothing is held back that way.
    pub(crate) fn is_free(&self, way: Way) -> bool {
        self.limits.iter().all(|limit| limit.way != way)
    }

    /// Sets a filter to work, anew if it was at work.
    pub(crate) fn set(&mut self, throttle: &Throttle, filters: &[Filter], txn: &dyn Txn, at: Instant) {
        let named = filters.iter().find_map(|filter| match filter {
            Filter::Bandwidth(bandwidth) if bandwidth.name == throttle.name => Some(bandwidth),
            _ => None,
        });
        let Some(filter) = named else { return };
        let limit = Limit::of(filter, throttle, txn, at);
        self.limits.retain(|known| (&known.section, &known.name) != (&throttle.section, &throttle.name));
        self.limits.extend(limit);
    }

    /// How many of `wanted` bytes may go on: those are counted as gone.
    pub(crate) fn allow(&mut self, way: Way, wanted: usize, now: Now) -> Allowed {
        let (mut bytes, mut wait) = (wanted as u64, Duration::ZERO);
        for limit in self.limits.iter().filter(|limit| limit.way == way) {
            match limit.room(wanted as u64, now) {
                Ok(room) => bytes = bytes.min(room),
                Err(pause) => wait = wait.max(pause),
            }
        }
        if !wait.is_zero() {
            return Allowed::Wait(wait);
        }
        self.count(way, bytes, now);
        Allowed::Bytes(usize::try_from(bytes).unwrap_or(wanted))
    }

    /// So many bytes went on.
    pub(crate) fn count(&mut self, way: Way, bytes: u64, now: Now) {
        for limit in self.limits.iter_mut().filter(|limit| limit.way == way) {
            limit.count(bytes, now);
        }
    }
}

impl Limit {
    /// Nothing where a shared filter's key is none, as there is then nobody to share with.
    fn of(filter: &Bandwidth, throttle: &Throttle, txn: &dyn Txn, at: Instant) -> Option<Self> {
        let way = if filter.out { Way::Client } else { Way::Server };
        let (measure, period) = match &filter.key {
            None => (Measure::Own(Window { began: at, current: 0, past: 0 }), filter.period?),
            Some(key) => {
                let table = txn.tables()?.get(filter.table.as_ref().unwrap_or(&throttle.section))?;
                let data = if filter.out { Data::BytesOutRate } else { Data::BytesInRate };
                let period = table.layout().store(data, 0)?.period;
                let tracked = table.track(&key_of(key.eval(txn)?, table.kind())?, txn.table_clock())?;
                (Measure::Shared(tracked, data), Duration::from_millis(period.into()))
            }
        };
        let own = matches!(measure, Measure::Own(_));
        Some(Self {
            section: throttle.section.clone(),
            name: throttle.name.clone(),
            way,
            bytes: throttle.limit.filter(|_| own).unwrap_or(filter.limit).max(1),
            period: throttle.period.filter(|_| own).unwrap_or(period).max(Duration::from_millis(1)),
            least: filter.min_size,
            measure,
        })
    }

    /// How much may go on, or how long it is until something may.
    fn room(&self, wanted: u64, now: Now) -> Result<u64, Duration> {
        let (gone, sharers) = match &self.measure {
            Measure::Own(window) => (window.read(self.period, now.at), 1),
            Measure::Shared(tracked, data) => tracked.read(now.table, |entry| {
                (entry.get(*data, 0).unwrap_or(0), u64::from(entry.trackers()).max(1))
            }),
        };
        let room = self.bytes.saturating_sub(gone) / sharers;
        let share = (self.bytes / sharers).max(1);
        // never more than can be had at all
        let enough = wanted.min((self.bytes / SHARE).max(self.least).max(1)).min(share);
        if room >= enough {
            return Ok(room);
        }
        let missing = u32::try_from((enough - room) * sharers).unwrap_or(u32::MAX);
        let bytes = u32::try_from(self.bytes).unwrap_or(u32::MAX);
        let pause = self.period.mul_f64(f64::from(missing) / f64::from(bytes));
        // what has gone fades meanwhile: it is looked at a few times in each period
        Err(pause.min(self.period / 4).max(Duration::from_millis(1)))
    }

    fn count(&mut self, bytes: u64, now: Now) {
        match &mut self.measure {
            Measure::Own(window) => window.add(bytes, self.period, now.at),
            Measure::Shared(tracked, data) => {
                tracked.change(now.table, |entry| entry.add(*data, 0, bytes));
            }
        }
    }
}

impl Window {
    /// Bytes within a period's length up to now: those of this period, and the share of the one before that still counts.
    fn read(&self, period: Duration, now: Instant) -> u64 {
        let since = now.saturating_duration_since(self.began);
        let (current, past, into) = if since < period {
            (self.current, self.past, since)
        } else if since < period * 2 {
            (0, self.current, since - period)
        } else {
            (0, 0, Duration::ZERO)
        };
        let left = period.saturating_sub(into).as_nanos();
        let share = u128::from(past) * left / period.as_nanos().max(1);
        current.saturating_add(u64::try_from(share).unwrap_or(u64::MAX))
    }

    fn add(&mut self, bytes: u64, period: Duration, now: Instant) {
        let since = now.saturating_duration_since(self.began);
        if since >= period * 2 {
            (self.began, self.current, self.past) = (now, 0, 0);
        } else if since >= period {
            (self.began, self.current, self.past) = (self.began + period, 0, self.current);
        }
        self.current = self.current.saturating_add(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(bytes: u64, period: u64, least: u64, at: Instant) -> Limits {
        let measure = Measure::Own(Window { began: at, current: 0, past: 0 });
        let (section, name) = (String::new(), String::new());
        let period = Duration::from_millis(period);
        Limits { limits: vec![Limit { section, name, way: Way::Client, bytes, period, least, measure }] }
    }

    /// Milliseconds until so many bytes have gone on, with the largest number of bytes within any period.
    fn course(limits: &mut Limits, total: usize, period: u64, at: Instant) -> (u64, u64) {
        let (mut left, mut millis, mut sent) = (total, 0.0, Vec::new());
        while left > 0 {
            let now = Now { at: at + Duration::from_secs_f64(millis / 1000.0), table: 0 };
            match limits.allow(Way::Client, left, now) {
                Allowed::Bytes(bytes) => {
                    assert!(bytes > 0 && bytes <= left);
                    left -= bytes;
                    sent.push((millis, bytes as u64));
                }
                Allowed::Wait(pause) => millis += pause.as_secs_f64() * 1000.0,
            }
        }
        let within = |from: f64| {
            let inside = sent.iter().filter(|(at, _)| *at >= from && *at < from + period as f64);
            inside.map(|(_, bytes)| bytes).sum::<u64>()
        };
        let most = sent.iter().map(|(from, _)| within(*from)).max().unwrap_or(0);
        (millis as u64, most)
    }

    #[test]
    fn no_period_has_more_than_the_limit_and_none_is_wasted() {
        let at = Instant::now();
        for (bytes, period, total) in
            [(1000, 1000, 5000), (64 * 1024, 100, 1 << 20), (10, 1000, 45), (1, 50, 4)]
        {
            let (took, most) = course(&mut own(bytes, period, 0, at), total, period, at);
            let least = (total as u64).div_ceil(bytes).saturating_sub(1) * period;
            assert!(took >= least && took <= least + 2 * period, "{bytes}/{period}: {took} for {total}");
            // what has gone fades as if it had gone evenly
            assert!(most <= 2 * bytes, "{bytes}/{period}: {most} within one");
        }
    }

    #[test]
    fn little_is_held_back_until_it_is_enough() {
        let at = Instant::now();
        let now = |millis| Now { at: at + Duration::from_millis(millis), table: 0 };
        let mut limits = own(1000, 1000, 400, at);
        assert_eq!(limits.allow(Way::Client, 900, now(0)), Allowed::Bytes(900));
        let Allowed::Wait(pause) = limits.allow(Way::Client, 900, now(0)) else { panic!("100 are too few") };
        assert!(pause >= Duration::from_millis(250), "{pause:?}");
        assert_eq!(limits.allow(Way::Client, 50, now(0)), Allowed::Bytes(50), "the end may be small");
        assert_eq!(limits.allow(Way::Server, 9999, now(0)), Allowed::Bytes(9999), "the other way is free");
        assert!(limits.is_free(Way::Server) && !limits.is_free(Way::Client));
    }
}
