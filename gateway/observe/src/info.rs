//! `show info`: the process as `Key: value` lines, with HAProxy's keys in HAProxy's order, for tools look for
//! them by name. What the gateway does not have is 0; the name and the version are its own.

use crate::snapshot::{ProcessRow, Snapshot, Value};

type Get = fn(&ProcessRow) -> Value;

/// The keys and where their values are.
#[rustfmt::skip]
const FIELDS: &[(&str, Get)] = &[
    ("Name",                       |_| "gateway".into()),
    ("Version",                    |p| p.facts.version.clone().into()),
    ("Release_date",               |p| p.facts.release_date.clone().into()),
    ("Nbthread",                   |p| p.facts.threads.into()),
    ("Nbproc",                     |_| 1_u32.into()),
    ("Process_num",                |_| 1_u32.into()),
    ("Pid",                        |p| p.facts.pid.into()),
    ("Uptime",                     |p| uptime(p.uptime).into()),
    ("Uptime_sec",                 |p| p.uptime.into()),
    ("Memmax_MB",                  |p| (p.facts.memory_limit >> 20).into()),
    ("PoolAlloc_MB",               |p| (p.facts.memory.0 >> 20).into()),
    ("PoolUsed_MB",                |p| (p.facts.memory.1 >> 20).into()),
    ("PoolFailed",                 |_| 0_u32.into()),
    ("Ulimit-n",                   |p| p.facts.ulimit_n.into()),
    ("Maxsock",                    |p| p.facts.ulimit_n.into()),
    ("Maxconn",                    |p| p.facts.maxconn.into()),
    ("Hard_maxconn",               |p| p.facts.hard_maxconn.into()),
    ("CurrConns",                  |p| p.connections.0.into()),
    ("CumConns",                   |p| p.connections.1.into()),
    ("CumReq",                     |p| p.requests.into()),
    ("MaxSslConns",                |p| p.facts.max_tls.into()),
    ("CurrSslConns",               |p| p.tls.0.into()),
    ("CumSslConns",                |p| p.tls.1.into()),
    ("Maxpipes",                   |_| 0_u32.into()),
    ("PipesUsed",                  |_| 0_u32.into()),
    ("PipesFree",                  |_| 0_u32.into()),
    ("ConnRate",                   |p| p.rates[0].0.into()),
    ("ConnRateLimit",              |p| p.facts.rate_limits[0].into()),
    ("MaxConnRate",                |p| p.rates[0].1.into()),
    ("SessRate",                   |p| p.rates[1].0.into()),
    ("SessRateLimit",              |p| p.facts.rate_limits[1].into()),
    ("MaxSessRate",                |p| p.rates[1].1.into()),
    ("SslRate",                    |p| p.rates[2].0.into()),
    ("SslRateLimit",               |p| p.facts.rate_limits[2].into()),
    ("MaxSslRate",                 |p| p.rates[2].1.into()),
    ("SslFrontendKeyRate",         |p| p.rates[3].0.into()),
    ("SslFrontendMaxKeyRate",      |p| p.rates[3].1.into()),
    ("SslFrontendSessionReuse_pct",|p| p.tls_reuse_percent().into()),
    ("SslBackendKeyRate",          |p| p.rates[4].0.into()),
    ("SslBackendMaxKeyRate",       |p| p.rates[4].1.into()),
    ("SslCacheLookups",            |p| p.tls_cache.0.into()),
    ("SslCacheMisses",             |p| p.tls_cache.1.into()),
    ("CompressBpsIn",              |_| 0_u32.into()),
    ("CompressBpsOut",             |_| 0_u32.into()),
    ("CompressBpsRateLim",         |_| 0_u32.into()),
    ("Tasks",                      |p| p.facts.tasks.0.into()),
    ("Run_queue",                  |p| p.facts.tasks.1.into()),
    ("Idle_pct",                   |p| p.facts.idle_percent.into()),
    ("node",                       |p| p.facts.node.clone().into()),
    ("description",                |p| some(&p.facts.description)),
    ("Stopping",                   |p| p.facts.stopping.into()),
    ("Jobs",                       |p| p.jobs().into()),
    ("Unstoppable Jobs",           |_| 0_u32.into()),
    ("Listeners",                  |p| p.facts.listeners.into()),
    ("ActivePeers",                |_| 0_u32.into()),
    ("ConnectedPeers",             |_| 0_u32.into()),
    ("DroppedLogs",                |p| p.facts.dropped_logs.into()),
    ("BusyPolling",                |_| 0_u32.into()),
    ("FailedResolutions",          |p| p.failed_resolutions.into()),
    ("TotalBytesOut",              |p| p.bytes_out.0.into()),
    ("TotalSplicdedBytesOut",      |_| 0_u32.into()),
    ("BytesOutRate",               |p| p.bytes_out.1.into()),
    ("DebugCommandsIssued",        |_| 0_u32.into()),
    ("CumRecvLogs",                |_| 0_u32.into()),
    ("Build info",                 |p| p.facts.version.clone().into()),
    ("Memmax_bytes",               |p| p.facts.memory_limit.into()),
    ("PoolAlloc_bytes",            |p| p.facts.memory.0.into()),
    ("PoolUsed_bytes",             |p| p.facts.memory.1.into()),
    ("Start_time_sec",             |p| p.started.into()),
    ("Tainted",                    |_| 0_u32.into()),
];

/// The lines. The trailing empty one belongs to the protocol of the CLI and is added there.
pub fn info(snapshot: &Snapshot) -> String {
    let mut text = String::with_capacity(2048);
    for (key, get) in FIELDS {
        let value = match get(&snapshot.process) {
            Value::Empty => continue,
            Value::Int(number) => number.to_string(),
            Value::Text(word) => word.replace('\n', " "),
        };
        text.push_str(key);
        text.push_str(": ");
        text.push_str(&value);
        text.push('\n');
    }
    text
}

fn uptime(seconds: u64) -> String {
    let (days, hours) = (seconds / 86_400, seconds / 3600 % 24);
    format!("{days}d {hours}h{:02}m{:02}s", seconds / 60 % 60, seconds % 60)
}

fn some(text: &str) -> Value {
    if text.is_empty() { Value::Empty } else { text.to_owned().into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_are_those_of_haproxy_in_its_order() {
        // `show info` of HAProxy 2.6.12 without `global`'s `description`
        let haproxy = include_str!("../testdata/show-info.keys");
        let text = info(&Snapshot::default());
        let ours: Vec<_> = text.lines().filter_map(|line| line.split(':').next()).collect();
        assert_eq!(ours, haproxy.lines().collect::<Vec<_>>());
    }

    #[test]
    fn uptime_is_days_hours_minutes_and_seconds() {
        assert_eq!(uptime(1), "0d 0h00m01s");
        assert_eq!(uptime(2 * 86_400 + 3 * 3600 + 4 * 60 + 5), "2d 3h04m05s");
    }
}
