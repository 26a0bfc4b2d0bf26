//! Opening what a `bind` line says (configuration.txt 5.1), with the socket options HAProxy sets.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, OwnedFd};

use config::model::{Bind, BindAddress, Permissions};
use socket2::{Domain, Protocol, SockAddr, SockFilter, Socket, Type};

use crate::{Acceptor, Address, inherit, unix};

/// Why a socket could not be opened, in HAProxy's words, with what to do about it.
#[derive(Debug)]
pub struct BindError {
    address: String,
    /// What failed, e.g. `cannot bind socket`.
    what: String,
    source: Option<io::Error>,
    hint: Option<String>,
}

impl BindError {
    pub(crate) fn new(address: &impl ToString, what: impl Into<String>, source: Option<io::Error>) -> Self {
        Self { address: address.to_string(), what: what.into(), source, hint: None }
    }

    /// Whether somebody else listens there: worth another try while an old process is leaving.
    pub fn is_in_use(&self) -> bool {
        self.source.as_ref().is_some_and(|e| e.kind() == io::ErrorKind::AddrInUse)
    }
}

impl std::fmt::Display for BindError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.what)?;
        if let Some(source) = &self.source {
            write!(f, " ({})", plain(source))?;
        }
        write!(f, " for [{}]", self.address)?;
        self.hint.iter().try_for_each(|hint| write!(f, "; {hint}"))
    }
}

impl std::error::Error for BindError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|e| e as _)
    }
}

/// The system's text without Rust's ` (os error N)`, as `strerror` gives it.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

/// A socket that listens; not yet tied to a runtime, so that it can be opened before any thread exists.
#[derive(Debug)]
pub struct Listener {
    socket: Socket,
    local: Address,
    /// Others have the same socket, and it is not ours to end.
    inherited: bool,
}

impl Listener {
    /// Opens the socket of a `bind` line; `backlog` is used unless the line has its own.
    pub fn open(bind: &Bind, backlog: u32) -> Result<Self, BindError> {
        let backlog = bind.backlog.unwrap_or(backlog);
        match &bind.address {
            BindAddress::Tcp(addr) => tcp(*addr, bind, backlog),
            other => Self::open_local(other, &bind.permissions, backlog),
        }
    }

    /// Opens an address without the options of a `bind` line: a `stats socket`, a metrics listener.
    pub fn open_plain(
        address: &BindAddress,
        permissions: &Permissions,
        backlog: u32,
    ) -> Result<Self, BindError> {
        match address {
            BindAddress::Tcp(addr) => {
                let socket =
                    tcp_socket(*addr).map_err(|e| BindError::new(&addr, "cannot create socket", Some(e)))?;
                bind_and_listen(socket, *addr, backlog)
            }
            other => Self::open_local(other, permissions, backlog),
        }
    }

    fn open_local(address: &BindAddress, permissions: &Permissions, backlog: u32) -> Result<Self, BindError> {
        let socket = match address {
            BindAddress::Unix(path) => unix::open(path, permissions, backlog)?,
            BindAddress::Abstract(name) => unix::open_abstract(name, backlog)?,
            BindAddress::Fd(fd) => inherit::adopt(*fd, backlog)?,
            BindAddress::Tcp(addr) => unreachable!("TCP addresses are opened by the caller: {addr}"),
            BindAddress::AbstractZ(_) | BindAddress::SockPair(_) | BindAddress::Quic(_) => {
                return Err(BindError::new(&"?", "cannot create socket of this kind", None));
            }
        };
        let local = match address {
            // The socket was bound under a temporary name; what it is called now is what was asked for.
            BindAddress::Unix(path) => Address::Unix(Some(path.to_string_lossy().into())),
            _ => local_of(&socket)?,
        };
        Ok(Self { socket, local, inherited: matches!(address, BindAddress::Fd(_)) })
    }

    /// Where it listens; port 0 has become the real port.
    pub fn local_addr(&self) -> &Address {
        &self.local
    }

    /// Another handle on the same socket, for the accept loop of another thread or the next generation.
    pub fn try_clone(&self) -> io::Result<Self> {
        Ok(Self { socket: self.socket.try_clone()?, local: self.local.clone(), inherited: self.inherited })
    }

