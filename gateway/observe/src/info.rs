//! placeholder
use crate::snapshot::Snapshot;
/// `show info`.
pub fn info(_: &Snapshot) -> String {
    String::new()
}
