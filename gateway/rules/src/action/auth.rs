//! `auth [realm <realm>]`: the client is asked for a name and a password (RFC 7617).

use expr::Scope;
use lang::{Diagnostic, Words};

use super::{Action, argument};
use crate::{Answer, AnswerKind, Flow, Message};

#[derive(Debug)]
struct Auth {
    /// `None` is the proxy's name.
    realm: Option<String>,
}

impl Action for Auth {
    fn apply(&self, message: &mut dyn Message) -> Flow {
        let txn = message.txn();
        let proxy = || txn.backend().or(txn.frontend()).map_or("", |(name, _)| name);
        let realm = self.realm.as_deref().unwrap_or_else(proxy);
        let value = format!("Basic realm=\"{realm}\"");
        let headers = vec![(b"www-authenticate".to_vec(), value.into_bytes())];
        Flow::Answer(Answer { headers, ..Answer::page(401, AnswerKind::Challenged) })
    }
}

pub(super) fn parse(words: &mut Words<'_>, _: &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic> {
    let realm = match words.accept("realm") {
        true => Some(argument(words, "missing realm value")?.text.clone()),
        false => None,
    };
    Ok(Box::new(Auth { realm }))
}

#[cfg(test)]
mod tests {
    use crate::world::{World, rule, rules};
    use crate::{Flow, Phase};

    #[test]
    fn the_client_is_asked_for_the_realm() {
        let Flow::Answer(answer) =
            rules(Phase::HttpRequest, &["auth realm 'Top Secret'"]).run(&mut World::sample())
        else {
            panic!("no answer")
        };
        let (name, value) = &answer.headers[0];
        let shown = format!("{}: {}", String::from_utf8_lossy(name), String::from_utf8_lossy(value));
        let line = "www-authenticate: Basic realm=\"Top Secret\"";
        assert_eq!((answer.status, shown.as_str(), answer.body), (401, line, None));
        let message = rule(Phase::HttpRequest, "auth realm").unwrap_err().message;
        assert!(message.ends_with("missing realm value."), "{message}");
    }
}
