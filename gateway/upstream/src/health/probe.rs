//! A probe as pingora-load-balancing's `HealthCheck`, and the way back from its answer to ours.
//!
//! The trait says only whether a check failed, HAProxy's log and statistics say why, and with which status it passed.
//! So a failure travels as the framework's error (our verdict's name and the status as its custom code, what more
//! there is to say as its context), and the status of a success in the extension that the framework's `Backend`
//! carries for its user. When to check, and what a result does, is ours (`background`, `fsm`): the framework has one
//! interval for all and no state between up and down.

use std::io;
use std::sync::atomic::{AtomicU16, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use config::model::{Check, CheckKind};
use pingora_error::{BError, Error, ErrorType};
use pingora_load_balancing::Backend as Target;
use pingora_load_balancing::health_check::HealthCheck;

use super::http::HttpProbe;
use super::scene::Names;
use super::script::Script;
use super::tcp::TcpProbe;
use super::{Outcome, Verdict};
use crate::address::Address;
use crate::events::World;

/// How long a check may take (configuration.txt, `timeout check` and `inter`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    /// For the connection.
    pub(super) connect: Duration,
    /// From the start to the end of the answer.
    pub(super) answer: Duration,
}

impl Limits {
    /// Without `timeout check`, `inter` bounds the whole. With it the connection has min(`timeout connect`, `inter`),
    /// and the answer as long as the longer of both timeouts from the start: HAProxy never shortens the first.
    fn of(check: &Check, connect: Option<Duration>, answer: Option<Duration>) -> Self {
        let inter = check.inter.max(Duration::from_millis(1));
        match answer {
            None => Self { connect: inter, answer: inter },
            Some(answer) => {
                let connect = connect.map_or(inter, |connect| connect.min(inter));
                Self { connect, answer: answer.max(connect) }
            }
        }
    }
}

/// What a probe has seen of a server that is well, where the framework's trait has no place for it.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen(Arc<Sight>);

#[derive(Debug, Default)]
struct Sight {
    status: AtomicU16,
    /// What is reported in place of the usual.
    told: OnceLock<(Verdict, String)>,
}

impl Seen {
    /// Notes it, if whoever checks wants to know.
    pub(super) fn note(target: &Target, status: u16) {
        if let Some(seen) = target.ext.get::<Self>() {
            seen.0.status.store(status, Relaxed);
        }
    }

    /// Notes what is to be reported.
    pub(super) fn tell(target: &Target, verdict: Verdict, info: String) {
        if let Some(seen) = target.ext.get::<Self>() {
            // once in a check, at its end
            let _first = seen.0.told.set((verdict, info));
        }
    }

    fn status(&self) -> Option<u16> {
        Some(self.0.status.load(Relaxed)).filter(|status| *status > 0)
    }
}

/// What one server is asked.
pub(crate) struct Probe {
    check: Box<dyn HealthCheck + Send + Sync>,
    success: Verdict,
}

impl Probe {
    /// The probe of this `check`; the timeouts are the backend's.
    pub(crate) fn of(
        check: &Check,
        (connect, answer): (Option<Duration>, Option<Duration>),
        names: Names,
    ) -> Self {
        let limits = Limits::of(check, connect, answer);
        let thresholds = (check.rise, check.fall);
        match &check.kind {
            // what nothing here speaks is refused while loading
            CheckKind::Tcp
            | CheckKind::TcpSteps(_)
            | CheckKind::Mysql { .. }
            | CheckKind::Pgsql { .. }
            | CheckKind::Redis
            | CheckKind::Ldap
            | CheckKind::Smtp { .. }
            | CheckKind::SslHello
            | CheckKind::Spop
            | CheckKind::External => {
                Self { check: Box::new(TcpProbe::new(limits, thresholds)), success: Verdict::L4Ok }
            }
            CheckKind::HttpSteps(steps) => {
                let script = Script::new(steps, names, limits, thresholds);
                Self { check: Box::new(script), success: Verdict::L7Ok }
            }
            kind @ CheckKind::Http { .. } => {
                Self { check: Box::new(HttpProbe::new(kind, limits, thresholds)), success: Verdict::L7Ok }
            }
        }
    }

