//! The file with the process' number (`-p`, `pidfile`).

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Writes the number. A folder that cannot be written to is no reason not to serve.
pub(crate) fn write(path: &Path) -> Result<(), String> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o644);
    let written = options.open(path).and_then(|mut file| writeln!(file, "{}", std::process::id()));
    written.map_err(|e| format!("Cannot create pidfile {} ({e}); going on without.", path.display()))
}
