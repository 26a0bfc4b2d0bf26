//! What is said about a configuration: one line for tools, a place with a caret for people.

use std::fmt::Write as _;

use crate::{Sources, Span};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The configuration is refused.
    Alert,
    /// It works, though perhaps not as meant.
    Warning,
    /// For information.
    Notice,
}

impl Severity {
    /// `ALERT`, `WARNING`, `NOTICE`, as HAProxy writes them.
    pub fn name(self) -> &'static str {
        match self {
            Self::Alert => "ALERT",
            Self::Warning => "WARNING",
            Self::Notice => "NOTICE",
        }
    }
}

/// One thing that is said about a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, without the place.
    pub message: String,
    /// Where.
    pub span: Option<Span>,
    /// The word that was probably meant.
    pub suggestion: Option<String>,
    /// What to write instead.
    pub hint: Option<String>,
    /// It was understood and is right, and nothing acts on it yet: HAProxy would take it.
    pub later: bool,
}

impl Diagnostic {
    /// An error at a place.
    pub fn alert(span: Span, message: impl Into<String>) -> Self {
        Self::new(Severity::Alert, Some(span), message.into())
    }

    /// The error for what was understood and nothing acts on yet: `what` is not supported yet.
    pub fn not_yet(span: Span, what: impl std::fmt::Display) -> Self {
        Self { later: true, ..Self::alert(span, format!("{what} is not supported yet")) }
    }

    /// A warning at a place.
    pub fn warning(span: Span, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, Some(span), message.into())
    }

    /// A remark at a place.
    pub fn notice(span: Span, message: impl Into<String>) -> Self {
        Self::new(Severity::Notice, Some(span), message.into())
    }

    /// Anything, with or without a place.
    pub fn new(severity: Severity, span: Option<Span>, message: String) -> Self {
        Self { severity, message, span, suggestion: None, hint: None, later: false }
    }

    /// The same, where what is wrong stops nothing.
    #[must_use]
    pub fn as_warning(self) -> Self {
        Self { severity: Severity::Warning, ..self }
    }

    /// Adds the word that was probably meant.
    #[must_use]
    pub fn suggest(mut self, word: Option<impl Into<String>>) -> Self {
        self.suggestion = word.map(Into::into);
        self
    }

    /// Adds what to write instead.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Puts words before the message: `'server s1' : ` for instance.
    #[must_use]
    pub fn prefixed(mut self, prefix: &str) -> Self {
        self.message.insert_str(0, prefix);
        self
    }

    /// Puts words behind the message.
    #[must_use]
    pub fn suffixed(mut self, suffix: &str) -> Self {
        self.message.push_str(suffix);
        self
    }

    /// The message with its suggestion, in HAProxy's words.
    pub fn text(&self) -> String {
        match &self.suggestion {
            Some(word) => {
                let message = self.message.strip_suffix('.').unwrap_or(&self.message);
                format!("{message}; did you mean '{word}' maybe ?")
            }
            None => self.message.clone(),
        }
    }

    /// HAProxy's one line: `parsing [file:line] : message`.
    pub fn render_pipe(&self, sources: &Sources) -> String {
        let text = one_line(&self.text());
        match self.span {
            Some(span) => format!("parsing [{}] : {text}", sources.place(span)),
            None => text,
        }
    }

    /// For people: the message, the line with a caret under the place, and the hint.
    pub fn render_terminal(&self, sources: &Sources) -> String {
        let mut out = format!("{}: {}\n", self.severity.name().to_lowercase(), one_line(&self.text()));
        if let Some(span) = self.span {
            show_place(&mut out, sources, span);
        }
        if let Some(hint) = &self.hint {
            let _ = writeln!(out, "  hint: {hint}");
        }
        out
    }
}

/// The longest part of a line that is shown.
const SHOWN: usize = 160;

