//! `gateway demo`: a GitHub webhook travels through the gateway to an EventListener and back, on this machine.
//!
//! The gateway is this same binary as a child process on `conf/haproxy.cfg`. A small listener answers as Tekton's
//! does; the file finds it by its `EVENT_LISTENER` variable, or names an address of this machine for its server.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr as UnixAddr, UnixDatagram};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode};
use std::sync::mpsc;
use std::time::Duration;

use config::model::{BindAddress, Model, ServerAddress, ServerPort};

use crate::args::Args;
use crate::disk::Variables;
use crate::load;
use crate::report::Report;

const CONFIGURATION: &str = "conf/haproxy.cfg";
/// The variable by which a file lets its server be elsewhere.
const VARIABLE: &str = "EVENT_LISTENER";
const METRICS: &str = "127.0.0.1:9101";

/// How long each step may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A push event in GitHub's form.
const EVENT: &str = r#"{"ref":"refs/heads/main","before":"6dcb09b5b57875f334f61aebed695e2e4193db5e","after":"0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c","repository":{"full_name":"example/app","clone_url":"https://github.com/example/app.git"},"pusher":{"name":"octocat"},"head_commit":{"id":"0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c","message":"Say hello"}}"#;

/// The event's HMAC-SHA256 under the secret `demo`, as GitHub signs it.
const SIGNATURE: &str = "sha256=8f9d1abf09c1db24db44c9c0515db144c661867c5c8507224cba457cb815e4d5";

/// What a Tekton EventListener answers.
const ANSWER: &str = r#"{"eventListener":"pipelines-as-code-interceptor","namespace":"openshift-pipelines","eventListenerUID":"8b1c2f5e-0d8a-4a57-9e0b-6f8e7d1c2a3b","eventID":"2d1f6c1e-7f0e-4f6e-8d52-6a7d6b9a4c11"}"#;

/// Shows it, and stays until Ctrl-C.
pub(crate) fn run(args: &Args) -> ExitCode {
    match show(args) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("demo: {error}");
            ExitCode::FAILURE
        }
    }
}

fn show(args: &Args) -> Result<ExitCode, String> {
    let args = with_defaults(args);
    let file = args.files[0].display().to_string();
    let fail = |e: io::Error| format!("cannot listen: {e}");
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(fail)?;
    let offered = socket.local_addr().map_err(fail)?;
    let variables = Variables::new(&args).with(VARIABLE, offered.to_string());
    let loaded = load::load_with(&args, &variables, &Report::new(false));
    let model = loaded.ok_or_else(|| format!("{file} cannot be used"))?.model;
    let front = front_address(&model).ok_or_else(|| format!("{file} has no frontend with a TCP address"))?;
    let socket = match server_address(&model) {
        Some(wanted) if wanted == offered => socket,
        Some(wanted) => TcpListener::bind(wanted).map_err(|e| format!("cannot listen on {wanted}: {e}"))?,
        None => {
            return Err(format!(
                "{file} has no server on this machine; let one be \"${{{VARIABLE}-NAME:8080}}\""
            ));
        }
    };
    let listener = socket.local_addr().map_err(fail)?;
    let received = play_event_listener(socket);
    println!("An EventListener listens on {listener} (played by this command).");

    let mut gateway = start_gateway(&args, listener)?;
    println!("The gateway serves {file} on port {} (process {}).", front.port(), gateway.id());

    let request = push_event(front);
    println!("\nGitHub sends a push event to the gateway:\n{}", indented("> ", &request));
    let answer =
        exchange(front, &request).map_err(|e| format!("the gateway at {front} did not answer: {e}"))?;
    match received.recv_timeout(PATIENCE) {
        Ok(seen) => println!("\nThe EventListener received:\n{}", indented("  ", &seen)),
        Err(_) => println!("\nThe EventListener received nothing."),
    }
    println!("\nGitHub got:\n{}", indented("< ", &answer));
    println!("\nThe gateway stays up. Try:");
    println!("  curl -i http://127.0.0.1:{}/pac/ -d '{{}}'    the EventListener again", front.port());
    println!("  curl -i http://127.0.0.1:{}/else            503: no rule sends it anywhere", front.port());
    println!("  curl -s http://{}/metrics | grep -v '#'", args.metrics.as_deref().unwrap_or(METRICS));
    println!("Ctrl-C ends it.");
    let status = gateway.wait().map_err(|e| e.to_string())?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn with_defaults(args: &Args) -> Args {
    let mut args = args.clone();
    if args.files.is_empty() {
        args.files.push(PathBuf::from(CONFIGURATION));
    }
    args.metrics.get_or_insert_with(|| METRICS.to_owned());
    args
}

/// Where a client on this machine reaches the first frontend.
fn front_address(model: &Model) -> Option<SocketAddr> {
    let binds = model.frontends.iter().flat_map(|frontend| &frontend.binds);
    binds.into_iter().find_map(|bind| match bind.address {
        BindAddress::Tcp(addr) if addr.ip().is_unspecified() => {
            Some((Ipv4Addr::LOCALHOST, addr.port()).into())
        }
        BindAddress::Tcp(addr) => Some(addr),
        _ => None,
    })
}

/// Where the first server on this machine is.
fn server_address(model: &Model) -> Option<SocketAddr> {
    let servers = model.backends.iter().flat_map(|backend| &backend.servers);
    servers.into_iter().find_map(|server| match server.address {
        ServerAddress::Ip { ip, port: ServerPort::Fixed(port) } if ip.is_loopback() => {
            Some((ip, port).into())
        }
        _ => None,
    })
}

/// Answers in the background; each request comes out of the channel as text.
fn play_event_listener(listener: TcpListener) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let sender = sender.clone();
            std::thread::spawn(move || answer_all(&stream, &sender));
        }
    });
    receiver
}

