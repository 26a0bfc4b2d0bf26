//! What choosing a backend costs as rules grow: `expr::plan` beside asking each condition in turn.
//! `cargo bench -p bench`; under `cargo test` each case runs once, to prove that it still works.
#![allow(clippy::print_stdout, reason = "a benchmark's output is its purpose")]

use std::hint::black_box;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use expr::plan::FirstMatch;
use expr::{Acls, Cond, Phase, Scope, Side, Txn};
use lang::{Span, Words};

/// How many rules stand before the one that matches.
const SIZES: &[usize] = &[1, 10, 100, 1_000];
/// The condition of the rule with this number.
type Condition = fn(usize) -> String;

/// The shapes of rules, each with its heading.
const SHAPES: &[(&str, Condition)] = &[
    ("path_beg", |index| format!("if {{ path_beg /service-{index:04}/ }}")),
    ("path_beg -i", |index| format!("if {{ path_beg -i /Service-{index:04}/ }}")),
    ("path", |index| format!("if {{ path /service-{index:04}/hook }}")),
    ("hdr(host)", |index| format!("if {{ hdr(host) -i service-{index:04}.example }}")),
    ("path_beg and method", |index| format!("if {{ path_beg /service-{index:04}/ }} {{ method POST }}")),
];

fn main() {
    let measured = std::env::args().any(|word| word == "--bench");
    println!("{:<22} {:>6} {:>12} {:>12}", "rules", "number", "plan", "in turn");
    for (name, condition) in SHAPES {
        for size in SIZES {
            let (plan, turn) = run(*size, *condition, measured);
            println!("{name:<22} {size:>6} {:>9} ns {:>9} ns", plan.as_nanos(), turn.as_nanos());
        }
    }
}

/// The time of one choice: by the plan, and by asking each condition in turn.
fn run(size: usize, condition: Condition, measured: bool) -> (Duration, Duration) {
    let conds: Vec<Cond> = (1..=size).map(|index| parse(&condition(index))).collect();
    let plan = FirstMatch::compile(&conds.iter().map(Some).collect::<Vec<_>>());
    let request = Request::for_service(size);
    let in_turn = || conds.iter().position(|cond| cond.eval(black_box(&request)));
    let planned = || plan.first(black_box(&request));
    assert_eq!((planned(), in_turn()), (Some(size - 1), Some(size - 1)));
    if measured { (time(planned), time(in_turn)) } else { (Duration::ZERO, Duration::ZERO) }
}

/// The shortest of several rounds, each long enough for the clock.
fn time(work: impl Fn() -> Option<usize>) -> Duration {
    let round = |times: u32| {
        let begun = Instant::now();
        for _ in 0..times {
            black_box(work());
        }
        begun.elapsed()
    };
    let mut times = 1;
    while round(times) < Duration::from_millis(10) {
        times *= 2;
    }
    (0..7).map(|_| round(times) / times).min().unwrap_or_default()
}

fn parse(line: &str) -> Cond {
    let words = lang::lex_line(line).expect("the line is ours");
    let scope = Scope::new(Phase::HttpRequest, &NoFiles);
    Cond::parse(&mut Words::new(&words, Span::default()), &Acls::default(), &scope).expect("the line is ours")
}

struct Request {
    uri: String,
    host: String,
}

impl Request {
    fn for_service(index: usize) -> Self {
        Self { uri: format!("/service-{index:04}/hook"), host: format!("service-{index:04}.example") }
    }
}

impl Txn for Request {
    fn method(&self) -> Option<&[u8]> {
        Some(b"POST")
    }

    fn uri(&self) -> Option<&[u8]> {
        Some(self.uri.as_bytes())
    }

    fn headers<'a>(
        &'a self,
        side: Side,
        name: Option<&http::HeaderName>,
        visit: &mut dyn FnMut(&'a [u8], &'a [u8]) -> ControlFlow<()>,
    ) {
        if side == Side::Request && name.is_none_or(|name| name == http::header::HOST) {
            let _ = visit(b"host", self.host.as_bytes());
        }
    }
}

/// The rules name no file.
struct NoFiles;

impl lang::Files for NoFiles {
    fn read(&self, _: &Path, _: u64) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn list(&self, _: &Path) -> io::Result<Vec<PathBuf>> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn is_dir(&self, _: &Path) -> bool {
        false
    }

    fn exists(&self, _: &Path) -> bool {
        false
    }
}
