//! `option …` lines, and the pages in place of built-in ones.

use std::net::IpAddr;

use super::text::{self, Line, line};
use crate::cfg;
use crate::model::{
    ConnectionMode, ForwardFor, Forwarded, ForwardedValue, HeaderNames, OriginalTo, PageOrigin, ProxyOptions,
};

/// The options of a section.
pub(super) fn lines(options: &ProxyOptions) -> Vec<Line> {
    #[rustfmt::skip]
    let ProxyOptions {
        forwardfor, connection, dontlognull, dontlog_normal, log_separate_errors, socket_stats, logasap, ignore_probes,
        abortonclose, log_health_checks, errorfiles, errorfile_origins, http_errors, originalto, forwarded, header_names,
        accept_invalid_request, accept_invalid_response, assume_rfc6587, dont_parse_log, checkcache,
        disable_h2_upgrade, h1_case_client, h1_case_server, buffer_request, drop_request_trailers,
        drop_response_trailers, pretend_keepalive, use_proxy_header, nolinger, persist, prefer_last_server, transparent,
        disable_on_404, send_state,
    } = options;
    let connection = match connection {
        ConnectionMode::KeepAlive => None,
        ConnectionMode::ServerClose => Some("http-server-close"),
        ConnectionMode::Close => Some("httpclose"),
    };
    let flags = [
        ("dontlognull", dontlognull),
        ("dontlog-normal", dontlog_normal),
        ("log-separate-errors", log_separate_errors),
        ("socket-stats", socket_stats),
        ("logasap", logasap),
        ("http-ignore-probes", ignore_probes),
        ("abortonclose", abortonclose),
        ("log-health-checks", log_health_checks),
        ("accept-invalid-http-request", accept_invalid_request),
        ("accept-invalid-http-response", accept_invalid_response),
        ("assume-rfc6587-ntf", assume_rfc6587),
        ("dont-parse-log", dont_parse_log),
        ("checkcache", checkcache),
        ("disable-h2-upgrade", disable_h2_upgrade),
        ("h1-case-adjust-bogus-client", h1_case_client),
        ("h1-case-adjust-bogus-server", h1_case_server),
        ("http-buffer-request", buffer_request),
        ("http-drop-request-trailers", drop_request_trailers),
        ("http-drop-response-trailers", drop_response_trailers),
        ("http-pretend-keepalive", pretend_keepalive),
        ("http-use-proxy-header", use_proxy_header),
        ("nolinger", nolinger),
        ("persist", persist),
        ("prefer-last-server", prefer_last_server),
        ("transparent", transparent),
    ];
    let flags = flags.into_iter().filter_map(|(name, on)| on.then_some(name));
    let mut lines: Vec<Line> =
        connection.into_iter().chain(flags).map(|name| line(["option", name])).collect();
    let checks = [("disable-on-404", disable_on_404), ("send-state", send_state)];
    lines.extend(checks.into_iter().filter(|(_, on)| **on).map(|(name, _)| line(["http-check", name])));
    lines.extend(forwardfor.as_ref().map(forward_for));
    lines.extend(originalto.as_ref().map(original_to));
    lines.extend(forwarded.as_ref().map(forwarded_line));
    let names = match header_names {
        HeaderNames::Preserve => None,
        HeaderNames::Delete => Some("delete"),
        HeaderNames::Reject => Some("reject"),
    };
    lines.extend(names.map(|what| line(["option", "http-restrict-req-hdr-names", what])));
    let pages = errorfiles.iter().zip(errorfile_origins);
    lines.extend(pages.map(|((status, _), origin)| page(*status, origin)));
    lines.extend(http_errors.iter().map(http_error));
    lines
}

fn forward_for(forward: &ForwardFor) -> Line {
    let ForwardFor { header, except, if_none } = forward;
    excepted(line(["option", "forwardfor"]), except)
        .set("header", Some(header).filter(|name| *name != cfg::option::FORWARDED_FOR))
        .flag("if-none", *if_none)
}

fn original_to(original: &OriginalTo) -> Line {
    let OriginalTo { header, except } = original;
    excepted(line(["option", "originalto"]), except)
        .set("header", Some(header).filter(|name| *name != cfg::option::ORIGINAL_TO))
}

fn excepted(words: Line, networks: &[(IpAddr, u8)]) -> Line {
    let add = |line: Line, (ip, length): &(IpAddr, u8)| line.and("except").and(format!("{ip}/{length}"));
    networks.iter().fold(words, add)
}

fn forwarded_line(forwarded: &Forwarded) -> Line {
    let Forwarded { proto, host, by, by_port, for_, for_port } = forwarded;
    let parameters =
        [("host", host), ("by", by), ("by_port", by_port), ("for", for_), ("for_port", for_port)];
    let words = line(["option", "forwarded"]).flag("proto", *proto);
    parameters.into_iter().fold(words, |words, (name, value)| match value {
        None => words,
        Some(ForwardedValue::Usual) => words.and(name),
        Some(ForwardedValue::Expr(expr)) => words.and(format!("{name}-expr")).and(expr.text()),
    })
}

fn http_error(error: &rules::HttpError) -> Line {
    error.words().iter().fold(line(["http-error"]), |line, word| line.and(word))
}

/// The line that gives a page.
pub(super) fn page(status: u16, origin: &PageOrigin) -> Line {
    let (keyword, from) = match origin {
        PageOrigin::File(file) => ("errorfile", text::path(file)),
        PageOrigin::Found(url) => ("errorloc302", url.clone()),
        PageOrigin::SeeOther(url) => ("errorloc303", url.clone()),
        PageOrigin::Section(name) => return line(["errorfiles", name, &status.to_string()]),
    };
    line([keyword, &status.to_string(), &from])
}
