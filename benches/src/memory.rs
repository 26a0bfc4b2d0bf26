//! The memory of a process and of all that descend from it, and of connections that wait.

use std::fs;
use std::io;
use std::net::SocketAddr;

use tokio::net::TcpStream;

use crate::cpu;
use crate::message::Connection;

/// KiB that the processes have for themselves, shared pages counted by their share (`/proc/PID/smaps_rollup`).
pub(crate) fn kib(root: u32) -> u64 {
    let of = |pid: u32| {
        let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
        line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()
    };
    cpu::descendants(root).into_iter().filter_map(of).sum()
}

/// Connections that have each been served once and wait for their next request.
pub(crate) async fn idle(
    address: SocketAddr,
    request: &[u8],
    count: usize,
) -> io::Result<Vec<Connection<TcpStream>>> {
    let mut connections = Vec::with_capacity(count);
    for _ in 0..count {
        let mut connection = Connection::new(TcpStream::connect(address).await?);
        connection.send(request).await?;
        match connection.receive().await? {
            Some(answer) if answer.is_success() && !answer.close => connections.push(connection),
            Some(answer) => return Err(io::Error::other(answer.first_line)),
            None => return Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
    Ok(connections)
}
