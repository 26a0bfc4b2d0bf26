//! Going to the background: fork before any thread exists; the parent leaves when the child serves.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::process::ExitCode;

use crate::signal;

/// Who the process is after [`split`].
#[derive(Debug)]
pub(crate) enum Side {
    /// The parent: leaves with this code once the child serves or is gone.
    Parent(ExitCode),
    /// The child: serves, and says so.
    Child(Ready),
}

/// With this the child tells the parent that it serves; dropped without, the parent leaves with an error.
#[derive(Debug)]
pub(crate) struct Ready(File);

impl Ready {
    /// Lets the parent leave with code 0, and lets go of the terminal unless it is still to be spoken to.
    pub(crate) fn tell(mut self) {
        // The parent may have been killed; the child serves all the same.
        let _ = self.0.write_all(b"1");
        detach();
    }
}

/// Forks. The child is the leader of its own session.
pub(crate) fn split() -> io::Result<Side> {
    let (reader, writer) = pipe()?;
    #[expect(unsafe_code, reason = "std has no fork")]
    // SAFETY: no other thread exists yet, so the child's copy of every lock and allocation is in order.
    let pid = unsafe { libc::fork() };
    match pid {
        -1 => Err(io::Error::last_os_error()),
        0 => {
            drop(reader);
            #[expect(unsafe_code, reason = "std has no setsid")]
            // SAFETY: takes nothing and touches no memory.
            unsafe {
                libc::setsid();
            }
            Ok(Side::Child(Ready(writer)))
        }
        _ => {
            drop(writer);
            // Whoever waits here may be interrupted like any command.
            signal::release();
            let mut answer = [0];
            let told = { reader }.read(&mut answer).is_ok_and(|read| read == 1);
            Ok(Side::Parent(if told { ExitCode::SUCCESS } else { ExitCode::FAILURE }))
        }
    }
}

fn pipe() -> io::Result<(File, File)> {
    let mut ends = [0; 2];
    #[expect(unsafe_code, reason = "the ends must close on exec")]
    // SAFETY: the pointer is to two live ints; on success both are new descriptors owned by nobody else.
    let (reader, writer) = unsafe {
        if libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) != 0 {
            return Err(io::Error::last_os_error());
        }
        (OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1]))
    };
    Ok((reader.into(), writer.into()))
}

/// Standard input, output and error become `/dev/null`, as HAProxy's do.
fn detach() {
    let Ok(null) = OpenOptions::new().read(true).write(true).open("/dev/null") else { return };
    for standard in 0..=2 {
        #[expect(unsafe_code, reason = "std cannot replace its own streams")]
        // SAFETY: both descriptors are open; what was behind the standard one is closed by the kernel.
        unsafe {
            libc::dup2(null.as_raw_fd(), standard);
        }
    }
}
