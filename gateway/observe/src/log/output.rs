//! The writer's hands: a file descriptor, a UDP socket or a unix datagram socket. None of them can hold the
//! writer for long; what cannot be written is given up, and the caller is told how many lines that were.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::Destination;
use super::writer::Batch;

/// How long a pipe or terminal may refuse before its lines are given up.
const STALL: Duration = Duration::from_secs(1);

/// How long a datagram socket may refuse.
const DATAGRAM_STALL: Duration = Duration::from_millis(100);

/// How often a missing socket or name is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// A write of at most this size into a pipe that has room does not block, and is not mixed with others'.
const PIPE_BUF: usize = 4096;

#[derive(Debug)]
pub(super) enum Output {
    Fd(i32),
    Udp(Udp),
    Unix(Unix),
}

impl Output {
    pub(super) fn new(to: &Destination) -> Self {
        match to {
            Destination::Stdout => Self::Fd(1),
            Destination::Stderr => Self::Fd(2),
            Destination::Fd(fd) => Self::Fd(*fd),
            Destination::Udp { name, address } => Self::Udp(Udp {
                name: name.clone(),
                address: Arc::new(Mutex::new(*address)),
                socket: None,
                next_try: Instant::now(),
            }),
            Destination::Unix(path) => {
                Self::Unix(Unix { path: path.clone(), socket: None, next_try: Instant::now() })
            }
        }
    }

    /// Writes the lines; how many were lost.
    pub(super) fn write(&mut self, batch: &Batch) -> usize {
        match self {
            Self::Fd(fd) => write_fd(*fd, batch),
            Self::Udp(udp) => udp.write(batch),
            Self::Unix(unix) => unix.write(batch),
        }
    }
}

/// Writes whole lines, as many at once as fit in a pipe's atomic write.
fn write_fd(fd: i32, batch: &Batch) -> usize {
    let (mut start, mut done) = (0, 0);
    while done < batch.ends.len() {
        let fits = batch.ends[done..].iter().take_while(|end| **end - start <= PIPE_BUF).count().max(1);
        let end = batch.ends[done + fits - 1];
        if !write_all(fd, &batch.bytes[start..end]) {
            return batch.ends.len() - done;
        }
        (start, done) = (end, done + fits);
    }
    0
}

fn write_all(fd: i32, mut bytes: &[u8]) -> bool {
    while !bytes.is_empty() {
        if !writable(fd, STALL) {
            return false;
        }
        let piece = &bytes[..bytes.len().min(PIPE_BUF)];
        #[expect(unsafe_code, reason = "std cannot write to a descriptor by number without owning it")]
        // SAFETY: the pointer and the length are those of a live slice; a closed descriptor is an error, not UB.
        let written = unsafe { libc::write(fd, piece.as_ptr().cast(), piece.len()) };
        match usize::try_from(written) {
            Ok(0) => return false,
            Ok(written) => bytes = &bytes[written..],
            Err(_) => {
                let kind = std::io::Error::last_os_error().kind();
                if kind != std::io::ErrorKind::Interrupted && kind != std::io::ErrorKind::WouldBlock {
                    return false;
                }
            }
        }
    }
    true
}

fn writable(fd: i32, patience: Duration) -> bool {
    let mut poll = libc::pollfd { fd, events: libc::POLLOUT, revents: 0 };
    let millis = i32::try_from(patience.as_millis()).unwrap_or(i32::MAX);
    #[expect(unsafe_code, reason = "std has no poll")]
    // SAFETY: one valid pollfd, which lives through the call.
    let ready = unsafe { libc::poll(&raw mut poll, 1, millis) };
    ready < 0 && std::io::Error::last_os_error().kind() == std::io::ErrorKind::Interrupted
        || ready > 0 && poll.revents & (libc::POLLNVAL | libc::POLLERR) == 0
}

/// UDP syslog. The socket is not connected, so that a server that is away for a while is no error.
#[derive(Debug)]
pub(super) struct Udp {
    name: String,
    address: Arc<Mutex<Option<SocketAddr>>>,
    socket: Option<UdpSocket>,
    next_try: Instant,
}

impl Udp {
    fn write(&mut self, batch: &Batch) -> usize {
        if batch.ends.is_empty() {
            return 0;
        }
        let Some(address) = *self.address.lock() else {
            self.look_up();
            return batch.ends.len();
        };
        let Some(socket) = self.socket(address) else { return batch.ends.len() };
        each_line(batch, |line| socket.send_to(line, address).map(drop))
    }

    fn socket(&mut self, address: SocketAddr) -> Option<&UdpSocket> {
        if self.socket.is_none() {
            let any = if address.is_ipv4() {
                SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0))
            } else {
                SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0))
            };
            let socket = UdpSocket::bind(any).ok()?;
            socket.set_write_timeout(Some(DATAGRAM_STALL)).ok()?;
            self.socket = Some(socket);
        }
        self.socket.as_ref()
    }

    /// Asks the system's resolver on a thread of its own, for it may take long.
    fn look_up(&mut self) {
        if Instant::now() < self.next_try || Arc::strong_count(&self.address) > 1 {
            return;
        }
        self.next_try = Instant::now() + RETRY;
        let (name, answer) = (self.name.clone(), Arc::clone(&self.address));
        // without a thread it is tried again later
        drop(thread::Builder::new().name("log-dns".into()).spawn(move || {
            let found = name.to_socket_addrs().ok().and_then(|mut found| found.next());
            *answer.lock() = found;
        }));
    }
}

/// A unix datagram socket, such as the system logger's; connected again when the logger was restarted.
#[derive(Debug)]
pub(super) struct Unix {
    path: PathBuf,
    socket: Option<UnixDatagram>,
    next_try: Instant,
}

impl Unix {
    fn write(&mut self, batch: &Batch) -> usize {
        if batch.ends.is_empty() {
            return 0;
        }
        self.connect();
        let Some(socket) = &self.socket else { return batch.ends.len() };
        let lost = each_line(batch, |line| socket.send(line).map(drop));
        if lost > 0 {
            self.socket = None;
        }
        lost
    }

    fn connect(&mut self) {
        if self.socket.is_some() || Instant::now() < self.next_try {
            return;
        }
        self.next_try = Instant::now() + RETRY;
        self.socket = UnixDatagram::unbound().ok().filter(|socket| {
            socket.set_write_timeout(Some(DATAGRAM_STALL)).is_ok() && socket.connect(&self.path).is_ok()
        });
    }
}

/// Sends each line as a datagram. When the other side does not take one, the rest is not tried, so that a
/// stuck logger costs one wait a batch.
fn each_line(batch: &Batch, mut send: impl FnMut(&[u8]) -> std::io::Result<()>) -> usize {
    let (mut start, mut lost) = (0, 0);
    for (place, end) in batch.ends.iter().enumerate() {
        match send(&batch.bytes[start..*end]) {
            Ok(()) => {}
            // too long for a datagram: the next one may fit
            Err(error) if error.raw_os_error() == Some(libc::EMSGSIZE) => lost += 1,
            Err(_) => return lost + batch.ends.len() - place,
        }
        start = *end;
    }
    lost
}
