//! The threads: Pingora's server with one service of ours for each worker and one for everything in the background.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use pingora::server::configuration::ServerConf;
use pingora::server::{ListenFds, RunArgs, Server, ShutdownSignal, ShutdownSignalWatch, ShutdownWatch};
use pingora::services::Service;

use crate::gateway::Gateway;
use crate::worker::Worker;

/// Work beside the traffic: it starts on the background thread and ends with the process.
pub type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Idle server connections that one worker keeps.
const IDLE_CONNECTIONS: usize = 512;

/// How often expired entries of stick tables are let go.
const SWEEP: std::time::Duration = std::time::Duration::from_secs(1);

/// Serves until `end` is done, on `threads` worker threads.
///
/// When it returns, nothing runs any more: what `end` did not wait for was cut off.
pub fn serve(gateway: &Arc<Gateway>, threads: usize, background: Vec<Task>, end: Task) {
    let conf = ServerConf {
        threads: 1,
        // A worker's tasks stay on its one thread.
        work_stealing: false,
        upstream_keepalive_pool_size: IDLE_CONNECTIONS,
        // How often is tried is decided by `retries` and `option redispatch`.
        max_retries: 1024,
        ..ServerConf::default()
    };
    first_lookups(gateway);
    let mut server = Server::new_with_opt_and_conf(None, conf);
    server.bootstrap();
    for number in 0..threads.max(1) {
        server.add_service(Worker::new(number, gateway.clone()));
    }
    server.add_service(Background { gateway: gateway.clone(), tasks: std::sync::Mutex::new(background) });
    server.run(RunArgs { shutdown_signal: Box::new(End(tokio::sync::Mutex::new(Some(end)))) });
}

/// Names are looked up before the first connection is taken, so that the first request finds its server.
fn first_lookups(gateway: &Gateway) {
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => {
            runtime.block_on(gateway.look_up_names());
            // A lookup that hangs is left to its thread.
            runtime.shutdown_background();
        }
        Err(error) => log::error!("looking up names: {error}"),
    }
}

/// The service of everything that is not traffic: checks, name lookups, the CLI, metrics.
struct Background {
    gateway: Arc<Gateway>,
    tasks: std::sync::Mutex<Vec<Task>>,
}

#[async_trait]
impl Service for Background {
    async fn start_service(&mut self, _fds: Option<ListenFds>, _shutdown: ShutdownWatch, _per_fd: usize) {
        self.gateway.attach_background(tokio::runtime::Handle::current());
        tokio::spawn(sweep(self.gateway.clone()));
        let tasks = std::mem::take(self.tasks.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner));
        let tasks: Vec<_> = tasks.into_iter().map(tokio::spawn).collect();
        for task in tasks {
            if let Err(error) = task.await {
                log::error!("a background task ended: {error}");
            }
        }
        std::future::pending::<()>().await;
    }

    fn name(&self) -> &str {
        "background"
    }

    fn threads(&self) -> Option<usize> {
        Some(1)
    }

    fn listen_addresses(&self) -> Option<Vec<String>> {
        Some(Vec::new())
    }
}

/// Lets go of what has expired in stick tables, again and again.
async fn sweep(gateway: Arc<Gateway>) {
    let mut ticks = tokio::time::interval(SWEEP);
    loop {
        ticks.tick().await;
        gateway.runtime().tables.sweep();
    }
}

/// The end as Pingora waits for it: what there was to wait for has been waited for already.
struct End(tokio::sync::Mutex<Option<Task>>);

#[async_trait]
impl ShutdownSignalWatch for End {
    async fn recv(&self) -> ShutdownSignal {
        if let Some(end) = self.0.lock().await.take() {
            end.await;
        }
        ShutdownSignal::FastShutdown
    }
}
