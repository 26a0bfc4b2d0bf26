//! The `global` section (configuration.txt 3).

mod case;
mod setting;
mod tls;
mod variable;

use std::path::PathBuf;
use std::time::Duration;

use lang::units::TimeUnit;
use lang::{Diagnostic, Directive, EnvChange, Word};

use super::{Context, DEVICES, Keyword, LUA, bind, keyword, log};
use crate::model::{CpuMap, DefaultPath, Global, RunAs};

const DIRECTORY: &str = "global statement '{}' expects a directory path as an argument.";
const CIPHERS: &str = "global statement '{}' expects a cipher suite as an argument.";
const CURVES: &str = "global statement '{}' expects a curves suite as an arguments.";
const SIGALGS: &str = "global statement '{}' expects a SigAlgs list as an arguments.";
const SET_VAR: &str = "'{}' requires a process-wide variable name ('proc.<name>') and a sample expression.";
const SET_VAR_FMT: &str = "'{}' requires a process-wide variable name ('proc.<name>') and a format string.";
const NODE: &str = "'{}' requires valid node name - non-empty string with digits(0-9), letters(A-Z, a-z), dot(.), \
                    hyphen(-) or underscode(_).";
const CPU_MAP: &str = "cpu-map expects a process number  ('all', 'odd', 'even', a number from 1 to 64 or a range),  \
                       followed by a list of CPU ranges with numbers from 0 to 63.";

/// Keywords of which the first line counts, and every other one is ignored with a warning.
#[rustfmt::skip]
pub(crate) const ONCE: &[&str] = &[
    "ca-base", "crt-base", "chroot", "fd-hard-limit", "log-send-hostname", "maxconn", "maxconnrate", "maxpipes",
    "maxsessrate", "maxsslrate", "pidfile", "server-state-base", "server-state-file", "spread-checks",
    "tune.maxaccept", "tune.maxpollevents", "tune.rcvbuf.client", "tune.rcvbuf.server", "tune.runqueue-depth",
    "tune.sndbuf.client", "tune.sndbuf.server", "ulimit-n",
];
/// Those of which a second line is refused.
pub(crate) const NEVER_TWICE: &[&str] = &["ca-base", "crt-base"];

/// The keywords of `global`, by what they are about.
pub(crate) const TABLES: &[&[Keyword<Global>]] = &[KEYWORDS, setting::KEYWORDS];

