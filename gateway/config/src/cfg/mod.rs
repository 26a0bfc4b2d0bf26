//! The vocabulary: one row per keyword, and what it means to lower a line through its row.
//!
//! A row says where its keyword is legal, what it takes, and its status: read by a function, ignored with a reason
//! (it cannot change what a client sees), not supported yet, or refused for good. Nothing is dropped in silence.

pub(crate) mod acme;
pub(crate) mod address;
pub(crate) mod balance;
pub(crate) mod bind;
pub(crate) mod cache;
pub(crate) mod capture;
pub(crate) mod check;
pub(crate) mod check_step;
pub(crate) mod connect;
pub(crate) mod crt_store;
pub(crate) mod expect;
pub(crate) mod fcgi_app;
pub(crate) mod forwarded;
pub(crate) mod global;
pub(crate) mod healthcheck;
pub(crate) mod http_errors;
pub(crate) mod keepalive;
pub(crate) mod legacy;
pub(crate) mod log;
pub(crate) mod log_forward;
pub(crate) mod log_profile;
pub(crate) mod mailers;
pub(crate) mod named;
pub(crate) mod option;
pub(crate) mod page;
pub(crate) mod peers;
pub(crate) mod persist;
pub(crate) mod probe;
pub(crate) mod program;
pub(crate) mod proxy;
pub(crate) mod resolvers;
pub(crate) mod ring;
pub(crate) mod rule;
pub(crate) mod section;
pub(crate) mod server;
pub(crate) mod service;
pub(crate) mod stats;
pub(crate) mod stick_table;
pub(crate) mod template;
pub(crate) mod timeout;
pub(crate) mod traces;
pub(crate) mod userlist;

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use expr::{Patterns, Phase, Scope};
use lang::{Diagnostic, Diagnostics, Environment, Files, Span, Word, Words, suggest};

use crate::draft::Named;
use crate::model::HttpErrors;

/// A set of kinds of sections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sections(u8);

pub(crate) const DEFAULTS: Sections = Sections(1);
pub(crate) const FRONTEND: Sections = Sections(2);
pub(crate) const BACKEND: Sections = Sections(4);
pub(crate) const LISTEN: Sections = Sections(6);
/// `defaults`, `frontend`, `listen`, `backend`.
pub(crate) const ANY: Sections = Sections(7);
/// The socket, servers and logs of a `peers` section: no proxy, read as if it were one.
pub(crate) const PEERS: Sections = Sections(8);
/// The sockets and logs of a `log-forward` section, likewise.
pub(crate) const LOG_FORWARD: Sections = Sections(16);
/// Where clients come in, and what hands down to there.
pub(crate) const FE: Sections = Sections(3);
/// Where servers are, and what hands down to there.
pub(crate) const BE: Sections = Sections(5);

impl Sections {
    /// Whether both have a side in common.
    pub(crate) const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The section's keyword.
    pub(crate) fn name(self) -> &'static str {
        match self {
            DEFAULTS => "defaults",
            FRONTEND => "frontend",
            BACKEND => "backend",
            LISTEN => "listen",
            PEERS => "peers",
            LOG_FORWARD => "log-forward",
            _ => "global",
        }
    }
}

