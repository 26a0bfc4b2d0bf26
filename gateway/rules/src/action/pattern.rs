//! `add-acl(<file>) <fmt>`, `del-acl`, `set-map(<file>) <key> <value>`, `del-map`: what a file's patterns are from then
//! on, for every rule that reads them.

use std::fmt;
use std::sync::Arc;

use expr::{LogFormat, Parts, Reference, Scope, Which};
use lang::{Diagnostic, Word, Words};

use super::{Action, argument};
use crate::{Flow, Message};

struct Pattern {
    reference: Arc<Reference>,
    key: LogFormat,
    what: What,
}

/// What is done to the entries of the key.
#[derive(Debug)]
enum What {
    Add,
    Set(LogFormat),
    Delete,
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({}, {:?}, {:?})", self.reference.name(), self.key, self.what)
    }
}

impl Action for Pattern {
    fn apply(&self, message: &mut dyn Message) -> Flow {
        let txn = message.txn();
        let key = self.key.to_bytes(txn);
        let done = match &self.what {
            // a pattern that is there need not be added again
            What::Add if self.reference.holds(&key) => Ok(()),
            What::Add => self.reference.put(&key, b""),
            What::Set(value) => self.reference.put(&key, &value.to_bytes(txn)),
            What::Delete => {
                self.reference.remove(Which::Pattern(&key));
                Ok(())
            }
        };
        // as in HAProxy, what a file cannot hold changes nothing
        done.unwrap_or_default();
        Flow::Continue
    }

    fn changes(&self) -> Parts {
        Parts::PATTERNS
    }
}

pub(super) fn add(
    file: &Word,
    words: &mut Words<'_>,
    scope: &Scope<'_>,
) -> Result<Box<dyn Action>, Diagnostic> {
    parse(file, words, scope, What::Add)
}

pub(super) fn delete(
    file: &Word,
    words: &mut Words<'_>,
    scope: &Scope<'_>,
) -> Result<Box<dyn Action>, Diagnostic> {
    parse(file, words, scope, What::Delete)
}

fn parse(
    file: &Word,
    words: &mut Words<'_>,
    scope: &Scope<'_>,
    what: What,
) -> Result<Box<dyn Action>, Diagnostic> {
    let key = LogFormat::parse(argument(words, "expects exactly 1 arguments")?, scope)?;
    Ok(Box::new(Pattern { reference: scope.patterns.file(&file.text), key, what }))
}

pub(super) fn set(
    file: &Word,
    words: &mut Words<'_>,
    scope: &Scope<'_>,
) -> Result<Box<dyn Action>, Diagnostic> {
    const TWO: &str = "expects exactly 2 arguments";
    let key = LogFormat::parse(argument(words, TWO)?, scope)?;
    let what = What::Set(LogFormat::parse(argument(words, TWO)?, scope)?);
    Ok(Box::new(Pattern { reference: scope.patterns.file(&file.text), key, what }))
}

#[cfg(test)]
mod tests {
    use crate::Phase;
    use crate::world::{World, rule, rules};

    #[test]
    fn later_rules_see_what_a_file_has_become() {
        let set = rules(
            Phase::HttpRequest,
            &[
                "set-header a 1 if { path -f seen.lst }",
                "add-acl(seen.lst) %[path]",
                "set-header b 1 if { path -f seen.lst }",
                "del-acl(seen.lst) %[path]",
                "set-header c 1 if { path -f seen.lst }",
                "set-map(names.map) %[path] old",
                "set-map(names.map) %[path] %[method]",
                "set-header d %[path,map(names.map)]",
                "del-map(names.map) %[path]",
                "set-header e %[path,map(names.map,none)]",
            ],
        );
        let mut world = World::sample();
        set.run(&mut world);
        let seen = ["a", "b", "c", "d", "e"].map(|name| world.header(name).join(","));
        assert_eq!(seen, ["", "1", "", "GET", "none"]);
    }

    #[test]
    fn errors_are_worded_as_haproxys() {
        for (text, expected) in [
            ("add-acl(a)", "while parsing 'http-request add-acl(a)' rule : expects exactly 1 arguments."),
            ("set-map(a) b", "while parsing 'http-request set-map(a)' rule : expects exactly 2 arguments."),
        ] {
            let message = rule(Phase::HttpRequest, text).unwrap_err().message;
            assert!(message.ends_with(expected), "{message}");
        }
    }
}
