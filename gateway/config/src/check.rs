//! What the checks of a section send and expect, once all of its lines are known.

use lang::Diagnostics;
use lang::units::Port;

use crate::cfg::check_step::is_aside;
use crate::draft::{HttpCheck, Proxy, Settings};
use crate::judge::kind_in_words;
use crate::model::{
    CheckExpect, CheckExpectOptions, CheckKind, CheckMatch, CheckPort, CheckRequest, CheckStep, CheckText,
    ExpectStatus,
};

/// Warns of steps without the option that makes them count.
pub(crate) fn lonely(proxy: &Proxy, notes: &mut Diagnostics) {
    let settings = &proxy.settings;
    let by_steps = matches!(settings.probe, Some(CheckKind::TcpSteps(_)));
    for (family, option, without, steps) in [
        ("tcp-check", "tcp-check", !by_steps, &settings.tcp_steps),
        ("http-check", "httpchk", settings.http_check.is_none(), &settings.http_steps),
    ] {
        if without && !steps.is_empty() && proxy.seen.contains(family) {
            let message = format!(
                "{} '{}' uses {family} rules without 'option {option}', so the rules are ignored.",
                kind_in_words(proxy),
                proxy.name
            );
            notes.warning(proxy.span, message);
        }
    }
}

/// The kind of check that the lines of a section ask for.
pub(crate) fn kind(settings: &Settings) -> CheckKind {
    match (&settings.http_check, &settings.probe) {
        (Some(option), _) => http(option, &settings.http_steps),
        (None, Some(CheckKind::TcpSteps(_))) if !settings.tcp_steps.iter().all(is_comment) => {
            CheckKind::TcpSteps(settings.tcp_steps.clone())
        }
        (None, Some(CheckKind::TcpSteps(_)) | None) => CheckKind::Tcp,
        (None, Some(kind)) => kind.clone(),
    }
}

fn is_comment(step: &CheckStep) -> bool {
    matches!(step, CheckStep::Comment(_))
}

/// `option httpchk`, then the first `http-check send` over it.
fn http(option: &HttpCheck, steps: &[CheckStep]) -> CheckKind {
    let mut steps = steps.to_vec();
    if !steps.iter().any(|step| matches!(step, CheckStep::Request(_))) {
        steps.insert(place(&steps), CheckStep::Request(Box::default()));
    }
    let mut requests = steps.iter_mut().filter_map(|step| match step {
        CheckStep::Request(request) => Some(request),
        _ => None,
    });
    if let Some(request) = requests.next() {
        complete(request, option);
    }
    simple(&steps).unwrap_or(CheckKind::HttpSteps(steps))
}

/// Where the request stands that no line asks for: behind the first connection, or before everything.
fn place(steps: &[CheckStep]) -> usize {
    let real = steps.iter().position(|step| !is_aside(step));
    real.filter(|real| matches!(steps[*real], CheckStep::Connect(_))).map_or(0, |connect| connect + 1)
}

fn complete(request: &mut CheckRequest, option: &HttpCheck) {
    let plain = |text: &String| CheckText::Plain(text.clone());
    request.method.get_or_insert_with(|| option.method.clone());
    request.uri.get_or_insert_with(|| plain(&option.uri));
    request.version.get_or_insert_with(|| option.version.clone());
    let headers = option.headers.iter().map(|(name, value)| (name.clone(), plain(value)));
    request.headers.splice(..0, headers);
    request.body = request.body.take().or_else(|| option.body.as_ref().map(plain));
}

/// One request and one answer, all of it known beforehand; a comment is for readers, unless an expectation stands behind
/// it: of that it is told where it is not met.
fn simple(steps: &[CheckStep]) -> Option<CheckKind> {
    let expects = |behind: &[CheckStep]| {
        matches!(behind.iter().find(|step| !is_comment(step)), Some(CheckStep::Expect(_)))
    };
    let told = steps.iter().enumerate().filter(|(at, step)| !is_comment(step) || expects(&steps[*at..]));
    let mut told = told.map(|(_, step)| step);
    let (request, expect) = match (told.next()?, told.next(), told.next()) {
        (CheckStep::Request(request), None, _) => (request, ExpectStatus::Success),
        (CheckStep::Request(request), Some(CheckStep::Expect(one)), None) => (request, expectation(one)?),
        _ => return None,
    };
    let plain = |text: &CheckText| match text {
        CheckText::Plain(text) => Some(text.clone()),
        CheckText::Format(_) => None,
    };
    let body = match &request.body {
        Some(body) => Some(plain(body)?),
        None => None,
    };
    let header = |(name, value): &(String, CheckText)| Some((name.clone(), plain(value)?));
    Some(CheckKind::Http {
        method: request.method.clone()?,
        uri: plain(request.uri.as_ref()?)?,
        version: request.version.clone()?,
        headers: request.headers.iter().map(header).collect::<Option<_>>()?,
        body,
        expect,
    })
}

/// What is said of checks that have no port to go to where the server has none, behind HAProxy's words for that; `None`
/// where each connection of the check has a port of its own.
pub(crate) fn portless(kind: &CheckKind) -> Option<&'static str> {
    let steps = match kind {
        CheckKind::Tcp | CheckKind::External => return Some(""),
        CheckKind::TcpSteps(steps) => steps.as_slice(),
        // HAProxy puts the request of 'option httpchk' and its like before all connections
        _ => &[],
    };
    let mut real = steps.iter().filter(|step| !is_aside(step));
    if !real.next().is_some_and(has_port) {
        return Some(" nor tcp_check rule 'connect' with port information");
    }
    real.any(|step| matches!(step, CheckStep::Connect(_)) && !has_port(step))
        .then_some(", and a tcp_check rule 'connect' with no port information")
}

