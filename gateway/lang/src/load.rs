//! Files become a document: lines, conditional blocks, sections and directives, in the order of `-f`.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use crate::condition::{Facts, eval_words};
use crate::diagnostic::MAX_ERRORS;
use crate::units::shorten;
use crate::{
    Diagnostic, Diagnostics, Directive, Document, FileId, Section, Severity, Sources, Span, Word, lexer,
};

/// The most bytes that are read, of all files together.
pub const MAX_FILE: u64 = 64 << 20;
/// The most words of all files together: each takes some eighty bytes until the model is made.
const MAX_ALL_WORDS: usize = 5_000_000;
/// The longest line.
pub(crate) const MAX_LINE: usize = 1 << 20;
/// The most words of a line; HAProxy's limit.
pub const MAX_WORDS: usize = 64;
/// The deepest nesting of `.if`; HAProxy's limit.
pub const MAX_IF_DEPTH: usize = 100;

/// Where the files come from.
pub trait Files {
    /// The content of a file that has at most `limit` bytes.
    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>>;
    /// What is in a directory, in any order.
    fn list(&self, dir: &Path) -> io::Result<Vec<PathBuf>>;
    /// Whether it is a directory.
    fn is_dir(&self, path: &Path) -> bool;
    /// Whether it is there.
    fn exists(&self, path: &Path) -> bool;
}

/// Where variables come from, and who the machine knows.
pub trait Environment {
    /// A variable's value.
    fn get(&self, name: &str) -> Option<String>;
    /// Whether there is a user of this name; where nobody can tell, there is.
    fn has_user(&self, _name: &str) -> bool {
        true
    }
    /// Whether there is a group of this name; where nobody can tell, there is.
    fn has_group(&self, _name: &str) -> bool {
        true
    }
}

/// What a directive does to the variables of the lines after it (`setenv` and its kin).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnvChange {
    /// `setenv`: name and value.
    Set(String, String),
    /// `presetenv`: only if it is not set.
    Preset(String, String),
    /// `unsetenv`.
    Unset(Vec<String>),
    /// `resetenv`: all but these.
    Reset(Vec<String>),
}

/// The little that reading must know of the vocabulary.
#[derive(Clone, Copy, Debug)]
pub struct Grammar<'a> {
    /// The words that begin a section.
    pub sections: &'a [&'a str],
    /// What a directive of a section (its keyword is given) does to the variables.
    pub environment: fn(&str, &Directive) -> Option<EnvChange>,
    /// Turns a file in another spelling into lines, each with what messages call its place; `None` for HAProxy's.
    pub convert: Convert,
}

/// Reads a file in another spelling than HAProxy's; `None` when it is in that one.
pub type Convert = fn(&Path, &[u8]) -> Option<Result<Lines, Misspelt>>;

/// Lines of configuration, each after its label.
pub type Lines = Vec<(String, String)>;

/// Why a file in another spelling could not be read: line, column (both from 1, 0 where unknown) and message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misspelt {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
    /// What is wrong.
    pub message: String,
}

/// Reads all files and directories named; what is wrong is in the diagnostics, what was understood in the document.
pub fn load_cfg(
    paths: &[PathBuf],
    files: &dyn Files,
    env: &dyn Environment,
    facts: &Facts,
    grammar: Grammar<'_>,
) -> (Document, Sources, Diagnostics) {
    let mut loader = Loader {
        files,
        facts,
        grammar,
        env: Overlay::new(env),
        document: Document::default(),
        sources: Sources::default(),
        diagnostics: Diagnostics::default(),
        errors: 0,
        bytes: 0,
        words: 0,
    };
    for path in paths {
        loader.path(path);
    }
    (loader.document, loader.sources, loader.diagnostics)
}

/// An environment, as `setenv` and the like have changed it.
pub struct Overlay<'a> {
    outer: &'a dyn Environment,
    changes: HashMap<String, Option<String>>,
    /// After `resetenv`: the names that still come from outside.
    closed: Option<Vec<String>>,
}

impl Environment for Overlay<'_> {
    fn get(&self, name: &str) -> Option<String> {
        if let Some(changed) = self.changes.get(name) {
            return changed.clone();
        }
        match &self.closed {
            Some(open) if !open.iter().any(|kept| kept == name) => None,
            _ => self.outer.get(name),
        }
    }

    fn has_user(&self, name: &str) -> bool {
        self.outer.has_user(name)
    }

    fn has_group(&self, name: &str) -> bool {
        self.outer.has_group(name)
    }
}

impl std::fmt::Debug for Overlay<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Overlay").finish_non_exhaustive()
    }
}

