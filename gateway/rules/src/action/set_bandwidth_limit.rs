//! `set-bandwidth-limit <name> [ limit <expr|size> ] [ period <expr|time> ]` (HAProxy 2.7): lets a filter of the section
//! hold back what goes on from now on.

use std::fmt;
use std::time::Duration;

use expr::{Expr, Parts, Scope};
use lang::units::{TimeUnit, UnitError, parse_size, parse_time};
use lang::{Diagnostic, Words};

use super::{Action, argument, at_sample};
use crate::{Change, Flow, Message, Throttle};

#[derive(Debug)]
struct SetBandwidthLimit {
    section: String,
    name: String,
    limit: Option<Figure<u64>>,
    /// In milliseconds, where it is a sample.
    period: Option<Figure<Duration>>,
}

/// A number that is given, or made for each message.
#[derive(Debug)]
enum Figure<T> {
    Fixed(T),
    Sample(Expr),
}

impl<T: Copy + fmt::Debug> Figure<T> {
    /// What is no number above zero leaves the filter's own in force.
    fn of(&self, message: &dyn Message, from: impl Fn(u64) -> T) -> Option<T> {
        match self {
            Self::Fixed(value) => Some(*value),
            Self::Sample(expr) => {
                let number = expr.eval(message.txn())?.to_int()?;
                u64::try_from(number).ok().filter(|number| *number > 0).map(from)
            }
        }
    }
}

impl Action for SetBandwidthLimit {
    fn apply(&self, message: &mut dyn Message) -> Flow {
        let limit = self.limit.as_ref().and_then(|limit| limit.of(message, |bytes| bytes));
        let period = self.period.as_ref().and_then(|period| period.of(message, Duration::from_millis));
        let (section, name) = (self.section.clone(), self.name.clone());
        message.change(Change::Throttle(Throttle { section, name, limit, period }));
        Flow::Continue
    }

    fn changes(&self) -> Parts {
        Parts::NONE
    }
}

pub(super) fn parse(words: &mut Words<'_>, scope: &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic> {
    let name = argument(words, "missing arguments")?.text.clone();
    let (mut limit, mut period) = (None, None);
    loop {
        if words.accept("limit") {
            limit = Some(figure(words, scope, "limit", parse_size)?);
        } else if words.accept("period") {
            period = Some(figure(words, scope, "period", |text| parse_time(text, TimeUnit::Ms))?);
        } else {
            let section = scope.own_table();
            return Ok(Box::new(SetBandwidthLimit { section, name, limit, period }));
        }
    }
}

fn figure<T: Copy + Default + PartialEq + fmt::Debug>(
    words: &mut Words<'_>,
    scope: &Scope<'_>,
    what: &str,
    parse: impl Fn(&str) -> Result<T, UnitError>,
) -> Result<Figure<T>, Diagnostic> {
    if at_sample(words) {
        return Ok(Figure::Sample(Expr::parse(words, scope)?));
    }
    let word = argument(words, &format!("missing {what} value or expression"))?;
    let fail = |why: &dyn fmt::Display| Diagnostic::alert(word.span, format!("'{what}': {why}"));
    match parse(&word.text) {
        Ok(value) if value == T::default() => Err(fail(&"expects more than nothing")),
        Ok(value) => Ok(Figure::Fixed(value)),
        Err(error) => Err(fail(&error)),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::world::{World, rule, rules};
    use crate::{Change, Phase, Throttle};

    #[test]
    fn a_filter_is_asked_for_with_figures_of_its_own() {
        let lines = [
            "set-bandwidth-limit slow",
            "set-bandwidth-limit slow limit 10k period 2s",
            "set-bandwidth-limit slow period int(250) limit hdr(none)",
        ];
        let mut world = World::sample();
        rules(Phase::HttpRequest, &lines).run(&mut world);
        let asked = |limit, period: Option<u64>| {
            let period = period.map(Duration::from_millis);
            Change::Throttle(Throttle { section: String::new(), name: "slow".into(), limit, period })
        };
        let expected = [asked(None, None), asked(Some(10 * 1024), Some(2000)), asked(None, Some(250))];
        assert_eq!(world.changes, expected);
    }

    #[test]
    fn what_is_missing_or_wrong_is_said() {
        for (text, why) in [
            ("set-bandwidth-limit", "missing arguments."),
            ("set-bandwidth-limit slow limit", "missing limit value or expression."),
            ("set-bandwidth-limit slow period 0", "'period': expects more than nothing."),
            ("set-bandwidth-limit slow limit 0", "'limit': expects more than nothing."),
        ] {
            let error = rule(Phase::HttpResponse, text).unwrap_err().message;
            assert!(error.ends_with(why), "{error}");
        }
        assert!(rule(Phase::HttpRequest, "set-bandwidth-limit slow limit 1x").is_err());
        assert!(rule(Phase::HttpRequest, "set-bandwidth-limit slow limit nope").is_err());
    }
}
