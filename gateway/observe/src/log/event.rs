//! The log lines of state changes, worded as HAProxy words them, for alerts are built on these texts. Each
//! function gives the level that HAProxy sends its line with, and the line.

use std::fmt::Write as _;

use super::Level;

/// What a health check found, for the middle of a line.
#[derive(Clone, Copy, Debug, Default)]
pub struct CheckResult<'a> {
    /// `Layer4 connection problem`, `Layer7 check passed`, ….
    pub description: &'a str,
    /// The status code of the answer.
    pub code: Option<u16>,
    /// `Connection refused`, ….
    pub info: Option<&'a str>,
    /// How long it took, in milliseconds; `None` if that is not known.
    pub duration: Option<u64>,
}

/// What changed a server's state.
#[derive(Clone, Copy, Debug)]
pub enum Cause<'a> {
    /// A health check.
    Check(CheckResult<'a>),
    /// A health check that has a line of its own (`option log-health-checks`), so the change does not say why.
    Told,
    /// The server named, which this one tracks.
    Via(&'a str),
    /// A command of the CLI.
    Cli,
    /// Something else, worded by the caller: `reason: …`.
    Other(&'a str),
}

/// What is left of a backend after the change.
#[derive(Clone, Copy, Debug, Default)]
pub struct Left {
    /// Active servers that are up.
    pub active: usize,
    /// Backup servers that are up.
    pub backup: usize,
    /// Traffic goes to the backups.
    pub on_backup: bool,
    /// Sessions of the server at this moment.
    pub sessions: u64,
    /// Requests that were given back to the backend's queue.
    pub requeued: u64,
    /// Requests in the backend's queue.
    pub queued: u64,
}

/// `Server be/s1 is DOWN, reason: …`.
pub fn server_down(
    backend: &str,
    server: &str,
    is_backup: bool,
    cause: Cause<'_>,
    left: Left,
) -> (Level, String) {
    let mut line = named(backend, server, is_backup);
    line.push_str(" is DOWN");
    push_cause(&mut line, cause);
    push_left(&mut line, left);
    (Level::Alert, line)
}

/// `Server be/s1 is UP, reason: …`.
pub fn server_up(
    backend: &str,
    server: &str,
    is_backup: bool,
    cause: Cause<'_>,
    left: Left,
) -> (Level, String) {
    let mut line = named(backend, server, is_backup);
    line.push_str(" is UP");
    push_cause(&mut line, cause);
    push_online(&mut line, left);
    (Level::Notice, line)
}

/// `Server be/s1 is going DOWN for maintenance`; why, if it is not for a command (`No IP for server `).
pub fn server_maintenance(
    backend: &str,
    server: &str,
    is_backup: bool,
    why: Option<&str>,
    left: Left,
) -> (Level, String) {
    let mut line = named(backend, server, is_backup);
    line.push_str(" is going DOWN for maintenance");
    push_why(&mut line, why);
    push_left(&mut line, left);
    (Level::Alert, line)
}

/// `Server be/s1 was DOWN and now enters maintenance.`
pub fn server_down_to_maintenance(
    backend: &str,
    server: &str,
    is_backup: bool,
    why: Option<&str>,
) -> (Level, String) {
    let mut line = named(backend, server, is_backup);
    line.push_str(" was DOWN and now enters maintenance");
    push_why(&mut line, why);
    line.push('.');
    (Level::Notice, line)
}

/// `Server be/s1 is UP/READY (leaving forced maintenance).`
pub fn server_ready(backend: &str, server: &str, is_backup: bool) -> (Level, String) {
    let mut line = named(backend, server, is_backup);
    line.push_str(" is UP/READY (leaving forced maintenance).");
    (Level::Notice, line)
}

/// `Server be/s1 enters drain state`.
pub fn server_drain(backend: &str, server: &str, is_backup: bool, left: Left) -> (Level, String) {
    let mut line = named(backend, server, is_backup);
    line.push_str(" enters drain state");
    push_left(&mut line, left);
    (Level::Notice, line)
}

/// `Server be/s1 is UP (leaving forced drain).`
pub fn server_undrained(backend: &str, server: &str, is_backup: bool, up: bool) -> (Level, String) {
    let mut line = named(backend, server, is_backup);
    line.push_str(if up { " is UP" } else { " is DOWN" });
    line.push_str(" (leaving forced drain).");
    (Level::Notice, line)
}

/// `option log-health-checks`: `Health check for server be/s1 failed, reason: …, status: 2/3 UP.`
pub fn health_check(
    backend: &str,
    server: &str,
    is_backup: bool,
    result: CheckResult<'_>,
    outcome: HealthOutcome,
) -> (Level, String) {
    let mut line =
        format!("Health check for {}server {backend}/{server} ", if is_backup { "backup " } else { "" });
    line.push_str(if outcome.passed { "succeeded" } else { "failed" });
    push_cause(&mut line, Cause::Check(result));
    let (health, of, up) = (outcome.health, outcome.of, if outcome.up { "UP" } else { "DOWN" });
    let _ = write!(line, ", status: {health}/{of} {up}.");
    (Level::Notice, line)
}

/// What a single health check leaves behind.
#[derive(Clone, Copy, Debug)]
pub struct HealthOutcome {
    /// It passed.
    pub passed: bool,
    /// The server is up after it.
    pub up: bool,
    /// How far the server is from the other state.
    pub health: u32,
    /// What that counts to: `fall` of one that is up, `rise` of one that is down.
    pub of: u32,
}

/// `backend be has no server available!`
pub fn backend_down(backend: &str) -> (Level, String) {
    (Level::Emerg, format!("backend {backend} has no server available!"))
}

/// `Proxy fe started.`
pub fn proxy_started(proxy: &str) -> (Level, String) {
    (Level::Notice, format!("Proxy {proxy} started."))
}

/// `Proxy fe stopped (cumulated conns: FE: 1, BE: 0).`
pub fn proxy_stopped(proxy: &str, frontend: u64, backend: u64) -> (Level, String) {
    (Level::Warning, format!("Proxy {proxy} stopped (cumulated conns: FE: {frontend}, BE: {backend})."))
}

/// `Paused frontend fe.`
pub fn frontend_paused(frontend: &str) -> (Level, String) {
    (Level::Warning, format!("Paused frontend {frontend}."))
}

/// `Resumed frontend fe.`
pub fn frontend_resumed(frontend: &str) -> (Level, String) {
    (Level::Warning, format!("Resumed frontend {frontend}."))
}

fn named(backend: &str, server: &str, is_backup: bool) -> String {
    format!("{}Server {backend}/{server}", if is_backup { "Backup " } else { "" })
}

fn push_cause(line: &mut String, cause: Cause<'_>) {
    match cause {
        Cause::Told => {}
        Cause::Via(tracked) => {
            let _ = write!(line, " via {tracked}");
        }
        Cause::Cli => line.push_str(", changed from CLI"),
        Cause::Other(words) => {
            line.push_str(", ");
            line.push_str(words);
        }
        Cause::Check(result) => {
            line.push_str(", reason: ");
            line.push_str(result.description);
            if let Some(code) = result.code {
                let _ = write!(line, ", code: {code}");
            }
            if let Some(info) = result.info.filter(|info| !info.is_empty()) {
                let _ = write!(line, ", info: \"{info}\"");
            }
            if let Some(duration) = result.duration {
                let _ = write!(line, ", check duration: {duration}ms");
            }
        }
    }
}

fn push_why(line: &mut String, why: Option<&str>) {
    if let Some(why) = why {
        let _ = write!(line, " ({why})");
    }
}

fn push_left(line: &mut String, left: Left) {
    let Left { active, backup, sessions, requeued, queued, .. } = left;
    let _ = write!(line, ". {active} active and {backup} backup servers left.");
    push_on_backup(line, left);
    let _ = write!(line, " {sessions} sessions active, {requeued} requeued, {queued} remaining in queue.");
}

fn push_online(line: &mut String, left: Left) {
    let Left { active, backup, requeued, queued, .. } = left;
    let _ = write!(line, ". {active} active and {backup} backup servers online.");
    push_on_backup(line, left);
    let _ = write!(line, " {requeued} sessions requeued, {queued} total in queue.");
}

fn push_on_backup(line: &mut String, left: Left) {
    if left.on_backup {
        line.push_str(" Running on backup.");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // every expected text is a line that HAProxy 2.6.12 wrote

    const REFUSED: Cause<'static> = Cause::Check(CheckResult {
        description: "Layer4 connection problem",
        code: None,
        info: Some("Connection refused"),
        duration: Some(0),
    });

    #[test]
    fn a_server_that_goes_down_says_why_and_what_is_left() {
        let left = Left { backup: 1, on_backup: true, ..Left::default() };
        assert_eq!(
            server_down("be", "s1", false, REFUSED, left),
            (
                Level::Alert,
                "Server be/s1 is DOWN, reason: Layer4 connection problem, info: \"Connection refused\", check \
                 duration: 0ms. 0 active and 1 backup servers left. Running on backup. 0 sessions active, 0 requeued, \
                 0 remaining in queue."
                    .into()
            )
        );
        assert!(server_down("be", "s2", true, Cause::Cli, Left::default()).1.starts_with(
            "Backup Server be/s2 is DOWN, changed from CLI. 0 active and 0 backup servers left. 0 s"
        ));
    }

    #[test]
    fn a_check_that_has_its_own_line_is_not_told_twice() {
        let result = CheckResult {
            description: "Layer7 wrong status",
            code: Some(200),
            info: Some("OK"),
            duration: Some(0),
        };
        let outcome = HealthOutcome { passed: false, up: false, health: 0, of: 2 };
        assert_eq!(
            health_check("be404", "s1", false, result, outcome),
            (
                Level::Notice,
                "Health check for server be404/s1 failed, reason: Layer7 wrong status, code: 200, info: \"OK\", check \
                 duration: 0ms, status: 0/2 DOWN."
                    .into()
            )
        );
        let passed = CheckResult {
            description: "Layer7 check passed",
            code: Some(200),
            info: None,
            duration: Some(1),
        };
        let outcome = HealthOutcome { passed: true, up: true, health: 1, of: 1 };
        assert_eq!(
            health_check("be", "s2", true, passed, outcome).1,
            "Health check for backup server be/s2 succeeded, reason: Layer7 check passed, code: 200, check duration: \
             1ms, status: 1/1 UP."
        );
        assert_eq!(
            server_down("be404", "s1", false, Cause::Told, Left::default()).1,
            "Server be404/s1 is DOWN. 0 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining \
             in queue."
        );
        let left = Left { active: 2, ..Left::default() };
        assert_eq!(
            server_up("bn", "s3", false, Cause::Via("be/s1"), left).1,
            "Server bn/s3 is UP via be/s1. 2 active and 0 backup servers online. 0 sessions requeued, 0 total in queue."
        );
    }

    #[test]
    fn a_server_that_comes_up_says_so() {
        let passed = CheckResult {
            description: "Layer7 check passed",
            code: Some(200),
            info: None,
            duration: Some(0),
        };
        assert_eq!(
            server_up("be", "s1", false, Cause::Check(passed), Left { active: 1, ..Left::default() }),
            (
                Level::Notice,
                "Server be/s1 is UP, reason: Layer7 check passed, code: 200, check duration: 0ms. 1 active and 0 \
                 backup servers online. 0 sessions requeued, 0 total in queue."
                    .into()
            )
        );
    }

    #[test]
    fn maintenance_and_drain_have_their_own_lines() {
        let nothing = Left::default();
        let lines = [
            server_down_to_maintenance("be", "s1", false, None).1,
            server_ready("be", "s1", false).1,
            server_maintenance("be", "s1", false, None, nothing).1,
            server_drain("be", "s2", true, nothing).1,
            server_undrained("be", "s2", true, false).1,
        ];
        let tail = "0 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.";
        assert_eq!(lines[0], "Server be/s1 was DOWN and now enters maintenance.");
        assert_eq!(lines[1], "Server be/s1 is UP/READY (leaving forced maintenance).");
        assert_eq!(lines[2], format!("Server be/s1 is going DOWN for maintenance. {tail}"));
        assert_eq!(lines[3], format!("Backup Server be/s2 enters drain state. {tail}"));
        assert_eq!(lines[4], "Backup Server be/s2 is DOWN (leaving forced drain).");
    }

    #[test]
    fn proxies_have_lines() {
        assert_eq!(backend_down("be"), (Level::Emerg, "backend be has no server available!".into()));
        let stopped = "Proxy fd stopped (cumulated conns: FE: 1, BE: 0).";
        assert_eq!(proxy_stopped("fd", 1, 0), (Level::Warning, stopped.into()));
        assert_eq!(frontend_paused("fd"), (Level::Warning, "Paused frontend fd.".into()));
    }
}
