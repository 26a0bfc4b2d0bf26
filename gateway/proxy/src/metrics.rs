//! Metrics beyond HAProxy's, under the gateway's own names: histograms, which HAProxy's exporter has not.

use prometheus::{Histogram, HistogramOpts, Registry};

/// The gateway's own metrics.
#[derive(Debug)]
pub struct Metrics {
    /// Where they are registered.
    pub registry: Registry,
    /// From the first byte of a request to the last of its response, in seconds.
    pub request_duration: Histogram,
}

impl Metrics {
    /// Registers them.
    ///
    /// # Panics
    /// Never: the names are valid and registered once.
    pub fn new() -> Self {
        let buckets =
            vec![0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
        let options = HistogramOpts::new(
            "gateway_request_duration_seconds",
            "From the first byte of a request to the last byte of its response.",
        )
        .buckets(buckets);
        let request_duration = Histogram::with_opts(options).expect("the name and the buckets are valid");
        let registry = Registry::new();
        registry.register(Box::new(request_duration.clone())).expect("nothing else has this name");
        Self { registry, request_duration }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}
