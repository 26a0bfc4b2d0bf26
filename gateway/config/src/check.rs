//! What the checks of a section send and expect, once all of its lines are known.

use lang::Diagnostics;

use crate::cfg::BACKEND;
use crate::cfg::check_step::is_aside;
use crate::draft::{HttpCheck, Proxy, Settings};
use crate::judge::kind_in_words;
use crate::model::{
    CheckExpect, CheckExpectOptions, CheckKind, CheckMatch, CheckRequest, CheckStep, CheckText, ExpectStatus,
};

/// Warns of steps without the option that makes them count.
pub(crate) fn lonely(proxy: &Proxy, notes: &mut Diagnostics) {
    let settings = &proxy.settings;
    let by_steps = matches!(settings.probe, Some(CheckKind::TcpSteps(_)));
    for (family, option, without, steps) in [
        ("tcp-check", "tcp-check", !by_steps, &settings.tcp_steps),
        ("http-check", "httpchk", settings.http_check.is_none(), &settings.http_steps),
    ] {
        if without && !steps.is_empty() && proxy.seen.contains(family) && proxy.kind.meets(BACKEND) {
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

/// Where the request stands that no line asks for: behind the first connection.
fn place(steps: &[CheckStep]) -> usize {
    let real = steps.iter().position(|step| !is_aside(step)).unwrap_or(steps.len());
    real + usize::from(matches!(steps.get(real), Some(CheckStep::Connect(_))))
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

/// One request and one answer, all of it known beforehand; comments are for readers.
fn simple(steps: &[CheckStep]) -> Option<CheckKind> {
    let mut told = steps.iter().filter(|step| !is_comment(step));
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

/// The same as the checks that are acted on have it.
pub(crate) fn expectation(expect: &CheckExpect) -> Option<ExpectStatus> {
    let CheckExpect { not, what, options, comment: _ } = expect;
    let not = *not;
    if *options != CheckExpectOptions::default() {
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
