//! `balance`, `hash-type` and what belongs to them.

use super::text::{Line, line};
use crate::cfg;
use crate::model::{Affinity, Balance, HashFunction, Hashing, UriHash};

/// How a backend chooses.
pub(super) fn lines(balance: &Balance, hashing: &Hashing) -> impl Iterator<Item = Line> {
    let Hashing { consistent, function, avalanche, balance_factor, preserve_affinity } = *hashing;
    let named = avalanche || function != HashFunction::default();
    let method = if consistent { "consistent" } else { "map-based" };
    let hash_type = (named || consistent).then(|| {
        let words = line(["hash-type", method]);
        let words = if named { words.and(cfg::balance::function(function)) } else { words };
        words.flag("avalanche", avalanche)
    });
    let factor = balance_factor.map(|factor| line(["hash-balance-factor", &factor.to_string()]));
    let affinity = match preserve_affinity {
        Affinity::Always => None,
        Affinity::Maxconn => Some("maxconn"),
        Affinity::Maxqueue => Some("maxqueue"),
    };
    let affinity = affinity.map(|when| line(["hash-preserve-affinity", when]));
    [algorithm(balance), hash_type, factor, affinity].into_iter().flatten()
}

fn algorithm(balance: &Balance) -> Option<Line> {
    let words = match balance {
        Balance::RoundRobin => return None,
        Balance::StaticRr => line(["balance", "static-rr"]),
        Balance::LeastConn => line(["balance", "leastconn"]),
        Balance::First => line(["balance", "first"]),
        Balance::Source => line(["balance", "source"]),
        Balance::Random(draws) => line(["balance", &format!("random({draws})")]),
        Balance::Uri(UriHash { length, depth, whole, path_only }) => line(["balance", "uri"])
            .set("len", length.as_ref())
            .set("depth", depth.as_ref())
            .flag("whole", *whole)
            .flag("path-only", *path_only),
        Balance::UrlParam { name, check_post } => {
            line(["balance", "url_param", name]).flag("check_post", *check_post)
        }
        Balance::Header { name, domain_only } => {
            line(["balance", &format!("hdr({name})")]).flag("use_domain_only", *domain_only)
        }
        Balance::RdpCookie(name) => line(["balance", &format!("rdp-cookie({name})")]),
        Balance::Hash(expr) => line(["balance", "hash", expr.text()]),
        Balance::LogHash(converters) => line(["balance", "log-hash", converters]),
        Balance::Sticky => line(["balance", "sticky"]),
    };
    Some(words)
}