/// What a keyword's parse function does: fills the target from the words.
pub(crate) type Parse<T> = fn(&mut Context<'_, T>) -> Result<(), Diagnostic>;

/// What becomes of a keyword.
pub(crate) enum Status<T> {
    /// It is read.
    Parse(Parse<T>),
    /// It changes nothing that a client or server could see; the reason is part of the warning.
    Ignored(&'static str),
    /// It is known and nothing acts on it yet; the text says what to do meanwhile.
    Unsupported(&'static str),
    /// It is refused for good, with this message.
    Refused(&'static str),
    /// It is refused by choice: HAProxy has it, and the gateway is not to have it.
    Declined(Choice),
}

/// Why something of HAProxy's is left out by choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    /// `there is no Lua here`.
    pub(crate) why: &'static str,
    /// What to do instead.
    pub(crate) instead: &'static str,
}

impl Choice {
    /// `'lua-load' is refused : there is no Lua here`.
    pub(crate) fn refusal(self, span: Span, what: impl std::fmt::Display) -> Diagnostic {
        Diagnostic::alert(span, format!("{what} is refused : {}", self.why)).hint(self.instead)
    }
}

/// Scripts.
pub(crate) const LUA: Choice = Choice {
    why: "there is no Lua here",
    instead: "say it with rules, maps and converters, or keep this proxy on HAProxy",
};
/// Libraries that tell clients apart.
pub(crate) const DEVICES: Choice = Choice {
    why: "there is no device detection here",
    instead: "remove the line, and tell devices apart in the application, by 'User-Agent'",
};
/// Agents beside the proxy.
pub(crate) const AGENTS: Choice =
    Choice { why: "there are no agents here", instead: "keep this proxy on HAProxy" };
/// HTTP/3.
pub(crate) const QUIC: Choice = Choice {
    why: "there is no QUIC here",
    instead: "remove it, and have clients come over TCP: 'bind :443 ssl crt … alpn h2,http/1.1'",
};

/// How many words a keyword takes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Args {
    /// Its function sees to it.
    Free,
    /// This many; the text says what is expected.
    Exactly(usize, &'static str),
    /// This many; `'keyword' : missing …`.
    Missing(usize, &'static str),
    /// This many; the text is the whole message, with `{}` for the keyword.
    Worded(usize, &'static str),
    /// This many; its function says what is wrong where they are not there.
    Own(usize),
}

impl Args {
    /// How many words there are.
    pub(crate) fn count(self) -> usize {
        match self {
            Self::Free => 0,
            Self::Exactly(count, _) | Self::Missing(count, _) | Self::Worded(count, _) | Self::Own(count) => {
                count
            }
        }
    }

    /// How many words there must be, and what is said where they are not.
    pub(crate) fn needed(self, keyword: &str) -> Option<(usize, String)> {
        match self {
            Self::Free | Self::Own(_) => None,
            Self::Exactly(count, what) => Some((count, format!("'{keyword}' expects {what}."))),
            Self::Missing(count, what) => Some((count, format!("'{keyword}' : missing {what}"))),
            Self::Worded(count, text) => Some((count, text.replace("{}", keyword))),
        }
    }
}

/// What is said of a line in a section to which its keyword does not belong; HAProxy has a form for each age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Misplaced {
    /// `'x' ignored because backend 'b' has no frontend capability.`
    Ignored,
    /// `'x' will be ignored because backend 'b' has no frontend capability`
    WillBe,
    /// The same without quotes.
    Bare,
    /// The same as the first, and HAProxy does not look at what the line says.
    Unread,
    /// Nothing, as HAProxy does: it has no meaning there.
    Silent,
    /// An error: `'x' not allowed because backend 'b' has no frontend capability.`
    Refused,
    /// An error: `'x' only available in frontend or listen section`
    Only,
}

/// One keyword.
pub(crate) struct Keyword<T: 'static> {
    /// One to three words.
    pub(crate) name: &'static str,
    /// Where it is legal.
    pub(crate) sections: Sections,
    /// What it takes.
    pub(crate) args: Args,
    /// It may stand behind `no` and `default`.
    pub(crate) negatable: bool,
    /// What is said of it where it does not belong.
    pub(crate) misplaced: Misplaced,
    /// Words that are left over are not read, as HAProxy does.
    pub(crate) lax: bool,
    /// What becomes of it.
    pub(crate) status: Status<T>,
    /// What of it is missing, where it is read but not all of it acted on.
    pub(crate) lacks: Option<&'static str>,
    /// It is read and judged, and nothing acts on it yet; the text says what to do meanwhile. Striking the mark is
    /// all that is left to do here once something acts.
    pub(crate) later: Option<&'static str>,
    /// It is read and judged, and then changes nothing that a client or server could see; the reason is part of the
    /// warning.
    pub(crate) tunes: Option<&'static str>,
    /// It is no keyword by itself: its row words the error for what follows it.
    pub(crate) family: bool,
}

/// What to do about a keyword whose row gives no advice of its own.
pub(crate) const ADVICE: &str = "remove the line, or keep this proxy on HAProxy for now";

/// A row; without more it is not supported yet.
pub(crate) const fn keyword<T>(name: &'static str) -> Keyword<T> {
    Keyword {
        name,
        sections: ANY,
        args: Args::Free,
        negatable: false,
        misplaced: Misplaced::Ignored,
        lax: false,
        status: Status::Unsupported(ADVICE),
        lacks: None,
        later: None,
        tunes: None,
        family: false,
    }
}

impl<T> Clone for Status<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Status<T> {}

impl<T> Clone for Keyword<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Keyword<T> {}

impl<T> Keyword<T> {
    pub(crate) const fn in_(mut self, sections: Sections) -> Self {
        self.sections = sections;
        self
    }

    /// Takes this many words.
    pub(crate) const fn takes(mut self, count: usize, what: &'static str) -> Self {
        self.args = Args::Exactly(count, what);
        self
    }

    /// Takes one word; HAProxy says `'keyword' : missing …` where it is not there.
    pub(crate) const fn misses(mut self, what: &'static str) -> Self {
        self.args = Args::Missing(1, what);
        self
    }

    /// Takes this many words; where they are not there, this is said, with `{}` for the keyword.
    pub(crate) const fn needs(mut self, count: usize, message: &'static str) -> Self {
        self.args = Args::Worded(count, message);
        self
    }

    /// Takes one word; its function says what is wrong where it is not there.
    pub(crate) const fn word(mut self) -> Self {
        self.args = Args::Own(1);
        self
    }

    /// Takes no word.
    pub(crate) const fn flag(mut self) -> Self {
        self.args = Args::Exactly(0, "");
        self
    }

    pub(crate) const fn no(mut self) -> Self {
        self.negatable = true;
        self
    }

    /// Where it does not belong it is refused, not ignored.
    pub(crate) const fn strict(mut self) -> Self {
        self.misplaced = Misplaced::Refused;
        self
    }

    /// Where it does not belong this is said.
    pub(crate) const fn misplaced(mut self, misplaced: Misplaced) -> Self {
        self.misplaced = misplaced;
        self
    }

    /// Words that are left over are not read.
    pub(crate) const fn lax(mut self) -> Self {
        self.lax = true;
        self
    }

    pub(crate) const fn parse(mut self, parse: Parse<T>) -> Self {
        self.status = Status::Parse(parse);
        self
    }

    /// It is read, but this much is missing.
    pub(crate) const fn lacks(mut self, what: &'static str) -> Self {
        self.lacks = Some(what);
        self
    }

    /// It is read and judged, and then refused: nothing acts on it yet.
    pub(crate) const fn later(mut self, advice: &'static str) -> Self {
        self.later = Some(advice);
        self
    }

    /// It is read and judged, and then ignored for this reason.
    pub(crate) const fn tunes(mut self, reason: &'static str) -> Self {
        self.tunes = Some(reason);
        self
    }

    /// Reads only to say what is wrong with the word behind it.
    pub(crate) const fn family(mut self, parse: Parse<T>) -> Self {
        (self.status, self.family) = (Status::Parse(parse), true);
        self
    }

    pub(crate) const fn ignored(mut self, reason: &'static str) -> Self {
        self.status = Status::Ignored(reason);
        self
    }

    pub(crate) const fn unsupported(mut self, advice: &'static str) -> Self {
        self.status = Status::Unsupported(advice);
        self
    }

    /// It is refused by choice.
    pub(crate) const fn declined(mut self, choice: Choice) -> Self {
        self.status = Status::Declined(choice);
        self
    }

    pub(crate) const fn refused(mut self, message: &'static str) -> Self {
        self.status = Status::Refused(message);
        self
    }
}

/// `no` or `default` before a keyword.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prefix {
    None,
    No,
    Default,
}

/// `http-errors` sections by name.
#[derive(Debug, Default)]
pub(crate) struct Pages(pub(crate) Vec<Named<HttpErrors>>);

impl expr::Pages for Pages {
    fn section(&self, name: &str) -> Option<&[(u16, Vec<u8>)]> {
        let found = self.0.iter().find(|section| section.head.name == name);
        found.map(|section| section.body.pages.as_slice())
    }
}

/// What lowering may look up.
#[derive(Clone, Copy)]
pub(crate) struct World<'a> {
    pub(crate) files: &'a dyn Files,
    pub(crate) env: &'a dyn Environment,
    /// The variables that expressions have named so far.
    pub(crate) vars: &'a expr::Naming,
    /// The stick tables that they have named.
    pub(crate) tables: &'a expr::TableUses,
    /// Where the model keeps what ACLs and maps compare with.
    pub(crate) patterns: &'a Arc<Patterns>,
    /// The `http-errors` sections, wherever they stand.
    pub(crate) pages: &'a Pages,
    /// What this process is called among its peers, as far as lines have said so.
    pub(crate) local_peer: &'a RefCell<String>,
}

impl<'a> World<'a> {
    /// What surrounds an expression of a phase.
    pub(crate) fn scope(self, phase: Phase) -> Scope<'a> {
        Scope::new(phase, self.files)
            .with_env(self.env)
            .with_vars(self.vars)
            .with_patterns(self.patterns)
            .with_tables(self.tables)
            .with_pages(self.pages)
    }
}

