//! Converters that HAProxy knows and the gateway does not run yet, so that a file that uses one is told so by name.

use super::{Convert, convert};
use crate::Type;

/// (what they belong to, their names).
#[rustfmt::skip]
const LATER: &[(&str, &[&str])] = &[
    ("captures", &[
        "capture-req", "capture-res"
    ]),
    ("hashes", &[
        "wt6", ]),
    ("later", &[
        "debug", "fix_is_valid", "fix_tag_value", "mqtt_field_value", "mqtt_is_valid", ]),
    ("of HAProxy 3.x", &[
        "x509_v_err_str", "rfc7239_is_valid",
        "rfc7239_field", "rfc7239_n2nn", "rfc7239_n2np", "aes_gcm_enc", "aes_cbc_enc", "aes_cbc_dec",
        "table_clr_gpc", "table_inc_gpc", "table_glitch_cnt", "table_glitch_rate", "when", "param",
        "reverse_dom", "c_ntoh"
    ]),
    ("state of proxies and servers", &[
        "nbsrv", "srv_queue"
    ]),
    ("stick tables", &[
        "in_table", "table_bytes_in_rate", "table_bytes_out_rate", "table_conn_cnt", "table_conn_cur",
        "table_conn_rate", "table_expire", "table_gpc", "table_gpc0", "table_gpc0_rate", "table_gpc1",
        "table_gpc1_rate", "table_gpc_rate", "table_gpt", "table_gpt0", "table_http_err_cnt",
        "table_http_err_rate", "table_http_fail_cnt", "table_http_fail_rate", "table_http_req_cnt",
        "table_http_req_rate", "table_idle", "table_kbytes_in", "table_kbytes_out", "table_server_id",
        "table_sess_cnt", "table_sess_rate", "table_trackers"
    ]),
];

/// One row for each reason: all that a message needs besides the name.
static ROWS: &[Convert] = &[
    convert("", Type::Any, Type::Any, |_, _, _| None).later("captures"),
    convert("", Type::Any, Type::Any, |_, _, _| None).later("hashes"),
    convert("", Type::Any, Type::Any, |_, _, _| None).later("later"),
    convert("", Type::Any, Type::Any, |_, _, _| None).later("of HAProxy 3.x"),
    convert("", Type::Any, Type::Any, |_, _, _| None).later("state of proxies and servers"),
    convert("", Type::Any, Type::Any, |_, _, _| None).later("stick tables"),
];

/// The row that refuses a name.
pub(super) fn find(name: &str) -> Option<&'static Convert> {
    let at = LATER.iter().position(|(_, names)| names.contains(&name))?;
    ROWS.get(at)
}

/// Every name, with what it belongs to.
pub(super) fn names() -> impl Iterator<Item = (&'static str, &'static str)> {
    LATER.iter().flat_map(|(reason, names)| names.iter().map(|name| (*name, *reason)))
}
