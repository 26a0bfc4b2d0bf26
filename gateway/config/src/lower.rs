//! Directives become a draft, line by line, through the tables; what `defaults` say is handed down here.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, LazyLock};

use expr::{Ends, Named};
use lang::{
    Diagnostic, Diagnostics, Directive, Document, MAX_ERRORS, Section, Severity, Sources, Span, Word, Words,
    suggest,
};

use crate::cfg::{self, Context, DEFAULTS, Index, Keyword, Prefix, Sections, Told, World};
use crate::draft::{Draft, Proxy};
use crate::judge::kind_in_words;
use crate::model::Global;

/// The keywords of proxies, by family.
pub(crate) const PROXY_TABLES: &[&[Keyword<Proxy>]] = &[
    cfg::proxy::KEYWORDS,
    cfg::timeout::KEYWORDS,
    cfg::option::KEYWORDS,
    cfg::server::KEYWORDS,
    cfg::balance::KEYWORDS,
    cfg::persist::KEYWORDS,
    cfg::connect::KEYWORDS,
    cfg::keepalive::KEYWORDS,
    cfg::check::KEYWORDS,
    cfg::check_step::KEYWORDS,
    cfg::capture::KEYWORDS,
    cfg::probe::KEYWORDS,
    cfg::service::KEYWORDS,
    cfg::stats::KEYWORDS,
    cfg::rule::KEYWORDS,
    cfg::stick_table::KEYWORDS,
];

/// The draft of so many sections is made room for at once: they are large, and moving them costs more than the room.
const ROOM: usize = (256 << 20) / size_of::<Proxy>();

/// Lowers all sections; what cannot be understood is noted and left out. The words of a section are given up as soon as
/// they are understood, so that what they mean takes their place.
pub(crate) fn lower(
    document: Document,
    sources: &Sources,
    world: World<'_>,
    notes: &mut Diagnostics,
) -> Draft {
    let pages = pages(&document, sources, world, notes);
    let mut lowering = Lowering::new(World { pages: &pages, ..world }, sources, notes);
    lowering.draft.proxies.reserve_exact(document.sections.len().min(ROOM));
    for section in document.sections {
        if lowering.notes.are_enough() {
            let message = format!("too many errors ({MAX_ERRORS}), the rest is not judged");
            lowering.notes.alert(section.span, message);
            break;
        }
        lowering.section(&section);
    }
    lowering.unnamed();
    let mut draft = lowering.draft;
    draft.sections.http_errors = pages.0;
    draft
}

/// The `http-errors` sections, which other sections may name before they stand.
fn pages(document: &Document, sources: &Sources, world: World<'_>, notes: &mut Diagnostics) -> cfg::Pages {
    let mut lowering = Lowering::new(world, sources, notes);
    let sections = document.sections.iter().filter(|section| section.keyword.text == HTTP_ERRORS);
    sections.for_each(|section| lowering.named(section, |all| &mut all.http_errors));
    cfg::Pages(lowering.draft.sections.http_errors)
}

/// The word that begins a section of pages.
pub(crate) const HTTP_ERRORS: &str = "http-errors";

static GLOBAL_INDEX: LazyLock<Index<Global>> = LazyLock::new(|| Index::new(cfg::global::TABLES));

/// The keywords of proxies.
pub(crate) static PROXY_INDEX: LazyLock<Index<Proxy>> = LazyLock::new(|| Index::new(PROXY_TABLES));

pub(crate) struct Lowering<'a> {
    pub(crate) world: World<'a>,
    pub(crate) sources: &'a Sources,
    pub(crate) notes: &'a mut Diagnostics,
    told: Told,
    /// The keywords of `global` that were seen and of which one line counts.
    once: HashSet<&'static str>,
    pub(crate) draft: Draft,
    /// The kinds of the sections that inherit the rules of a `defaults` section, by its place among all.
    heirs: BTreeMap<usize, Vec<Sections>>,
    /// Whether such a section was used by its name, and as the latest one.
    uses: HashMap<usize, [bool; 2]>,
    /// All `defaults` sections so far; the last one hands down to those that name none.
    defaults: Vec<Proxy>,
}