/// What a parse function has before it.
pub(crate) struct Context<'a, T> {
    /// What the line fills.
    pub(crate) target: &'a mut T,
    /// The words after the keyword.
    pub(crate) words: Words<'a>,
    /// The keyword as the table spells it.
    pub(crate) keyword: &'static str,
    /// What stands in brackets right behind the keyword of an option.
    pub(crate) argument: &'a str,
    /// The keyword's place.
    pub(crate) span: Span,
    /// The prefix before it.
    pub(crate) prefix: Prefix,
    /// What may be looked up.
    pub(crate) world: World<'a>,
    /// Where warnings go.
    pub(crate) notes: &'a mut Diagnostics,
    /// Keywords that were already said to be ignored.
    pub(crate) told: &'a mut Told,
    /// The place of a line, for the model.
    pub(crate) place: String,
}

/// Which ignored keywords a warning was given for.
pub(crate) type Told = HashSet<String>;

impl<'a, T> Context<'a, T> {
    /// What surrounds the expressions and rules of this line.
    pub(crate) fn scope(&self, phase: Phase) -> Scope<'a> {
        self.world.scope(phase).on_line(self.place.clone())
    }

    /// The value for a flag: what the prefix makes of it.
    pub(crate) fn on(&self) -> bool {
        self.prefix == Prefix::None
    }

    /// An error with HAProxy's usual beginning: `'keyword' …`.
    pub(crate) fn error(&self, message: impl std::fmt::Display) -> Diagnostic {
        self.words.error(format!("'{}' {message}", self.keyword))
    }

    /// The next word, or `'keyword' expects …`.
    pub(crate) fn expect(&mut self, what: &str) -> Result<&'a Word, Diagnostic> {
        match self.words.next() {
            Some(word) => Ok(word),
            None => Err(self.error(format_args!("expects {what}."))),
        }
    }

    /// A whole number in a range, with HAProxy's words.
    pub(crate) fn int(&mut self, low: u64, high: u64) -> Result<u64, Diagnostic> {
        let keyword = self.keyword;
        let word = self.expect("an integer argument")?;
        let bad = |why: String| Diagnostic::alert(word.span, format!("'{keyword}' {why}"));
        // HAProxy reads the digits and drops what follows
        let digits = word.text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = word.text.split_at(digits);
        let value = if number.is_empty() { 0 } else { number.parse().unwrap_or(u64::MAX) };
        if !(low..=high).contains(&value) {
            return Err(bad(format!("value must be between {low} and {high} (was {value})")));
        }
        if !rest.is_empty() {
            let message = format!("'{keyword}' : '{}' is read as {value}, as HAProxy does", word.text);
            self.notes.warning(word.span, message);
        }
        Ok(value)
    }

    /// A whole number that may be negative, as `atol` reads it; `bad` words what is wrong with one out of range.
    pub(crate) fn signed(
        &mut self,
        low: i64,
        high: i64,
        bad: impl Fn(&str, i64) -> String,
    ) -> Result<i64, Diagnostic> {
        let keyword = self.keyword;
        let word = self.expect("an integer argument")?;
        let sign = usize::from(word.text.starts_with(['-', '+']));
        let digits = word.text.bytes().skip(sign).take_while(u8::is_ascii_digit).count();
        let (number, rest) = word.text.split_at(sign + digits);
        let value = match digits {
            0 => 0,
            _ => number.parse().unwrap_or(if number.starts_with('-') { i64::MIN } else { i64::MAX }),
        };
        if !(low..=high).contains(&value) {
            return Err(Diagnostic::alert(word.span, bad(keyword, value)));
        }
        if !rest.is_empty() {
            let message = format!("'{keyword}' : '{}' is read as {value}, as HAProxy does", word.text);
            self.notes.warning(word.span, message);
        }
        Ok(value)
    }

    /// One of these words; `message` is said of another, with `{}` for it.
    pub(crate) fn choice<V: Copy>(
        &mut self,
        choices: &[(&'static str, V)],
        message: &str,
    ) -> Result<V, Diagnostic> {
        let at = self.words.here();
        let text = self.words.next().map(|word| word.text.as_str()).unwrap_or_default();
        match choices.iter().find(|(name, _)| *name == text) {
            Some((_, value)) => Ok(*value),
            None => {
                let meant = suggest::nearest(text, choices.iter().map(|(name, _)| *name));
                Err(Diagnostic::alert(at, message.replace("{}", text)).suggest(meant))
            }
        }
    }

    /// The next word's text.
    pub(crate) fn text(&mut self) -> Result<String, Diagnostic> {
        self.expect("a value").map(|word| word.text.clone())
    }

    /// The next word as a file's name.
    pub(crate) fn path(&mut self) -> Result<std::path::PathBuf, Diagnostic> {
        self.text().map(std::path::PathBuf::from)
    }

    /// The next word as a list, its parts parted by commas; empty parts are passed over, as HAProxy does.
    pub(crate) fn list(&mut self) -> Result<Vec<String>, Diagnostic> {
        let parts = self.text()?;
        Ok(parts.split(',').filter(|part| !part.is_empty()).map(str::to_owned).collect())
    }

    /// The same line for another target: what the options behind its first words fill.
    pub(crate) fn within<'b, U>(&'b mut self, target: &'b mut U) -> Context<'b, U>
    where
        'a: 'b,
    {
        Context {
            target,
            words: self.words.clone(),
            keyword: self.keyword,
            argument: "",
            span: self.span,
            prefix: Prefix::None,
            world: self.world,
            notes: &mut *self.notes,
            told: &mut *self.told,
            place: String::new(),
        }
    }

    /// The name of a header that is written, in lower case: as in HAProxy it need not be one that HTTP allows.
    pub(crate) fn header_name(&mut self, word: &Word) -> Result<String, Diagnostic> {
        rules::header_name(word, &mut |warning| self.notes.push(warning))
    }

    /// Whether the words end where a number should stand; HAProxy reads 0 there, and a warning says so.
    pub(crate) fn lacks_number(&mut self) -> bool {
        let lacks = self.words.is_empty();
        if lacks {
            let message =
                format!("'{}' : the number is missing and read as 0, as HAProxy does", self.keyword);
            self.notes
                .push(self.words.error(message).as_warning().hint("write the number, or remove the word"));
        }
        lacks
    }

    /// The same for the model's usual width.
    pub(crate) fn number(&mut self, low: u32, high: u32) -> Result<u32, Diagnostic> {
        let value = self.int(u64::from(low), u64::from(high))?;
        Ok(u32::try_from(value).unwrap_or(high))
    }

    /// A time in this unit.
    pub(crate) fn time(&mut self, unit: lang::units::TimeUnit) -> Result<std::time::Duration, Diagnostic> {
        let keyword = self.keyword;
        let word = self.expect("a time")?;
        self.time_of(word, unit).map_err(|bad| Diagnostic::alert(word.span, format!("{bad} in '{keyword}'")))
    }

    /// The time that a word is, with HAProxy's warning of what stands behind its unit.
    pub(crate) fn time_of(
        &mut self,
        word: &Word,
        unit: lang::units::TimeUnit,
    ) -> Result<std::time::Duration, lang::units::UnitError> {
        let time = lang::units::parse_time(&word.text, unit)?;
        if let Some(warning) = lang::units::time_warning(&word.text) {
            let warning = Diagnostic::warning(word.span, warning);
            self.notes.push(
                warning.hint("write the unit as 'us', 'ms', 's', 'm', 'h' or 'd': HAProxy 3 refuses others"),
            );
        }
        Ok(time)
    }

    /// All words that are left, with a space between.
    pub(crate) fn rest_text(&mut self) -> String {
        let texts: Vec<&str> = self.words.take_rest().iter().map(|word| word.text.as_str()).collect();
        texts.join(" ")
    }

    /// A sample expression.
    pub(crate) fn expr(&mut self, phase: Phase) -> Result<expr::Expr, Diagnostic> {
        self.expr_within(None, phase)
    }

    /// A sample expression in what HAProxy has a name of its own for.
    pub(crate) fn expr_within(
        &mut self,
        context: Option<&'static str>,
        phase: Phase,
    ) -> Result<expr::Expr, Diagnostic> {
        let scope = self.scope(phase);
        let result = match context {
            Some(context) => scope.within(context, || expr::Expr::parse(&mut self.words, &scope)),
            None => expr::Expr::parse(&mut self.words, &scope),
        };
        scope.take_warnings().into_iter().for_each(|warning| self.notes.push(warning));
        result
    }

    /// A text that may hold `%[…]`.
    pub(crate) fn format(&mut self, word: &Word, phase: Phase) -> Result<expr::LogFormat, Diagnostic> {
        let scope = self.scope(phase);
        let result = expr::LogFormat::parse(word, &scope);
        scope.take_warnings().into_iter().for_each(|warning| self.notes.push(warning));
        result
    }

    /// `'keyword' is not supported yet`, at a word of the line.
    pub(crate) fn unsupported_word(&self, word: &Word) -> Diagnostic {
        let what = format_args!("'{} {}'", self.keyword, word.text);
        Diagnostic::not_yet(word.span, what).hint("remove it, or keep this proxy on HAProxy for now")
    }
}

/// A table, ready for lookups.
pub(crate) struct Index<T: 'static> {
    rows: HashMap<&'static str, &'static Keyword<T>>,
    /// How many words the longest keyword has that begins with a word.
    longest: HashMap<&'static str, usize>,
}

