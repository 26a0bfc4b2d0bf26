//! `server-template`: many servers by one line (configuration.txt 4.2).

use lang::{Diagnostic, Word};

use super::{Context, Label, server};
use crate::draft::{Proxy, Server, ServerOptions, Template};

/// `server-template PREFIX NUMBER|FIRST-LAST ADDRESS [OPTION]…`.
pub(crate) fn server_template(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let usage = "'server-template' expects <prefix> <nb | range> <addr>[:<port>] as arguments.";
    let (Some(prefix), Some(numbers), Some(at)) = (cx.words.next(), cx.words.next(), cx.words.next()) else {
        return Err(cx.words.error(usage));
    };
    if let Some(c) = server::bad_character(&prefix.text) {
        let message =
            format!("character '{c}' is not permitted in server-template prefix '{}'.", prefix.text);
        return Err(Diagnostic::alert(prefix.span, message));
    }
    let (first, last) = range(numbers)?;
    let label = format!("'server {}/{}' : ", cx.target.name, prefix.text);
    let address =
        server::address(cx, at).map_err(|why| Diagnostic::alert(at.span, format!("{label}{why}")))?;
    let mut options = ServerOptions { id: None, ..cx.target.settings.default_server.clone() };
    options.model.name.clone_from(&prefix.text);
    server::read_options(cx, &mut options, &Label::new(label.clone()))?;
    server::judge(cx, &options, prefix, &label)?;
    options.files.iter_mut().for_each(|file| file.label.clone_from(&label));
    let server = Server {
        name: prefix.text.clone(),
        span: prefix.span,
        place: cx.place.clone(),
        address,
        address_span: at.span,
        options,
    };
    cx.target.templates.push(Template { first, last, server });
    Ok(())
}

/// `3` is 1 to 3; HAProxy drops what follows the digits.
fn range(word: &Word) -> Result<(u32, u32), Diagnostic> {
    let wrong = || {
        let message = format!("Wrong server-template number or range arg '{}'.", word.text);
        Diagnostic::alert(word.span, message)
    };
    let number = |text: &str| {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        text.get(..digits).and_then(|digits| digits.parse::<u32>().ok()).ok_or_else(wrong)
    };
    let (first, last) = match word.text.split_once('-') {
        None => (1, number(&word.text)?),
        Some((first, last)) => (number(first)?, number(last)?),
    };
    if last < first || last == 0 || last > MAX_NUMBER {
        return Err(wrong());
    }
    Ok((first, last))
}

/// No server has a higher number.
const MAX_NUMBER: u32 = 1_000_000;
