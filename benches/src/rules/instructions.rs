//! Instructions of a request, counted by valgrind: the same whatever else the machine does.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use tokio::net::TcpStream;

use crate::callgrind::{CALLGRIND, collected};
use crate::message::Connection;
use crate::subject::{Launch, Subject};

/// Before counting begins, so that pools are filled and what is made when first needed is made.
const WARM_UP: usize = 30;

/// In front of the program, for counting to begin later.
const WAITING: &[&str] = &[CALLGRIND[0], CALLGRIND[1], CALLGRIND[2], "--instr-atstart=no"];

/// Where the rules alone are asked, by the name of the function.
const ALONE: &str = "--toggle-collect=bench::rules::inside::Inside::judge*";
/// How often they are asked: once for what is made when first needed, and then to be counted.
const TIMES: [usize; 2] = [20, 120];

/// Instructions of the rules alone, asked by another process of this program.
pub(crate) fn of_rules(case: &str, file: &Path) -> io::Result<u64> {
    let counted = |times: usize| {
        let log = file.with_extension(format!("{times}.log"));
        let status = Command::new(CALLGRIND[0])
            .args(&CALLGRIND[1..])
            .arg(ALONE)
            .arg(std::env::current_exe()?)
            .args(["inside", case])
            .arg(file)
            .arg(times.to_string())
            .stderr(std::fs::File::create(&log)?)
            .status()?;
        if status.success() { collected(&log) } else { Err(io::Error::other("valgrind failed")) }
    };
    Ok((counted(TIMES[1])? - counted(TIMES[0])?) / (TIMES[1] - TIMES[0]) as u64)
}

/// Whether it is installed.
pub(crate) fn can_be_counted() -> bool {
    Command::new("valgrind")
        .arg("--version")
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Instructions in user space for each of `count` requests, one after the other on one connection, of which these are
/// sent in turn.
pub(crate) async fn of_request(
    subject: &Subject,
    launch: &Launch<'_>,
    requests: &[Vec<u8>],
    count: usize,
) -> io::Result<u64> {
    let running = subject.launch(&Launch { wrapper: WAITING, ..*launch }).await?;
    let mut connection = Connection::new(TcpStream::connect(launch.listen).await?);
    let mut requests = requests.iter().cycle();
    ask(&mut connection, &mut requests, WARM_UP.min(count)).await?;
    switch(running.pid(), "on")?;
    ask(&mut connection, &mut requests, count).await?;
    switch(running.pid(), "off")?;
    drop(connection);
    running.stop().await?;
    collected(&launch.log()).map(|total| total / count as u64)
}

async fn ask(
    connection: &mut Connection<TcpStream>,
    requests: &mut impl Iterator<Item = &Vec<u8>>,
    count: usize,
) -> io::Result<()> {
    for request in requests.take(count) {
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
