//! Sections in HAProxy's language.

use super::Section;
use super::text::{joined, quote};

/// Section by section, with an empty line between.
pub(super) fn write(sections: &[Section]) -> String {
    let said = sections.iter().filter(|section| section.keyword != "global" || !section.lines.is_empty());
    said.map(section).collect::<Vec<_>>().join("\n")
}

fn section(section: &Section) -> String {
    let mut text = section.keyword.to_owned();
    if !section.name.is_empty() {
        text.push_str(&format!(" {}", quote(&section.name)));
    }
    if let Some(from) = &section.from {
        text.push_str(&format!(" from {}", quote(from)));
    }
    text.push('\n');
    for line in &section.lines {
        text.push_str(&format!("    {}\n", joined(&line.words)));
    }
    text
}
