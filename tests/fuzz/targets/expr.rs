//! Expressions, ACLs, conditions and log formats, read and asked: nothing panics, a condition asked twice says the
//! same, and the fast plan finds the same rule as asking each in turn.
#![no_main]

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use expr::plan::FirstMatch;
use expr::{Acls, Cond, Expr, LogFormat, Phase, Scope, Side, Txn};
use lang::{Span, Words};

// The first line is the request's target, the second a header's value, the others are configuration.
libfuzzer_sys::fuzz_target!(|text: &str| {
    let mut lines = text.lines();
    let uri = lines.next().unwrap_or_default().as_bytes();
    let request = Request { uri, host: lines.next().unwrap_or_default().as_bytes() };
    let scope = Scope::new(Phase::HttpRequest, &NoFiles);
    let (mut acls, mut conds) = (Acls::default(), Vec::new());
    for line in lines.take(64) {
        let Ok(words) = lang::lex_line(line) else { continue };
        let mut cursor = Words::new(&words, Span::default());
        match cursor.peek_text() {
            Some("acl") => {
                cursor.next();
                let _ = acls.add(&mut cursor, &scope);
            }
            Some("if" | "unless") => conds.extend(Cond::parse(&mut cursor, &acls, &scope)),
            Some("log") => words.iter().for_each(|word| render(word, &request, &scope)),
            _ => ask(&mut cursor, &request, &scope),
        }
    }
    let rules: Vec<_> = conds.iter().map(Some).collect();
    let slow = conds.iter().position(|cond| cond.eval(&request));
    assert_eq!(FirstMatch::compile(&rules).first(&request), slow, "{conds:?}");
});

fn ask(words: &mut Words<'_>, request: &Request<'_>, scope: &Scope<'_>) {
    if let Ok(expr) = Expr::parse(words, scope) {
        let _ = expr.eval(request);
        expr.each(request, &mut |_| ControlFlow::Continue(()));
    }
}

fn render(word: &lang::Word, request: &Request<'_>, scope: &Scope<'_>) {
    let mut out = Vec::new();
    for format in [LogFormat::parse(word, scope), LogFormat::parse_log(word, scope)].iter().flatten() {
        format.render(request, &mut out);
    }
}

struct Request<'a> {
    uri: &'a [u8],
    host: &'a [u8],
}

impl Txn for Request<'_> {
    fn source(&self) -> Option<IpAddr> {
        Some(IpAddr::V4(Ipv4Addr::LOCALHOST))
    }
    fn method(&self) -> Option<&[u8]> {
        Some(b"POST")
    }
    fn uri(&self) -> Option<&[u8]> {
        Some(self.uri)
    }
    fn version(&self) -> Option<(u8, u8)> {
        Some((1, 1))
    }
    fn headers<'a>(
        &'a self,
        side: Side,
        name: Option<&http::HeaderName>,
        visit: &mut dyn FnMut(&'a [u8], &'a [u8]) -> ControlFlow<()>,
    ) {
        if side == Side::Request && name.is_none_or(|name| name == http::header::HOST) {
            let _ = visit(b"host", self.host);
        }
    }
    fn raw_request(&self) -> &[u8] {
        self.host
    }
}

struct NoFiles;

impl lang::Files for NoFiles {
    fn read(&self, _: &Path, _: u64) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::NotFound.into())
    }
    fn list(&self, _: &Path) -> io::Result<Vec<PathBuf>> {
        Err(io::ErrorKind::NotFound.into())
    }
    fn is_dir(&self, _: &Path) -> bool {
        false
    }
    fn exists(&self, _: &Path) -> bool {
        false
    }
}
