//! Stick tables: what a counter tracks (`sc_…`, `sc0_…`), what is known of the client's address (`src_…`), and the
//! tables themselves (configuration.txt 7.3.3).

use table::Data;

use super::{Fetch, Request, Visit, fetch, one};
use crate::arg::{self, Kind};
use crate::counter::{self, Ask};
use crate::{Phases, Type, Value, key_of};

/// Whose entry is meant.
#[derive(Clone, Copy)]
enum Who {
    /// That of the counter which the argument at this place numbers; a table may be behind it.
    Given(usize),
    /// That of this counter.
    Counter(usize),
    /// That of the client's address, in the table that the argument at this place names.
    Source(usize),
}

/// Where HAProxy has the values of counters: some not at its CLI.
const fn phases(ask: Ask) -> Phases {
    match ask {
        Ask::Kilo(_) => Phases::CLIENT,
        _ => Phases::INTERNAL,
    }
}

/// Glitches are counted since HAProxy 3.0.
const fn since(ask: Ask, row: Fetch) -> Fetch {
    match ask {
        Ask::Get(Data::GlitchCnt | Data::GlitchRate) => row.since("3.0"),
        _ => row,
    }
}

const SC: &[Kind] = &[Kind::Int, Kind::Table];
const TABLE: &[Kind] = &[Kind::Table];
const INDEXED_SC: &[Kind] = &[Kind::Int, Kind::Int, Kind::Table];
const INDEXED: &[Kind] = &[Kind::Int, Kind::Table];

/// The rows of a value: for the counter that is named by a number, for the first three, and for the client's address.
macro_rules! values {
    ($($name:literal $ask:expr, $value:literal;)*) => {
        &[$(
            since($ask, fetch(concat!("sc_", $name), Type::Int, phases($ask), |r, v| ask(r, Who::Given(0), $ask, None, v)).takes(SC, 1).example(concat!("sc_", $name, "(0)"), $value)),
            since($ask, fetch(concat!("sc0_", $name), Type::Int, phases($ask), |r, v| ask(r, Who::Counter(0), $ask, None, v)).takes(TABLE, 0).example(concat!("sc0_", $name), $value)),
            since($ask, fetch(concat!("sc1_", $name), Type::Int, phases($ask), |r, v| ask(r, Who::Counter(1), $ask, None, v)).takes(TABLE, 0).example(concat!("sc1_", $name), "")),
            since($ask, fetch(concat!("sc2_", $name), Type::Int, phases($ask), |r, v| ask(r, Who::Counter(2), $ask, None, v)).takes(TABLE, 0).example(concat!("sc2_", $name), "")),
            since($ask, fetch(concat!("src_", $name), Type::Int, Phases::CLIENT, |r, v| ask(r, Who::Source(0), $ask, None, v)).takes(TABLE, 1).example(concat!("src_", $name, "(t)"), $value)),
        )*]
    };
}

/// The rows of a value of an array.
macro_rules! arrays {
    ($($name:literal $ask:expr, $value:literal;)*) => {
        &[$(
            fetch(concat!("sc_", $name), Type::Int, phases($ask), |r, v| ask(r, Who::Given(1), $ask, Some(0), v)).takes(INDEXED_SC, 2).example(concat!("sc_", $name, "(0,0,arrays)"), $value),
            fetch(concat!("src_", $name), Type::Int, Phases::CLIENT, |r, v| ask(r, Who::Source(1), $ask, Some(0), v)).takes(INDEXED, 2).example(concat!("src_", $name, "(0,arrays)"), $value),
        )*]
    };
}

