//! The CPU time of a process and of all that descend from it, out of `/proc/PID/stat`.

use std::collections::HashMap;
use std::fs;
use std::time::Duration;

/// `/proc` counts in hundredths of a second on every Linux that user space sees.
const TICK: Duration = Duration::from_millis(10);

/// User and system time that the process, its children and the children that they waited for have spent.
pub(crate) fn time(root: u32) -> Duration {
    let table = processes();
    let total: u64 =
        table.iter().filter(|(pid, _)| descends(&table, **pid, root)).map(|(_, p)| p.ticks).sum();
    TICK * u32::try_from(total).unwrap_or(u32::MAX)
}

/// The process and all that descend from it.
pub(crate) fn descendants(root: u32) -> Vec<u32> {
    let table = processes();
    table.keys().copied().filter(|pid| descends(&table, *pid, root)).collect()
}

struct Process {
    parent: u32,
    ticks: u64,
}

fn processes() -> HashMap<u32, Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(|pid: u32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        Some((pid, parse(&stat)?))
    })
    .collect()
}

/// Fields after the parenthesised name, which may itself hold spaces and parentheses (proc(5)).
fn parse(stat: &str) -> Option<Process> {
    let (_, fields) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
    let ticks = (11..15).map(number).sum::<Option<u64>>()?;
    Some(Process { parent: u32::try_from(number(1)?).ok()?, ticks })
}

fn descends(table: &HashMap<u32, Process>, mut pid: u32, root: u32) -> bool {
    while pid != root {
        match table.get(&pid) {
            Some(process) if process.parent != 0 => pid = process.parent,
            _ => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_spaces_and_parentheses_does_not_shift_the_fields() {
        let stat = "7 (a) b (c) S 3 7 7 0 -1 4194304 1 2 3 4 100 20 30 4 20 0 1 0 5 6 7";
        let process = parse(stat).unwrap();
        assert_eq!((process.parent, process.ticks), (3, 154));
    }

    #[test]
    fn a_child_counts_for_its_parent() {
        let ours = std::process::id();
        let mut child = std::process::Command::new("sleep").arg("5").spawn().unwrap();
        assert!(descends(&processes(), child.id(), ours));
        assert!(!descends(&processes(), ours, child.id()));
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
