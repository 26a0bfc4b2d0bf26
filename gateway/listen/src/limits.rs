//! File descriptors: what `maxconn` needs, what the system gives, and what is done when that is less.
//!
//! HAProxy refuses to start when the hard limit is too low ("Cannot raise FD limit"); the gateway lowers `maxconn`
//! with one warning, for a container's limit is seldom in the hands of whoever writes the configuration.

use std::io;

/// Descriptors that the process needs besides connections and what [`Wants`] counts: the standard three, log sockets,
/// the runtimes' own, files read at a reload.
const RESERVE: u64 = 32;

/// The most descriptors that are asked for when `maxconn` is not said (configuration.txt 3.2, `fd-hard-limit`).
const AUTOMATIC_CEILING: u64 = 1_048_576;

/// Each connection has a client's side and a server's.
const PER_CONNECTION: u64 = 2;

/// What a configuration wants of the limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wants {
    /// `maxconn`, if it is said.
    pub maxconn: Option<u32>,
    /// Listening sockets.
    pub listeners: u32,
    /// Worker threads: each has its handle on every listener and a few descriptors of its own.
    pub threads: u32,
    /// Servers that are checked.
    pub checks: u32,
    /// `ulimit-n`, if it is said.
    pub ulimit_n: Option<u64>,
}

/// What was settled on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// Connections at once over all frontends.
    pub maxconn: u32,
    /// The soft limit to set.
    pub descriptors: u64,
    /// Why `maxconn` is lower than asked for.
    pub warning: Option<String>,
}

impl Wants {
    /// Descriptors that are needed whatever the number of connections.
    fn fixed(&self) -> u64 {
        let threads = u64::from(self.threads.max(1));
        RESERVE + u64::from(self.listeners) * (1 + threads) + u64::from(self.checks) + 4 * threads
    }

    /// Fits `maxconn` under the hard limit.
    pub fn settle(&self, hard: u64) -> Settled {
        let fixed = self.fixed();
        let fitting = |limit: u64| {
            let connections = limit.saturating_sub(fixed) / PER_CONNECTION;
            u32::try_from(connections).unwrap_or(u32::MAX).max(1)
        };
        let Some(asked) = self.maxconn else {
            let descriptors = self.ulimit_n.unwrap_or(AUTOMATIC_CEILING).min(AUTOMATIC_CEILING).min(hard);
            return Settled { maxconn: fitting(descriptors), descriptors, warning: None };
        };
        let needed = fixed + PER_CONNECTION * u64::from(asked);
        if needed <= hard {
            let descriptors = needed.max(self.ulimit_n.unwrap_or(0)).min(hard);
            return Settled { maxconn: asked, descriptors, warning: None };
        }
        let maxconn = fitting(hard).min(asked);
        let warning = format!(
            "maxconn lowered from {asked} to {maxconn}: it needs {needed} file descriptors and the hard limit is {hard}; \
             raise the limit (ulimit -Hn, LimitNOFILE=, docker run --ulimit nofile={needed}) or lower 'maxconn'"
        );
        Settled { maxconn, descriptors: hard, warning: Some(warning) }
    }
}

/// The process' limits on open files: (soft, hard).
pub fn descriptors() -> io::Result<(u64, u64)> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    #[expect(unsafe_code, reason = "limits are asked of the system")]
    // SAFETY: the pointer is to a live struct of the right type.
    let rc = unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) };
    if rc == 0 { Ok((limit.rlim_cur, limit.rlim_max)) } else { Err(io::Error::last_os_error()) }
}

/// Raises the soft limit on open files to `wanted`, the hard one too where that is allowed; never lowers one.
/// Returns the soft limit that holds now.
pub fn raise_descriptors(wanted: u64) -> io::Result<u64> {
    let (soft, hard) = descriptors()?;
    if soft >= wanted {
        return Ok(soft);
    }
    let both = libc::rlimit { rlim_cur: wanted, rlim_max: wanted.max(hard) };
    if set(libc::RLIMIT_NOFILE, both).is_ok() {
        return Ok(wanted);
    }
    let reachable = wanted.min(hard);
    set(libc::RLIMIT_NOFILE, libc::rlimit { rlim_cur: reachable, rlim_max: hard })?;
    Ok(reachable)
}

/// The hard limit that can be had: the present one, or `wanted` if this process may raise it (as root it may).
pub fn reachable_descriptors(wanted: u64) -> io::Result<u64> {
    let (_, hard) = descriptors()?;
    if hard >= wanted {
        return Ok(hard);
    }
    Ok(raise_descriptors(wanted)?.max(hard))
}

/// The least address space that the allocator and the threads' stacks get along with, in megabytes; most of it is
/// never used.
const LEAST_MEMORY: u64 = 1024;

/// `-m`: the address space that the process may use, in megabytes. Yields a warning where that is too little to run.
pub fn limit_memory(megabytes: u64) -> io::Result<Option<String>> {
    let bytes = megabytes.max(LEAST_MEMORY).saturating_mul(1024 * 1024);
    set(libc::RLIMIT_AS, libc::rlimit { rlim_cur: bytes, rlim_max: bytes })?;
    let raised =
        || format!("-m {megabytes}: {LEAST_MEMORY} MB of address space are the least here; using that");
    Ok((megabytes < LEAST_MEMORY).then(raised))
}

fn set(resource: libc::__rlimit_resource_t, limit: libc::rlimit) -> io::Result<()> {
    #[expect(unsafe_code, reason = "limits are set by the system")]
    // SAFETY: the pointer is to a live struct of the right type.
    let rc = unsafe { libc::setrlimit(resource, &raw const limit) };
    if rc == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGINAL: Wants =
        Wants { maxconn: Some(20_000), listeners: 1, threads: 2, checks: 0, ulimit_n: None };

    #[test]
    fn the_original_file_starts_under_a_hard_limit_of_20000_with_a_warning() {
        let settled = ORIGINAL.settle(20_000);
        assert_eq!(settled.maxconn, 9_978);
        assert_eq!(settled.descriptors, 20_000);
        let warning = settled.warning.unwrap();
        assert!(
            warning.starts_with("maxconn lowered from 20000 to 9978: it needs 40043 file descriptors"),
            "{warning}"
        );
    }

    #[test]
    fn a_high_limit_changes_nothing() {
        let settled = ORIGINAL.settle(1_000_000);
        assert_eq!((settled.maxconn, settled.descriptors, settled.warning), (20_000, 40_043, None));
    }

    #[test]
    fn maxconn_that_is_not_said_follows_the_limit() {
        let wants = Wants { maxconn: None, ..ORIGINAL };
        assert_eq!(wants.settle(20_000).maxconn, 9_978);
        assert_eq!(wants.settle(u64::MAX).descriptors, AUTOMATIC_CEILING);
        assert_eq!(Wants { ulimit_n: Some(1_043), ..wants }.settle(20_000).maxconn, 500);
    }

    #[test]
    fn a_hopeless_limit_still_lets_one_connection_in() {
        assert_eq!(ORIGINAL.settle(3).maxconn, 1);
    }

    #[test]
    fn the_soft_limit_is_never_lowered() {
        let (soft, _) = descriptors().unwrap();
        assert_eq!(raise_descriptors(1).unwrap(), soft);
    }
}