fn show_place(out: &mut String, sources: &Sources, span: Span) {
    let _ = match span.line {
        0 => writeln!(out, "  --> {}", sources.name(span.file)),
        _ if sources.label(span).is_some() => writeln!(out, "  --> {}", sources.place(span)),
        line => writeln!(out, "  --> {}:{line}:{}", sources.name(span.file), span.start + 1),
    };
    let Some(bytes) = sources.line_bytes(span.file, span.line).filter(|line| !line.is_empty()) else {
        return;
    };
    let (start, end) = (span.start as usize, span.end as usize);
    let first = start.saturating_sub(SHOWN / 2);
    let shown = bytes.get(first.min(bytes.len())..bytes.len().min(first + SHOWN)).unwrap_or_default();
    let before = bytes.get(first.min(bytes.len())..start.min(bytes.len())).unwrap_or_default();
    let marked = bytes.get(start.min(bytes.len())..end.clamp(start, start + SHOWN).min(bytes.len()));
    let gutter = if sources.label(span).is_some() { String::new() } else { span.line.to_string() };
    let pad = " ".repeat(gutter.len());
    let _ = writeln!(out, " {pad} |\n {gutter} | {}", visible(shown));
    let carets = visible(marked.unwrap_or_default()).chars().count().max(1);
    let blank: String = visible(before).chars().map(|_| ' ').collect();
    let _ = writeln!(out, " {pad} | {blank}{}", "^".repeat(carets));
}

/// Text as it may go to a terminal: tabs are spaces, control characters are dots.
fn visible(text: &[u8]) -> String {
    let clean = |c: char| match c {
        '\t' => ' ',
        c if c.is_control() => '.',
        c => c,
    };
    String::from_utf8_lossy(text).chars().map(clean).collect()
}

fn is_refusal(diagnostic: &Diagnostic) -> bool {
    diagnostic.severity == Severity::Alert && !diagnostic.later
}

/// A message never breaks the line or colours the terminal, whatever a word held.
fn one_line(text: &str) -> String {
    if text.chars().any(char::is_control) {
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
    } else {
        text.to_owned()
    }
}

/// So many errors are enough: what follows is not looked at, so that hostile text fills no memory with messages.
pub const MAX_ERRORS: usize = 1000;
/// So many messages are kept; the others are counted.
const MAX_KEPT: usize = 10_000;

/// All that was said, in the order in which it was found.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    /// What was said beyond that.
    left_out: usize,
    /// Errors, those that are only so for now left aside.
    refusals: usize,
    /// Errors that are only so for now.
    later: usize,
    warnings: usize,
}