impl<'a> Overlay<'a> {
    /// The environment as it is outside.
    pub fn new(outer: &'a dyn Environment) -> Self {
        Self { outer, changes: HashMap::new(), closed: None }
    }

    /// Changes it.
    pub fn apply(&mut self, change: EnvChange) {
        match change {
            EnvChange::Preset(name, _) if self.get(&name).is_some() => {}
            EnvChange::Set(name, value) | EnvChange::Preset(name, value) => {
                self.changes.insert(name, Some(value));
            }
            EnvChange::Unset(names) => self.changes.extend(names.into_iter().map(|name| (name, None))),
            EnvChange::Reset(kept) => {
                self.changes.retain(|name, _| kept.contains(name));
                self.closed = Some(kept);
            }
        }
    }
}

/// One level of `.if`.
struct Block {
    span: Span,
    /// The lines outside of this block are taken.
    outer: bool,
    /// The lines of the current branch are taken.
    taken: bool,
    /// Some branch was taken already.
    done: bool,
    /// `.else` was seen.
    closed: bool,
}

struct Loader<'a> {
    files: &'a dyn Files,
    facts: &'a Facts,
    grammar: Grammar<'a>,
    env: Overlay<'a>,
    document: Document,
    sources: Sources,
    diagnostics: Diagnostics,
    /// Errors of the file that is being read.
    errors: usize,
    /// How much was read so far.
    bytes: u64,
    words: usize,
}

