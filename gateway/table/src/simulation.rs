//! Tables under long random use, against a model that is plain and slow; under many threads; and at their full size.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use crate::{Clear, Data, Key, Kind, Millis, Spec, Store, Table};

fn spec(size: usize, expire: Option<u64>, nopurge: bool) -> Spec {
    Spec {
        name: "t".into(),
        kind: Kind::Integer,
        size,
        expire: expire.map(Duration::from_millis),
        nopurge,
        store: vec![
            Store { data: Data::Gpc0, count: 1, period: 0 },
            Store { data: Data::ConnRate, count: 1, period: 10_000 },
        ],
    }
}

fn add(table: &Table, key: u32, now: Millis) -> Option<Option<u64>> {
    table.put(&Key::Integer(key), now, |entry| {
        entry.add(Data::Gpc0, 0, 1);
        entry.get(Data::Gpc0, 0)
    })
}

/// The entries as (key, last use, count), those used longest ago first.
struct Model {
    entries: Vec<(u32, Millis, u64)>,
    spec: Spec,
}

impl Model {
    fn expire(&mut self, now: Millis) {
        if let Some(expire) = self.spec.expire {
            let expire = u64::try_from(expire.as_millis()).unwrap();
            self.entries.retain(|(_, used, _)| used + expire > now);
        }
    }

    fn find(&mut self, key: u32, now: Millis) -> Option<u64> {
        self.expire(now);
        self.entries.iter().find(|entry| entry.0 == key).map(|entry| entry.2)
    }

    fn add(&mut self, key: u32, now: Millis) -> Option<u64> {
        let known = self.find(key, now);
        if known.is_none() && self.entries.len() == self.spec.size {
            if self.spec.nopurge {
                return None;
            }
            self.entries.drain(..self.spec.size / 256 + 1);
        }
        self.entries.retain(|entry| entry.0 != key);
        let count = known.unwrap_or(0) + 1;
        self.entries.push((key, now, count));
        Some(count)
    }
}

#[test]
fn it_behaves_like_a_plain_list_in_order_of_use() {
    for seed in 0..16 {
        let mut random = fastrand::Rng::with_seed(seed);
        let size = [1, 7, 256, 1500][random.usize(..4)];
        let expire = [None, Some(random.u64(50..20_000))][random.usize(..2)];
        let spec = spec(size, expire, random.bool());
        let table = Table::new(&spec);
        let mut model = Model { entries: Vec::new(), spec };
        let keys = u32::try_from(size * 2).unwrap();
        let mut now = 1000;
        for _ in 0..4000 {
            now += random.u64(1..20);
            let key = random.u32(..keys);
            match random.u8(..10) {
                0..6 => {
                    // what has expired makes room at once, as the sweeps of a gateway see to
                    table.sweep(now);
                    assert_eq!(add(&table, key, now).flatten(), model.add(key, now), "seed {seed}");
                }
                6..8 => {
                    let read = table.read(&Key::Integer(key), now, |entry| entry.get(Data::Gpc0, 0));
                    assert_eq!(read.flatten(), model.find(key, now), "seed {seed}");
                }
                8 => {
                    let known = model.find(key, now).is_some();
                    table.sweep(now);
                    model.entries.retain(|entry| entry.0 != key);
                    assert_eq!(table.clear(&Key::Integer(key)) == Clear::Done, known, "seed {seed}");
                }
                _ => {
                    table.sweep(now);
                    model.expire(now);
                    assert_eq!(table.used(), model.entries.len(), "seed {seed}");
                }
            }
        }
        table.check_invariants();
        let shown: Vec<Key> = table.entries(now, |_, _| true).into_iter().map(|cut| cut.key).collect();
        model.expire(now);
        let mut keys: Vec<Key> = model.entries.iter().map(|entry| Key::Integer(entry.0)).collect();
        keys.sort();
        assert_eq!(shown, keys);
    }
}

#[test]
fn what_is_tracked_stays_whatever_comes() {
    for seed in 0..12 {
        let mut random = fastrand::Rng::with_seed(seed);
        let table = Arc::new(Table::new(&spec([3, 300, 2000][random.usize(..3)], Some(5000), false)));
        let mut held = Vec::new();
        for now in 0..5000 {
            match random.u8(..4) {
                0 if held.len() < 100 => {
                    let key = random.u32(..);
                    if let Some(tracked) = table.track(&Key::Integer(key), now) {
                        tracked.change(now, |entry| entry.set(Data::Gpc0, 0, u64::from(key)));
                        held.push((key, tracked));
                    }
                }
                1 if !held.is_empty() => drop(held.swap_remove(random.usize(..held.len()))),
                _ => _ = add(&table, random.u32(..), now * 7),
            }
        }
        table.sweep(1 << 40);
        table.check_invariants();
        let kept: HashSet<u32> = held.iter().map(|(key, _)| *key).collect();
        assert_eq!(table.used(), kept.len());
        for (key, tracked) in held {
            assert_eq!(tracked.key(), Key::Integer(key));
            assert_eq!(tracked.read(0, |entry| entry.get(Data::Gpc0, 0)), Some(u64::from(key)));
            assert_eq!(table.clear(&Key::Integer(key)), Clear::InUse);
        }
        table.sweep(1 << 40);
        assert_eq!(table.used(), 0);
    }
}