fn has_port(step: &CheckStep) -> bool {
    let CheckStep::Connect(connect) = step else { return false };
    let address = connect.addr.as_deref().and_then(|addr| lang::units::parse_address(addr).ok());
    let fixed = matches!(connect.port, Some(CheckPort::Fixed(_)));
    fixed || matches!(address.map(|address| address.port), Some(Port::One(port)) if port > 0)
}

/// The same as the checks that are acted on have it.
fn expectation(expect: &CheckExpect) -> Option<ExpectStatus> {
    let CheckExpect { not, what, options, comment } = expect;
    let not = *not;
    if *options != CheckExpectOptions::default() || comment.is_some() {
        return None;
    }
    match what.clone() {
        CheckMatch::Status(ranges) => Some(ExpectStatus::Status { not, ranges }),
        CheckMatch::StatusPattern(pattern) => Some(ExpectStatus::Pattern { not, pattern }),
        CheckMatch::Text(CheckText::Plain(pattern)) => {
            Some(ExpectStatus::Body { not, pattern, regex: false })
        }
        CheckMatch::Pattern(pattern) => Some(ExpectStatus::Body { not, pattern, regex: true }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::load_text;

    /// The kind of check of a backend with these lines, and what of them waits for somebody who acts.
    fn read(lines: &str) -> (CheckKind, Vec<String>) {
        let head = "defaults\n mode http\n timeout connect 1s\n timeout server 1s\nbackend b\n";
        let loaded = load_text("h.cfg", &format!("{head} {lines}\n server s 192.0.2.1:80 check\n"));
        let waiting =
            loaded.diagnostics.iter().filter(|one| one.later).map(|one| one.message.clone()).collect();
        let model = loaded.model.or(loaded.ahead).unwrap_or_else(|| panic!("{lines} is refused"));
        let check = model.backends[0].servers[0].check.clone().expect("it is checked");
        (check.kind, waiting)
    }

    #[test]
    fn one_request_and_one_answer_are_acted_on() {
        for lines in [
            "option httpchk",
            "option httpchk\n http-check comment x\n http-check send hdr A 50%% body-lf x\n http-check expect status 200",
            "option httpchk\n http-check expect ! rstring 'not ok'",
        ] {
            let (kind, waiting) = read(lines);
            assert!(
                matches!(kind, CheckKind::Http { .. }) && waiting.is_empty(),
                "{lines}: {kind:?} {waiting:?}"
            );
        }
        let (kind, _) = read("option httpchk GET /a\n http-check send uri /b hdr A 50%%");
        let CheckKind::Http { method, uri, headers, .. } = kind else { panic!("{kind:?}") };
        assert_eq!((method.as_str(), uri.as_str(), headers[0].1.as_str()), ("GET", "/b", "50%"));
        for lines in ["option tcp-check", "option httpchk\n option tcp-check\n tcp-check comment x"] {
            assert_eq!(read(lines), (CheckKind::Tcp, Vec::new()), "{lines}");
        }
    }

    #[test]
    fn nothing_is_taken_for_acted_on_that_is_not() {
        for lines in [
            "http-check send hdr A %[date]",
            "http-check send uri-lf /%[date]",
            "http-check expect status 200\n http-check expect string x",
            "http-check expect hdr name x",
            "http-check expect string-lf %[date]",
            "http-check expect min-recv 3 string x",
            "http-check expect on-error x status 200",
            "http-check comment x\n http-check expect status 200",
            "http-check connect port 81 linger",
            "http-check set-var(check.x) int(1)",
            "http-check unset-var(check.x)",
        ] {
            let (kind, waiting) = read(&format!("option httpchk\n {lines}"));
            assert!(
                matches!(kind, CheckKind::HttpSteps(_)) && waiting.is_empty(),
                "{lines}: {kind:?} {waiting:?}"
            );
        }
        for lines in
            ["connect sni x", "connect send-proxy", "connect proto h2", "expect ok-status L7OKC status 200"]
        {
            let (kind, waiting) = read(&format!("option httpchk\n http-check {lines}"));
            assert!(
                matches!(kind, CheckKind::HttpSteps(_)) && waiting.len() == 1,
                "{lines}: {kind:?} {waiting:?}"
            );
        }
        for lines in ["connect", "send x", "expect custom", "set-var-fmt(check.x) a", "unset-var(check.x)"] {
            let (kind, waiting) = read(&format!("option tcp-check\n tcp-check {lines}"));
            assert!(
                matches!(kind, CheckKind::TcpSteps(_)) && waiting.len() == 1,
                "{lines}: {kind:?} {waiting:?}"
            );
        }
    }

    #[test]
    fn the_request_of_the_option_stands_behind_the_first_connection() {
        let lines = "option httpchk GET /a\n http-check comment x\n http-check connect linger";
        let (CheckKind::HttpSteps(steps), _) = read(lines) else { panic!("{lines}") };
        let [CheckStep::Comment(_), CheckStep::Connect(_), CheckStep::Request(request)] = steps.as_slice()
        else {
            panic!("{steps:?}")
        };
        assert_eq!((request.method.as_deref(), request.version.as_deref()), (Some("GET"), Some("HTTP/1.0")));
    }
}