impl<T> Index<T> {
    pub(crate) fn new(tables: &[&'static [Keyword<T>]]) -> Self {
        let rows = || tables.iter().flat_map(|rows| rows.iter());
        let mut longest = HashMap::new();
        for row in rows() {
            let mut words = row.name.split(' ');
            let most = longest.entry(words.next().unwrap_or_default()).or_default();
            *most = words.count().saturating_add(1).max(*most);
        }
        Self { rows: rows().map(|row| (row.name, row)).collect(), longest }
    }

    /// The longest keyword that the words begin with, and how many words it has.
    pub(crate) fn find(&self, words: &[Word]) -> Option<(&'static Keyword<T>, usize)> {
        let first = words.first()?.text.as_str();
        let most = *self.longest.get(first)?;
        if most == 1 {
            return self.rows.get(first).map(|row| (*row, 1));
        }
        let texts: Vec<&str> = words.iter().take(most).map(|word| word.text.as_str()).collect();
        (1..=texts.len()).rev().find_map(|count| {
            let name = texts.get(..count)?.join(" ");
            self.rows.get(name.as_str()).map(|row| (*row, count))
        })
    }

    /// The keyword that was probably meant, among those legal in a section.
    pub(crate) fn nearest(&self, word: &str, sections: Sections) -> Option<&'static str> {
        let mut names: Vec<&'static str> = self
            .rows
            .values()
            .filter(|row| {
                row.sections.meets(sections)
                    && !matches!(row.status, Status::Refused(_) | Status::Declined(_))
            })
            .filter_map(|row| row.name.split(' ').next())
            .collect();
        names.sort_unstable();
        names.dedup();
        suggest::nearest(word, names)
    }

