//! Random conditions on random requests: each condition that is true leaves its number at the origin. The same
//! seed makes the same conditions; `ORACLE_SEED=N` tries another one.

use super::exchange::Exchange;
use super::suite::Suite;
use crate::support::cases::Cases;
use std::fmt::Write as _;

pub(crate) fn cases(cases: &mut Cases) {
    cases.test("oracle::random::conditions_hold_where_they_hold_in_haproxy", conditions);
}

/// Seeds that are always tried.
const SEEDS: [u64; 4] = [1, 2, 3, 4];
const CONDITIONS: usize = 60;
const REQUESTS: usize = 60;

fn conditions() {
    let asked = std::env::var("ORACLE_SEED").ok().and_then(|seed| seed.parse().ok());
    for seed in asked.map_or(SEEDS.to_vec(), |seed| vec![seed]) {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let mut suite = Suite::new("random");
        for number in 0..CONDITIONS {
            let condition = dice.condition();
            let _ = writeln!(suite.frontend, "  http-request add-header r {number} {condition}");
        }
        suite.exchanges = (0..REQUESTS).map(|_| dice.request()).collect();
        let told = Told { seed, rules: suite.frontend.clone() };
        suite.run();
        drop(told);
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

/// A small generator of numbers (xorshift), so that a failure can be repeated.
struct Dice(u64);

#[rustfmt::skip]
const FETCHES: &[&str] = &[
    "path", "path", "path", "url", "query", "pathq", "base", "hdr(host)", "hdr(x)", "req.fhdr(x)", "hdr(x,1)", "hdr(x,-1)", "hdr(x,2)",
    "cook(a)", "cook", "urlp(q)", "urlp(q,;)", "method", "path,lower", "hdr(x),upper", "path,field(2,/)", "path,word(1,/)",
    "path,word(-1,/,2)", "path,field(-2,/)", "path,length", "hdr_cnt(x)", "req.fhdr_cnt(x)", "cook_cnt(a)", "hdr(x),length",
    "path,bytes(1,2)", "path,url_dec", "path,regsub(/a,x,g)", "hdr(host),host_only", "hdr(host),port_only", "path,hex",
    "path,ltrim(/),rtrim(ab)", "query,length", "hdr(none)", "src", "url,base64", "urlp(q),url_dec",
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
    fn roll(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).expect("53 bits fit") % below
    }

    fn pick(&mut self, list: &[&'static str]) -> &'static str {
        list[self.roll(list.len())]
    }

    fn text(&mut self, pieces: &[&'static str]) -> String {
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

    fn condition(&mut self) -> String {
        let mut text = self.pick(&["if", "if", "if", "unless"]).to_owned();
        for term in 0..=self.roll(3) {
            let joint = if term == 0 { "" } else { self.pick(&["", " or", " ||"]) };
            let not = self.pick(&["", "", "", "!"]);
            let _ = write!(text, "{joint} {not}{{ {} }}", self.acl());
        }
        text
    }

    fn request(&mut self) -> Exchange {
        let method = self.pick(&["GET", "POST", "HEAD"]);
        let target = format!("/{}", self.text(PIECES));
        let mut headers = format!("Host: {}\r\n", self.pick(&["a.b", "www.a.b:80", "B", "a", "a.b:8"]));
        for _ in 0..self.roll(4) {
            let _ = write!(headers, "{}: {}\r\n", self.pick(&["X", "X", "Y"]), self.text(VALUES).trim());
        }
        if self.roll(2) == 0 {
            let _ = write!(headers, "Cookie: {}\r\n", self.pick(COOKIES));
        }
        let name = format!("{method} {target} {headers}").trim().replace("\r\n", " ");
        Exchange::one(name, method, format!("{method} {target} HTTP/1.1\r\n{headers}\r\n"))
    }
}
