//! Instructions of a request, counted by valgrind: the same whatever else the machine does.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use tokio::net::TcpStream;

use crate::message::Connection;
use crate::subject::{Launch, Subject};

/// Before counting begins, so that pools are filled and what is made when first needed is made.
const WARM_UP: usize = 30;

/// In front of the program.
const VALGRIND: &[&str] =
    &["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--instr-atstart=no"];

/// Whether it is installed.
pub(crate) fn can_be_counted() -> bool {
    Command::new("valgrind")
        .arg("--version")
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Instructions in user space for each of `count` requests, one after the other on one connection.
pub(crate) async fn of_request(
    subject: &Subject,
    launch: &Launch<'_>,
    request: &[u8],
    count: usize,
) -> io::Result<u64> {
    let running = subject.launch(&Launch { wrapper: VALGRIND, ..*launch }).await?;
    let mut connection = Connection::new(TcpStream::connect(launch.listen).await?);
    ask(&mut connection, request, WARM_UP.min(count)).await?;
    switch(running.pid(), "on")?;
    ask(&mut connection, request, count).await?;
    switch(running.pid(), "off")?;
    drop(connection);
    running.stop().await?;
    collected(&launch.log()).map(|total| total / count as u64)
}

async fn ask(connection: &mut Connection<TcpStream>, request: &[u8], count: usize) -> io::Result<()> {
    for _ in 0..count {
        connection.send(request).await?;
        match connection.receive().await? {
            Some(answer) if answer.is_success() && !answer.close => {}
            Some(answer) => return Err(io::Error::other(answer.first_line)),
            None => return Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
    Ok(())
}

fn switch(pid: u32, to: &str) -> io::Result<()> {
    let mut command = Command::new("callgrind_control");
    let status = command.args(["-i", to]).arg(pid.to_string()).stdout(Stdio::null()).status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other("callgrind_control failed")) }
}

/// `==7== Collected : 123`, which it says at its end.
fn collected(log: &Path) -> io::Result<u64> {
    let text = std::fs::read_to_string(log)?;
    let said = text.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok());
    said.ok_or_else(|| io::Error::other(format!("{} does not say how many it counted", log.display())))
}
