//! Telling systemd how things stand (sd_notify(3)): `-Ws`.

use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// Serving.
pub(crate) const READY: &str = "READY=1";
/// Loading the file again; `READY=1` follows. systemd asks for the time as well.
pub(crate) const RELOADING: &str = "RELOADING=1";
/// Leaving.
pub(crate) const STOPPING: &str = "STOPPING=1";

/// The socket that `NOTIFY_SOCKET` names, for a process that was started with `-Ws`.
#[derive(Debug, Default)]
pub(crate) struct Notifier(Option<SocketAddr>);

impl Notifier {
    /// Takes the address from the environment if `wanted`.
    pub(crate) fn from_environment(wanted: bool) -> Self {
        let name = std::env::var("NOTIFY_SOCKET").ok().filter(|name| wanted && !name.is_empty());
        let address = name.map(|name| match name.strip_prefix('@') {
            Some(hidden) => SocketAddr::from_abstract_name(hidden),
            None => SocketAddr::from_pathname(&name),
        });
        Self(address.transpose().unwrap_or_else(|error| {
            log::warn!("NOTIFY_SOCKET cannot be used: {error}");
            None
        }))
    }

    /// Sends a state; nobody listening is no error.
    pub(crate) fn send(&self, state: &str) {
        let Some(address) = &self.0 else { return };
        let sent = UnixDatagram::unbound().and_then(|socket| socket.send_to_addr(state.as_bytes(), address));
        if let Err(error) = sent {
            log::debug!("cannot tell NOTIFY_SOCKET '{}': {error}", state.lines().next().unwrap_or_default());
        }
    }

    /// `RELOADING=1` with the monotonic time that `Type=notify-reload` needs.
    pub(crate) fn reloading(&self) {
        self.send(&format!("{RELOADING}\nMONOTONIC_USEC={}", monotonic_microseconds().unwrap_or(0)));
    }

    /// `READY=1`, with the number of the process that serves: it is not the one that was started, after `-D`.
    pub(crate) fn ready(&self) {
        self.send(&format!("{READY}\nMAINPID={}", std::process::id()));
    }
}

fn monotonic_microseconds() -> io::Result<u64> {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    #[expect(unsafe_code, reason = "std does not show the number behind `Instant`")]
    // SAFETY: the pointer is to a live struct of the right type.
    let rc = unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now) };
    if rc != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(u64::try_from(now.tv_sec).unwrap_or(0) * 1_000_000 + u64::try_from(now.tv_nsec).unwrap_or(0) / 1_000)
}
