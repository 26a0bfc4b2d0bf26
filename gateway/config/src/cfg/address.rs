//! Addresses as lines hold them: variables are expanded in them even outside of quotes (configuration.txt 4.2, `bind`),
//! and what only HAProxy 2 takes is taken with a warning.

use lang::units::{self, Address};
use lang::{Diagnostic, Environment, Word};

use super::Context;

/// Reads an address that stands in `word`.
pub(crate) fn parse<T>(cx: &mut Context<'_, T>, word: &Word, text: &str) -> Result<Address, String> {
    let text = expand(text, cx.world.env);
    let error = match units::parse_address(&text) {
        Ok(address) => return Ok(address),
        Err(error) => error.to_string(),
    };
    let Some((trimmed, rest)) = trim_port(&text) else { return Err(error) };
    let port = trimmed.rsplit_once(':').map_or("", |(_, port)| port);
    let address = units::parse_address(&trimmed).map_err(|why| match why.to_string() {
        why if why.starts_with("invalid port") => why.replace(port, &format!("{port}{rest}")),
        _ => error,
    })?;
    cx.notes.warning(
        word.span,
        format!("'{rest}' behind the port is ignored; HAProxy 3 refuses the address '{text}'"),
    );
    Ok(address)
}

/// `host:8443/path`, which HAProxy 2 reads as `host:8443`: the address without what stands behind the digits of a port or
/// of the two of a range, and what that is.
fn trim_port(text: &str) -> Option<(String, &str)> {
    let (host, port) = text.rsplit_once(':')?;
    let sign = port.starts_with(['+', '-']).then(|| port.get(..1)).flatten().unwrap_or_default();
    let (low, high) = match port.strip_prefix(sign)? {
        low if !sign.is_empty() => (low, None),
        range => range.split_once('-').map_or((range, None), |(low, high)| (low, Some(high))),
    };
    let cut = |text: &'_ str| text.bytes().take_while(u8::is_ascii_digit).count();
    let (junk, rest) =
        (low.get(cut(low)..)?, high.and_then(|high| high.get(cut(high)..)).unwrap_or_default());
    if cut(low) == 0 || high.is_some_and(|high| cut(high) == 0) {
        return None;
    }
    let mut trimmed = format!("{host}:{sign}{}", low.get(..cut(low))?);
    if let Some(high) = high {
        trimmed.push('-');
        trimmed.push_str(high.get(..cut(high))?);
    }
    let junk = if junk.is_empty() { rest } else { junk };
    (!junk.is_empty()).then_some((trimmed, junk))
}

/// `namespace NAME`: HAProxy opens it where ip-netns(8) puts it.
pub(crate) fn namespace<T>(cx: &mut Context<'_, T>) -> Result<String, Diagnostic> {
    let word = cx.expect("a name")?;
    let name = &word.text;
    if name != "*" && !cx.world.files.exists(&std::path::Path::new("/var/run/netns").join(name)) {
        let message = format!("Cannot open namespace '{name}'.");
        return Err(Diagnostic::alert(word.span, message).hint("make it first: 'ip netns add NAME'"));
    }
    Ok(name.clone())
}

/// Replaces `$NAME` and `${NAME}`; a variable that is not set leaves nothing.
pub(crate) fn expand(text: &str, env: &dyn Environment) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let (braced, body) = after.strip_prefix('{').map_or((false, after), |body| (true, body));
        let length = body.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
        let (name, tail) = body.split_at(length);
        match tail.strip_prefix('}') {
            _ if name.is_empty() => {
                out.push('$');
                rest = after;
                continue;
            }
            Some(tail) if braced => rest = tail,
            _ if braced => {
                out.push('$');
                rest = after;
                continue;
            }
            _ => rest = tail,
        }
        out.push_str(&env.get(name).unwrap_or_default());
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::World;

    #[test]
    fn variables_are_expanded_without_quotes() {
        let world = World { texts: vec![], vars: vec![("P", "80"), ("H", "::1")] };
        for (text, expected) in [
            ("*:${P}", "*:80"),
            ("$H:$P", "::1:80"),
            ("${NOPE}:$P", ":80"),
            ("$:80", "$:80"),
            ("${P", "${P"),
            ("a$P", "a80"),
            ("${}", "${}"),
        ] {
            assert_eq!(expand(text, &world), expected, "{text}");
        }
    }

    #[test]
    fn a_path_behind_the_port_is_cut_off() {
        for (text, expected) in [
            ("a:8443/auth", Some(("a:8443", "/auth"))),
            ("a:/x", None),
            ("a:80", None),
            ("a:80x", Some(("a:80", "x"))),
            ("a:+80x", Some(("a:+80", "x"))),
            (":1x-2", Some((":1-2", "x"))),
            (":1-2/y", Some((":1-2", "/y"))),
            (":1-x", None),
        ] {
            assert_eq!(trim_port(text), expected.map(|(text, junk)| (text.to_owned(), junk)), "{text}");
        }
    }
}
