//! The `global` section (configuration.txt 3).

use std::path::PathBuf;
use std::time::Duration;

use lang::units::TimeUnit;
use lang::{Diagnostic, Directive, EnvChange, Word};

use super::{Context, Keyword, bind, keyword, log};
use crate::model::{Global, TlsVersion};

const MEMORY: &str = "the gateway sizes its own memory";
const THREADS: &str = "threads are started and placed by the gateway itself";
const TLS: &str = "the TLS library sees to it";
const H2: &str = "HTTP/2 uses its own sizes";
const POLLING: &str = "events come from epoll";
const INSIDES: &str = "it tunes HAProxy's insides";
const LUA: &str = "there is no Lua";
const DEVICES: &str = "there is no device detection";
const STATES: &str = "server states live on through a reload inside the process";

#[rustfmt::skip]
pub(crate) const KEYWORDS: &[Keyword<Global>] = &[
    keyword("maxconn")           .takes(1, "an integer argument").parse(|cx| { cx.target.maxconn = Some(cx.number(0, i32::MAX as u32)?).filter(|max| *max > 0); Ok(()) }),
    keyword("nbthread")          .takes(1, "an integer argument").parse(nbthread),
    keyword("daemon")            .flag().parse(|cx| { cx.target.daemon = true; Ok(()) }),
    keyword("master-worker")     .parse(|cx| { cx.words.accept("no-exit-on-failure"); cx.target.master_worker = cx.on(); Ok(()) }),
    keyword("pidfile")           .takes(1, "a file name as an argument").parse(|cx| { cx.target.pidfile = Some(path(cx)?); Ok(()) }),
    keyword("chroot")            .takes(1, "a directory as an argument").parse(|cx| { cx.target.chroot = Some(path(cx)?); Ok(()) }),
    keyword("user")              .takes(1, "a user name as an argument").parse(|cx| { cx.target.run_as.user = Some(text(cx)?); Ok(()) }),
    keyword("uid")               .takes(1, "a number").parse(|cx| { cx.target.run_as.uid = Some(cx.number(0, u32::MAX)?); Ok(()) }),
    keyword("group")             .takes(1, "a group name as an argument").parse(|cx| { cx.target.run_as.group = Some(text(cx)?); Ok(()) }),
    keyword("gid")               .takes(1, "a number").parse(|cx| { cx.target.run_as.gid = Some(cx.number(0, u32::MAX)?); Ok(()) }),
    keyword("node")              .takes(1, "a name").parse(|cx| { cx.target.node = Some(text(cx)?); Ok(()) }),
    keyword("description")       .takes(1, "a text").parse(|cx| { cx.target.description = Some(cx.rest_text()); Ok(()) }),
    keyword("log-tag")           .takes(1, "a tag for use in syslog").parse(|cx| { cx.target.log_tag = Some(text(cx)?); Ok(()) }),
    keyword("log-send-hostname") .parse(log_send_hostname),
    keyword("log")               .no().parse(log::global),
    keyword("stats socket")      .parse(bind::stats_socket),
    keyword("stats timeout")     .takes(1, "a timeout").parse(|cx| { cx.target.stats_timeout = Some(cx.time(TimeUnit::Ms)?); Ok(()) }),
    keyword("stats maxconn")     .takes(1, "a number").parse(|cx| { cx.target.stats_maxconn = Some(cx.number(1, u32::MAX)?); Ok(()) }),
    keyword("stats bind-process").takes(1, "a set").ignored("there is one process"),
    keyword("stats-file")        .takes(1, "a file"),
    keyword("stats")             .family(unknown_stats),
    keyword("hard-stop-after")   .takes(1, "a time").parse(|cx| { cx.target.hard_stop_after = Some(cx.time(TimeUnit::Ms)?); Ok(()) }),
    keyword("grace")             .takes(1, "a time").parse(|cx| { cx.target.grace = Some(cx.time(TimeUnit::Ms)?); Ok(()) }),
    keyword("ulimit-n")          .takes(1, "an integer argument").parse(|cx| { cx.target.ulimit_n = Some(cx.int(1, u64::from(u32::MAX))?); Ok(()) }),
    keyword("fd-hard-limit")     .takes(1, "an integer argument").parse(fd_hard_limit),
    keyword("spread-checks")     .takes(1, "an integer argument").parse(|cx| { cx.target.spread_checks = u8::try_from(cx.number(0, 50)?).unwrap_or(50); Ok(()) }),
    keyword("crt-base")          .takes(1, "a directory").parse(|cx| { cx.target.crt_base = Some(path(cx)?); Ok(()) }),
    keyword("ca-base")           .takes(1, "a directory").parse(|cx| { cx.target.ca_base = Some(path(cx)?); Ok(()) }),
    keyword("tune.bufsize")      .takes(1, "a positive integer argument").parse(bufsize),
    keyword("tune.maxrewrite")   .takes(1, "a positive integer argument").parse(|cx| { cx.target.head_reserve = size(cx, 0)?; Ok(()) }),
    keyword("tune.http.maxhdr")  .takes(1, "an integer argument").parse(|cx| { cx.target.max_headers = cx.number(1, 32767)? as usize; Ok(()) }),
    keyword("ssl-default-bind-ciphers")     .takes(1, "a cipher suite").parse(|cx| { cx.target.default_bind_ciphers = Some(text(cx)?); Ok(()) }),
    keyword("ssl-default-bind-ciphersuites").takes(1, "a cipher suite").parse(|cx| { cx.target.default_bind_ciphersuites = Some(text(cx)?); Ok(()) }),
    keyword("ssl-default-bind-curves")      .takes(1, "a list of curves").parse(|cx| { cx.target.default_bind_curves = Some(text(cx)?); Ok(()) }),
    keyword("ssl-default-bind-options")     .parse(default_bind_options),
    keyword("setenv")            .takes(2, "a name and a value").parse(seen_before),
    keyword("presetenv")         .takes(2, "a name and a value").parse(seen_before),
    keyword("unsetenv")          .takes(1, "a name").parse(seen_before),
    keyword("resetenv")          .parse(seen_before),
    keyword("nbproc")            .takes(1, "an integer argument").parse(nbproc),
    keyword("zero-warning")      .flag().parse(|cx| { cx.target.zero_warning = true; Ok(()) }),
    keyword("default-path")      .takes(1, "a mode").parse(default_path).lacks("'config', 'parent', 'origin'"),

    keyword("51degrees-data-file").unsupported(DEVICES),
    keyword("ssl-default-server-ciphers")     .takes(1, "a list").ignored("there is no TLS to servers yet"),
    keyword("ssl-default-server-ciphersuites").takes(1, "a list").ignored("there is no TLS to servers yet"),
    keyword("ssl-default-server-curves")      .takes(1, "a list").ignored("there is no TLS to servers yet"),
    keyword("ssl-default-server-options")     .ignored("there is no TLS to servers yet"),
    keyword("ssl-default-server-sigalgs")     .takes(1, "a list").ignored("there is no TLS to servers yet"),
    keyword("ssl-default-server-client-sigalgs").takes(1, "a list").ignored("there is no TLS to servers yet"),
    keyword("ssl-default-bind-sigalgs")       .takes(1, "a list"), keyword("ssl-default-bind-client-sigalgs").takes(1, "a list"),
    keyword("ssl-server-verify")              .takes(1, "none or required").ignored("there is no TLS to servers yet"),
    keyword("ssl-dh-param-file") .takes(1, "a file").ignored("only elliptic curves are used for key exchange"),
    keyword("ssl-engine")        .ignored(TLS), keyword("ssl-mode-async").ignored(TLS), keyword("ssl-propquery").ignored(TLS),
    keyword("ssl-provider")      .ignored(TLS), keyword("ssl-provider-path").ignored(TLS), keyword("ssl-security-level").ignored(TLS),
    keyword("ssl-skip-self-issued-ca").ignored("chains are sent as they stand in the file"),
    keyword("ssl-load-extra-files"), keyword("ssl-load-extra-del-ext"), keyword("issuers-chain-path").takes(1, "a directory"),
    keyword("ssl-passphrase-cmd"), keyword("ssl-f-use"), keyword("acme.scheduler").ignored("there is no ACME yet"),
    keyword("busy-polling").no().ignored(POLLING), keyword("noepoll").ignored(POLLING), keyword("nokqueue").ignored(POLLING),
    keyword("noevports").ignored(POLLING), keyword("nopoll").ignored(POLLING), keyword("nosplice").ignored(INSIDES),
    keyword("nogetaddrinfo").ignored("the system's resolver is used"), keyword("noreuseport").ignored("sockets are shared inside the process"),
    keyword("maxcompcpuusage").ignored("there is no compression yet"), keyword("maxcomprate").ignored("there is no compression yet"),
    keyword("maxconnrate").takes(1, "a number"), keyword("maxsessrate").takes(1, "a number"), keyword("maxsslrate").takes(1, "a number"),
    keyword("maxsslconn").takes(1, "a number"), keyword("maxpipes").takes(1, "a number").ignored(INSIDES),
    keyword("max-spread-checks").takes(1, "a delay").ignored("checks are spread by 'spread-checks'"),
    keyword("cpu-map").ignored(THREADS), keyword("cpu-set").ignored(THREADS), keyword("cpu-policy").ignored(THREADS),
    keyword("numa-cpu-mapping").no().ignored(THREADS), keyword("thread-group").ignored(THREADS), keyword("thread-groups").ignored(THREADS),
    keyword("thread-hard-limit").ignored(THREADS), keyword("shm-stats-file").ignored(STATES), keyword("shm-stats-file-max-objects").ignored(STATES),
    keyword("close-spread-time").takes(1, "a time").ignored("idle connections are closed at once when the process stops"),
    keyword("quiet").ignored("messages go to standard error"),
    keyword("localpeer")         .takes(1, "a name").parse(localpeer),
    keyword("mworker-max-reloads").takes(1, "a number").ignored("a reload starts no process"),
    keyword("server-state-base").ignored(STATES), keyword("server-state-file").ignored(STATES),
    keyword("set-dumpable").no().ignored("the system's limits decide about core dumps"),
    keyword("strict-limits").no().ignored("a limit that is too low lowers 'maxconn' with a warning"),
    keyword("no-memory-trimming").no().ignored(MEMORY), keyword("no-quic").ignored("there is no QUIC"),
    keyword("insecure-fork-wanted").no().ignored("nothing is forked"), keyword("insecure-setuid-wanted").no().ignored("nothing is executed"),
    keyword("pp2-never-send-local").ignored("the PROXY protocol is not sent yet"), keyword("prealloc-fd").ignored(INSIDES),
    keyword("profiling.tasks").ignored(INSIDES), keyword("profiling.memory").ignored(INSIDES),
    keyword("harden.reject-privileged-ports.tcp"), keyword("harden.reject-privileged-ports.quic").ignored("there is no QUIC"),
    keyword("limited-quic").ignored("there is no QUIC"), keyword("expose-experimental-directives").ignored("it permits nothing here"),
    keyword("expose-deprecated-directives").ignored("it permits nothing here"),
    keyword("dns-accept-family").takes(1, "families").ignored("the system's resolver decides"), keyword("warn-blocked-traffic-after").ignored(INSIDES),
    keyword("force-cfg-parser-pause").ignored(INSIDES), keyword("anonkey").ignored("it is for dumps"),
    keyword("httpclient.resolvers.disabled").ignored("there is no HTTP client"), keyword("httpclient.resolvers.id").ignored("there is no HTTP client"),
    keyword("httpclient.resolvers.prefer").ignored("there is no HTTP client"), keyword("httpclient.retries").ignored("there is no HTTP client"),
    keyword("httpclient.ssl.ca-file").ignored("there is no HTTP client"), keyword("httpclient.ssl.verify").ignored("there is no HTTP client"),
    keyword("httpclient.timeout.connect").ignored("there is no HTTP client"),
    keyword("h1-accept-payload-with-any-method").ignored("a body is taken with any method"),
    keyword("h1-do-not-close-on-insecure-transfer-encoding"), keyword("h1-case-adjust"), keyword("h1-case-adjust-file"),
    keyword("h2-workaround-bogus-websocket-clients").ignored("WebSocket over HTTP/2 is not announced"),
    keyword("external-check").unsupported("use 'option httpchk'"), keyword("set-var"), keyword("set-var-fmt"),
    keyword("unix-bind").unsupported("write mode, user and group on the 'bind' lines"), keyword("key-base").takes(1, "a directory"),
    keyword("cluster-secret").takes(1, "a secret").ignored("there is no QUIC"), keyword("stats-socket").ignored(INSIDES),
    keyword("setcap").unsupported("give the capability to the process that starts the gateway"), keyword("traces"),
    keyword("lua-load").unsupported(LUA), keyword("lua-load-per-thread").unsupported(LUA), keyword("lua-prepend-path").unsupported(LUA),
    keyword("deviceatlas-json-file").unsupported(DEVICES), keyword("deviceatlas-log-level").unsupported(DEVICES),
    keyword("deviceatlas-properties-cookie").unsupported(DEVICES), keyword("deviceatlas-separator").unsupported(DEVICES),
    keyword("wurfl-data-file").unsupported(DEVICES), keyword("wurfl-cache-size").unsupported(DEVICES), keyword("wurfl-patch-file").unsupported(DEVICES),
    keyword("wurfl-information-list").unsupported(DEVICES), keyword("wurfl-information-list-separator").unsupported(DEVICES),
    keyword("51degrees-cache-size").unsupported(DEVICES), keyword("51degrees-property-name-list").unsupported(DEVICES),
    keyword("51degrees-property-separator").unsupported(DEVICES), keyword("maxzlibmem").takes(1, "a size").ignored(MEMORY),
    keyword("ocsp-update.disable").ignored("OCSP answers are not fetched"), keyword("ocsp-update.mode").ignored("OCSP answers are not fetched"),
    keyword("ocsp-update.maxdelay").ignored("OCSP answers are not fetched"), keyword("ocsp-update.mindelay").ignored("OCSP answers are not fetched"),
    keyword("ocsp-update.httpproxy").ignored("OCSP answers are not fetched"), keyword("jwt.decrypt_alg_list"),
];

