//! The `global` section.

use std::path::Path;

use lang::EnvChange;

use super::log;
use super::text::{self, Line, line};
use crate::model::{Global, Permissions, RunAs, StatsSocket};

/// Everything that differs from an empty section.
pub(super) fn lines(global: &Global) -> Vec<Line> {
    let mut lines: Vec<Line> = global.environment.iter().map(environment).collect();
    lines.extend(process(global));
    lines.extend(identity(&global.run_as));
    lines.extend(global.logs.iter().map(log::target));
    lines.extend(limits(global));
    lines.extend(tls(global));
    lines.extend(global.stats_sockets.iter().map(stats_socket));
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
        zero_warning, ca_base, crt_base, localpeer,
        environment: _, run_as: _, logs: _, stats_sockets: _, maxconn: _, nbthread: _, stats_timeout: _,
        stats_maxconn: _, ulimit_n: _, spread_checks: _, max_headers: _, buffer_size: _, head_reserve: _,
        fd_hard_limit: _, default_bind_min_tls: _, default_bind_max_tls: _, default_bind_no_tickets: _,
        default_bind_curves: _, default_bind_ciphers: _, default_bind_ciphersuites: _, default_bind_strict_sni: _,
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
        .flag("strict-sni", global.default_bind_strict_sni);
    let lines = [
        Some(options).filter(|options| options.words.len() > 1),
        one("ssl-default-bind-ciphers", global.default_bind_ciphers.as_ref()),
        one("ssl-default-bind-ciphersuites", global.default_bind_ciphersuites.as_ref()),
        one("ssl-default-bind-curves", global.default_bind_curves.as_ref()),
    ];
    lines.into_iter().flatten()
}

fn stats_socket(socket: &StatsSocket) -> Line {
    const LEVELS: [&str; 4] = ["", "user", "operator", "admin"];
    let StatsSocket { address, permissions, level } = socket;
    let level = LEVELS.get(usize::from(*level)).filter(|_| *level != crate::cfg::bind::DEFAULT_LEVEL);
    permitted(line(["stats", "socket", &text::socket(address)]), permissions).set("level", level)
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
