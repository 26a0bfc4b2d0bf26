//! Samples → a Markdown table, a JSON file, and the table's place in the README.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use crate::compare::{Sample, Settings};

/// The table's place in a Markdown file.
const BEGIN: &str = "<!-- bench:begin -->";
const END: &str = "<!-- bench:end -->";

/// One sample on one line, for whoever watches.
pub(crate) fn line(sample: &Sample) -> String {
    let Sample { work, subject, cpu_per_request, requests_per_second, .. } = sample;
    format!(
        "{work:<11} {subject:<8} {cpu_per_request:>7.1} µs of CPU a request, {requests_per_second:>6.0} requests/s, \
         {:.2} connections to the origin a request, {} failed",
        sample.origin_connections_per_request, sample.failed
    )
}

/// Writes `table.md` and `results.json` into the folder and prints the table.
pub(crate) fn write(settings: &Settings, samples: &[Sample]) -> io::Result<()> {
    let table = table(settings, samples);
    std::fs::write(settings.folder.join("table.md"), &table)?;
    std::fs::write(settings.folder.join("results.json"), json(settings, samples))?;
    println!("{table}");
    Ok(())
}

fn table(settings: &Settings, samples: &[Sample]) -> String {
    let names: Vec<_> = settings.subjects.iter().map(|subject| subject.name).collect();
    let compared = names.contains(&"gateway") && names.contains(&"haproxy");
    let mut text = format!("| CPU time per request, µs | {} |", names.join(" | "));
    text += if compared { " gateway ÷ haproxy |\n" } else { "\n" };
    text += &format!("|---{}|\n", "|--:".repeat(names.len() + usize::from(compared)));
    for work in &settings.works {
        let of = |name: &str| median(samples, work.name, name, |sample| sample.cpu_per_request);
        let _ = write!(text, "| {} |", work.title);
        for name in &names {
            let _ = write!(text, " {:.1} |", of(name));
        }
        if compared {
            let _ = write!(text, " {:.2} |", of("gateway") / of("haproxy"));
        }
        text.push('\n');
    }
    let versions: Vec<_> = settings.subjects.iter().map(|subject| subject.version.as_str()).collect();
    let _ = write!(
        text,
        "\nUser and system time of the process and its children on one core, over the requests it answered; median of \
         {} rounds of {} s taken in turn, origin and clients on another core ({}). {}.\n",
        settings.rounds,
        settings.window.as_secs(),
        processor(),
        versions.join("; ")
    );
    text
}

fn median(samples: &[Sample], work: &str, subject: &str, figure: fn(&Sample) -> f64) -> f64 {
    let ours = samples.iter().filter(|sample| sample.work == work && sample.subject == subject);
    let mut figures: Vec<f64> = ours.map(figure).collect();
    figures.sort_by(f64::total_cmp);
    match figures.len() {
        0 => f64::NAN,
        count if count % 2 == 1 => figures[count / 2],
        count => f64::midpoint(figures[count / 2 - 1], figures[count / 2]),
    }
}

fn processor() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model =
        info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ").map(|(_, name)| name));
    model.unwrap_or("unknown processor").to_owned()
}

fn json(settings: &Settings, samples: &[Sample]) -> String {
    let subjects: Vec<_> =
        settings.subjects.iter().map(|s| format!("    {:?}: {:?}", s.name, s.version)).collect();
    let samples: Vec<_> = samples
        .iter()
        .map(|s| {
            format!(
                "    {{ \"work\": {:?}, \"subject\": {:?}, \"cpu_us_per_request\": {:.3}, \"requests_per_second\": {:.1}, \
                 \"origin_connections_per_request\": {:.4}, \"failed\": {} }}",
                s.work, s.subject, s.cpu_per_request, s.requests_per_second, s.origin_connections_per_request, s.failed
            )
        })
        .collect();
    format!(
        "{{\n  \"processor\": {:?},\n  \"seconds\": {},\n  \"subjects\": {{\n{}\n  }},\n  \"samples\": [\n{}\n  ]\n}}\n",
        processor(),
        settings.window.as_secs(),
        subjects.join(",\n"),
        samples.join(",\n")
    )
}

/// Puts the last table between the markers of a Markdown file.
pub(crate) fn publish(table: &Path, readme: &Path) -> io::Result<()> {
    let (table, text) = (std::fs::read_to_string(table)?, std::fs::read_to_string(readme)?);
    let replaced = replace(&text, &table)
        .ok_or_else(|| io::Error::other(format!("{} has no {BEGIN} … {END}", readme.display())))?;
    std::fs::write(readme, replaced)
}

fn replace(text: &str, table: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{table}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_lies_between_the_middle_two() {
        let sample = |cpu_per_request| Sample {
            work: "w",
            subject: "s",
            cpu_per_request,
            requests_per_second: 0.0,
            origin_connections_per_request: 0.0,
            failed: 0,
        };
        let of = |figures: &[f64]| {
            let samples: Vec<_> = figures.iter().copied().map(sample).collect();
            median(&samples, "w", "s", |sample| sample.cpu_per_request)
        };
        assert!((of(&[4.0, 1.0, 2.0, 9.0]) - 3.0).abs() < 1e-9);
        assert!((of(&[9.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
    }

    #[test]
    fn only_what_stands_between_the_markers_is_replaced() {
        let text = format!("a\n{BEGIN}\nold\n{END}\nb\n");
        assert_eq!(replace(&text, "new\n"), Some(format!("a\n{BEGIN}\nnew\n{END}\nb\n")));
        assert_eq!(replace("no markers", "new"), None);
    }
}
