//! The chart: CPU time per request of each program, HAProxy's being 1, as bars.

use std::fmt::Write as _;

use super::cpu;
use crate::compare::{Sample, Settings};

const COLOURS: [&str; 5] = ["#c2410c", "#64748b", "#94a3b8", "#b8c4d3", "#d9e0e8"];
const BAR: usize = 11;
const LEFT: usize = 330;
const WIDTH: usize = 520;
/// Where bars are cut off: this many times HAProxy's time.
const MOST: f64 = 4.0;

/// An SVG that can be read on light and dark pages.
pub(super) fn draw(settings: &Settings, samples: &[Sample]) -> String {
    let names: Vec<&str> = settings.subjects.iter().map(|subject| subject.name).collect();
    let group = BAR * names.len() + 12;
    let height = 60 + group * settings.works.len();
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {height}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n\
         <text x=\"10\" y=\"20\" font-size=\"14\">CPU time per request, HAProxy = 1 (shorter is better)</text>\n",
        LEFT + WIDTH + 70
    );
    legend(&mut text, &names);
    for (index, work) in settings.works.iter().enumerate() {
        let top = 50 + index * group;
        let _ = writeln!(
            text,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
            LEFT - 8,
            top + group / 2,
            work.title
        );
        for (place, name) in names.iter().enumerate() {
            let ratio = cpu(samples, work.name, name).zip(cpu(samples, work.name, "haproxy"));
            if let Some((own, haproxy)) = ratio {
                bar(&mut text, top + place * BAR, COLOURS[place % COLOURS.len()], own / haproxy);
            }
        }
    }
    let one = LEFT + (WIDTH as f64 / MOST) as usize;
    let _ = writeln!(
        text,
        "<line x1=\"{one}\" x2=\"{one}\" y1=\"44\" y2=\"{}\" stroke=\"#334155\" stroke-dasharray=\"3 3\"/>\n</svg>",
        height - 10
    );
    text
}

fn legend(text: &mut String, names: &[&str]) {
    for (index, name) in names.iter().enumerate() {
        let x = LEFT + index * 90;
        let colour = COLOURS[index % COLOURS.len()];
        let _ = writeln!(
            text,
            "<rect x=\"{x}\" y=\"30\" width=\"10\" height=\"10\" fill=\"{colour}\"/><text x=\"{}\" y=\"39\">{name}</text>",
            x + 14
        );
    }
}

fn bar(text: &mut String, y: usize, colour: &str, ratio: f64) {
    let length = (ratio.min(MOST) / MOST * WIDTH as f64).max(1.0);
    let more = if ratio > MOST { "→ " } else { "" };
    let _ = writeln!(
        text,
        "<rect x=\"{LEFT}\" y=\"{y}\" width=\"{length:.0}\" height=\"{}\" fill=\"{colour}\"/>\
         <text x=\"{:.0}\" y=\"{}\" font-size=\"9\">{more}{ratio:.2}</text>",
        BAR - 2,
        LEFT as f64 + length + 4.0,
        y + BAR - 3
    );
}
