//! Headers that tell a server of the client: `option forwardfor`, `originalto`, `forwarded` (configuration.txt 4.2).

use std::net::IpAddr;

/// `option forwardfor`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForwardFor {
    /// `header`: the name, in lower case.
    pub header: String,
    /// `except`: networks that are not told of.
    pub except: Vec<(IpAddr, u8)>,
    /// `if-none`: only when the request has no such header.
    pub if_none: bool,
}

/// `option originalto`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginalTo {
    /// `header`: the name, in lower case.
    pub header: String,
    /// `except`: networks that are not told of.
    pub except: Vec<(IpAddr, u8)>,
}

/// `option forwarded` (RFC 7239).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forwarded {
    /// `proto`.
    pub proto: bool,
    /// `host`, `host-expr`.
    pub host: Option<ForwardedValue>,
    /// `by`, `by-expr`.
    pub by: Option<ForwardedValue>,
    /// `by_port`, `by_port-expr`.
    pub by_port: Option<ForwardedValue>,
    /// `for`, `for-expr`.
    pub for_: Option<ForwardedValue>,
    /// `for_port`, `for_port-expr`.
    pub for_port: Option<ForwardedValue>,
}

/// Where a parameter's value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ForwardedValue {
    /// The connection.
    Usual,
    /// An expression.
    Expr(expr::Expr),
}

/// `option http-restrict-req-hdr-names`: what becomes of headers whose names hold other characters than letters, digits
/// and `-`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HeaderNames {
    /// They stay.
    #[default]
    Preserve,
    /// They are left out.
    Delete,
    /// The request is refused.
    Reject,
}
