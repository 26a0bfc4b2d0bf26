//! `fcgi-app` sections (configuration.txt 10): read for what is wrong in them, and then refused, for servers are
//! spoken to in HTTP alone.

use expr::{Acls, Cond, LogFormat, Phase, Scope};
use lang::{Diagnostic, Diagnostics, Word};

use super::named::{Form, Kind, check_name};
use super::{Context, FRONTEND, Keyword, Prefix, keyword, log};
use crate::draft::{Head, Proxy};

/// The lines of a section.
pub(crate) struct Draft {
    has_docroot: bool,
    max_reqs: Option<u32>,
    multiplexes: bool,
    acls: Acls,
    /// Where `log-stderr` goes, as the logs of a proxy.
    logs: Proxy,
}

impl std::fmt::Debug for Draft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Draft").field("has_docroot", &self.has_docroot).finish_non_exhaustive()
    }
}

impl Kind for Draft {
    #[rustfmt::skip]
    const KEYWORDS: &'static [Keyword<Self>] = &[
        keyword("acl")        .parse(acl),
        keyword("docroot")    .parse(docroot),
        keyword("index")      .parse(|cx| one(cx, "'index' expects <filename> as argument.")),
        keyword("log-stderr") .parse(log_stderr),
        keyword("option get-values").flag().no().parse(|_| Ok(())),
        keyword("option keep-conn") .flag().no().parse(|_| Ok(())),
        keyword("option max-reqs")  .parse(max_reqs),
        keyword("option mpxs-conns").flag().no().parse(|cx| { cx.target.multiplexes = cx.on(); Ok(()) }),
        keyword("option")     .no().family(unknown_option),
        keyword("pass-header").parse(pass_header),
        keyword("path-info")  .parse(path_info),
        keyword("set-param")  .parse(set_param),
    ];
    const FORM: Form = Form::new("fcgi-app", "'fcgi-app' expects <name> as argument.", |name, place| {
        format!("fcgi-app section '{name}' has the same name as another one declared at {place}.")
    });

    fn begin(head: &Head) -> Self {
        Self {
            has_docroot: false,
            max_reqs: None,
            multiplexes: false,
            acls: Acls::default(),
            logs: Proxy::new(FRONTEND, &head.name, head.span, head.place.clone()),
        }
    }

    fn end(&mut self, head: &Head, notes: &mut Diagnostics) {
        if !self.has_docroot {
            notes.alert(head.span, format!("fcgi-app '{}': no docroot configured.", head.name));
        }
        if self.max_reqs.is_some_and(|max| max > 1) && !self.multiplexes {
            let message = format!(
                "fcgi-app '{}': multiplexing not supported, ignore the option 'max-reqs'.",
                head.name
            );
            notes.warning(head.span, message);
        }
    }
}

/// A line of one word.
fn one(cx: &mut Context<'_, Draft>, usage: &str) -> Result<(), Diagnostic> {
    let keyword = cx.keyword;
    let word = cx.word_or(usage)?;
    match cx.words.peek() {
        None => Ok(()),
        Some(extra) => {
            let message =
                format!("'{keyword} {}' cannot handle unexpected argument '{}'.", word.text, extra.text);
            Err(Diagnostic::alert(extra.span, message))
        }
    }
}

fn docroot(cx: &mut Context<'_, Draft>) -> Result<(), Diagnostic> {
    one(cx, "'docroot' expects <path> as argument.")?;
    cx.target.has_docroot = true;
    Ok(())
}

fn path_info(cx: &mut Context<'_, Draft>) -> Result<(), Diagnostic> {
    let word = cx.words.peek().cloned();
    one(cx, "'path-info' expects <regex> as argument.")?;
    let Some(word) = word else { return Ok(()) };
    expr::compile_regex(&word.text, false)
        .map(drop)
        .map_err(|why| Diagnostic::alert(word.span, format!("'{}' : {why}.", word.text)))
}

fn acl(cx: &mut Context<'_, Draft>) -> Result<(), Diagnostic> {
    if let Some(name) = cx.words.peek() {
        check_name(name, "acl name")?;
    }
    scoped(cx, |acls, words, scope| acls.add(words, scope))
}

/// Reads something with the ACLs of the section.
fn scoped<T>(
    cx: &mut Context<'_, Draft>,
    read: impl FnOnce(&mut Acls, &mut lang::Words<'_>, &Scope<'_>) -> Result<T, Diagnostic>,
) -> Result<T, Diagnostic> {
    let scope = cx.scope(Phase::HttpRequest);
    let result = read(&mut cx.target.acls, &mut cx.words, &scope);
    scope.take_warnings().into_iter().for_each(|warning| cx.notes.push(warning));
    result
}

/// The condition at the end of a line about `name`.
fn condition(cx: &mut Context<'_, Draft>, name: &Word) -> Result<(), Diagnostic> {
    if let Some(word) = cx.words.peek().filter(|word| !matches!(word.text.as_str(), "if" | "unless")) {
        let message =
            format!("'{}' : expects 'if' or 'unless' and a condition (got '{}').", name.text, word.text);
        return Err(Diagnostic::alert(word.span, message));
    }
    let name = format!("'{}' : ", name.text);
    scoped(cx, |acls, words, scope| Cond::parse_rest(words, acls, scope))
        .map(drop)
        .map_err(|error| error.prefixed(&name))
}

fn pass_header(cx: &mut Context<'_, Draft>) -> Result<(), Diagnostic> {
    let name = cx.word_or("'pass-header' expects <name> as arguments.")?;
    condition(cx, &name)
}

fn set_param(cx: &mut Context<'_, Draft>) -> Result<(), Diagnostic> {
    let usage = "'set-param' expects <name> and <value> as arguments.";
    let (name, value) = (cx.word_or(usage)?, cx.word_or(usage)?);
    scoped(cx, |_, _, scope| LogFormat::parse(&value, scope))?;
    condition(cx, &name)
}

fn max_reqs(cx: &mut Context<'_, Draft>) -> Result<(), Diagnostic> {
    let word = cx.word_or("option 'max-reqs' expects an integer argument.")?;
    let max = word.text.parse().ok().filter(|max| *max > 0);
    let bad = "option 'max-reqs' expects a strictly positive integer argument.";
    cx.target.max_reqs = Some(max.ok_or_else(|| Diagnostic::alert(word.span, bad))?);
    Ok(())
}

fn unknown_option(cx: &mut Context<'_, Draft>) -> Result<(), Diagnostic> {
    let names = ["get-values", "keep-conn", "max-reqs", "mpxs-conns"];
    match cx.words.peek_text() {
        None => Err(cx.words.error("'option' expects an option name.")),
        Some(name) if cx.prefix != Prefix::None && names.contains(&name) => {
            Err(cx.words.error(format!("negation/default is not supported for option '{name}'.")))
        }
        Some(name) => {
            let meant = lang::suggest::nearest(name, names);
            Err(cx.words.error(format!("unknown option '{name}'.")).suggest(meant))
        }
    }
}

fn log_stderr(cx: &mut Context<'_, Draft>) -> Result<(), Diagnostic> {
    if cx.words.is_empty() {
        let usage = "log-stderr : expects <address> and <facility> or global as arguments";
        return Err(cx.words.error(usage));
    }
    cx.part(|app| &mut app.logs, log::proxy)
}