impl<'a> Lowering<'a> {
    fn new(world: World<'a>, sources: &'a Sources, notes: &'a mut Diagnostics) -> Self {
        Self {
            world,
            sources,
            notes,
            told: Told::new(),
            once: HashSet::new(),
            draft: Draft { global: cfg::global::defaults(), ..Draft::default() },
            heirs: BTreeMap::new(),
            uses: HashMap::new(),
            defaults: Vec::new(),
        }
    }
}

impl Lowering<'_> {
    fn section(&mut self, section: &Section) {
        match section.keyword.text.as_str() {
            "global" => self.global_section(section),
            "defaults" => self.proxy_section(section, DEFAULTS),
            "frontend" => self.proxy_section(section, cfg::FRONTEND),
            "backend" => self.proxy_section(section, cfg::BACKEND),
            "listen" => self.proxy_section(section, cfg::LISTEN),
            _ => self.other_section(section),
        }
    }

    fn global_section(&mut self, section: &Section) {
        if let Some(word) = section.args.first() {
            self.notes
                .alert(word.span, format!("'global' cannot handle unexpected argument '{}'.", word.text));
        }
        let mut global = std::mem::take(&mut self.draft.global);
        for directive in &section.directives {
            if self.notes.are_enough() {
                break;
            }
            self.global_line(directive, &mut global);
            let place = || (directive.span, self.sources.place(directive.span));
            self.draft.log_places.resize_with(global.logs.len(), place);
        }
        global.head_size = global.buffer_size.saturating_sub(global.head_reserve).max(global.buffer_size / 2);
        if global.maxconn.is_none() && global.ulimit_n.is_none() {
            global.ulimit_n = global.fd_hard_limit;
        }
        self.world.tables.borrow_mut().stick_counters = global.stick_counters;
        self.draft.global = global;
    }

    fn global_line(&mut self, directive: &Directive, global: &mut Global) {
        let (prefix, words) = split_prefix(&directive.words);
        let Some(first) = words.first() else { return self.lone_prefix(directive) };
        if first.text == "localpeer" && !self.draft.sections.peers.is_empty() {
            let message = "'localpeer' ignored since it is used after 'peers' section.";
            return self.notes.warning(first.span, message);
        }
        let Some((row, count)) = GLOBAL_INDEX.find(words) else {
            let meant = GLOBAL_INDEX
                .nearest(&first.text, cfg::ANY)
                .or_else(|| suggest::nearest(&first.text, cfg::section::SECTIONS.iter().copied()));
            return self.unknown(first, "global", meant);
        };
        if prefix == Prefix::None && self.once.contains(row.name) {
            return self.again(row.name, first.span);
        }
        let mark = self.notes.len();
        self.run(row, (prefix, count, words), directive.span, global);
        if cfg::global::ONCE.contains(&row.name) && !self.notes.has_errors_since(mark) {
            self.once.insert(row.name);
        }
    }

    /// A second line of a keyword whose first one counts.
    fn again(&mut self, name: &'static str, at: Span) {
        if cfg::global::NEVER_TWICE.contains(&name) {
            return self.notes.alert(at, format!("'{name}' already specified."));
        }
        let said = if name == "spread-checks" { "spread-checks" } else { &format!("'{name}'") };
        let warning = Diagnostic::warning(at, format!("{said} already specified. Continuing."));
        self.notes.push(warning.hint("the first of the lines counts: remove this one"));
    }

    fn proxy_section(&mut self, section: &Section, kind: Sections) {
        let Some(mut proxy) = self.head(section, kind) else { return };
        self.introduce(&proxy);
        for directive in &section.directives {
            if self.notes.are_enough() {
                break;
            }
            self.proxy_line(directive, &mut proxy);
        }
        let mut tables = self.world.tables.borrow_mut();
        (tables.section, tables.owner, tables.ends) = (String::new(), String::new(), Ends::Both);
        tables.acls = expr::Acls::default();
        if kind == DEFAULTS {
            self.defaults.push(proxy);
        } else {
            self.draft.proxies.push(proxy);
        }
    }

    /// Tells expressions and rules whose lines come now.
    fn introduce(&self, proxy: &Proxy) {
        let mut tables = self.world.tables.borrow_mut();
        tables.section.clone_from(&proxy.name);
        tables.acls = proxy.acls.clone();
        tables.owner = format!("{} '{}'", kind_in_words(proxy), proxy.name);
        tables.ends = match proxy.kind {
            cfg::FRONTEND => Ends::Clients,
            cfg::BACKEND => Ends::Servers,
            _ => Ends::Both,
        };
    }

    /// The section's line: its name, `from`, and the settings it begins with.
    fn head(&mut self, section: &Section, kind: Sections) -> Option<Proxy> {
        let keyword = kind.name();
        let mut args = Words::new(&section.args, section.keyword.span.after());
        let name = if kind == DEFAULTS && args.peek_text() == Some("from") { None } else { args.next() };
        if name.is_none() && kind != DEFAULTS {
            let message = format!("'{keyword}' expects an <id> argument");
            self.notes.alert(section.span, message);
        }
        if let Some((word, c)) = name
            .filter(|_| kind != DEFAULTS)
            .and_then(|word| Some((word, cfg::server::bad_character(&word.text)?)))
        {
            let message = format!("character '{c}' is not permitted in '{keyword}' name '{}'.", word.text);
            self.notes.alert(word.span, message);
        }
        let text = name.map_or("", |word| word.text.as_str());
        let span = section.span;
        let mut proxy = Proxy::new(kind, text, span, self.sources.place(span));
        let from = if args.accept("from") { args.next() } else { None };
        match from {
            Some(word) => self.inherit_from(word, &mut proxy),
            None if kind != DEFAULTS => self.inherit_latest(&mut proxy),
            None => {}
        }
        self.legacy_address(&mut args, section, &mut proxy);
        Some(proxy)
    }

    fn inherit_latest(&mut self, proxy: &mut Proxy) {
        if let Some(latest) = self.defaults.len().checked_sub(1) {
            self.used(latest, 1, proxy);
            self.inherit(latest, proxy.span, proxy);
        }
    }

    fn inherit_from(&mut self, word: &Word, proxy: &mut Proxy) {
        let named = self.defaults.iter().enumerate().filter(|(_, defaults)| defaults.name == word.text);
        let found: Vec<(usize, &Proxy)> = named.collect();
        let (keyword, name) = (kind_in_words(proxy), proxy.name.clone());
        match found.as_slice() {
            [] => {
                let message = format!("defaults section '{}' not found for {keyword} '{name}'.", word.text);
                let names = self.defaults.iter().map(|defaults| defaults.name.as_str());
                let meant = suggest::nearest(&word.text, names).map(str::to_owned);
                self.notes.push(Diagnostic::alert(word.span, message).suggest(meant));
            }
            [(at, _)] => {
                let at = *at;
                self.used(at, 0, proxy);
                self.inherit(at, word.span, proxy);
            }
            [(_, first), (_, second), ..] => {
                let message = format!(
                    "ambiguous defaults section name '{}' referenced by {keyword} '{name}' exists at least at {} \
                     and {}.",
                    word.text, first.place, second.place
                );
                self.notes.alert(word.span, message);
            }
        }
    }

    /// Remembers how a `defaults` section is used, by its name (0) or as the latest one (1); one way should do.
    fn used(&mut self, at: usize, way: usize, proxy: &Proxy) {
        let ways = self.uses.entry(at).or_default();
        if proxy.kind == DEFAULTS {
            return;
        }
        ways[way] = true;
        if let ([true, true], Some(defaults)) = (*ways, self.defaults.get(at)) {
            let message = format!(
                "defaults section '{}' (declared at {}) is explicitly referenced by another proxy and implicitly used \
                 here. To avoid any ambiguity don't mix both usage. Add a last defaults section not explicitly used or \
                 always use explicit references.",
                defaults.name, defaults.place
            );
            self.notes.warning(proxy.span, message);
        }
    }

    /// Names that `defaults` leave to the section at work, where those that inherit have none of that kind.
    fn unnamed(&mut self) {
        for (at, kinds) in &self.heirs {
            let Some(defaults) = self.defaults.get(*at) else { continue };
            let vars = self.world.vars.borrow();
            for mention in vars.mentions.iter().filter(|mention| mention.owner == defaults.name) {
                let (keyword, owner) = (&mention.keyword, &mention.owner);
                let lacks =
                    |side| !kinds.iter().any(|kind| kind.meets(side)) && mention.subject.proxy.is_none();
                let message = match mention.what {
                    Named::Server if mention.subject.proxy.is_none() => {
                        format!("backend name must be set in arg 1 of {keyword} in proxy '{owner}'.")
                    }
                    Named::Backend if lacks(cfg::BACKEND) => lacking(mention),
                    Named::Frontend if lacks(cfg::FRONTEND) => lacking(mention),
                    _ => continue,
                };
                self.notes.push(Diagnostic::new(Severity::Alert, mention.span, message));
            }
        }
    }

    /// Takes over what a `defaults` section says, its rules among it.
    fn inherit(&mut self, at: usize, span: Span, proxy: &mut Proxy) {
        let Some(defaults) = self.defaults.get(at) else { return };
        proxy.settings = defaults.settings.clone();
        if proxy.kind.meets(cfg::FRONTEND) {
            proxy.captures = defaults.captures.clone();
        }
        let rules = &defaults.settings.rules;
        if rules.is_empty() {
            return;
        }
        let heirs = self.heirs.entry(at).or_default();
        heirs.push(proxy.kind);
        let kind = proxy.kind.name();
        let why = match proxy.kind {
            cfg::LISTEN | DEFAULTS => "TCP/HTTP",
            cfg::FRONTEND if !rules.tcp_response.is_empty() => "'tcp-response content'",
            cfg::BACKEND if !rules.tcp_connection.is_empty() || !rules.tcp_session.is_empty() => {
                "'tcp-request connection' or 'tcp-request session'"
            }
            _ => "",
        };
        let mut message = match why {
            "" if heirs.contains(&cfg::FRONTEND) && heirs.contains(&cfg::BACKEND) => {
                "frontends and backends cannot inherit from the same defaults section if it defines TCP/HTTP rules"
                    .to_owned()
            }
            "" => return,
            rules => format!("a {kind} section cannot inherit from a defaults section defining {rules} rules"),
        };
        if proxy.kind != cfg::LISTEN {
            message.push_str(&format!(" (defaults section at {})", defaults.place));
        }
        self.notes.alert(span, message + ".");
    }

    /// `listen NAME addr:port`, refused since HAProxy 1.5 or so; other words on the line are refused too.
    fn legacy_address(&mut self, args: &mut Words<'_>, section: &Section, proxy: &mut Proxy) {
        let Some(word) = args.next() else { return };
        if proxy.kind == DEFAULTS {
            let message = format!("'defaults' : '{}' is not read, as in HAProxy", word.text);
            return self.notes.warning(word.span, message);
        }
        if proxy.kind == cfg::BACKEND {
            let keyword = &section.keyword.text;
            let message = format!("'{keyword}' cannot handle unexpected argument '{}'.", word.text);
            return self.notes.alert(word.span, message);
        }
        let hint = format!("write a line 'bind {}' in the section", word.text);
        let message = "please use the 'bind' keyword for listening addresses.";
        self.notes.push(Diagnostic::alert(word.span, message).hint(hint));
    }

    fn proxy_line(&mut self, directive: &Directive, proxy: &mut Proxy) {
        let (prefix, words) = split_prefix(&directive.words);
        let Some(first) = words.first() else { return self.lone_prefix(directive) };
        let Some((row, count)) = PROXY_INDEX.find(words) else {
            let sections = cfg::section::SECTIONS.iter().copied();
            let meant = PROXY_INDEX.nearest(&first.text, proxy.kind);
            let meant = meant.or_else(|| suggest::nearest(&first.text, sections));
            return self.unknown_after(words, proxy.kind, meant);
        };
        let line = (prefix, count, words);
        if row.sections.meets(proxy.kind) {
            self.run(row, line, directive.span, proxy);
        } else if self.misplaced(row, words, proxy) {
            self.run_apart(row, line, directive.span, proxy);
        }
        self.take_asked(first.span, proxy);
        let tables = std::mem::take(&mut self.world.tables.borrow_mut().uses);
        proxy.settings.rules.tables.extend(tables.into_iter().map(|table| (first.span, table)));
    }

    /// The ACLs that the expressions of a line have asked; a file that says the same has room for one of each name.
    fn take_asked(&mut self, at: Span, proxy: &mut Proxy) {
        let asked = std::mem::take(&mut self.world.tables.borrow_mut().asked);
        let known = &mut proxy.settings.rules.asked;
        for acl in asked.into_iter().filter(|acl| !acl.is_predefined()) {
            match known.named(acl.name()) {
                Some(other) if Arc::ptr_eq(other, &acl) => {}
                Some(_) => {
                    let name = acl.name();
                    let text =
                        format!("an expression that asks ACL '{name}' where one of 'defaults' asks another");
                    self.notes.push(Diagnostic::not_yet(at, text).hint("give one of the two another name"));
                }
                None => known.push(acl),
            }
        }
    }

    /// Lowers a line through its row.
    pub(crate) fn run<T>(
        &mut self,
        row: &'static Keyword<T>,
        (prefix, count, words): (Prefix, usize, &[Word]),
        span: Span,
        target: &mut T,
    ) {
        let (head, rest) = words.split_at(count.min(words.len()));
        let at = head
            .first()
            .map_or(span, |first| first.span.to(head.last().map_or(first.span, |last| last.span)));
        if prefix != Prefix::None && !row.negatable {
            let message = match row.name.strip_prefix("option ") {
                Some(option) => format!("negation/default is not supported for option '{option}'."),
                None => NEGATION.to_owned(),
            };
            return self.notes.alert(span, message);
        }
        let mut cx = Context {
            target,
            words: Words::new(rest, at.after()),
            keyword: row.name,
            argument: "",
            span: at,
            prefix,
            world: self.world,
            notes: &mut *self.notes,
            told: &mut self.told,
            place: self.sources.place(span),
        };
        let before = self.world.vars.borrow().mentions.len();
        if let Err(diagnostic) = cfg::run(row, &mut cx, true) {
            self.notes.push(diagnostic);
        }
        self.world.vars.borrow_mut().mentions[before..].iter_mut().for_each(|it| it.span = Some(span));
    }

    fn unknown_after(&mut self, words: &[Word], kind: Sections, meant: Option<&'static str>) {
        let Some(first) = words.first() else { return };
        // a family whose second word is unknown: say so about that word
        let second = words
            .get(1)
            .and_then(|second| Some((second, PROXY_INDEX.nearest_after(&first.text, &second.text)?)));
        match second {
            Some((second, near)) => {
                let message =
                    format!("unknown keyword '{} {}' in '{}' section", first.text, second.text, kind.name());
                let meant = format!("{} {near}", first.text);
                self.notes.push(Diagnostic::alert(first.span.to(second.span), message).suggest(Some(meant)));
            }
            None => self.unknown(first, kind.name(), meant),
        }
    }

    fn unknown(&mut self, word: &Word, section: &str, meant: Option<&str>) {
        let message = format!("unknown keyword '{}' in '{section}' section", word.text);
        self.notes.push(Diagnostic::alert(word.span, message).suggest(meant));
    }

    pub(crate) fn lone_prefix(&mut self, directive: &Directive) {
        self.notes.alert(directive.span, NEGATION);
    }
}

/// What is said of a name that is left to a section without that end.
fn lacking(mention: &expr::Mention) -> String {
    let (owner, keyword, side) = (&mention.owner, &mention.keyword, mention.what.word());
    format!(
        "proxy '{owner}', referenced in arg 1 of {keyword} in proxy '{owner}', has not {side} capability."
    )
}

const NEGATION: &str = "negation/default currently supported only for options, log, busy-polling, set-dumpable, \
                        strict-limits, insecure-fork-wanted and numa-cpu-mapping.";

/// `no` or `default` before a line, and the line without it.
pub(crate) fn split_prefix(words: &[Word]) -> (Prefix, &[Word]) {
    let prefix = match words.first().map(|word| word.text.as_str()) {
        Some("no") => Prefix::No,
        Some("default") => Prefix::Default,
        _ => return (Prefix::None, words),
    };
    (prefix, words.get(1..).unwrap_or_default())
}
