//! `-m int`, `-m len`, `-m ip`: ranges of numbers, networks of addresses (configuration.txt 7.1.2, 7.1.6).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Ranges of numbers, both ends included.
#[derive(Debug, Default)]
pub(super) struct Ranges {
    ranges: Vec<(i64, i64)>,
    operator: Operator,
    /// Numbers may be versions: `3.1`.
    dotted: bool,
}

/// Holds for the values behind it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Operator {
    #[default]
    Eq,
    Ge,
    Gt,
    Le,
    Lt,
}

impl Operator {
    /// The numbers for which it holds against one.
    fn holds_from(self, n: i64) -> Option<(i64, i64)> {
        match self {
            Self::Eq => Some((n, n)),
            Self::Ge => Some((n, i64::MAX)),
            Self::Le => Some((i64::MIN, n)),
            Self::Gt => n.checked_add(1).map(|low| (low, i64::MAX)),
            Self::Lt => n.checked_sub(1).map(|high| (i64::MIN, high)),
        }
    }
}

impl Ranges {
    /// Ranges of plain numbers, or of versions.
    pub(super) fn new(dotted: bool) -> Self {
        Self { dotted, ..Self::default() }
    }

    fn number(&self, text: &str) -> Option<i64> {
        if self.dotted { decimal(text) } else { text.parse().ok() }
    }

    /// Adds an operator, a number, or a range `low:high` of which either end may be missing.
    pub(super) fn add(&mut self, word: &str) -> Result<(), String> {
        if let Some(operator) = operator(word) {
            self.operator = operator;
            return Ok(());
        }
        let bad = || format!("'{word}' is not a number");
        let Some((low, high)) = word.split_once(':') else {
            let n = self.number(word).ok_or_else(bad)?;
            self.ranges.extend(self.operator.holds_from(n));
            return Ok(());
        };
        let end = |text: &str, open| if text.is_empty() { Some(open) } else { self.number(text) };
        let (low, high) = (end(low, i64::MIN).ok_or_else(bad)?, end(high, i64::MAX).ok_or_else(bad)?);
        if low > high {
            return Err(format!("'{word}' is not a valid number range"));
        }
        // an operator moves an end of a range, and makes little sense (configuration.txt 7.1.2)
        let range = match self.operator {
            Operator::Eq | Operator::Ge | Operator::Le => Some((low, high)),
            Operator::Gt => low.checked_add(1).map(|low| (low, high)),
            Operator::Lt => high.checked_sub(1).map(|high| (low, high)),
        };
        self.ranges.extend(range.filter(|(low, high)| low <= high));
        Ok(())
    }

    /// Sorts and joins, so that one search answers.
    pub(super) fn finish(&mut self) {
        self.ranges.sort_unstable();
        let mut joined: Vec<(i64, i64)> = Vec::with_capacity(self.ranges.len());
        for (low, high) in self.ranges.drain(..) {
            match joined.last_mut() {
                Some(last) if low <= last.1.saturating_add(1) => last.1 = last.1.max(high),
                _ => joined.push((low, high)),
            }
        }
        self.ranges = joined;
    }

    pub(super) fn contain(&self, n: i64) -> bool {
        let after = self.ranges.partition_point(|(low, _)| *low <= n);
        after.checked_sub(1).is_some_and(|at| n <= self.ranges[at].1)
    }
}

fn operator(word: &str) -> Option<Operator> {
    Some(match word {
        "eq" => Operator::Eq,
        "ge" => Operator::Ge,
        "gt" => Operator::Gt,
        "le" => Operator::Le,
        "lt" => Operator::Lt,
        _ => return None,
    })
}

/// A number, or two with a dot between: the second is the lower half, as in versions (`3.1`).
fn decimal(text: &str) -> Option<i64> {
    match text.split_once('.') {
        None => text.parse().ok(),
        Some((major, minor)) => {
            let minor: u16 = minor.parse().ok()?;
            Some(i64::from(major.parse::<u16>().ok()?) << 16 | i64::from(minor))
        }
    }
}

/// A network: an address and how many of its leading bits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Network {
    V4(u32, u32),
    V6(u128, u128),
}

/// Reads `10.0.0.0/8`, `10/8`, `10.0.0.0/255.0.0.0`, `::1`, `fe80::/10`.
pub(crate) fn network(text: &str) -> Option<Network> {
    let (address, mask) = match text.split_once('/') {
        Some((address, mask)) => (address, Some(mask)),
        None => (text, None),
    };
    if address.contains(':') {
        let ip: Ipv6Addr = address.parse().ok()?;
        let len = mask.map_or(Some(128), |mask| mask.parse().ok().filter(|len| *len <= 128))?;
        let mask = u128::MAX.checked_shl(128 - len).unwrap_or(0);
        return Some(Network::V6(ip.to_bits() & mask, mask));
    }
    let ip = abbreviated(address)?;
    let mask = match mask {
        None => u32::MAX,
        Some(mask) if mask.contains('.') => mask.parse::<Ipv4Addr>().ok()?.to_bits(),
        Some(len) => {
            let len: u32 = len.parse().ok().filter(|len| *len <= 32)?;
            u32::MAX.checked_shl(32 - len).unwrap_or(0)
        }
    };
    Some(Network::V4(ip & mask, mask))
}

