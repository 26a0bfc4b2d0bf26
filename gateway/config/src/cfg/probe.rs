//! Checks that speak a protocol of their own: `option mysql-check`, `smtpchk` and their like (configuration.txt 4.2).

use lang::{Diagnostic, suggest};

use super::{BE, Context, Keyword, keyword};
use crate::draft::Proxy;
use crate::model::CheckKind;

const CONNECT: &str = "remove it: 'check' alone tests the connection";

#[rustfmt::skip]
pub(crate) const KEYWORDS: &[Keyword<Proxy>] = &[
    keyword("option tcp-check")     .in_(BE).flag().parse(|cx| set(cx, CheckKind::TcpSteps(Vec::new()))),
    keyword("option mysql-check")   .in_(BE).parse(mysql).later(CONNECT),
    keyword("option pgsql-check")   .in_(BE).parse(pgsql).later(CONNECT),
    keyword("option smtpchk")       .in_(BE).parse(smtp).later(CONNECT),
    keyword("option redis-check")   .in_(BE).flag().parse(|cx| set(cx, CheckKind::Redis)).later(CONNECT),
    keyword("option ldap-check")    .in_(BE).flag().parse(|cx| set(cx, CheckKind::Ldap)).later(CONNECT),
    keyword("option ssl-hello-chk") .in_(BE).flag().parse(|cx| set(cx, CheckKind::SslHello)).later(CONNECT),
    keyword("option spop-check")    .in_(BE).flag().parse(|cx| set(cx, CheckKind::Spop)).later(CONNECT),
    keyword("option external-check").in_(BE).flag().parse(|cx| set(cx, CheckKind::External)).later("use 'option httpchk'"),
];

/// The latest of such lines is the one that counts.
pub(crate) fn set(cx: &mut Context<'_, Proxy>, kind: CheckKind) -> Result<(), Diagnostic> {
    cx.target.settings.http_check = None;
    cx.target.settings.probe = Some(kind);
    Ok(())
}

fn mysql(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let Some(word) = cx.words.next() else { return set(cx, CheckKind::Mysql { user: None, old: false }) };
    if word.text != "user" {
        let message =
            format!("'option mysql-check' only supports optional values: 'user' (got '{}').", word.text);
        return Err(Diagnostic::alert(word.span, message).suggest(suggest::nearest(&word.text, ["user"])));
    }
    let missing = "'option mysql-check user' expects <username> as argument.";
    let user = cx.words.next().ok_or_else(|| cx.words.error(missing))?.text.clone();
    let old = match cx.words.next() {
        None => false,
        Some(word) if word.text == "post-41" => false,
        Some(word) if word.text == "pre-41" => true,
        Some(word) => {
            let got = &word.text;
            let message = format!("keyword 'user' only supports 'post-41' and 'pre-41' (got '{got}').");
            let meant = suggest::nearest(got, ["post-41", "pre-41"]);
            return Err(Diagnostic::alert(word.span, message).suggest(meant));
        }
    };
    set(cx, CheckKind::Mysql { user: Some(user), old })
}

fn pgsql(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let here = cx.words.here();
    match (cx.words.next(), cx.words.next()) {
        (Some(word), Some(user)) if word.text == "user" => {
            set(cx, CheckKind::Pgsql { user: user.text.clone() })
        }
        _ => Err(Diagnostic::alert(here, "'option pgsql-check' expects 'user <username>' as argument.")),
    }
}

/// HAProxy greets with `HELO localhost` unless it is told both words.
fn smtp(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let hello = match (cx.words.next(), cx.words.next()) {
        (Some(command), Some(domain)) if matches!(command.text.as_str(), "EHLO" | "HELO") => {
            format!("{} {}", command.text, domain.text)
        }
        (Some(command), Some(_)) => {
            let message = format!("'option smtpchk' : '{}' is read as 'HELO', as HAProxy does", command.text);
            cx.notes.warning(command.span, message);
            DEFAULT_HELLO.to_owned()
        }
        _ => DEFAULT_HELLO.to_owned(),
    };
    set(cx, CheckKind::Smtp { hello })
}

/// What a mail server is greeted with.
pub(crate) const DEFAULT_HELLO: &str = "HELO localhost";
