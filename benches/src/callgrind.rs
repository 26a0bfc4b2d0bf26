//! What counting instructions takes, by valgrind's callgrind.

use std::io;
use std::path::Path;

/// In front of the program, whose every instruction is then counted.
pub(crate) const CALLGRIND: [&str; 3] = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"];

/// `==7== Collected : 123`, which it says at its end.
pub(crate) fn collected(log: &Path) -> io::Result<u64> {
    let text = std::fs::read_to_string(log)?;
    let said = text.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok());
    said.ok_or_else(|| io::Error::other(format!("{} does not say how many it counted", log.display())))
}
