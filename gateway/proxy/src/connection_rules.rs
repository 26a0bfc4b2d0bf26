//! `tcp-request connection` and `tcp-request session`: rules about a connection that has brought no request yet
//! (configuration.txt 4.2).

use std::net::{IpAddr, SocketAddr};
use std::os::fd::RawFd;
use std::time::SystemTime;

use expr::{Figure, Side, Stream, Subject, Tls, Txn, TxnVars, Value, Var, VarScope};
use listen::Packets;
use observe::log::{Endpoint, Level, LogRecord};
use rules::{Change, Flow, Message, RuleSet, Step};
use table::{Millis, Tables, Tracked};

use crate::effects::Effects;
use crate::events::level_of;
use crate::fields::LogView;
use crate::figures::At;
use crate::listener::Route;
use crate::track::Trackers;

/// A connection as these rules see and change it.
#[derive(Debug)]
pub(crate) struct EarlyConnection<'a> {
    /// Where it came in.
    pub route: &'a Route,
    /// The client's address.
    pub source: Option<SocketAddr>,
    /// The address that it came to.
    pub destination: Option<SocketAddr>,
    /// What the handshake yielded, once there was one.
    pub tls: Option<&'a Tls>,
    /// What rules have changed.
    pub effects: Effects,
    /// What they want on its packets.
    pub packets: Packets,
    /// They want it to begin with a PROXY line.
    pub expects_proxy: bool,
    /// They want it to begin with a NetScaler's header.
    pub expects_netscaler: bool,
    /// The variables that rules have set.
    pub vars: TxnVars,
    /// What counters of stick tables track for it.
    pub trackers: Trackers,
    /// Its socket.
    pub socket: RawFd,
}

/// What becomes of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It goes on.
    Welcome,
    /// It is reset.
    Rejected,
    /// It is forgotten without a word.
    Dropped,
}

impl EarlyConnection<'_> {
    /// Asks the rules; pauses are for requests.
    pub(crate) fn judge(&mut self, rules: &RuleSet) -> Fate {
        if rules.is_empty() {
            return Fate::Welcome;
        }
        self.vars.refresh();
        let flow = rules.run(self);
        self.vars.settle();
        let fate = match flow {
            Flow::Close => Fate::Rejected,
            Flow::SilentDrop => Fate::Dropped,
            Flow::Continue
            | Flow::Accept
            | Flow::Wait
            | Flow::Pause(_)
            | Flow::WaitForBody { .. }
            | Flow::Resolve(_)
            | Flow::Answer(_)
            | Flow::Service(_) => Fate::Welcome,
        };
        (self.source, self.destination) =
            (self.effects.source.over(self.source), self.effects.destination.over(self.destination));
        self.packets = self.effects.client_packets;
        self.expects_proxy |= self.effects.expects_proxy;
        self.expects_netscaler |= self.effects.expects_netscaler;
        self.effects = Effects { client_packets: self.packets, ..Effects::default() };
        fate
    }

    /// `do-log`: there is no request yet, and a line tells of the connection alone.
    fn log(&self, step: Step, profile: Option<&str>) {
        let Route { frontend, runtime, .. } = self.route;
        if !frontend.log.wants(Level::Emerg) {
            return;
        }
        let profile = runtime.model.log_profiles.iter().find(|known| Some(known.name.as_str()) == profile);
        let number = u32::try_from(self.route.bind + 1).unwrap_or(u32::MAX);
        let endpoint = |addr: Option<SocketAddr>| addr.map_or(Endpoint::Unix(number), Endpoint::Ip);
        let (client, destination) = (endpoint(self.moved_source()), endpoint(self.moved_destination()));
        let record = LogRecord::new(&frontend.model().name, client, destination, SystemTime::now());
        let view = LogView::without_message(&record).on(&runtime.hostname);
        let told = self.effects.log_level.flatten().map(level_of);
        frontend.log.step(step, profile, (&record, &view), told);
    }

    fn moved_source(&self) -> Option<SocketAddr> {
        self.effects.source.over(self.source)
    }

    fn moved_destination(&self) -> Option<SocketAddr> {
        self.effects.destination.over(self.destination)
    }
}

