//! Caddy, to which one CPU means one running thread.

use super::Site;
use crate::certificate::NAME;

pub(super) const ARGUMENTS: &[&str] = &["run", "--adapter", "caddyfile", "--config"];

pub(super) fn configure(site: &Site<'_>) -> String {
    let Site { work, listen, origin, .. } = site;
    let (scheme, host, tls) = match &site.tls {
        None => ("http", "", String::new()),
        Some(files) => {
            let (crt, key) = (files.certificate.display(), files.key.display());
            ("https", NAME, format!("\ttls {crt} {key} {{\n\t\tprotocols tls1.3\n\t}}\n"))
        }
    };
    let other: String = (1..work.rules).fold(String::new(), |text, index| {
        text + &format!("\thandle /service-{index:04}/* {{\n\t\trespond 503\n\t}}\n")
    });
    let path = if work.rules == 0 { "" } else { "/pac/* " };
    format!(
        "{{\n\tadmin off\n\tauto_https off\n\tpersist_config off\n\tlog {{\n\t\tlevel ERROR\n\t}}\n\
         \tservers {{\n\t\tprotocols h1 h2\n\t}}\n}}\n\
         {scheme}://{host}:{} {{\n\tbind {}\n{tls}{other}\
         \thandle {path}{{\n\t\treverse_proxy {origin} {{\n\t\t\ttransport http {{\n\t\t\t\tkeepalive_idle_conns_per_host 600\n\
         \t\t\t}}\n\t\t}}\n\t}}\n}}\n",
        listen.port(),
        listen.ip()
    )
}
