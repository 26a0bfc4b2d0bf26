//! `sc-inc-gpc(<idx>,<sc-id>)`, `sc-inc-gpc0(<sc-id>)`, `sc-inc-gpc1(<sc-id>)`, `sc-add-gpc(<idx>,<sc-id>) { <int> | <expr> }`.

use expr::{Parts, Scope};
use lang::{Diagnostic, Word, Words};
use table::Data;

use super::Action;
use super::sc_set_gpt::Number;
use super::stick_counter::{self, Place};
use crate::{Flow, Message};

#[derive(Debug)]
struct Add {
    place: Place,
    counter: Data,
    rate: Data,
    amount: Number,
}

impl Action for Add {
    fn apply(&self, message: &mut dyn Message) -> Flow {
        let txn = message.txn();
        if let Some(amount) = self.amount.value(txn) {
            self.place.change(txn, |entry, index| {
                entry.add(self.rate, index, u64::from(amount));
                entry.add(self.counter, index, u64::from(amount));
            });
        }
        Flow::Continue
    }

    fn changes(&self) -> Parts {
        Parts::NONE
    }
}

fn built(place: Place, (counter, rate): (Data, Data), amount: Number) -> Box<dyn Action> {
    Box::new(Add { place, counter, rate, amount })
}

type Parsed = Result<Box<dyn Action>, Diagnostic>;

pub(super) fn gpc(tail: &Word, _words: &mut Words<'_>, scope: &Scope<'_>) -> Parsed {
    let place = stick_counter::two("sc-inc-gpc", "gpc", tail, scope)?;
    Ok(built(place, (Data::Gpc, Data::GpcRate), Number::Fixed(1)))
}

pub(super) fn gpc0(tail: &Word, _words: &mut Words<'_>, scope: &Scope<'_>) -> Parsed {
    let place = stick_counter::one("sc-inc-gpc0", tail, scope)?;
    Ok(built(place, (Data::Gpc0, Data::Gpc0Rate), Number::Fixed(1)))
}

pub(super) fn gpc1(tail: &Word, _words: &mut Words<'_>, scope: &Scope<'_>) -> Parsed {
    let place = stick_counter::one("sc-inc-gpc1", tail, scope)?;
    Ok(built(place, (Data::Gpc1, Data::Gpc1Rate), Number::Fixed(1)))
}

pub(super) fn add(tail: &Word, words: &mut Words<'_>, scope: &Scope<'_>) -> Parsed {
    let place = stick_counter::two("sc-add-gpc", "gpc", tail, scope)?;
    Ok(built(place, (Data::Gpc, Data::GpcRate), Number::parse(words, scope)?))
}

#[cfg(test)]
mod tests {
    use crate::Phase;
    use crate::world::{World, rule, rules};

    fn headers(lines: &[&str]) -> Vec<String> {
        let mut world = World::sample();
        rules(Phase::HttpRequest, lines).run(&mut world);
        world.header("a")
    }

    #[test]
    fn counters_and_their_rates_grow() {
        let lines = [
            "track-sc0 src table t",
            "sc-inc-gpc0(0)",
            "sc-inc-gpc0",
            "sc-inc-gpc1(0)",
            "sc-inc-gpc1(1)",
            "set-header a %[sc_get_gpc0(0)]-%[sc_gpc0_rate(0)]-%[sc_get_gpc1(0)]",
        ];
        assert_eq!(headers(&lines), ["2-2-1"]);
    }

    #[test]
    fn arrays_are_counted_by_their_numbers() {
        let lines = [
            "track-sc2 src table arrays",
            "sc-inc-gpc(1,2)",
            "sc-add-gpc(1,2) 5",
            "sc-add-gpc(0,2) hdr(host),length",
            "sc-inc-gpc(9,2)",
            "set-header a %[sc_get_gpc(0,2)]-%[sc_get_gpc(1,2)]-%[sc_gpc_rate(1,2)]",
        ];
        assert_eq!(headers(&lines), ["15-6-6"]);
    }

    #[test]
    fn numbers_are_judged_in_haproxys_words() {
        for (text, why) in [
            ("sc-inc-gpc0(7)", "invalid stick table track ID. The max allowed ID is 2."),
            (
                "sc-inc-gpc0(x)",
                "invalid stick table track ID 'sc-inc-gpc0(x)'. Expects sc-inc-gpc0(<Track ID>).",
            ),
            ("sc-inc-gpc", "invalid gpc ID 'sc-inc-gpc'. Expects sc-inc-gpc(<GPC ID>,<Track ID>)."),
            ("sc-inc-gpc(0)", "Missing gpc ID 'sc-inc-gpc(0)'. Expects sc-inc-gpc(<GPC ID>,<Track ID>)."),
            ("sc-inc-gpc(0,9)", "invalid stick table track ID 'sc-inc-gpc(0,9)'. The max allowed ID is 2."),
        ] {
            let error = rule(Phase::HttpRequest, text).unwrap_err().message;
            assert_eq!(error, format!("error detected while parsing 'http-request {text}' rule : {why}"));
        }
    }
}