    /// The second word that was probably meant after a first.
    pub(crate) fn nearest_after(&self, first: &str, word: &str) -> Option<&'static str> {
        let mut names: Vec<&'static str> =
            self.rows.keys().filter_map(|name| name.strip_prefix(first)?.strip_prefix(' ')).collect();
        names.sort_unstable();
        suggest::nearest(word, names)
    }
}

/// Lowers one line, or one option of a line, through its row. A whole line must leave no word.
pub(crate) fn run<T>(
    row: &'static Keyword<T>,
    cx: &mut Context<'_, T>,
    whole: bool,
) -> Result<(), Diagnostic> {
    let at = cx.span;
    if let Some((count, message)) = row.args.needed(row.name)
        && cx.words.remaining() < count
        && !(cx.prefix == Prefix::No && whole)
    {
        return Err(cx.words.error(message));
    }
    match row.status {
        Status::Parse(parse) => parse(cx)?,
        Status::Ignored(reason) => {
            skip(row, cx, whole);
            tell(cx, row.name, reason);
        }
        Status::Unsupported(advice) => {
            return Err(Diagnostic::not_yet(at, format_args!("'{}'", row.name)).hint(advice));
        }
        Status::Declined(choice) => return Err(choice.refusal(at, format_args!("'{}'", row.name))),
        Status::Refused(message) => {
            let refusal = Diagnostic::alert(at, message);
            let modern = legacy::modern(row.name, cx.words.rest());
            return Err(modern.into_iter().fold(refusal, Diagnostic::hint));
        }
    }
    match cx.words.peek() {
        Some(word) if whole && row.lax => {
            let message = format!("'{}' : '{}' is not read, as in HAProxy", row.name, word.text);
            cx.notes.warning(word.span, message);
            cx.words.take_rest();
            settle(row, cx, at)
        }
        Some(word) if whole => {
            let message = format!("'{}' cannot handle unexpected argument '{}'.", row.name, word.text);
            Err(Diagnostic::alert(word.span, message))
        }
        _ => settle(row, cx, at),
    }
}

