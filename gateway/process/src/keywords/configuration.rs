//! `-dKcfg`: keywords by section, with the sides on which options stand and the words that they take.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use config::vocabulary::{self, Entry};

/// The whole list.
pub(super) fn list() -> String {
    let mut out = String::from("# List of registered configuration keywords:\n");
    let entries = vocabulary::entries();
    let sections = entries.iter().filter(|entry| entry.place == "sections").map(|entry| entry.name);
    let proxies = ["defaults", "frontend", "backend", "listen"];
    // HAProxy lists what proxies know under the section that is all of them
    let others = sections.filter(|name| *name != "global" && !proxies.contains(name));
    let others: BTreeSet<&str> = others.collect();
    add("global", &keywords(&entries, "`global`"), &mut out);
    add("listen", &of_proxies(&entries), &mut out);
    for section in others {
        add(section, &keywords(&entries, &format!("`{section}`")), &mut out);
    }
    let crt_list = vocabulary::crt_list().map(|(name, takes)| taking(name, takes));
    add("crt-list", &crt_list.collect(), &mut out);
    out
}

fn add(section: &str, lines: &BTreeSet<String>, out: &mut String) {
    let _ = writeln!(out, "{section}");
    lines.iter().for_each(|line| out.push_str(&format!("\t{line}\n")));
}

fn at<'a>(entries: &'a [Entry], place: &str) -> impl Iterator<Item = &'a Entry> {
    entries.iter().filter(move |entry| entry.place == place)
}

/// Names, and the words that begin several of them, which HAProxy lists alone.
fn keywords(entries: &[Entry], place: &str) -> BTreeSet<String> {
    let first = |entry: &Entry| Some(entry.name.split_once(' ')?.0).filter(|word| *word != "option");
    let families = at(entries, place).filter_map(first).map(str::to_owned);
    families.chain(at(entries, place).map(keyword)).collect()
}

/// `option abortonclose [ BE ]`: options that take nothing are listed with their sides.
fn keyword(entry: &Entry) -> String {
    let plain = entry.name.starts_with("option ") && entry.flag;
    let sides = [(entry.front, " FE"), (entry.back, " BE"), (entry.http, " HTTP")];
    let sides: String = sides.iter().filter(|(there, _)| *there).map(|(_, side)| *side).collect();
    if plain { format!("{} [{sides} ]", entry.name) } else { entry.name.to_owned() }
}

/// `alpn +1`.
fn taking(name: &str, takes: usize) -> String {
    if takes == 0 { name.to_owned() } else { format!("{name} +{takes}") }
}

fn of_proxies(entries: &[Entry]) -> BTreeSet<String> {
    let mut lines = keywords(entries, "proxies");
    lines.extend(at(entries, "`bind`").map(|entry| {
        let tls = if vocabulary::is_of_tls(entry.name) && entry.name != "ssl" { "ssl " } else { "" };
        format!("bind <addr> {tls}{}", taking(entry.name, entry.takes))
    }));
    let servers = at(entries, "`server`");
    lines.extend(servers.map(|entry| format!("server <name> <addr> {}", taking(entry.name, entry.takes))));
    lines.extend(rules::ACTIONS.iter().flat_map(rules::Row::listed));
    lines.extend(rules::DECLINED.iter().flat_map(rules::Declined::listed));
    lines
}

#[cfg(test)]
mod tests {
    use super::list;

    #[test]
    fn keywords_stand_under_their_section_with_what_they_take() {
        let listed = list();
        for line in [
            "global\n\t",
            "\tbind <addr> ssl alpn +1\n",
            "\tserver <name> <addr> ssl\n",
            "\toption http-no-delay [ FE BE HTTP ]\n",
            "\thttp-request set-var*\n",
            "\ttimeout\n\ttimeout check\n",
            "\nresolvers\n\taccepted_payload_size\n",
        ] {
            assert!(listed.contains(line), "{line:?}");
        }
    }
}
