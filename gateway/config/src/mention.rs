//! Names of proxies and servers in the arguments of fetches and converters: their sections must be there.

use std::collections::HashSet;

use expr::{Mention, Named, Subject};
use lang::{Diagnostic, Diagnostics, Severity, suggest};

use crate::model::Model;

/// Refuses every name that no section declares, in HAProxy's words.
pub(crate) fn check(model: &Model, notes: &mut Diagnostics) {
    let declared = Declared::new(model);
    for Mention { what, subject, keyword, owner, span } in &model.asked.mentions {
        let (front, back) =
            (declared.frontends.contains(owner.as_str()), declared.backends.contains(owner.as_str()));
        let within = if !owner.is_empty() { format!(" in proxy '{owner}'") } else { String::new() };
        let lacking = match what {
            Named::Frontend => back && !front,
            Named::Backend => front && !back,
            Named::Server | Named::Userlist => false,
        };
        let text = if *subject == Subject::default() && matches!(what, Named::Server | Named::Userlist) {
            Some((format!("missing {} name in arg 1 of {keyword}{within}.", what.word()), None))
        } else if lacking && *subject == Subject::default() {
            let side = what.word();
            Some((
                format!(
                    "proxy '{owner}', referenced in arg 1 of {keyword}{within}, has not {side} capability."
                ),
                None,
            ))
        } else {
            let own = Some(owner.as_str()).filter(|_| front || back);
            missing(model, &declared, (*what, subject), own).map(|(why, meant)| {
                let end = if meant.is_some() { "" } else { "." };
                (format!("{why} referenced in arg 1 of {keyword}{within}{end}"), meant)
            })
        };
        if let Some((text, meant)) = text {
            notes.push(Diagnostic::new(Severity::Alert, *span, text).suggest(meant));
        }
    }
}

/// The names that there are, for very many mentions of them.
struct Declared<'a> {
    frontends: HashSet<&'a str>,
    backends: HashSet<&'a str>,
}

impl<'a> Declared<'a> {
    fn new(model: &'a Model) -> Self {
        if model.asked.mentions.is_empty() {
            return Self { frontends: HashSet::new(), backends: HashSet::new() };
        }
        Self {
            frontends: model.frontends.iter().map(|frontend| frontend.name.as_str()).collect(),
            backends: model.backends.iter().map(|backend| backend.name.as_str()).collect(),
        }
    }
}

/// What is missing, and what may have been meant.
fn missing<'a>(
    model: &'a Model,
    declared: &Declared<'_>,
    (what, subject): (Named, &Subject),
    own: Option<&str>,
) -> Option<(String, Option<&'a str>)> {
    let backends = || model.backends.iter().map(|backend| backend.name.as_str());
    let frontends = || model.frontends.iter().map(|frontend| frontend.name.as_str());
    let lists = || model.userlists.iter().map(|list| list.name.as_str());
    // what is at work when the expression is evaluated need not be named
    let proxy = match what {
        Named::Server => subject.proxy.as_deref().or(own)?,
        Named::Frontend | Named::Backend | Named::Userlist => subject.proxy.as_deref()?,
    };
    let known = match what {
        Named::Frontend => declared.frontends.contains(proxy),
        // a server without a name before it is looked for in the section, whatever that is
        Named::Server if subject.proxy.is_none() => true,
        Named::Backend | Named::Server => declared.backends.contains(proxy),
        Named::Userlist => lists().any(|name| name == proxy),
    };
    if !known {
        return Some(match what {
            Named::Frontend => {
                (format!("unable to find frontend '{proxy}'"), suggest::nearest(proxy, frontends()))
            }
            Named::Backend => {
                (format!("unable to find backend '{proxy}'"), suggest::nearest(proxy, backends()))
            }
            Named::Userlist => {
                (format!("unable to find userlist '{proxy}'"), suggest::nearest(proxy, lists()))
            }
            Named::Server => (format!("unable to find proxy '{proxy}'"), suggest::nearest(proxy, backends())),
        });
    }
    let server = subject.server.as_deref()?;
    let backend = model.backends.iter().find(|backend| backend.name == proxy);
    let names =
        || backend.into_iter().flat_map(|backend| &backend.servers).map(|server| server.name.as_str());
    let found = names().any(|name| name == server);
    (!found).then(|| {
        let why = format!("unable to find server '{server}' in proxy '{proxy}',");
        (why, suggest::nearest(server, names()))
    })
}

#[cfg(test)]
mod tests {
    use crate::world::said;

    const FILE: &str = "defaults\n mode http\n timeout client 1s\n timeout connect 1s\n timeout server 1s\n\
                        backend app\n server s1 192.0.2.1:80\n\
                        frontend www\n bind :8080\n default_backend app\n http-request deny if { EXPR gt 0 }\n";

    /// HAProxy 2.6's words.
    #[test]
    fn names_that_no_section_declares_are_refused() {
        for (expr, expected) in [
            ("nbsrv(app)", None),
            ("srv_conn(app/s1)", None),
            ("fe_conn(www)", None),
            ("fe_conn", None),
            (
                "nbsrv(ap)",
                Some("unable to find backend 'ap' referenced in arg 1 of ACL keyword 'nbsrv' in proxy 'www'"),
            ),
            (
                "fe_conn(app)",
                Some(
                    "unable to find frontend 'app' referenced in arg 1 of ACL keyword 'fe_conn' in proxy 'www'",
                ),
            ),
            (
                "srv_conn(x/s1)",
                Some("unable to find proxy 'x' referenced in arg 1 of ACL keyword 'srv_conn' in proxy 'www'"),
            ),
            (
                "srv_conn(app/s2)",
                Some(
                    "unable to find server 's2' in proxy 'app', referenced in arg 1 of ACL keyword 'srv_conn' in proxy 'www'",
                ),
            ),
        ] {
            let said = said(&FILE.replace("EXPR", expr));
            match expected {
                Some(expected) => assert!(said[0].contains(expected), "{expr}: {said:?}"),
                None => assert_eq!(said, Vec::<String>::new(), "{expr}"),
            }
        }
    }
}
