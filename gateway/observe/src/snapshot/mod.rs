//! All that can be told about the gateway at one moment, as plain values. The crates that own the live objects
//! fill in the facts below and let the builders read the counters; the renderers ([`crate::csv()`],
//! [`crate::info()`], [`crate::prometheus`]) know nothing else.

#[cfg(test)]
pub(crate) mod example;
mod facts;
mod rows;

use std::borrow::Cow;

pub use facts::{
    BackendFacts, BackendStatus, CheckFacts, FrontendFacts, FrontendStatus, ListenerFacts, ListenerStatus,
    ProcessFacts, ResolverRow, ServerFacts, ServerStatus, StickTableRow,
};
pub use rows::ProcessRow;

use crate::catalog::{COLUMNS, Column};

/// The whole picture.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// The process.
    pub process: ProcessRow,
    /// Frontends, listeners, servers and backends, in the order of `show stat`: a proxy's frontend, its
    /// listeners, its servers, its backend.
    pub rows: Vec<Row>,
    /// Stick tables.
    pub tables: Vec<StickTableRow>,
    /// Name servers.
    pub resolvers: Vec<ResolverRow>,
}

/// What a row is about; the numbers are the CSV's `type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A frontend.
    Frontend = 0,
    /// A backend.
    Backend = 1,
    /// A server.
    Server = 2,
    /// A `bind` socket.
    Listener = 3,
}

/// A proxy's mode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Bytes.
    #[default]
    Tcp,
    /// HTTP messages.
    Http,
}

impl Mode {
    /// As the statistics spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Http => "http",
        }
    }
}

/// A value of a column.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// The column says nothing about this row.
    #[default]
    Empty,
    /// A number.
    Int(i64),
    /// A word.
    Text(Cow<'static, str>),
}

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Self::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Int(i64::from(value))
    }
}

impl From<u8> for Value {
    fn from(value: u8) -> Self {
        Self::Int(i64::from(value))
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Int(i64::from(value))
    }
}

impl From<&'static str> for Value {
    fn from(value: &'static str) -> Self {
        Self::Text(Cow::Borrowed(value))
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(Cow::Owned(value))
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Empty, Into::into)
    }
}

/// One line of `show stat`: a frontend, listener, server or backend.
#[derive(Clone, Debug)]
pub struct Row {
    /// What it is about.
    pub kind: Kind,
    /// The proxy's name.
    pub proxy: String,
    /// `FRONTEND`, `BACKEND`, or the name of the server or listener.
    pub name: String,
    /// The proxy's number.
    pub proxy_id: u32,
    /// The server's or listener's number; 0 for proxies.
    pub id: u32,
    /// The label of the state in Prometheus: `UP`, `DOWN`, `MAINT`, `DRAIN`, `NOLB`, `OPEN`, ….
    pub state: &'static str,
    /// Connections ever, which the CSV does not show of a listener and Prometheus does.
    pub(crate) connections: u64,
    values: Vec<Value>,
}

impl Row {
    fn new(kind: Kind, proxy: &str, name: &str, proxy_id: u32, id: u32) -> Self {
        let mut row = Self {
            kind,
            proxy: proxy.to_owned(),
            name: name.to_owned(),
            proxy_id,
            id,
            state: "",
            connections: 0,
            values: vec![Value::Empty; COLUMNS.len()],
        };
        row.set(Column::Pxname, proxy.to_owned());
        row.set(Column::Svname, name.to_owned());
        row.set(Column::Pid, 1_u32);
        row.set(Column::Iid, proxy_id);
        row.set(Column::Sid, id);
        row.set(Column::Type, kind as u32);
        row.set(Column::End, "-");
        row
    }

    /// The value of a column.
    pub fn get(&self, column: Column) -> &Value {
        &self.values[column as usize]
    }

    fn set(&mut self, column: Column, value: impl Into<Value>) {
        self.values[column as usize] = value.into();
    }
}
