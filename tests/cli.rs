//! Cases of this subject.
use crate::support::cases::Cases;
pub(crate) fn cases(_: &mut Cases) {}