/// All of `tune.` that is not above: `tune.PREFIX…` and the reason why it changes nothing here.
const TUNING: &[(&str, &str)] = &[
    ("tune.lua.", LUA),
    ("tune.ssl.", TLS),
    ("tune.h2.", H2),
    ("tune.quic.", "there is no QUIC"),
    ("tune.vars.", MEMORY),
    ("tune.memory.", MEMORY),
    ("tune.", INSIDES),
];

/// The `tune.` keywords of HAProxy that [`TUNING`] stands for; another word is a misspelling.
#[rustfmt::skip]
pub(crate) const TUNED: &[&str] = &[
    "tune.applet.zero-copy-forwarding", "tune.buffers.limit", "tune.buffers.reserve", "tune.bufsize.small", "tune.chksize",
    "tune.comp.maxlevel", "tune.defaults.purge", "tune.disable-fast-forward", "tune.disable-zero-copy-forwarding",
    "tune.epoll.mask-events", "tune.events.max-events-at-once", "tune.fail-alloc", "tune.fd.edge-triggered", "tune.glitches.kill.cpu-usage",
    "tune.h1.be.glitches-threshold", "tune.h1.fe.glitches-threshold", "tune.h1.zero-copy-fwd-recv", "tune.h1.zero-copy-fwd-send",
    "tune.h2.be.glitches-threshold", "tune.h2.be.initial-window-size", "tune.h2.be.max-concurrent-streams", "tune.h2.be.max-frames-at-once",
    "tune.h2.be.rxbuf", "tune.h2.fe.glitches-threshold", "tune.h2.fe.initial-window-size", "tune.h2.fe.max-concurrent-streams",
    "tune.h2.fe.max-rst-at-once", "tune.h2.fe.max-total-streams", "tune.h2.fe.rxbuf", "tune.h2.header-table-size",
    "tune.h2.initial-window-size", "tune.h2.log-errors", "tune.h2.max-concurrent-streams", "tune.h2.max-frame-size",
    "tune.h2.zero-copy-fwd-send", "tune.http.cookielen", "tune.http.logurilen", "tune.idle-pool.shared", "tune.idletimer",
    "tune.listener.default-shards", "tune.listener.multi-queue", "tune.lua.bool-sample-conversion", "tune.lua.burst-timeout",
    "tune.lua.forced-yield", "tune.lua.log.loggers", "tune.lua.log.stderr", "tune.lua.maxmem", "tune.lua.openlibs",
    "tune.lua.service-timeout", "tune.lua.session-timeout", "tune.lua.task-timeout", "tune.max-checks-per-thread",
    "tune.max-rules-at-once", "tune.maxaccept", "tune.maxpollevents", "tune.memory.hot-size", "tune.notsent-lowat.client",
    "tune.notsent-lowat.server", "tune.pattern.cache-size", "tune.peers.max-updates-at-once", "tune.pipesize",
    "tune.pool-high-fd-ratio", "tune.pool-low-fd-ratio", "tune.pt.zero-copy-forwarding", "tune.quic.conn-buf-limit",
    "tune.quic.frontend.max-idle-timeout", "tune.quic.frontend.conn-tx-buffers.limit", "tune.quic.frontend.max-streams-bidi",
    "tune.quic.listen", "tune.quic.max-frame-loss", "tune.quic.retry-threshold", "tune.quic.socket-owner", "tune.rcvbuf.backend",
    "tune.rcvbuf.client", "tune.rcvbuf.frontend", "tune.rcvbuf.server", "tune.recv_enough", "tune.renice.runtime", "tune.renice.startup",
    "tune.ring.queues", "tune.runqueue-depth", "tune.sched.low-latency", "tune.sndbuf.backend", "tune.sndbuf.client",
    "tune.sndbuf.frontend", "tune.sndbuf.server", "tune.ssl.cachesize", "tune.ssl.capture-buffer-size", "tune.ssl.capture-cipherlist-size",
    "tune.ssl.certificate-compression", "tune.ssl.default-dh-param", "tune.ssl.force-private-cache", "tune.ssl.hard-maxrecord",
    "tune.ssl.keylog", "tune.ssl.lifetime", "tune.ssl.maxrecord", "tune.ssl.ocsp-update.maxdelay", "tune.ssl.ocsp-update.mindelay",
    "tune.ssl.ssl-ctx-cache-size", "tune.stick-counters", "tune.takeover-other-tg-connections", "tune.vars.check-max-size",
    "tune.vars.global-max-size", "tune.vars.proc-max-size", "tune.vars.reqres-max-size", "tune.vars.sess-max-size",
    "tune.vars.txn-max-size", "tune.zlib.memlevel", "tune.zlib.windowsize",
];

