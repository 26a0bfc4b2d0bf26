//! What the kernel puts on the packets of a connection: type of service, and mark.

use std::io;
use std::os::fd::AsFd;

use socket2::SockRef;

/// What is wanted; nothing is the kernel's own choice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Packets {
    /// The type of service of IPv4, the traffic class of IPv6.
    pub tos: Option<u8>,
    /// The netfilter mark, which only the network's administrator may set.
    pub mark: Option<u32>,
}

impl Packets {
    /// Whether the kernel's own choice is left alone.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// Tells the kernel. As in HAProxy, what it refuses is not done and nobody is told.
    pub fn put_on(&self, socket: &impl AsFd) {
        let socket = SockRef::from(socket);
        let done = self.tos.map_or(Ok(()), |tos| set_tos(&socket, tos.into()));
        let marked = self.mark.map_or(Ok(()), |mark| socket.set_mark(mark));
        if let Err(error) = done.and(marked) {
            log::debug!("the kernel does not mark packets as a rule wants it: {error}");
        }
    }
}

/// A socket of IPv6 may carry IPv4, which has its own field.
fn set_tos(socket: &SockRef<'_>, tos: u32) -> io::Result<()> {
    let v6 = socket.domain()? == socket2::Domain::IPV6;
    if v6 {
        socket.set_tclass_v6(tos)?;
    }
    match socket.set_tos_v4(tos) {
        Err(error) if !v6 => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn sockets_of_both_families_take_a_type_of_service() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let listener = TcpListener::bind(address).unwrap();
            let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            Packets { tos: Some(0x10), mark: None }.put_on(&stream);
            let socket = SockRef::from(&stream);
            let set = if address.starts_with('[') { socket.tclass_v6() } else { socket.tos_v4() };
            assert_eq!(set.unwrap(), 0x10, "{address}");
        }
    }

    #[test]
    fn nothing_wanted_is_nothing_done() {
        assert!(Packets::default().is_plain());
        assert!(!Packets { tos: Some(0), mark: None }.is_plain(), "zero is a choice, too");
    }
}
