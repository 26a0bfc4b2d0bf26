//! `fcgi-app` sections (configuration.txt 10).

use expr::{Cond, LogFormat};

use super::LogTarget;

/// An application that servers of a backend with `use-fcgi-app` speak FastCGI for.
#[derive(Clone, Debug, PartialEq)]
pub struct FcgiApp {
    /// Its name; `use-fcgi-app` and `filter fcgi-app` call it by that.
    pub name: String,
    /// `docroot`: the directory on the server that scripts lie below, as written.
    pub docroot: String,
    /// `index`: the script that a path means which ends with a slash.
    pub index: Option<String>,
    /// `path-info`: the regex that parts a path in the script's name and what stands behind it, as written; it is one
    /// that compiles.
    pub path_info: Option<String>,
    /// `log-stderr` lines: where goes what the application writes there, the targets of `log-stderr global` among them.
    pub logs: Vec<LogTarget>,
    /// `option get-values`: the server is asked what it can do before it is sent requests.
    pub get_values: bool,
    /// `option keep-conn`: connections stay open after a response.
    pub keep_conn: bool,
    /// `option max-reqs`: requests at once on a connection.
    pub max_reqs: u32,
    /// `option mpxs-conns`: a connection may carry several requests at once.
    pub mpxs_conns: bool,
    /// `pass-header` lines, in their order.
    pub pass_headers: Vec<PassHeader>,
    /// `set-param` lines, in their order.
    pub params: Vec<SetParam>,
    /// Where the section begins, for messages: `file:line`.
    pub place: String,
}

/// A `pass-header` line: the application gets a header that is kept from it otherwise.
#[derive(Clone, Debug, PartialEq)]
pub struct PassHeader {
    /// The header's name.
    pub name: String,
    /// Its condition, over the request.
    pub cond: Option<Cond>,
}

/// A `set-param` line.
#[derive(Clone, Debug, PartialEq)]
pub struct SetParam {
    /// The parameter's name.
    pub name: String,
    /// Its value; one that is empty is not sent.
    pub value: LogFormat,
    /// Its condition, over the request.
    pub cond: Option<Cond>,
}
