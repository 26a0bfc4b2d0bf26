//! Fetches that HAProxy knows and the gateway does not evaluate yet, so that a file that uses one is told so by name.

use super::{Fetch, fetch};
use crate::{Phases, Type};

/// (what they belong to, their names).
#[rustfmt::skip]
const LATER: &[(&str, &[&str])] = &[
    ("the TLS library does not tell", &[
        "ssl_bc_client_random", "ssl_bc_err", "ssl_bc_err_str", "ssl_bc_npn", "ssl_bc_server_random",
        "ssl_bc_session_id", "ssl_bc_session_key", "ssl_bc_unique_id", "ssl_fc_client_early_traffic_secret",
        "ssl_fc_client_handshake_traffic_secret", "ssl_fc_client_traffic_secret_0", "ssl_fc_early_exporter_secret",
        "ssl_fc_exporter_secret", "ssl_fc_server_handshake_traffic_secret", "ssl_fc_server_random",
        "ssl_fc_server_traffic_secret_0", "ssl_fc_session_id", "ssl_fc_session_key", "ssl_fc_unique_id"
    ]),
    ("internals of another program", &[
        "cpu_calls", "cpu_ns_avg", "cpu_ns_tot", "internal.htx.data", "internal.htx.free",
        "internal.htx.free_data", "internal.htx.has_eom", "internal.htx.nbblks", "internal.htx.size",
        "internal.htx.used", "internal.htx_blk.data", "internal.htx_blk.hdrname",
        "internal.htx_blk.hdrval", "internal.htx_blk.size", "internal.htx_blk.start_line",
        "internal.htx_blk.type", "lat_ns_avg", "lat_ns_tot"
    ]),
    ("later", &[
        "fcgi.docroot", "fcgi.index"
    ]),
    ("of HAProxy 3.x", &[
        "res.timer.user", "fc_glitches", "bc_glitches", "fc_nb_streams", "bc_nb_streams",
        "ssl_fc_curve",
        "bc_settings_streams_limit", "fc_settings_streams_limit", "bc_rtt", "bc_rttvar", "term_events",
        "waiting_entity"
    ]),
];

/// One row for each reason: all that a message needs besides the name.
static ROWS: &[Fetch] = &[
    fetch("", Type::Any, Phases::ALL, |_, _| ()).later("the TLS library does not tell"),
    fetch("", Type::Any, Phases::ALL, |_, _| ()).later("internals of another program"),
    fetch("", Type::Any, Phases::ALL, |_, _| ()).later("later"),
    fetch("", Type::Any, Phases::ALL, |_, _| ()).later("of HAProxy 3.x"),
];

/// The row that refuses a name.
pub(super) fn find(name: &str) -> Option<&'static Fetch> {
    let at = LATER.iter().position(|(_, names)| names.contains(&name))?;
    ROWS.get(at)
}

/// Every name, with what it belongs to.
pub(super) fn names() -> impl Iterator<Item = (&'static str, &'static str)> {
    LATER.iter().flat_map(|(reason, names)| names.iter().map(|name| (*name, *reason)))
}
