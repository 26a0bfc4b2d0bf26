//! `set-timeout { client | server | tunnel } { <time> | <expr> }`: another time than the proxy's for this request.

use std::time::Duration;

use expr::{Expr, Parts, Scope};
use lang::units::{TimeUnit, parse_time};
use lang::{Diagnostic, Words};

use super::{Action, argument, at_sample};
use crate::{Change, Flow, Message, Timer};

const TWO: &str = "expects exactly 2 arguments";

#[derive(Debug)]
struct SetTimeout {
    timer: Timer,
    time: Time,
}

#[derive(Debug)]
enum Time {
    Fixed(Duration),
    /// In milliseconds.
    Sample(Expr),
}

impl Action for SetTimeout {
    fn apply(&self, message: &mut dyn Message) -> Flow {
        let time = match &self.time {
            Time::Fixed(time) => Some(*time),
            Time::Sample(expr) => expr.eval(message.txn()).and_then(|value| value.to_int()).and_then(millis),
        };
        // as in HAProxy, what is no time changes nothing
        if let Some(time) = time {
            message.change(Change::Timeout(self.timer, time));
        }
        Flow::Continue
    }

    fn changes(&self) -> Parts {
        Parts::NONE
    }
}

fn millis(number: i64) -> Option<Duration> {
    u64::try_from(number).ok().filter(|millis| *millis > 0).map(Duration::from_millis)
}

pub(super) fn parse(words: &mut Words<'_>, scope: &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic> {
    if let Some(name) = scope.owner().strip_prefix("frontend ")
        && words.peek_text() != Some("client")
    {
        return Err(words.error(format!("proxy {name} has no backend capability")));
    }
    let word = argument(words, TWO)?;
    let timer = match word.text.as_str() {
        "client" => Timer::Client,
        "server" => Timer::Server,
        "tunnel" => Timer::Tunnel,
        other => {
            let text = format!("'set-timeout' rule supports 'client'/'server'/'tunnel' (got '{other}')");
            let near = lang::suggest::nearest(other, ["client", "server", "tunnel"]);
            return Err(Diagnostic::alert(word.span, text).suggest(near));
        }
    };
    if at_sample(words) {
        return Ok(Box::new(SetTimeout { timer, time: Time::Sample(Expr::parse(words, scope)?) }));
    }
    let what = argument(words, TWO)?;
    let fail = |why| Err(Diagnostic::alert(what.span, why));
    match parse_time(&what.text, TimeUnit::Ms) {
        Ok(Duration::ZERO) => fail(format!("null value is not valid for a 'set-timeout {}' rule", word.text)),
        Ok(time) => Ok(Box::new(SetTimeout { timer, time: Time::Fixed(time) })),
        Err(error) => fail(match error.to_string().strip_prefix("timer overflow ") {
            Some(limit) => {
                format!(
                    "timer overflow in argument '{}' to rule 'set-timeout {}' {limit}",
                    what.text, word.text
                )
            }
            None => format!("{error} in rule 'set-timeout {}'", word.text),
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::world::{World, rule, rules};
    use crate::{Change, Phase, Timer};

    #[test]
    fn a_time_or_a_sample_of_milliseconds_is_noted() {
        let set = rules(
            Phase::HttpRequest,
            &["set-timeout server 3s", "set-timeout tunnel int(250)", "set-timeout client hdr(none)"],
        );
        let mut world = World::sample();
        set.run(&mut world);
        let expected = [(Timer::Server, 3000), (Timer::Tunnel, 250)];
        let expected = expected.map(|(timer, millis)| Change::Timeout(timer, Duration::from_millis(millis)));
        assert_eq!(world.changes, expected);
    }

    #[test]
    fn errors_are_worded_as_haproxys() {
        for (text, expected) in [
            ("set-timeout server", "expects exactly 2 arguments."),
            ("set-timeout server 0", "null value is not valid for a 'set-timeout server' rule."),
            ("set-timeout check 1", "'set-timeout' rule supports 'client'/'server'/'tunnel' (got 'check')."),
            ("set-timeout server 5parsecs", "in rule 'set-timeout server'."),
        ] {
            let message = rule(Phase::HttpRequest, text).unwrap_err().message;
            assert!(message.ends_with(expected), "{message}");
        }
    }
}
