//! Fetches that HAProxy knows and the gateway does not evaluate yet, so that a file that uses one is told so by name.

use super::{Fetch, fetch};
use crate::{Phases, Type};

/// (what they belong to, their names).
#[rustfmt::skip]
const LATER: &[(&str, &[&str])] = &[
    ("TLS details", &[
        "ssl_bc_client_random", "ssl_bc_err", "ssl_bc_err_str", "ssl_bc_npn", "ssl_bc_server_random",
        "ssl_bc_session_id", "ssl_bc_session_key", "ssl_bc_unique_id", "ssl_c_chain_der", "ssl_c_sha1",
        "ssl_f_der", "ssl_f_i_dn", "ssl_f_key_alg", "ssl_f_notafter", "ssl_f_notbefore", "ssl_f_s_dn",
        "ssl_f_serial", "ssl_f_sha1", "ssl_f_sig_alg", "ssl_f_version", "ssl_fc_cipherlist_bin",
        "ssl_fc_cipherlist_hex", "ssl_fc_cipherlist_str", "ssl_fc_cipherlist_xxh",
        "ssl_fc_client_early_traffic_secret", "ssl_fc_client_handshake_traffic_secret",
        "ssl_fc_client_random", "ssl_fc_client_traffic_secret_0", "ssl_fc_early_exporter_secret",
        "ssl_fc_ecformats_bin", "ssl_fc_eclist_bin", "ssl_fc_exporter_secret", "ssl_fc_extlist_bin",
        "ssl_fc_protocol_hello_id", "ssl_fc_server_handshake_traffic_secret", "ssl_fc_server_random",
        "ssl_fc_server_traffic_secret_0", "ssl_fc_session_id", "ssl_fc_session_key", "ssl_fc_unique_id",
        "ssl_s_chain_der", "ssl_s_der", "ssl_s_i_dn", "ssl_s_key_alg", "ssl_s_notafter", "ssl_s_notbefore",
        "ssl_s_s_dn", "ssl_s_serial", "ssl_s_sha1", "ssl_s_sig_alg", "ssl_s_version"
    ]),
    ("cache and compression", &[
        "res.cache_hit", "res.cache_name", "res.comp", "res.comp_algo"
    ]),
    ("client connection details", &[
        "fc_fackets", "fc_lost", "fc_pp_authority", "fc_pp_unique_id", "fc_reordering", "fc_retrans",
        "fc_rtt", "fc_rttvar", "fc_sacked", "fc_unacked"
    ]),
    ("internals of another program", &[
        "cpu_calls", "cpu_ns_avg", "cpu_ns_tot", "internal.htx.data", "internal.htx.free",
        "internal.htx.free_data", "internal.htx.has_eom", "internal.htx.nbblks", "internal.htx.size",
        "internal.htx.used", "internal.htx_blk.data", "internal.htx_blk.hdrname",
        "internal.htx_blk.hdrval", "internal.htx_blk.size", "internal.htx_blk.start_line",
        "internal.htx_blk.type", "last_rule_file", "last_rule_line", "lat_ns_avg", "lat_ns_tot"
    ]),
    ("later", &[
        "fcgi.docroot", "fcgi.index"
    ]),
    ("of HAProxy 3.x", &[
        "res.timer.user", "request_date", "fc_glitches", "bc_glitches", "fc_nb_streams", "bc_nb_streams",
        "txn.redispatched", "ssl_fc_curve", "ssl_fc_sigalgs_bin", "ssl_fc_supported_versions_bin",
        "bc_settings_streams_limit", "fc_settings_streams_limit", "bc_rtt", "bc_rttvar", "term_events",
        "waiting_entity", "ssl_c_san", "ssl_s_san"
    ]),
];

/// One row for each reason: all that a message needs besides the name.
static ROWS: &[Fetch] = &[
    fetch("", Type::Any, Phases::ALL, |_, _| ()).later("TLS details"),
    fetch("", Type::Any, Phases::ALL, |_, _| ()).later("cache and compression"),
    fetch("", Type::Any, Phases::ALL, |_, _| ()).later("client connection details"),
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
