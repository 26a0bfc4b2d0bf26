//! The servers that take traffic now, computed anew whenever one changes.
//!
//! Active servers that are usable and weigh something; where there is none, the first usable backup, or all of them
//! with `option allbackups` (configuration.txt, `option redispatch` and `backup`).

use std::sync::Arc;

use super::Algorithm;
use crate::server::Server;

/// The servers that take traffic now.
#[derive(Debug, Default)]
pub(crate) struct Farm {
    /// Their places among the backend's servers, ascending.
    pub(crate) members: Vec<u32>,
    /// The turns that the algorithm takes.
    pub(crate) order: Vec<u32>,
    /// Active servers that could take traffic.
    pub(crate) active: usize,
    /// Backup servers that could take traffic.
    pub(crate) backup: usize,
}

impl Farm {
    /// The farm as the servers are now.
    pub(crate) fn of(servers: &[Arc<Server>], all_backups: bool, algorithm: &dyn Algorithm) -> Self {
        let weight = |server: &Server| {
            if algorithm.dynamic() { server.weight() } else { u32::from(server.line().weight) }
        };
        let able = |backup: bool| {
            servers
                .iter()
                .filter(move |server| server.backup() == backup && server.usable() && weight(server) > 0)
        };
        let (active, backup) = (able(false).count(), able(true).count());
        let backups = if all_backups { usize::MAX } else { 1 };
        let chosen: Vec<&Arc<Server>> =
            if active > 0 { able(false).collect() } else { able(true).take(backups).collect() };
        let weighted: Vec<(usize, u32)> =
            chosen.iter().map(|server| (server.index(), weight(server))).collect();
        Self {
            members: weighted.iter().map(|(index, _)| *index as u32).collect(),
            order: algorithm.order(&weighted),
            active,
            backup,
        }
    }

    /// Whether this server takes traffic.
    pub(crate) fn has(&self, server: usize) -> bool {
        u32::try_from(server).is_ok_and(|server| self.members.binary_search(&server).is_ok())
    }
}
