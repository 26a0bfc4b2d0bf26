//! What fetches and converters ask of the entries of stick tables, and the keys that samples are.

use std::net::IpAddr;
use std::sync::Arc;

use table::{Data, Entry, Key, Kind, Millis, Table, Tracked};

use crate::{Txn, Type, Value};

/// What is asked of an entry's value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ask {
    /// What it is.
    Get(Data),
    /// What it is in units of 1024.
    Kilo(Data),
    /// What it was, before it is made zero.
    Clear(Data),
    /// What it is after one is added to it, and to its rate.
    Raise(Data, Data),
    /// How many track the entry.
    Trackers,
}

impl Ask {
    /// Asks it of the entry of a key; one that is not there is all zero. What only reads leaves no trace.
    pub(crate) fn of_key(self, index: u32, table: &Table, key: &Key, now: Millis) -> Option<i64> {
        let ask = |entry: &mut Entry<'_>| self.of_entry(index, entry);
        let answer = match self {
            Self::Get(_) | Self::Kilo(_) | Self::Trackers => {
                table.read(key, now, |entry| self.of_values(index, entry))
            }
            Self::Clear(_) => table.change(key, now, ask),
            Self::Raise(..) => table.put(key, now, ask),
        };
        answer.unwrap_or(Some(0))
    }

    /// Asks it of an entry that is tracked.
    pub(crate) fn of_tracked(self, index: u32, tracked: &Tracked, now: Millis) -> Option<i64> {
        match self {
            Self::Get(_) | Self::Kilo(_) | Self::Trackers => {
                tracked.read(now, |entry| self.of_values(index, entry))
            }
            Self::Clear(_) | Self::Raise(..) => tracked.change(now, |entry| self.of_entry(index, entry)),
        }
    }

    fn of_values(self, index: u32, entry: &Entry<'_>) -> Option<i64> {
        Some(match self {
            Self::Get(data) | Self::Clear(data) | Self::Raise(data, _) => number(entry.get(data, index)?),
            Self::Kilo(data) => number(entry.get(data, index)? / 1024),
            Self::Trackers => i64::from(entry.trackers()),
        })
    }

    fn of_entry(self, index: u32, entry: &mut Entry<'_>) -> Option<i64> {
        match self {
            Self::Clear(data) => {
                let before = entry.get(data, index)?;
                entry.set(data, index, 0);
                Some(number(before))
            }
            Self::Raise(data, rate) => {
                entry.add(rate, index, 1);
                entry.add(data, index, 1);
                entry.get(data, index).or_else(|| entry.get(rate, index)).map(number)
            }
            Self::Get(_) | Self::Kilo(_) | Self::Trackers => self.of_values(index, entry),
        }
    }
}

fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The table of a name, if the transaction knows it.
pub(crate) fn table<'a>(txn: &'a dyn Txn, name: &str) -> Option<&'a Arc<Table>> {
    txn.tables()?.get(name)
}

/// The key that a sample is in a table of this type; `None` if it can be none.
pub fn key_of(value: Value<'_>, kind: Kind) -> Option<Key> {
    match kind {
        Kind::Ip => match value.to_ip()? {
            IpAddr::V4(ip) => Some(Key::Ip(ip)),
            IpAddr::V6(ip) => ip.to_ipv4_mapped().map(Key::Ip),
        },
        Kind::Ipv6 => Some(Key::Ipv6(match value.to_ip()? {
            IpAddr::V4(ip) => ip.to_ipv6_mapped(),
            IpAddr::V6(ip) => ip,
        })),
        // numbers of 64 bits keep their low half, as in HAProxy
        Kind::Integer => u32::try_from(value.to_int()? & 0xffff_ffff).ok().map(Key::Integer),
        Kind::String(_) => kind.text(&value.into_text()),
        Kind::Binary(_) => kind.text(&value.into_bytes()),
    }
}

/// Whether samples of a type can be keys of a table.
pub fn can_be_key(sample: Type, kind: Kind) -> bool {
    sample.casts_to(match kind {
        Kind::Ip | Kind::Ipv6 => Type::Ip,
        Kind::Integer => Type::Int,
        Kind::String(_) => Type::Str,
        Kind::Binary(_) => Type::Bin,
    })
}

/// A table that an expression or a rule names, to be looked for when all sections are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableUse {
    /// The table's name.
    pub table: String,
    /// What names it: `arg 1 of ACL keyword 'src_conn_rate'`, `track-sc0`.
    pub by: String,
    /// What it is used for.
    pub purpose: Purpose,
}

/// What a table is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// An expression asks for something.
    Read,
    /// A rule tracks samples of this type.
    Track(Type),
    /// Servers are remembered by samples of this type.
    Stick(Type),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_become_keys_as_haproxy_casts_them() {
        let text = |text: &'static [u8]| Value::text(text);
        let mapped = "::ffff:192.0.2.1".parse().unwrap();
        for (value, kind, key) in [
            (text(b"192.0.2.1"), Kind::Ip, Some(Key::Ip([192, 0, 2, 1].into()))),
            (Value::Ip(mapped), Kind::Ip, Some(Key::Ip([192, 0, 2, 1].into()))),
            (Value::Ip("::1".parse().unwrap()), Kind::Ip, None),
            (text(b"192.0.2.1"), Kind::Ipv6, Some(Key::Ipv6("::ffff:192.0.2.1".parse().unwrap()))),
            (text(b"7x"), Kind::Integer, Some(Key::Integer(7))),
            (Value::Int(-1), Kind::Integer, Some(Key::Integer(u32::MAX))),
            (Value::Int(12), Kind::String(1), Some(Key::String(b"1"[..].into()))),
            (text(b"ab"), Kind::Binary(3), Some(Key::Binary(b"ab\0"[..].into()))),
            (text(b"no address"), Kind::Ip, None),
        ] {
            assert_eq!(key_of(value.clone(), kind), key, "{value:?} {kind:?}");
        }
        assert!(!can_be_key(Type::Bool, Kind::Ip) && can_be_key(Type::Ip, Kind::Integer));
    }
}
