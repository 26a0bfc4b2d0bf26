//! `-m int`, `-m len`, `-m ip`: ranges of numbers, networks of addresses (configuration.txt 7.1.2, 7.1.6).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::{ControlFlow, Range};

use super::Bad;

/// Where the numbers of entries that match are shown.
type Show<'v> = &'v mut dyn FnMut(u32) -> ControlFlow<()>;

/// Numbers and ranges of them, both ends included, each with the number of its entry.
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    single: Vec<(i64, u32)>,
    ranges: Ranges,
}

impl Numbers {
    /// Plain numbers, or versions.
    pub(super) fn new<'a>(dotted: bool, patterns: impl Iterator<Item = &'a [u8]>) -> Result<Self, Bad> {
        let (mut single, mut ranges) = (Vec::new(), Vec::new());
        for (pattern, at) in patterns.zip(0..) {
            let text = String::from_utf8_lossy(pattern);
            match range(&text, dotted).map_err(|why| Bad { at: at as usize, why })? {
                (low, high) if low == high => single.push((low, at)),
                (low, high) => ranges.push((low, high, at)),
            }
        }
        single.sort_unstable();
        Ok(Self { single, ranges: Ranges::new(ranges) })
    }

    /// Shows single numbers first, then ranges.
    pub(super) fn visit(&self, n: i64, show: Show<'_>) -> ControlFlow<()> {
        let start = self.single.partition_point(|(single, _)| *single < n);
        let same = self.single[start..].iter().take_while(|(single, _)| *single == n);
        same.map(|(_, at)| *at).try_for_each(&mut *show)?;
        self.ranges.visit(n, 0..self.ranges.rows.len(), show)
    }
}

/// Ranges as an interval tree: of every stretch of the list, the middle one is the root.
#[derive(Debug, Default)]
struct Ranges {
    /// Both ends and the number of the entry, ordered by the lower end.
    rows: Vec<(i64, i64, u32)>,
    /// For each row the greatest upper end in the stretch that it is the root of.
    reach: Vec<i64>,
}

impl Ranges {
    fn new(mut rows: Vec<(i64, i64, u32)>) -> Self {
        rows.sort_unstable();
        let mut tree = Self { reach: vec![i64::MIN; rows.len()], rows };
        tree.measure(0..tree.rows.len());
        tree
    }

    /// Works out how far a stretch reaches; as deep as the logarithm of its length.
    fn measure(&mut self, stretch: Range<usize>) -> i64 {
        if stretch.is_empty() {
            return i64::MIN;
        }
        let root = stretch.start.midpoint(stretch.end);
        let below = self.measure(stretch.start..root).max(self.measure(root + 1..stretch.end));
        self.reach[root] = below.max(self.rows[root].1);
        self.reach[root]
    }

    fn visit(&self, n: i64, stretch: Range<usize>, show: Show<'_>) -> ControlFlow<()> {
        let root = stretch.start.midpoint(stretch.end);
        if stretch.is_empty() || self.reach[root] < n {
            return ControlFlow::Continue(());
        }
        self.visit(n, stretch.start..root, show)?;
        let (low, high, at) = self.rows[root];
        if low > n {
            return ControlFlow::Continue(());
        }
        if n <= high {
            show(at)?;
        }
        self.visit(n, root + 1..stretch.end, show)
    }
}

/// A number, or a range `low:high` of which either end may be missing.
fn range(word: &str, dotted: bool) -> Result<(i64, i64), String> {
    let number = |text: &str| if dotted { decimal(text) } else { text.parse().ok() };
    let bad = || format!("'{word}' is not a number");
    let Some((low, high)) = word.split_once(':') else {
        let n = number(word).ok_or_else(bad)?;
        return Ok((n, n));
    };
    let end = |text: &str, open| if text.is_empty() { Some(open) } else { number(text) };
    let ends = end(low, i64::MIN).zip(end(high, i64::MAX)).filter(|(low, high)| low <= high);
    ends.ok_or_else(|| format!("'{word}' is not a valid number range"))
}

/// The values of a line, of which some may be operators: what they mean is spelled as ranges.
#[derive(Debug, Default)]
pub(crate) struct Operators {
    operator: Operator,
    dotted: bool,
}

impl Operators {
    /// For plain numbers, or for versions.
    pub(crate) fn new(dotted: bool) -> Self {
        Self { dotted, ..Self::default() }
    }

