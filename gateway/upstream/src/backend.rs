//! A backend at run time: its servers, the choice among them, and the queue before them.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::{BuildHasher, Hasher};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use arc_swap::ArcSwap;
use config::model::{self, Balance, Timeouts};
use observe::BackendCounters;
use parking_lot::Mutex;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use crate::balance::{Algorithm, Choice, Farm, Wish, algorithm};
use crate::queue::{Priority, Queue, Rank, Room, Ticket, Turn};
use crate::retry::{Attempt, Next, RetryOn, RetryPolicy};
use crate::server::{Admin, Server};
use crate::slot::{Claim, Slot, Waited};

/// A backend at run time.
pub struct Backend {
    /// Its name.
    pub name: Arc<str>,
    /// Its `id`.
    pub id: u32,
    /// What is counted about it; the next configuration's backend of the same name goes on counting.
    ///
    /// The queue, the choices and the availability are counted here; the proxy counts the rest, sessions and
    /// requests among it.
    pub counters: Arc<BackendCounters>,
    /// Its servers, in the order of the configuration.
    pub servers: Box<[Arc<Server>]>,
    /// What is tried again.
    pub retry_on: RetryOn,
    all_backups: bool,
    timeouts: Timeouts,
    log_checks: bool,
    retry: RetryPolicy,
    algorithm: Box<dyn Algorithm>,
    farm: ArcSwap<Farm>,
    refreshing: Mutex<()>,
    /// Only where a server has a `maxconn`: without, nobody ever waits and nothing is locked.
    queue: Option<Mutex<Queue<Waker>>>,
    /// When it was built: the queue's clock begins here.
    begun: Instant,
    /// Counts the turns of `leastconn`, which prefers who was left alone longest.
    turns: Option<AtomicU64>,
}

/// How who waits is told.
type Waker = oneshot::Sender<Grant>;

/// What who waits is told.
#[derive(Debug)]
enum Grant {
    /// Here is your slot.
    Turn {
        /// The slot.
        claim: Claim,
        /// The turns given since you came, this one included.
        position: u32,
    },
    /// The server you wait for is gone: ask again.
    Again,
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ask<'a> {
    /// The client's address, for `balance source`.
    pub client: Option<IpAddr>,
    /// Where the client came to, for servers without a port or an address of their own.
    pub came: Option<SocketAddr>,
    /// What it wants of the choice.
    pub prefer: Prefer<'a>,
    /// Where it stands, should it have to wait.
    pub priority: Priority,
}