/// Answers every request of a connection; a connection without one, such as a check, is left alone.
fn answer_all(stream: &TcpStream, seen: &mpsc::Sender<String>) {
    let mut reader = BufReader::new(stream);
    while let Ok(message) = read_message(&mut reader) {
        // Nobody reads any more once the first request was shown.
        let _ = seen.send(message);
        let head = "HTTP/1.1 202 Accepted\r\nContent-Type: application/json";
        let answer = format!("{head}\r\nContent-Length: {}\r\n\r\n{ANSWER}", ANSWER.len());
        if (&mut &*stream).write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

/// One message with `Content-Length`, head and body.
fn read_message(reader: &mut impl BufRead) -> io::Result<String> {
    let mut text = String::new();
    let mut length = 0;
    loop {
        let start = text.len();
        if reader.read_line(&mut text)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let line = text[start..].trim_end();
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    reader.take(length).read_to_string(&mut text)?;
    Ok(text)
}

/// This binary once more, as the gateway; it says when it serves.
fn start_gateway(args: &Args, listener: SocketAddr) -> Result<Child, String> {
    let name = format!("gateway-demo-{}", std::process::id());
    let fail = |e: io::Error| format!("cannot start the gateway: {e}");
    let ready =
        UnixAddr::from_abstract_name(&name).and_then(|addr| UnixDatagram::bind_addr(&addr)).map_err(fail)?;
    ready.set_read_timeout(Some(PATIENCE)).map_err(fail)?;
    let mut command = Command::new(std::env::current_exe().map_err(fail)?);
    command.args(["-Ws", "-db", "--metrics", args.metrics.as_deref().unwrap_or(METRICS)]);
    for file in &args.files {
        command.arg("-f").arg(file);
    }
    command.env("NOTIFY_SOCKET", format!("@{name}")).env(VARIABLE, listener.to_string());
    end_with_parent(&mut command);
    let mut child = command.spawn().map_err(fail)?;
    let mut message = [0; 256];
    if ready.recv(&mut message).is_err() {
        let _ = child.kill();
        return Err(format!("the gateway did not start within {PATIENCE:?}"));
    }
    Ok(child)
}

/// The child ends when this process does, however that comes.
fn end_with_parent(command: &mut Command) {
    #[expect(unsafe_code, reason = "only the child can ask the kernel for it, between fork and exec")]
    // SAFETY: `prctl` is a single system call, which is allowed there.
    unsafe {
        command.pre_exec(|| {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGTERM);
            Ok(())
        });
    }
}

fn push_event(host: SocketAddr) -> String {
    let length = EVENT.len();
    format!(
        "POST /pac/ HTTP/1.1\r\nHost: {host}\r\nUser-Agent: GitHub-Hookshot/044aadd\r\nAccept: */*\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\nX-GitHub-Event: push\r\n\
         X-GitHub-Delivery: 72d3162e-cc78-11e3-81ab-4c9367dc0958\r\nX-Hub-Signature-256: {SIGNATURE}\r\n\r\n{EVENT}"
    )
}

fn exchange(addr: SocketAddr, request: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&addr, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(request.as_bytes())?;
    read_message(&mut BufReader::new(stream))
}

fn indented(mark: &str, message: &str) -> String {
    let lines: Vec<String> = message.lines().map(|line| format!("  {mark}{}", shortened(line))).collect();
    lines.join("\n")
}

/// Bodies are long; their beginning tells enough.
fn shortened(line: &str) -> String {
    const SHOWN: usize = 110;
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}… ({} bytes)", &line[..end], line.len()),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_read_to_the_end_of_its_body() {
        let text = "POST / HTTP/1.1\r\ncontent-LENGTH: 3\r\n\r\nabcREST";
        let mut reader = BufReader::new(text.as_bytes());
        assert!(read_message(&mut reader).unwrap().ends_with("\r\n\r\nabc"));
        assert!(read_message(&mut reader).is_err());
    }
}