/// Why a `tune.` keyword changes nothing here; `None` for a word that is none.
pub(crate) fn tuning(name: &str) -> Option<&'static str> {
    TUNED
        .contains(&name)
        .then(|| TUNING.iter().find(|(prefix, _)| name.starts_with(prefix)))?
        .map(|(_, why)| *why)
}

/// What a `global` line does to the variables of the lines after it.
pub(crate) fn environment(section: &str, directive: &Directive) -> Option<EnvChange> {
    if section != "global" {
        return None;
    }
    change(&directive.keyword().text, directive.words.get(1..)?)
}

fn change(keyword: &str, words: &[Word]) -> Option<EnvChange> {
    let text = |index: usize| words.get(index).map(|word| word.text.clone());
    let names = || words.iter().map(|word| word.text.clone()).collect();
    match keyword {
        "setenv" => Some(EnvChange::Set(text(0)?, text(1)?)),
        "presetenv" => Some(EnvChange::Preset(text(0)?, text(1)?)),
        "unsetenv" => Some(EnvChange::Unset(names())),
        "resetenv" => Some(EnvChange::Reset(names())),
        _ => None,
    }
}

/// The words were acted on while the lines after them were read.
fn seen_before(cx: &mut Context<'_, Global>) -> Result<(), Diagnostic> {
    let change = change(cx.keyword, cx.words.take_rest());
    cx.target.environment.extend(change);
    Ok(())
}

