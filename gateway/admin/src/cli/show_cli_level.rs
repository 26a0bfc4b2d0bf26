//! `show cli level`: what this connection may do.

use super::{Answer, Command};
use crate::Level;

pub(super) const COMMAND: Command = Command {
    words: &["show", "cli", "level"],
    usage: "show cli level",
    help: "display the level of the current CLI session",
    level: Level::User,
    run: |context, _| Answer::Text(format!("{}\n", context.level.name())),
};
