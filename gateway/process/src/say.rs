//! What is said on standard output and standard error. `println!` panics where nobody listens any more, as behind
//! `gateway -vv | head -1` or once whoever collects the logs has gone; here that is nobody's business.

use std::io::Write;

/// A text on standard output, as it is.
pub(crate) fn text(text: &str) {
    let mut out = std::io::stdout().lock();
    let _gone = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// A line on standard output.
pub(crate) fn line(line: &str) {
    text(&format!("{line}\n"));
}

/// A line on standard error.
pub(crate) fn error(line: &str) {
    let _gone = std::io::stderr().write_all(format!("{line}\n").as_bytes());
}