#[test]
fn a_table_full_of_tracked_entries_takes_no_more() {
    let table = Arc::new(Table::new(&spec(10, None, false)));
    let held: Vec<_> = (0..10).map(|key| table.track(&Key::Integer(key), 0).unwrap()).collect();
    assert!(table.track(&Key::Integer(10), 1).is_none());
    drop(held);
    assert!(table.track(&Key::Integer(10), 2).is_some());
    table.check_invariants();
}

#[test]
fn a_million_distinct_keys_pass_through_a_small_table() {
    for nopurge in [false, true] {
        let table = Table::new(&spec(1000, Some(60_000), nopurge));
        for key in 0..1_000_000 {
            let added = add(&table, key, u64::from(key) / 100).is_some();
            assert!(added || nopurge);
        }
        assert!(table.used() <= 1000);
        table.check_invariants();
        let newest = table.read(&Key::Integer(999_999), 10_000, |_| ()).is_some();
        assert_eq!(newest, !nopurge);
    }
}

#[test]
fn many_threads_count_without_losing_any() {
    const THREADS: u32 = 8;
    const ROUNDS: u32 = 20_000;
    let table = Arc::new(Table::new(&spec(5000, None, false)));
    let hot: Vec<_> = (0..4).map(|key| table.track(&Key::Integer(key), 0).unwrap()).collect();
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let table = &table;
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    let now = u64::from(round);
                    add(table, round % 4, now).unwrap();
                    // keys of its own, more than there is room for
                    add(table, 1000 + thread * ROUNDS + round, now).unwrap();
                }
            });
        }
    });
    let counted: u64 =
        hot.iter().map(|held| held.read(0, |entry| entry.get(Data::Gpc0, 0)).unwrap_or(0)).sum();
    assert_eq!(counted, u64::from(THREADS * ROUNDS));
    table.check_invariants();
}

#[test]
fn a_shard_that_is_held_stops_no_other() {
    let table = Arc::new(Table::new(&spec(100_000, None, false)));
    (0..10_000).for_each(|key| assert!(add(&table, key, 0).is_some()));
    // one thread is in the middle of reading an entry, and waits there until others have worked on most of the rest
    let done = table.read(&Key::Integer(0), 0, |_| {
        let (send, receive) = std::sync::mpsc::channel();
        let table = table.clone();
        std::thread::spawn(move || {
            for key in 1..10_000 {
                let (table, send) = (table.clone(), send.clone());
                // a key of the held shard waits in its own thread
                if table.shares_shard(&Key::Integer(0), &Key::Integer(key)) {
                    continue;
                }
                let _ = send.send(add(&table, key, 1).is_some());
            }
        });
        receive.iter().filter(|done| *done).count()
    });
    assert!(done.unwrap() > 9000, "{done:?}");
}

#[test]
fn a_million_keys_hold_within_200_megabytes() {
    let resident = || {
        let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
        statm.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
    };
    let data =
        [Data::Gpc0, Data::ConnCur, Data::ConnRate, Data::HttpReqRate, Data::HttpErrRate, Data::BytesOutRate];
    let stores = data.into_iter().map(|data| Store {
        data,
        count: 1,
        period: if data.is_rate() { 10_000 } else { 0 },
    });
    let spec = Spec { kind: Kind::Ip, store: stores.collect(), ..spec(1 << 20, Some(60_000), false) };
    let before = resident();
    let table = Table::new(&spec);
    for key in 0..1_000_000_u32 {
        let held =
            table.put(&Key::Ip(key.into()), u64::from(key) / 1000, |entry| entry.add(Data::ConnRate, 0, 1));
        assert_eq!(held, Some(true));
    }
    let megabytes = (resident() - before) / 1_000_000;
    println!("a million keys, {} bytes of counters each: {megabytes} MB", table.layout().words * 4);
    assert_eq!(table.used(), 1_000_000);
    assert!(megabytes < 200, "{megabytes} MB");
}
