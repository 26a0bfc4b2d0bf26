//! Limits on open files: our own, and those of a subject that runs.

use std::io;

/// Raises our own soft limit to `wanted` or as far as the hard one lets us, and says what it is now. Subjects that are
/// started later inherit it.
pub(crate) fn raise_open_files(wanted: u64) -> u64 {
    let now = change(0, None).expect("our own limit can be asked for");
    let soft = wanted.min(now.rlim_max);
    if soft > now.rlim_cur {
        change(0, Some(libc::rlimit { rlim_cur: soft, ..now })).expect("a soft limit may be raised");
    }
    soft.max(now.rlim_cur)
}

/// Sets the soft limit of a process of ours, however many files it has open.
pub(crate) fn set_open_files(pid: i32, soft: u64) {
    let now = change(pid, None).expect("the process is ours");
    change(pid, Some(libc::rlimit { rlim_cur: soft.min(now.rlim_max), ..now })).expect("the process is ours");
}

#[expect(unsafe_code, reason = "another process' limits are in no crate that is in use")]
fn change(pid: i32, new: Option<libc::rlimit>) -> io::Result<libc::rlimit> {
    let mut old = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    let new = new.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    // SAFETY: `new` is null or points to a live limit, `old` to one that may be written.
    let result = unsafe { libc::prlimit(pid, libc::RLIMIT_NOFILE, new, &raw mut old) };
    if result == 0 { Ok(old) } else { Err(io::Error::last_os_error()) }
}