impl Txn for EarlyConnection<'_> {
    fn source(&self) -> Option<IpAddr> {
        self.moved_source().map(|source| source.ip())
    }

    fn source_port(&self) -> Option<u16> {
        self.moved_source().map(|source| source.port())
    }

    fn destination(&self) -> Option<IpAddr> {
        self.moved_destination().map(|destination| destination.ip())
    }

    fn destination_port(&self) -> Option<u16> {
        self.moved_destination().map(|destination| destination.port())
    }

    fn tls(&self) -> Option<&Tls> {
        self.tls
    }

    fn tcp_info(&self) -> Option<expr::TcpInfo> {
        crate::connection::tcp_info(self.socket)
    }

    fn frontend(&self) -> Option<(&str, u32)> {
        let model = self.route.frontend.model();
        Some((&model.name, model.id))
    }

    fn listener(&self) -> Option<(&str, u32)> {
        let name = self.route.frontend.listener_names.get(self.route.bind)?;
        Some((name, u32::try_from(self.route.bind + 1).unwrap_or(u32::MAX)))
    }

    fn is_local(&self, ip: IpAddr) -> bool {
        crate::figures::is_local(ip)
    }

    fn figure(&self, figure: Figure, of: &Subject) -> Option<i64> {
        crate::figures::figure(
            At { route: Some(self.route), runtime: &self.route.runtime, backend: None },
            figure,
            of,
        )
    }

    fn default_backend(&self) -> Option<&str> {
        crate::figures::default_backend(self.route)
    }

    fn show(&self, stream: Stream, line: &[u8]) {
        self.route.runtime.show(stream, line);
    }

    fn hostname(&self) -> &str {
        &self.route.runtime.hostname
    }

    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn random(&self) -> u32 {
        fastrand::u32(..)
    }

    fn tables(&self) -> Option<&Tables> {
        Some(&self.route.runtime.tables.tables)
    }

    fn tracked(&self, counter: usize) -> Option<&Tracked> {
        self.trackers.get(counter)
    }

    fn table_clock(&self) -> Millis {
        self.route.runtime.tables.now()
    }

    fn var(&self, var: &Var) -> Option<Value<'_>> {
        self.vars.get(var)
    }

    fn has_scope(&self, scope: VarScope) -> bool {
        matches!(scope, VarScope::Proc | VarScope::Sess)
    }

    fn var_exists(&self, var: &Var) -> bool {
        self.vars.exists(var)
    }

    fn defer_var(&self, var: &Var, value: Option<Value<'static>>) {
        // there is no transaction yet
        if self.has_scope(var.scope()) {
            self.vars.defer(var, value);
        }
    }
}

impl Message for EarlyConnection<'_> {
    fn txn(&self) -> &dyn Txn {
        self
    }

    fn side(&self) -> Side {
        Side::Request
    }

    fn add_header(&mut self, _name: &[u8], _value: &[u8]) {}

    fn del_header(&mut self, _name: &[u8]) {}

    fn retain_headers(&mut self, _keep: &mut dyn FnMut(&[u8], &[u8]) -> bool) {}

    fn rewrite_headers(&mut self, _name: &[u8], _value: &mut dyn FnMut(&[u8]) -> Option<Vec<u8>>) {}

    fn set_uri(&mut self, _uri: Vec<u8>) {}

    fn set_method(&mut self, _method: Vec<u8>) {}

    fn set_status(&mut self, _status: u16) {}

    fn is_tracking(&self, counter: usize) -> bool {
        self.trackers.get(counter).is_some()
    }

    fn track(&mut self, counter: usize, tracked: Tracked) {
        let now = self.table_clock();
        self.trackers.track(counter, tracked, now);
    }

    fn set_var(&mut self, var: &Var, value: Option<Value<'static>>) {
        if self.has_scope(var.scope()) {
            self.vars.set(var, value);
        }
    }

    fn change(&mut self, change: Change) {
        if let Change::Log { step, profile } = &change {
            return self.log(*step, profile.as_deref());
        }
        self.effects.note(change);
    }
}
