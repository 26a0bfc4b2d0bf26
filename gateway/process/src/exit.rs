//! How the process ends, as HAProxy's does (measured on 2.6): by the signal without `-W`, with a master's codes with it.

use std::process::ExitCode;

/// Why serving ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// SIGINT: at once.
    Interrupted,
    /// SIGTERM, after what was going on finished.
    Terminated,
    /// SIGUSR1 or SIGQUIT, after what was going on finished.
    Finished,
}

/// What the world sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// An exit code.
    Code(u8),
    /// Death by this signal.
    Signal(i32),
}

/// HAProxy's verdict for an end, with and without `-W`.
pub(crate) fn verdict(end: End, master_worker: bool) -> Verdict {
    match (end, master_worker) {
        (End::Interrupted, true) => Verdict::Code(130),
        (End::Interrupted, false) => Verdict::Signal(libc::SIGINT),
        (End::Terminated, false) => Verdict::Signal(libc::SIGTERM),
        (End::Terminated, true) | (End::Finished, _) => Verdict::Code(0),
    }
}

impl Verdict {
    /// Ends the process by the signal, or gives the code to return from `main`.
    pub(crate) fn carry_out(self) -> ExitCode {
        match self {
            Self::Code(code) => ExitCode::from(code),
            Self::Signal(signal) => {
                die_by(signal);
                // Process 1 of a container cannot be killed by its own signal: the shell's code for it.
                ExitCode::from(128 + u8::try_from(signal).unwrap_or(0))
            }
        }
    }
}

fn die_by(signal: i32) {
    #[expect(unsafe_code, reason = "the default action of a signal is restored through libc only")]
    // SAFETY: both calls take plain numbers; no handler of ours runs any more.
    unsafe {
        libc::signal(signal, libc::SIG_DFL);
        libc::raise(signal);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_haproxys() {
        assert_eq!(verdict(End::Interrupted, true), Verdict::Code(130));
        assert_eq!(verdict(End::Interrupted, false), Verdict::Signal(2));
        assert_eq!(verdict(End::Terminated, true), Verdict::Code(0));
        assert_eq!(verdict(End::Terminated, false), Verdict::Signal(15));
        assert_eq!(verdict(End::Finished, true), Verdict::Code(0));
        assert_eq!(verdict(End::Finished, false), Verdict::Code(0));
    }
}
