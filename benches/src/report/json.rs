//! The figures for programs.

use super::processor;
use crate::compare::{Memory, Sample, Settings};

pub(super) fn all(settings: &Settings, samples: &[Sample], memory: &[Memory]) -> String {
    let subjects = settings.subjects.iter().map(|s| format!("    {:?}: {:?}", s.name, s.version));
    format!(
        "{{\n  \"processor\": {:?},\n  \"seconds\": {},\n  \"subjects\": {{\n{}\n  }},\n  \"samples\": [\n{}\n  ],\n  \
         \"memory\": [\n{}\n  ]\n}}\n",
        processor(),
        settings.window.as_secs(),
        lines(subjects),
        lines(samples.iter().map(of_sample)),
        lines(memory.iter().map(of_memory))
    )
}

fn lines(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(",\n")
}

fn of_sample(sample: &Sample) -> String {
    let times = sample.times.map_or(String::new(), |[median, most]| {
        format!(", \"p50_us\": {}, \"p99_us\": {}", median.as_micros(), most.as_micros())
    });
    format!(
        "    {{ \"work\": {:?}, \"subject\": {:?}, \"cpu_us_per_request\": {:.3}, \"requests_per_second\": {:.1}, \
         \"origin_connections_per_request\": {:.4}, \"failed\": {}, \"resumed\": {:.3}{times} }}",
        sample.work,
        sample.subject,
        sample.cpu_per_request,
        sample.requests_per_second,
        sample.origin_connections_per_request,
        sample.failed,
        sample.resumed
    )
}

fn of_memory(memory: &Memory) -> String {
    format!(
        "    {{ \"subject\": {:?}, \"at_rest_kib\": {}, \"kib_per_idle_connection\": {:.2} }}",
        memory.subject, memory.at_rest, memory.per_connection
    )
}