/// An IPv4 address of which zero bytes in the middle may be left out: `127.1` is `127.0.0.1`.
fn abbreviated(text: &str) -> Option<u32> {
    let parts: Vec<u8> = text.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let octets = match parts[..] {
        [a] => [0, 0, 0, a],
        [a, d] => [a, 0, 0, d],
        [a, b, d] => [a, b, 0, d],
        [a, b, c, d] => [a, b, c, d],
        _ => return None,
    };
    Some(u32::from_be_bytes(octets))
}

/// Networks, searched by length of prefix: as many binary searches as there are different masks.
#[derive(Debug)]
pub(crate) struct Networks {
    v4: Vec<(u32, Vec<u32>)>,
    v6: Vec<(u128, Vec<u128>)>,
}

impl Networks {
    pub(crate) fn new(mut networks: Vec<Network>) -> Self {
        networks.sort_unstable();
        networks.dedup();
        let mut all = Self { v4: Vec::new(), v6: Vec::new() };
        for network in networks {
            match network {
                Network::V4(address, mask) => put(&mut all.v4, mask, address),
                Network::V6(address, mask) => put(&mut all.v6, mask, address),
            }
        }
        all
    }

    /// Addresses of the other family are compared by the rules of the manual.
    pub(crate) fn contain(&self, ip: IpAddr) -> bool {
        match ip {
            IpAddr::V4(ip) => self.has_v4(ip.to_bits()) || self.has_v6(ip.to_ipv6_mapped().to_bits()),
            IpAddr::V6(ip) => self.has_v6(ip.to_bits()) || embedded(ip).is_some_and(|ip| self.has_v4(ip)),
        }
    }

    fn has_v4(&self, ip: u32) -> bool {
        self.v4.iter().any(|(mask, addresses)| addresses.binary_search(&(ip & mask)).is_ok())
    }

    fn has_v6(&self, ip: u128) -> bool {
        self.v6.iter().any(|(mask, addresses)| addresses.binary_search(&(ip & mask)).is_ok())
    }
}

/// Files the address under its mask; addresses come sorted.
fn put<T: PartialEq + Copy>(groups: &mut Vec<(T, Vec<T>)>, mask: T, address: T) {
    match groups.iter_mut().find(|(known, _)| *known == mask) {
        Some((_, addresses)) => addresses.push(address),
        None => groups.push((mask, vec![address])),
    }
}

/// The IPv4 address inside `2002:IPV4::`, `::IPV4` or `::ffff:IPV4`.
fn embedded(ip: Ipv6Addr) -> Option<u32> {
    let bits = ip.to_bits();
    let low = u32::try_from(bits & u128::from(u32::MAX)).ok()?;
    match bits >> 32 {
        0 | 0xffff => Some(low),
        _ if bits >> 112 == 0x2002 => u32::try_from((bits >> 80) & u128::from(u32::MAX)).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranges(words: &str) -> Ranges {
        let mut ranges = Ranges::new(words.contains('.'));
        words.split(' ').for_each(|word| ranges.add(word).unwrap());
        ranges.finish();
        ranges
    }

    #[test]
    fn ranges_and_operators() {
        for (words, inside, outside) in [
            ("5", vec![5], vec![4, 6]),
            ("1024:65535", vec![1024, 65535], vec![1023, 65536]),
            (":10", vec![-5, 10], vec![11]),
            ("10:", vec![10, i64::MAX], vec![9]),
            ("gt 3", vec![4], vec![3]),
            ("lt 0", vec![-1], vec![0]),
            ("ge 3 lt 0", vec![3, -1], vec![0, 2]),
            ("le 3", vec![3, -9], vec![4]),
            ("1 2 3 7:9 8:12", vec![1, 3, 10, 12], vec![4, 6, 13]),
            ("3.1", vec![0x0003_0001], vec![3]),
            ("gt 1:3", vec![2, 3], vec![1, 4]),
        ] {
            let ranges = ranges(words);
            assert!(inside.iter().all(|n| ranges.contain(*n)), "{words}");
            assert!(!outside.iter().any(|n| ranges.contain(*n)), "{words}");
        }
        assert!(["x", "3.1", "3:1", ""].iter().all(|word| Ranges::default().add(word).is_err()));
    }

    #[test]
    fn networks_of_both_families() {
        for (network_text, inside, outside) in [
            ("10.0.0.0/8", vec!["10.1.2.3", "::ffff:10.1.2.3", "2002:a01:203::"], vec!["11.0.0.1", "::1"]),
            ("127.0.0.1/8", vec!["127.9.9.9"], vec!["128.0.0.1"]),
            ("127.1", vec!["127.0.0.1"], vec!["127.1.0.0"]),
            ("192.168.1/22", vec!["192.168.0.9", "192.168.3.1"], vec!["192.168.4.1"]),
            ("10.0.0.0/255.0.0.0", vec!["10.9.9.9"], vec!["11.1.1.1"]),
            ("0.0.0.0/0", vec!["1.2.3.4"], vec!["2001:db8::1"]),
            ("fe80::/10", vec!["fe80::1", "febf::1"], vec!["fec0::1"]),
            ("::ffff:1.2.3.4", vec!["1.2.3.4"], vec!["1.2.3.5"]),
        ] {
            let networks = Networks::new(vec![network(network_text).unwrap()]);
            assert!(inside.iter().all(|ip| networks.contain(ip.parse().unwrap())), "{network_text}");
            assert!(!outside.iter().any(|ip| networks.contain(ip.parse().unwrap())), "{network_text}");
        }
        for bad in ["", "1.2.3.4.5", "256.1.1.1", "10.0.0.0/33", "::/129", "name"] {
            assert!(network(bad).is_none(), "{bad}");
        }
    }
}