#[rustfmt::skip]
pub(super) const VALUES: &[Fetch] = values! {
    "bytes_in_rate"  Ask::Get(Data::BytesInRate), "14";
    "bytes_out_rate" Ask::Get(Data::BytesOutRate), "16";
    "clr_gpc0"       Ask::Clear(Data::Gpc0), "2";
    "clr_gpc1"       Ask::Clear(Data::Gpc1), "17";
    "conn_cnt"       Ask::Get(Data::ConnCnt), "4";
    "conn_cur"       Ask::Get(Data::ConnCur), "6";
    "conn_rate"      Ask::Get(Data::ConnRate), "5";
    "get_gpc0"       Ask::Get(Data::Gpc0), "2";
    "get_gpc1"       Ask::Get(Data::Gpc1), "17";
    "get_gpt0"       Ask::Get(Data::Gpt0), "1";
    "glitch_cnt"     Ask::Get(Data::GlitchCnt), "25";
    "glitch_rate"    Ask::Get(Data::GlitchRate), "26";
    "gpc0_rate"      Ask::Get(Data::Gpc0Rate), "3";
    "gpc1_rate"      Ask::Get(Data::Gpc1Rate), "18";
    "http_err_cnt"   Ask::Get(Data::HttpErrCnt), "11";
    "http_err_rate"  Ask::Get(Data::HttpErrRate), "12";
    "http_fail_cnt"  Ask::Get(Data::HttpFailCnt), "20";
    "http_fail_rate" Ask::Get(Data::HttpFailRate), "21";
    "http_req_cnt"   Ask::Get(Data::HttpReqCnt), "9";
    "http_req_rate"  Ask::Get(Data::HttpReqRate), "10";
    "inc_gpc0"       Ask::Raise(Data::Gpc0, Data::Gpc0Rate), "3";
    "inc_gpc1"       Ask::Raise(Data::Gpc1, Data::Gpc1Rate), "18";
    "kbytes_in"      Ask::Kilo(Data::BytesInCnt), "13";
    "kbytes_out"     Ask::Kilo(Data::BytesOutCnt), "15";
    "sess_cnt"       Ask::Get(Data::SessCnt), "7";
    "sess_rate"      Ask::Get(Data::SessRate), "8";
};

#[rustfmt::skip]
pub(super) const ARRAYS: &[Fetch] = arrays! {
    "clr_gpc"  Ask::Clear(Data::Gpc), "30";
    "get_gpc"  Ask::Get(Data::Gpc), "30";
    "get_gpt"  Ask::Get(Data::Gpt), "40";
    "gpc_rate" Ask::Get(Data::GpcRate), "50";
    "inc_gpc"  Ask::Raise(Data::Gpc, Data::GpcRate), "31";
};

#[rustfmt::skip]
pub(super) const FETCHES: &[Fetch] = &[
    // a slip in HAProxy's own table, kept for the files that have it
    fetch("sc1_clr_gpc", Type::Int, Phases::INTERNAL, |r, v| ask(r, Who::Counter(1), Ask::Clear(Data::Gpc), Some(0), v)).takes(INDEXED, 1).example("sc1_clr_gpc(0)", ""),
    fetch("sc_tracked", Type::Bool, Phases::INTERNAL, |r, v| tracked(r, Who::Given(0), v)).takes(SC, 1).example("sc_tracked(0)", "1"),
    fetch("sc0_tracked", Type::Bool, Phases::INTERNAL, |r, v| tracked(r, Who::Counter(0), v)).takes(TABLE, 0).example("sc0_tracked", "1"),
    fetch("sc1_tracked", Type::Bool, Phases::INTERNAL, |r, v| tracked(r, Who::Counter(1), v)).takes(TABLE, 0).example("sc1_tracked", "0"),
    fetch("sc2_tracked", Type::Bool, Phases::INTERNAL, |r, v| tracked(r, Who::Counter(2), v)).takes(TABLE, 0).example("sc2_tracked", "0"),
    fetch("sc_trackers", Type::Int, Phases::INTERNAL, |r, v| ask(r, Who::Given(0), Ask::Trackers, None, v)).takes(SC, 1).example("sc_trackers(0)", "1"),
    fetch("sc0_trackers", Type::Int, Phases::INTERNAL, |r, v| ask(r, Who::Counter(0), Ask::Trackers, None, v)).takes(TABLE, 0).example("sc0_trackers", "1"),
    fetch("sc1_trackers", Type::Int, Phases::INTERNAL, |r, v| ask(r, Who::Counter(1), Ask::Trackers, None, v)).takes(TABLE, 0).example("sc1_trackers", ""),
    fetch("sc2_trackers", Type::Int, Phases::INTERNAL, |r, v| ask(r, Who::Counter(2), Ask::Trackers, None, v)).takes(TABLE, 0).example("sc2_trackers", ""),
    fetch("src_updt_conn_cnt", Type::Int, Phases::CLIENT, |r, v| ask(r, Who::Source(0), Ask::Raise(Data::ConnCnt, Data::ConnRate), None, v)).takes(TABLE, 1).example("src_updt_conn_cnt(t)", "5"),
    fetch("table_avl", Type::Int, Phases::INTERNAL, |r, v| size(r, true, v)).takes(TABLE, 1).example("table_avl(t)", "99"),
    fetch("table_cnt", Type::Int, Phases::INTERNAL, |r, v| size(r, false, v)).takes(TABLE, 1).example("table_cnt(t)", "1"),
];

