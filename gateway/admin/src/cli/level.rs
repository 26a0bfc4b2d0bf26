//! `operator` and `user`: give up rights for the rest of the connection.

use super::{Answer, Command};
use crate::Level;

pub(super) const OPERATOR: Command = Command {
    words: &["operator"],
    usage: "operator",
    help: "lower the level of the current CLI session to operator",
    level: Level::Operator,
    run: |_, _| Answer::Lower(Level::Operator),
};

pub(super) const USER: Command = Command {
    words: &["user"],
    usage: "user",
    help: "lower the level of the current CLI session to user",
    level: Level::User,
    run: |_, _| Answer::Lower(Level::User),
};
