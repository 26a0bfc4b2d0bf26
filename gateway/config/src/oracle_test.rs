//! One-line configurations through the installed HAProxy and through the loader: both take them or neither does, and
//! what HAProxy says of them is said here too.
//!
//! `testdata/oracle/*.lines` hold the lines, one case a line: `section: line ;; line`, or `raw: line ;; line` for a whole
//! file. Before it may stand what must differ:
//!
//! * `~` the verdict is the same and the words are other ones,
//! * `+` HAProxy 2.6 refuses what is taken here: later versions take it, or another part of the gateway judges it,
//! * `-` it is refused here by choice.
//!
//! The lists give the reasons.
//!
//! What is read, judged and then refused as not supported yet counts as taken. `GATEWAY_LINES=peers` looks at one list
//! alone, `GATEWAY_LINES=/path/to/file` at one that stands elsewhere.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use lang::{Facts, Severity};

use crate::load;
use crate::world::World;

/// A case of the lists.
pub(crate) struct Case {
    pub(crate) mark: char,
    /// The line of the list, for messages.
    pub(crate) shown: String,
    pub(crate) text: String,
}

/// What one of the two said.
#[derive(Debug, Default, PartialEq, Eq)]
struct Verdict {
    taken: bool,
    /// The line of the file, where one was named, and the message.
    alerts: Vec<(Option<u32>, String)>,
    warnings: Vec<(Option<u32>, String)>,
}

/// What stands before the section that is looked at.
pub(crate) const HTTP: &str = "defaults\n mode http\n timeout client 1s\n timeout server 1s\n timeout connect 1s\n timeout \
                    http-request 1s\nfrontend main\n bind :8001\n";

/// What this host is called in the lists: among its peers HAProxy goes by the host's name.
const PEER: &str = "vm";

fn case(line: &str) -> Case {
    let (mark, rest) = match line.chars().next() {
        Some(mark @ ('~' | '+' | '-')) => (mark, line[1..].trim_start()),
        _ => (' ', line),
    };
    let (section, body) = rest.split_once(':').unwrap_or_else(|| panic!("no section in '{line}'"));
    let lines: String = body.split(";;").map(|line| format!(" {}\n", line.trim())).collect();
    let head = match section {
        "raw" => String::new(),
        "defaults" => format!("{HTTP}defaults\n"),
        "named" => format!("{HTTP}defaults named\n"),
        "frontend" => format!("{HTTP}frontend f\n bind :8002\n"),
        "listen" => format!("{HTTP}listen l\n bind :8003\n"),
        "backend" => format!("{HTTP}backend b\n"),
        "global" => format!("{HTTP}global\n"),
        other => format!("{HTTP}{other} s\n"),
    };
    Case { mark, shown: line.to_owned(), text: head + &lines }
}

fn cases() -> Vec<Case> {
    let only = std::env::var("GATEWAY_LINES").ok();
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/oracle");
    let mut files: Vec<PathBuf> = std::fs::read_dir(dir).unwrap().map(|file| file.unwrap().path()).collect();
    match &only {
        Some(elsewhere) if elsewhere.starts_with('/') => files = vec![elsewhere.into()],
        Some(only) => files.retain(|file| file.ends_with(format!("{only}.lines"))),
        None => files.sort(),
    }
    let texts = files.iter().map(|file| std::fs::read_to_string(file).unwrap());
    let lines = texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>());
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(|line| case(&line)).collect()
}

/// `parsing [file:7] : message` in its parts, without what only one of the two adds.
fn parts(line: &str) -> (Option<u32>, String) {
    let (mut place, mut message) = (None, line);
    // HAProxy names the place twice now and then
    while let Some((line, rest)) = placed(message) {
        (place, message) = (line, rest);
    }
    let message = message.split_once(". Did you mean '").map_or(message, |(before, _)| before);
    let message = message.split_once(". Hint: ").map_or(message, |(before, _)| before);
    let message = message.split_once("; did you mean").map_or(message, |(before, _)| before);
    // its second line is HAProxy's advice
    let message = message.split_once(" While not properly").map_or(message, |(before, _)| before);
    let message = message.split_once(" no pattern to match").map_or(message, |(before, _)| before);
    let message = message.split_once(" (No such file or directory (os").map_or(message, |(before, _)| before);
    (place, shortened(message.trim_end_matches(['.', ':', ' '])))
}

/// The line that a message begins with, and what stands behind it.
fn placed(line: &str) -> Option<(Option<u32>, &str)> {
    let line = line.strip_prefix(['p', 'P']).and_then(|rest| rest.strip_prefix("arsing ")).unwrap_or(line);
    let (place, rest) = line.strip_prefix('[')?.split_once(']')?;
    let line = place.rsplit_once(':').and_then(|(_, line)| line.parse().ok());
    Some((line, rest.trim_start_matches([' ', ':'])))
}

