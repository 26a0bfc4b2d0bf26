//! The command line: checks, conditions, versions, files and what is said about mistakes in them.

use crate::support::cases::Cases;
use crate::support::client::get;
use crate::support::origin::Origin;
use crate::support::subject::{Config, Dir, Kind, program, run, run_in};
use crate::support::tls::certificate;

pub(crate) fn cases(cases: &mut Cases) {
    cases.test("cli::c_accepts_a_good_file", good);
    cases.test("cli::c_refuses_a_bad_file_with_1_and_names_every_mistake", bad);
    cases.test("cli::a_missing_file_is_named", missing);
    cases.ours_only(
        "cli::what_is_no_file_is_refused_at_once",
        "HAProxy waits for whoever writes to a pipe, and reads a device for ever",
        no_files,
    );
    cases.ours_only(
        "cli::a_file_that_the_shell_hands_over_is_read",
        "the shell is given the gateway's path",
        handed_over,
    );
    cases.test("cli::c_refuses_a_user_that_is_not_known", unknown_user);
    cases.test("cli::dw_makes_warnings_fatal", warnings);
    cases.test("cli::cc_answers_by_its_exit_code", conditions);
    sayings(cases);
}

/// What is said without serving, and about files.
fn sayings(cases: &mut Cases) {
    cases.test("cli::v_names_a_version_and_ends_with_0", versions);
    cases.ours_only(
        "cli::nobody_who_listens_is_no_error",
        "what HAProxy does then is its own business",
        nobody_listens,
    );
    cases.test("cli::no_argument_prints_the_usage_and_ends_with_1", usage);
    cases.test("cli::an_unknown_option_ends_with_1", unknown_option);
    cases.test("cli::dk_lists_keywords_once_the_files_are_read", keywords);
    cases.ours_only(
        "cli::dk_without_a_file_lists_keywords_and_ends_with_0",
        "HAProxy lists nothing without a file and ends with its usage",
        keywords_alone,
    );
    cases.test("cli::files_and_directories_add_up", several_files);
    cases.test("cli::upper_c_changes_the_directory_first", change_directory);
    cases.test("cli::options_come_in_any_order", any_order);
    cases.test("cli::quoting_and_variables_are_expanded", quoting);
    cases.test("cli::conditional_blocks_choose_lines", conditional);
    cases.test("cli::crlf_is_accepted", crlf);
    cases.ours_only(
        "cli::a_missing_last_newline_is_a_warning",
        "HAProxy 2.6 refuses the file, real ConfigMaps end like this",
        last_newline,
    );
    cases.ours_only("cli::an_unresolvable_name_is_a_warning", "HAProxy refuses the file", unresolvable);
    cases.test("cli::duplicate_names_are_refused", duplicates);
    cases.test("cli::references_to_nothing_are_refused", dangling);
    cases.ours_only(
        "cli::dump_writes_a_file_that_means_the_same",
        "HAProxy cannot write its configuration",
        dump,
    );
    cases.ours_only(
        "cli::dump_writes_what_is_not_supported_yet_and_ends_with_1",
        "HAProxy cannot write its configuration",
        dump_ahead,
    );
    cases.ours_only(
        "cli::every_example_in_conf_loads_in_both_spellings",
        "HAProxy reads no YAML and refuses names that do not resolve",
        examples,
    );
    cases.ours_only(
        "cli::the_open_corpus_is_counted",
        "a count for the gateway's closing note, not a requirement",
        corpus,
    );
}

const GOOD: &str = "global\n  maxconn 100\ndefaults\n  mode http\n  timeout client 5s\n  timeout server 5s\n  timeout connect 5s\n\
    frontend f\n  bind 127.0.0.1:18080\n  default_backend b\nbackend b\n  server s 127.0.0.1:1\n";

fn check(text: &str) -> (Option<i32>, String) {
    check_with(text, &[], &[])
}

fn check_with(text: &str, args: &[&str], vars: &[(&str, &str)]) -> (Option<i32>, String) {
    let dir = Dir::new();
    let file = dir.write("c.cfg", text).display().to_string();
    let mut all = vec!["-c", "-f", &file];
    all.extend(args);
    let (code, stdout, stderr) = run_in(&all, vars);
    (code, stdout + &stderr)
}

