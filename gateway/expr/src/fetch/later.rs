//! Fetches that HAProxy knows and the gateway does not evaluate yet, so that a file that uses one is told so by name.

use super::{Fetch, fetch};
use crate::{Phases, Type};

/// (the row that says what is lacking, and what to do instead; the names that it refuses).
#[rustfmt::skip]
static LATER: &[(Fetch, &[&str])] = &[
    (lacks("the TLS library does not tell"), &[
        "ssl_bc_client_random", "ssl_bc_err", "ssl_bc_err_str", "ssl_bc_npn", "ssl_bc_server_random",
        "ssl_bc_session_id", "ssl_bc_session_key", "ssl_bc_unique_id", "ssl_fc_server_random", "ssl_fc_unique_id"
    ]),
    (lacks("internals of another program"), &[
        "cpu_calls", "cpu_ns_avg", "cpu_ns_tot", "internal.htx.data", "internal.htx.free",
        "internal.htx.free_data", "internal.htx.has_eom", "internal.htx.nbblks", "internal.htx.size",
        "internal.htx.used", "internal.htx_blk.data", "internal.htx_blk.hdrname",
        "internal.htx_blk.hdrval", "internal.htx_blk.size", "internal.htx_blk.start_line",
        "internal.htx_blk.type", "lat_ns_avg", "lat_ns_tot"
    ]),
    (lacks("expressions are not told of the 'fcgi-app': write its directory or its index out as 'str(...)'"), &[
        "fcgi.docroot", "fcgi.index"
    ]),
    (lacks("a connection's glitches are not counted: 'http_err_rate' of a stick table finds clients that send nonsense"), &[
        "fc_glitches", "bc_glitches"
    ]),
    (lacks("the streams of a connection are not told: 'http_req_rate' of a stick table finds clients that send much"), &[
        "fc_nb_streams", "bc_nb_streams", "fc_settings_streams_limit", "bc_settings_streams_limit"
    ]),
    (lacks("how a stream came to its end is not kept step by step: 'txn.sess_term_state' tells the end"), &[
        "term_events", "waiting_entity"
    ]),
    (lacks("the time that a client sees is kept for the whole only: 'txn.timer.user' tells it"), &[
        "res.timer.user"
    ]),
];

/// A row that has all that a message needs besides the name.
const fn lacks(reason: &'static str) -> Fetch {
    fetch("", Type::Any, Phases::ALL, |_, _| ()).later(reason)
}

/// The row that refuses a name.
pub(super) fn find(name: &str) -> Option<&'static Fetch> {
    LATER.iter().find(|(_, names)| names.contains(&name)).map(|(row, _)| row)
}

/// Every name, with why it is refused.
pub(super) fn names() -> impl Iterator<Item = (&'static str, &'static str)> {
    let reason = |row: &'static Fetch| row.later.unwrap_or_default();
    LATER.iter().flat_map(move |(row, names)| names.iter().map(move |name| (*name, reason(row))))
}

#[cfg(test)]
mod tests {
    use crate::world::scope_at;
    use crate::{Expr, Phase};

    #[test]
    fn a_name_that_is_refused_is_told_what_there_is_instead() {
        for (name, instead) in [
            ("fcgi.index", "str(...)"),
            ("fc_glitches", "http_err_rate"),
            ("bc_nb_streams", "http_req_rate"),
            ("waiting_entity", "txn.sess_term_state"),
        ] {
            let bad = Expr::parse_text(name, &scope_at(Phase::HttpRequest)).unwrap_err();
            assert!(bad.why.contains("not supported yet") && bad.why.contains(instead), "{}", bad.why);
        }
    }
}
