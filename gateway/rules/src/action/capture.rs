//! `capture <expr> [ len <length> | id <number> ]`: a text for a slot that logs and `capture.*` samples show.

use expr::{Expr, Parts, Phase, Scope, Side};
use lang::{Diagnostic, Words};

use super::{Action, argument};
use crate::{Change, Flow, Message, Slot, SlotNumber};

#[derive(Debug)]
struct Capture {
    expr: Expr,
    slot: Slot,
}

impl Action for Capture {
    fn apply(&self, message: &mut dyn Message) -> Flow {
        // a slot that was only asked for by its length is given its number before anything runs
        let SlotNumber::Id(slot) = self.slot.number else { return Flow::Continue };
        if let Some(value) = self.expr.eval(message.txn()) {
            let value = value.into_text().into_owned();
            message.change(Change::Capture { side: self.slot.side, slot, value });
        }
        Flow::Continue
    }

    fn slot(&self) -> Option<Slot> {
        Some(self.slot)
    }

    fn set_slot(&mut self, number: usize) {
        self.slot.number = SlotNumber::Id(number);
    }

    fn changes(&self) -> Parts {
        Parts::NONE
    }
}

pub(super) fn parse(words: &mut Words<'_>, scope: &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic> {
    let response = matches!(scope.phase, Phase::HttpResponse | Phase::HttpAfterResponse);
    let expects = match (scope.phase, response) {
        (Phase::TcpContent, _) => "a positive 'len' argument is mandatory",
        (_, false) => "expects <expression> [ 'len' <length> | id <idx> ]",
        (_, true) => "expects <expression> id <idx>",
    };
    if words.peek_text().is_none_or(str::is_empty) {
        return Err(words.error(expects));
    }
    let expr = Expr::parse(words, scope)?;
    let keyword = argument(words, expects)?;
    let number = match keyword.text.as_str() {
        "len" if response => return Err(Diagnostic::alert(keyword.span, "expects 'id', found 'len'")),
        "len" if scope.owner().starts_with("backend ") => {
            let owner = scope.owner().replacen("backend", "proxy", 1);
            return Err(Diagnostic::alert(keyword.span, format!("{owner} has no frontend capability")));
        }
        "len" => {
            let word = argument(words, expects)?;
            // HAProxy reads the digits and drops what follows
            let digits = word.text.bytes().take_while(u8::is_ascii_digit).count();
            let length = word.text[..digits].parse().ok().filter(|length| *length > 0);
            SlotNumber::Length(length.ok_or_else(|| Diagnostic::alert(word.span, "length must be > 0"))?)
        }
        "id" => {
            let word = argument(words, expects)?;
            let unreadable = || Diagnostic::alert(word.span, format!("cannot parse id '{}'", word.text));
            SlotNumber::Id(word.text.parse().map_err(|_| unreadable())?)
        }
        _ => return Err(Diagnostic::alert(keyword.span, expects)),
    };
    let side = if response { Side::Response } else { Side::Request };
    Ok(Box::new(Capture { expr, slot: Slot { side, number } }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RuleSet;
    use crate::world::{World, rule};

    #[test]
    fn a_slot_is_filled_once_it_has_a_number() {
        let asked = rule(Phase::HttpRequest, "capture path len 10").unwrap();
        let slot = |number| Some(Slot { side: Side::Request, number });
        assert_eq!(asked.slot(), slot(SlotNumber::Length(10)));
        let given = asked.in_slot(3);
        assert_eq!(given.slot(), slot(SlotNumber::Id(3)));
        assert_eq!(given.words(), ["capture", "path", "id", "3"]);
        let mut set = RuleSet::default();
        set.push(given);
        let mut world = World::sample();
        set.run(&mut world);
        assert_eq!(
            world.changes,
            [Change::Capture { side: Side::Request, slot: 3, value: b"/a/b".to_vec() }]
        );
    }

    #[test]
    fn errors_are_worded_as_haproxys() {
        for (phase, text, expected) in [
            (Phase::HttpRequest, "capture", "expects <expression> [ 'len' <length> | id <idx> ]."),
            (Phase::HttpRequest, "capture path foo", "expects <expression> [ 'len' <length> | id <idx> ]."),
            (Phase::HttpRequest, "capture path len 0", "length must be > 0."),
            (Phase::HttpRequest, "capture path id abc", "cannot parse id 'abc'."),
            (Phase::HttpResponse, "capture res.hdr(a) len 4", "expects 'id', found 'len'."),
            (Phase::HttpResponse, "capture res.hdr(a)", "expects <expression> id <idx>."),
        ] {
            let message = rule(phase, text).unwrap_err().message;
            assert!(message.ends_with(expected), "{message}");
        }
    }
}
