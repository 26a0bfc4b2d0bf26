//! Turns by weight: the orders in which HAProxy's two round robins go through weighted servers.
//!
//! Both were learnt from the binary's answers (`balance roundrobin` and `balance static-rr` over many weights) and
//! are computed once per change of the farm, so that a choice is one addition and one look-up.

use std::cmp::Reverse;
use std::collections::BTreeSet;

/// No more turns than this in one round: beyond, weights lose precision rather than memory its bounds.
const TURNS: u64 = 1 << 16;

/// The order of `roundrobin`. Weights in small proportion take HAProxy's very turns; where the proportion is large
/// (10:7:3), neighbours that are due at once may change places, the shares and the smoothness being the same.
/// A server that has had its first turn is due again every total/weight turns; of those
/// due the earliest is served, of equals the heavier, then the first; where none is due the heaviest newcomer starts.
pub(super) fn spread(weighted: &[(usize, u32)]) -> Vec<u32> {
    let weighted = reduce(weighted);
    let total: u64 = weighted.iter().map(|(_, weight)| weight).sum();
    let mut fresh = weighted;
    fresh.sort_by_key(|(index, weight)| (Reverse(*weight), *index));
    let mut fresh = fresh.into_iter();
    let mut newcomer = fresh.next();
    let mut due: BTreeSet<Due> = BTreeSet::new();
    let mut order = Vec::with_capacity(usize::try_from(total).unwrap_or(0));
    for turn in 0..total {
        let ready = due.first().is_some_and(|due| due.turn <= turn);
        let next = match newcomer {
            Some((server, weight)) if !ready => {
                newcomer = fresh.next();
                Some(Due { turn, heavy: Reverse(weight), server, start: turn, given: 0 })
            }
            _ => due.pop_first(),
        };
        let Some(mut next) = next else { break };
        order.push(next.server as u32);
        next.given += 1;
        if next.given < next.heavy.0 {
            next.turn = next.start + next.given * total / next.heavy.0;
            due.insert(next);
        }
    }
    order
}

/// A server that has had turns, and when it is due again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Due {
    turn: u64,
    heavy: Reverse<u64>,
    server: usize,
    start: u64,
    given: u64,
}

/// The order of `static-rr` and of hashes. Each turn everybody's claim grows by the weight and the served one's falls
/// by the total; claims are compared in whole turns only, and of equals the first is served.
pub(super) fn deal(weighted: &[(usize, u32)]) -> Vec<u32> {
    let weighted = reduce(weighted);
    let total: i64 = weighted.iter().map(|(_, weight)| *weight as i64).sum();
    if weighted.iter().all(|(_, weight)| *weight == 1) {
        return weighted.iter().map(|(server, _)| *server as u32).collect();
    }
    let mut claims = vec![0i64; weighted.len()];
    let mut order = Vec::with_capacity(usize::try_from(total).unwrap_or(0));
    for _ in 0..total {
        let mut best = (i64::MIN, 0);
        for (at, (_, weight)) in weighted.iter().enumerate() {
            claims[at] += *weight as i64;
            let turns = (claims[at] + total).div_euclid(total);
            if turns > best.0 {
                best = (turns, at);
            }
        }
        claims[best.1] -= total;
        order.push(weighted[best.1].0 as u32);
    }
    order
}

/// The same proportions in the smallest whole numbers, and within bounds.
fn reduce(weighted: &[(usize, u32)]) -> Vec<(usize, u64)> {
    let divisor = weighted.iter().fold(0, |divisor, (_, weight)| gcd(divisor, u64::from(*weight))).max(1);
    let total = weighted.iter().map(|(_, weight)| u64::from(*weight)).sum::<u64>() / divisor;
    let shrink = total.div_ceil(TURNS).max(1);
    let small = |weight: u32| (u64::from(weight) / divisor / shrink).max(1);
    weighted.iter().map(|(server, weight)| (*server, small(*weight))).collect()
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}