    /// Lets nobody begin a connection any more, while those that have begun one can finish and be accepted: clients
    /// that come now get no answer until the socket is closed, and then a refusal. Without it, whoever comes between
    /// the last accept and the close is reset. An inherited socket is not ours to stop.
    pub fn refuse_new(&self) {
        // A packet with ACK belongs to a connection that has begun; a SYN alone wants a new one (RFC 9293, 3.1).
        const FLAGS: u32 = 13;
        const ACK: u32 = 0x10;
        const LOAD_BYTE: u16 = 0x30;
        const JUMP_IF_SET: u16 = 0x45;
        const RETURN: u16 = 0x06;
        if self.inherited || self.local.ip().is_none() {
            return;
        }
        let filter = [
            SockFilter::new(LOAD_BYTE, 0, 0, FLAGS),
            SockFilter::new(JUMP_IF_SET, 0, 1, ACK),
            SockFilter::new(RETURN, 0, 0, u32::MAX),
            SockFilter::new(RETURN, 0, 0, 0),
        ];
        if let Err(error) = self.socket.attach_filter(&filter) {
            log::debug!("cannot filter {}: {error}", self.local);
        }
    }

    /// Refuses connections from now on, on all handles of the socket at once; those that wait are reset. A socket that
    /// was inherited is left to those who have it as well.
    pub fn close(&self) {
        if !self.inherited {
            // A socket that is closed already is what was wanted.
            let _ = self.socket.shutdown(std::net::Shutdown::Both);
        }
    }

    /// The file descriptor's number, for messages and `show cli sockets`.
    pub fn fd(&self) -> i32 {
        self.socket.as_raw_fd()
    }

    /// Whether it is a unix socket.
    pub fn is_unix(&self) -> bool {
        matches!(self.local, Address::Unix(_))
    }

    /// Ties the socket to the current tokio runtime.
    pub fn into_acceptor(self) -> io::Result<Acceptor> {
        Acceptor::new(self.socket, self.local, self.inherited)
    }
}

impl From<Listener> for OwnedFd {
    fn from(listener: Listener) -> Self {
        listener.socket.into()
    }
}

fn local_of(socket: &Socket) -> Result<Address, BindError> {
    let addr = socket.local_addr().map_err(|e| {
        BindError::new(&format!("fd@{}", socket.as_raw_fd()), "cannot ask socket for its address", Some(e))
    })?;
    Ok(Address::from(&addr))
}

fn tcp(addr: SocketAddr, bind: &Bind, backlog: u32) -> Result<Listener, BindError> {
    let socket = tcp_socket(addr).map_err(|e| BindError::new(&addr, "cannot create socket", Some(e)))?;
    for (what, result) in tcp_options(&socket, addr, bind) {
        result.map_err(|e| BindError::new(&addr, format!("cannot set {what}"), Some(e)))?;
    }
    bind_and_listen(socket, addr, backlog)
}

/// A stream socket for this address, with what every TCP listener has. Accepted sockets inherit `TCP_NODELAY`.
fn tcp_socket(addr: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM.nonblocking(), Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.set_tcp_nodelay(true)?;
    Ok(socket)
}

/// The options that a `bind` line asked for, each with its name for messages.
fn tcp_options(socket: &Socket, addr: SocketAddr, bind: &Bind) -> Vec<(&'static str, io::Result<()>)> {
    let mut done = Vec::new();
    if let (true, Some(only)) = (addr.is_ipv6(), bind.v6only) {
        done.push(("IPV6_V6ONLY ('v4v6', 'v6only')", socket.set_only_v6(only)));
    }
    if let Some(name) = &bind.interface {
        done.push(("SO_BINDTODEVICE ('interface')", socket.bind_device(Some(name.as_bytes()))));
    }
    if bind.transparent {
        let set = if addr.is_ipv4() { Socket::set_ip_transparent_v4 } else { Socket::set_ip_transparent_v6 };
        done.push(("IP_TRANSPARENT ('transparent', needs CAP_NET_ADMIN)", set(socket, true)));
    }
    if let Some(mss) = bind.mss {
        done.push(("TCP_MAXSEG ('mss')", set_mss(socket, mss)));
    }
    if let Some(timeout) = bind.tcp_user_timeout {
        done.push(("TCP_USER_TIMEOUT ('tcp-ut')", socket.set_tcp_user_timeout(Some(timeout))));
    }
    if bind.defer_accept {
        done.push(("TCP_DEFER_ACCEPT ('defer-accept')", set_int(socket, libc::TCP_DEFER_ACCEPT, 1)));
    }
    if bind.fast_open {
        done.push(("TCP_FASTOPEN ('tfo')", set_int(socket, libc::TCP_FASTOPEN, FAST_OPEN_QUEUE)));
    }
    done
}

/// Connections that may wait with data in their first packet; the kernel's own default for a listener.
const FAST_OPEN_QUEUE: i32 = 1024;