fn good() {
    assert_eq!(check(GOOD).0, Some(0));
    let (code, text) = check_with(GOOD, &["-V"], &[]);
    assert_eq!(code, Some(0));
    assert!(text.contains("Configuration file is valid"), "{text}");
    assert_eq!(check_with(GOOD, &["-q"], &[]), (Some(0), String::new()));
}

fn bad() {
    let text = GOOD
        .replace("  default_backend b\n", "  bogus one\n  timeout clinet 5s\n  use_backend b if nothing\n");
    let (code, said) = check(&text.replace("  server s", "  balance nonsense\n  server s"));
    assert_eq!(code, Some(1));
    assert!(said.contains("unknown keyword 'bogus' in 'frontend' section"), "{said}");
    for part in ["c.cfg:10]", "c.cfg:11]", "c.cfg:12]", "c.cfg:14]", "[ALERT]", "clinet", "nothing"] {
        assert!(said.contains(part), "{part} is missing in: {said}");
    }
}

fn missing() {
    let (code, _, stderr) = run(&["-c", "-f", "/nonexistent/haproxy.cfg"]);
    assert_eq!(code, Some(1));
    assert!(stderr.contains("/nonexistent/haproxy.cfg"), "{stderr}");
}

/// Pipes, devices and very large files, wherever a file may be named.
fn no_files() {
    let dir = Dir::new();
    let place = dir.path().display().to_string();
    std::fs::create_dir(dir.path().join("d")).unwrap();
    for name in ["pipe", "d/pipe.cfg"] {
        let made = std::process::Command::new("mkfifo").arg(dir.path().join(name)).status();
        assert!(made.is_ok_and(|made| made.success()), "mkfifo is needed");
    }
    std::os::unix::fs::symlink(dir.path().join("d"), dir.path().join("d/again.cfg")).unwrap();
    std::fs::File::create(dir.path().join("large")).unwrap().set_len(100 << 20).unwrap();
    for name in ["pipe", "d", "large", "/dev/zero", "/dev/tty"] {
        let path = dir.path().join(name).display().to_string();
        let (code, _, said) = run(&["-c", "-f", &path]);
        assert_eq!(code, Some(1), "{name}: {said}");
        assert!(said.contains("Cannot open configuration file/directory"), "{name}: {said}");
    }
    for line in [
        format!("bind 127.0.0.1:18443 ssl crt {place}/pipe"),
        format!("acl a src -f {place}/pipe"),
        format!("http-request set-path %[path,map({place}/pipe)]"),
        "errorfile 503 /dev/zero".to_owned(),
        "acl a path -f /dev/zero".to_owned(),
    ] {
        let (code, said) = check(&GOOD.replace("  default_backend b\n", &format!("  {line}\n")));
        assert_eq!(code, Some(1), "{line}: {said}");
    }
}

fn handed_over() {
    let script = format!("\"$0\" -c -f <(printf '{}')", GOOD.replace('\n', "\\n"));
    let gateway = program(Kind::Gateway).unwrap();
    let output = std::process::Command::new("bash").arg("-c").arg(script).arg(gateway).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Users and groups are looked for while the file is read, whoever reads it.
fn unknown_user() {
    for kind in ["user", "group"] {
        let (code, said) = check(&GOOD.replace("global\n", &format!("global\n  {kind} no-such-one\n")));
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains(&format!("] : cannot find {kind} id for 'no-such-one' (0:Success)")), "{said}");
    }
}

fn warnings() {
    let no_timeouts = GOOD.replace("  timeout client 5s\n  timeout server 5s\n", "");
    let (code, said) = check(&no_timeouts);
    assert_eq!(code, Some(0));
    assert!(said.contains("[WARNING]"), "{said}");
    assert_eq!(check_with(&no_timeouts, &["-dW"], &[]).0, Some(1));
    assert_eq!(check_with(GOOD, &["-dW"], &[]).0, Some(0));
}

