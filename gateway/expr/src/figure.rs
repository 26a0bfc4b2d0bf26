//! Figures about proxies and servers (configuration.txt 7.3.2, 7.3.3), and whom they are about.

/// What is counted or set for a proxy, a server or a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Figure {
    /// `avg_queue`: queued requests for each server of a backend that is up.
    AverageQueue,
    /// `be_conn`: connections of a backend.
    BackendConnections,
    /// `be_conn_free`: connections that the servers of a backend still take; -1 without a limit.
    BackendFree,
    /// `be_sess_rate`.
    BackendRate,
    /// `connslots`: connections and places in queues that are left; -1 without a limit.
    Slots,
    /// `nbsrv`: servers that are up.
    ServersUp,
    /// `queue`: queued requests of a backend, those at its servers included.
    Queue,
    /// `fe_conn`: connections of a frontend.
    FrontendConnections,
    /// `fe_req_rate`.
    RequestRate,
    /// `fe_sess_rate`.
    FrontendRate,
    /// `srv_conn`.
    ServerConnections,
    /// `srv_conn_free`; -1 without a limit.
    ServerFree,
    /// `srv_is_up`: 1 or 0.
    ServerUp,
    /// `srv_iweight`: the weight of the configuration.
    InitialWeight,
    /// `srv_uweight`: the weight that the administrator has set.
    UserWeight,
    /// `srv_weight`: the weight in force.
    Weight,
    /// `srv_queue`.
    ServerQueue,
    /// `srv_sess_rate`.
    ServerRate,
    /// `dst_conn`: connections of the socket that the client came in by.
    SocketConnections,
    /// `fe_client_timeout`, ms.
    ClientTimeout,
    /// `be_server_timeout`, ms.
    ServerTimeout,
    /// `be_tunnel_timeout`, ms.
    TunnelTimeout,
    /// `cur_server_timeout`: as a rule has set it, ms.
    CurrentServerTimeout,
    /// `cur_tunnel_timeout`: as a rule has set it, ms.
    CurrentTunnelTimeout,
}

/// Whom a figure is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// The proxy; `None` is the one at work.
    pub proxy: Option<String>,
    /// The server.
    pub server: Option<String>,
}

/// What a name in an expression's arguments must be the name of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// A `frontend` or `listen` section.
    Frontend,
    /// A `backend` or `listen` section.
    Backend,
    /// A server, with its backend in front unless that is the one at work.
    Server,
    /// A `userlist` section.
    Userlist,
}

impl Named {
    /// HAProxy's word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Frontend => "frontend",
            Self::Backend => "backend",
            Self::Server => "server",
            Self::Userlist => "userlist",
        }
    }
}

/// A name that an expression uses and a section must declare; whoever has read all sections judges it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// What it names.
    pub what: Named,
    /// The name.
    pub subject: Subject,
    /// The fetch or converter that uses it, and what that stands in.
    pub keyword: String,
    /// The name of the section whose line it is.
    pub owner: String,
    /// Where it stands, once somebody knows.
    pub span: Option<lang::Span>,
}