#[rustfmt::skip]
pub(crate) const KEYWORDS: &[Keyword<Global>] = &[
    keyword("maxconn")           .takes(1, "an integer argument").parse(|cx| { cx.target.maxconn = Some(cx.number(0, i32::MAX as u32)?).filter(|max| *max > 0); Ok(()) }),
    keyword("nbthread")          .needs(1, "'{}' passed a missing or unparsable integer value in ''").parse(nbthread),
    keyword("daemon")            .flag().parse(|cx| { cx.target.daemon = true; Ok(()) }),
    keyword("master-worker")     .parse(master_worker),
    keyword("pidfile")           .takes(1, "a file name as an argument").parse(|cx| { cx.target.pidfile = Some(cx.path()?); Ok(()) }),
    keyword("chroot")            .takes(1, "a directory as an argument").parse(|cx| { cx.target.chroot = Some(cx.path()?); Ok(()) }),
    keyword("user")              .takes(1, "a user name as an argument").parse(|cx| USER.by_name(cx)),
    keyword("uid")               .takes(1, "an integer argument").parse(|cx| USER.by_number(cx)),
    keyword("group")             .takes(1, "a group name as an argument").parse(|cx| GROUP.by_name(cx)),
    keyword("gid")               .takes(1, "an integer argument").parse(|cx| GROUP.by_number(cx)),
    keyword("node")              .needs(1, NODE).parse(node),
    keyword("description")       .takes(1, "a string argument").parse(|cx| { cx.target.description = Some(cx.rest_text()); Ok(()) }),
    keyword("log-tag")           .takes(1, "a tag for use in syslog").parse(|cx| { cx.target.log_tag = Some(cx.text()?); Ok(()) }),
    keyword("log-send-hostname") .lax().parse(log_send_hostname),
    keyword("log")               .no().parse(log::global),
    keyword("stats socket")      .parse(bind::stats_socket),
    keyword("stats timeout")     .lax().takes(1, "a timeout").parse(stats_timeout),
    keyword("stats maxconn")     .takes(1, "a positive value").parse(stats_maxconn),
    keyword("stats")             .family(unknown_stats),
    keyword("hard-stop-after")   .lax().takes(1, "<time> as argument").parse(|cx| { cx.target.hard_stop_after = Some(time(cx)?); Ok(()) }),
    keyword("grace")             .takes(1, "<time> as argument").parse(|cx| { cx.target.grace = Some(time(cx)?); Ok(()) }),
    keyword("ulimit-n")          .takes(1, "an integer argument").parse(|cx| { cx.target.ulimit_n = Some(cx.int(0, u64::from(u32::MAX))?).filter(|limit| *limit > 0); Ok(()) }),
    keyword("fd-hard-limit")     .takes(1, "an integer argument").parse(fd_hard_limit),
    keyword("spread-checks")     .takes(1, "an integer argument (0..50)").parse(spread_checks),
    keyword("crt-base")          .needs(1, DIRECTORY).parse(|cx| { cx.target.crt_base = Some(cx.path()?); Ok(()) }),
    keyword("ca-base")           .needs(1, DIRECTORY).parse(|cx| { cx.target.ca_base = Some(cx.path()?); Ok(()) }),
    keyword("tune.bufsize")      .takes(1, "an integer argument").parse(bufsize),
    keyword("tune.maxrewrite")   .takes(1, "an integer argument").parse(maxrewrite),
    keyword("tune.stick-counters").takes(1, "an integer argument").parse(|cx| { cx.target.stick_counters = cx.number(0, 100)? as usize; Ok(()) }),
    keyword("tune.http.maxhdr")  .takes(1, "an integer argument").parse(max_headers),
    keyword("ssl-default-bind-ciphers")     .needs(1, CIPHERS).parse(|cx| { cx.target.default_bind_ciphers = Some(cx.text()?); Ok(()) }),
    keyword("ssl-default-bind-ciphersuites").needs(1, CIPHERS).parse(|cx| { cx.target.default_bind_ciphersuites = Some(cx.text()?); Ok(()) }),
    keyword("ssl-default-bind-curves")      .needs(1, CURVES).parse(|cx| { cx.target.default_bind_curves = Some(cx.text()?); Ok(()) }),
    keyword("ssl-default-bind-options")     .parse(tls::bind_options),
    keyword("setenv")            .takes(2, "a name and a value").parse(seen_before),
    keyword("presetenv")         .takes(2, "a name and a value").parse(seen_before),
    keyword("unsetenv")          .takes(1, "at least one variable name").parse(seen_before),
    keyword("resetenv")          .parse(seen_before),
    keyword("nbproc")            .parse(nbproc),
    keyword("tune.chksize")      .refused("option 'tune.chksize' is not supported any more (tune.bufsize is used instead)."),
    keyword("zero-warning")      .flag().parse(|cx| { cx.target.zero_warning = true; Ok(()) }),
    keyword("default-path")      .parse(default_path).lacks("'config', 'parent', 'origin'"),

    keyword("key-base")          .needs(1, DIRECTORY).parse(|cx| { cx.target.key_base = Some(cx.path()?); Ok(()) }),
    keyword("unix-bind")         .parse(unix_bind).later("write mode, user and group on the 'bind' lines"),
    keyword("localpeer")         .takes(1, "a name as an argument").parse(localpeer),
    keyword("cpu-map")           .needs(2, CPU_MAP).parse(cpu_map).tunes("threads are started and placed by the gateway itself"),
    keyword("set-var")           .needs(2, SET_VAR).parse(variable::set_var),
    keyword("set-var-fmt")       .needs(2, SET_VAR_FMT).parse(variable::set_var_fmt),
    keyword("h1-case-adjust")    .takes(2, "<from> and <to> as argument").parse(case::adjust),
    keyword("h1-case-adjust-file").takes(1, "<file> as argument").parse(case::adjust_file),
    keyword("issuers-chain-path").needs(1, DIRECTORY).parse(tls::issuers).later("put the chain into the file of each certificate"),
    keyword("ssl-load-extra-files").parse(tls::extra_files),
    keyword("ssl-default-server-ciphers")     .needs(1, CIPHERS).parse(|cx| { cx.target.default_server.ciphers = Some(cx.text()?); Ok(()) }),
    keyword("ssl-default-server-ciphersuites").needs(1, CIPHERS).parse(|cx| { cx.target.default_server.ciphersuites = Some(cx.text()?); Ok(()) }),
    keyword("ssl-default-server-curves")      .needs(1, CURVES).parse(|cx| { cx.target.default_server.curves = Some(cx.text()?); Ok(()) }),
    keyword("ssl-default-server-sigalgs")     .needs(1, SIGALGS).parse(|cx| { cx.target.default_server.sigalgs = Some(cx.text()?); Ok(()) }),
    keyword("ssl-default-server-client-sigalgs").needs(1, SIGALGS).parse(|cx| { cx.target.default_server.client_sigalgs = Some(cx.text()?); Ok(()) }),
    keyword("ssl-default-server-options")     .parse(tls::server_options),
    keyword("ssl-default-bind-sigalgs")       .needs(1, SIGALGS).parse(|cx: &mut Context<'_, Global>| { cx.target.default_bind_sigalgs = Some(cx.text()?); Ok(()) })
        .later("remove it: signatures are chosen among those that are safe"),
    keyword("ssl-default-bind-client-sigalgs").needs(1, SIGALGS).parse(|cx: &mut Context<'_, Global>| { cx.target.default_bind_client_sigalgs = Some(cx.text()?); Ok(()) })
        .later("remove it: signatures are chosen among those that are safe"),
    keyword("ssl-server-verify") .takes(1, "'none' or 'required' as argument").parse(tls::server_verify),

    keyword("lua-load").declined(LUA), keyword("lua-load-per-thread").declined(LUA), keyword("lua-prepend-path").needs(1, "'{}' expects to receive a <path> as argument").declined(LUA),
    keyword("51degrees-data-file").declined(DEVICES), keyword("51degrees-cache-size").declined(DEVICES),
    keyword("51degrees-property-name-list").declined(DEVICES), keyword("51degrees-property-separator").declined(DEVICES),
    keyword("51degrees-use-performance-graph").declined(DEVICES), keyword("51degrees-use-predictive-graph").declined(DEVICES),
    keyword("51degrees-drift").declined(DEVICES), keyword("51degrees-difference").declined(DEVICES), keyword("51degrees-allow-unmatched").declined(DEVICES),
    keyword("deviceatlas-json-file").declined(DEVICES), keyword("deviceatlas-log-level").declined(DEVICES),
    keyword("deviceatlas-properties-cookie").declined(DEVICES), keyword("deviceatlas-separator").declined(DEVICES),
    keyword("wurfl-data-file").declined(DEVICES), keyword("wurfl-cache-size").declined(DEVICES), keyword("wurfl-patch-file").declined(DEVICES),
    keyword("wurfl-information-list").declined(DEVICES), keyword("wurfl-information-list-separator").declined(DEVICES),
    keyword("traces").unsupported("remove it: there is nothing to trace yet"),
];

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
    let is_bad = |name: &&Word| name.text.is_empty() || name.text.contains('=');
    if let Some(name) = cx.words.peek().filter(is_bad).filter(|_| cx.keyword != "resetenv") {
        let message = format!("'{}' failed on variable '{}' : Invalid argument.", cx.keyword, name.text);
        return Err(Diagnostic::alert(name.span, message));
    }
    let change = change(cx.keyword, cx.words.take_rest());
    cx.target.environment.extend(change);
    Ok(())
}

fn localpeer(cx: &mut Context<'_, Global>) -> Result<(), Diagnostic> {
    let word = cx.expect("a name as an argument.")?.clone();
    super::named::check_name(&word, "peer name")?;
    cx.world.local_peer.replace(word.text.clone());
    cx.target.localpeer = Some(word.text);
    Ok(())
}

fn master_worker(cx: &mut Context<'_, Global>) -> Result<(), Diagnostic> {
    if !cx.words.is_empty() && !cx.words.accept("no-exit-on-failure") {
        return Err(cx.words.error("'master-worker' only supports 'no-exit-on-failure' option."));
    }
    cx.target.master_worker = cx.on();
    Ok(())
}

fn node(cx: &mut Context<'_, Global>) -> Result<(), Diagnostic> {
    let word = cx.expect("a name")?;
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if word.text.is_empty() || !word.text.chars().all(legal) {
        return Err(Diagnostic::alert(word.span, NODE.replace("{}", "node")));
    }
    cx.target.node = Some(word.text.clone());
    Ok(())
}

/// A time, with the words that HAProxy has for those of `global`.
fn time(cx: &mut Context<'_, Global>) -> Result<Duration, Diagnostic> {
    let keyword = cx.keyword;
    let word = cx.expect("<time> as argument")?;
    cx.time_of(word, TimeUnit::Ms)
        .map_err(|why| Diagnostic::alert(word.span, format!("{why} in argument to <{keyword}>.")))
}

fn stats_timeout(cx: &mut Context<'_, Global>) -> Result<(), Diagnostic> {
    let word = cx.expect("a timeout")?;
    let bad = |why: String| Diagnostic::alert(word.span, why);
    let time = cx.time_of(word, TimeUnit::Ms).map_err(|why| bad(format!("'stats timeout' : {why}")))?;
    if time.is_zero() {
        return Err(bad("'stats timeout' expects a positive value".to_owned()));
    }
    cx.target.stats_timeout = Some(time);
    Ok(())
}

fn stats_maxconn(cx: &mut Context<'_, Global>) -> Result<(), Diagnostic> {
    let at = cx.words.here();
    let bad = |_| Diagnostic::alert(at, "'stats maxconn' expects a positive value");
    cx.target.stats_maxconn = Some(cx.number(1, u32::MAX).map_err(bad)?);
    Ok(())
}

fn spread_checks(cx: &mut Context<'_, Global>) -> Result<(), Diagnostic> {
    let bad = |_: &str, _: i64| "'spread-checks' needs a positive value in range 0..50.".to_owned();
    cx.target.spread_checks = u8::try_from(cx.signed(0, 50, bad)?).unwrap_or(50);
    Ok(())
}

fn max_headers(cx: &mut Context<'_, Global>) -> Result<(), Diagnostic> {
    let at = cx.words.here();
    let bad = |_| Diagnostic::alert(at, "'tune.http.maxhdr' expects a numeric value between 1 and 32767");
    cx.target.max_headers = cx.number(1, 32767).map_err(bad)? as usize;
    Ok(())
}

/// The highest number of a CPU, and one more.
const CPUS: u32 = 1024;

fn cpu_map(cx: &mut Context<'_, Global>) -> Result<(), Diagnostic> {
    let word = cx.expect("a set of threads")?;
    let bad = |span, why: String| Diagnostic::alert(span, format!("cpu-map : {why}"));
    let (auto, set) = word.text.strip_prefix("auto:").map_or((false, word.text.as_str()), |set| (true, set));
    for part in set.splitn(2, '/') {
        bind::judge_set(part, 64).map_err(|why| bad(word.span, why))?;
    }
    let mut cpus = Vec::new();
    let mut count = 0;
    for list in cx.words.take_rest() {
        for range in list.text.split(',') {
            let (low, high) = range.split_once('-').unwrap_or((range, range));
            let (Ok(low), Ok(high)) = (low.parse::<u32>(), high.parse::<u32>()) else {
                return Err(bad(list.span, format!("'{range}' is not a CPU range.")));
            };
            if low.max(high) >= CPUS {
                return Err(bad(list.span, format!("supports CPU numbers from 0 to {}.", CPUS - 1)));
            }
            count += low.abs_diff(high) + 1;
        }
        cpus.push(list.text.clone());
    }
    let threads = set.split_once('/').map_or(set, |(_, threads)| threads);
    if auto && size_of_set(threads) != Some(count) && count > 1 {
        let why = "PROC/THREAD range and CPU sets must have the same size to be automatically bound";
        return Err(bad(word.span, why.to_owned()));
    }
    cx.target.cpu_maps.push(CpuMap { threads: word.text.clone(), cpus });
    Ok(())
}

/// How many threads a range has.
fn size_of_set(set: &str) -> Option<u32> {
    let (low, high) = set.split_once('-').unwrap_or((set, set));
    Some(low.parse::<u32>().ok()?.abs_diff(high.parse().ok()?) + 1)
}

fn unix_bind(cx: &mut Context<'_, Global>) -> Result<(), Diagnostic> {
    while let Some(word) = cx.words.next() {
        let value = cx.words.peek().map(|word| word.text.clone());
        let number = |radix: u32| value.as_deref().and_then(|text| u32::from_str_radix(text, radix).ok());
        let unix = &mut cx.target.unix_bind;
        match word.text.as_str() {
            "prefix" if value.is_none() => {
                return Err(cx.words.error("unix_bind 'prefix' expects a path as an argument."));
            }
            "prefix" => unix.prefix = value,
            "mode" => unix.permissions.mode = number(8),
            "uid" => unix.permissions.uid = number(10),
            "gid" => unix.permissions.gid = number(10),
            "user" => unix.permissions.user = value,
            "group" => unix.permissions.group = value,
            other => {
                let message = "'unix-bind' only supports the 'prefix', 'mode', 'uid', 'gid', 'user' and 'group' options.";
                let meant = lang::suggest::nearest(other, ["prefix", "mode", "uid", "gid", "user", "group"]);
                return Err(Diagnostic::alert(word.span, message).suggest(meant));
            }
        }
        cx.words.next();
    }
    Ok(())
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
    if cx.words.next().is_some_and(|word| word.text == "1") {
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

/// One of the two that a process runs as: who its user is, or its group.
struct Owner {
    /// The keyword for a name.
    named: &'static str,
    /// What HAProxy calls the two lines when it has read one: behind a name, and behind a number.
    again: [&'static str; 2],
    known: fn(&dyn lang::Environment, &str) -> bool,
    name: fn(&mut RunAs) -> &mut Option<String>,
    number: fn(&mut RunAs) -> &mut Option<u32>,
}

const USER: Owner = Owner {
    named: "user",
    again: ["user/uid", "user/uid"],
    known: |env, name| env.has_user(name),
    name: |run_as| &mut run_as.user,
    number: |run_as| &mut run_as.uid,
};

const GROUP: Owner = Owner {
    named: "group",
    again: ["gid/group was", "group/gid"],
    known: |env, name| env.has_group(name),
    name: |run_as| &mut run_as.group,
    number: |run_as| &mut run_as.gid,
};

impl Owner {
    /// `user` and `group`.
    fn by_name(&self, cx: &mut Context<'_, Global>) -> Result<(), Diagnostic> {
        let word = cx.expect(&format!("a {} name as an argument", self.named))?;
        if self.is_said(cx, self.again[0]) {
            return Ok(());
        }
        if !(self.known)(cx.world.env, &word.text) {
            return Err(nobody(word, self.named));
        }
        *(self.name)(&mut cx.target.run_as) = Some(word.text.clone());
        Ok(())
    }

    /// `uid` and `gid`.
    fn by_number(&self, cx: &mut Context<'_, Global>) -> Result<(), Diagnostic> {
        let number = system_id(cx, self.named)?;
        if !self.is_said(cx, self.again[1]) {
            *(self.number)(&mut cx.target.run_as) = Some(number);
        }
        Ok(())
    }

    /// Whether a line has said it already: the first counts.
    fn is_said(&self, cx: &mut Context<'_, Global>, lines: &str) -> bool {
        let run_as = &mut cx.target.run_as;
        let is_said = (self.name)(run_as).is_some() || (self.number)(run_as).is_some();
        if is_said {
            cx.notes.push(again(cx.span, lines));
        }
        is_said
    }
}

fn again(at: lang::Span, what: &str) -> Diagnostic {
    let warning = Diagnostic::warning(at, format!("{what} already specified. Continuing."));
    warning.hint("the first of the lines counts: remove this one")
}

/// HAProxy looks for users and groups while it reads, for `-c` too.
fn nobody(word: &Word, kind: &str) -> Diagnostic {
    let refusal =
        Diagnostic::alert(word.span, format!("cannot find {kind} id for '{}' (0:Success)", word.text));
    refusal.hint(format!(
        "make the {kind}, mend the name, or leave the line out to go on as who starts the process"
    ))
}

/// The number of a user or a group; HAProxy warns of a word that is none.
fn system_id(cx: &mut Context<'_, Global>, name: &str) -> Result<u32, Diagnostic> {
    let keyword = cx.keyword;
    if let Some(word) = cx.words.peek()
        && !word.text.bytes().all(|byte| byte.is_ascii_digit())
        && !word.text.starts_with('-')
    {
        let warning =
            Diagnostic::warning(word.span, format!("{keyword}: string '{}' is not a number.", word.text));
        cx.notes.push(warning.hint(format!("use '{name}' for a name that the system knows")));
    }
    cx.number(0, u32::MAX)
}

/// `fd-hard-limit`, of which 0 is no limit.
fn fd_hard_limit(cx: &mut Context<'_, Global>) -> Result<(), Diagnostic> {
    cx.target.fd_hard_limit = Some(cx.int(0, u64::from(u32::MAX))?).filter(|limit| *limit > 0);
    Ok(())
}

/// `tune.maxrewrite`; what is no size is as much as the digits that it begins with.
fn maxrewrite(cx: &mut Context<'_, Global>) -> Result<(), Diagnostic> {
    let word = cx.expect("an integer argument")?;
    if word.text.starts_with('-') {
        let message = "'tune.maxrewrite' expects a positive integer argument.";
        return Err(Diagnostic::alert(word.span, message));
    }
    let size = lang::units::parse_size(&word.text).unwrap_or_else(|_| {
        let digits = word.text.bytes().take_while(u8::is_ascii_digit).count();
        let size = word.text[..digits].parse().unwrap_or_default();
        let message = format!("'tune.maxrewrite' : '{}' is read as {size}, as HAProxy does", word.text);
        cx.notes.warning(word.span, message);
        size
    });
    cx.target.head_reserve = usize::try_from(size).unwrap_or(usize::MAX);
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
    let at = cx.words.here();
    let mode = cx.words.next().map(|word| word.text.as_str()).unwrap_or_default();
    cx.target.default_path = match mode {
        "current" => DefaultPath::Current,
        "config" => DefaultPath::Config,
        "parent" => DefaultPath::Parent,
        "origin" => {
            let missing = "'default-path origin' expects a directory as an argument.";
            let word = cx.words.next().ok_or_else(|| cx.words.error(missing))?;
            DefaultPath::Origin(PathBuf::from(&word.text))
        }
        other => {
            let what = if other.is_empty() { "missing" } else { "unsupported" };
            let message = format!(
                "{what} default-path mode '{other}' for 'default-path', supported modes include 'current', 'config', \
                 'parent', and 'origin'."
            );
            let meant = lang::suggest::nearest(other, ["current", "config", "parent", "origin"]);
            return Err(Diagnostic::alert(at, message).suggest(meant));
        }
    };
    match cx.target.default_path {
        DefaultPath::Current => Ok(()),
        _ => {
            let refusal = Diagnostic::not_yet(at, format_args!("'default-path {mode}'"));
            Err(refusal.hint("write absolute file names"))
        }
    }
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
        stick_counters: expr::STICK_COUNTERS,
        stats_timeout: Some(Duration::from_secs(10)),
        stats_maxconn: Some(10),
        ..Global::default()
    }
}
