//! Criteria with a name of their own, such as `path_beg`: a fetch, and how it is compared unless `-m` says otherwise
//! (configuration.txt 7.3). A row per name, with a test that holds for the sample request and one that does not.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::fetch::{self, Fetch};
use crate::matcher::Method;
use crate::{Phase, Sample};

/// A row of the table of criteria.
pub(crate) struct Criterion {
    /// Its name.
    pub(crate) name: &'static str,
    /// The fetch that it asks.
    fetch: &'static str,
    /// How it compares.
    method: Method,
    /// A test that holds for the sample request of the tests, and one that does not.
    example: (&'static str, &'static str),
}

const fn row(name: &'static str, fetch: &'static str, method: Method) -> Criterion {
    Criterion { name, fetch, method, example: ("", "") }
}

impl Criterion {
    const fn example(mut self, holds: &'static str, fails: &'static str) -> Self {
        self.example = (holds, fails);
        self
    }
}

#[rustfmt::skip]
const CRITERIA: &[Criterion] = &[
    row("base",        "base",      Method::Str).example("base www.example.com/a/b", "base www.example.com"),
    row("base_beg",    "base",      Method::Beg).example("base_beg www.example.com/a", "base_beg /a"),
    row("base_dir",    "base",      Method::Dir).example("base_dir a", "base_dir www"),
    row("base_dom",    "base",      Method::Dom).example("base_dom example", "base_dom ample"),
    row("base_end",    "base",      Method::End).example("base_end /a/b", "base_end /a"),
    row("base_len",    "base",      Method::Len).example("base_len 19", "base_len 18"),
    row("base_reg",    "base",      Method::Reg).example("base_reg ^www[.].*b$", "base_reg ^/a"),
    row("base_sub",    "base",      Method::Sub).example("base_sub com/a", "base_sub com/b"),
    row("cook",        "req.cook",  Method::Str).example("cook(sid) abc", "cook(sid) xyz"),
    row("cook_beg",    "req.cook",  Method::Beg).example("cook_beg(sid) ab", "cook_beg(sid) b"),
    row("cook_dir",    "req.cook",  Method::Dir).example("cook_dir(sid) abc", "cook_dir(sid) ab"),
    row("cook_dom",    "req.cook",  Method::Dom).example("cook_dom(sid) abc", "cook_dom(sid) bc"),
    row("cook_end",    "req.cook",  Method::End).example("cook_end(sid) bc", "cook_end(sid) ab"),
    row("cook_len",    "req.cook",  Method::Len).example("cook_len(sid) 3", "cook_len(sid) 2"),
    row("cook_reg",    "req.cook",  Method::Reg).example("cook_reg(sid) ^a.c$", "cook_reg(sid) ^b"),
    row("cook_sub",    "req.cook",  Method::Sub).example("cook_sub(sid) b", "cook_sub(sid) d"),
    row("hdr",         "req.hdr",   Method::Str).example("hdr(host) www.example.com", "hdr(host) example.com"),
    row("hdr_beg",     "req.hdr",   Method::Beg).example("hdr_beg(host) www.", "hdr_beg(host) example"),
    row("hdr_dir",     "req.hdr",   Method::Dir).example("hdr_dir(host) www.example.com", "hdr_dir(host) www"),
    row("hdr_dom",     "req.hdr",   Method::Dom).example("hdr_dom(host) example.com", "hdr_dom(host) ample"),
    row("hdr_end",     "req.hdr",   Method::End).example("hdr_end(host) .com", "hdr_end(host) .org"),
    row("hdr_len",     "req.hdr",   Method::Len).example("hdr_len(host) 15", "hdr_len(host) gt 15"),
    row("hdr_reg",     "req.hdr",   Method::Reg).example("hdr_reg(host) ^www[.]", "hdr_reg(host) ^example"),
    row("hdr_sub",     "req.hdr",   Method::Sub).example("hdr_sub(host) ample", "hdr_sub(host) sample"),
    row("path",        "path",      Method::Str).example("path /a/b", "path /a"),
    row("path_beg",    "path",      Method::Beg).example("path_beg /a", "path_beg /b"),
    row("path_dir",    "path",      Method::Dir).example("path_dir b", "path_dir c"),
    row("path_dom",    "path",      Method::Dom).example("path_dom a", "path_dom /ab"),
    row("path_end",    "path",      Method::End).example("path_end /b", "path_end /a"),
    row("path_len",    "path",      Method::Len).example("path_len 4", "path_len 12"),
    row("path_reg",    "path",      Method::Reg).example("path_reg ^/[ab]/b$", "path_reg ^/b"),
    row("path_sub",    "path",      Method::Sub).example("path_sub a/", "path_sub b/"),
    row("scook",       "res.cook",  Method::Str).example("scook(sid) xyz", "scook(sid) abc"),
    row("scook_beg",   "res.cook",  Method::Beg).example("scook_beg(sid) xy", "scook_beg(sid) y"),
    row("scook_dir",   "res.cook",  Method::Dir).example("scook_dir(sid) xyz", "scook_dir(sid) xy"),
    row("scook_dom",   "res.cook",  Method::Dom).example("scook_dom(sid) xyz", "scook_dom(sid) yz"),
    row("scook_end",   "res.cook",  Method::End).example("scook_end(sid) yz", "scook_end(sid) xy"),
    row("scook_len",   "res.cook",  Method::Len).example("scook_len(sid) 3", "scook_len(sid) 2"),
    row("scook_reg",   "res.cook",  Method::Reg).example("scook_reg(sid) ^x.z$", "scook_reg(sid) ^y"),
    row("scook_sub",   "res.cook",  Method::Sub).example("scook_sub(sid) y", "scook_sub(sid) a"),
    row("shdr",        "res.hdr",   Method::Str).example("shdr(vary) b", "shdr(vary) a,b"),
    row("shdr_beg",    "res.hdr",   Method::Beg).example("shdr_beg(vary) a", "shdr_beg(vary) c"),
    row("shdr_dir",    "res.hdr",   Method::Dir).example("shdr_dir(vary) b", "shdr_dir(vary) c"),
    row("shdr_dom",    "res.hdr",   Method::Dom).example("shdr_dom(vary) a", "shdr_dom(vary) c"),
    row("shdr_end",    "res.hdr",   Method::End).example("shdr_end(vary) b", "shdr_end(vary) c"),
    row("shdr_len",    "res.hdr",   Method::Len).example("shdr_len(vary) 1", "shdr_len(vary) 2"),
    row("shdr_reg",    "res.hdr",   Method::Reg).example("shdr_reg(vary) ^[bc]$", "shdr_reg(vary) ^c"),
    row("shdr_sub",    "res.hdr",   Method::Sub).example("shdr_sub(vary) a", "shdr_sub(vary) ,"),
    row("url",         "url",       Method::Str).example("url /a/b?x=1&y=2", "url /a/b"),
    row("url_beg",     "url",       Method::Beg).example("url_beg /a", "url_beg a"),
    row("url_dir",     "url",       Method::Dir).example("url_dir b", "url_dir x"),
    row("url_dom",     "url",       Method::Dom).example("url_dom b", "url_dom x"),
    row("url_end",     "url",       Method::End).example("url_end y=2", "url_end /b"),
    row("url_len",     "url",       Method::Len).example("url_len 12", "url_len 4"),
    row("url_reg",     "url",       Method::Reg).example("url_reg [?]x=[0-9]", "url_reg ^/b"),
    row("url_sub",     "url",       Method::Sub).example("url_sub ?x=1", "url_sub ?y"),
    row("urlp",        "urlp",      Method::Str).example("urlp(y) 2", "urlp(y) 1"),
    row("urlp_beg",    "urlp",      Method::Beg).example("urlp_beg(y) 2", "urlp_beg(y) 1"),
    row("urlp_dir",    "urlp",      Method::Dir).example("urlp_dir(y) 2", "urlp_dir(y) 1"),
    row("urlp_dom",    "urlp",      Method::Dom).example("urlp_dom(y) 2", "urlp_dom(y) 1"),
    row("urlp_end",    "urlp",      Method::End).example("urlp_end(y) 2", "urlp_end(y) 1"),
    row("urlp_len",    "urlp",      Method::Len).example("urlp_len(y) 1", "urlp_len(y) 2"),
    row("urlp_reg",    "urlp",      Method::Reg).example("urlp_reg(y) ^[0-9]$", "urlp_reg(y) ^[a-z]"),
    row("urlp_sub",    "urlp",      Method::Sub).example("urlp_sub(y) 2", "urlp_sub(y) y"),
    row("payload", "req.payload", Method::Bin).example("payload(11,2) 436f", "payload(11,2) 00"),
    row("payload_lv", "req.payload_lv", Method::Bin).example("payload_lv(0,1) 00002a", "payload_lv(0,1) 0000"),
    row("req.ssl_ver", "req.ssl_ver", Method::Int).example("req.ssl_ver 3.3", "req.ssl_ver 3.1"),
    row("req_ssl_ver", "req.ssl_ver", Method::Int).example("req_ssl_ver gt 3.2", "req_ssl_ver lt 3.0"),
    row("req_ssl_sni", "req.ssl_sni", Method::Str).example("req_ssl_sni www.example.com", "req_ssl_sni example.com"),
    row("req_ver", "req.ver", Method::Str).example("req_ver 1.1", "req_ver 1.0"),
    row("req_rdp_cookie", "req.rdp_cookie", Method::Str).example("req_rdp_cookie(mstshash) hugo", "req_rdp_cookie(mstshash) ali"),
    row("req_rdp_cookie_cnt", "req.rdp_cookie_cnt", Method::Int).example("req_rdp_cookie_cnt(mstshash) 1", "req_rdp_cookie_cnt(mstshash) 0"),
    row("resp_ver", "res.ver", Method::Str).example("resp_ver 1.1", "resp_ver 1.0"),
    row("ssl_fc_sni_end", "ssl_fc_sni", Method::End).example("ssl_fc_sni_end .com", "ssl_fc_sni_end .org"),
    row("ssl_fc_sni_reg", "ssl_fc_sni", Method::Reg).example("ssl_fc_sni_reg ^www", "ssl_fc_sni_reg ^example"),
];