impl Loader<'_> {
    /// A file, or the `*.cfg` files of a directory in lexical order.
    fn path(&mut self, path: &Path) {
        if !self.files.is_dir(path) {
            return self.file(path);
        }
        match self.files.list(path) {
            Err(error) => self.unreadable(path, &error),
            Ok(mut names) => {
                names.retain(|name| is_cfg(name) && !self.files.is_dir(name));
                names.sort();
                names.iter().for_each(|name| self.file(name));
            }
        }
    }

    fn unreadable(&mut self, path: &Path, error: &io::Error) {
        let message = format!("Cannot open configuration file/directory {} : {error}", path.display());
        self.diagnostics.push(Diagnostic::new(Severity::Alert, None, message));
    }

    fn file(&mut self, path: &Path) {
        let text = match self.files.read(path, MAX_FILE.saturating_sub(self.bytes)) {
            Ok(text) => text,
            Err(error) => return self.unreadable(path, &error),
        };
        self.bytes += text.len() as u64;
        let name = path.display().to_string();
        let file = match (self.grammar.convert)(path, &text) {
            None => self.sources.add(name, text),
            Some(Ok(lines)) => self.sources.add_labelled(name, lines),
            Some(Err(bad)) => {
                let file = self.sources.add(name, text);
                let start = bad.column.saturating_sub(1);
                return self
                    .diagnostics
                    .alert(Span { file, line: bad.line, start, end: start + 1 }, bad.message);
            }
        };
        let mut blocks: Vec<Block> = Vec::new();
        self.errors = 0;
        let lines = self.sources.lines(file);
        for line in 1..=lines {
            self.line(file, line, &mut blocks);
            let enough = match (self.errors >= MAX_ERRORS, self.words > MAX_ALL_WORDS) {
                (true, _) => format!("too many errors ({MAX_ERRORS}), the rest of the file is not read"),
                (_, true) => format!("more than {MAX_ALL_WORDS} words, the rest of the file is not read"),
                (false, false) => continue,
            };
            return self.diagnostics.alert(Span { file, line, start: 0, end: 0 }, enough);
        }
        if let Some(block) = blocks.last() {
            self.diagnostics.alert(block.span, "non-terminated '.if' block");
        }
        if self.sources.is_truncated(file) {
            let span = Span { file, line: lines, start: 0, end: 0 };
            self.diagnostics.warning(span, "Missing LF on last line, file might have been truncated");
        }
    }

    fn line(&mut self, file: FileId, line: u32, blocks: &mut Vec<Block>) {
        let at = Span { file, line, start: 0, end: 0 };
        let text = self.sources.line_bytes(file, line).unwrap_or_default();
        let first = text.iter().find(|byte| !matches!(byte, b' ' | b'\t')).copied();
        let taken = blocks.last().is_none_or(|block| block.taken);
        if matches!(first, None | Some(b'#' | b'\r')) || !(taken || first == Some(b'.')) {
            return;
        }
        if text.len() > MAX_LINE {
            return self
                .error(Diagnostic::alert(at, format!("line too long, the limit is {MAX_LINE} bytes")));
        }
        let section = self.document.sections.last();
        let pseudo = |name: &str| match name {
            ".FILE" => Some(self.sources.name(file).to_owned()),
            ".LINE" => Some(line.to_string()),
            ".SECTION" => Some(section.map_or("", section_name).to_owned()),
            name => self.env.get(name),
        };
        match lexer::lex(text, at, &pseudo) {
            Err(error) if taken => self.error(error),
            Err(_) => {}
            Ok(words) if first == Some(b'.') => self.block(&words, blocks),
            Ok(words) => {
                self.words += words.len();
                self.statement(words);
            }
        }
    }

    fn error(&mut self, diagnostic: Diagnostic) {
        self.errors += usize::from(diagnostic.severity == Severity::Alert);
        self.diagnostics.push(diagnostic);
    }

    /// A line of the configuration proper: a section's beginning, or a directive of the last one.
    fn statement(&mut self, mut words: Vec<Word>) {
        // an empty word ends HAProxy's list of arguments; at the end of a line it comes from an unset variable
        while words.last().is_some_and(|word| word.text.is_empty()) {
            words.pop();
        }
        let Some(keyword) = words.first().filter(|word| !word.text.is_empty()) else { return };
        if self.grammar.sections.contains(&keyword.text.as_str()) {
            let span = keyword.span.to(words.last().map_or(keyword.span, |word| word.span));
            let keyword = words.remove(0);
            return self.document.sections.push(Section {
                keyword,
                args: words,
                span,
                directives: Vec::new(),
            });
        }
        let Some(section) = self.document.sections.last_mut() else {
            let message = format!("unknown keyword '{}' out of section", shorten(&keyword.text));
            let meant = crate::suggest::nearest(&keyword.text, self.grammar.sections.iter().copied());
            let error = Diagnostic::alert(keyword.span, message).suggest(meant);
            return self.error(error);
        };
        let Some(directive) = Directive::new(words) else { return };
        if let Some(change) = (self.grammar.environment)(&section.keyword.text, &directive) {
            self.env.apply(change);
        }
        section.directives.push(directive);
    }

    /// A line that begins with a dot.
    fn block(&mut self, words: &[Word], blocks: &mut Vec<Block>) {
        let Some((keyword, args)) = words.split_first() else { return };
        let taken = blocks.last().is_none_or(|block| block.taken);
        match keyword.text.as_str() {
            ".if" => self.begin(keyword, args, taken, blocks),
            ".elif" => self.other(keyword, args, blocks),
            ".else" => self.other_else(keyword, args, blocks),
            ".endif" => {
                self.no_args(keyword, args);
                if blocks.pop().is_none() {
                    self.lone(keyword);
                }
            }
            ".alert" | ".warning" | ".notice" | ".diag" if taken => self.message(keyword, args),
            ".alert" | ".warning" | ".notice" | ".diag" => {}
            other if taken => {
                let known = [".if", ".elif", ".else", ".endif", ".alert", ".warning", ".notice", ".diag"];
                let message = format!("unknown directive '{}'", shorten(other));
                let meant = crate::suggest::nearest(other, known);
                self.error(Diagnostic::alert(keyword.span, message).suggest(meant));
            }
            _ => {}
        }
    }

    fn begin(&mut self, keyword: &Word, args: &[Word], outer: bool, blocks: &mut Vec<Block>) {
        if blocks.len() >= MAX_IF_DEPTH {
            let message = format!("too many nested '.if', max is {MAX_IF_DEPTH}");
            self.error(Diagnostic::alert(keyword.span, message));
        }
        if blocks.len() >= MAX_IF_DEPTH * 100 {
            return; // refused long ago; the memory is what counts now
        }
        let taken = outer && self.condition(keyword, args);
        blocks.push(Block { span: keyword.span, outer, taken, done: taken, closed: false });
    }

    fn other(&mut self, keyword: &Word, args: &[Word], blocks: &mut [Block]) {
        let Some(block) = blocks.last_mut() else { return self.lone(keyword) };
        if block.closed {
            return self.error(Diagnostic::alert(keyword.span, "'.elif' after '.else' is not permitted"));
        }
        block.taken = block.outer && !block.done && self.condition(keyword, args);
        block.done |= block.taken;
    }

    fn other_else(&mut self, keyword: &Word, args: &[Word], blocks: &mut [Block]) {
        self.no_args(keyword, args);
        let Some(block) = blocks.last_mut() else { return self.lone(keyword) };
        if block.closed {
            return self.error(Diagnostic::alert(keyword.span, "'.else' after '.else' is not permitted"));
        }
        block.taken = block.outer && !block.done;
        (block.done, block.closed) = (true, true);
    }

    fn condition(&mut self, keyword: &Word, args: &[Word]) -> bool {
        match eval_words(args, keyword.span, &self.env, self.facts) {
            Ok(value) => value,
            Err(error) => {
                self.error(error);
                false
            }
        }
    }

    fn no_args(&mut self, keyword: &Word, args: &[Word]) {
        if let Some(word) = args.iter().find(|word| !word.text.is_empty()) {
            let message = format!("Unexpected argument '{}' for '{}'", shorten(&word.text), keyword.text);
            self.error(Diagnostic::alert(word.span, message));
        }
    }

    fn lone(&mut self, keyword: &Word) {
        let message = format!("lone '{}' with no matching '.if'", keyword.text);
        self.error(Diagnostic::alert(keyword.span, message));
    }

    fn message(&mut self, keyword: &Word, args: &[Word]) {
        let text = args.first().map_or("", |word| word.text.as_str());
        if let Some(word) = args.get(1).filter(|word| !word.text.is_empty()) {
            let message = format!(
                "Unexpected argument '{}' for '{}'. Use quotes if the message should contain spaces",
                shorten(&word.text),
                keyword.text
            );
            return self.error(Diagnostic::alert(word.span, message));
        }
        let severity = match keyword.text.as_str() {
            ".alert" => Severity::Alert,
            ".warning" => Severity::Warning,
            ".notice" => Severity::Notice,
            _ => return, // `.diag` speaks under -dD only
        };
        self.error(Diagnostic::new(severity, Some(keyword.span), format!("'{text}'")));
    }
}