    /// The range that a word stands for; none for an operator, and for one that no number is in.
    pub(crate) fn spell(&mut self, word: &str) -> Result<Option<String>, String> {
        if let Some(operator) = operator(word) {
            self.operator = operator;
            return Ok(None);
        }
        let (low, _) = range(word, self.dotted).map_err(|why| match self.operator {
            Operator::Eq => why,
            _ => format!("'{word}' is neither a number nor a supported operator"),
        })?;
        // to a range HAProxy applies no operator, whatever it is
        if word.contains(':') || self.operator == Operator::Eq {
            return Ok(Some(word.to_owned()));
        }
        let range = self.operator.holds_from(low);
        let end = |n: i64, open| if n == open { String::new() } else { n.to_string() };
        Ok(range.map(|(low, high)| format!("{}:{}", end(low, i64::MIN), end(high, i64::MAX))))
    }
}

/// What HAProxy reads as `eq`.
pub(crate) const NOT_EQUAL: &str = "ne";

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

fn operator(word: &str) -> Option<Operator> {
    Some(match word {
        // HAProxy knows the word and does not turn the comparison round
        "eq" | NOT_EQUAL => Operator::Eq,
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
enum Network {
    V4(u32, u32),
    V6(u128, u128),
}

/// Reads `10.0.0.0/8`, `10/8`, `10.0.0.0/255.0.0.0`, `::1`, `fe80::/10`.
fn network(text: &str) -> Option<Network> {
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
#[derive(Debug, Default)]
pub(crate) struct Networks {
    v4: Vec<(u32, Vec<(u32, u32)>)>,
    v6: Vec<(u128, Vec<(u128, u32)>)>,
}

/// Networks of the address's own family are looked at first.
const NATIVE: u32 = 1000;

impl Networks {
    pub(super) fn new<'a>(patterns: impl Iterator<Item = &'a [u8]>) -> Result<Self, Bad> {
        let mut all = Self::default();
        for (pattern, at) in patterns.zip(0..) {
            let text = String::from_utf8_lossy(pattern);
            let why = || format!("'{text}' is not a valid IPv4 or IPv6 address");
            match network(&text).ok_or_else(|| Bad { at: at as usize, why: why() })? {
                Network::V4(address, mask) => put(&mut all.v4, mask, (address, at)),
                Network::V6(address, mask) => put(&mut all.v6, mask, (address, at)),
            }
        }
        all.v4.iter_mut().for_each(|(_, addresses)| addresses.sort_unstable());
        all.v6.iter_mut().for_each(|(_, addresses)| addresses.sort_unstable());
        Ok(all)
    }

    /// Shows how specific a network is, and the number of its entry. Addresses of the other family are compared by the
    /// rules of the manual.
    pub(super) fn visit(
        &self,
        ip: IpAddr,
        show: &mut dyn FnMut(u32, u32) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        match ip {
            IpAddr::V4(ip) => {
                self.v4(ip.to_bits(), NATIVE, show)?;
                self.v6(ip.to_ipv6_mapped().to_bits(), 0, show)
            }
            IpAddr::V6(ip) => {
                self.v6(ip.to_bits(), NATIVE, show)?;
                embedded(ip).map_or(ControlFlow::Continue(()), |ip| self.v4(ip, 0, show))
            }
        }
    }

    fn v4(&self, ip: u32, weight: u32, show: &mut dyn FnMut(u32, u32) -> ControlFlow<()>) -> ControlFlow<()> {
        self.v4.iter().try_for_each(|(mask, all)| {
            same(all, ip & mask).try_for_each(|at| show(weight + mask.count_ones(), at))
        })
    }

    fn v6(
        &self,
        ip: u128,
        weight: u32,
        show: &mut dyn FnMut(u32, u32) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        self.v6.iter().try_for_each(|(mask, all)| {
            same(all, ip & mask).try_for_each(|at| show(weight + mask.count_ones(), at))
        })
    }
}

/// The entries of an address in a sorted list.
fn same<T: Ord + Copy>(all: &[(T, u32)], address: T) -> impl Iterator<Item = u32> {
    let start = all.partition_point(|(known, _)| *known < address);
    all[start..].iter().take_while(move |(known, _)| *known == address).map(|(_, at)| *at)
}

/// Files the address under its mask.
fn put<T: PartialEq + Copy>(groups: &mut Vec<(T, Vec<(T, u32)>)>, mask: T, address: (T, u32)) {
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

    /// Whether a number is among the values of a line.
    fn has(words: &str, n: i64) -> bool {
        let dotted = words.contains('.');
        let mut operators = Operators::new(dotted);
        let spelled: Vec<String> =
            words.split(' ').filter_map(|word| operators.spell(word).unwrap()).collect();
        let numbers = Numbers::new(dotted, spelled.iter().map(|word| word.as_bytes())).unwrap();
        numbers.visit(n, &mut |_| ControlFlow::Break(())).is_break()
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
            ("gt 1:3", vec![1, 3], vec![0, 4]),
        ] {
            assert!(inside.iter().all(|n| has(words, *n)), "{words}");
            assert!(!outside.iter().any(|n| has(words, *n)), "{words}");
        }
        let bad = |word: &&str| Operators::default().spell(word).is_err();
        assert!(["x", "3.1", "3:1", ""].iter().all(bad));
    }

    #[test]
    fn every_range_around_a_number_is_found() {
        let row = |n: i64| (n * 7 % 1_000, n * 7 % 1_000 + n * 13 % 90, u32::try_from(n).unwrap());
        for count in [0, 1, 2, 3, 10, 300] {
            let rows: Vec<_> = (0..count).map(row).collect();
            let tree = Ranges::new(rows.clone());
            for n in (-5..1_100).chain([i64::MIN, i64::MAX]) {
                let mut found = Vec::new();
                let _ = tree.visit(n, 0..tree.rows.len(), &mut |at| {
                    found.push(at);
                    ControlFlow::Continue(())
                });
                found.sort_unstable();
                let around = rows.iter().filter(|(low, high, _)| (*low..=*high).contains(&n));
                assert_eq!(found, around.map(|(_, _, at)| *at).collect::<Vec<_>>(), "{n} of {count}");
            }
        }
    }

    /// As `show acl` of HAProxy 2.6 writes them.
    #[test]
    fn operators_are_spelled_as_ranges() {
        let mut operators = Operators::default();
        let spelled: Vec<_> = ["gt", "3", "le", "2", "eq", "1:3", "5"]
            .iter()
            .filter_map(|word| operators.spell(word).unwrap())
            .collect();
        assert_eq!(spelled, ["4:", ":2", "1:3", "5"]);
    }

    /// The entry that is most specific for an address.
    fn best(networks: &[&str], ip: &str) -> Option<u32> {
        let networks = Networks::new(networks.iter().map(|text| text.as_bytes())).unwrap();
        let mut found = Vec::new();
        let _ = networks.visit(ip.parse().unwrap(), &mut |weight, at| {
            found.push((weight, at));
            ControlFlow::Continue(())
        });
        found.into_iter().max_by_key(|(weight, _)| *weight).map(|(_, at)| at)
    }

    #[test]
    fn networks_of_both_families() {
        for (network, inside, outside) in [
            ("10.0.0.0/8", vec!["10.1.2.3", "::ffff:10.1.2.3", "2002:a01:203::"], vec!["11.0.0.1", "::1"]),
            ("127.0.0.1/8", vec!["127.9.9.9"], vec!["128.0.0.1"]),
            ("127.1", vec!["127.0.0.1"], vec!["127.1.0.0"]),
            ("192.168.1/22", vec!["192.168.0.9", "192.168.3.1"], vec!["192.168.4.1"]),
            ("10.0.0.0/255.0.0.0", vec!["10.9.9.9"], vec!["11.1.1.1"]),
            ("0.0.0.0/0", vec!["1.2.3.4"], vec!["2001:db8::1"]),
            ("fe80::/10", vec!["fe80::1", "febf::1"], vec!["fec0::1"]),
            ("::ffff:1.2.3.4", vec!["1.2.3.4"], vec!["1.2.3.5"]),
        ] {
            assert!(inside.iter().all(|ip| best(&[network], ip).is_some()), "{network}");
            assert!(!outside.iter().any(|ip| best(&[network], ip).is_some()), "{network}");
        }
        for bad in ["", "1.2.3.4.5", "256.1.1.1", "10.0.0.0/33", "::/129", "name"] {
            assert!(network(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn the_longest_prefix_of_the_own_family_is_taken() {
        let networks = ["10.0.0.0/8", "10.1.0.0/16", "::ffff:10.1.2.3", "0.0.0.0/0"];
        assert_eq!(best(&networks, "10.1.2.3"), Some(1));
        assert_eq!(best(&networks, "10.2.2.3"), Some(0));
        assert_eq!(best(&networks, "::ffff:10.1.2.3"), Some(2));
        assert_eq!(best(&networks, "192.0.2.1"), Some(3));
    }
}
