//! Signals, as HAProxy understands them (management.txt 4): INT ends at once; TERM, USR1 and QUIT let requests finish;
//! USR2 and HUP load the file again.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// End at once.
    Quit,
    /// Finish what is going on, then end as a terminated process.
    Terminate,
    /// Finish what is going on, then end.
    Finish,
    /// Load the file again.
    Reload,
}

/// Which signal means what. One row each.
const SIGNALS: &[(i32, Wish)] = &[
    (libc::SIGINT, Wish::Quit),
    (libc::SIGTERM, Wish::Terminate),
    (libc::SIGUSR1, Wish::Finish),
    (libc::SIGQUIT, Wish::Finish),
    (libc::SIGUSR2, Wish::Reload),
    (libc::SIGHUP, Wish::Reload),
];

/// Signals that a terminal, or a HAProxy that cannot bind, may send and that mean nothing here.
const IGNORED: &[i32] = &[libc::SIGTTOU, libc::SIGTTIN];

/// The signals of [`SIGNALS`], listened to.
#[derive(Debug)]
pub(crate) struct Signals(Vec<(Signal, Wish)>);

impl Signals {
    /// Listens, and lets in those that came since [`hold`].
    pub(crate) fn listen() -> io::Result<Self> {
        let listen = |&(number, wish): &(i32, Wish)| Ok((signal(SignalKind::from_raw(number))?, wish));
        let signals = SIGNALS.iter().map(listen).collect::<io::Result<_>>()?;
        release();
        Ok(Self(signals))
    }

    /// The next wish.
    pub(crate) async fn next(&mut self) -> Wish {
        std::future::poll_fn(|cx| {
            for (signal, wish) in &mut self.0 {
                if signal.poll_recv(cx).is_ready() {
                    return std::task::Poll::Ready(*wish);
                }
            }
            std::task::Poll::Pending
        })
        .await
    }
}

/// Keeps the signals waiting, in this thread and those it starts, until [`Signals::listen`].
pub(crate) fn hold() {
    mask(libc::SIG_BLOCK);
    for &signal in IGNORED {
        #[expect(unsafe_code, reason = "std does not know signals")]
        // SAFETY: takes numbers; no handler of ours is installed.
        unsafe {
            libc::signal(signal, libc::SIG_IGN);
        }
    }
}

/// Lets in the signals that [`hold`] keeps waiting.
pub(crate) fn release() {
    mask(libc::SIG_UNBLOCK);
}

fn mask(how: i32) {
    let mut set = std::mem::MaybeUninit::uninit();
    #[expect(unsafe_code, reason = "std does not know signals")]
    // SAFETY: `sigemptyset` writes the whole set before it is read; the rest takes numbers and that set.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for (signal, _) in SIGNALS {
            libc::sigaddset(set.as_mut_ptr(), *signal);
        }
        libc::pthread_sigmask(how, set.as_ptr(), std::ptr::null_mut());
    }
}

/// Sends a signal to one process.
pub(crate) fn send(pid: i32, signal: i32) -> io::Result<()> {
    #[expect(unsafe_code, reason = "std signals only children")]
    // SAFETY: takes numbers; the command line lets only positive ones through.
    let rc = unsafe { libc::kill(pid, signal) };
    if rc == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
