//! `cache` sections (configuration.txt 6.2).

use std::time::Duration;

/// A store of responses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cache {
    /// Its name.
    pub name: String,
    /// `total-max-size`, in bytes: whole megabytes in the configuration.
    pub total_max_size: u64,
    /// `max-object-size`, in bytes: the longest response that is kept; a 256th of the whole where nothing is said.
    pub max_object_size: u64,
    /// `max-age`: the longest time that a response is kept.
    pub max_age: Duration,
    /// `process-vary`: responses with `vary` are kept, one for each kind of request.
    pub process_vary: bool,
    /// `max-secondary-entries`: how many such kinds a response may have.
    pub max_secondary_entries: u32,
    /// Where the section begins, for messages: `file:line`.
    pub place: String,
}
