//! Stick tables: what is known of the sample in front (configuration.txt 7.3.1, `in_table`, `table_…`).

use table::{Data, Entry};

use super::{Convert, convert};
use crate::arg::{self, Arg, Kind};
use crate::counter::{self, Ask};
use crate::{Txn, Type, Value, key_of};

const TABLE: &[Kind] = &[Kind::Table];
const OR_ELSE: &[Kind] = &[Kind::Table, Kind::Int];
const INDEXED: &[Kind] = &[Kind::Int, Kind::Table];

/// What only HAProxy 3.0 counts or changes.
const fn since(ask: Ask, row: Convert) -> Convert {
    match ask {
        Ask::Get(Data::GlitchCnt | Data::GlitchRate) | Ask::Clear(_) | Ask::Raise(..) => row.since("3.0"),
        _ => row,
    }
}

/// The rows of values.
macro_rules! values {
    ($($name:literal $ask:expr, $value:literal;)*) => {
        &[$(
            since($ask, convert(concat!("table_", $name), Type::Any, Type::Int, |v, a, t| ask(v, a, t, $ask, None)).takes(TABLE, 1).example(concat!("src,table_", $name, "(t)"), $value)),
        )*]
    };
}

/// The rows of values of an array.
macro_rules! arrays {
    ($($name:literal $ask:expr, $value:literal;)*) => {
        &[$(
            since($ask, convert(concat!("table_", $name), Type::Any, Type::Int, |v, a, t| ask(v, a, t, $ask, Some(0))).takes(INDEXED, 2).example(concat!("src,table_", $name, "(0,arrays)"), $value)),
        )*]
    };
}

#[rustfmt::skip]
pub(super) const VALUES: &[Convert] = values! {
    "bytes_in_rate"  Ask::Get(Data::BytesInRate), "14";
    "bytes_out_rate" Ask::Get(Data::BytesOutRate), "16";
    "clr_gpc0"       Ask::Clear(Data::Gpc0), "2";
    "clr_gpc1"       Ask::Clear(Data::Gpc1), "17";
    "conn_cnt"       Ask::Get(Data::ConnCnt), "4";
    "conn_cur"       Ask::Get(Data::ConnCur), "6";
    "conn_rate"      Ask::Get(Data::ConnRate), "5";
    "glitch_cnt"     Ask::Get(Data::GlitchCnt), "25";
    "glitch_rate"    Ask::Get(Data::GlitchRate), "26";
    "gpc0"           Ask::Get(Data::Gpc0), "2";
    "gpc0_rate"      Ask::Get(Data::Gpc0Rate), "3";
    "gpc1"           Ask::Get(Data::Gpc1), "17";
    "gpc1_rate"      Ask::Get(Data::Gpc1Rate), "18";
    "gpt0"           Ask::Get(Data::Gpt0), "1";
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
    "server_id"      Ask::Get(Data::ServerId), "0";
    "sess_cnt"       Ask::Get(Data::SessCnt), "7";
    "sess_rate"      Ask::Get(Data::SessRate), "8";
    "trackers"       Ask::Trackers, "2";
};

#[rustfmt::skip]
pub(super) const ARRAYS: &[Convert] = arrays! {
    "clr_gpc"  Ask::Clear(Data::Gpc), "30";
    "gpc"      Ask::Get(Data::Gpc), "30";
    "gpc_rate" Ask::Get(Data::GpcRate), "50";
    "gpt"      Ask::Get(Data::Gpt), "40";
    "inc_gpc"  Ask::Raise(Data::Gpc, Data::GpcRate), "31";
};

#[rustfmt::skip]
pub(super) const CONVERTS: &[Convert] = &[
    convert("in_table", Type::Any, Type::Bool, |v, a, t| Some(Value::Bool(read(v, a, t, |_| ()).is_some()))).takes(TABLE, 1).example("src,in_table(t)", "1"),
    convert("table_expire", Type::Any, Type::Int, |v, a, t| time(v, a, t, |entry, _| entry.expires_in())).takes(OR_ELSE, 1).example("src,table_expire(t)", "60000"),
    convert("table_idle", Type::Any, Type::Int, |v, a, t| time(v, a, t, |entry, expire| expire.saturating_sub(entry.expires_in()))).takes(OR_ELSE, 1).example("src,table_idle(t)", "0"),
];

fn ask<'a>(
    value: Value<'a>,
    args: &[Arg],
    txn: &dyn Txn,
    ask: Ask,
    index: Option<usize>,
) -> Option<Value<'a>> {
    let table = counter::table(txn, args.iter().find_map(Arg::as_table)?)?;
    let index = match index {
        Some(place) => u32::try_from(arg::int(args, place)?).ok()?,
        None => 0,
    };
    let key = key_of(value, table.kind())?;
    let answer = ask.of_key(index, table, &key, txn.table_clock())?;
    // HAProxy counts the one who looks, too
    let looks =
        i64::from(matches!(ask, Ask::Trackers) && table.read(&key, txn.table_clock(), |_| ()).is_some());
    Some(Value::Int(answer.saturating_add(looks)))
}

/// Reads the sample's entry, if it has one.
fn read<R>(value: Value<'_>, args: &[Arg], txn: &dyn Txn, read: impl FnOnce(&Entry<'_>) -> R) -> Option<R> {
    let table = counter::table(txn, arg::table(args, 0)?)?;
    table.read(&key_of(value, table.kind())?, txn.table_clock(), read)
}

/// A time of the sample's entry in milliseconds, or the second argument where it has none.
fn time<'a>(
    value: Value<'a>,
    args: &[Arg],
    txn: &dyn Txn,
    of: fn(&Entry<'_>, u64) -> u64,
) -> Option<Value<'a>> {
    let expire = counter::table(txn, arg::table(args, 0)?)?.expire();
    let found = read(value, args, txn, |entry| i64::try_from(of(entry, expire)).unwrap_or(i64::MAX));
    found.or_else(|| arg::int(args, 1)).map(Value::Int)
}

#[cfg(test)]
mod tests {
    use crate::world::{World, evaluate};

    #[test]
    fn a_sample_that_is_not_in_the_table_counts_as_zero() {
        let world = World::sample();
        assert_eq!(evaluate("ipv4(192.0.2.99),in_table(t)", &world).as_deref(), Some("0"));
        assert_eq!(evaluate("ipv4(192.0.2.99),table_gpc0(t)", &world).as_deref(), Some("0"));
        assert_eq!(evaluate("str(no address),table_gpc0(t)", &world), None);
        assert_eq!(evaluate("src,table_conn_cnt(arrays)", &world), None);
    }

    #[test]
    fn times_have_a_value_for_what_is_not_there() {
        let world = World::sample();
        assert_eq!(evaluate("ipv4(192.0.2.99),table_expire(t,-1)", &world).as_deref(), Some("-1"));
        assert_eq!(evaluate("ipv4(192.0.2.99),table_idle(t)", &world), None);
    }
}