fn text(cx: &mut Context<'_, Global>) -> Result<String, Diagnostic> {
    cx.expect("a value").map(|word| word.text.clone())
}

fn localpeer(cx: &mut Context<'_, Global>) -> Result<(), Diagnostic> {
    let word = cx.expect("a name as an argument.")?.clone();
    super::named::check_name(&word, "peer name")?;
    cx.target.localpeer = Some(word.text);
    Ok(())
}

fn path(cx: &mut Context<'_, Global>) -> Result<PathBuf, Diagnostic> {
    text(cx).map(PathBuf::from)
}

fn nbthread(cx: &mut Context<'_, Global>) -> Result<(), Diagnostic> {
    let word = cx.expect("an integer argument")?;
    let bad = |why: String| Diagnostic::alert(word.span, format!("'nbthread' {why}"));
    let threads: i64 = word
        .text
        .parse()
        .map_err(|_| bad(format!("passed a missing or unparsable integer value in '{}'", word.text)))?;
    if !(1..=64).contains(&threads) {
        return Err(bad(format!("value must be between 1 and 64 (was {threads})")));
    }
    cx.target.nbthread = u16::try_from(threads).ok();
    Ok(())
}

fn nbproc(cx: &mut Context<'_, Global>) -> Result<(), Diagnostic> {
    let at = cx.words.here();
    if cx.number(1, u32::MAX)? == 1 {
        let message = "nbproc is not supported any more since HAProxy 2.5; there is one process anyway";
        cx.notes.warning(cx.span, message);
        return Ok(());
    }
    let message = "nbproc is not supported any more since HAProxy 2.5. Threads will automatically be used on \
                   multi-processor machines if available.";
    Err(Diagnostic::alert(at, message).hint("remove the line, or use 'nbthread'"))
}