/// A line that was read and is right may still wait for something that acts on it.
fn settle<T>(row: &'static Keyword<T>, cx: &mut Context<'_, T>, at: Span) -> Result<(), Diagnostic> {
    if let Some(reason) = row.tunes {
        tell(cx, row.name, reason);
    }
    match row.later {
        Some(advice) if cx.prefix == Prefix::None => {
            Err(Diagnostic::not_yet(at, format_args!("'{}'", row.name)).hint(advice))
        }
        _ => Ok(()),
    }
}

fn skip<T>(row: &'static Keyword<T>, cx: &mut Context<'_, T>, whole: bool) {
    match row.args {
        Args::Free if whole => cx.words.by_ref().for_each(drop),
        args => cx.words.by_ref().take(args.count()).for_each(drop),
    }
}

/// Warns that a keyword is ignored, once.
pub(crate) fn tell<T>(cx: &mut Context<'_, T>, name: &str, reason: &str) {
    if cx.told.insert(name.to_owned()) {
        cx.notes.warning(cx.span, format!("'{name}' is ignored : {reason}"));
    }
}

/// What is said about the options of a line.
pub(crate) struct Label {
    /// What stands before every message.
    pub(crate) line: String,
    /// What stands before that of an unknown word.
    pub(crate) unknown: String,
    /// What its hint says, if there is one.
    pub(crate) hint: &'static str,
}