fn conditions() {
    #[rustfmt::skip]
    let rows = [
        ("version_atleast(2.4)", 0), ("version_atleast(99.0)", 1), ("!version_atleast(99.0)", 0), ("streq(a,a)", 0), ("streq(a,b)", 1), ("strneq(a,b)", 0),
        ("feature(OPENSSL)", 0), ("feature(THREAD)", 0), ("feature(QUIC)", 1), ("defined(PATH)", 0), ("defined(NO_SUCH_VARIABLE)", 1),
        ("streq(a,a) && streq(b,b)", 0), ("streq(a,a) && streq(a,b)", 1), ("streq(a,b) || streq(b,b)", 0), ("!(streq(a,b) || streq(b,b))", 1), ("1", 0), ("0", 1),
        ("nonsense(2)", 2), ("streq(a", 2), ("openssl_version_atleast(1.0.0)", 0), ("ssllib_name_startswith(nonsense)", 1),
    ];
    for (condition, expected) in rows {
        assert_eq!(run(&["-cc", condition]).0, Some(expected), "{condition}");
    }
}

fn versions() {
    for flag in ["-v", "-vv"] {
        let (code, stdout, _) = run(&[flag]);
        assert_eq!(code, Some(0));
        assert!(stdout.lines().next().is_some_and(|l| l.contains("ersion")), "{stdout}");
    }
    assert!(run(&["-vv"]).1.len() > run(&["-v"]).1.len());
}

/// Whoever reads the output may have read enough: a pipe that nobody reads any more ends nothing.
fn nobody_listens() {
    let dir = Dir::new();
    let config = dir.write("h.cfg", "frontend f\n  bind :0\n  moed http\n");
    let words: [&[&str]; 5] =
        [&["-v"], &["-vv"], &["-h"], &["-dKall"], &["-c", "-f", config.to_str().unwrap()]];
    for args in words {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = std::process::Command::new(program(Kind::Gateway).unwrap());
        let status = command.args(args).stdout(writer.try_clone().unwrap()).stderr(writer).status().unwrap();
        assert_eq!(status.code(), Some(i32::from(args.contains(&"-c"))), "{args:?}");
    }
}

fn usage() {
    let (code, stdout, stderr) = run(&[]);
    assert_eq!(code, Some(1));
    assert!((stdout + &stderr).contains("-f"));
}

fn unknown_option() {
    let (code, stdout, stderr) = run(&["-zz"]);
    assert_eq!(code, Some(1));
    assert!(!(stdout + &stderr).is_empty());
}

fn keywords() {
    let (code, said) = check_with(GOOD, &["-dKsvc,flt"], &[]);
    assert_eq!(code, Some(0), "{said}");
    let (services, filters) =
        said.split_once("# List of registered filter names:\n").expect("filters are listed behind services");
    assert_eq!(services, "# List of registered service names:\nprometheus-exporter\n");
    assert!(filters.contains("\ntrace [TRACE]\nConfiguration file is valid"), "{said}");
    let (code, said) = check_with("frontend f\n  nonsense\n", &["-dKsvc"], &[]);
    assert_eq!(code, Some(1));
    assert!(!said.contains("registered"), "{said}");
}

fn keywords_alone() {
    for class in ["acl", "cfg", "cli", "cnv", "flt", "smp", "svc", "all"] {
        let (code, listed, said) = run(&[&format!("-dK{class}")]);
        assert_eq!((code, said.as_str()), (Some(0), ""), "{class}");
        assert!(listed.starts_with("# List of registered "), "{class}: {listed}");
    }
}

fn several_files() {
    let origin = Origin::plain();
    let config = Config::new(
        "defaults\n  mode http\n  timeout client 5s\n  timeout server 5s\n  timeout connect 5s\n\
         frontend f\n  bind \"fd@${FRONT}\"\n  default_backend b\n",
    )
    .bind("FRONT")
    .var("ORIGIN", origin.addr());
    std::fs::create_dir(config.path("conf.d")).unwrap();
    let subject = config
        .file(
            "conf.d/20-b.cfg",
            "backend b\n  http-request set-header X-From dir\n  server s \"${ORIGIN}\"\n",
        )
        .file(
            "conf.d/10-a.cfg",
            "defaults\n  mode http\n  timeout client 5s\n  timeout server 5s\n  timeout connect 5s\n",
        )
        .file("conf.d/notes.txt", "this is not read")
        .args(&["-db", "-f", "${DIR}/conf.d"])
        .start();
    assert_eq!(get(subject.addr("FRONT"), "/").status(), 200);
    assert_eq!(origin.last().value("x-from").as_deref(), Some("dir"));
}

