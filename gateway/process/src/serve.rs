//! The life of a running process between signals: reloads, and the end.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use proxy::Gateway;
use tokio::time::Instant;

use crate::admin_sockets::AdminSockets;
use crate::args::Args;
use crate::daemon::Ready;
use crate::exit::End;
use crate::load;
use crate::notify::{Notifier, STOPPING};
use crate::report::Report;
use crate::signal::{Signals, Wish};

/// How often a stopping process looks whether the last connection is gone.
const DRAIN_STEP: Duration = Duration::from_millis(10);

/// How often, and for how long, a socket is looked at for connections that wait in it before it is closed.
const QUEUE_STEP: Duration = Duration::from_millis(1);
const QUEUE_PATIENCE: Duration = Duration::from_millis(100);

/// How long the last log lines may take to be written.
const FLUSH: Duration = Duration::from_secs(1);

/// All that serving needs.
#[derive(Debug)]
pub(crate) struct Serving {
    pub(crate) args: Args,
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) sockets: AdminSockets,
    pub(crate) notifier: Notifier,
    /// The parent that waits after `-D`.
    pub(crate) ready: Option<Ready>,
}

/// Serves until a signal ends it, and says which end it was.
pub(crate) fn serve(serving: Serving) -> End {
    let Serving { args, gateway, sockets, notifier, ready } = serving;
    let leaving = Arc::new(AtomicBool::new(false));
    let background = sockets.serve(&gateway, leaving.clone());
    let end = Arc::new(OnceLock::new());
    let life = {
        let (gateway, end) = (gateway.clone(), end.clone());
        Box::pin(async move {
            let reached = live(&args, &gateway, &notifier, ready, &leaving).await;
            // Only this task sets it, once.
            let _ = end.set(reached);
        })
    };
    proxy::serve(&gateway, gateway.facts().threads, background, life);
    gateway.sinks.flush(FLUSH);
    end.get().copied().unwrap_or(End::Interrupted)
}

/// Runs on Pingora's main runtime, beside the workers.
async fn live(
    args: &Args,
    gateway: &Gateway,
    notifier: &Notifier,
    ready: Option<Ready>,
    leaving: &AtomicBool,
) -> End {
    let mut signals = match Signals::listen() {
        Ok(signals) => signals,
        Err(error) => {
            log::error!("cannot listen to signals: {error}");
            return End::Interrupted;
        }
    };
    notifier.ready();
    if let Some(ready) = ready {
        ready.tell();
    }
    let wish = loop {
        match signals.next().await {
            Wish::Reload => reload(args, gateway, notifier).await,
            wish => break wish,
        }
    };
    leaving.store(true, Ordering::Release);
    notifier.send(STOPPING);
    match wish {
        Wish::Quit | Wish::Reload => End::Interrupted,
        Wish::Terminate => drain(gateway, &mut signals, End::Terminated).await,
        Wish::Finish => drain(gateway, &mut signals, End::Finished).await,
    }
}

/// Loads the files again and puts them in force, or says why the old ones stay.
async fn reload(args: &Args, gateway: &Gateway, notifier: &Notifier) {
    let report = Report::running(args.is_silent());
    report.notice("Reloading the configuration");
    notifier.reloading();
    let changed = match load::load(args, &report) {
        None => Err(Vec::new()),
        Some(loaded) if !load::listens(&loaded.model) => {
            Err(vec!["No enabled listener found (check for 'bind' directives) !".to_owned()])
        }
        Some(loaded) => gateway.reload(Arc::new(loaded.model)).await,
    };
    match changed {
        Ok(()) => report.notice("Loading success."),
        Err(errors) => {
            errors.iter().for_each(|error| report.alert(error));
            report.warning("Loading failure! The configuration before it stays in force.");
        }
    }
    notifier.ready();
}

/// Closes each socket in a moment when nobody waits in it: the accept loops take what is there, and who comes
/// afterwards must not wait for a process that is leaving.
async fn refuse(gateway: &Gateway) {
    let sockets = gateway.sockets().borrow().clone();
    let end = Instant::now() + QUEUE_PATIENCE;
    tokio::time::sleep(QUEUE_STEP).await;
    for socket in sockets.iter() {
        match socket.acceptor() {
            Ok(acceptor) => {
                while acceptor.waiting() > 0 && Instant::now() < end {
                    tokio::time::sleep(QUEUE_STEP).await;
                }
                acceptor.close();
            }
            Err(error) => log::warn!("cannot close {}: {error}", socket.local_addr()),
        }
    }
}

/// Goes on accepting for `grace`, then lets what is open finish, for `hard-stop-after` at most. Another signal than
/// the same kind of patience ends it at once.
async fn drain(gateway: &Gateway, signals: &mut Signals, end: End) -> End {
    let global = &gateway.runtime().model.global;
    let hard_stop = global.hard_stop_after.map(|limit| Instant::now() + limit);
    let finished = async {
        tokio::time::sleep(global.grace.unwrap_or_default()).await;
        gateway.stop_accepting();
        refuse(gateway).await;
        while gateway.connections() > 0 {
            tokio::time::sleep(DRAIN_STEP).await;
        }
        end
    };
    let cut = async {
        loop {
            match signals.next().await {
                Wish::Quit => return End::Interrupted,
                Wish::Terminate => return End::Terminated,
                Wish::Finish | Wish::Reload => {}
            }
        }
    };
    let late = async {
        match hard_stop {
            Some(at) => tokio::time::sleep_until(at).await,
            None => std::future::pending().await,
        }
        log::warn!("soft-stop running for too long, performing a hard-stop.");
        end
    };
    tokio::select! { end = finished => end, end = cut => end, end = late => end }
}
