//! The options of `server` that are about its place among others: weight, limits, persistence, health
//! (configuration.txt 5.2).

use std::time::Duration;

use lang::Diagnostic;
use lang::units::{Host, Port, TimeUnit};

use crate::cfg::{Context, Keyword, address, keyword};
use crate::draft::ServerOptions;
use crate::model::{HashKey, InitState, Observe, OnError};

const TOOLS: &str = "it only names the server for tools";
const HEALTH: &str = "remove it: checks alone decide about the server's state";
const AGENT: &str = "use 'option httpchk' for health, and the runtime CLI for weights";

/// A row of the table below.
const fn option(name: &'static str) -> Keyword<ServerOptions> {
    keyword(name)
}

#[rustfmt::skip]
pub(crate) const OPTIONS: &[Keyword<ServerOptions>] = &[
    option("backup")    .parse(|cx| { cx.target.model.backup = true; Ok(()) }),
    option("no-backup") .parse(|cx| { cx.target.model.backup = false; Ok(()) }),
    option("check")     .parse(|cx| { cx.target.checked = true; Ok(()) }),
    option("no-check")  .parse(|cx| { cx.target.checked = false; Ok(()) }),
    option("disabled")  .parse(|cx| { cx.target.model.disabled = true; Ok(()) }),
    option("enabled")   .parse(|cx| { cx.target.model.disabled = false; Ok(()) }),
    option("addr")      .takes(1, "<ipv4|ipv6> as argument").parse(addr),
    option("port")      .takes(1, "a port number as argument").parse(|cx| { cx.target.check.port = Some(port(cx)?); Ok(()) }),
    option("downinter") .takes(1, "a delay as argument").parse(|cx| { cx.target.check.downinter = Some(delay(cx)?); Ok(()) }),
    option("fastinter") .takes(1, "a delay as argument").parse(|cx| { cx.target.check.fastinter = Some(delay(cx)?); Ok(()) }),
    option("inter")     .takes(1, "a delay as argument").parse(|cx| { cx.target.check.inter = delay(cx)?; Ok(()) }),
    option("fall")      .takes(1, "an integer argument").parse(|cx| { cx.target.check.fall = count(cx, "'fall' has to be > 0.")?; Ok(()) }),
    option("rise")      .takes(1, "an integer argument").parse(|cx| { cx.target.check.rise = count(cx, "'rise' has to be > 0.")?; Ok(()) }),
    option("id")        .word().parse(id),
    option("maxconn")   .word().parse(|cx| { cx.target.model.maxconn = Some(limit(cx)?).filter(|max| *max > 0); Ok(()) }),
    option("maxqueue")  .word().parse(|cx| { cx.target.model.maxqueue = Some(limit(cx)?).filter(|max| *max > 0); Ok(()) }),
    option("weight")    .word().parse(weight),
    option("guid")      .takes(1, "an identifier").parse(|cx| { cx.target.model.guid = Some(cx.text()?); Ok(()) }).tunes(TOOLS),
    option("stick")     .parse(|cx| { cx.target.model.non_stick = false; Ok(()) }),
    option("non-stick") .parse(|cx| { cx.target.model.non_stick = true; Ok(()) }),

    option("minconn")   .word().parse(|cx| { cx.target.model.minconn = Some(limit(cx)?).filter(|min| *min > 0); Ok(()) })
        .later("use 'maxconn' alone"),
    option("strict-maxconn").parse(|cx| { cx.target.model.strict_maxconn = true; Ok(()) }).later("use 'maxconn' alone"),
    option("cookie")    .takes(1, "<value> as argument").parse(|cx| { cx.target.model.cookie = Some(cx.text()?); Ok(()) })
        .later("remove it: cookie persistence comes later; 'balance source' keeps clients on servers"),
    option("redir")     .takes(1, "<prefix> as argument").parse(|cx| { cx.target.model.redir = Some(cx.text()?); Ok(()) })
        .later("use 'http-request redirect prefix'"),
    option("slowstart") .takes(1, "a delay as argument").parse(slowstart).later("remove it: a server gets its whole share as soon as it is up"),
    option("hash-key")  .takes(1, "'id', 'addr', 'addr-port' or 'guid'").parse(hash_key).later("remove it: hashing goes by the server's number"),
    option("healthcheck").takes(1, "a section's name").parse(|cx| { cx.target.model.healthcheck = Some(cx.text()?); Ok(()) }).later("write the section's lines in the backend"),
    option("tcp-md5sig").takes(1, "a key").parse(|cx| { cx.target.model.md5_key = Some(cx.text()?); Ok(()) }).later("sign the packets with IPsec, or remove it"),
    option("shard")     .takes(1, "an integer argument").parse(|cx| { cx.target.model.shard = Some(limit(cx)?); Ok(()) }).later("it is for peers"),
    option("track")     .takes(1, "[<proxy>/]<server> as argument").parse(track).later("write 'check' on this server, too"),

    option("observe")   .takes(1, "<mode> as argument").parse(observe).later(HEALTH),
    option("error-limit").takes(1, "an integer argument").parse(|cx| { cx.target.model.reactions.error_limit = count(cx, "error-limit has to be > 0.")?; Ok(()) })
        .later(HEALTH),
    option("on-error")  .word().parse(on_error).later(HEALTH),
    option("on-marked-down").word().parse(on_marked_down).later("remove it: connections are left to end by themselves"),
    option("on-marked-up").word().parse(on_marked_up).later("remove it: connections are left to end by themselves"),
    option("init-state").takes(1, "a state").parse(init_state).later("remove it: a server is up until its checks say otherwise"),

    option("agent-check").parse(|cx| { cx.target.model.agent.on = true; Ok(()) }).later(AGENT),
    option("no-agent-check").parse(|cx| { cx.target.model.agent.on = false; Ok(()) }),
    option("agent-addr").takes(1, "an address as argument").parse(agent_addr),
    option("agent-inter").takes(1, "a delay as argument").parse(|cx| { cx.target.model.agent.inter = Some(delay(cx)?); Ok(()) }),
    option("agent-port").takes(1, "a port number as argument").parse(|cx| { cx.target.model.agent.port = Some(port(cx)?); Ok(()) }),
    option("agent-send").takes(1, "a string as argument").parse(|cx| { cx.target.model.agent.send = Some(cx.text()?); Ok(()) }),
];

