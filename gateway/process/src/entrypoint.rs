//! Under which name the gateway was started, and what follows from it.
//!
//! The container's entrypoint is this binary under the name `docker-entrypoint.sh`; it does what the shell script of
//! HAProxy's images does: a first word with a dash puts `haproxy` before it, `haproxy` becomes `haproxy -W -db`, and
//! any other command is executed as it is.

use std::ffi::{CString, OsStr, OsString};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};

/// What the name and the words come to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Started {
    /// The gateway, with these words, under this name.
    Gateway { words: Vec<OsString>, name: String },
    /// Another program.
    Elsewhere(Vec<OsString>),
}

const ENTRYPOINT: &str = "docker-entrypoint.sh";
const HAPROXY: &str = "haproxy";

/// Applies the rule of the entrypoint.
pub(crate) fn started_as(program: &OsStr, words: Vec<OsString>) -> Started {
    let name = Path::new(program).file_name().and_then(OsStr::to_str).unwrap_or_default();
    if name != ENTRYPOINT {
        let name = if name.is_empty() { "gateway" } else { name };
        return Started::Gateway { words, name: name.to_owned() };
    }
    let first = words.first().and_then(|word| word.to_str()).unwrap_or_default();
    let rest = match first {
        HAPROXY => &words[1..],
        _ if words.is_empty() || first.starts_with('-') => &words[..],
        _ => return Started::Elsewhere(words),
    };
    let words = ["-W", "-db"].into_iter().map(OsString::from).chain(rest.iter().cloned()).collect();
    Started::Gateway { words, name: HAPROXY.to_owned() }
}

/// Becomes another program; returns only when that fails.
pub(crate) fn execute(command: &[OsString]) -> ExitCode {
    let Some((program, words)) = command.split_first() else { return ExitCode::SUCCESS };
    let error = Command::new(program).args(words).exec();
    crate::say::error(&format!("{ENTRYPOINT}: exec: {}: {error}", program.display()));
    // The shell's codes: 127 not found, 126 found and not executable.
    ExitCode::from(if error.kind() == std::io::ErrorKind::NotFound { 127 } else { 126 })
}

/// Gives the process the name that it shows in `ps` and to `pkill`.
pub(crate) fn name_process(name: &str) {
    let Ok(name) = CString::new(name) else { return };
    #[expect(unsafe_code, reason = "the kernel is told through prctl only")]
    // SAFETY: the pointer is to a string that ends with a zero; the kernel copies at most 16 bytes of it.
    unsafe {
        libc::prctl(libc::PR_SET_NAME, name.as_ptr());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started(program: &str, words: &str) -> Started {
        started_as(OsStr::new(program), words.split_whitespace().map(OsString::from).collect())
    }

    fn gateway(words: &str, name: &str) -> Started {
        Started::Gateway {
            words: words.split_whitespace().map(OsString::from).collect(),
            name: name.to_owned(),
        }
    }

    #[test]
    fn the_entrypoint_follows_the_rule_of_haproxys_images() {
        for path in ["/docker-entrypoint.sh", "/usr/local/bin/docker-entrypoint.sh"] {
            assert_eq!(started(path, "haproxy -f x"), gateway("-W -db -f x", "haproxy"));
            assert_eq!(started(path, "-c -f x"), gateway("-W -db -c -f x", "haproxy"));
            assert_eq!(
                started(path, "sh -c true"),
                Started::Elsewhere(["sh", "-c", "true"].map(OsString::from).to_vec())
            );
        }
    }

    #[test]
    fn other_names_are_kept() {
        assert_eq!(started("/usr/local/sbin/haproxy", "-f x"), gateway("-f x", "haproxy"));
        assert_eq!(started("./gateway", "demo"), gateway("demo", "gateway"));
    }
}
