//! The load generator: so many clients, each asking again as soon as it is answered, or at a steady pace.

mod client;
mod http2;
mod pace;
mod tally;
mod websocket;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use tokio::task::JoinSet;

use crate::work::Work;
use client::Client;
pub(crate) use pace::Pace;
pub(crate) use tally::Tally;

/// What the clients do.
#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) address: SocketAddr,
    pub(crate) work: Work,
    /// The bytes of one request.
    pub(crate) request: Arc<[u8]>,
    /// Requests that are sent in turn instead.
    pub(crate) others: Arc<[Vec<u8>]>,
    pub(crate) tls: Option<Arc<rustls::ClientConfig>>,
    /// A client to which connecting is refused goes home: it would find another instance in a cluster.
    pub(crate) until_refused: bool,
    /// Requests a second by all clients together; `None` is as fast as they are answered.
    pub(crate) rate: Option<u32>,
}

impl Plan {
    /// A work's traffic, as fast as it is answered.
    pub(crate) fn new(address: SocketAddr, work: Work, tls: Option<Arc<rustls::ClientConfig>>) -> Self {
        let (request, others) = (work.request().into(), Arc::default());
        Self { address, work, request, others, tls, until_refused: false, rate: None }
    }
}

/// Running clients.
pub(crate) struct Load {
    pub(crate) tally: Arc<Tally>,
    stopping: Arc<AtomicBool>,
    clients: JoinSet<()>,
}

impl Load {
    pub(crate) fn start(plan: &Plan) -> Self {
        let (tally, stopping) = (Arc::<Tally>::default(), Arc::<AtomicBool>::default());
        let mut clients = JoinSet::new();
        for index in 0..plan.work.clients {
            let pace = plan.rate.map(|rate| Pace::new(rate, plan.work.clients, index));
            let client = Client::new(plan.clone(), Arc::clone(&tally), Arc::clone(&stopping), pace);
            clients.spawn(client.run());
        }
        Self { tally, stopping, clients }
    }

    /// Waits until every client has gone home by itself.
    pub(crate) async fn finished(&mut self) {
        while self.clients.join_next().await.is_some() {}
    }

    /// Lets the requests under way finish.
    pub(crate) async fn stop(&mut self) {
        self.stopping.store(true, Relaxed);
        self.finished().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin;
    use crate::work::{Speech, WORKS};
    use tokio::net::TcpListener;

    async fn origin() -> (SocketAddr, Arc<origin::Tally>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, arrived) = (listener.local_addr().unwrap(), Arc::<origin::Tally>::default());
        tokio::spawn(origin::serve(listener, Arc::clone(&arrived)));
        (address, arrived)
    }

    async fn answered(plan: &Plan, count: u64) -> Load {
        let mut load = Load::start(plan);
        while load.tally.answered() < count && load.tally.failed() == 0 {
            tokio::task::yield_now().await;
        }
        load.stop().await;
        load
    }

    #[tokio::test]
    async fn kept_and_new_connections_are_told_apart_at_the_origin() {
        for (keep_alive, connections) in [(true, 2), (false, 3)] {
            let (address, arrived) = origin().await;
            let work = Work { clients: 2, keep_alive, ..WORKS[0] };
            let load = answered(&Plan::new(address, work, None), 20).await;
            assert_eq!(load.tally.failed(), 0, "{}", load.tally.summary());
            assert_eq!(arrived.requests.load(Relaxed), load.tally.answered());
            let seen = arrived.connections.load(Relaxed);
            assert!(if keep_alive { seen == connections } else { seen >= 20 }, "{seen} connections");
        }
    }

    #[tokio::test]
    async fn long_answers_and_echoes_are_read_whole() {
        let long = Work { clients: 1, answer: 1 << 20, ..WORKS[0] };
        let echo = Work { clients: 1, speech: Speech::WebSocket, body: 64, ..WORKS[0] };
        for work in [long, echo] {
            let (address, _) = origin().await;
            let load = answered(&Plan::new(address, work, None), 5).await;
            assert_eq!(load.tally.failed(), 0, "{}", load.tally.summary());
        }
    }

    #[tokio::test]
    async fn a_pace_is_kept_and_its_times_are_told() {
        let (address, _) = origin().await;
        let work = Work { clients: 4, ..WORKS[0] };
        let load = answered(&Plan { rate: Some(400), ..Plan::new(address, work, None) }, 20).await;
        assert!(
            load.tally.percentile(50).is_some() && load.tally.percentile(99) >= load.tally.percentile(50)
        );
    }

    #[tokio::test]
    async fn clients_that_are_refused_go_home_when_told_to() {
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let work = Work { clients: 3, keep_alive: false, ..WORKS[0] };
        let mut load = Load::start(&Plan { until_refused: true, ..Plan::new(closed, work, None) });
        load.finished().await;
        assert_eq!(load.tally.summary(), "0 answered, 0 failed, 0 asked again, 3 refused");
    }
}
