//! Lines that only tune HAProxy's sockets and files: they are judged as HAProxy judges them, and then not needed
//! (configuration.txt 4.2).

use lang::units::TimeUnit;
use lang::{Diagnostic, suggest};

use super::{BE, Context, FE, Keyword, Misplaced, keyword, proxy};
use crate::draft::Proxy;

const PROBES: &str = "TCP keep-alive probes are not sent";
const STATES: &str = "server states live on through a reload inside the process";

#[rustfmt::skip]
pub(crate) const KEYWORDS: &[Keyword<Proxy>] = &[
    keyword("clitcpka-cnt")  .in_(FE).lax().misplaced(Misplaced::Bare).parse(count).tunes(PROBES),
    keyword("clitcpka-idle") .in_(FE).lax().misplaced(Misplaced::Bare).parse(delay).tunes(PROBES),
    keyword("clitcpka-intvl").in_(FE).lax().misplaced(Misplaced::Bare).parse(delay).tunes(PROBES),
    keyword("srvtcpka-cnt")  .in_(BE).lax().misplaced(Misplaced::Bare).parse(count).tunes(PROBES),
    keyword("srvtcpka-idle") .in_(BE).lax().misplaced(Misplaced::Bare).parse(delay).tunes(PROBES),
    keyword("srvtcpka-intvl").in_(BE).lax().misplaced(Misplaced::Bare).parse(delay).tunes(PROBES),
    keyword("max-keep-alive-queue").in_(BE).lax().misplaced(Misplaced::Bare).parse(max_queue).tunes("idle connections are kept apart from the queue"),
    keyword("max-session-srv-conns").in_(FE).needs(1, "'{}' expects a number. Got no argument").parse(|cx| cx.int(0, u64::from(u32::MAX)).map(drop)).tunes("a client's requests may go over any idle connection"),
    keyword("load-server-state-from-file").in_(BE).lax().parse(state_file).tunes(STATES),
    keyword("server-state-file-name")     .in_(BE).parse(|cx| { cx.words.next(); Ok(()) }).tunes(STATES),
];

fn count(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let keyword = cx.keyword;
    let word =
        cx.words.next().ok_or_else(|| cx.words.error(format!("'{keyword}' expects an integer value")))?;
    proxy::integer(word, keyword)?;
    Ok(())
}

fn delay(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let keyword = cx.keyword;
    let word =
        cx.words.next().ok_or_else(|| cx.words.error(format!("'{keyword}' expects an integer value")))?;
    cx.time_of(word, TimeUnit::S)
        .map_err(|bad| Diagnostic::alert(word.span, format!("{bad} in argument to <{keyword}>.")))?;
    Ok(())
}

fn max_queue(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let missing = "'max-keep-alive-queue' expects expects an integer value (or -1 to disable)";
    let word = cx.words.next().ok_or_else(|| cx.words.error(missing))?;
    proxy::integer(word, cx.keyword)?;
    Ok(())
}

fn state_file(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let got = cx.words.peek_text().unwrap_or_default();
    if !["global", "local", "none"].contains(&got) {
        let message =
            format!("'load-server-state-from-file' expects 'global', 'local' or 'none'. Got '{got}'");
        let meant = suggest::nearest(got, ["global", "local", "none"]);
        return Err(cx.words.error(message).suggest(meant));
    }
    cx.words.next();
    Ok(())
}
