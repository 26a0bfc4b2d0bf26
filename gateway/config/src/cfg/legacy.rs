//! Lines that HAProxy took once: the modern line to write in the place of one, made of its own words.

use lang::Word;

use crate::dump::quote;

/// The line that stands for `keyword` and the words behind it today.
pub(crate) fn modern(keyword: &str, words: &[Word]) -> Option<String> {
    let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
    let side = if keyword.starts_with("rsp") { "http-response" } else { "http-request" };
    let ignored_case = keyword.starts_with("reqi") || keyword.starts_with("rspi");
    match (keyword, texts.as_slice()) {
        ("block", cond) => Some(line(&["http-request", "deny"], cond)),
        ("redisp" | "redispatch", _) => Some("option redispatch".to_owned()),
        ("contimeout", [time, ..]) => Some(line(&["timeout", "connect"], &[time])),
        ("clitimeout", [time, ..]) => Some(line(&["timeout", "client"], &[time])),
        ("srvtimeout", [time, ..]) => Some(line(&["timeout", "server"], &[time])),
        ("reqadd" | "rspadd", [header, cond @ ..]) => {
            let (name, value) = header.split_once(':')?;
            let value = value.trim_start().replace('%', "%%");
            Some(line(&[side, "add-header", name, &value], cond))
        }
        ("reqdel" | "reqidel" | "rspdel" | "rspidel", [search, cond @ ..]) => {
            let (name, _) = header(search)?;
            Some(line(&[side, "del-header", name], cond))
        }
        ("reqrep" | "reqirep" | "rsprep" | "rspirep", [search, new, cond @ ..]) => {
            replaced(side, search, new, cond)
        }
        ("reqdeny" | "reqideny" | "rspdeny" | "rspideny", [search, ..]) => {
            Some(judged(side, "deny", search, ignored_case))
        }
        ("reqtarpit" | "reqitarpit", [search, ..]) => Some(judged(side, "tarpit", search, ignored_case)),
        ("reqallow" | "reqiallow", [search, ..]) => Some(judged(side, "allow", search, ignored_case)),
        _ => None,
    }
}

fn line(head: &[&str], rest: &[&str]) -> String {
    let braces = |text: &&str| if matches!(*text, "{" | "}") { (*text).to_owned() } else { quote(text) };
    head.iter().map(|text| quote(text)).chain(rest.iter().map(braces)).collect::<Vec<_>>().join(" ")
}

/// `^Name: rest` is about one header: its name, and the pattern for its value.
fn header(search: &str) -> Option<(&str, &str)> {
    let (name, rest) = search.strip_prefix('^')?.split_once(':')?;
    let legal = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    legal.then(|| (name, rest.trim_start_matches(['\\', ' '])))
}

fn replaced(side: &str, search: &str, new: &str, cond: &[&str]) -> Option<String> {
    if let Some((name, pattern)) = header(search) {
        let value = new.split_once(':').map_or(new, |(_, value)| value.trim_start_matches(['\\', ' ']));
        return Some(line(&[side, "replace-header", name, pattern, value], cond));
    }
    // the request's first line: the method in a group of its own, then the path
    let path = ["^([^\\ :]*)\\ ", "^([^ :]*)\\ ", "^([^\\ ]*)\\ ", "^([^ :]*) ", "^([^ ]*) "]
        .iter()
        .find_map(|method| search.strip_prefix(method))?;
    let new = new.strip_prefix("\\1\\ ").or_else(|| new.strip_prefix("\\1 "))?;
    Some(line(&[side, "replace-path", path, &renumbered(new)], cond))
}

/// The groups' numbers without the first.
fn renumbered(new: &str) -> String {
    (2..=9)
        .fold(new.to_owned(), |text, group| text.replace(&format!("\\{group}"), &format!("\\{}", group - 1)))
}

fn judged(side: &str, action: &str, search: &str, ignored_case: bool) -> String {
    let (fetch, pattern) = match header(search) {
        Some((name, pattern)) => {
            (format!("{}.hdr({name})", if side == "http-response" { "res" } else { "req" }), pattern)
        }
        None => ("url".to_owned(), search),
    };
    let case = if ignored_case { " -i" } else { "" };
    format!("{side} {action} if {{ {fetch} -m reg{case} {} }}", quote(pattern))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_line_gives_the_new_one_of_its_own_words() {
        for (old, new) in [
            (
                r"reqadd X-Proto:\ https if { ssl_fc }",
                Some("http-request add-header X-Proto https if { ssl_fc }"),
            ),
            (r"rspadd A:\ 5%", Some("http-response add-header A 5%%")),
            (r"reqidel ^X-Forwarded-For:.*", Some("http-request del-header X-Forwarded-For")),
            (r"rspdel ^Server:", Some("http-response del-header Server")),
            (
                r"reqirep ^Host:\ (.*) Host:\ new.\1",
                Some(r"http-request replace-header Host '(.*)' 'new.\1'"),
            ),
            (
                r"reqrep ^([^\ :]*)\ /static/(.*) \1\ /\2",
                Some(r"http-request replace-path '/static/(.*)' '/\1'"),
            ),
            (
                r"reqideny ^User-Agent:\ bad",
                Some("http-request deny if { req.hdr(User-Agent) -m reg -i bad }"),
            ),
            ("block if TRUE", Some("http-request deny if TRUE")),
            ("clitimeout 5000", Some("timeout client 5000")),
            ("redispatch", Some("option redispatch")),
            ("reqpass x", None),
        ] {
            let words = lang::lex_line(old).unwrap();
            let found = modern(&words[0].text, &words[1..]);
            let plain = |text: &str| text.replace('\'', "");
            assert_eq!(found.as_deref().map(plain), new.map(plain), "{old}");
        }
    }
}
