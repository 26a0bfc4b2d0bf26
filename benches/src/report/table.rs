//! The Markdown tables: CPU time per request, response times, memory.

use std::fmt::Write as _;

use super::{cpu, figures, median, processor};
use crate::compare::{Memory, Sample, Settings};

/// What the gateway is measured against.
const AGAINST: &str = "haproxy";

pub(super) fn all(settings: &Settings, samples: &[Sample], memory: &[Memory]) -> String {
    let names: Vec<&str> = settings.subjects.iter().map(|subject| subject.name).collect();
    let mut text = cpu_times(settings, samples, &names);
    text += &response_times(settings, samples, &names);
    text += &memory_table(memory);
    let versions: Vec<_> =
        settings.subjects.iter().map(|subject| format!("{} {}", subject.name, subject.version)).collect();
    let _ = write!(
        text,
        "\nCPU: user and system time of the program's processes over the requests it answered, one worker thread on one \
         core, origin and clients on the other; median of {} rounds of {} s taken in turn, with the half of their \
         spread. {}; {}.\n",
        settings.rounds,
        settings.window.as_secs(),
        processor(),
        versions.join(", ")
    );
    text
}

fn head(what: &str, names: &[&str], more: &str) -> String {
    let columns = names.len() + more.matches('|').count();
    format!("| {what} | {} |{more}\n|---{}|\n", names.join(" | "), "|--:".repeat(columns))
}

fn cpu_times(settings: &Settings, samples: &[Sample], names: &[&str]) -> String {
    let compared = names.contains(&"gateway") && names.contains(&AGAINST);
    let mut text =
        head("CPU time per request, µs", names, if compared { " gateway ÷ haproxy |" } else { "" });
    for work in &settings.works {
        let _ = write!(text, "| {} |", work.title);
        for name in names {
            let all = figures(samples, work.name, name, |sample| Some(sample.cpu_per_request));
            let spread = all.last().zip(all.first()).map_or(0.0, |(most, least)| (most - least) / 2.0);
            match median(&all) {
                Some(median) => drop(write!(text, " {median:.1} ± {spread:.1} |")),
                None => text.push_str(" – |"),
            }
        }
        if compared {
            let of = |name| cpu(samples, work.name, name).unwrap_or(f64::NAN);
            let _ = write!(text, " {:.2} |", of("gateway") / of(AGAINST));
        }
        text.push('\n');
    }
    text
}

fn response_times(settings: &Settings, samples: &[Sample], names: &[&str]) -> String {
    let paced: Vec<_> = settings.works.iter().filter(|work| work.rate > 0).collect();
    if paced.is_empty() {
        return String::new();
    }
    let mut text = format!("\n{}", head("response time p50 / p99, µs", names, ""));
    for work in paced {
        let _ = write!(text, "| {}, {} a second |", work.title, work.rate);
        for name in names {
            let of = |index: usize| {
                let time = |sample: &Sample| Some(sample.times?[index].as_secs_f64() * 1e6);
                median(&figures(samples, work.name, name, time)).unwrap_or(f64::NAN)
            };
            let _ = write!(text, " {:.0} / {:.0} |", of(0), of(1));
        }
        text.push('\n');
    }
    text
}

fn memory_table(memory: &[Memory]) -> String {
    if memory.is_empty() {
        return String::new();
    }
    let names: Vec<&str> = memory.iter().map(|memory| memory.subject).collect();
    let mut text = format!("\n{}| at rest |", head("memory", &names, ""));
    memory.iter().for_each(|one| text += &format!(" {:.1} MiB |", one.at_rest as f64 / 1024.0));
    text += "\n| for each of 4,000 idle kept-alive connections |";
    memory.iter().for_each(|one| text += &format!(" {:.1} KiB |", one.per_connection));
    text.push('\n');
    text
}
