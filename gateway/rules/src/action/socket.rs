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

/// A number, as HAProxy reads it: decimal, octal behind `0`, hexadecimal behind `0x`; a sign turns it round, and what the
/// kernel does not take of it is cut off. Without it: what is left of the text where it ends to be a number.
fn number(text: &str) -> Result<u32, &str> {
    let sign = text.starts_with(['-', '+']);
    let bare = text.get(usize::from(sign)..).unwrap_or_default();
    let hexadecimal = ["0x", "0X"].iter().find_map(|prefix| bare.strip_prefix(prefix));
    let (digits, radix) =
        match hexadecimal.filter(|digits| digits.starts_with(|c: char| c.is_ascii_hexdigit())) {
            Some(digits) => (digits, 16),
            None => (bare, if bare.starts_with('0') { 8 } else { 10 }),
        };
    let end = digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len());
    match digits.split_at(end) {
        ("", _) => Err(text),
        (digits, "") => {
            let number = u64::from_str_radix(digits, radix).unwrap_or(u64::MAX);
            let turned = if text.starts_with('-') { number.wrapping_neg() } else { number };
            Ok(u32::try_from(turned & u64::from(u32::MAX)).unwrap_or_default())
        }
        (_, rest) => Err(rest),
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
    let fixed = number(&word.text).map_err(|rest| {
        let text = format!("invalid character starting at '{rest}' (integer/hex value expected)");
        Diagnostic::alert(word.span, text)
    })?;
    if word.text.starts_with('-') {
        let message = format!("'{}' is taken for {fixed}, as in HAProxy", word.text);
        scope.warn(Diagnostic::warning(word.span, message));
    }
    Ok(Box::new(SetPacket { peer, packet, number: Number::Fixed(fixed) }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Phase;
    use crate::world::{World, rule, rules};

    #[test]
    fn numbers_are_read_as_haproxy_reads_them() {
        for (text, expected) in [
            ("16", Ok(16)),
            ("0x10", Ok(16)),
            ("020", Ok(16)),
            ("0", Ok(0)),
            ("-1", Ok(u32::MAX)),
            ("+2", Ok(2)),
            ("0x100000001", Ok(1)),
            ("x", Err("x")),
            ("1x", Err("x")),
            ("09", Err("9")),
            ("0x", Err("x")),
            ("-", Err("-")),
            ("", Err("")),
        ] {
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