/// Asks for a value; an array's is numbered by the argument at `index`.
fn ask(request: &Request<'_>, who: Who, ask: Ask, index: Option<usize>, visit: Visit<'_, '_>) {
    one(answer(request, who, ask, index).map(Value::Int), visit);
}

fn answer(request: &Request<'_>, who: Who, ask: Ask, index: Option<usize>) -> Option<i64> {
    let (txn, args) = (request.txn, request.args);
    let index = match index {
        Some(place) => u32::try_from(arg::int(args, place)?).ok()?,
        None => 0,
    };
    let now = txn.table_clock();
    match who {
        Who::Source(place) => {
            let table = counter::table(txn, arg::table(args, place)?)?;
            let key = key_of(Value::Ip(txn.source()?.to_canonical()), table.kind())?;
            ask.of_key(index, table, &key, now)
        }
        Who::Given(_) | Who::Counter(_) => {
            let tracked = txn.tracked(who.counter(request)?)?;
            match args.iter().find_map(arg::Arg::as_table) {
                Some(name) => ask.of_key(index, counter::table(txn, name)?, &tracked.key(), now),
                None => ask.of_tracked(index, tracked, now),
            }
        }
    }
}

impl Who {
    /// The counter's number.
    fn counter(self, request: &Request<'_>) -> Option<usize> {
        match self {
            Self::Given(place) => usize::try_from(arg::int(request.args, place)?).ok(),
            Self::Counter(number) => Some(number),
            Self::Source(_) => None,
        }
    }
}

fn tracked(request: &Request<'_>, who: Who, visit: Visit<'_, '_>) {
    let tracked = who.counter(request).and_then(|counter| request.txn.tracked(counter));
    one(Some(Value::Bool(tracked.is_some())), visit);
}

/// The entries that a table holds, or those that it has room for.
fn size(request: &Request<'_>, left: bool, visit: Visit<'_, '_>) {
    let table = arg::table(request.args, 0).and_then(|name| counter::table(request.txn, name));
    let count =
        table.map(|table| if left { table.size().saturating_sub(table.used()) } else { table.used() });
    one(count.map(|count| Value::Int(i64::try_from(count).unwrap_or(i64::MAX))), visit);
}

#[cfg(test)]
mod tests {
    use crate::world::{World, evaluate};

    #[test]
    fn a_counter_that_tracks_nothing_has_no_sample() {
        let world = World::sample();
        assert_eq!(evaluate("sc_get_gpc0(1)", &world), None);
        assert_eq!(evaluate("sc_get_gpc0(99)", &world), None);
        assert_eq!(evaluate("sc_tracked(1)", &world).as_deref(), Some("0"));
    }

    #[test]
    fn another_table_is_asked_for_the_same_key() {
        let world = World::sample();
        assert_eq!(evaluate("sc_get_gpt(0,0,arrays)", &world).as_deref(), Some("40"));
        assert_eq!(evaluate("sc_get_gpt(1,0,arrays)", &world).as_deref(), Some("41"));
        assert_eq!(evaluate("src,table_gpc(1,arrays)", &world).as_deref(), Some("31"));
        assert_eq!(evaluate("sc0_get_gpt0(arrays)", &world).as_deref(), Some("40"));
        assert_eq!(evaluate("sc0_conn_cnt(arrays)", &world), None);
        assert_eq!(evaluate("sc0_conn_cnt(empty)", &world).as_deref(), Some("0"));
    }

    #[test]
    fn what_only_reads_adds_no_entry_and_what_counts_does() {
        let world = World::sample();
        assert_eq!(evaluate("src_conn_cnt(empty)", &world).as_deref(), Some("0"));
        assert_eq!(evaluate("src_clr_gpc0(empty)", &world).as_deref(), Some("0"));
        assert_eq!(evaluate("table_cnt(empty)", &world).as_deref(), Some("0"));
        assert_eq!(evaluate("src_inc_gpc0(empty)", &world).as_deref(), Some("1"));
        assert_eq!(evaluate("src_inc_gpc0(empty)", &world).as_deref(), Some("2"));
        assert_eq!(evaluate("src_get_gpc0(empty)", &world).as_deref(), Some("2"));
        assert_eq!(evaluate("src_gpc0_rate(empty)", &world).as_deref(), Some("2"));
        assert_eq!(evaluate("table_cnt(empty)", &world).as_deref(), Some("1"));
    }
}
