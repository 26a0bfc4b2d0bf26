//! The least that a proxy can take: for each client one connection to the origin, and the same system calls as any
//! proxy makes, with nothing parsed, judged, counted or logged between them. What a subject takes above it is its own;
//! what is below it no proxy can reach on this machine.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

/// Taken from a connection in one call, as much as the gateway and HAProxy take.
const AT_ONCE: usize = 16 << 10;
/// What the listener is called; connections are called by their places.
const LISTENER: Token = Token(usize::MAX);

/// Connections by their places; those of a client and of its origin are neighbours.
type Places = Vec<Option<TcpStream>>;

/// Relays until it is killed.
pub(crate) fn serve(listen: SocketAddr, origin: SocketAddr) -> io::Result<()> {
    let mut poll = Poll::new()?;
    let mut listener = TcpListener::bind(listen)?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let (mut events, mut places, mut free) = (Events::with_capacity(200), Places::new(), Vec::new());
    let mut buffer = vec![0; AT_ONCE];
    loop {
        poll.poll(&mut events, None)?;
        for event in &events {
            if event.token() == LISTENER {
                accept(&poll, &listener, origin, &mut places, &mut free)?;
            } else if !pass(event.token().0, &mut places, &mut buffer)? {
                let first = event.token().0 & !1;
                places[first] = None;
                places[first + 1] = None;
                free.push(first);
            }
        }
    }
}

fn accept(
    poll: &Poll,
    listener: &TcpListener,
    origin: SocketAddr,
    places: &mut Places,
    free: &mut Vec<usize>,
) -> io::Result<()> {
    loop {
        let client = match listener.accept() {
            Ok((client, _)) => client,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        };
        let server = std::net::TcpStream::connect(origin)?;
        server.set_nonblocking(true)?;
        let first = free.pop().unwrap_or(places.len());
        if first == places.len() {
            places.extend([None, None]);
        }
        for (place, mut stream) in [(first, client), (first + 1, TcpStream::from_std(server))] {
            stream.set_nodelay(true)?;
            poll.registry().register(&mut stream, Token(place), Interest::READABLE)?;
            places[place] = Some(stream);
        }
    }
}

/// Hands on what has come at this place; false once the connection has ended.
fn pass(place: usize, places: &mut Places, buffer: &mut [u8]) -> io::Result<bool> {
    loop {
        let Some(from) = places[place].as_mut() else { return Ok(true) };
        let length = match from.read(buffer) {
            Ok(0) => return Ok(false),
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
            Err(_) => return Ok(false),
        };
        if let Some(to) = places[place ^ 1].as_mut() {
            write_all(to, &buffer[..length])?;
        }
        if length < buffer.len() {
            return Ok(true);
        }
    }
}

/// Tries again until all is taken: nothing else is to be done meanwhile, and the figures are of bodies that fit.
fn write_all(to: &mut TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match to.write(bytes) {
            Ok(length) => bytes = &bytes[length..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::yield_now(),
            Err(_) => return Ok(()),
        }
    }
    Ok(())
}