fn change_directory() {
    let dir = Dir::new();
    dir.write("here.cfg", GOOD);
    let path = dir.path().display().to_string();
    assert_eq!(run(&["-C", &path, "-c", "-f", "here.cfg"]).0, Some(0));
}

fn any_order() {
    let dir = Dir::new();
    let file = dir.write("c.cfg", GOOD).display().to_string();
    for args in [
        vec!["-f", &file, "-c"],
        vec!["-q", "-c", "-f", &file, "-db"],
        vec!["-n", "50", "-N", "40", "-L", "me", "-m", "500", "-c", "-W", "-f", &file],
        vec!["-c", "-p", "/dev/null", "-f", &file, "-dM", "-V"],
        vec!["-c", "--", &file],
    ] {
        assert_eq!(run(&args).0, Some(0), "{args:?}");
    }
}

fn quoting() {
    let text = "defaults\n  mode http\n  timeout client 5s # a comment\n  timeout server \"5s\"\n  timeout connect '5s'\n\
        frontend f\n  bind \"127.0.0.1:${PORT-18081}\"\n  acl a path_beg /with\\ space \"/quo\\\"ted\" '/lit${eral}'\n  acl b path_reg ^/x\\\\.y$\n\
        http-request set-header X-\"${NAME}\" \"a b\" if a or b\n  default_backend b\n\nbackend b\n  server s 127.0.0.1:1 # end\n";
    let (code, said) = check_with(text, &["-dW"], &[("NAME", "One")]);
    assert_eq!(code, Some(0), "{said}");
}

fn conditional() {
    let text = |condition: &str| {
        format!(
            "{GOOD}.if {condition}\n  this is only an error where it is read\n.else\n.if feature(OPENSSL)\n.elif defined(X)\n  nor this\n.endif\n.endif\n"
        )
    };
    let (code, said) = check(&text("version_atleast(99)"));
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(check(&text("version_atleast(2.0)")).0, Some(1));
    assert_eq!(check(&text("defined(NO_SUCH_VARIABLE)")).0, Some(0));
    assert_eq!(check(&format!("{GOOD}.if 1\n")).0, Some(1), "an .if without .endif");
}

fn crlf() {
    let (code, said) = check(&GOOD.replace('\n', "\r\n"));
    assert_eq!(code, Some(0), "{said}");
}

fn last_newline() {
    let (code, said) = check(GOOD.trim_end());
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("[WARNING]"), "{said}");
}

fn unresolvable() {
    let (code, said) = check(&GOOD.replace("127.0.0.1:1\n", "el-pac.nowhere.invalid:8080\n"));
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("[WARNING]") && said.contains("el-pac.nowhere.invalid"), "{said}");
}

fn duplicates() {
    let (code, said) = check(&format!("{GOOD}backend b\n  server s 127.0.0.1:1\n"));
    assert_eq!(code, Some(1), "{said}");
    assert_eq!(check(&format!("{GOOD}  server s 127.0.0.1:2\n")).0, Some(1));
}

fn dangling() {
    let (code, said) = check(&GOOD.replace("default_backend b", "default_backend nowhere"));
    assert_eq!(code, Some(1));
    assert!(said.contains("nowhere"), "{said}");
    assert_eq!(check(&GOOD.replace("default_backend b", "use_backend b if undefined_acl")).0, Some(1));
    assert_eq!(check(&GOOD.replace("frontend f", "frontend f from nowhere")).0, Some(1));
}

/// Writes `text` under `name` and dumps it in `spelling`: the exit code, the dump and what was said.
fn dumped(name: &str, text: &str, spelling: &str) -> (Option<i32>, String, String) {
    let dir = Dir::new();
    let file = dir.write(name, text).display().to_string();
    run(&["--dump", spelling, "-f", &file])
}

fn dump() {
    let (code, cfg, said) = dumped("c.cfg", GOOD, "cfg");
    assert_eq!((code, said.as_str()), (Some(0), ""));
    assert!(cfg.contains("backend b") && cfg.contains("timeout connect 5s"), "{cfg}");
    let (_, yaml, _) = dumped("c.cfg", GOOD, "yaml");
    assert_eq!(dumped("d.yaml", &yaml, "cfg"), (Some(0), cfg.clone(), String::new()));
    assert_eq!(dumped("d.cfg", &cfg, "yaml"), (Some(0), yaml, String::new()));
    let (code, nothing, said) = dumped("c.cfg", &GOOD.replace(":18080", ":x"), "cfg");
    assert_eq!((code, nothing.as_str()), (Some(1), ""));
    assert!(said.contains("c.cfg:8]"), "{said}");
    assert_eq!(dumped("c.cfg", "backend b\n  mode http\n", "cfg").0, Some(2), "nothing would listen");
    assert_eq!(dumped("c.cfg", GOOD, "toml").0, Some(1));
}

