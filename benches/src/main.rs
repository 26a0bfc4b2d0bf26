#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command for people, whose output is its purpose"
)]
//! `bench`: the comparison with HAProxy and others, and its two halves for other tests to use.

mod callgrind;
mod certificate;
mod compare;
mod cpu;
mod instructions;
mod load;
mod memory;
mod message;
mod origin;
mod relay;
mod report;
mod rules;
mod subject;
mod work;

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use tokio::net::TcpListener;

/// The gateway's, so that rules cost here what they cost there.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const USAGE: &str = "usage:
  bench compare                       CPU time per request, response times and memory of gateway and others; from the
                                      environment: WORK=keepalive,newconn,tls,…,memory ROUNDS=5 SECONDS=3
                                      SUBJECTS=gateway,haproxy,nginx,envoy,caddy (and relay, the least that a proxy can take;
                                      only when it is named) GATEWAY=target/release/gateway OUT=target/bench
  bench rules                         what rules and maps cost, by themselves and in a request, of gateway and HAProxy; from
                                      the environment: WORK=path,host,map,web,… ROUNDS=3 SECONDS=2 INSTRUCTIONS=1
                                      GATEWAY=target/release/gateway OUT=target/bench
  bench inside CASE FILE TIMES        asks the rules of a file that `bench rules` has written, for who counts instructions
  bench instructions GATEWAY [write]  instructions for each request of the gateway; fails if there are more than
                                      benches/instructions.tsv allows, or writes them there
  bench readme                        puts the last tables into README.md and the chart and figures into benches/
  bench origin ADDRESS                answers 200 to every request
  bench relay FILE                    relays bytes between the two addresses in the file, and does nothing else
  bench load ADDRESS WORK [SECONDS]   asks as the work does; without SECONDS until every client is refused;
                                      fails if one request did";

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.to_string()),
    };
    match runtime.block_on(obey(&words)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => fail(&why.to_string()),
    }
}

async fn obey(words: &[&str]) -> Outcome {
    match words {
        ["compare"] => Ok(compare::run(&compare::Settings::from_environment()?).await?),
        ["rules"] => Ok(rules::run(&rules::Settings::from_environment()?).await?),
        ["inside", case, file, times] => Ok(rules::ask(case, Path::new(file), parse(times)?)?),
        ["instructions", gateway, write @ ..] if matches!(write, [] | ["write"]) => {
            let file = Path::new("benches/instructions.tsv");
            instructions::run(Path::new(gateway), file, !write.is_empty()).await
        }
        ["readme"] => Ok(report::publish(Path::new("target/bench"), Path::new("."))?),
        ["origin", address] => {
            let listener = TcpListener::bind(parse::<SocketAddr>(address)?).await?;
            println!("listening on {}", listener.local_addr()?);
            Ok(origin::serve(listener, Arc::default()).await?)
        }
        ["relay", file] => relay(Path::new(file)),
        ["load", address, name] => load(parse(address)?, name, None).await,
        ["load", address, name, seconds] => load(parse(address)?, name, Some(parse(seconds)?)).await,
        _ => Err(USAGE.into()),
    }
}

fn relay(file: &Path) -> Outcome {
    let text = std::fs::read_to_string(file)?;
    let mut words = text.split_whitespace();
    let mut address = || parse::<SocketAddr>(words.next().unwrap_or_default());
    Ok(relay::serve(address()?, address()?)?)
}

/// Plain connections only: over TLS there is nobody to tell which certificate to trust.
async fn load(address: SocketAddr, name: &str, seconds: Option<u64>) -> Outcome {
    let work = work::WORKS.iter().find(|work| work.name == name && work.tls.is_none());
    let work = *work.ok_or("no such work without TLS")?;
    let until_refused = seconds.is_none();
    let mut load = load::Load::start(&load::Plan { until_refused, ..load::Plan::new(address, work, None) });
    match seconds {
        None => load.finished().await,
        Some(seconds) => {
            tokio::time::sleep(std::time::Duration::from_secs(seconds)).await;
            load.stop().await;
        }
    }
    println!("{}", load.tally.summary());
    if load.tally.failed() == 0 && load.tally.answered() > 0 {
        Ok(())
    } else {
        Err("not every request was answered".into())
    }
}

fn parse<T: std::str::FromStr>(word: &str) -> Result<T, String> {
    word.parse().map_err(|_| format!("{word} is not what was expected\n{USAGE}"))
}

fn fail(why: &str) -> ExitCode {
    eprintln!("bench: {why}");
    ExitCode::FAILURE
}