/// A negative `mss` is taken off the kernel's default (configuration.txt 5.1, `mss`).
fn set_mss(socket: &Socket, mss: i32) -> io::Result<()> {
    let mss = if mss < 0 { socket.tcp_mss()?.saturating_add_signed(mss) } else { mss.unsigned_abs() };
    socket.set_tcp_mss(mss)
}

fn set_int(socket: &Socket, option: i32, value: i32) -> io::Result<()> {
    let size = size_of::<i32>() as libc::socklen_t;
    #[expect(unsafe_code, reason = "neither std nor socket2 knows TCP_DEFER_ACCEPT and TCP_FASTOPEN")]
    // SAFETY: the pointer is to an int on the stack that outlives the call, and its size is given.
    let rc = unsafe {
        libc::setsockopt(socket.as_raw_fd(), libc::IPPROTO_TCP, option, (&raw const value).cast(), size)
    };
    if rc == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

fn bind_and_listen(socket: Socket, addr: SocketAddr, backlog: u32) -> Result<Listener, BindError> {
    socket.bind(&SockAddr::from(addr)).map_err(|e| cannot_bind(addr, e))?;
    listen(&socket, backlog).map_err(|e| BindError::new(&addr, "cannot listen to socket", Some(e)))?;
    let local = local_of(&socket)?;
    Ok(Listener { socket, local, inherited: false })
}

pub(crate) fn listen(socket: &Socket, backlog: u32) -> io::Result<()> {
    socket.listen(i32::try_from(backlog.max(1)).unwrap_or(i32::MAX))
}

fn cannot_bind(addr: SocketAddr, error: io::Error) -> BindError {
    let hint = match error.kind() {
        io::ErrorKind::PermissionDenied if addr.port() < 1024 => Some(format!(
            "ports below {} are reserved here: use a higher port, start as root or with CAP_NET_BIND_SERVICE, or set \
             the sysctl net.ipv4.ip_unprivileged_port_start=0 (Kubernetes: securityContext.sysctls)",
            first_free_port()
        )),
        io::ErrorKind::AddrNotAvailable => Some("no interface of this machine has this address".to_owned()),
        _ => None,
    };
    BindError { hint, ..BindError::new(&addr, "cannot bind socket", Some(error)) }
}

/// The kernel's `ip_unprivileged_port_start`.
fn first_free_port() -> u16 {
    let text = std::fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start").unwrap_or_default();
    text.trim().parse().unwrap_or(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bind(address: BindAddress) -> Bind {
        Bind {
            address,
            defer_accept: true,
            fast_open: true,
            mss: Some(-12),
            place: "t.cfg:1".to_owned(),
            ..Bind::default()
        }
    }

    #[test]
    fn port_zero_becomes_a_real_port() {
        let listener = Listener::open(&bind(BindAddress::Tcp("127.0.0.1:0".parse().unwrap())), 8).unwrap();
        assert_ne!(listener.local_addr().ip().unwrap().port(), 0);
    }

    #[test]
    fn a_listener_that_refuses_new_clients_still_serves_those_who_wait() {
        let address = BindAddress::Tcp("127.0.0.1:0".parse().unwrap());
        let listener = Listener::open_plain(&address, &Permissions::default(), 16).unwrap();
        let addr = listener.local_addr().ip().unwrap();
        let _waiting = std::net::TcpStream::connect(addr).unwrap();
        listener.refuse_new();
        let patience = std::time::Duration::from_millis(100);
        assert!(std::net::TcpStream::connect_timeout(&addr, patience).is_err());
        let (_accepted, _) = listener.socket.accept().unwrap();
    }

    #[test]
    fn a_closed_listener_refuses_on_all_its_handles() {
        let listener = Listener::open(&bind(BindAddress::Tcp("127.0.0.1:0".parse().unwrap())), 8).unwrap();
        let handle = listener.try_clone().unwrap();
        let addr = listener.local_addr().ip().unwrap();
        assert!(std::net::TcpStream::connect(addr).is_ok());
        listener.close();
        let error = std::net::TcpStream::connect(addr).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        drop(handle);
    }

    #[test]
    fn an_address_of_another_machine_is_refused_with_its_address() {
        let error = Listener::open(&bind(BindAddress::Tcp("192.0.2.77:0".parse().unwrap())), 8).unwrap_err();
        let text = error.to_string();
        assert!(
            text.starts_with("cannot bind socket (Cannot assign requested address) for [192.0.2.77:0]"),
            "{text}"
        );
    }

    #[test]
    fn a_wrong_descriptor_is_refused_by_number() {
        let error = Listener::open(&bind(BindAddress::Fd(9999)), 8).unwrap_err();
        assert!(error.to_string().contains("fd@9999"), "{error}");
    }
}
