//! Converters that HAProxy knows and the gateway does not run yet, so that a file that uses one is told so by name.

use super::{Convert, convert};
use crate::Type;

/// (what they belong to, their names).
#[rustfmt::skip]
const LATER: &[(&str, &[&str])] = &[
    ("captures", &[
        "capture-req", "capture-res"
    ]),
    ("a hash that only HAProxy's own source defines", &["wt6"]),
    ("messages of FIX", &["fix_is_valid", "fix_tag_value"]),
    ("messages of MQTT", &["mqtt_field_value", "mqtt_is_valid"]),
    ("rings that samples are written to", &["debug"]),
    ("of HAProxy 3.x", &[
        "x509_v_err_str", "rfc7239_is_valid",
        "rfc7239_field", "rfc7239_n2nn", "rfc7239_n2np", "aes_gcm_enc", "aes_cbc_enc", "aes_cbc_dec",
        "when", "param",
        "reverse_dom", "c_ntoh"
    ]),
    ("state of proxies and servers", &[
        "nbsrv", "srv_queue"
    ]),
];

/// One row for each reason: all that a message needs besides the name.
static ROWS: &[Convert] = &[
    convert("", Type::Any, Type::Any, |_, _, _| None).later("captures"),
    convert("", Type::Any, Type::Any, |_, _, _| None).later("a hash that only HAProxy's own source defines"),
    convert("", Type::Any, Type::Any, |_, _, _| None).later("messages of FIX"),
    convert("", Type::Any, Type::Any, |_, _, _| None).later("messages of MQTT"),
    convert("", Type::Any, Type::Any, |_, _, _| None).later("rings that samples are written to"),
    convert("", Type::Any, Type::Any, |_, _, _| None).later("of HAProxy 3.x"),
    convert("", Type::Any, Type::Any, |_, _, _| None).later("state of proxies and servers"),
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
