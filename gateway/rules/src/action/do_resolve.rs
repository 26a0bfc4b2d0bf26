//! `do-resolve(<var>,<resolvers>,[ipv4,ipv6]) <expr>`: the address of a name goes into a variable.

use expr::{Expr, Parts, Scope, Var};
use lang::{Diagnostic, Word, Words};

use super::{Action, sample};
use crate::{Flow, Message, Question};

#[derive(Debug)]
struct DoResolve {
    host: Expr,
    section: String,
    /// Without it the result goes nowhere.
    var: Option<Var>,
    ipv4_first: bool,
}

impl Action for DoResolve {
    fn apply(&self, message: &mut dyn Message) -> Flow {
        let host = self.host.eval(message.txn()).map(|value| value.into_text().into_owned());
        let host = host.and_then(|host| String::from_utf8(host).ok()).filter(|host| host.len() <= MAX_NAME);
        match host {
            Some(host) => Flow::Resolve(Question {
                section: self.section.clone(),
                host,
                ipv4_first: self.ipv4_first,
                var: self.var.clone(),
            }),
            None => Flow::Continue,
        }
    }

    fn changes(&self) -> Parts {
        Parts::NONE
    }
}

/// The longest name that there may be, and its last dot (RFC 1035, 2.3.4).
const MAX_NAME: usize = 254;

pub(super) fn parse(
    inside: &Word,
    words: &mut Words<'_>,
    scope: &Scope<'_>,
) -> Result<Box<dyn Action>, Diagnostic> {
    let usage = |got: &str| {
        let text = format!(
            "Can't parse '{got}'. Expects 'do-resolve(<varname>,<resolvers>[,<options>]) <expr>'. Available options are \
             'ipv4' and 'ipv6'"
        );
        Diagnostic::alert(inside.span, text)
    };
    let said = format!("do-resolve({})", inside.text);
    let parts: Vec<&str> = inside.text.split(',').map(str::trim).collect();
    let [var, section, options @ ..] = &parts[..] else { return Err(usage(&said)) };
    if !options.iter().all(|option| matches!(*option, "ipv4" | "ipv6")) {
        return Err(usage(&said));
    }
    if words.is_empty() {
        return Err(usage(""));
    }
    let var = scope.vars.borrow_mut().name(var);
    if let Err(why) = &var {
        let message = format!("{why}: the address is kept nowhere, as in HAProxy");
        scope.warn(Diagnostic::warning(inside.span, message));
    }
    Ok(Box::new(DoResolve {
        host: sample(words, scope)?,
        section: (*section).to_owned(),
        var: var.ok(),
        ipv4_first: options.last() == Some(&"ipv4"),
    }))
}

#[cfg(test)]
mod tests {
    use crate::world::{World, rule, rule_in, rules, scope};
    use crate::{Flow, Phase, Question};

    #[test]
    fn the_set_goes_on_behind_a_question() {
        let set = rules(
            Phase::HttpRequest,
            &["do-resolve(txn.ip,dns,ipv4) hdr(host),host_only", "do-resolve(txn.ip,dns) hdr(none)", "deny"],
        );
        let (mut world, mut next) = (World::sample(), 0);
        let Flow::Resolve(Question { section, host, ipv4_first, var }) = set.run_from(&mut next, &mut world)
        else {
            panic!("a question");
        };
        assert_eq!((section.as_str(), host.as_str(), ipv4_first), ("dns", "www.example.com", true));
        assert!(var.is_some());
        assert!(matches!(set.run_from(&mut next, &mut world), Flow::Answer(_)));
    }

    /// HAProxy 2.6's words.
    #[test]
    fn its_words_are_judged() {
        let usage = "Expects 'do-resolve(<varname>,<resolvers>[,<options>]) <expr>'. Available options are 'ipv4' and \
                     'ipv6'";
        for (text, got) in [
            ("do-resolve(txn.a) str(x)", "do-resolve(txn.a)"),
            ("do-resolve(txn.a,dns,ip) str(x)", "do-resolve(txn.a,dns,ip)"),
            ("do-resolve(txn.a,dns)", ""),
        ] {
            let message = rule(Phase::HttpRequest, text).unwrap_err().message;
            assert!(message.contains(&format!("Can't parse '{got}'. {usage}")), "{message}");
        }
        let scope = scope(Phase::TcpContent);
        rule_in(&scope, "do-resolve(nowhere.a,dns,ipv4,ipv6) src").unwrap();
        assert_eq!(scope.take_warnings().len(), 1);
    }
}