fn log_send_hostname(cx: &mut Context<'_, Global>) -> Result<(), Diagnostic> {
    let name = cx.words.next().map(|word| word.text.clone());
    cx.target.log_send_hostname = Some(name.or_else(|| cx.world.env.get("HOSTNAME")).unwrap_or_default());
    Ok(())
}

fn fd_hard_limit(cx: &mut Context<'_, Global>) -> Result<(), Diagnostic> {
    let limit = cx.int(1, u64::from(u32::MAX))?;
    cx.target.fd_hard_limit = Some(limit);
    Ok(())
}

fn size(cx: &mut Context<'_, Global>, low: usize) -> Result<usize, Diagnostic> {
    let keyword = cx.keyword;
    let word = cx.expect("a positive integer argument")?;
    match lang::units::parse_size(&word.text).ok().and_then(|size| usize::try_from(size).ok()) {
        Some(size) if (low..=1 << 26).contains(&size) => Ok(size),
        _ => Err(Diagnostic::alert(word.span, format!("'{keyword}' expects a positive integer argument."))),
    }
}

fn bufsize(cx: &mut Context<'_, Global>) -> Result<(), Diagnostic> {
    cx.target.buffer_size = size(cx, 1024)?;
    Ok(())
}

fn default_path(cx: &mut Context<'_, Global>) -> Result<(), Diagnostic> {
    let word = cx.expect("a mode")?.clone();
    match word.text.as_str() {
        "current" => Ok(()), // the default
        "config" | "parent" | "origin" => Err(cx.unsupported_word(&word).hint("write absolute file names")),
        other => {
            let message = format!("'default-path' : unknown mode '{other}'");
            let meant = lang::suggest::nearest(other, ["current", "config", "parent", "origin"]);
            Err(Diagnostic::alert(word.span, message).suggest(meant))
        }
    }
}