/// What a request wants of the choice.
#[derive(Clone, Copy, Debug, Default)]
pub enum Prefer<'a> {
    /// What the algorithm says.
    #[default]
    Any,
    /// This server, as long as it takes its own: persistence, or a retry after a pause.
    Server(&'a Server),
    /// This server, even if it is down (`option persist`, `force-persist`).
    Down(&'a Server),
    /// Another than this one, if there is another: a redispatch.
    NotServer(&'a Server),
}

/// Why there is no server.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Unavailable {
    /// None is usable: 503 with the flags `SC`.
    #[error("no server is available")]
    NoServer,
    /// `timeout queue` ran out: 503 with the flags `sQ`.
    #[error("no server had a free slot in time")]
    QueueTimeout {
        /// The server that was waited for, unless any would have done.
        server: Option<Arc<Server>>,
        /// How long.
        waited: Waited,
    },
    /// Whoever asked left the queue: no answer, and the flags `CQ`.
    #[error("left the queue")]
    Left {
        /// The server that was waited for, unless any would have done.
        server: Option<Arc<Server>>,
        /// How long.
        waited: Waited,
    },
    /// The server's own queue takes nobody more (`maxqueue`), and no other server will do: 503 with the flags `SQ`.
    #[error("the server's queue is full")]
    QueueFull {
        /// The server.
        server: Arc<Server>,
    },
}

/// What came of the first look.
enum Placed {
    Claimed(Claim),
    Waiting(Waiting),
    Full(usize),
    Nobody,
}

impl Backend {
    /// The running backend of this section; what `previous`, its predecessor of the same name, knows is kept:
    /// counters always, health and resolved addresses where the server's address is the same.
    pub fn build(model: &model::Backend, previous: Option<&Self>) -> Arc<Self> {
        let servers = build_servers(model, previous);
        let algorithm = algorithm(&model.balance, RandomState::new().build_hasher().finish());
        let limited = model.servers.iter().any(|server| server.maxconn.is_some_and(|limit| limit > 0));
        let limits = model.servers.iter().map(|server| (server.maxconn, server.maxqueue));
        let backend = Self {
            name: model.name.as_str().into(),
            id: model.id,
            counters: previous.map(|old| Arc::clone(&old.counters)).unwrap_or_default(),
            all_backups: model.all_backups,
            timeouts: model.timeouts,
            log_checks: model.options.log_health_checks,
            retry_on: RetryOn::of(model),
            retry: RetryPolicy::of(model),
            farm: ArcSwap::from_pointee(Farm::default()),
            refreshing: Mutex::new(()),
            queue: limited.then(|| Mutex::new(Queue::new(limits))),
            begun: Instant::now(),
            turns: (model.balance == Balance::LeastConn).then(|| AtomicU64::new(1)),
            servers,
            algorithm,
        };
        if previous.is_none() && !backend.servers.iter().any(|server| server.usable() && server.weight() > 0)
        {
            backend.counters.availability.starts_down();
        }
        let backend = Arc::new(backend);
        backend.refresh();
        backend
    }

    /// A server for this request, waiting for a slot as long as `timeout queue` allows.
    ///
    /// Dropping the future gives up the place in the queue.
    pub async fn select(self: &Arc<Self>, ask: &Ask<'_>) -> Result<Slot, Unavailable> {
        self.select_until(ask, std::future::pending()).await
    }

    /// The same, but it leaves the queue as soon as `gone` is done.
    pub async fn select_until(
        self: &Arc<Self>,
        ask: &Ask<'_>,
        gone: impl Future<Output = ()>,
    ) -> Result<Slot, Unavailable> {
        let mut gone = std::pin::pin!(gone);
        let mut waited = Waited::default();
        let mut asked = *ask;
        let mut deadline: Option<Instant> = None;
        loop {
            let mut waiting = match self.place(&asked) {
                Placed::Claimed(claim) => return self.slot(claim, &asked, waited),
                Placed::Nobody => return Err(Unavailable::NoServer),
                Placed::Full(server) => {
                    return Err(Unavailable::QueueFull { server: Arc::clone(&self.servers[server]) });
                }
                Placed::Waiting(waiting) => waiting,
            };
            let begun = Instant::now();
            let until = *deadline.get_or_insert_with(|| begun + self.queue_timeout());
            let grant = tokio::select! {
                biased;
                grant = timeout(until.saturating_duration_since(begun), waiting.turn()) => Some(grant),
                () = &mut gone => None,
            };
            waited.time += begun.elapsed();
            let Some(grant) = grant else { return Err(waiting.left(waited)) };
            match grant {
                Ok(Grant::Turn { claim, position }) => {
                    waiting.stood(position, &mut waited);
                    return self.slot(claim, &asked, waited);
                }
                Ok(Grant::Again) if matches!(asked.prefer, Prefer::Down(_)) => {}
                Ok(Grant::Again) => asked.prefer = Prefer::Any,
                Err(_) => return Err(waiting.too_long(waited)),
            }
        }
    }

    /// A server for this request, if one has a slot at once.
    pub fn try_select(self: &Arc<Self>, ask: &Ask<'_>) -> Option<Slot> {
        match self.place(ask) {
            Placed::Claimed(claim) => self.slot(claim, ask, Waited::default()).ok(),
            Placed::Waiting(_) | Placed::Full(_) | Placed::Nobody => None,
        }
    }

    /// What to do after an attempt failed.
    pub fn after_failure(&self, attempt: &Attempt<'_>) -> Next {
        let farm = self.farm.load();
        let others = farm.members.iter().filter(|member| **member as usize != attempt.server.index()).count();
        let others = if attempt.stays { 0 } else { others };
        self.retry.with_retries(attempt.retries).after(attempt.number, others, attempt.directed)
    }

    /// Whether any server takes traffic now.
    pub fn available(&self) -> bool {
        !self.farm.load().members.is_empty()
    }

    /// Active servers that could take traffic.
    pub fn active(&self) -> usize {
        self.farm.load().active
    }

    /// Backup servers that could take traffic.
    pub fn backups(&self) -> usize {
        self.farm.load().backup
    }

    /// The sum of the weights of the servers that take traffic now.
    pub fn weight(&self) -> u32 {
        self.farm.load().members.iter().map(|server| self.servers[*server as usize].weight()).sum()
    }

    /// The server of this name.
    pub fn server(&self, name: &str) -> Option<&Arc<Server>> {
        self.servers.iter().find(|server| &*server.name == name)
    }

    /// Takes a server out, lets it drain or puts it back.
    pub fn set_admin(self: &Arc<Self>, server: &Server, admin: Admin) {
        server.set_admin(admin);
        server.counters.availability.changed();
        self.refresh();
    }

    /// Gives a server another weight, 0 to 256.
    pub fn set_weight(self: &Arc<Self>, server: &Server, weight: u32) {
        server.set_weight(weight);
        self.refresh();
    }

    /// The backend's timeouts.
    pub(crate) fn timeouts(&self) -> &Timeouts {
        &self.timeouts
    }

    /// `option log-health-checks`.
    pub(crate) fn log_checks(&self) -> bool {
        self.log_checks
    }

    /// Looks at all servers again, after one changed: who takes traffic, and who need not wait any more. The number
    /// of those who waited for a server that is gone, and of those whose turn came.
    pub(crate) fn refresh(self: &Arc<Self>) -> Moved {
        let _one_at_a_time = self.refreshing.lock();
        let farm = Arc::new(Farm::of(&self.servers, self.all_backups, &*self.algorithm));
        // before the queue is locked: who comes after us to the queue sees the new farm, who came before is in it
        self.farm.store(Arc::clone(&farm));
        match farm.members.is_empty() {
            true => self.counters.availability.went_down(),
            false => self.counters.availability.came_up(),
        }
        self.queue.as_ref().map(|queue| self.requeue(queue, &farm)).unwrap_or_default()
    }

    fn requeue(self: &Arc<Self>, queue: &Mutex<Queue<Waker>>, farm: &Farm) -> Moved {
        let (mut gone, mut turns) = (Vec::new(), Vec::new());
        {
            let mut queue = queue.lock();
            for server in 0..self.servers.len() {
                queue.set_shares(server, farm.has(server));
                if !self.servers[server].takes_its_own() {
                    gone.extend(queue.evict(server));
                }
            }
            for server in farm.members.iter().map(|server| *server as usize) {
                while let Some(turn) = queue.admit(server) {
                    turns.push((server, turn));
                }
            }
        }
        let moved = Moved { evicted: gone.len(), admitted: turns.len() };
        for waker in gone {
            let _gave_up = waker.send(Grant::Again);
        }
        for (server, turn) in turns {
            self.hand(server, Some(turn));
        }
        moved
    }

    /// The longest wait in the queue (configuration.txt, `timeout queue`): `timeout connect` where it is not given.
    fn queue_timeout(&self) -> Duration {
        /// No limit at all; a day of patience is as good, and keeps the clock's arithmetic safe.
        const FOREVER: Duration = Duration::from_secs(24 * 3600);
        self.timeouts.queue.or(self.timeouts.connect).unwrap_or(FOREVER).min(FOREVER)
    }

    /// One look: a slot, a place in a queue, or nobody to wait for.
    fn place(self: &Arc<Self>, ask: &Ask<'_>) -> Placed {
        let Some(queue) = &self.queue else {
            return match self.choose(&self.farm.load(), ask, &mut |_| Room::Slot) {
                Choice::Server(server) => Placed::Claimed(self.claim(server, ask)),
                Choice::Wait(_) | Choice::Busy | Choice::Nobody => Placed::Nobody,
            };
        };
        let mut queue = queue.lock();
        let farm = self.farm.load();
        let mut choice = self.choose(&farm, ask, &mut |server| queue.room(server));
        if let (Choice::Wait(server), Prefer::Server(_) | Prefer::Down(_)) = (choice, ask.prefer)
            && queue.full(server)
            && self.retry.redispatches()
        {
            let anywhere = Ask { prefer: Prefer::Any, ..*ask };
            choice = self.choose(&farm, &anywhere, &mut |server| queue.room(server));
        }
        match choice {
            Choice::Server(server) => {
                queue.take(server);
                drop(queue);
                Placed::Claimed(self.claim(server, ask))
            }
            Choice::Wait(server) if queue.full(server) => Placed::Full(server),
            Choice::Wait(server) => {
                self.count_choice(server, ask);
                Placed::Waiting(Waiting::join(self, &mut queue, Some(server), ask.priority))
            }
            Choice::Busy => Placed::Waiting(Waiting::join(self, &mut queue, None, ask.priority)),
            Choice::Nobody => Placed::Nobody,
        }
    }

    fn choose(&self, farm: &Farm, ask: &Ask<'_>, room: &mut dyn FnMut(usize) -> Room) -> Choice {
        let mut wish = Wish { client: ask.client, avoid: None };
        match ask.prefer {
            Prefer::Any => {}
            Prefer::NotServer(server) => wish.avoid = Some(server.index()),
            Prefer::Server(server) | Prefer::Down(server) => {
                let own = self.servers.get(server.index()).filter(|own| own.name == server.name);
                let down = matches!(ask.prefer, Prefer::Down(_));
                if let Some(own) = own.filter(|own| down || own.takes_its_own()) {
                    let server = own.index();
                    let slot = room(server) == Room::Slot;
                    return if slot { Choice::Server(server) } else { Choice::Wait(server) };
                }
            }
        }
        self.algorithm.choose(farm, &self.servers, &wish, room)
    }

    fn claim(self: &Arc<Self>, server: usize, ask: &Ask<'_>) -> Claim {
        self.count_choice(server, ask);
        Claim::new(self, server)
    }

    /// The algorithm chose this server (`lbtot`): not so where the request did, or a slot from the backend's queue.
    fn count_choice(&self, server: usize, ask: &Ask<'_>) {
        if !matches!(ask.prefer, Prefer::Server(_) | Prefer::Down(_)) {
            self.servers[server].counters.balanced();
            self.counters.balanced();
        }
    }

    fn slot(&self, claim: Claim, ask: &Ask<'_>, waited: Waited) -> Result<Slot, Unavailable> {
        let address = self.servers[claim.server()].address(ask.came).ok_or(Unavailable::NoServer)?;
        Ok(Slot::new(claim, address, waited))
    }

    /// A request begins on this server.
    pub(crate) fn entered(&self, server: usize) {
        self.servers[server].enter();
        self.touch(server);
    }

    /// A request ended on this server.
    pub(crate) fn left(&self, server: usize) {
        self.servers[server].exit();
        self.touch(server);
    }

    fn touch(&self, server: usize) {
        if let Some(turns) = &self.turns {
            self.servers[server].set_stamp(turns.fetch_add(1, Relaxed));
        }
    }

    /// A slot of this server is free: the next in the queue has it.
    pub(crate) fn freed(self: &Arc<Self>, server: usize) {
        if let Some(queue) = &self.queue {
            let next = queue.lock().release(server);
            self.hand(server, next);
        }
    }

    /// Hands a taken slot to who waits, or to the next after him if he has just given up.
    fn hand(self: &Arc<Self>, server: usize, mut next: Option<Turn<Waker>>) {
        while let Some(Turn { token: waker, position }) = next {
            let grant = Grant::Turn { claim: Claim::new(self, server), position };
            let Err(Grant::Turn { claim, .. }) = waker.send(grant) else { return };
            claim.forget();
            next = self.queue.as_ref().and_then(|queue| queue.lock().release(server));
        }
    }
}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backend")
            .field("name", &self.name)
            .field("servers", &self.servers)
            .finish_non_exhaustive()
    }
}