impl Label {
    /// `'line' : …` for everything.
    pub(crate) fn new(line: String) -> Self {
        Self { unknown: line.clone(), line, hint: "" }
    }

    fn unknown(&self, word: &Word) -> Diagnostic {
        let message = format!("{}unknown keyword '{}'.", self.unknown, word.text);
        let diagnostic = Diagnostic::alert(word.span, message);
        if self.hint.is_empty() { diagnostic } else { diagnostic.hint(self.hint) }
    }
}

/// Lowers the options of a line such as `bind` or `server`, one after the other. Options that nothing acts on yet are
/// noted, and the reading goes on.
pub(crate) fn run_options<T>(
    index: &Index<T>,
    cx: &mut Context<'_, T>,
    label: &Label,
) -> Result<(), Diagnostic> {
    let line = cx.keyword;
    while let Some(word) = cx.words.peek() {
        if word.text.is_empty() {
            let message =
                format!("{}what stands behind an empty word is not read, as in HAProxy", label.line);
            cx.notes.warning(word.span, message);
            cx.words.take_rest();
            break;
        }
        let (name, argument) = word.text.split_once('(').unwrap_or((&word.text, ""));
        let Some(row) = index.rows.get(name) else {
            let meant = index.nearest(&word.text, ANY);
            return Err(label.unknown(word).suggest(meant));
        };
        cx.words.next();
        cx.argument = argument.strip_suffix(')').unwrap_or(argument);
        (cx.keyword, cx.span) = (row.name, word.span);
        let result = run(row, cx, false);
        cx.keyword = line;
        match result.map_err(|diagnostic| diagnostic.prefixed(&label.line)) {
            Err(diagnostic) if diagnostic.later => cx.notes.push(diagnostic),
            result => result?,
        }
    }
    Ok(())
}
