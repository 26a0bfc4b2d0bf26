//! `show version`: the gateway's own.

use super::{Answer, Command};
use crate::Level;

pub(super) const COMMAND: Command = Command {
    words: &["show", "version"],
    usage: "show version",
    help: "show version of the current process",
    level: Level::User,
    run: |context, _| Answer::Text(format!("{}\n", context.subject.version())),
};
