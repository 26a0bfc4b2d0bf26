//! `set-tos`, `set-mark` and their like for either side (`set-fc-tos`, `set-bc-mark` …): what the kernel puts on the
//! packets of a connection.

use expr::{Expr, Parts, Scope};
use lang::{Diagnostic, Words};

use super::{Action, argument, at_sample};
use crate::{Change, Flow, Message, Packet, Peer};

#[derive(Debug)]
struct SetPacket {
    peer: Peer,
    packet: fn(u32) -> Packet,
    number: Number,
}

#[derive(Debug)]
enum Number {
    Fixed(u32),
    Sample(Expr),
}

impl Action for SetPacket {
    fn apply(&self, message: &mut dyn Message) -> Flow {
        let number = match &self.number {
            Number::Fixed(number) => Some(*number),
            Number::Sample(expr) => expr.eval(message.txn()).and_then(|value| value.to_int()).map(low_bits),
        };
        if let Some(number) = number {
            message.change(Change::Packets(self.peer, (self.packet)(number)));
        }
        Flow::Continue
    }

    fn changes(&self) -> Parts {
        Parts::NONE
    }
}

/// As much of a number as the kernel takes.
fn low_bits(number: i64) -> u32 {
    u32::try_from(number & i64::from(u32::MAX)).unwrap_or_default()
}

fn tos(number: u32) -> Packet {
    Packet::Tos(u8::try_from(number & 0xff).unwrap_or_default())
}

pub(super) fn client_tos(words: &mut Words<'_>, scope: &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic> {
    parse(words, scope, Peer::Client, tos)
}

pub(super) fn client_mark(words: &mut Words<'_>, scope: &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic> {
    parse(words, scope, Peer::Client, Packet::Mark)
}

pub(super) fn server_tos(words: &mut Words<'_>, scope: &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic> {
    parse(words, scope, Peer::Server, tos)
}

pub(super) fn server_mark(words: &mut Words<'_>, scope: &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic> {
    parse(words, scope, Peer::Server, Packet::Mark)
}

/// A number, as HAProxy reads it: decimal, octal behind `0`, hexadecimal behind `0x`.
fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x").or(text.strip_prefix("0X")) {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None if text.len() > 1 && text.starts_with('0') => u64::from_str_radix(&text[1..], 8).ok(),
        None => text.parse().ok(),
    }
}

/// A number; HAProxy 3.x also takes an expression.
fn parse(
    words: &mut Words<'_>,
    scope: &Scope<'_>,
    peer: Peer,
    packet: fn(u32) -> Packet,
) -> Result<Box<dyn Action>, Diagnostic> {
    let text = words.peek_text().unwrap_or_default();
    let fetch = text.split(['(', ',']).next().unwrap_or_default();
    if at_sample(words) && expr::fetch::find(fetch).is_some() {
        let number = Number::Sample(Expr::parse(words, scope)?);
        return Ok(Box::new(SetPacket { peer, packet, number }));
    }
    let word = argument(words, "expects exactly 1 argument (integer/hex value)")?;
    let Some(number) = number(&word.text) else {
        let text = format!("invalid character starting at '{}' (integer/hex value expected)", word.text);
        return Err(Diagnostic::alert(word.span, text));
    };
    let number = Number::Fixed(u32::try_from(number & u64::from(u32::MAX)).unwrap_or_default());
    Ok(Box::new(SetPacket { peer, packet, number }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Phase;
    use crate::world::{World, rule, rules};

    #[test]
    fn numbers_are_read_as_haproxy_reads_them() {
        for (text, expected) in
            [("16", Some(16)), ("0x10", Some(16)), ("020", Some(16)), ("0", Some(0)), ("x", None)]
        {
            assert_eq!(number(text), expected, "{text}");
        }
        let message = rule(Phase::HttpRequest, "set-tos foo").unwrap_err().message;
        assert!(
            message.ends_with("invalid character starting at 'foo' (integer/hex value expected)."),
            "{message}"
        );
    }

    #[test]
    fn each_side_has_its_own_actions_and_the_old_names_are_the_clients() {
        let set = rules(
            Phase::HttpRequest,
            &[
                "set-tos 0x110",
                "set-mark 7",
                "set-fc-tos int(8),add(1)",
                "set-bc-tos 16",
                "set-bc-mark hdr(none)",
            ],
        );
        let mut world = World::sample();
        set.run(&mut world);
        let expected = [
            (Peer::Client, Packet::Tos(0x10)),
            (Peer::Client, Packet::Mark(7)),
            (Peer::Client, Packet::Tos(9)),
            (Peer::Server, Packet::Tos(16)),
        ];
        assert_eq!(world.changes, expected.map(|(peer, packet)| Change::Packets(peer, packet)));
    }
}