impl Diagnostics {
    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        match diagnostic.severity {
            Severity::Alert if diagnostic.later => self.later += 1,
            Severity::Alert => self.refusals += 1,
            Severity::Warning => self.warnings += 1,
            Severity::Notice => {}
        }
        // an error is always worth its place: there are never many
        if self.list.len() < MAX_KEPT || (self.refusals <= MAX_ERRORS && is_refusal(&diagnostic)) {
            self.list.push(diagnostic);
        } else {
            self.left_out += 1;
        }
    }

    /// Adds an error at a place.
    pub fn alert(&mut self, span: Span, message: impl Into<String>) {
        self.push(Diagnostic::alert(span, message));
    }

    /// Adds a warning at a place.
    pub fn warning(&mut self, span: Span, message: impl Into<String>) {
        self.push(Diagnostic::warning(span, message));
    }

    /// Keeps what succeeded and notes what did not.
    pub fn note<T>(&mut self, result: Result<T, Diagnostic>) -> Option<T> {
        result.map_err(|diagnostic| self.push(diagnostic)).ok()
    }

    /// Adds all of another list.
    pub fn extend(&mut self, other: Self) {
        self.left_out += other.left_out;
        other.list.into_iter().for_each(|diagnostic| self.push(diagnostic));
    }

    /// Whether one of them refuses the configuration.
    pub fn has_errors(&self) -> bool {
        self.refusals + self.later > 0
    }

    /// Whether all that refuses the configuration is that nothing acts on it yet.
    pub fn has_only_later_errors(&self) -> bool {
        self.refusals == 0
    }

    /// Whether there are so many errors that a suggestion among very many names costs more than it tells.
    pub fn are_many(&self) -> bool {
        self.refusals >= MAX_ERRORS / 20
    }

    /// Whether there are so many errors that nothing more needs to be looked for.
    pub fn are_enough(&self) -> bool {
        self.refusals >= MAX_ERRORS
    }

    /// Whether one of those that came after the first `mark` refuses the configuration for good.
    pub fn has_errors_since(&self, mark: usize) -> bool {
        self.list.iter().skip(mark).any(is_refusal)
    }

    /// Whether one of them is a warning.
    pub fn has_warnings(&self) -> bool {
        self.warnings > 0
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len() + self.left_out
    }

    /// Whether nothing was said.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Changes each; how bad one is stays as it is.
    pub fn change(&mut self, change: impl FnMut(&mut Diagnostic)) {
        self.list.iter_mut().for_each(change);
    }

    /// All, ordered by place; those without a place come last, in the order found.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        let mut sorted: Vec<&Diagnostic> = self.list.iter().collect();
        sorted.sort_by_key(|d| d.span.map_or((true, Span::default()), |span| (false, span)));
        sorted.into_iter()
    }

    /// Each as HAProxy's one line, without `[ALERT] (pid) : config : `, with its severity.
    pub fn render_pipe(&self, sources: &Sources) -> Vec<(Severity, String)> {
        let rest = self.rest();
        self.iter().chain(&rest).map(|d| (d.severity, d.render_pipe(sources))).collect()
    }

    /// All for a terminal, with carets and hints, an empty line between two.
    pub fn render_terminal(&self, sources: &Sources) -> String {
        let rest = self.rest();
        let all: Vec<String> = self.iter().chain(&rest).map(|d| d.render_terminal(sources)).collect();
        all.join("\n")
    }

    /// That there was more than is kept.
    fn rest(&self) -> Option<Diagnostic> {
        let message = format!("{} more messages are left out", self.left_out);
        (self.left_out > 0).then(|| Diagnostic::new(Severity::Notice, None, message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources() -> Sources {
        let mut sources = Sources::default();
        sources.add("h.cfg", b"frontend f\n  bimd :80\n".to_vec());
        sources
    }

    fn span() -> Span {
        Span { line: 2, start: 2, end: 6, ..Span::default() }
    }

    #[test]
    fn the_line_for_tools_is_haproxys() {
        let d =
            Diagnostic::alert(span(), "unknown keyword 'bimd' in 'frontend' section").suggest(Some("bind"));
        let expected =
            "parsing [h.cfg:2] : unknown keyword 'bimd' in 'frontend' section; did you mean 'bind' maybe ?";
        assert_eq!(d.render_pipe(&sources()), expected);
    }

    #[test]
    fn the_form_for_people_has_a_caret_and_a_hint() {
        let d =
            Diagnostic::alert(span(), "unknown keyword 'bimd'").suggest(Some("bind")).hint("write 'bind'");
        let expected = "alert: unknown keyword 'bimd'; did you mean 'bind' maybe ?\n  --> h.cfg:2:3\n   |\n \
                        2 |   bimd :80\n   |   ^^^^\n  hint: write 'bind'\n";
        assert_eq!(d.render_terminal(&sources()), expected);
    }

    #[test]
    fn a_place_outside_the_file_is_shown_without_a_panic() {
        let far = Span { line: 2, start: 4_000_000_000, end: 3, ..Span::default() };
        assert!(Diagnostic::alert(far, "x").render_terminal(&sources()).contains("h.cfg:2"));
    }

    #[test]
    fn they_are_ordered_by_place() {
        let mut all = Diagnostics::default();
        all.push(Diagnostic::new(Severity::Alert, None, "last".into()));
        all.alert(span(), "second");
        all.warning(Span { line: 1, ..span() }, "first");
        let order: Vec<_> = all.iter().map(|d| d.message.as_str()).collect();
        assert_eq!(order, ["first", "second", "last"]);
        assert!(all.has_errors());
    }

    #[test]
    fn of_very_many_messages_some_are_kept_and_the_errors_among_them() {
        let mut all = Diagnostics::default();
        (0..200_000).for_each(|_| all.warning(span(), "odd"));
        assert!(!all.has_errors() && !all.are_enough());
        (0..MAX_ERRORS).for_each(|_| all.alert(span(), "wrong"));
        assert!(all.are_enough() && !all.has_only_later_errors());
        assert_eq!((all.len(), all.iter().count()), (201_000, MAX_KEPT + MAX_ERRORS));
        let last = all.render_pipe(&sources()).pop();
        assert_eq!(last, Some((Severity::Notice, "190000 more messages are left out".to_owned())));
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        let d = Diagnostic::alert(span(), "bad '\u{1b}[31m\n'");
        assert_eq!(d.render_pipe(&sources()), "parsing [h.cfg:2] : bad ' [31m '");
    }
}
