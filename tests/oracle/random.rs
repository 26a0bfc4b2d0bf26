//! Random conditions and expressions on random requests: each condition that is true leaves its number at the
//! origin, each expression its value. The same seed makes the same ones; `ORACLE_SEED=N` tries another one,
//! `ORACLE_SEEDS=N` so many.

use super::exchange::Exchange;
use super::suite::Suite;
use crate::support::cases::Cases;
use fastrand::Rng;
use std::fmt::Write as _;
use std::ops::RangeInclusive;

pub(crate) fn cases(cases: &mut Cases) {
    cases.test("oracle::random::conditions_hold_where_they_hold_in_haproxy", || {
        compare("random", |dice, number| {
            let condition = dice.condition();
            format!("  http-request add-header r {number} {condition}\n")
        });
    });
    cases.test("oracle::random::expressions_yield_what_they_yield_in_haproxy", || {
        compare("random-values", |dice, number| {
            let expression = dice.expression();
            format!("  http-request add-header r{number} '<%[{expression}]>'\n")
        });
    });
}

/// Seeds that are always tried.
const SEEDS: u64 = 4;
const RULES: usize = 60;
const REQUESTS: usize = 60;

/// Runs random requests through rules that `rule` makes of their numbers.
fn compare(name: &'static str, rule: impl Fn(&mut Dice, usize) -> String) {
    for seed in seeds(SEEDS) {
        let mut dice = Dice::of(seed);
        let mut suite = Suite::new(name);
        suite.frontend = (0..RULES).map(|number| rule(&mut dice, number)).collect();
        suite.exchanges = (0..REQUESTS).map(|_| dice.request()).collect();
        let told = Told { seed, rules: suite.frontend.clone() };
        suite.run();
        drop(told);
    }
}

/// The seeds to try: the one that is asked for, or so many from 1 on.
pub(crate) fn seeds(always: u64) -> RangeInclusive<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    match (number("ORACLE_SEED"), number("ORACLE_SEEDS")) {
        (Some(seed), _) => seed..=seed,
        (None, count) => 1..=count.unwrap_or(always),
    }
}

/// Says which rules were compared, should the comparison fail.
struct Told {
    seed: u64,
    rules: String,
}

impl Drop for Told {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("ORACLE_SEED={}\n{}", self.seed, self.rules);
        }
    }
}

/// Numbers by a seed, so that a failure can be repeated.
pub(crate) struct Dice(Rng);

#[rustfmt::skip]
const FETCHES: &[&str] = &[
    "path", "path", "path", "url", "query", "pathq", "base", "hdr(host)", "hdr(x)", "req.fhdr(x)", "hdr(x,1)", "hdr(x,-1)", "hdr(x,2)",
    "cook(a)", "cook", "urlp(q)", "urlp(q,;)", "method", "path,lower", "hdr(x),upper", "path,field(2,/)", "path,word(1,/)",
    "path,word(-1,/,2)", "path,field(-2,/)", "path,length", "hdr_cnt(x)", "req.fhdr_cnt(x)", "cook_cnt(a)", "hdr(x),length",
    "path,bytes(1,2)", "path,url_dec", "path,regsub(/a,x,g)", "hdr(host),host_only", "hdr(host),port_only", "path,hex",
    "path,ltrim(/),rtrim(ab)", "query,length", "hdr(none)", "src", "url,base64", "urlp(q),url_dec",
    "hdr_ip(x)", "hdr_ip(x),ipmask(8)", "hdr(x),ipmask(24)",
];

/// What these yield can be cast to a text and to nothing else.
const RAW: &[&str] = &["method", "src", "hdr_ip", "ipmask", "bytes", "b64dec"];

/// HAProxy does sums with these, and takes any that is not zero for 1 when its bytes are asked for.
const TRUTHS: &[&str] = &["odd", "even", "bool", "not"];

/// Not among them, for HAProxy reads behind the end of a text (`port_only`) and before an empty one (`b64dec`), takes `=` for a digit (`ub64dec`) and
/// makes the largest number of two negative ones (`add`, `sub`).
#[rustfmt::skip]
const CONVERTERS: &[&str] = &[
    "lower", "upper", "length", "hex", "hex2i", "base64", "ub64enc", "ub64enc,ub64dec", "url_dec", "url_enc", "host_only", "cut_crlf",
    "field(1,/)", "field(2,/)", "field(-1,/)", "field(2,/,2)", "field(1,/,0)", "field(-1,/,2)", "word(1,/)", "word(2,/)", "word(-1,/)", "word(1,/,2)",
    "word(-2,/,2)", "bytes(0)", "bytes(1,2)", "bytes(3)", "ltrim(/)", "rtrim(ab)", "regsub(a,x,g)", "regsub(^/,,)", "regsub(b,<\\\\0>)", "regsub(A,y,i)",
    "concat(x)", "concat(<,,>)", "add(3)", "mul(-2)", "div(3)", "mod(4)", "and(6)", "or(9)", "xor(5)", "cpl", "neg",
    "odd", "even", "bool", "not", "iif(yes,no)",
];

