//! The `global` section.

use std::path::Path;

use lang::EnvChange;

use super::bind::listener;
use super::log;
use super::text::{self, Line, line};
use crate::model::{
    CpuMap, DefaultPath, DefaultServer, Global, Permissions, RunAs, Setting, StatsSocket, UnixBind, Variable,
    VariableValue,
};

/// Everything that differs from an empty section.
pub(super) fn lines(global: &Global) -> Vec<Line> {
    let mut lines: Vec<Line> = global.environment.iter().map(environment).collect();
    lines.extend(process(global));
    lines.extend(identity(&global.run_as));
    lines.extend(global.logs.iter().map(log::target));
    lines.extend(limits(global));
    lines.extend(tls(global));
    lines.extend(servers(&global.default_server, global.no_server_verify));
    lines.extend(values(global));
    lines.extend(global.settings.iter().map(|(name, setting)| set(name, setting)));
    let ca_base = global.ca_base.as_deref();
    lines.extend(global.stats_sockets.iter().map(|socket| stats_socket(socket, ca_base)));
    lines
}

fn environment(change: &EnvChange) -> Line {
    let names = |line: Line, names: &[String]| names.iter().fold(line, |line, name| line.and(name));
    match change {
        EnvChange::Set(name, value) => line(["setenv", name, value]),
        EnvChange::Preset(name, value) => line(["presetenv", name, value]),
        EnvChange::Unset(list) => names(line(["unsetenv"]), list),
        EnvChange::Reset(list) => names(line(["resetenv"]), list),
    }
}

/// A line of a keyword and its value, if there is one.
fn one(keyword: &str, value: Option<impl ToString>) -> Option<Line> {
    value.map(|value| line([keyword, &value.to_string()]))
}

fn file(keyword: &str, path: Option<&Path>) -> Option<Line> {
    one(keyword, path.map(text::path))
}

/// Fields that the other functions write are named with an underscore.
fn process(global: &Global) -> impl Iterator<Item = Line> {
    #[rustfmt::skip]
    let Global {
        daemon, master_worker, pidfile, chroot, node, description, log_tag, log_send_hostname, hard_stop_after, grace,
        zero_warning, ca_base, crt_base, localpeer, key_base, default_path, issuers, extra_files,
        environment: _, run_as: _, logs: _, stats_sockets: _, maxconn: _, nbthread: _, stats_timeout: _,
        stats_maxconn: _, ulimit_n: _, spread_checks: _, max_headers: _, stick_counters: _, buffer_size: _, head_reserve: _,
        fd_hard_limit: _, default_bind_min_tls: _, default_bind_max_tls: _, default_bind_no_tickets: _,
        default_bind_curves: _, default_bind_ciphers: _, default_bind_ciphersuites: _, default_bind_strict_sni: _,
        default_bind_sigalgs: _, default_bind_client_sigalgs: _, default_bind_prefer_client: _, unix_bind: _,
        cpu_maps: _, variables: _, header_case: _, default_server: _, no_server_verify: _, settings: _,
        head_size: _, // follows from the sizes of buffers
    } = global;
    let flag = |keyword, on: &bool| on.then(|| line([keyword]));
    let lines = [
        flag("daemon", daemon),
        flag("master-worker", master_worker),
        flag("zero-warning", zero_warning),
        file("pidfile", pidfile.as_deref()),
        file("chroot", chroot.as_deref()),
        file("ca-base", ca_base.as_deref()),
        file("crt-base", crt_base.as_deref()),
        file("key-base", key_base.as_deref()),
        path_mode(default_path),
        file("issuers-chain-path", issuers.as_deref()),
        extra_files.as_ref().map(|kinds| extra(kinds)),
        one("node", node.as_ref()),
        one("localpeer", localpeer.as_ref()),
        one("description", description.as_ref()),
        one("hard-stop-after", hard_stop_after.map(text::time)),
        one("grace", grace.map(text::time)),
        one("log-tag", log_tag.as_ref()),
        log_send_hostname.as_ref().map(|name| match name.as_str() {
            "" => line(["log-send-hostname"]), // an empty last word would not be read
            name => line(["log-send-hostname", name]),
        }),
    ];
    lines.into_iter().flatten()
}

fn path_mode(mode: &DefaultPath) -> Option<Line> {
    match mode {
        DefaultPath::Current => None,
        DefaultPath::Config => Some(line(["default-path", "config"])),
        DefaultPath::Parent => Some(line(["default-path", "parent"])),
        DefaultPath::Origin(dir) => Some(line(["default-path", "origin", &text::path(dir)])),
    }
}

fn extra(kinds: &[String]) -> Line {
    let words = line(["ssl-load-extra-files"]);
    if kinds.is_empty() { words.and("none") } else { kinds.iter().fold(words, |words, kind| words.and(kind)) }
}

/// What other sections may look up.
fn values(global: &Global) -> Vec<Line> {
    let UnixBind { prefix, permissions } = &global.unix_bind;
    let unix = permitted(line(["unix-bind"]).set("prefix", prefix.as_ref()), permissions);
    let mut lines: Vec<Line> = Some(unix).filter(|line| line.words.len() > 1).into_iter().collect();
    lines.extend(global.cpu_maps.iter().map(|CpuMap { threads, cpus }| {
        cpus.iter().fold(line(["cpu-map", threads]), |line, set| line.and(set))
    }));
    lines.extend(global.header_case.iter().map(|(from, to)| line(["h1-case-adjust", from, to])));
    lines.extend(global.variables.iter().map(|Variable { name, value }| match value {
        VariableValue::Expression(expr) => line(["set-var", name, expr.text()]),
        VariableValue::Format(format) => line(["set-var-fmt", name, format.text()]),
    }));
    lines
}