/// A time that is not 0.
fn delay(cx: &mut Context<'_, ServerOptions>) -> Result<Duration, Diagnostic> {
    let (keyword, server) = (cx.keyword, cx.target.model.name.clone());
    let word = cx.expect("a delay as argument")?;
    let bad = |why: String| Diagnostic::alert(word.span, why);
    match cx.time_of(word, TimeUnit::Ms) {
        Ok(delay) if delay.is_zero() => {
            Err(bad(format!("invalid value 0 for argument '{keyword}' of server {server}.")))
        }
        Ok(delay) => Ok(delay),
        Err(why) if why.0.starts_with("timer overflow") => Err(bad(format!(
            "timer overflow in argument <{}> to <{keyword}> of server {server}, maximum value is 2147483647 ms \
             (~24.8 days).",
            word.text
        ))),
        Err(why) => Err(bad(format!("{why} in '{keyword}' argument of server {server}."))),
    }
}

fn slowstart(cx: &mut Context<'_, ServerOptions>) -> Result<(), Diagnostic> {
    let server = cx.target.model.name.clone();
    let word = cx.expect("a delay as argument")?;
    let time = cx.time_of(word, TimeUnit::Ms).map_err(|why| {
        Diagnostic::alert(word.span, format!("{why} in 'slowstart' argument of server {server}."))
    })?;
    cx.target.model.slowstart = Some(time).filter(|time| !time.is_zero());
    Ok(())
}

fn count(cx: &mut Context<'_, ServerOptions>, message: &str) -> Result<u32, Diagnostic> {
    let at = cx.words.here();
    cx.number(1, u32::MAX).map_err(|_| Diagnostic::alert(at, message))
}

/// A number that is no limit where it is below 1.
fn limit(cx: &mut Context<'_, ServerOptions>) -> Result<u32, Diagnostic> {
    if cx.lacks_number() {
        return Ok(0);
    }
    let number = cx.signed(i64::MIN, i64::from(i32::MAX), |keyword, value| {
        format!("'{keyword}' value must be between 0 and {} (was {value})", i32::MAX)
    })?;
    Ok(u32::try_from(number).unwrap_or_default())
}

/// A port, of which 0 is none; as in HAProxy, what is too large for one is cut to its 16 bits.
fn port(cx: &mut Context<'_, ServerOptions>) -> Result<u16, Diagnostic> {
    let word = cx.words.peek().cloned();
    let number = cx.number(0, i32::MAX.unsigned_abs())?;
    let port = u16::try_from(number & 0xffff).unwrap_or_default();
    if let Some(word) = word.filter(|_| number != u32::from(port)) {
        let message = format!("'{}' : '{}' is read as {port}, as HAProxy does", cx.keyword, word.text);
        cx.notes.warning(word.span, message);
    }
    Ok(port)
}

fn id(cx: &mut Context<'_, ServerOptions>) -> Result<(), Diagnostic> {
    let at = cx.words.here();
    if cx.target.is_default() {
        // it has none, and HAProxy does not look at what it would be
        cx.target.spans.id = Some(at);
        cx.words.next();
        return Ok(());
    }
    if cx.words.is_empty() {
        return Err(cx.error(": expects an integer argument"));
    }
    let message = "'id' : custom id has to be > 0";
    let id = cx.signed(1, i64::from(i32::MAX), |_, _| message.to_owned());
    let id = id.map_err(|_| Diagnostic::alert(at, message))?;
    (cx.target.id, cx.target.spans.id) = (u32::try_from(id).ok(), Some(at));
    Ok(())
}