    /// Asks the server at this address; expressions may ask the world.
    pub(crate) async fn ask(&self, address: Option<&Address>, world: Option<Arc<dyn World>>) -> Outcome {
        let begun = Instant::now();
        let seen = Seen::default();
        let result = match address.map(|address| target(address, &seen)) {
            None => Err(failure(Verdict::SocketError, None, "no address")),
            Some(Err(error)) => Err(socket_error(&error)),
            Some(Ok(mut target)) => {
                world.map(|world| target.ext.insert(world));
                self.check.check(&target).await
            }
        };
        let duration = begun.elapsed();
        match result {
            Ok(()) => {
                let (verdict, info) = seen.0.told.get().cloned().unwrap_or((self.success, String::new()));
                Outcome { verdict, code: seen.status(), info, duration }
            }
            Err(error) => outcome(&error, duration),
        }
    }
}

/// The framework's spelling of an address.
fn target(address: &Address, seen: &Seen) -> io::Result<Target> {
    let addr = match address {
        Address::Ip(addr) => (*addr).into(),
        Address::Unix(path) => std::os::unix::net::SocketAddr::from_pathname(&**path)?.into(),
    };
    let mut target = Target { addr, weight: 1, ext: Default::default() };
    target.ext.insert(seen.clone());
    Ok(target)
}

/// A failed check, as the framework's error.
pub(super) fn failure(verdict: Verdict, status: Option<u16>, info: impl Into<String>) -> BError {
    Error::explain(ErrorType::CustomCode(verdict.name(), status.unwrap_or(0)), info.into())
}

/// What no socket can be had for.
pub(super) fn socket_error(error: &io::Error) -> BError {
    failure(Verdict::SocketError, None, format!("General socket error ({})", reason(error)))
}

/// The system's words for an error, without the number that Rust adds.
pub(super) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

fn outcome(error: &Error, duration: Duration) -> Outcome {
    let info = error.context.as_ref().map(|context| context.as_str().to_owned()).unwrap_or_default();
    let (verdict, code) = match error.etype() {
        ErrorType::CustomCode(name, code) => (Verdict::named(name), Some(*code).filter(|code| *code > 0)),
        _ => (None, None),
    };
    Outcome { verdict: verdict.unwrap_or(Verdict::SocketError), code, info, duration }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(inter: u64) -> Check {
        Check {
            inter: Duration::from_millis(inter),
            fastinter: None,
            downinter: None,
            rise: 2,
            fall: 3,
            port: None,
            addr: None,
            spread: 0,
            kind: CheckKind::Tcp,
        }
    }

    fn limits(inter: u64, connect: Option<u64>, answer: Option<u64>) -> (u128, u128) {
        let limits =
            Limits::of(&check(inter), connect.map(Duration::from_millis), answer.map(Duration::from_millis));
        (limits.connect.as_millis(), limits.answer.as_millis())
    }

    #[test]
    fn without_timeout_check_inter_bounds_everything() {
        assert_eq!(limits(1000, Some(200), None), (1000, 1000));
    }

    #[test]
    fn with_timeout_check_the_connection_has_the_shorter_of_connect_and_inter() {
        assert_eq!(limits(1000, Some(200), Some(300)), (200, 300));
        assert_eq!(limits(1000, None, Some(1500)), (1000, 1500));
    }

    #[test]
    fn a_verdict_survives_the_frameworks_error() {
        let error = failure(Verdict::L7Status, Some(503), "Oops");
        let found = outcome(&error, Duration::ZERO);
        assert_eq!((found.verdict, found.code, found.info.as_str()), (Verdict::L7Status, Some(503), "Oops"));
    }

    #[test]
    fn the_systems_words_carry_no_number() {
        assert_eq!(reason(&io::Error::from_raw_os_error(111)), "Connection refused");
    }
}