/// A mode that no issue will give life to soon.
fn dump_ahead() {
    let (code, cfg, said) = dumped("c.cfg", &GOOD.replace("mode http", "mode tcp"), "cfg");
    assert_eq!(code, Some(1));
    assert!(!cfg.contains("mode http") && cfg.contains("server s"), "{cfg}");
    assert!(said.contains("c.cfg:4] : 'mode tcp' is not supported yet"), "{said}");
}

/// The files below the repository's `folder` with one of these endings.
fn files(folder: &str, endings: &[&str]) -> Vec<std::path::PathBuf> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = if root.join(folder).is_dir() { root } else { std::path::Path::new("/work/main") };
    let mut found = Vec::new();
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let ending = path.extension().map(|e| e.to_string_lossy().into_owned()).unwrap_or_default();
            if path.is_dir() {
                folders.push(path);
            } else if endings.contains(&ending.as_str()) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The examples name the container's folder of certificates; here is one with what they ask for.
fn examples() {
    let dir = Dir::new();
    std::fs::create_dir(dir.path().join("certs")).unwrap();
    dir.write("certs/default.pem", certificate(&["default.test"]).pem);
    let mut found = 0;
    let in_kubernetes = |f: &std::path::Path| f.components().any(|c| c.as_os_str() == "kubernetes");
    for file in files("conf", &["cfg", "yaml"]).iter().filter(|f| !in_kubernetes(f)) {
        found += 1;
        let text = std::fs::read_to_string(file).unwrap();
        let here = dir.path().display().to_string();
        let name = file.file_name().expect("a file").to_string_lossy().into_owned();
        let copy = dir.write(&name, text.replace("/usr/local/etc/haproxy", &here));
        let (code, _, stderr) = run(&["-c", "-f", &copy.display().to_string()]);
        assert_eq!(code, Some(0), "{file:?}: {stderr}");
    }
    assert!(found > 0, "conf/ holds examples");
}

fn corpus() {
    let dir = Dir::new();
    let Some(all) = prepared(&dir) else {
        println!("corpus: not on this machine");
        return;
    };
    let mut reasons = std::collections::BTreeMap::<String, usize>::new();
    let mut loaded = 0;
    for file in &all {
        let (code, _, stderr) = run(&["-c", "-f", &file.display().to_string()]);
        assert!(matches!(code, Some(0..=2)), "{file:?} ends with {code:?}: {stderr}");
        // 2: no mistake, but no listener either.
        loaded += usize::from(code != Some(1));
        if code == Some(1) {
            *reasons.entry(reason(&stderr)).or_default() += 1;
        }
    }
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    println!("corpus: {loaded} of {} files load", all.len());
    for (reason, n) in reasons.iter().take(15) {
        println!("corpus: {n:3} {reason}");
    }
}

/// The corpus with the files made that its configurations name; it is not part of the repository.
fn prepared(dir: &Dir) -> Option<Vec<std::path::PathBuf>> {
    let open = files("../shared/corpus/open", &["cfg"]).first()?.parent()?.to_path_buf();
    let script = open.parent()?.join("prepare");
    let status = std::process::Command::new("bash").arg(script).arg(&open).arg(dir.path()).status().ok()?;
    assert!(status.success(), "the corpus is prepared");
    let mut all: Vec<_> = std::fs::read_dir(dir.path()).ok()?.flatten().map(|e| e.path()).collect();
    all.retain(|p| p.extension().is_some_and(|e| e == "cfg"));
    all.sort();
    Some(all)
}

/// The first complaint without its place.
fn reason(stderr: &str) -> String {
    let alert = stderr.lines().find(|l| l.contains("[ALERT]")).unwrap_or("no alert");
    alert.rsplit_once("] : ").or_else(|| alert.rsplit_once(" : ")).map_or(alert, |(_, text)| text).to_owned()
}