fn default_bind_options(cx: &mut Context<'_, Global>) -> Result<(), Diagnostic> {
    if cx.words.is_empty() {
        return Err(cx
            .words
            .error("global statement 'ssl-default-bind-options' expects an option as an argument."));
    }
    while let Some(word) = cx.words.next() {
        match word.text.as_str() {
            "ssl-min-ver" => cx.target.default_bind_min_tls = Some(version(cx)?),
            "ssl-max-ver" => cx.target.default_bind_max_tls = Some(version(cx)?),
            "no-tls-tickets" => cx.target.default_bind_no_tickets = true,
            "no-tlsv12" => cx.target.default_bind_min_tls = Some(TlsVersion::Tls13),
            "no-tlsv13" => cx.target.default_bind_max_tls = Some(TlsVersion::Tls12),
            "force-tlsv12" => force(cx.target, TlsVersion::Tls12),
            "force-tlsv13" => force(cx.target, TlsVersion::Tls13),
            // never offered, or the way it is anyway
            "no-sslv3" | "no-tlsv10" | "no-tlsv11" | "prefer-client-ciphers" | "tls-tickets" => {}
            "strict-sni" => cx.target.default_bind_strict_sni = true,
            "no-strict-sni" => cx.target.default_bind_strict_sni = false,
            other => return Err(unknown_bind_option(word, other)),
        }
    }
    Ok(())
}

