//! `prompt` and `quit`: how the connection goes on.

use super::{Answer, Command};
use crate::Level;

pub(super) const PROMPT: Command = Command {
    words: &["prompt"],
    usage: "prompt",
    help: "toggle interactive mode with prompt",
    level: Level::User,
    run: |_, _| Answer::Prompt,
};

pub(super) const QUIT: Command = Command {
    words: &["quit"],
    usage: "quit",
    help: "disconnect",
    level: Level::User,
    run: |_, _| Answer::Quit,
};
