//! Signals to the processes that the tests started.

use std::io;

/// Sends `signal` to process `pid`; a negative `pid` means the process group.
#[expect(unsafe_code, reason = "the standard library can only kill")]
pub(crate) fn send(pid: i32, signal: i32) -> io::Result<()> {
    // SAFETY: kill(2) takes two numbers and touches no memory of ours.
    match unsafe { libc::kill(pid, signal) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Whether process `pid` still exists.
pub(crate) fn alive(pid: i32) -> bool {
    send(pid, 0).is_ok()
}