fn build_servers(model: &model::Backend, previous: Option<&Backend>) -> Box<[Arc<Server>]> {
    let old: HashMap<&str, &Server> = previous
        .map(|old| old.servers.iter().map(|server| (&*server.name, &**server)).collect())
        .unwrap_or_default();
    let lines = model.servers.iter().enumerate();
    lines
        .map(|(index, line)| Arc::new(Server::build(line, index, old.get(line.name.as_str()).copied())))
        .collect()
}

/// What a look at all servers did to those who waited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Moved {
    /// They waited for a server that is gone.
    pub(crate) evicted: usize,
    /// Their turn came.
    pub(crate) admitted: usize,
}

/// A place in a queue, given up when dropped.
struct Waiting {
    backend: Arc<Backend>,
    ticket: Ticket,
    server: Option<usize>,
    grant: oneshot::Receiver<Grant>,
}

impl Waiting {
    fn join(
        backend: &Arc<Backend>,
        queue: &mut Queue<Waker>,
        server: Option<usize>,
        priority: Priority,
    ) -> Self {
        let (waker, grant) = oneshot::channel();
        let ticket = queue.wait(server, Rank::of(priority, backend.begun.elapsed()), waker);
        match server {
            Some(server) => backend.servers[server].counters.queued(),
            None => backend.counters.queued(),
        };
        Self { backend: Arc::clone(backend), ticket, server, grant }
    }