/// Of these, paths and patterns are made that meet now and then.
#[rustfmt::skip]
const PIECES: &[&str] = &[
    "/", "a", "B", "b", "/a", ".", "/b.png", "c", "//", "-", "?q=a", "&", "=", "%2F", "..", ";", "q", "?", "/ab", "A",
];

#[rustfmt::skip]
const VALUES: &[&str] = &[
    "a", "b", " ", ",", "\"", "x", "1", "-", "7", ".", ":", "/", "?", "c.d", "A", ";", "=", "10.0.0.1", "::1",
];

#[rustfmt::skip]
const COOKIES: &[&str] = &[
    "a=1", "a=1; b=2; a=3", "b=\"x;y\";a=b", "a", "=1;a=", "A=1; a=x=y", "a =1;a= 2",
];

const REGEXES: &[&str] = &["^/a", "b$", "^/[ab]+", "a.*b", "[.]png$", "^$", "/a/|/b", "^[^/]*$", "(^|/)b"];

impl Dice {
    pub(crate) fn of(seed: u64) -> Self {
        Self(Rng::with_seed(seed))
    }

    pub(crate) fn roll(&mut self, below: usize) -> usize {
        self.0.usize(..below)
    }

    pub(crate) fn pick(&mut self, list: &[&'static str]) -> &'static str {
        list[self.roll(list.len())]
    }

    pub(crate) fn text(&mut self, pieces: &[&'static str]) -> String {
        (0..self.roll(7)).map(|_| self.pick(pieces)).collect()
    }

    /// A pattern in single quotes, never empty. For `dir` and `dom` it holds more than delimiters: of those alone,
    /// HAProxy compares what lies behind the sample's end.
    fn word(&mut self, method: &str) -> String {
        let pieces = if self.roll(5) == 0 { VALUES } else { PIECES };
        let text = self.text(pieces);
        match method {
            "dir" | "dom" if self.roll(2) == 0 => format!("'a{text}'"),
            "dir" | "dom" => format!("'{text}b'"),
            _ if text.is_empty() => "a".to_owned(),
            _ => format!("'{text}'"),
        }
    }

    fn acl(&mut self) -> String {
        let fetch = self.pick(FETCHES);
        let fold = self.pick(&["", "", "-i"]);
        match self.roll(13) {
            0 => format!("{fetch} -m reg {fold} {}", self.pick(REGEXES)),
            1 => format!("{fetch} -m found"),
            2 => format!("{fetch} -m len {}{}", self.pick(&["", "gt ", "ge "]), self.roll(7)),
            3 => format!("method {fold} {}", self.pick(&["GET", "POST", "GET POST", "get"])),
            4 => format!("hdr(x),length -m int {}{}", self.pick(&["", "gt ", "le "]), self.roll(9)),
            5 => format!("hdr_ip(x) {}", self.pick(&["10.0.0.0/8", "::1", "10.0.0.1 ::/0"])),
            _ => {
                let method = self.pick(&["str", "beg", "beg", "end", "sub", "dir", "dom"]);
                let words: Vec<String> = (0..=self.roll(5)).map(|_| self.word(method)).collect();
                format!("{fetch} -m {method} {fold} -- {}", words.join(" "))
            }
        }
    }

    pub(crate) fn regex(&mut self) -> &'static str {
        self.pick(REGEXES)
    }

    pub(crate) fn condition(&mut self) -> String {
        let mut text = self.pick(&["if", "if", "if", "unless"]).to_owned();
        for term in 0..=self.roll(3) {
            let joint = if term == 0 { "" } else { self.pick(&["", " or", " ||"]) };
            let not = self.pick(&["", "", "", "!"]);
            let _ = write!(text, "{joint} {not}{{ {} }}", self.acl());
        }
        text
    }

    pub(crate) fn expression(&mut self) -> String {
        let mut last = self.pick(FETCHES);
        let mut text = last.to_owned();
        for _ in 0..self.roll(4) {
            let is_among = |names: &[&str]| names.iter().any(|name| last.contains(name));
            last = match () {
                () if is_among(RAW) => "lower",
                () if is_among(TRUTHS) => self.pick(&["not", "iif(yes,no)", "lower", "concat(x)"]),
                () => self.pick(CONVERTERS),
            };
            let _ = write!(text, ",{last}");
        }
        text
    }

    /// A target, and lines that rules look at.
    pub(crate) fn head(&mut self) -> (String, String) {
        let target = format!("/{}", self.text(PIECES));
        let mut headers = format!("Host: {}\r\n", self.pick(&["a.b", "www.a.b:80", "B", "a", "a.b:8"]));
        for _ in 0..self.roll(4) {
            let _ = write!(headers, "{}: {}\r\n", self.pick(&["X", "X", "Y"]), self.text(VALUES).trim());
        }
        if self.roll(2) == 0 {
            let _ = write!(headers, "Cookie: {}\r\n", self.pick(COOKIES));
        }
        (target, headers)
    }

    pub(crate) fn request(&mut self) -> Exchange {
        let method = self.pick(&["GET", "POST", "HEAD"]);
        let (target, headers) = self.head();
        let name = format!("{method} {target} {headers}").trim().replace("\r\n", " ");
        Exchange::one(name, method, format!("{method} {target} HTTP/1.1\r\n{headers}\r\n"))
    }
}