/// A keyword and its one value.
fn set(name: &str, setting: &Setting) -> Line {
    // of the words that are no value of their own
    let name = name.split(' ').fold(Line { words: Vec::new() }, |line, word| line.and(word));
    match setting {
        Setting::On(true) => name,
        Setting::On(false) => Line { words: line(["no"]).words.into_iter().chain(name.words).collect() },
        Setting::Number(number) => name.and(number.to_string()),
        Setting::Size(size) => name.and(size.to_string()),
        Setting::Time(time) => name.and(text::time(*time)),
        Setting::Word(word) if word.is_empty() => name,
        Setting::Word(word) => name.and(word),
        Setting::Words(words) => words.iter().fold(name, |line, word| line.and(word)),
    }
}

/// What servers with TLS get where they do not say.
fn servers(default: &DefaultServer, no_verify: bool) -> impl Iterator<Item = Line> {
    let DefaultServer { ciphers, ciphersuites, curves, sigalgs, client_sigalgs, min, max, no_tickets } =
        default;
    let options = line(["ssl-default-server-options"])
        .set("ssl-min-ver", min.map(text::tls))
        .set("ssl-max-ver", max.map(text::tls))
        .flag("no-tls-tickets", *no_tickets);
    let lines = [
        Some(options).filter(|options| options.words.len() > 1),
        one("ssl-default-server-ciphers", ciphers.as_ref()),
        one("ssl-default-server-ciphersuites", ciphersuites.as_ref()),
        one("ssl-default-server-curves", curves.as_ref()),
        one("ssl-default-server-sigalgs", sigalgs.as_ref()),
        one("ssl-default-server-client-sigalgs", client_sigalgs.as_ref()),
        no_verify.then(|| line(["ssl-server-verify", "none"])),
    ];
    lines.into_iter().flatten()
}

fn identity(run_as: &RunAs) -> impl Iterator<Item = Line> {
    let RunAs { user, uid, group, gid } = run_as;
    let lines = [
        one("user", user.as_ref()),
        one("uid", uid.as_ref()),
        one("group", group.as_ref()),
        one("gid", gid.as_ref()),
    ];
    lines.into_iter().flatten()
}

fn limits(global: &Global) -> impl Iterator<Item = Line> {
    let empty = crate::cfg::global::defaults();
    let differs = |keyword, value: usize, usual: usize| one(keyword, Some(value).filter(|it| *it != usual));
    let lines = [
        one("maxconn", global.maxconn),
        one("nbthread", global.nbthread),
        one("ulimit-n", global.ulimit_n),
        one("fd-hard-limit", global.fd_hard_limit),
        differs("spread-checks", global.spread_checks.into(), empty.spread_checks.into()),
        differs("tune.bufsize", global.buffer_size, empty.buffer_size),
        differs("tune.maxrewrite", global.head_reserve, empty.head_reserve),
        differs("tune.stick-counters", global.stick_counters, empty.stick_counters),
        differs("tune.http.maxhdr", global.max_headers, empty.max_headers),
    ];
    let timeout = global.stats_timeout.filter(|_| global.stats_timeout != empty.stats_timeout);
    let maxconn = global.stats_maxconn.filter(|_| global.stats_maxconn != empty.stats_maxconn);
    let stats = [
        timeout.map(|time| line(["stats", "timeout", &text::time(time)])),
        maxconn.map(|max| line(["stats", "maxconn", &max.to_string()])),
    ];
    lines.into_iter().chain(stats).flatten()
}

fn tls(global: &Global) -> impl Iterator<Item = Line> {
    let options = line(["ssl-default-bind-options"])
        .set("ssl-min-ver", global.default_bind_min_tls.map(text::tls))
        .set("ssl-max-ver", global.default_bind_max_tls.map(text::tls))
        .flag("no-tls-tickets", global.default_bind_no_tickets)
        .flag("strict-sni", global.default_bind_strict_sni)
        .flag("prefer-client-ciphers", global.default_bind_prefer_client);
    let lines = [
        Some(options).filter(|options| options.words.len() > 1),
        one("ssl-default-bind-ciphers", global.default_bind_ciphers.as_ref()),
        one("ssl-default-bind-ciphersuites", global.default_bind_ciphersuites.as_ref()),
        one("ssl-default-bind-curves", global.default_bind_curves.as_ref()),
        one("ssl-default-bind-sigalgs", global.default_bind_sigalgs.as_ref()),
        one("ssl-default-bind-client-sigalgs", global.default_bind_client_sigalgs.as_ref()),
    ];
    lines.into_iter().flatten()
}

fn stats_socket(socket: &StatsSocket, ca_base: Option<&Path>) -> Line {
    const LEVELS: [&str; 4] = ["", "user", "operator", "admin"];
    let StatsSocket { bind, level } = socket;
    let level = LEVELS.get(usize::from(*level)).filter(|_| *level != crate::cfg::bind::DEFAULT_LEVEL);
    listener(line(["stats", "socket"]), bind, ca_base).set("level", level)
}

/// The words about a unix socket's owner.
pub(super) fn permitted(line: Line, permissions: &Permissions) -> Line {
    let Permissions { mode, user, uid, group, gid } = permissions;
    line.set("mode", mode.map(|mode| format!("{mode:o}")))
        .set("user", user.as_ref())
        .set("uid", uid.as_ref())
        .set("group", group.as_ref())
        .set("gid", gid.as_ref())
}