    /// Adds where it stood to what the log line will say.
    fn stood(&self, position: u32, waited: &mut Waited) {
        match self.server {
            Some(_) => waited.server_queue += position,
            None => waited.backend_queue += position,
        }
    }

    /// Leaves the queue, for its time is up.
    fn too_long(self, waited: Waited) -> Unavailable {
        let (server, waited) = self.leave(waited);
        Unavailable::QueueTimeout { server, waited }
    }

    /// Leaves the queue, for nobody waits any more.
    fn left(self, waited: Waited) -> Unavailable {
        let (server, waited) = self.leave(waited);
        Unavailable::Left { server, waited }
    }

    /// The server it waited for, and how it stood in the end.
    fn leave(self, mut waited: Waited) -> (Option<Arc<Server>>, Waited) {
        let left = self.backend.queue.as_ref().and_then(|queue| queue.lock().leave(self.ticket));
        self.stood(left.map_or(1, |turn| turn.position), &mut waited);
        (self.server.map(|server| Arc::clone(&self.backend.servers[server])), waited)
    }

    async fn turn(&mut self) -> Grant {
        // the sender is only dropped with the backend, which this holds; asking again is the safe reading
        (&mut self.grant).await.unwrap_or(Grant::Again)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(queue) = &self.backend.queue {
            queue.lock().leave(self.ticket);
        }
        match self.server {
            Some(server) => self.backend.servers[server].counters.dequeued(),
            None => self.backend.counters.dequeued(),
        }
    }
}
