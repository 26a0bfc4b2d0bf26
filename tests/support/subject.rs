//! The program under test, the gateway or HAProxy, started on a configuration in a directory of its own.
//! Its listening sockets are bound here and inherited as `fd@N`: no port is guessed, and a connection may
//! be made before the subject is ready.

use super::client::Client;
use super::deadline::{PATIENCE, eventually, within};
use super::signal;
use std::ffi::{CStr, CString, c_char};
use std::fmt::Display;
use std::fs::{self, File};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Which program is under test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Gateway,
    Haproxy,
}

/// `SUBJECT=haproxy` tests HAProxy, anything else the gateway.
pub(crate) fn kind() -> Kind {
    match std::env::var("SUBJECT").as_deref() {
        Ok("haproxy") => Kind::Haproxy,
        _ => Kind::Gateway,
    }
}

/// The program's path; none where cargo does not build the gateway and `GATEWAY_BIN` is not set.
pub(crate) fn program(kind: Kind) -> Option<PathBuf> {
    let from_env = |name| std::env::var_os(name).map(PathBuf::from);
    match kind {
        Kind::Haproxy => from_env("HAPROXY_BIN").or_else(|| Some("haproxy".into())),
        Kind::Gateway => {
            from_env("GATEWAY_BIN").or_else(|| option_env!("CARGO_BIN_EXE_gateway").map(PathBuf::from))
        }
    }
}

fn command(kind: Kind) -> Command {
    Command::new(program(kind).expect("looked at before the first case"))
}

/// A directory that is removed when the test is over.
#[derive(Debug)]
pub(crate) struct Dir(PathBuf);

impl Dir {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("it-{}-{n}", std::process::id()));
        fs::create_dir_all(&path).expect("the temporary directory is writable");
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, content).expect("the test's directory is writable");
        path
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What a subject is started with.
#[derive(Debug)]
pub(crate) struct Config {
    text: String,
    vars: Vec<(String, String)>,
    listeners: Vec<(String, OwnedFd)>,
    args: Vec<String>,
    stdout: Option<PathBuf>,
    file: &'static str,
    own_names: bool,
    at_home: bool,
    dir: Dir,
}

impl Config {
    /// A configuration text; `${DIR}` is the subject's directory.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        let dir = Dir::new();
        let vars = vec![("DIR".to_owned(), dir.path().display().to_string())];
        let args = vec!["-db".to_owned()];
        let (text, listeners, file) = (text.into(), Vec::new(), "haproxy.cfg");
        Self { text, vars, listeners, args, stdout: None, file, own_names: false, at_home: false, dir }
    }

    /// An environment variable, for `"${NAME}"` in the text.
    pub(crate) fn var(mut self, name: &str, value: impl Display) -> Self {
        self.vars.push((name.to_owned(), value.to_string()));
        self
    }

    /// A socket that already listens, for `bind "fd@${NAME}"`.
    pub(crate) fn listener(mut self, name: &str, listener: impl Into<OwnedFd>) -> Self {
        let listener = listener.into();
        self.vars.push((name.to_owned(), listener.as_raw_fd().to_string()));
        self.listeners.push((name.to_owned(), listener));
        self
    }

    /// A socket on a free port of 127.0.0.1, for `bind "fd@${NAME}"`.
    pub(crate) fn bind(self, name: &str) -> Self {
        self.listener(name, TcpListener::bind("127.0.0.1:0").expect("a free port"))
    }

    /// A file in the subject's directory.
    pub(crate) fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        self.dir.write(name, content);
        self
    }

    /// Sends standard output elsewhere.
    pub(crate) fn stdout_to(mut self, path: impl Into<PathBuf>) -> Self {
        self.stdout = Some(path.into());
        self
    }

    /// Calls the configuration file differently, for its ending tells its language.
    pub(crate) fn called(mut self, name: &'static str) -> Self {
        self.file = name;
        self
    }

    /// Names are looked up in the file `hosts` in the subject's directory and nowhere else.
    pub(crate) fn hosts(mut self, text: &str) -> Self {
        self.dir.write("resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n");
        self.own_names = true;
        self.file("hosts", text)
    }

    /// The subject works in its directory, so that its files are found by their names alone.
    pub(crate) fn in_its_directory(mut self) -> Self {
        self.at_home = true;
        self
    }

    /// A path in the subject's directory.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The address of the listener that was bound under `name`.
    pub(crate) fn addr(&self, name: &str) -> SocketAddr {
        let found = self.listeners.iter().find(|(known, _)| known == name);
        let (_, listener) = found.unwrap_or_else(|| panic!("no listener {name}"));
        let addr = socket2::SockRef::from(listener).local_addr().expect("a bound socket has an address");
        addr.as_socket().expect("an IP address")
    }

    /// Replaces the arguments, by default `-db`; `-f FILE` is added.
    pub(crate) fn args(mut self, args: &[&str]) -> Self {
        self.args = args.iter().map(|a| (*a).replace("${DIR}", &self.vars[0].1)).collect();
        self
    }

    pub(crate) fn start(self) -> Subject {
        self.start_as(kind())
    }

    pub(crate) fn start_as(self, kind: Kind) -> Subject {
        let file = self.dir.write(self.file, &self.text);
        let mut process = command(kind);
        process.args(&self.args).arg("-f").arg(file).process_group(0).envs(self.vars.clone());
        process.stdin(Stdio::null());
        let elsewhere = |path: &PathBuf| File::options().write(true).open(path).expect("a place for output");
        process.stdout(self.stdout.as_ref().map_or_else(|| log_file(&self.dir, "stdout"), elsewhere));
        process.stderr(log_file(&self.dir, "stderr"));
        let fds = self.listeners.iter().map(|(_, l)| l.as_raw_fd()).collect();
        inherit(&mut process, fds);
        if self.at_home {
            process.current_dir(self.dir.path());
        }
        if self.own_names {
            mount(&mut process, [("hosts", c"/etc/hosts"), ("resolv.conf", c"/etc/resolv.conf")], &self.dir);
        }
        let child = process.spawn().unwrap_or_else(|e| panic!("start {kind:?}: {e}"));
        let address = |l: &OwnedFd| socket2::SockRef::from(l).local_addr().ok()?.as_socket();
        let addrs = self.listeners.iter().filter_map(|(n, l)| Some((n.clone(), address(l)?))).collect();
        Subject { child, addrs, dir: self.dir, kind }
    }
}