fn force(global: &mut Global, version: TlsVersion) {
    (global.default_bind_min_tls, global.default_bind_max_tls) = (Some(version), Some(version));
}

fn unknown_bind_option(word: &Word, name: &str) -> Diagnostic {
    let names =
        ["ssl-min-ver", "ssl-max-ver", "no-tls-tickets", "no-sslv3", "no-tlsv10", "no-tlsv11", "no-tlsv12"];
    let message = format!("unknown option '{name}' on global statement 'ssl-default-bind-options'.");
    Diagnostic::alert(word.span, message).suggest(lang::suggest::nearest(name, names))
}

fn version(cx: &mut Context<'_, Global>) -> Result<TlsVersion, Diagnostic> {
    let word = cx.expect("a version")?;
    bind::tls_version(&word.text).ok_or_else(|| {
        let message = format!(
            "'{}' : unknown ssl/tls version on global statement 'ssl-default-bind-options'.",
            word.text
        );
        Diagnostic::alert(word.span, message)
    })
}

fn unknown_stats(cx: &mut Context<'_, Global>) -> Result<(), Diagnostic> {
    let got = cx.words.peek_text().unwrap_or_default();
    let message =
        format!("'stats' only supports 'socket', 'maxconn', 'bind-process' and 'timeout' (got '{got}')");
    Err(cx.words.error(message).suggest(lang::suggest::nearest(got, ["socket", "maxconn", "timeout"])))
}

/// HAProxy's sizes and times where nothing is said.
pub(crate) fn defaults() -> Global {
    Global {
        buffer_size: 16384,
        head_reserve: 1024,
        head_size: 16384 - 1024,
        max_headers: 101,
        stats_timeout: Some(Duration::from_secs(10)),
        stats_maxconn: Some(10),
        ..Global::default()
    }
}
