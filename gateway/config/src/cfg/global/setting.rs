//! The keywords of `global` that set one value each and change little or nothing here: what they take is judged as
//! HAProxy judges it and kept by name (configuration.txt 3.1 and 3.2).

use lang::Diagnostic;
use lang::units::{self, TimeUnit};

use crate::cfg::{Context, Keyword, keyword};
use crate::model::{Global, Setting};

/// What a keyword takes.
#[derive(Clone, Copy)]
enum Takes {
    /// Nothing.
    Flag,
    /// Nothing; `no` may stand before it.
    Negatable,
    /// One of these words; the message has `{}` for another.
    Choice(&'static [&'static str], &'static str),
    /// A whole number between two; what is said of one that is missing, and of one out of range.
    Int(i64, i64, &'static str, &'static str),
    /// A size in bytes.
    Size(&'static str),
    /// A time, in this unit where none is written; what is said where it is missing.
    Time(TimeUnit, &'static str),
    /// One word.
    Word(&'static str),
    /// Any words, at least so many.
    Words(usize, &'static str),
}

/// What becomes of it.
#[derive(Clone, Copy)]
enum Fate {
    /// It changes nothing that a client or server could see.
    Ignored(&'static str),
    /// Nothing acts on it yet.
    Later(&'static str),
    /// It is the way it is anyway, or others look at it.
    Known,
}

struct Row {
    name: &'static str,
    takes: Takes,
    fate: Fate,
    /// 2.6 wants `expose-experimental-directives` before it.
    experimental: bool,
}

const fn row(name: &'static str, takes: Takes, fate: Fate) -> Row {
    Row { name, takes, fate, experimental: false }
}

const MEMORY: Fate = Fate::Ignored("the gateway sizes its own memory");
const THREADS: Fate = Fate::Ignored("threads are started and placed by the gateway itself");
const TLS: Fate = Fate::Ignored("the TLS library sees to it");
const H2: Fate = Fate::Ignored("HTTP/2 uses its own sizes");
const POLLING: Fate = Fate::Ignored("events come from epoll");
const INSIDES: Fate = Fate::Ignored("it tunes HAProxy's insides");
const STATES: Fate = Fate::Ignored("server states live on through a reload inside the process");
const NO_LUA: Fate = Fate::Ignored("there is no Lua");
const NO_QUIC: Fate = Fate::Ignored("there is no QUIC");
const NO_CLIENT: Fate = Fate::Ignored("there is no HTTP client");
const NO_OCSP: Fate = Fate::Ignored("OCSP answers are not fetched");
const NO_COMPRESSION: Fate = Fate::Ignored("there is no compression yet");
const SOCKETS: Fate = Fate::Ignored("the system sizes the buffers of sockets");
const LIMIT: Fate = Fate::Later("limit connections by 'maxconn'");

const NEEDED: &str = "'{}' expects an integer argument.";
const POSITIVE: &str = "'{}' expects a positive numeric value.";
const TIMED: &str = "'{}' expects <time> as argument.";
const ON_OFF: Takes = Choice(&["on", "off"], "'{}' expects either 'on' or 'off' but got '{got}'.");
const MANY: i64 = i32::MAX as i64;
/// A number that HAProxy does not judge.
const ANY: Takes = Takes::Int(i64::MIN, MANY, NEEDED, NEEDED);
/// A number from 0 on.
const NATURAL: Takes = Takes::Int(0, MANY, NEEDED, POSITIVE);
const PERCENT: Takes = Takes::Int(
    0,
    100,
    "'{}' expects an integer argument between 0 and 100.",
    "'{}' expects an integer argument between 0 and 100.",
);

const fn range(low: i64, high: i64, message: &'static str) -> Takes {
    Takes::Int(low, high, message, message)
}

use Takes::{Choice, Flag, Negatable, Size, Time, Word, Words};

#[rustfmt::skip]
const ROWS: &[Row] = &[
    row("busy-polling", Negatable, POLLING), row("noepoll", Flag, POLLING), row("nokqueue", Flag, POLLING), row("noevports", Flag, POLLING),
    row("nopoll", Flag, POLLING), row("nosplice", Flag, INSIDES), row("nogetaddrinfo", Flag, Fate::Ignored("the system's resolver is used")),
    row("noreuseport", Flag, Fate::Ignored("sockets are shared inside the process")), row("set-dumpable", Negatable, Fate::Ignored("the system's limits decide about core dumps")),
    row("strict-limits", Negatable, Fate::Ignored("a limit that is too low lowers 'maxconn' with a warning")),
    row("insecure-fork-wanted", Negatable, Fate::Ignored("nothing is forked")), row("insecure-setuid-wanted", Flag, Fate::Ignored("nothing is executed")),
    row("numa-cpu-mapping", Negatable, THREADS), row("no-memory-trimming", Flag, MEMORY), row("no-quic", Flag, Fate::Known), row("limited-quic", Flag, NO_QUIC),
    row("quick-exit", Flag, Fate::Ignored("memory is given back in any case")),
    row("http-err-codes", Words(1, "'{}' expects ranges of status codes."), Fate::Later("remove it: 4xx are counted")), row("http-fail-codes", Words(1, "'{}' expects ranges of status codes."), Fate::Later("remove it: 5xx are counted")),
    row("quiet", Flag, Fate::Ignored("messages go to standard error")),
    row("pp2-never-send-local", Flag, Fate::Ignored("a check carries no PROXY protocol")), row("prealloc-fd", Flag, INSIDES),
    row("expose-experimental-directives", Words(0, ""), Fate::Ignored("it permits nothing here")), row("expose-deprecated-directives", Flag, Fate::Ignored("it permits nothing here")),
    row("external-check", Choice(&["", "preserve-env"], "'{}' only supports 'preserve-env' as an argument, found '{got}'."), Fate::Ignored("nothing is executed")),
    row("h1-accept-payload-with-any-method", Flag, Fate::Known),
    row("h1-do-not-close-on-insecure-transfer-encoding", Flag, Fate::Later("remove it: such a connection is closed")),
    row("h2-workaround-bogus-websocket-clients", Flag, Fate::Known),
    row("accept-unsafe-violations-in-http-request", Flag, Fate::Later("remove it: such requests are refused")),
    row("harden.reject-privileged-ports.tcp", ON_OFF, Fate::Later("use 'tcp-request content reject if { src_port lt 1024 }'")), row("harden.reject-privileged-ports.quic", ON_OFF, NO_QUIC),

    row("maxconnrate", ANY, LIMIT), row("maxsessrate", ANY, LIMIT), row("maxsslrate", ANY, LIMIT), row("maxsslconn", NATURAL, LIMIT),
    row("maxpipes", ANY, INSIDES), row("maxzlibmem", ANY, MEMORY), row("maxcomprate", Takes::Int(i64::MIN, MANY, "'{}' expects an integer argument in kb/s.", NEEDED), NO_COMPRESSION),
    row("maxcompcpuusage", PERCENT, NO_COMPRESSION), row("mworker-max-reloads", Takes::Int(i64::MIN, MANY, "", POSITIVE), Fate::Ignored("a reload starts no process")),
    row("max-spread-checks", Time(TimeUnit::Ms, "'{}' expects an integer argument (0..50)."), Fate::Ignored("checks are spread by 'spread-checks'")),
    row("close-spread-time", Choice(&[], TIMED), Fate::Ignored("idle connections are closed at once when the process stops")),
    row("thread-group", Words(1, "'{}' passed a missing or unparsable integer value in ''"), THREADS), row("thread-groups", range(1, 64, "'{}' value must be between 1 and 64"), THREADS),
    row("thread-hard-limit", range(1, 1024, "'{}' value must be between 1 and 1024"), THREADS), row("cpu-set", Words(1, "'{}' expects at least one directive"), THREADS),
    row("cpu-policy", Word("'{}' expects a policy name."), THREADS), row("cpu-affinity", Words(1, "'{}' expects an affinity."), THREADS),
    row("stats bind-process", Words(0, ""), Fate::Ignored("there is one process")), row("stats-file", Word("'{}' expects a file path."), STATES),
    row("server-state-base", Word("'{}' expects one argument: a directory path."), STATES), row("server-state-file", Words(1, "'{}' expect one argument: a file path."), STATES),
    row("shm-stats-file", Word("'{}' expects a file path."), STATES), row("shm-stats-file-max-objects", NATURAL, STATES),
    row("cluster-secret", Word("expects an ASCII string argument."), NO_QUIC), row("anonkey", NATURAL, Fate::Ignored("it is for dumps")),
    row("profiling.tasks", Choice(&["on", "auto", "off"], "'{}' expects either 'on', 'auto', or 'off' but got '{got}'."), INSIDES), row("profiling.memory", ON_OFF, INSIDES),
    row("warn-blocked-traffic-after", Time(TimeUnit::Ms, TIMED), INSIDES), row("force-cfg-parser-pause", Time(TimeUnit::Ms, TIMED), INSIDES),
    row("dns-accept-family", Word("'{}' expects one or more of 'ipv4', 'ipv6', 'auto'."), Fate::Ignored("the system's resolver decides")),
    row("setcap", Word("'{}' expects a list of capabilities."), Fate::Later("give the capability to the process that starts the gateway")),
    row("acme.scheduler", Choice(&["auto", "off"], "'{}' expects 'auto' or 'off' but got '{got}'."), Fate::Ignored("there is no ACME yet")),
    row("jwt.decrypt_alg_list", Word("'{}' expects a list."), Fate::Later("remove it")), row("jwt.decrypt_enc_list", Word("'{}' expects a list."), Fate::Later("remove it")),

    row("httpclient.resolvers.disabled", ON_OFF, NO_CLIENT), row("httpclient.resolvers.id", Word("'{}' expects a section's name."), NO_CLIENT),
    row("httpclient.resolvers.prefer", Choice(&["ipv4", "ipv6"], "'{}' expects 'ipv4' or 'ipv6' as argument."), NO_CLIENT), row("httpclient.retries", NATURAL, NO_CLIENT),
    row("httpclient.ssl.ca-file", Word("'{}' expects a file."), NO_CLIENT), row("httpclient.timeout.connect", Time(TimeUnit::Ms, TIMED), NO_CLIENT),
    row("httpclient.ssl.verify", Choice(&["", "none", "required"], "'{}' expects 'none' or 'required' as argument."), NO_CLIENT),

    row("ssl-dh-param-file", Word("'{}' expects a file path as an argument."), Fate::Ignored("only elliptic curves are used for key exchange")),
    row("ssl-engine", Words(1, "global statement '{}' expects a valid engine name as an argument."), TLS), row("ssl-mode-async", Words(0, ""), TLS),
    row("ssl-propquery", Word("global statement '{}' expects a property string as an argument."), TLS), row("ssl-provider", Word("global statement '{}' expects a valid engine provider name as an argument."), TLS),
    row("ssl-provider-path", Word("global statement '{}' expects a directory path as an argument."), TLS), row("ssl-security-level", range(0, 5, "'{}' expects an integer argument between 0 and 5."), TLS),
    row("ssl-skip-self-issued-ca", Words(0, ""), Fate::Ignored("chains are sent as they stand in the file")), row("ssl-load-extra-del-ext", Words(0, ""), Fate::Later("keep the whole name of the certificate before '.key'")),
    row("ssl-passphrase-cmd", Words(1, "'{}' expects a command."), Fate::Later("decrypt the keys first (openssl pkey)")), row("ssl-f-use", Words(1, "'{}' expects a certificate."), Fate::Later("write 'crt'")),
    row("ocsp-update.disable", ON_OFF, NO_OCSP), row("ocsp-update.mode", ON_OFF, NO_OCSP), row("ocsp-update.maxdelay", NATURAL, NO_OCSP), row("ocsp-update.mindelay", NATURAL, NO_OCSP),
    row("ocsp-update.httpproxy", Word("'{}' expects an address."), NO_OCSP),

    row("tune.applet.zero-copy-forwarding", ON_OFF, INSIDES), row("tune.buffers.limit", ANY, MEMORY), row("tune.buffers.reserve", ANY, MEMORY), row("tune.bufsize.small", Size(NEEDED), MEMORY),
    row("tune.cli.max-payload-size", Size(NEEDED), MEMORY), row("tune.comp.maxlevel", range(1, 9, "'{}' expects a numeric value between 1 and 9"), NO_COMPRESSION), row("tune.defaults.purge", Flag, MEMORY),
    row("tune.disable-fast-forward", Flag, INSIDES), row("tune.disable-zero-copy-forwarding", Flag, INSIDES), row("tune.epoll.mask-events", Word("'{}' expects a list of events."), POLLING),
    row("tune.events.max-events-at-once", range(1, 10000, "'{}' expects an integer argument between 1 and 10000."), INSIDES), row("tune.fail-alloc", Takes::Int(0, 100, "", "'{}' expects a numeric value between 0 and 100."), INSIDES),
    Row { name: "tune.fd.edge-triggered", takes: ON_OFF, fate: POLLING, experimental: true }, row("tune.glitches.kill.cpu-usage", PERCENT, INSIDES),
    row("tune.h1.be.glitches-threshold", NATURAL, INSIDES), row("tune.h1.fe.glitches-threshold", NATURAL, INSIDES), row("tune.h1.zero-copy-fwd-recv", ON_OFF, INSIDES), row("tune.h1.zero-copy-fwd-send", ON_OFF, INSIDES),
    row("tune.h2.be.glitches-threshold", NATURAL, H2), row("tune.h2.be.initial-window-size", NATURAL, H2), row("tune.h2.be.max-concurrent-streams", NATURAL, H2), row("tune.h2.be.max-frames-at-once", NATURAL, H2),
    row("tune.h2.be.rxbuf", Size(NEEDED), H2), row("tune.h2.fe.glitches-threshold", NATURAL, H2), row("tune.h2.fe.initial-window-size", NATURAL, H2), row("tune.h2.fe.max-concurrent-streams", NATURAL, H2),
    row("tune.h2.fe.max-frames-at-once", NATURAL, H2), row("tune.h2.fe.max-rst-at-once", NATURAL, H2), row("tune.h2.fe.max-total-streams", NATURAL, H2), row("tune.h2.fe.rxbuf", Size(NEEDED), H2),
    row("tune.h2.header-table-size", range(4096, 65536, "'{}' expects a numeric value between 4096 and 65536."), H2), row("tune.h2.initial-window-size", Takes::Int(0, MANY, "", POSITIVE), H2),
    row("tune.h2.log-errors", Choice(&["none", "connection", "stream"], "'{}' expects 'none', 'connection', or 'stream' but got '{got}'."), INSIDES),
    row("tune.h2.max-concurrent-streams", Takes::Int(0, MANY, "", POSITIVE), H2), row("tune.h2.max-frame-size", range(16384, 16_777_215, "'{}' expects a numeric value between 16384 and 16777215."), H2),
    row("tune.h2.zero-copy-fwd-send", ON_OFF, INSIDES), row("tune.http.cookielen", ANY, Fate::Ignored("the length of captures is that of their lines")), row("tune.http.logurilen", ANY, Fate::Ignored("a log line holds the whole URI")),
    row("tune.idle-pool.shared", ON_OFF, INSIDES), row("tune.idletimer", Time(TimeUnit::Ms, "'{}' expects a timer value between 0 and 65535 ms."), INSIDES),
    row("tune.listener.default-shards", Choice(&["by-process", "by-thread", "by-group"], "'{}' expects either 'by-process', 'by-group', or 'by-thread' but got '{got}'."), THREADS),
    row("tune.listener.multi-queue", Choice(&["on", "off", "fair"], "'{}' expects either 'on' or 'off' but got '{got}'."), THREADS),
    row("tune.lua.bool-sample-conversion", Choice(&["normal", "pre-3.1-bug"], "'{}' expects either 'normal' or 'pre-3.1-bug' but got '{got}'."), NO_LUA), row("tune.lua.burst-timeout", Time(TimeUnit::Ms, LUA_TIME), NO_LUA),
    row("tune.lua.forced-yield", Takes::Int(0, MANY, "", "{}: invalid number"), NO_LUA), row("tune.lua.log.loggers", ON_OFF, NO_LUA), row("tune.lua.log.stderr", Choice(&["on", "auto", "off"], "'{}' expects either 'on', 'auto', or 'off' but got '{got}'."), NO_LUA),
    row("tune.lua.maxmem", Takes::Int(0, MANY, "'{}' expects an integer argument (Lua memory size in MB).", "{}: invalid number"), NO_LUA), row("tune.lua.openlibs", Word("'{}' expects a list of libraries."), NO_LUA),
    row("tune.lua.service-timeout", Time(TimeUnit::Ms, LUA_TIME), NO_LUA), row("tune.lua.session-timeout", Time(TimeUnit::Ms, LUA_TIME), NO_LUA), row("tune.lua.task-timeout", Time(TimeUnit::Ms, LUA_TIME), NO_LUA),
    row("tune.max-checks-per-thread", NATURAL, THREADS), row("tune.max-rules-at-once", NATURAL, INSIDES), row("tune.maxaccept", ANY, INSIDES), row("tune.maxpollevents", ANY, INSIDES),
    row("tune.memory.hot-size", Size(NEEDED), MEMORY), row("tune.notsent-lowat.client", Size(NEEDED), SOCKETS), row("tune.notsent-lowat.server", Size(NEEDED), SOCKETS),
    row("tune.pattern.cache-size", Takes::Int(0, MANY, "'{}' expects a positive numeric value", "'{}' expects a positive numeric value"), INSIDES),
    row("tune.peers.max-updates-at-once", range(1, MANY, "'{}' expects an integer argument greater than 0."), INSIDES), row("tune.pipesize", Size(NEEDED), INSIDES),
    row("tune.pool-high-fd-ratio", PERCENT, INSIDES), row("tune.pool-low-fd-ratio", PERCENT, INSIDES), row("tune.pt.zero-copy-forwarding", ON_OFF, INSIDES),
    row("tune.quic.be.cc.cubic-min-losses", NATURAL, NO_QUIC), row("tune.quic.be.cc.hystart", ON_OFF, NO_QUIC), row("tune.quic.be.cc.max-frame-loss", NATURAL, NO_QUIC), row("tune.quic.be.cc.max-win-size", Size(NEEDED), NO_QUIC),
    row("tune.quic.be.cc.reorder-ratio", PERCENT, NO_QUIC), row("tune.quic.be.max-idle-timeout", Time(TimeUnit::Ms, TIMED), NO_QUIC), row("tune.quic.be.sec.glitches-threshold", NATURAL, NO_QUIC),
    row("tune.quic.be.stream.data-ratio", PERCENT, NO_QUIC), row("tune.quic.be.stream.max-concurrent", NATURAL, NO_QUIC), row("tune.quic.be.stream.rxbuf", Size(NEEDED), NO_QUIC), row("tune.quic.be.tx.pacing", ON_OFF, NO_QUIC),
    row("tune.quic.be.tx.udp-gso", ON_OFF, NO_QUIC), row("tune.quic.cc-hystart", ON_OFF, NO_QUIC), row("tune.quic.cc.cubic.min-losses", NATURAL, NO_QUIC), row("tune.quic.conn-buf-limit", NATURAL, NO_QUIC),
    row("tune.quic.disable-tx-pacing", Flag, NO_QUIC), row("tune.quic.disable-udp-gso", Flag, NO_QUIC), row("tune.quic.fe.cc.cubic-min-losses", NATURAL, NO_QUIC), row("tune.quic.fe.cc.hystart", ON_OFF, NO_QUIC),
    row("tune.quic.fe.cc.max-frame-loss", NATURAL, NO_QUIC), row("tune.quic.fe.cc.max-win-size", Size(NEEDED), NO_QUIC), row("tune.quic.fe.cc.reorder-ratio", PERCENT, NO_QUIC), row("tune.quic.fe.max-idle-timeout", Time(TimeUnit::Ms, TIMED), NO_QUIC),
    row("tune.quic.fe.sec.glitches-threshold", NATURAL, NO_QUIC), row("tune.quic.fe.sec.retry-threshold", NATURAL, NO_QUIC), row("tune.quic.fe.sock-per-conn", Word("'{}' expects a mode."), NO_QUIC),
    row("tune.quic.fe.stream.data-ratio", PERCENT, NO_QUIC), row("tune.quic.fe.stream.max-concurrent", NATURAL, NO_QUIC), row("tune.quic.fe.stream.max-total", NATURAL, NO_QUIC), row("tune.quic.fe.stream.rxbuf", Size(NEEDED), NO_QUIC),
    row("tune.quic.fe.tx.pacing", ON_OFF, NO_QUIC), row("tune.quic.fe.tx.udp-gso", ON_OFF, NO_QUIC), row("tune.quic.frontend.conn-tx-buffers.limit", NATURAL, NO_QUIC), row("tune.quic.frontend.default-max-window-size", Size(NEEDED), NO_QUIC),
    row("tune.quic.frontend.glitches-threshold", NATURAL, NO_QUIC), row("tune.quic.frontend.max-data-size", Size(NEEDED), NO_QUIC), row("tune.quic.frontend.max-idle-timeout", Time(TimeUnit::Ms, TIMED), NO_QUIC),
    row("tune.quic.frontend.max-streams-bidi", NATURAL, NO_QUIC), row("tune.quic.frontend.max-tx-mem", Size(NEEDED), NO_QUIC), row("tune.quic.frontend.stream-data-ratio", PERCENT, NO_QUIC), row("tune.quic.listen", ON_OFF, NO_QUIC),
    row("tune.quic.max-frame-loss", NATURAL, NO_QUIC), row("tune.quic.mem.tx-max", Size(NEEDED), NO_QUIC), row("tune.quic.reorder-ratio", PERCENT, NO_QUIC), row("tune.quic.retry-threshold", NATURAL, NO_QUIC),
    row("tune.quic.socket-owner", Choice(&["connection", "listener"], "'{}' expects either 'connection' or 'listener' but got '{got}'."), NO_QUIC), row("tune.quic.zero-copy-fwd-send", ON_OFF, NO_QUIC),
    row("tune.rcvbuf.backend", Size(NEEDED), SOCKETS), row("tune.rcvbuf.client", Size(NEEDED), SOCKETS), row("tune.rcvbuf.frontend", Size(NEEDED), SOCKETS), row("tune.rcvbuf.server", Size(NEEDED), SOCKETS),
    row("tune.recv_enough", ANY, INSIDES), row("tune.renice.runtime", range(-20, 19, "'{}' expects an integer argument between -20 and 19."), THREADS), row("tune.renice.startup", range(-20, 19, "'{}' expects an integer argument between -20 and 19."), THREADS),
    row("tune.ring.queues", NATURAL, INSIDES), row("tune.runqueue-depth", ANY, INSIDES), row("tune.sched.low-latency", ON_OFF, INSIDES),
    row("tune.sndbuf.backend", Size(NEEDED), SOCKETS), row("tune.sndbuf.client", Size(NEEDED), SOCKETS), row("tune.sndbuf.frontend", Size(NEEDED), SOCKETS), row("tune.sndbuf.server", Size(NEEDED), SOCKETS),
    row("tune.ssl.cachesize", NATURAL, TLS), row("tune.ssl.capture-buffer-size", NATURAL, Fate::Known), row("tune.ssl.capture-cipherlist-size", NATURAL, Fate::Known), row("tune.ssl.certificate-compression", Choice(&["auto", "off"], "'{}' expects 'auto' or 'off' but got '{got}'."), TLS),
    row("tune.ssl.default-dh-param", Takes::Int(1024, MANY, NEEDED, "'{}' expects a value >= 1024."), Fate::Ignored("only elliptic curves are used for key exchange")), row("tune.ssl.force-private-cache", Flag, TLS),
    row("tune.ssl.hard-maxrecord", NATURAL, TLS), row("tune.ssl.keylog", ON_OFF, Fate::Known), row("tune.ssl.lifetime", Time(TimeUnit::S, "'{}' expects ssl sessions <lifetime> in seconds as argument."), TLS),
    row("tune.ssl.maxrecord", NATURAL, TLS), row("tune.ssl.ocsp-update.maxdelay", NATURAL, NO_OCSP), row("tune.ssl.ocsp-update.mindelay", NATURAL, NO_OCSP), row("tune.ssl.ssl-ctx-cache-size", NATURAL, TLS),
    row("tune.takeover-other-tg-connections", Choice(&["none", "restricted", "full"], "'{}' expects 'none', 'restricted', or 'full' but got '{got}'."), THREADS),
    row("tune.vars.check-max-size", Size(""), Fate::Known), row("tune.vars.global-max-size", Size(""), Fate::Known), row("tune.vars.proc-max-size", Size(""), Fate::Known),
    row("tune.vars.reqres-max-size", Size(""), Fate::Known), row("tune.vars.sess-max-size", Size(""), Fate::Known), row("tune.vars.txn-max-size", Size(""), Fate::Known),
    row("tune.zlib.memlevel", range(1, 9, "'{}' expects a numeric value between 1 and 9"), NO_COMPRESSION), row("tune.zlib.windowsize", range(8, 15, "'{}' expects a numeric value between 8 and 15"), NO_COMPRESSION),
];

const LUA_TIME: &str = "{}: invalid timeout";

const COUNT: usize = ROWS.len();

static MADE: [Keyword<Global>; COUNT] = {
    let mut made = [keyword(""); COUNT];
    let mut at = 0;
    while at < COUNT {
        made[at] = ROWS[at].keyword();
        at += 1;
    }
    made
};

/// The rows as keywords.
pub(crate) const KEYWORDS: &[Keyword<Global>] = &MADE;

impl Row {
    const fn keyword(&self) -> Keyword<Global> {
        let made = keyword(self.name).parse(read);
        let made = match self.takes {
            Negatable => made.flag().no(),
            Flag => made.flag(),
            Choice(..) => made,
            Takes::Int(_, _, missing, _) | Size(missing) if missing.is_empty() => made,
            Takes::Int(_, _, missing, _) | Size(missing) | Time(_, missing) | Word(missing) => {
                made.needs(1, missing)
            }
            Words(count, missing) => made.needs(count, missing),
        };
        match self.fate {
            Fate::Ignored(reason) => made.tunes(reason),
            Fate::Later(advice) => made.later(advice),
            Fate::Known => made,
        }
    }
}

/// Reads what the row of the keyword says, and keeps it.
fn read(cx: &mut Context<'_, Global>) -> Result<(), Diagnostic> {
    let Some(row) = ROWS.iter().find(|row| row.name == cx.keyword) else { return Ok(()) };
    if row.experimental && !cx.target.settings.contains_key("expose-experimental-directives") {
        let message = format!(
            "'{}' directive is experimental, must be allowed via a global 'expose-experimental-directives'",
            row.name
        );
        return Err(Diagnostic::alert(cx.span, message));
    }
    let value = value(row, cx)?;
    cx.target.settings.insert(row.name, value);
    Ok(())
}

fn value(row: &Row, cx: &mut Context<'_, Global>) -> Result<Setting, Diagnostic> {
    let at = cx.words.here();
    let worded = |text: &str| Diagnostic::alert(at, text.replace("{}", row.name));
    Ok(match row.takes {
        Flag | Negatable => Setting::On(cx.on()),
        Choice([], _) => Setting::Word(spread(cx)?),
        Choice(choices, message) => {
            let got = cx.words.next().map(|word| word.text.as_str()).unwrap_or_default();
            if !choices.contains(&got) {
                let meant = lang::suggest::nearest(got, choices.iter().copied());
                return Err(worded(&message.replace("{got}", got)).suggest(meant));
            }
            Setting::Word(got.to_owned())
        }
        Takes::Int(low, high, _, bad) => {
            if cx.lacks_number() {
                return Ok(Setting::Number(0));
            }
            let number = |word: &lang::Word| word.text.starts_with(|c: char| c.is_ascii_digit());
            if row.name.starts_with("tune.lua.") && !cx.words.peek().is_some_and(number) {
                return Err(worded(bad));
            }
            Setting::Number(cx.signed(low, high, |name, _| bad.replace("{}", name))?)
        }
        Size(_) => {
            let text = cx.words.next().map(|word| word.text.as_str()).unwrap_or("0");
            let parsed = units::parse_size(text);
            // HAProxy takes it for one that is too large to be reached
            let parsed = if text == "-1" && row.name.starts_with("tune.vars.") {
                Ok(u64::from(u32::MAX))
            } else {
                parsed
            };
            if parsed.is_err() && row.name.starts_with("tune.vars.") {
                return Err(Diagnostic::alert(at, format!("{}: '{text}' is an invalid size", row.name)));
            }
            let size = parsed.unwrap_or_else(|_| {
                let digits = text.bytes().take_while(u8::is_ascii_digit).count();
                let size = text[..digits].parse().unwrap_or_default();
                let message = format!("'{}' : '{text}' is read as {size}, as HAProxy does", row.name);
                cx.notes.warning(at, message);
                size
            });
            Setting::Size(size)
        }
        Time(unit, missing) => Setting::Time(time(cx, unit, missing)?),
        Word(_) if row.name == "ssl-dh-param-file" => Setting::Word(parameters(cx)?),
        Word(_) => Setting::Word(cx.text()?),
        Words(..) => Setting::Words(cx.words.take_rest().iter().map(|word| word.text.clone()).collect()),
    })
}

/// `ssl-dh-param-file`: HAProxy wants a group in the file.
fn parameters(cx: &mut Context<'_, Global>) -> Result<String, Diagnostic> {
    let keyword = cx.keyword;
    let word = cx.expect("a file path as an argument")?;
    let text = cx.world.files.read(std::path::Path::new(&word.text), MOST_PARAMETERS).unwrap_or_default();
    let begins = b"-----BEGIN DH PARAMETERS-----";
    if !text.windows(begins.len()).any(|window| window == begins) {
        let message = format!("'{keyword}': unable to load DH parameters from file <{}>.", word.text);
        return Err(
            Diagnostic::alert(word.span, message).hint("remove the line: only elliptic curves are used")
        );
    }
    Ok(word.text.clone())
}

/// The longest file of a group that is read, in bytes.
const MOST_PARAMETERS: u64 = 1 << 20;

/// A time, of which the timer for idle tasks takes no more than 16 bits.
fn time(
    cx: &mut Context<'_, Global>,
    unit: TimeUnit,
    missing: &str,
) -> Result<std::time::Duration, Diagnostic> {
    let keyword = cx.keyword;
    let word = cx.expect("a time")?;
    let bad = |why: String| Diagnostic::alert(word.span, why);
    let time = cx.time_of(word, unit).map_err(|why| match missing {
        LUA_TIME => bad(missing.replace("{}", keyword)),
        _ => bad(format!("{why} in argument to <{keyword}>.")),
    })?;
    if keyword == "tune.idletimer" && time.as_millis() > 65535 {
        return Err(bad(missing.replace("{}", keyword)));
    }
    Ok(time)
}

/// `close-spread-time`: a time or `infinite`.
fn spread(cx: &mut Context<'_, Global>) -> Result<String, Diagnostic> {
    let keyword = cx.keyword;
    let word = cx.expect("<time> as argument")?;
    match cx.time_of(word, TimeUnit::Ms) {
        _ if word.text == "infinite" => Ok(word.text.clone()),
        Ok(_) => Ok(word.text.clone()),
        Err(why) => {
            let why = why.to_string();
            let message = match why.strip_prefix("timer overflow ") {
                Some(limit) => format!("timer overflow in argument '{}' to '{keyword}' {limit}", word.text),
                None => format!("{why} in argument to <{keyword}>."),
            };
            Err(Diagnostic::alert(word.span, message))
        }
    }
}
