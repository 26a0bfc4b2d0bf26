//! `del-header <name> [-m str|beg|end|sub|reg]`.

use expr::{Parts, Scope};
use lang::{Diagnostic, Words};

use super::{Action, Name, argument};
use crate::{Flow, Message};

#[derive(Debug)]
struct DelHeader {
    /// In lower case, as names are compared: also with an expression, which thus finds no upper case.
    name: Vec<u8>,
    how: How,
}

/// How a name is compared.
#[derive(Debug)]
enum How {
    Name(Name),
    Beg,
    End,
    Sub,
    Reg(Box<regex::bytes::Regex>),
}

impl Action for DelHeader {
    fn apply(&self, message: &mut dyn Message) -> Flow {
        if let How::Name(name) = &self.how {
            message.del_header(name.bytes());
        } else {
            message.retain_headers(&mut |name, _| !self.matches(&name.to_ascii_lowercase()));
        }
        Flow::Continue
    }

    fn changes(&self) -> Parts {
        match &self.how {
            How::Name(name) => name.parts(),
            _ => Parts::HEADERS,
        }
    }
}

impl DelHeader {
    fn matches(&self, name: &[u8]) -> bool {
        match &self.how {
            How::Name(wanted) => wanted.bytes() == name,
            How::Beg => name.starts_with(&self.name),
            How::End => name.ends_with(&self.name),
            How::Sub => name.windows(self.name.len().max(1)).any(|part| part == self.name),
            How::Reg(regex) => regex.is_match(name),
        }
    }
}

pub(super) fn parse(words: &mut Words<'_>, scope: &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic> {
    let word = argument(words, "expects at least 1 argument")?;
    let fail = |why| Diagnostic::alert(word.span, why);
    let method = match words.accept("-m") {
        true => argument(words, "-m flag expects exactly 1 argument")?.text.as_str(),
        false => "str",
    };
    let how = match method {
        "str" => How::Name(Name::parse(word, scope)?),
        "beg" => How::Beg,
        "end" => How::End,
        "sub" => How::Sub,
        "reg" => How::Reg(Box::new(
            expr::compile_regex(&word.text, false).map_err(|why| expr::regex_refusal(word.span, why))?,
        )),
        other => return Err(fail(format!("-m with unsupported matching method '{other}'"))),
    };
    Ok(Box::new(DelHeader { name: word.text.to_ascii_lowercase().into_bytes(), how }))
}

#[cfg(test)]
mod tests {
    use crate::Phase;
    use crate::world::{World, rule, rules};

    #[test]
    fn names_are_compared_as_told() {
        for (text, gone) in [
            ("del-header X-Forwarded-For", vec!["x-forwarded-for"]),
            ("del-header x- -m beg", vec!["x-forwarded-for"]),
            ("del-header t -m end", vec!["host", "accept"]),
            ("del-header oo -m sub", vec!["cookie"]),
            ("del-header ^(host|accept)$ -m reg", vec!["host", "accept"]),
        ] {
            let mut world = World::sample();
            rules(Phase::HttpRequest, &[text]).run(&mut world);
            let all = ["host", "accept", "cookie", "x-forwarded-for"];
            let missing: Vec<_> = all.into_iter().filter(|name| world.header(name).is_empty()).collect();
            assert_eq!(missing, gone, "{text}");
        }
        assert!(rule(Phase::HttpRequest, "del-header a -m len").is_err());
    }
}
