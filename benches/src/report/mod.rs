//! Samples → Markdown tables, a JSON file, a chart, and their place in the README.

mod chart;
mod json;
mod table;

use std::io;
use std::path::Path;

use crate::compare::{Memory, Sample, Settings};

/// The tables, and what their places in a Markdown file are called: `<!-- bench:begin -->`, `<!-- bench:end -->`.
const TABLES: [(&str, &str); 2] = [("table.md", "bench"), ("rules.md", "rules")];
/// What is published beside the README.
const PUBLISHED: [(&str, &str); 2] =
    [("results.json", "benches/results.json"), ("chart.svg", "benches/chart.svg")];

/// One sample on one line, for whoever watches.
pub(crate) fn line(sample: &Sample) -> String {
    let Sample { work, subject, cpu_per_request, requests_per_second, .. } = sample;
    let times = sample.times.map(|[median, most]| {
        format!(", p50 {} µs, p99 {} µs at a steady pace", median.as_micros(), most.as_micros())
    });
    let resumed = (sample.resumed > 0.0).then(|| format!(", {:.0} % resumed", sample.resumed * 100.0));
    format!(
        "{work:<13} {subject:<8} {cpu_per_request:>7.1} µs of CPU a request, {requests_per_second:>6.0} requests/s, \
         {:.2} connections to the origin a request, {} failed{}{}",
        sample.origin_connections_per_request,
        sample.failed,
        resumed.unwrap_or_default(),
        times.unwrap_or_default()
    )
}

/// Writes `table.md`, `results.json` and `chart.svg` into the folder and prints the tables.
pub(crate) fn write(settings: &Settings, samples: &[Sample], memory: &[Memory]) -> io::Result<()> {
    let tables = table::all(settings, samples, memory);
    std::fs::write(settings.folder.join("table.md"), &tables)?;
    std::fs::write(settings.folder.join("results.json"), json::all(settings, samples, memory))?;
    std::fs::write(settings.folder.join("chart.svg"), chart::draw(settings, samples))?;
    println!("{tables}");
    Ok(())
}

/// The figures of one work and subject, sorted.
fn figures(
    samples: &[Sample],
    work: &str,
    subject: &str,
    figure: impl Fn(&Sample) -> Option<f64>,
) -> Vec<f64> {
    let ours = samples.iter().filter(|sample| sample.work == work && sample.subject == subject);
    let mut figures: Vec<f64> = ours.filter_map(figure).collect();
    figures.sort_by(f64::total_cmp);
    figures
}

/// The median of sorted figures.
pub(crate) fn median(figures: &[f64]) -> Option<f64> {
    match figures.len() {
        0 => None,
        count if count % 2 == 1 => Some(figures[count / 2]),
        count => Some(f64::midpoint(figures[count / 2 - 1], figures[count / 2])),
    }
}

/// The median CPU time of a request, in microseconds.
fn cpu(samples: &[Sample], work: &str, subject: &str) -> Option<f64> {
    median(&figures(samples, work, subject, |sample| Some(sample.cpu_per_request)))
}

pub(crate) fn processor() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model =
        info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ").map(|(_, name)| name));
    model.unwrap_or("unknown processor").to_owned()
}

/// Puts the last tables between the markers of the README, those that there are, and the chart and the figures into
/// `benches/`.
pub(crate) fn publish(results: &Path, tree: &Path) -> io::Result<()> {
    let readme = tree.join("README.md");
    let mut text = std::fs::read_to_string(&readme)?;
    for (table, section) in TABLES {
        let Ok(table) = std::fs::read_to_string(results.join(table)) else { continue };
        text = replace(&text, section, &table)
            .ok_or_else(|| io::Error::other(format!("{} has no {}", readme.display(), begin(section))))?;
    }
    std::fs::write(readme, text)?;
    for (from, to) in PUBLISHED {
        let from = results.join(from);
        if from.exists() {
            std::fs::copy(from, tree.join(to))?;
        }
    }
    Ok(())
}

fn begin(section: &str) -> String {
    format!("<!-- {section}:begin -->")
}

fn replace(text: &str, section: &str, table: &str) -> Option<String> {
    let (begin, end) = (begin(section), format!("<!-- {section}:end -->"));
    let (before, rest) = text.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}\n{table}{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_lies_between_the_middle_two() {
        assert_eq!(median(&[1.0, 2.0, 4.0, 9.0]), Some(3.0));
        assert_eq!(median(&[1.0, 2.0, 9.0]), Some(2.0));
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn only_what_stands_between_the_markers_is_replaced() {
        let text = |table| format!("a\n<!-- x:begin -->\n{table}\n<!-- x:end -->\nb\n");
        assert_eq!(replace(&text("old"), "x", "new\n"), Some(text("new")));
        assert_eq!(replace(&text("old"), "y", "new"), None);
    }
}