fn log_file(dir: &Dir, name: &str) -> File {
    let path = dir.path().join(name);
    File::options().create(true).append(true).open(path).expect("the test's directory is writable")
}

/// Lets the child keep `fds` open; in the parent they stay closed for every other child.
#[expect(unsafe_code, reason = "only the child may lose the flag, so it must happen after the fork")]
fn inherit(command: &mut Command, fds: Vec<RawFd>) {
    let keep = move || {
        for fd in &fds {
            // SAFETY: fcntl(2) on a descriptor that the parent holds open; async-signal-safe.
            if unsafe { libc::fcntl(*fd, libc::F_SETFD, 0) } < 0 {
                return Err(io::Error::last_os_error());
            }
        }
        Ok(())
    };
    // SAFETY: the closure makes one async-signal-safe call and allocates nothing.
    unsafe { command.pre_exec(keep) };
}

/// Lets the child see files of `dir` in the place of the system's, in a mount namespace of its own.
#[expect(unsafe_code, reason = "the namespace must be made between fork and exec")]
fn mount(command: &mut Command, files: [(&str, &'static CStr); 2], dir: &Dir) {
    let path = |name: &str| CString::new(dir.path().join(name).into_os_string().into_encoded_bytes());
    let files = files.map(|(name, over)| (path(name).expect("the path has no NUL"), over));
    let change = move || {
        let done = |result: i32| if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) };
        // SAFETY: geteuid(2) and unshare(2) touch no memory of ours; async-signal-safe.
        let user = if unsafe { libc::geteuid() } == 0 { 0 } else { libc::CLONE_NEWUSER };
        // SAFETY: as above.
        done(unsafe { libc::unshare(libc::CLONE_NEWNS | user) })?;
        let bind = |from: *const c_char, to: *const c_char, flags| {
            // SAFETY: mount(2) reads two strings that end in NUL and outlive the call; async-signal-safe.
            done(unsafe { libc::mount(from, to, std::ptr::null(), flags, std::ptr::null()) })
        };
        bind(c"none".as_ptr(), c"/".as_ptr(), libc::MS_REC | libc::MS_PRIVATE)?;
        files.iter().try_for_each(|(file, over)| bind(file.as_ptr(), over.as_ptr(), libc::MS_BIND))
    };
    // SAFETY: the closure makes async-signal-safe calls only and allocates nothing.
    unsafe { command.pre_exec(change) };
}

/// A running subject; it is killed when dropped.
#[derive(Debug)]
pub(crate) struct Subject {
    child: Child,
    addrs: Vec<(String, SocketAddr)>,
    dir: Dir,
    kind: Kind,
}

impl Subject {
    /// The address of the listener that was bound under `name`.
    pub(crate) fn addr(&self, name: &str) -> SocketAddr {
        let found = self.addrs.iter().find(|(n, _)| n == name);
        found.unwrap_or_else(|| panic!("no listener {name}")).1
    }