fn is_cfg(path: &Path) -> bool {
    let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    !hidden && path.extension().is_some_and(|extension| extension == "cfg")
}

/// A section's name, or its keyword where it has none.
fn section_name(section: &Section) -> &str {
    section.args.first().map_or(&section.keyword.text, |name| &name.text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Files in memory; a path that ends in `/` is a directory.
    struct Memory(Vec<(&'static str, Vec<u8>)>);

    impl Files for Memory {
        fn read(&self, path: &Path, _: u64) -> io::Result<Vec<u8>> {
            let found = self.0.iter().find(|(name, _)| Path::new(name) == path);
            found.map(|(_, text)| text.clone()).ok_or_else(|| io::ErrorKind::NotFound.into())
        }

        fn list(&self, dir: &Path) -> io::Result<Vec<PathBuf>> {
            Ok(self
                .0
                .iter()
                .map(|(name, _)| PathBuf::from(name))
                .filter(|name| name.parent() == Some(dir))
                .collect())
        }

        fn is_dir(&self, path: &Path) -> bool {
            self.0
                .iter()
                .any(|(name, _)| Path::new(name).parent() == Some(path) && !path.as_os_str().is_empty())
        }

        fn exists(&self, path: &Path) -> bool {
            self.0.iter().any(|(name, _)| Path::new(name) == path)
        }
    }

    struct Env;

    impl Environment for Env {
        fn get(&self, name: &str) -> Option<String> {
            (name == "ON").then(|| "yes".to_owned())
        }
    }

    fn setenv(_: &str, directive: &Directive) -> Option<EnvChange> {
        match directive.words.as_slice() {
            [keyword, name, value] if keyword.text == "setenv" => {
                Some(EnvChange::Set(name.text.clone(), value.text.clone()))
            }
            _ => None,
        }
    }

    fn load_files(files: Vec<(&'static str, Vec<u8>)>, paths: &[&str]) -> (Document, Sources, Diagnostics) {
        let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
        let grammar =
            Grammar { sections: &["global", "frontend"], environment: setenv, convert: |_, _| None };
        load_cfg(&paths, &Memory(files), &Env, &Facts::default(), grammar)
    }

    fn load(text: &str) -> (Vec<String>, Vec<String>) {
        let (document, sources, diagnostics) =
            load_files(vec![("h.cfg", text.as_bytes().to_vec())], &["h.cfg"]);
        let join = |words: &[Word]| words.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ");
        let lines =
            document.sections.iter().flat_map(|s| s.directives.iter().map(|d| join(&d.words))).collect();
        (lines, diagnostics.render_pipe(&sources).into_iter().map(|(_, text)| text).collect())
    }

    #[test]
    fn blocks_choose_one_branch() {
        let (lines, errors) = load(
            "global\n.if streq(\"$ON\",yes)\n a\n.if 0\n b\n.elif 1\n c\n.else\n d\n.endif\n.elif 1\n e\n.else\n \
             f\n.endif\n g\n",
        );
        assert_eq!((lines, errors), (vec!["a".into(), "c".into(), "g".into()], vec![]));
    }

    #[test]
    fn lines_that_are_not_taken_are_not_read() {
        let (lines, errors) = load("global\n.if 0\n a 'unmatched\n.if bogus\n.bogus\n.endif\n.endif\n b\n");
        assert_eq!((lines, errors), (vec!["b".into()], vec![]));
    }

    #[test]
    fn block_mistakes_are_told() {
        let (_, errors) = load("global\n.endif\n.else\n.if 1\n.else\n.elif 1\n.fi\n.alert \"al\"\n");
        let expected = [
            "parsing [h.cfg:2] : lone '.endif' with no matching '.if'",
            "parsing [h.cfg:3] : lone '.else' with no matching '.if'",
            "parsing [h.cfg:4] : non-terminated '.if' block",
            "parsing [h.cfg:6] : '.elif' after '.else' is not permitted",
        ];
        assert_eq!(errors, expected);
    }

    #[test]
    fn variables_change_for_the_lines_after() {
        let (lines, _) = load("global\n a \"$X\"\n setenv X 1\n a \"$X\" \"$.SECTION:$.LINE\"\n");
        assert_eq!(lines, ["a", "setenv X 1", "a 1 global:4"]);
    }

    #[test]
    fn a_missing_last_newline_and_carriage_returns_are_taken() {
        let (lines, errors) = load("global\r\n  a b\r\n  c");
        assert_eq!(lines, ["a b", "c"]);
        assert_eq!(errors, ["parsing [h.cfg:3] : Missing LF on last line, file might have been truncated"]);
    }

    #[test]
    fn a_word_out_of_section_is_told_with_a_suggestion() {
        let (_, errors) = load("globl\n a\n");
        assert_eq!(
            errors[0],
            "parsing [h.cfg:1] : unknown keyword 'globl' out of section; did you mean 'global' maybe ?"
        );
    }

    #[test]
    fn directories_give_their_cfg_files_in_order() {
        let files = vec![
            ("d/b.cfg", b" b\n".to_vec()),
            ("d/a.cfg", b"global\n a\n".to_vec()),
            ("d/c.txt", b" c\n".to_vec()),
            ("d/.e.cfg", b" e\n".to_vec()),
            ("z.cfg", b" z\n".to_vec()),
        ];
        let (document, sources, diagnostics) = load_files(files, &["d", "z.cfg"]);
        let keywords: Vec<_> =
            document.sections[0].directives.iter().map(|d| d.keyword().text.as_str()).collect();
        assert_eq!(keywords, ["a", "b", "z"]);
        assert_eq!(sources.names().collect::<Vec<_>>(), ["d/a.cfg", "d/b.cfg", "z.cfg"]);
        assert!(diagnostics.is_empty());
    }

    #[test]
    fn a_file_that_is_not_there_is_an_error() {
        let (_, _, diagnostics) = load_files(vec![], &["nope.cfg"]);
        assert!(diagnostics.has_errors());
    }

    #[test]
    fn hostile_text_is_bounded() {
        let deep = ".if 1\n".repeat(50_000);
        let long = format!("global\n a {}\n", "b".repeat(10 << 20));
        let many = format!("global\n{}\n", " a".repeat(10_000_000));
        let errors = [
            "global\n x \"\n".repeat(100_000),
            deep,
            long,
            many,
            "\u{1}".repeat(3 << 20),
            "global\n\0\n".into(),
        ];
        for text in errors {
            let (_, _, diagnostics) = load_files(vec![("h.cfg", text.into_bytes())], &["h.cfg"]);
            assert!(diagnostics.has_errors());
            assert!(diagnostics.len() < 2000);
        }
    }

    #[test]
    fn very_many_words_are_left_unread() {
        let text = format!("global\n{}", " a b\n".repeat(5_000_000));
        let (document, _, diagnostics) = load_files(vec![("h.cfg", text.into_bytes())], &["h.cfg"]);
        assert!(diagnostics.iter().any(|said| said.message.starts_with("more than 5000000 words")));
        assert!(document.sections[0].directives.len() <= MAX_ALL_WORDS / 2 + 1);
    }

    #[test]
    fn bytes_that_are_no_text_are_an_error_of_their_line() {
        let (document, sources, diagnostics) =
            load_files(vec![("h.cfg", b"global\n a \xff\n b # \xff\n c\n".to_vec())], &["h.cfg"]);
        assert_eq!(document.sections[0].directives.len(), 2);
        let said = diagnostics.render_pipe(&sources);
        assert_eq!(said[0].1, "parsing [h.cfg:2] : word is not valid UTF-8");
    }
}
