//! What rules of a proxy need beside themselves: where requests may go, and what is kept of messages
//! (configuration.txt 4.2 `use_backend`, `use-server`, `capture`, `declare capture`, `unique-id-format`).

use std::sync::Arc;

use expr::Acl;

use super::BackendId;

/// A `use_backend` rule.
#[derive(Clone, Debug, PartialEq)]
pub struct UseBackend {
    /// Where to.
    pub backend: SwitchTo,
    /// When; `None` is always.
    pub cond: Option<expr::Cond>,
    /// Where the line stands, for messages: `file:line`.
    pub place: String,
}

/// The backend of a `use_backend` rule.
#[derive(Clone, Debug, PartialEq)]
pub enum SwitchTo {
    /// This one.
    Backend(BackendId),
    /// The one whose name this is for a request; where there is none of that name, the default one.
    Named(expr::LogFormat),
}

/// A `use-server` rule.
#[derive(Clone, Debug, PartialEq)]
pub struct UseServer {
    /// Which.
    pub server: ServerChoice,
    /// When.
    pub cond: expr::Cond,
    /// Where the line stands, for messages: `file:line`.
    pub place: String,
}

/// The server of a `use-server` rule.
#[derive(Clone, Debug, PartialEq)]
pub enum ServerChoice {
    /// The one at this place in [`super::Backend::servers`].
    At(usize),
    /// The one whose name this is for a request; where there is none of that name, the rule does not apply.
    Named(expr::LogFormat),
}

/// What is kept of messages for logs and for `capture.*` samples.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Captures {
    /// The slots of requests, by number.
    pub request: Vec<CaptureSlot>,
    /// The slots of responses, by number.
    pub response: Vec<CaptureSlot>,
    /// `capture cookie`.
    pub cookie: Option<CookieCapture>,
}

/// A slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptureSlot {
    /// `capture request header` and its like: the header whose last line is kept, in lower case; `None` is filled by
    /// rules alone.
    pub header: Option<String>,
    /// The most bytes that are kept.
    pub length: usize,
}

/// `capture cookie <name> len <length>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CookieCapture {
    /// What the cookie begins with: its name, or its beginning.
    pub begins: String,
    /// The most bytes that are kept of name and value.
    pub length: usize,
}

/// `unique-id-format`, `unique-id-header`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UniqueId {
    /// How the id is made.
    pub format: Option<expr::LogFormat>,
    /// The header, in lower case, that the server is told it by.
    pub header: Option<String>,
}

/// The ACLs that expressions of a section ask by name (`acl(...)`), in the order in which they were first asked, one
/// of each name. Equal whatever the order.
#[derive(Clone, Debug, Default)]
pub struct Asked(Vec<Arc<Acl>>);

impl PartialEq for Asked {
    fn eq(&self, other: &Self) -> bool {
        let has = |acl: &Arc<Acl>| other.named(acl.name()) == Some(acl);
        self.0.len() == other.0.len() && self.0.iter().all(has)
    }
}

impl Asked {
    /// The one of this name.
    pub fn named(&self, name: &str) -> Option<&Arc<Acl>> {
        self.0.iter().find(|acl| acl.name() == name)
    }

    /// All of them: what one asks itself comes before it.
    pub fn iter(&self) -> impl Iterator<Item = &Acl> {
        self.0.iter().map(Arc::as_ref)
    }

    /// One more, whose name none has.
    pub(crate) fn push(&mut self, acl: Arc<Acl>) {
        self.0.push(acl);
    }
}
