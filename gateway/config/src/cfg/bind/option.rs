//! The options of `bind` that are about its sockets (configuration.txt 5.1).

use lang::Diagnostic;
use lang::units::TimeUnit;

use super::Line;
use crate::cfg::{Context, Keyword, QUIC, keyword};
use crate::model::{Proto, Severity, Shards, ThreadSet};

const THREADS: &str = "each thread accepts on every socket";
const TOOLS: &str = "it only names the socket for tools";

/// A row of the table below.
const fn option(name: &'static str) -> Keyword<Line> {
    keyword(name)
}

#[rustfmt::skip]
pub(crate) const OPTIONS: &[Keyword<Line>] = &[
    option("accept-proxy")  .parse(|cx| { cx.target.bind.accept_proxy = true; Ok(()) }),
    option("accept-netscaler-cip").misses("value").parse(netscaler),
    option("backlog")       .misses("value").parse(|cx| { cx.target.bind.backlog = Some(at_least(cx, "must be > 0")?); Ok(()) }),
    option("defer-accept")  .parse(|cx| { cx.target.bind.defer_accept = true; Ok(()) }),
    option("gid")           .misses("value").parse(|cx| { cx.target.bind.permissions.gid = Some(cx.number(0, u32::MAX)?); Ok(()) }),
    option("group")         .misses("group name").parse(|cx| { cx.target.bind.permissions.group = Some(cx.text()?); Ok(()) }),
    option("interface")     .misses("interface name").parse(|cx| { cx.target.bind.interface = Some(cx.text()?); Ok(()) }),
    option("maxconn")       .misses("value").parse(|cx| { cx.target.bind.maxconn = Some(at_least(cx, "must be >= 0")?).filter(|max| *max > 0); Ok(()) }),
    option("mode")          .needs(1, "'{}' : missing or invalid mode '' (octal integer expected)").parse(mode),
    option("mss")           .misses("MSS value").parse(mss),
    option("name")          .misses("name").parse(|cx| { cx.target.bind.name = cx.text()?; cx.target.named = true; Ok(()) }),
    option("namespace")     .misses("namespace id").parse(|cx| { cx.target.bind.namespace = Some(super::super::address::namespace(cx)?); Ok(()) }).later("start the gateway inside of that name space"),
    option("tcp-ut")        .misses("TCP User Timeout value").parse(tcp_ut),
    option("tfo")           .parse(|cx| { cx.target.bind.fast_open = true; Ok(()) }),
    option("transparent")   .parse(|cx| { cx.target.bind.transparent = true; Ok(()) }),
    option("uid")           .misses("value").parse(|cx| { cx.target.bind.permissions.uid = Some(cx.number(0, u32::MAX)?); Ok(()) }),
    option("user")          .misses("user name").parse(|cx| { cx.target.bind.permissions.user = Some(cx.text()?); Ok(()) }),
    option("v4v6")          .parse(|cx| { cx.target.bind.v6only = Some(false); Ok(()) }),
    option("v6only")        .parse(|cx| { cx.target.bind.v6only = Some(true); Ok(()) }),
    option("proto")         .misses("value").parse(proto),

    option("level")           .misses("level").parse(level),
    option("severity-output") .misses("severity format").parse(severity),
    option("expose-fd")       .misses("fd type").parse(expose_fd).tunes("sockets stay open through a reload without it"),

    option("id")              .needs(1, "'{}' : expects an integer argument").parse(id).tunes(TOOLS),
    option("guid-prefix")     .misses("prefix").parse(|cx| { cx.target.bind.guid_prefix = Some(cx.text()?); Ok(()) }).tunes(TOOLS),
    option("label")           .misses("label").parse(|cx| { cx.target.bind.label = Some(cx.text()?); Ok(()) }).tunes(TOOLS),
    option("nice")            .misses("value").parse(nice).tunes("all connections have the same priority"),
    option("process")         .needs(1, "'{}' : '' is not a valid number/range. It supports numbers from 1 to 1.").parse(process).tunes(THREADS),
    option("thread")          .needs(1, "'{}' : '' is not a valid number/range. It supports numbers from 1 to 64.").parse(thread).tunes(THREADS),
    option("shards")          .misses("value").parse(shards).tunes(THREADS),
    option("cc")              .misses("congestion control algorithm").parse(|cx| { cx.target.bind.congestion_control = Some(cx.text()?); Ok(()) })
        .tunes("the system chooses the congestion control"),
    option("idle-ping")       .misses("idle ping delay").parse(|cx| { cx.target.bind.idle_ping = Some(cx.time(TimeUnit::Ms)?); Ok(()) })
        .tunes("'timeout http-keep-alive' bounds idle connections"),
    option("nbconn")          .misses("value").parse(|cx| cx.signed(0, i64::from(u32::MAX), |_, _| "'nbconn' : invalid value".to_owned()).map(|count| cx.target.bind.reverse_connections = u32::try_from(count).ok())).later("it is for reverse connections"),
    option("tcp-ss")          .misses("value").parse(|cx| { cx.target.bind.saved_syn = Some(cx.text()?); Ok(()) }).later("remove it: packets of handshakes are not kept"),
    option("tcp-md5sig")      .misses("key").parse(|cx| { cx.target.bind.md5_key = Some(cx.text()?); Ok(()) }).later("sign the packets with IPsec, or remove it"),

    option("quic-cc-algo").takes(1, "a name").declined(QUIC), option("quic-force-retry").declined(QUIC),
    option("quic-socket").takes(1, "a mode").declined(QUIC),
];