/// Criteria that are a fetch under its own name, compared as its type says; HAProxy lists them with the others.
#[rustfmt::skip]
const OWN: &[Criterion] = &[
    row("http_auth_group", "http_auth_group", Method::Str).example("http_auth_group(people) staff", "http_auth_group(people) guests"),
    row("method",          "method",          Method::Str).example("method GET HEAD", "method POST"),
];

static BY_NAME: LazyLock<HashMap<&'static str, &'static Criterion>> =
    LazyLock::new(|| CRITERIA.iter().map(|row| (row.name, row)).collect());

/// The fetch that a name means, and the method that it implies.
pub(crate) fn find(name: &str) -> Option<(&'static Fetch, Method)> {
    let row = BY_NAME.get(name)?;
    Some((fetch::find(row.fetch)?, row.method))
}

/// The derived criteria: the name of each, the fetch it asks, and how it compares.
pub fn aliases() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    CRITERIA.iter().chain(OWN).map(|row| (row.name, row.fetch, row.method.name()))
}

/// The derived criteria's names, for suggestions.
pub fn alias_names() -> impl Iterator<Item = &'static str> {
    CRITERIA.iter().map(|row| row.name)
}

/// The rows' examples.
pub(crate) fn samples() -> impl Iterator<Item = Sample> {
    CRITERIA.iter().chain(OWN).filter_map(|row| {
        let asked = fetch::find(row.fetch)?;
        Some(Sample {
            table: "criterion",
            name: row.name,
            family: fetch::family(asked),
            expression: row.example.0,
            fails: Some(row.example.1),
            value: Sample::HOLDS,
            since: None,
            response: !asked.phases.contains(Phase::HttpRequest),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_listed_once() {
        let mut names: Vec<_> = aliases().map(|(name, _, _)| name).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn what_a_name_asks_is_known() {
        for (name, asked, _) in aliases() {
            assert!(fetch::find(asked).is_some(), "{name}");
        }
    }
}
