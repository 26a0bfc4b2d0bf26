//! Lowering sections other than `global` and the proxies, whatever their kind.

use lang::{Diagnostic, Section, Word, suggest};

use crate::cfg::named::{Duplicate, Form, Kind};
use crate::cfg::section::{self, Standing};
use crate::cfg::{ANY, Index};
use crate::draft::{Head, Named, Sections};
use crate::lower::{HTTP_ERRORS, Lowering, split_prefix};

impl Lowering<'_> {
    /// A section of a kind that is no proxy. The grammar knows no other words than these.
    pub(crate) fn other_section(&mut self, section: &Section) {
        match section.keyword.text.as_str() {
            "resolvers" => self.named(section, |all| &mut all.resolvers),
            "userlist" => self.named(section, |all| &mut all.userlists),
            "peers" => self.named(section, |all| &mut all.peers),
            "cache" => self.named(section, |all| &mut all.caches),
            HTTP_ERRORS => {} // they were read before the others
            "ring" => self.named(section, |all| &mut all.rings),
            "log-forward" => self.named(section, |all| &mut all.log_forwards),
            "log-profile" => self.named(section, |all| &mut all.log_profiles),
            "mailers" => self.named(section, |all| &mut all.mailers),
            "fcgi-app" => self.named(section, |all| &mut all.fcgi_apps),
            "program" => self.named(section, |all| &mut all.programs),
            "crt-store" => self.named(section, |all| &mut all.crt_stores),
            "acme" => self.named(section, |all| &mut all.acmes),
            "traces" => self.named(section, |all| &mut all.traces),
            _ => self.named(section, |all| &mut all.healthchecks),
        }
    }

    /// A section of one kind, and what is said about that kind.
    pub(crate) fn named<T: Kind>(
        &mut self,
        section: &Section,
        list: fn(&mut Sections) -> &mut Vec<Named<T>>,
    ) {
        let form = T::FORM;
        let Some(mut named) = self.begin_named(section, list) else { return };
        let index = Index::new(&[T::KEYWORDS]);
        let mark = self.notes.len();
        for directive in &section.directives {
            if self.notes.are_enough() {
                break;
            }
            let (prefix, words) = split_prefix(&directive.words);
            let Some(first) = words.first() else {
                self.lone_prefix(directive);
                continue;
            };
            match index.find(words) {
                Some((row, count)) => {
                    self.run(row, (prefix, count, words), directive.span, &mut named.body);
                }
                None => self.unknown_in(form, first, index.nearest(&first.text, ANY)),
            }
        }
        // what a refused line would have said is not missed
        if !self.notes.has_errors_since(mark) {
            named.body.end(&named.head, self.notes);
        }
        list(&mut self.draft.sections).push(named);
        self.standing(section);
    }

    /// What a section's own line says; `None` where its lines would belong to no section.
    fn begin_named<T: Kind>(
        &mut self,
        section: &Section,
        list: fn(&mut Sections) -> &mut Vec<Named<T>>,
    ) -> Option<Named<T>> {
        let form = T::FORM;
        let head = self.named_head(section, form);
        let same = list(&mut self.draft.sections).iter().find(|known| known.head.name == head.name);
        let at = section.args.first().map_or(section.keyword.span, |name| name.span);
        match (same.map(|known| known.head.place.clone()), form.duplicate) {
            (Some(place), Duplicate::Refused(words)) => self.notes.alert(at, words(&head.name, &place)),
            (Some(_), Duplicate::Joined(words)) => {
                self.notes.warning(at, words(&head.name));
                return list(&mut self.draft.sections).pop();
            }
            (_, Duplicate::Fine) | (None, _) => {}
        }
        let body = T::begin(&head);
        Some(Named { head, body })
    }

    fn named_head(&mut self, section: &Section, form: Form) -> Head {
        let span = section.span;
        let keyword = form.section;
        let name = section.args.first();
        match (name, form.missing) {
            (None, Some(message)) => self.notes.alert(span, message),
            (Some(name), _) if !form.any_name => self.judge_name(name, keyword),
            _ => {}
        }
        if let Some(word) = section.args.get(1) {
            let message = format!("'{keyword}' cannot handle unexpected argument '{}'.", word.text);
            match form.strict {
                true => self.notes.alert(word.span, message),
                false => self.notes.warning(
                    word.span,
                    format!("'{keyword}' : '{}' and what follows is ignored, as HAProxy does", word.text),
                ),
            }
        }
        let name = name.map(|name| name.text.clone()).unwrap_or_default();
        Head { name, span, place: self.sources.place(span) }
    }

    fn judge_name(&mut self, name: &Word, keyword: &str) {
        let Some(c) = crate::cfg::server::bad_character(&name.text) else { return };
        let text = &name.text;
        let message = match keyword {
            "ring" => format!("invalid ring name '{text}' (character '{c}' is not permitted)."),
            _ => format!("character '{c}' is not permitted in '{keyword}' name '{text}'."),
        };
        self.notes.alert(name.span, message);
    }

    fn unknown_in(&mut self, form: Form, word: &Word, meant: Option<&'static str>) {
        let usual = || format!("unknown keyword '{}' in '{}' section", word.text, form.section);
        let message = (form.unknown)(&word.text).unwrap_or_else(usual);
        let sections = section::SECTIONS.iter().copied();
        let meant = meant.or_else(|| suggest::nearest(&word.text, sections));
        self.notes.push(Diagnostic::alert(word.span, message).suggest(meant));
    }

    /// Says what becomes of a section of this kind.
    fn standing(&mut self, section: &Section) {
        let keyword = &section.keyword.text;
        match section::standing(keyword) {
            Standing::Read => {}
            Standing::Later(advice) => {
                let refusal = Diagnostic::not_yet(section.span, format_args!("section '{keyword}'"));
                self.notes.push(refusal.hint(advice));
            }
            Standing::Refused(advice) => {
                let message = format!("section '{keyword}' is not supported");
                self.notes.push(Diagnostic::alert(section.span, message).hint(advice));
            }
        }
    }
}
