//! Names of proxies and servers in the arguments of fetches and converters: their sections must be there.

use expr::{Mention, Named};
use lang::{Diagnostic, Diagnostics, Severity, suggest};

use crate::model::Model;

/// Refuses every name that no section declares, in HAProxy's words.
pub(crate) fn check(model: &Model, notes: &mut Diagnostics) {
    for mention in &model.asked.mentions {
        if let Some((why, meant)) = missing(model, mention) {
            let text = format!(
                "{why} referenced in arg 1 of {}{}",
                mention.keyword,
                if meant.is_some() { "" } else { "." }
            );
            notes.push(Diagnostic::new(Severity::Alert, mention.span, text).suggest(meant));
        }
    }
}

/// What is missing, and what may have been meant.
fn missing<'a>(model: &'a Model, mention: &Mention) -> Option<(String, Option<&'a str>)> {
    let subject = &mention.subject;
    let backends = || model.backends.iter().map(|backend| backend.name.as_str());
    let frontends = || model.frontends.iter().map(|frontend| frontend.name.as_str());
    let lists = || model.userlists.iter().map(|list| list.name.as_str());
    // what is at work when the expression is evaluated need not be named
    let proxy = subject.proxy.as_deref()?;
    let known = match mention.what {
        Named::Frontend => frontends().any(|name| name == proxy),
        Named::Backend | Named::Server => backends().any(|name| name == proxy),
        Named::Userlist => lists().any(|name| name == proxy),
    };
    if !known {
        return Some(match mention.what {
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
    let backend = model.backends.iter().find(|backend| backend.name == proxy)?;
    let names = || backend.servers.iter().map(|server| server.name.as_str());
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
                Some("unable to find backend 'ap' referenced in arg 1 of sample fetch keyword 'nbsrv'"),
            ),
            (
                "fe_conn(app)",
                Some("unable to find frontend 'app' referenced in arg 1 of sample fetch keyword 'fe_conn'"),
            ),
            (
                "srv_conn(x/s1)",
                Some("unable to find proxy 'x' referenced in arg 1 of sample fetch keyword 'srv_conn'"),
            ),
            (
                "srv_conn(app/s2)",
                Some(
                    "unable to find server 's2' in proxy 'app', referenced in arg 1 of sample fetch keyword 'srv_conn'",
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