fn weight(cx: &mut Context<'_, ServerOptions>) -> Result<(), Diagnostic> {
    if cx.lacks_number() {
        cx.target.model.weight = 0;
        return Ok(());
    }
    let server = cx.target.model.name.clone();
    let bad = |_: &str, value: i64| format!("weight of server {server} is not within 0 and 256 ({value}).");
    cx.target.model.weight = u16::try_from(cx.signed(0, 256, bad)?).unwrap_or(1);
    Ok(())
}

fn addr(cx: &mut Context<'_, ServerOptions>) -> Result<(), Diagnostic> {
    let word = cx.expect("<ipv4|ipv6> as argument")?.clone();
    let bad = |why: String| Diagnostic::alert(word.span, format!("'addr' : {why}."));
    let read = address::parse(cx, &word, &word.text).map_err(bad)?;
    match (read.host, read.port) {
        (_, Port::Range(..)) => Err(bad(format!("port range not permitted here in '{}'", word.text))),
        (_, Port::Offset(_)) => Err(bad(format!("port offset not permitted here in '{}'", word.text))),
        (Host::Ip(ip), Port::None) => {
            cx.target.check.addr = Some(ip);
            Ok(())
        }
        (Host::Ip(ip), Port::One(port)) => {
            (cx.target.check.addr, cx.target.check.port) = (Some(ip), Some(port));
            Ok(())
        }
        _ => {
            cx.target.model.check_over.addr = Some(word.text.clone());
            Err(Diagnostic::not_yet(word.span, format_args!("'addr {}'", word.text))
                .hint("write an IP address"))
        }
    }
}

fn agent_addr(cx: &mut Context<'_, ServerOptions>) -> Result<(), Diagnostic> {
    let word = cx.expect("an address as argument")?.clone();
    let read = address::parse(cx, &word, &word.text);
    if !read.is_ok_and(|read| !matches!(read.host, Host::Any | Host::Fd(_) | Host::SockPair(_))) {
        let message = format!("parsing agent-addr failed. Check if '{}' is correct address.", word.text);
        return Err(Diagnostic::alert(word.span, message));
    }
    cx.target.model.agent.addr = Some(word.text);
    Ok(())
}

fn hash_key(cx: &mut Context<'_, ServerOptions>) -> Result<(), Diagnostic> {
    let keys = [
        ("id", HashKey::Id),
        ("addr", HashKey::Addr),
        ("addr-port", HashKey::AddrPort),
        ("guid", HashKey::Guid),
    ];
    let message = "'hash-key' has to be 'id', 'addr', 'addr-port' or 'guid'";
    cx.target.model.hash_key = Some(cx.choice(&keys, message)?);
    Ok(())
}

fn track(cx: &mut Context<'_, ServerOptions>) -> Result<(), Diagnostic> {
    let word = cx.expect("[<proxy>/]<server> as argument")?;
    (cx.target.model.track, cx.target.spans.track) = (Some(word.text.clone()), Some(word.span));
    Ok(())
}

fn observe(cx: &mut Context<'_, ServerOptions>) -> Result<(), Diagnostic> {
    let modes = [("none", Observe::None), ("layer4", Observe::Layer4), ("layer7", Observe::Layer7)];
    let message = "'observe' expects one of 'none', 'layer4', 'layer7' but got '{}'.";
    cx.target.model.reactions.observe = cx.choice(&modes, message)?;
    Ok(())
}

fn on_error(cx: &mut Context<'_, ServerOptions>) -> Result<(), Diagnostic> {
    let actions = [
        ("fastinter", OnError::FastInter),
        ("fail-check", OnError::FailCheck),
        ("sudden-death", OnError::SuddenDeath),
        ("mark-down", OnError::MarkDown),
    ];
    let message =
        "'on-error' expects one of 'fastinter', 'fail-check', 'sudden-death' or 'mark-down' but got '{}'";
    cx.target.model.reactions.on_error = cx.choice(&actions, message)?;
    Ok(())
}

fn on_marked_down(cx: &mut Context<'_, ServerOptions>) -> Result<(), Diagnostic> {
    let message = "'on-marked-down' expects 'shutdown-sessions' but got '{}'";
    cx.target.model.reactions.shutdown_sessions = cx.choice(&[("shutdown-sessions", true)], message)?;
    Ok(())
}

fn on_marked_up(cx: &mut Context<'_, ServerOptions>) -> Result<(), Diagnostic> {
    let message = "'on-marked-up' expects 'shutdown-backup-sessions' but got '{}'";
    let on = cx.choice(&[("shutdown-backup-sessions", true)], message)?;
    cx.target.model.reactions.shutdown_backup_sessions = on;
    Ok(())
}

fn init_state(cx: &mut Context<'_, ServerOptions>) -> Result<(), Diagnostic> {
    let states = [
        ("fully-up", InitState::FullyUp),
        ("up", InitState::Up),
        ("down", InitState::Down),
        ("fully-down", InitState::FullyDown),
    ];
    let message = "'init-state' expects one of 'fully-up', 'up', 'down', or 'fully-down' but got '{}'";
    cx.target.model.reactions.init_state = Some(cx.choice(&states, message)?);
    Ok(())
}
