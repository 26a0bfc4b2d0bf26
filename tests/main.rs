//! Black-box tests of the real binary, and the comparison with HAProxy.
//!
//! `cargo test --test it` tests the gateway: the topic files say what must be true, the oracle compares with
//! Debian's HAProxy, live. `SUBJECT=haproxy` runs the same cases against HAProxy: a case that fails there is
//! wrong, and the oracle then compares HAProxy with itself, which shows that its masks are enough.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::exit,
    reason = "a test's failure is a panic, and its report is printed"
)]

mod actions;
mod balance;
mod bandwidth;
mod checks;
mod cli;
mod connect;
mod health;
mod http;
mod http2;
mod listen;
mod live;
mod load;
mod log_steps;
mod logs;
mod metrics;
mod oracle;
mod pages;
mod process;
mod reload;
mod resolve;
mod secrets;
mod smuggling;
mod stats;
mod strain;
mod support;
mod tls;
mod tunnel;
mod verify;

use std::process::{Command, ExitCode, Stdio};
use support::cases::Cases;
use support::subject::{Kind, kind, program};

fn main() -> ExitCode {
    let mut args = libtest_mimic::Arguments::from_args();
    // The cases wait more than they work, so there may be more of them at once than processors.
    args.test_threads = args.test_threads.or(Some(8));
    let mut cases = Cases::default();
    for add in [
        actions::cases,
        balance::cases,
        bandwidth::cases,
        checks::cases,
        cli::cases,
        connect::cases,
        health::cases,
        http::cases,
        http2::cases,
        listen::cases,
        live::cases,
        log_steps::cases,
        logs::cases,
        metrics::cases,
        oracle::cases,
        pages::cases,
        process::cases,
        reload::cases,
        resolve::cases,
        secrets::cases,
        smuggling::cases,
        stats::cases,
        strain::cases,
        tls::cases,
        tunnel::cases,
        verify::cases,
    ] {
        add(&mut cases);
    }
    if let Some(missing) = missing_program(&args) {
        eprintln!("{missing}");
        return ExitCode::FAILURE;
    }
    let whole = args.filter.is_none() && args.skip.is_empty() && !args.list;
    let (trials, left_out) = cases.into_parts();
    let conclusion = libtest_mimic::run(&args, trials);
    if args.list {
        return ExitCode::SUCCESS;
    }
    report_left_out(&left_out);
    let stale = oracle::report(whole);
    if conclusion.has_failed() || stale { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Says once what would otherwise fail every case.
fn missing_program(args: &libtest_mimic::Arguments) -> Option<String> {
    let starts = |kind: Kind| {
        let output = Command::new(program(kind)?).arg("-v").stdin(Stdio::null()).output().ok()?;
        output.status.success().then_some(())
    };
    let needed = [kind(), Kind::Haproxy];
    let missing = needed.into_iter().find(|kind| !args.list && starts(*kind).is_none())?;
    Some(match missing {
        Kind::Gateway => "no gateway to test: build it, or set GATEWAY_BIN".to_owned(),
        Kind::Haproxy => {
            "no haproxy to compare with: install it (`make test` does), or set HAPROXY_BIN".to_owned()
        }
    })
}

fn report_left_out(left_out: &[(String, &'static str)]) {
    for (name, reason) in left_out {
        println!("not for HAProxy: {name}: {reason}");
    }
}
