//! `bind` lines: one for each socket.

use std::path::Path;

use super::global::permitted;
use super::text::{self, Line, line};
use crate::model::{Bind, BindTls, IgnoredErrors, Proto, Severity, Shards, ThreadSet};

/// A socket; `ca_base` is where the names of CA files were looked up.
pub(super) fn socket(bind: &Bind, ca_base: Option<&Path>) -> Line {
    listener(line(["bind"]), bind, ca_base)
}

/// The address and the options of a socket behind these words.
pub(super) fn listener(words: Line, bind: &Bind, ca_base: Option<&Path>) -> Line {
    #[rustfmt::skip]
    let Bind {
        name, address, maxconn, backlog, tls, accept_proxy, v6only, interface, transparent, tcp_user_timeout,
        defer_accept, fast_open, mss, permissions, id, guid_prefix, label, accept_netscaler_cip, namespace, proto, nice,
        threads, shards, expose_fd, severity_output, congestion_control, md5_key, saved_syn,
        reverse_connections, idle_ping, kernel_tls, place: _,
    } = bind;
    let canonical = text::socket(address);
    let as_written = bind.own_name().is_empty() && !name.is_empty();
    let written = if as_written { name } else { &canonical };
    let words = words
        .and(written)
        .set("name", Some(name).filter(|_| !as_written))
        .set("maxconn", maxconn.as_ref())
        .set("backlog", backlog.as_ref())
        .flag("accept-proxy", *accept_proxy)
        .flag("v4v6", *v6only == Some(false))
        .flag("v6only", *v6only == Some(true))
        .set("interface", interface.as_ref())
        .flag("transparent", *transparent)
        .set("tcp-ut", tcp_user_timeout.map(text::time))
        .flag("defer-accept", *defer_accept)
        .flag("tfo", *fast_open)
        .set("mss", mss.as_ref())
        .set("id", id.as_ref())
        .set("guid-prefix", guid_prefix.as_ref())
        .set("label", label.as_ref())
        .set("accept-netscaler-cip", accept_netscaler_cip.as_ref())
        .set("namespace", namespace.as_ref())
        .set("proto", proto.map(protocol))
        .set("nice", nice.as_ref())
        .set("shards", shards.map(shared))
        .set("expose-fd", expose_fd.then_some("listeners"))
        .set("severity-output", severity(*severity_output))
        .set("cc", congestion_control.as_ref())
        .set("tcp-md5sig", md5_key.as_ref())
        .set("tcp-ss", saved_syn.as_ref())
        .set("nbconn", reverse_connections.as_ref())
        .set("idle-ping", idle_ping.map(text::time))
        .set("ktls", kernel_tls.map(text::on_off));
    let words = threads.iter().fold(words, |words, set| match set {
        ThreadSet::Threads(set) => words.and("thread").and(set),
        ThreadSet::Process(set) => words.and("process").and(set),
    });
    let words = permitted(words, permissions);
    tls.iter().fold(words, |words, settings| encrypted(words.and("ssl"), settings, ca_base))
}

/// A protocol by the name that `proto` takes.
pub(super) fn protocol(proto: Proto) -> &'static str {
    match proto {
        Proto::H1 => "h1",
        Proto::H2 => "h2",
        Proto::Fcgi => "fcgi",
        Proto::Spop => "spop",
        Proto::None => "none",
    }
}

fn shared(shards: Shards) -> String {
    match shards {
        Shards::Count(count) => count.to_string(),
        Shards::ByThread => "by-thread".to_owned(),
        Shards::ByGroup => "by-group".to_owned(),
    }
}

fn severity(severity: Severity) -> Option<&'static str> {
    match severity {
        Severity::None => None,
        Severity::Number => Some("number"),
        Severity::Word => Some("string"),
    }
}

fn encrypted(words: Line, tls: &BindTls, ca_base: Option<&Path>) -> Line {
    #[rustfmt::skip]
    let BindTls {
        certificates, alpn, min, max, strict_sni, ciphers, ciphersuites, curves, no_tickets, ca_file, verify_client,
        crt_lists, default_certificates, npn, ecdhe, sigalgs, client_sigalgs, ca_verify_file, no_ca_names, crl_file,
        ca_ignore_err, crt_ignore_err, generate_certificates, ca_sign_file, ca_sign_pass, ticket_keys,
        prefer_client_ciphers, early_data, renegotiate, ech,
    } = tls;
    // they are joined to the base again when they are read
    let below = |file: &std::path::PathBuf| text::below(file, ca_base);
    let mut words = words;
    for at in 0..=certificates.len() {
        let lists = crt_lists.iter().filter(|list| list.after == at);
        words = lists.fold(words, |words, list| words.and("crt-list").and(text::path(&list.file)));
        words =
            certificates.get(at).into_iter().fold(words, |words, crt| words.and("crt").and(text::path(crt)));
    }
    let words =
        default_certificates.iter().fold(words, |words, crt| words.and("default-crt").and(text::path(crt)));
    let verify = verify_client.map(|required| if required { "required" } else { "optional" });
    let words = words
        .set("alpn", text::list(alpn))
        .set("npn", text::list(npn))
        .set("ssl-min-ver", min.map(text::tls))
        .set("ssl-max-ver", max.map(text::tls))
        .set("ciphers", ciphers.as_ref())
        .set("ciphersuites", ciphersuites.as_ref())
        .set("curves", curves.as_ref())
        .set("ecdhe", ecdhe.as_ref())
        .set("sigalgs", sigalgs.as_ref())
        .set("client-sigalgs", client_sigalgs.as_ref())
        .flag("no-tls-tickets", *no_tickets)
        .set("tls-ticket-keys", ticket_keys.as_deref().map(text::path))
        .flag("strict-sni", *strict_sni)
        .flag("prefer-client-ciphers", *prefer_client_ciphers)
        .flag("allow-0rtt", *early_data)
        .flag("renegotiate", *renegotiate == Some(true))
        .flag("no-renegotiate", *renegotiate == Some(false))
        .set("ech", ech.as_deref().map(text::path));
    words
        .set("ca-file", ca_file.as_ref().map(below))
        .set("ca-verify-file", ca_verify_file.as_ref().map(below))
        .set("crl-file", crl_file.as_ref().map(below))
        .flag("no-ca-names", *no_ca_names)
        .set("verify", verify)
        .set("ca-ignore-err", ca_ignore_err.as_ref().map(errors))
        .set("crt-ignore-err", crt_ignore_err.as_ref().map(errors))
        .flag("generate-certificates", *generate_certificates)
        .set("ca-sign-file", ca_sign_file.as_deref().map(text::path))
        .set("ca-sign-pass", ca_sign_pass.as_ref())
}

fn errors(ignored: &IgnoredErrors) -> String {
    match ignored {
        IgnoredErrors::All => "all".to_owned(),
        IgnoredErrors::Some(ids) => ids.iter().map(u8::to_string).collect::<Vec<_>>().join(","),
    }
}
