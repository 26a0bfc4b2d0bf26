//! Actions that HAProxy knows and that are refused by choice, so that a file that uses one is told so by name.

use lang::{Diagnostic, Word};

use super::keyword;
use crate::Phase;

/// Where agents may be asked.
const MESSAGES: &[Phase] = &[
    Phase::TcpContent,
    Phase::TcpResponse,
    Phase::HttpRequest,
    Phase::HttpResponse,
    Phase::HttpAfterResponse,
];

/// One family of such actions.
#[derive(Debug)]
pub struct Declined {
    /// How the action's word begins.
    pub name: &'static str,
    /// `there is no Lua here`.
    pub why: &'static str,
    instead: &'static str,
}

/// Scripts, among actions and services.
pub(super) const LUA: Declined = Declined {
    name: "lua.",
    why: "there is no Lua here",
    instead: "say it with rules, maps and converters, or keep this proxy on HAProxy",
};

const fn agents(name: &'static str) -> Declined {
    Declined { name, why: "there are no agents here", instead: "keep this proxy on HAProxy" }
}

/// Every action that is refused by choice.
pub const DECLINED: &[Declined] = &[LUA, agents("ot-group"), agents("send-spoe-group")];

impl Declined {
    /// The keywords of rules that HAProxy lists with it.
    pub fn listed(&self) -> impl Iterator<Item = String> {
        let phases = if self.name == LUA.name { [].as_slice() } else { MESSAGES };
        phases.iter().map(|phase| format!("{} {}", keyword(*phase), self.name))
    }

    /// `'http-request lua.x' is refused : there is no Lua here`.
    pub(super) fn refusal(&self, word: &Word, what: impl std::fmt::Display) -> Diagnostic {
        Diagnostic::alert(word.span, format!("{what} is refused : {}", self.why)).hint(self.instead)
    }
}

/// The row of a name that is refused by choice.
pub(super) fn find(name: &str) -> Option<&'static Declined> {
    DECLINED.iter().find(|row| name.starts_with(row.name))
}

#[cfg(test)]
mod tests {
    use crate::Phase;
    use crate::world::rule;

    #[test]
    fn scripts_and_agents_are_refused_for_good_with_advice() {
        for (phase, text, expected) in [
            (Phase::HttpRequest, "lua.x a b", "'http-request lua.x' is refused : there is no Lua here"),
            (Phase::TcpContent, "lua.x", "'tcp-request content lua.x' is refused : there is no Lua here"),
            (
                Phase::HttpRequest,
                "use-service lua.x",
                "'http-request use-service lua.x' is refused : there is no Lua here",
            ),
            (
                Phase::HttpResponse,
                "send-spoe-group a b",
                "'http-response send-spoe-group' is refused : there are no agents here",
            ),
            (
                Phase::HttpRequest,
                "ot-group a b",
                "'http-request ot-group' is refused : there are no agents here",
            ),
        ] {
            let error = rule(phase, text).unwrap_err();
            assert!(error.message.contains(expected), "{}", error.message);
            assert!(!error.later && error.hint.is_some(), "{text}");
        }
    }
}