/// A message without its list of what could have stood there: later versions have longer ones.
fn shortened(message: &str) -> String {
    let many = |list: &str| list.matches("', '").count() > 4;
    match message.split_once(" expects '") {
        Some((head, list)) if many(list) => {
            let rest = [", but got '", " in ", " (got '"].iter().filter_map(|end| list.find(end)).min();
            format!("{head} expects …{}", rest.map_or("", |at| &list[at..]))
        }
        _ => message.to_owned(),
    }
}

fn haproxy(text: &str, file: &Path) -> Verdict {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let host = host.trim();
    std::fs::write(file, text.replace(PEER, host)).unwrap();
    // some lines make files where they run
    let dir = file.parent().expect("it lies in a directory");
    let output = Command::new("haproxy").args(["-c", "-f"]).arg(file).current_dir(dir).output();
    let output = output.expect("haproxy is needed");
    let said =
        String::from_utf8_lossy(&output.stderr).replace(file.to_str().unwrap(), "h.cfg").replace(host, PEER);
    // 2: nothing is wrong, and nothing would listen
    let taken = matches!(output.status.code(), Some(0 | 2));
    let mut verdict = Verdict { taken, ..Verdict::default() };
    for line in said.lines() {
        let Some((head, rest)) = line.split_once(") : ") else { continue };
        let rest = rest.strip_prefix("config : ").unwrap_or(rest);
        if ["Fatal errors", "Error(s) found"].iter().any(|end| rest.starts_with(end))
            || rest.ends_with("(null)")
        {
            continue;
        }
        if head.starts_with("[ALERT]") {
            verdict.alerts.push(parts(rest));
        } else if head.starts_with("[WARNING]") {
            verdict.warnings.push(parts(rest));
        }
    }
    verdict
}

fn ours(text: &str) -> Verdict {
    let vars = vec![("FD", "3"), ("HAPROXY_LOCALPEER", PEER)];
    let world = World { texts: vec![("h.cfg".into(), text.into())], vars };
    let loaded = load(&["h.cfg".into()], &world, &world, &Facts::default());
    let said = |severity: Severity| {
        let all = loaded.diagnostics.iter().filter(|one| one.severity == severity && !one.later);
        all.map(|one| parts(&one.render_pipe(&loaded.sources))).collect()
    };
    let (alerts, warnings) = (said(Severity::Alert), said(Severity::Warning));
    Verdict { taken: loaded.model.is_some() || loaded.ahead.is_some(), alerts, warnings }
}

/// The same message, or one that says more before it, at the same line if HAProxy names one.
fn holds(list: &[(Option<u32>, String)], (at, said): &(Option<u32>, String)) -> bool {
    let says = |message: &str| {
        message.strip_suffix(said.as_str()).is_some_and(|more| more.is_empty() || more.ends_with(": "))
    };
    list.iter().any(|(line, message)| says(message) && (at.is_none() || line == at))
}

/// What is wrong with a case.
fn complaint(case: &Case, file: &Path) -> Option<String> {
    let (theirs, ours) = (haproxy(&case.text, file), ours(&case.text));
    let verdicts = match case.mark {
        '+' => (false, true),
        '-' => (true, false),
        _ => (theirs.taken, theirs.taken),
    };
    let first = theirs.alerts.first().filter(|_| case.mark == ' ');
    // an alert behind which HAProxy goes on is a warning here
    let said_here = if theirs.taken { &ours.warnings } else { &ours.alerts };
    let unsaid =
        theirs.warnings.iter().filter(|_| case.mark == ' ').find(|said| !holds(&ours.warnings, said));
    let wrong = if (theirs.taken, ours.taken) != verdicts {
        "the verdicts are other ones".to_owned()
    } else if let Some(said) = first.filter(|said| !holds(said_here, said)) {
        format!("not said: {said:?}")
    } else {
        format!("not warned of: {:?}", unsaid?)
    };
    Some(format!("{}\n    {wrong}\n    HAProxy: {theirs:?}\n    here:    {ours:?}", case.shown))
}

#[test]
fn haproxy_says_the_same_of_every_line() {
    compare(&cases());
}

/// Asks both about every case.
pub(crate) fn compare(cases: &[Case]) {
    let (left, found) = (Mutex::new(cases.iter().enumerate()), Mutex::new(Vec::new()));
    let work = |worker: usize| {
        let name = format!("gateway-lines-{}-{}-{worker}", std::process::id(), cases.len());
        let dir = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&dir).expect("a temporary directory");
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
        std::os::unix::fs::symlink(here, dir.join("testdata")).expect("a temporary directory");
        let file = dir.join("h.cfg");
        while let Some((at, case)) = { left.lock().unwrap().next() } {
            let wrong = complaint(case, &file);
            found.lock().unwrap().extend(wrong.map(|wrong| (at, wrong)));
        }
        let _ = std::fs::remove_dir_all(dir);
    };
    std::thread::scope(|scope| {
        (0..2).for_each(|worker| drop(scope.spawn(move || work(worker))));
    });
    let mut found = found.into_inner().unwrap();
    found.sort();
    let wrong: Vec<String> = found.into_iter().map(|(_, wrong)| wrong).collect();
    println!("{} lines, {} wrong", cases.len(), wrong.len());
    assert!(!cases.is_empty(), "no cases");
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}
