//! The log lines of proxies that change their state, worded as HAProxy words them, with the level that it
//! gives them. Those of servers are `upstream`'s, which knows the servers.

use super::Level;

/// A proxy is gone, with all the connections that it ever had: `Proxy fe stopped (cumulated conns: FE: 1, BE: 0).`
pub fn proxy_stopped(proxy: &str, frontend: u64, backend: u64) -> (Level, String) {
    (Level::Warning, format!("Proxy {proxy} stopped (cumulated conns: FE: {frontend}, BE: {backend})."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_that_stops_tells_what_it_has_served() {
        let stopped = "Proxy fd stopped (cumulated conns: FE: 1, BE: 0).";
        assert_eq!(proxy_stopped("fd", 1, 0), (Level::Warning, stopped.into()));
    }
}
