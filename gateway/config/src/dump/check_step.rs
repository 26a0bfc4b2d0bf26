//! The steps of checks: `http-check …` and `tcp-check …`.

use super::text::{Line, line};
use crate::model::{
    CheckConnect, CheckExpect, CheckExpectOptions, CheckMatch, CheckPattern, CheckPayload, CheckPort,
    CheckRequest, CheckStep, CheckText,
};

/// A line of one of the two families.
pub(super) fn step(family: &str, step: &CheckStep) -> Line {
    let head = |keyword: &str| line([family, keyword]);
    match step {
        CheckStep::Connect(step) => connect(head("connect"), step),
        CheckStep::Send { payload, comment } => {
            let (keyword, payload) = sent(payload);
            head(keyword).and(payload).set("comment", comment.as_ref())
        }
        CheckStep::Request(step) => request(head("send"), step),
        CheckStep::Expect(step) => expect(head("expect"), step),
        CheckStep::SetVar { action, text, assignment: _ } => {
            let line = head(action);
            if text.is_empty() { line } else { line.and(text) }
        }
        CheckStep::UnsetVar(var) => head(&format!("unset-var({})", var.name())),
        CheckStep::Comment(text) => head("comment").and(text),
    }
}

fn connect(head: Line, step: &CheckConnect) -> Line {
    let CheckConnect { default, port, addr, ssl, send_proxy, via_socks4, linger, sni, alpn, proto, comment } =
        step;
    let port = port.as_ref().map(|port| match port {
        CheckPort::Fixed(port) => port.to_string(),
        CheckPort::Expr(expr) => expr.text().to_owned(),
    });
    let valued = [
        ("port", &port),
        ("addr", addr),
        ("sni", sni),
        ("alpn", alpn),
        ("proto", proto),
        ("comment", comment),
    ];
    let flags = head
        .flag("default", *default)
        .flag("ssl", *ssl)
        .flag("send-proxy", *send_proxy)
        .flag("via-socks4", *via_socks4)
        .flag("linger", *linger);
    let values = valued.into_iter().filter_map(|(name, value)| Some(line([name, value.as_deref()?])));
    filled_last(flags, values.collect())
}

/// The same with these options, empty ones first: an empty last word would not be read.
fn filled_last(head: Line, mut options: Vec<Line>) -> Line {
    options.sort_by_key(|option| option.words.last().is_none_or(|word| !word.text.is_empty()));
    options.into_iter().fold(head, |line, option| line.with(option.words))
}

fn sent(payload: &CheckPayload) -> (&'static str, String) {
    match payload {
        CheckPayload::Text(CheckText::Plain(text)) => ("send", text.clone()),
        CheckPayload::Text(CheckText::Format(format)) => ("send-lf", format.text().to_owned()),
        CheckPayload::Binary(bytes) => ("send-binary", hex(bytes)),
        CheckPayload::BinaryFormat(format) => ("send-binary-lf", format.text().to_owned()),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The option's name, with `-lf` behind it where the text is made, and the text.
fn either<'a>(name: &str, text: &'a CheckText) -> (String, &'a str) {
    match text {
        CheckText::Plain(text) => (name.to_owned(), text),
        CheckText::Format(format) => (format!("{name}-lf"), format.text()),
    }
}

fn request(head: Line, step: &CheckRequest) -> Line {
    let CheckRequest { method, uri, version, headers, body, comment } = step;
    let head =
        headers.iter().fold(head, |line, (name, value)| line.and("hdr").and(name).and(value_of(value)));
    let made = |name: &str, text: &CheckText| {
        let (name, text) = either(name, text);
        line([&name, text])
    };
    let plain = [("meth", method), ("ver", version), ("comment", comment)];
    let plain = plain.into_iter().filter_map(|(name, value)| Some(line([name, value.as_deref()?])));
    let made = [("uri", uri), ("body", body)]
        .into_iter()
        .filter_map(|(name, text)| text.as_ref().map(|text| made(name, text)));
    filled_last(head, plain.chain(made).collect())
}

/// A header's value, which is a log-format in any case.
fn value_of(value: &CheckText) -> String {
    match value {
        CheckText::Plain(text) => literal(text),
        CheckText::Format(format) => format.text().to_owned(),
    }
}

/// A log-format string that makes this text.
pub(super) fn literal(text: &str) -> String {
    text.replace('%', "%%")
}

fn expect(head: Line, step: &CheckExpect) -> Line {
    let CheckExpect { not, what, options, comment } = step;
    let CheckExpectOptions {
        min_recv,
        ok_status,
        error_status,
        tout_status,
        on_success,
        on_error,
        status_code,
    } = options;
    let min_recv = min_recv.map(|count| count.to_string());
    let valued = [
        ("min-recv", min_recv.as_deref()),
        ("ok-status", ok_status.as_deref()),
        ("error-status", error_status.as_deref()),
        ("tout-status", tout_status.as_deref()),
        ("on-success", on_success.as_ref().map(expr::LogFormat::text)),
        ("on-error", on_error.as_ref().map(expr::LogFormat::text)),
        ("status-code", status_code.as_ref().map(expr::Expr::text)),
        ("comment", comment.as_deref()),
    ];
    let pattern = line([]).flag("!", *not).with(pattern(what).words);
    let values = valued.into_iter().filter_map(|(name, value)| Some(line([name, value?])));
    filled_last(head, std::iter::once(pattern).chain(values).collect())
}

fn pattern(what: &CheckMatch) -> Line {
    match what {
        CheckMatch::Status(ranges) => line(["status", &super::check::statuses(ranges)]),
        CheckMatch::StatusPattern(pattern) => line(["rstatus", pattern]),
        CheckMatch::Text(text) => {
            let (name, text) = either("string", text);
            line([&name, text])
        }
        CheckMatch::Pattern(pattern) => line(["rstring", pattern]),
        CheckMatch::Binary(bytes) => line(["binary", &hex(bytes)]),
        CheckMatch::BinaryPattern(pattern) => line(["rbinary", pattern]),
        CheckMatch::BinaryFormat(format) => line(["binary-lf", format.text()]),
        CheckMatch::Custom => line(["custom"]),
        CheckMatch::Header { full, name, value } => {
            let head = line([if *full { "fhdr" } else { "hdr" }]).with(compared("name", name).words);
            head.with(value.iter().flat_map(|value| compared("value", value).words))
        }
    }
}

fn compared(name: &str, pattern: &CheckPattern) -> Line {
    let CheckPattern { method, text } = pattern;
    let (name, text) = either(name, text);
    line([&name, "-m", method, text])
}
