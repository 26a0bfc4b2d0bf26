//! Bytes as they arrived, before any parsing (configuration.txt 7.3.5).

use super::{Fetch, Request, Visit, fetch, one};
use crate::arg::{self, Arg, Kind};
use crate::value::leading_int;
use crate::{Phases, Side, Type, Value};

const BOUNDS: &[Kind] = &[Kind::Int, Kind::Int];
const LV: &[Kind] = &[Kind::Int, Kind::Int, Kind::Str];

#[rustfmt::skip]
pub(super) const FETCHES: &[Fetch] = &[
    fetch("req.len", Type::Int, Phases::REQUEST, len).aliases(&["req_len"]).awaits().example("req.len", "42"),
    fetch("req.payload", Type::Bin, Phases::REQUEST, |r, v| payload(r, Side::Request, v)).takes(BOUNDS, 2).awaits().example("req.payload(11,6)", "Cookie"),
    fetch("req.payload_lv", Type::Bin, Phases::REQUEST, |r, v| payload_lv(r, Side::Request, v)).takes(LV, 2).prepare(|args, _| lv(args)).awaits().example("req.payload_lv(4,1),bytes(6,6)", "Cookie"),
    fetch("payload", Type::Bin, Phases::HEADS, |r, v| payload(r, at_hand(r), v)).takes(BOUNDS, 2).awaits().example("payload(19,8)", "mstshash"),
    fetch("payload_lv", Type::Bin, Phases::HEADS, |r, v| payload_lv(r, at_hand(r), v)).takes(LV, 2).prepare(|args, _| lv(args)).awaits().example("payload_lv(4,1),bytes(14,8)", "mstshash"),
    fetch("res.len", Type::Int, Phases::RESPONSE, res_len).awaits().example("res.len", "5"),
    fetch("res.payload", Type::Bin, Phases::RESPONSE, |r, v| payload(r, Side::Response, v)).takes(BOUNDS, 2).awaits().example("res.payload(0,3)", "\u{2}hi"),
    fetch("res.payload_lv", Type::Bin, Phases::RESPONSE, |r, v| payload_lv(r, Side::Response, v)).takes(LV, 2).prepare(|args, _| lv(args)).awaits().example("res.payload_lv(0,1)", "hi"),
];

fn len<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    one(i64::try_from(request.txn.request_length()).ok().map(Value::Int), visit);
}

fn res_len<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    one(i64::try_from(request.txn.raw_response().len()).ok().map(Value::Int), visit);
}

fn at_hand(request: &Request<'_>) -> Side {
    if request.txn.status().is_some() { Side::Response } else { Side::Request }
}

fn raw<'a>(request: &Request<'a>, side: Side) -> &'a [u8] {
    match side {
        Side::Request => request.txn.raw_request(),
        Side::Response => request.txn.raw_response(),
    }
}

fn number(args: &[Arg], at: usize) -> Option<usize> {
    usize::try_from(arg::int(args, at)?).ok()
}

/// `payload(offset,length)`; a length of 0 is all there is.
fn payload<'a>(request: &Request<'a>, side: Side, visit: Visit<'_, 'a>) {
    let (Some(offset), Some(length)) = (number(request.args, 0), number(request.args, 1)) else { return };
    let bytes = raw(request, side);
    let cut = match length {
        0 => bytes.get(offset..),
        _ => offset.checked_add(length).and_then(|end| bytes.get(offset..end)),
    };
    one(cut.map(|bytes| Value::Bin(bytes.into())), visit);
}

/// `payload_lv(offset1,length,offset2)`: where the length stands, how long it is, and where what it measures begins:
/// behind it, at a place, or, with a sign, so far from behind it.
fn lv(args: &mut Vec<Arg>) -> Result<(), String> {
    if arg::int(args, 0).is_some_and(|n| n < 0) {
        return Err("payload offset1 must be positive".to_owned());
    }
    if arg::int(args, 1).is_none_or(|n| n <= 0) {
        return Err("payload length must be > 0".to_owned());
    }
    let text = String::from_utf8_lossy(arg::text(args, 2)).into_owned();
    if text.trim_start_matches(['+', '-']).parse::<u32>().is_err() && !text.is_empty() {
        return Err("payload offset2 is not a number".to_owned());
    }
    let relative = text.is_empty() || text.starts_with(['+', '-']);
    let offset = leading_int(text.as_bytes());
    let behind = arg::int(args, 0).unwrap_or(0).saturating_add(arg::int(args, 1).unwrap_or(0));
    let start = if relative { behind.saturating_add(offset) } else { offset };
    if start < 0 {
        return Err("payload offset2 too negative".to_owned());
    }
    args.truncate(2);
    args.push(Arg::Int(start));
    Ok(())
}

fn payload_lv<'a>(request: &Request<'a>, side: Side, visit: Visit<'_, 'a>) {
    one(measured(raw(request, side), request.args).map(|bytes| Value::Bin(bytes.into())), visit);
}

fn measured<'a>(bytes: &'a [u8], args: &[Arg]) -> Option<&'a [u8]> {
    let (offset, width, start) = (number(args, 0)?, number(args, 1)?, number(args, 2)?);
    let length = bytes.get(offset..offset.checked_add(width)?)?;
    let length =
        length.iter().try_fold(0_usize, |sum, byte| sum.checked_mul(256)?.checked_add((*byte).into()))?;
    if length == 0 {
        return None;
    }
    bytes.get(start..start.checked_add(length)?)
}

/// Takes what stands behind its length of one or two bytes.
pub(super) fn skip<'a>(bytes: &mut &'a [u8], width: usize) -> Option<&'a [u8]> {
    let prefix = bytes.get(..width)?;
    let len = prefix.iter().fold(0_usize, |len, byte| len << 8 | usize::from(*byte));
    let taken = bytes.get(width..width + len)?;
    *bytes = &bytes[width + len..];
    Some(taken)
}

#[cfg(test)]
mod tests {
    use crate::Phase;
    use crate::world::{World, evaluate, scope_at};

    #[test]
    fn what_a_length_measures_is_cut_out() {
        let world = World { raw: b"\0\x03abcdef".to_vec(), ..World::sample() };
        for (text, expected) in [
            ("req.payload_lv(0,2)", Some("abc")),
            ("req.payload_lv(0,2,4)", Some("cde")),
            ("req.payload_lv(0,2,+1)", Some("bcd")),
            ("req.payload_lv(0,2,-1)", Some("\u{3}ab")),
            ("req.payload_lv(0,2,6)", None),
            ("req.payload_lv(0,1)", None),
            ("req.payload_lv(9,1)", None),
        ] {
            assert_eq!(evaluate(text, &world).as_deref(), expected, "{text}");
        }
    }

    /// HAProxy 2.6's words.
    #[test]
    fn places_are_judged_when_they_are_read() {
        for (text, why) in [
            ("req.payload_lv(-1,1)", "payload offset1 must be positive"),
            ("req.payload_lv(0,0)", "payload length must be > 0"),
            ("req.payload_lv(0,1,x)", "payload offset2 is not a number"),
        ] {
            let bad = crate::Expr::parse_text(text, &scope_at(Phase::TcpContent)).unwrap_err();
            assert_eq!(bad.why, format!("invalid args in fetch method 'req.payload_lv' : {why}"));
        }
    }
}