/// A whole number from 0 on.
fn at_least(cx: &mut Context<'_, Line>, range: &str) -> Result<u32, Diagnostic> {
    let bad = |keyword: &str, value: i64| format!("'{keyword}' : invalid value {value}, {range}");
    Ok(u32::try_from(cx.signed(0, i64::from(i32::MAX), bad)?).unwrap_or_default())
}

fn netscaler(cx: &mut Context<'_, Line>) -> Result<(), Diagnostic> {
    let bad = |keyword: &str, value: i64| format!("'{keyword}' : invalid value {value}, must be >= 0");
    let at = cx.words.here();
    let written = cx.signed(i64::MIN, i64::MAX, bad)?;
    match u32::try_from(written & i64::from(u32::MAX)).unwrap_or_default() {
        0 => return Err(Diagnostic::alert(at, bad(cx.keyword, 0))),
        magic => {
            cut(cx, at, written, magic);
            cx.target.bind.accept_netscaler_cip = Some(magic);
        }
    }
    Ok(())
}

/// Warns that HAProxy keeps less of a number than what is written.
fn cut(cx: &mut Context<'_, Line>, at: lang::Span, written: i64, kept: u32) {
    if written != i64::from(kept) {
        cx.notes.warning(at, format!("'{}' : {written} is read as {kept}, as HAProxy does", cx.keyword));
    }
}

fn id(cx: &mut Context<'_, Line>) -> Result<(), Diagnostic> {
    let at = cx.words.here();
    let found = cx.words.peek_text().unwrap_or_default();
    let digits = found.strip_prefix('-').unwrap_or(found);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Diagnostic::alert(at, format!("'id' : expects an integer argument, found '{found}'")));
    }
    let bad = "'id' : custom id has to be > 0";
    let written = cx.signed(i64::MIN, i64::MAX, |_, _| bad.to_owned())?;
    let low = u32::try_from(written & i64::from(u32::MAX)).unwrap_or_default();
    if low == 0 || low > i32::MAX.unsigned_abs() {
        return Err(Diagnostic::alert(at, bad));
    }
    cut(cx, at, written, low);
    cx.target.bind.id = Some(low);
    cx.target.id_span = Some(at);
    Ok(())
}

fn nice(cx: &mut Context<'_, Line>) -> Result<(), Diagnostic> {
    let bad = |_: &str, value: i64| format!("'nice' : invalid value {value}, allowed range is -1024..1024");
    cx.target.bind.nice = i16::try_from(cx.signed(-1024, 1024, bad)?).ok();
    Ok(())
}

fn mode(cx: &mut Context<'_, Line>) -> Result<(), Diagnostic> {
    let word = cx.expect("an octal mode")?;
    match u32::from_str_radix(&word.text, 8) {
        Ok(mode) => {
            let kept = mode & 0o7777;
            if kept != mode {
                let message = format!("'mode' : '{}' is read as {kept:o}: files have no more", word.text);
                cx.notes.warning(word.span, message);
            }
            cx.target.bind.permissions.mode = Some(kept);
            Ok(())
        }
        _ => {
            let message =
                format!("'mode' : missing or invalid mode '{}' (octal integer expected)", word.text);
            Err(Diagnostic::alert(word.span, message))
        }
    }
}

fn mss(cx: &mut Context<'_, Line>) -> Result<(), Diagnostic> {
    let wrong = "'mss' : expects an MSS with and absolute value between 1 and 65535";
    let at = cx.words.here();
    let mss = cx.signed(-65535, 65535, |_, _| wrong.to_owned())?;
    if mss == 0 {
        return Err(Diagnostic::alert(at, wrong));
    }
    cx.target.bind.mss = i32::try_from(mss).ok();
    Ok(())
}

fn tcp_ut(cx: &mut Context<'_, Line>) -> Result<(), Diagnostic> {
    let word = cx.expect("a time")?;
    let bad = |why: lang::units::UnitError| {
        Diagnostic::alert(
            word.span,
            match why.to_string().strip_prefix("timer overflow ") {
                Some(most) => format!("timer overflow in argument '{}' to 'tcp-ut' {most}", word.text),
                None => "'tcp-ut' : expects a positive delay in milliseconds".to_owned(),
            },
        )
    };
    cx.target.bind.tcp_user_timeout = Some(cx.time_of(word, TimeUnit::Ms).map_err(bad)?);
    Ok(())
}

