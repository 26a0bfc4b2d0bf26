//! `fcgi-app` sections (configuration.txt 10): read, modelled, and then refused, for servers are spoken to in HTTP
//! alone.

use expr::{Acls, Cond, LogFormat, Phase, Scope};
use lang::{Diagnostic, Diagnostics, Word};

use super::named::{Form, Kind, check_name};
use super::{Context, FRONTEND, Keyword, Prefix, keyword, log};
use crate::draft::{Head, Proxy};
use crate::model::{FcgiApp, PassHeader, SetParam};

/// The lines of a section.
pub(crate) struct Draft {
    /// Without its logs.
    pub(crate) app: FcgiApp,
    acls: Acls,
    /// Where `log-stderr` goes, as the logs of a proxy.
    pub(crate) logs: Proxy,
}

/// `option max-reqs` where nothing is said.
pub(crate) const MAX_REQS: u32 = 1;

impl std::fmt::Debug for Draft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Draft").field("app", &self.app).finish_non_exhaustive()
    }
}

impl Kind for Draft {
    #[rustfmt::skip]
    const KEYWORDS: &'static [Keyword<Self>] = &[
        keyword("acl")        .parse(acl),
        keyword("docroot")    .parse(docroot),
        keyword("index")      .parse(|cx| { cx.target.app.index = Some(one(cx, "'index' expects <filename> as argument.")?.text); Ok(()) }),
        keyword("log-stderr") .parse(log_stderr),
        keyword("option get-values").flag().no().parse(|cx| { cx.target.app.get_values = cx.on(); Ok(()) }),
        keyword("option keep-conn") .flag().no().parse(|cx| { cx.target.app.keep_conn = cx.on(); Ok(()) }),
        keyword("option max-reqs")  .parse(max_reqs),
        keyword("option mpxs-conns").flag().no().parse(|cx| { cx.target.app.mpxs_conns = cx.on(); Ok(()) }),
        keyword("option")     .no().family(unknown_option),
        keyword("pass-header").parse(pass_header),
        keyword("path-info")  .parse(path_info),
        keyword("set-param")  .parse(set_param),
    ];
    const FORM: Form = Form::new("fcgi-app", "'fcgi-app' expects <name> as argument.", |name, place| {
        format!("fcgi-app section '{name}' has the same name as another one declared at {place}.")
    });

    fn begin(head: &Head) -> Self {
        let app = FcgiApp {
            name: head.name.clone(),
            docroot: String::new(),
            index: None,
            path_info: None,
            logs: Vec::new(),
            get_values: false,
            keep_conn: false,
            max_reqs: MAX_REQS,
            mpxs_conns: false,
            pass_headers: Vec::new(),
            params: Vec::new(),
            place: head.place.clone(),
        };
        Self {
            app,
            acls: Acls::default(),
            logs: Proxy::new(FRONTEND, &head.name, head.span, head.place.clone()),
        }
    }

    fn end(&mut self, head: &Head, notes: &mut Diagnostics) {
        if self.app.docroot.is_empty() {
            notes.alert(head.span, format!("fcgi-app '{}': no docroot configured.", head.name));
        }
        if self.app.max_reqs > MAX_REQS && !self.app.mpxs_conns {
            let message = format!(
                "fcgi-app '{}': multiplexing not supported, ignore the option 'max-reqs'.",
                head.name
            );
            notes.warning(head.span, message);
        }
    }
}

/// A line of one word.
fn one(cx: &mut Context<'_, Draft>, usage: &str) -> Result<Word, Diagnostic> {
    let keyword = cx.keyword;
    let word = cx.word_or(usage)?;
    match cx.words.peek() {
        None => Ok(word),
        Some(extra) => {
            let message =
                format!("'{keyword} {}' cannot handle unexpected argument '{}'.", word.text, extra.text);
            Err(Diagnostic::alert(extra.span, message))
        }
    }
}

fn docroot(cx: &mut Context<'_, Draft>) -> Result<(), Diagnostic> {
    cx.target.app.docroot = one(cx, "'docroot' expects <path> as argument.")?.text;
    Ok(())
}

fn path_info(cx: &mut Context<'_, Draft>) -> Result<(), Diagnostic> {
    let word = one(cx, "'path-info' expects <regex> as argument.")?;
    expr::compile_regex(&word.text, false)
        .map_err(|why| Diagnostic::alert(word.span, format!("'{}' : {why}.", word.text)))?;
    cx.target.app.path_info = Some(word.text);
    Ok(())
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
fn condition(cx: &mut Context<'_, Draft>, name: &Word) -> Result<Option<Cond>, Diagnostic> {
    if let Some(word) = cx.words.peek().filter(|word| !matches!(word.text.as_str(), "if" | "unless")) {
        let message =
            format!("'{}' : expects 'if' or 'unless' and a condition (got '{}').", name.text, word.text);
        return Err(Diagnostic::alert(word.span, message));
    }
    let name = format!("'{}' : ", name.text);
    scoped(cx, |acls, words, scope| Cond::parse_rest(words, acls, scope))
        .map_err(|error| error.prefixed(&name))
}

fn pass_header(cx: &mut Context<'_, Draft>) -> Result<(), Diagnostic> {
    let name = cx.word_or("'pass-header' expects <name> as arguments.")?;
    let cond = condition(cx, &name)?;
    cx.target.app.pass_headers.push(PassHeader { name: name.text, cond });
    Ok(())
}

fn set_param(cx: &mut Context<'_, Draft>) -> Result<(), Diagnostic> {
    let usage = "'set-param' expects <name> and <value> as arguments.";
    let (name, value) = (cx.word_or(usage)?, cx.word_or(usage)?);
    if name.text.is_empty() {
        return Err(Diagnostic::alert(name.span, usage));
    }
    let value = scoped(cx, |_, _, scope| LogFormat::parse(&value, scope))?;
    let cond = condition(cx, &name)?;
    cx.target.app.params.push(SetParam { name: name.text, value, cond });
    Ok(())
}

fn max_reqs(cx: &mut Context<'_, Draft>) -> Result<(), Diagnostic> {
    let word = cx.word_or("option 'max-reqs' expects an integer argument.")?;
    let digits = word.text.bytes().take_while(u8::is_ascii_digit).count();
    let max = word.text.get(..digits).and_then(|text| text.parse().ok()).filter(|max| *max > 0);
    let bad = "option 'max-reqs' expects a strictly positive integer argument.";
    let max = max.ok_or_else(|| Diagnostic::alert(word.span, bad))?;
    if digits != word.text.len() {
        let message = format!("'option max-reqs' : '{}' is read as {max}, as HAProxy does", word.text);
        cx.notes.warning(word.span, message);
    }
    cx.target.app.max_reqs = max;
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
    // the words are those of `log` lines, under this name
    cx.part(|app| &mut app.logs, log::proxy).map_err(|mut error| {
        if let Some(why) = error.message.strip_prefix("log : ") {
            error.message = format!("log-stderr : {why}");
        }
        error
    })
}
