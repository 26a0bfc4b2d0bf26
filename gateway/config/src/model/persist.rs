//! How a client stays on its server: `cookie`, `persist`, `force-persist` (configuration.txt 4.2).

use std::time::Duration;

/// All that keeps clients on servers, but for stick tables.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Persistence {
    /// `cookie`.
    pub cookie: Option<Cookie>,
    /// `dynamic-cookie-key`.
    pub dynamic_key: Option<String>,
    /// `persist rdp-cookie(name)`: the cookie's name.
    pub rdp_cookie: Option<String>,
    /// `force-persist` and `ignore-persist` rules, in order.
    pub rules: Vec<PersistRule>,
}

/// A `force-persist` or `ignore-persist` rule.
#[derive(Clone, Debug, PartialEq)]
pub struct PersistRule {
    /// `force-persist`: a server that is down is used all the same; otherwise the cookie is not looked at.
    pub force: bool,
    /// When.
    pub cond: expr::Cond,
}

/// `cookie`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cookie {
    /// Its name.
    pub name: String,
    /// What is done with it.
    pub mode: CookieMode,
    /// `indirect`: the server does not see it.
    pub indirect: bool,
    /// `nocache`: a response that sets it is not to be cached.
    pub nocache: bool,
    /// `postonly`: it is set in answers to POST alone.
    pub postonly: bool,
    /// `preserve`: one that the server sets is left alone.
    pub preserve: bool,
    /// `httponly`.
    pub httponly: bool,
    /// `secure`.
    pub secure: bool,
    /// `domain`, each.
    pub domains: Vec<String>,
    /// `maxidle`: it is worth nothing after this long without a request.
    pub maxidle: Option<Duration>,
    /// `maxlife`: it is worth nothing after this long.
    pub maxlife: Option<Duration>,
    /// `dynamic`: its value is made from the server's address.
    pub dynamic: bool,
    /// `attr`, each.
    pub attributes: Vec<String>,
}

/// What is done with the cookie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CookieMode {
    /// It is only read.
    #[default]
    Passive,
    /// `rewrite`: the server's own, with another value.
    Rewrite,
    /// `insert`: one of ours.
    Insert,
    /// `prefix`: the server's own, with the server's name before its value.
    Prefix,
}