/// The protocols that `proto` names.
pub(crate) const PROTOCOLS: &[(&str, Proto)] = &[
    ("h1", Proto::H1),
    ("h2", Proto::H2),
    ("fcgi", Proto::Fcgi),
    ("spop", Proto::Spop),
    ("none", Proto::None),
];

fn proto(cx: &mut Context<'_, Line>) -> Result<(), Diagnostic> {
    let at = cx.words.here();
    let proto = cx.choice(PROTOCOLS, "'proto' :  unknown MUX protocol '{}'")?;
    cx.target.bind.proto = Some(proto);
    cx.target.proto_span = Some(at);
    Ok(())
}

fn level(cx: &mut Context<'_, Line>) -> Result<(), Diagnostic> {
    let message = "'level' only supports 'user', 'operator', and 'admin' (got '{}')";
    cx.target.level = Some(cx.choice(&[("user", 1), ("operator", 2), ("admin", 3)], message)?);
    Ok(())
}

fn severity(cx: &mut Context<'_, Line>) -> Result<(), Diagnostic> {
    let message = "'severity-output' only supports 'none', 'number', and 'string' (got '{}')";
    let forms = [("none", Severity::None), ("number", Severity::Number), ("string", Severity::Word)];
    cx.target.bind.severity_output = cx.choice(&forms, message)?;
    Ok(())
}

fn expose_fd(cx: &mut Context<'_, Line>) -> Result<(), Diagnostic> {
    cx.choice(&[("listeners", ())], "'expose-fd' only supports 'listeners' (got '{}')")?;
    cx.target.bind.expose_fd = true;
    Ok(())
}

fn process(cx: &mut Context<'_, Line>) -> Result<(), Diagnostic> {
    let word = cx.expect("a set")?;
    let (process, threads) = word.text.split_once('/').unwrap_or((&word.text, "all"));
    let said = judge_set(process, 1).and_then(|()| judge_set(threads, 64));
    said.map_err(|why| Diagnostic::alert(word.span, format!("'process' : {why}")))?;
    let instead = match word.text.split_once('/') {
        Some((_, threads)) => format!(" Please use 'thread {threads}' instead."),
        None => String::new(),
    };
    let message =
        format!("'process {}' on 'bind' lines is deprecated and will be removed in 2.7.{instead}", word.text);
    cx.notes.warning(word.span, message);
    cx.target.bind.threads.push(ThreadSet::Process(word.text.clone()));
    Ok(())
}

fn thread(cx: &mut Context<'_, Line>) -> Result<(), Diagnostic> {
    let word = cx.expect("a set")?;
    let bad = |why: String| Diagnostic::alert(word.span, format!("'{}' : {why}", word.text));
    for set in word.text.split(',') {
        let threads = match set.split_once('/') {
            Some((group, threads)) => {
                judge_set(group, 64).map_err(bad)?;
                threads
            }
            None => set,
        };
        judge_set(threads, 64).map_err(bad)?;
    }
    cx.target.bind.threads.push(ThreadSet::Threads(word.text.clone()));
    Ok(())
}

/// `all`, `odd`, `even`, a number or a range of numbers from 1 to `high` (configuration.txt 5.1, `process`).
pub(crate) fn judge_set(text: &str, high: u16) -> Result<(), String> {
    if matches!(text, "all" | "odd" | "even") {
        return Ok(());
    }
    let unbound = |end: &str| end.parse::<u32>().ok();
    let (low, top) = text.split_once('-').unwrap_or((text, text));
    let (low, top) = match (unbound(low), if top.is_empty() { Some(high.into()) } else { unbound(top) }) {
        (Some(low), Some(top)) => (low.min(top), low.max(top)),
        _ if text.is_empty() => (0, 0),
        _ => return Err(format!("'{text}' is not a valid number/range.")),
    };
    if low < 1 || top > u32::from(high) {
        return Err(format!("'{text}' is not a valid number/range. It supports numbers from 1 to {high}."));
    }
    Ok(())
}

fn shards(cx: &mut Context<'_, Line>) -> Result<(), Diagnostic> {
    cx.target.bind.shards = Some(match cx.words.peek_text() {
        Some("by-thread") => Shards::ByThread,
        Some("by-group") => Shards::ByGroup,
        _ => {
            let bad = |_: &str, value: i64| {
                format!("'shards' : invalid value {value}, allowed range is 1..64 or 'by-thread'")
            };
            let count = cx.signed(1, 64, bad)?;
            cx.target.bind.shards = u16::try_from(count).ok().map(Shards::Count);
            return Ok(());
        }
    });
    cx.words.next();
    Ok(())
}
