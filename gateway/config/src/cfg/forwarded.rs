//! `option forwarded` (configuration.txt 4.2, RFC 7239).

use expr::Phase;
use lang::{Diagnostic, suggest};

use super::{Context, Prefix};
use crate::draft::Proxy;
use crate::model::{Forwarded, ForwardedValue};

/// The parameters' words.
const NAMES: &[&str] = &[
    "proto",
    "host",
    "host-expr",
    "by",
    "by-expr",
    "by_port",
    "by_port-expr",
    "for",
    "for-expr",
    "for_port",
    "for_port-expr",
];

/// `option forwarded [proto] [host|host-expr EXPR] [by|by-expr EXPR] …`; without any it is `proto for`.
pub(crate) fn forwarded(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    if cx.prefix != Prefix::None {
        cx.target.settings.options.forwarded = None;
        return Ok(());
    }
    let mut value = Forwarded::default();
    if cx.words.is_empty() {
        (value.proto, value.for_) = (true, Some(ForwardedValue::Usual));
    }
    while let Some(word) = cx.words.next() {
        if word.text == "proto" {
            value.proto = true;
            continue;
        }
        let (name, by_expr) =
            word.text.strip_suffix("-expr").map_or((word.text.as_str(), false), |name| (name, true));
        let Some(slot) = slot(&mut value, name) else {
            let message = format!("'option forwarded' : unknown parameter '{}'.", word.text);
            return Err(Diagnostic::alert(word.span, message)
                .suggest(suggest::nearest(&word.text, NAMES.iter().copied())));
        };
        *slot = Some(if by_expr { expression(cx)? } else { ForwardedValue::Usual });
    }
    if (value.by_port.is_some() && value.by.is_none()) || (value.for_port.is_some() && value.for_.is_none()) {
        let message = "'option forwarded' : a port is told with its address alone.";
        return Err(
            Diagnostic::alert(cx.span, message).hint("write 'by' before 'by_port', 'for' before 'for_port'")
        );
    }
    cx.target.settings.options.forwarded = Some(value);
    Ok(())
}

fn slot<'a>(value: &'a mut Forwarded, name: &str) -> Option<&'a mut Option<ForwardedValue>> {
    Some(match name {
        "host" => &mut value.host,
        "by" => &mut value.by,
        "by_port" => &mut value.by_port,
        "for" => &mut value.for_,
        "for_port" => &mut value.for_port,
        _ => return None,
    })
}

fn expression(cx: &mut Context<'_, Proxy>) -> Result<ForwardedValue, Diagnostic> {
    let label = "'option forwarded' : ";
    cx.expr(Phase::HttpRequest).map(ForwardedValue::Expr).map_err(|bad| bad.prefixed(label))
}