    pub(crate) fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).expect("a process id fits")
    }

    pub(crate) fn dir(&self) -> &Dir {
        &self.dir
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A connection with the socket of the CLI, once it is there.
    pub(crate) fn cli(&self, name: &str) -> Client {
        let path = self.path(name);
        eventually("the socket of the CLI", || UnixStream::connect(&path).ok());
        Client::unix(&path)
    }

    pub(crate) fn stderr(&self) -> String {
        fs::read_to_string(self.path("stderr")).unwrap_or_default()
    }

    pub(crate) fn stdout(&self) -> String {
        fs::read_to_string(self.path("stdout")).unwrap_or_default()
    }

    pub(crate) fn signal(&self, number: i32) {
        signal::send(self.pid(), number).expect("the subject is there");
    }

    /// Waits until the master has loaded its configuration `n` times and takes signals. HAProxy's master
    /// executes itself anew after each load, first to load and then to wait, and a signal between the two is
    /// lost or deadly; the gateway has no such moment.
    pub(crate) fn loaded(&self, n: usize) {
        if self.kind == Kind::Haproxy && n > 0 {
            let loaded = || self.stderr().matches("Loading success").count() >= n;
            eventually("the master that takes signals", || (loaded() && self.master_waits()).then_some(()));
        }
    }

    fn master_waits(&self) -> bool {
        let file = |name: &str| fs::read(format!("/proc/{}/{name}", self.pid())).unwrap_or_default();
        let environment = String::from_utf8_lossy(&file("environ")).into_owned();
        let status = String::from_utf8_lossy(&file("status")).into_owned();
        let caught =
            status.lines().find_map(|l| l.strip_prefix("SigCgt:")).unwrap_or_default().trim().to_owned();
        let mask = u64::from_str_radix(&caught, 16).unwrap_or(0);
        environment.contains("HAPROXY_MWORKER_WAIT_ONLY=1") && mask & (1 << (libc::SIGUSR2 - 1)) != 0
    }

    /// Bytes of memory that it has now (`VmRSS`).
    pub(crate) fn resident(&self) -> usize {
        let status = self.file_of_process("status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
        let kilobytes = line.trim().trim_end_matches(" kB").parse::<usize>();
        kilobytes.expect("the kernel says how much memory a process has") * 1024
    }

    /// How long it has used a processor so far, to a hundredth of a second.
    pub(crate) fn processor_time(&self) -> Duration {
        let stat = self.file_of_process("stat");
        let after_name = stat.rsplit(')').next().unwrap_or_default();
        // `utime` and `stime`, fields 14 and 15 of proc_pid_stat(5), in units that are hundredths on Linux
        let ticks =
            after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok());
        Duration::from_millis(10 * ticks.sum::<u64>())
    }

    /// The limit on open files under which it may open `count` more: numbers are given from the lowest that is free.
    pub(crate) fn limit_for(&self, count: usize) -> u64 {
        let entries = fs::read_dir(format!("/proc/{}/fd", self.pid())).expect("the subject is there");
        let open: Vec<u64> = entries.flatten().filter_map(|e| e.file_name().to_str()?.parse().ok()).collect();
        (0..).filter(|number| !open.contains(number)).nth(count).expect("numbers do not end")
    }

    fn file_of_process(&self, name: &str) -> String {
        fs::read_to_string(format!("/proc/{}/{name}", self.pid())).expect("the subject is there")
    }

    /// Replaces the configuration file, for a reload.
    pub(crate) fn rewrite(&self, text: &str) {
        self.dir.write("haproxy.cfg", text);
    }

    pub(crate) fn exited(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("the child is ours")
    }

    /// Whether it has ended, or ends in a moment: its sockets, which it inherited, do not tell.
    pub(crate) fn has_ended(&self) -> bool {
        let stat = || fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap_or_default();
        let dead = || stat().rsplit(") ").next().is_none_or(|rest| rest.starts_with(['Z', 'X']));
        within(Duration::from_secs(1), || dead().then_some(())).is_some()
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        eventually("the subject's end", || self.child.try_wait().expect("the child is ours"))
    }

    /// Whether the subject ends within `limit`.
    pub(crate) fn ends_within(&mut self, limit: Duration) -> Option<ExitStatus> {
        within(limit, || self.child.try_wait().expect("the child is ours"))
    }
}

impl Drop for Subject {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let tail =
                |text: String| text.lines().rev().take(12).map(|l| format!("\n    {l}")).collect::<String>();
            eprintln!("  standard error of {:?}, last line first:{}", self.kind, tail(self.stderr()));
        }
        if self.exited().is_none() {
            let _ = signal::send(-self.pid(), libc::SIGKILL);
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Runs the program to its end and gives exit code, standard output and standard error.
pub(crate) fn run(args: &[&str]) -> (Option<i32>, String, String) {
    run_in(args, &[])
}

/// The same with environment variables.
pub(crate) fn run_in(args: &[&str], vars: &[(&str, &str)]) -> (Option<i32>, String, String) {
    let dir = Dir::new();
    let mut process = command(kind());
    process.args(args).envs(vars.iter().copied()).stdin(Stdio::null());
    process.stdout(log_file(&dir, "stdout")).stderr(log_file(&dir, "stderr"));
    let mut child = process.spawn().expect("the program starts");
    let status = within(PATIENCE, || child.try_wait().expect("the child is ours"));
    let _ = child.kill();
    let _ = child.wait();
    let text = |name| fs::read_to_string(dir.path().join(name)).unwrap_or_default();
    let status = status.unwrap_or_else(|| panic!("{args:?} did not end: {}", text("stderr")));
    (status.code(), text("stdout"), text("stderr"))
}
