//! The YAML spelling: a file becomes the lines of HAProxy's language, each named by its path in the file.
//!
//! A scalar is one directive, a list several, a map prefixes its keys, `true` the bare keyword and `false` its `no`
//! form. The top level holds sections: `global`, `defaults` and `traces` hold directives (or a list of such sections,
//! each with `name` and `from` if need be); `frontends`, `backends`, `userlists`, `resolvers` and so on, the plurals of
//! their keywords, hold sections by name. A list of such maps is read in its order.

use std::path::Path;

use lang::{Lines, Misspelt};
use serde_yaml::{Mapping, Value};

use crate::cfg::section::SECTIONS;

/// Whether a file is in this spelling.
pub(crate) fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

/// Reads a YAML file as lines; `None` for a file in HAProxy's spelling.
pub(crate) fn convert(path: &Path, text: &[u8]) -> Option<Result<Lines, Misspelt>> {
    is_yaml(path).then(|| lines(text))
}

/// The longest text.
const MAX_TEXT: usize = 16 << 20;
/// The deepest nesting of brackets: what the parser takes for each word grows with those that are open.
const MAX_DEPTH: usize = 500;

/// Whether very many brackets are open at once, those within words among them.
fn is_deep(text: &[u8]) -> bool {
    let mut depth = 0_usize;
    text.iter().any(|byte| {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            // no list that a configuration needs goes over the end of a line within a word
            _ => {}
        }
        depth > MAX_DEPTH
    })
}

fn lines(text: &[u8]) -> Result<Lines, Misspelt> {
    if text.len() > MAX_TEXT {
        return Err(bad("", &format!("it has more than {MAX_TEXT} bytes")));
    }
    if is_deep(text) {
        return Err(bad("", &format!("more than {MAX_DEPTH} brackets are open at once")));
    }
    let value: Value = serde_yaml::from_slice(text).map_err(|error| {
        let number = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let (line, column) = error.location().map_or((0, 0), |at| (number(at.line()), number(at.column())));
        Misspelt { line, column, message: format!("YAML: {error}") }
    })?;
    let mut writer = Writer { lines: Vec::new() };
    match value {
        Value::Null => {}
        Value::Mapping(sections) => writer.sections(&sections)?,
        // an order that a map with one key for each kind cannot have
        Value::Sequence(list) if list.iter().all(Value::is_mapping) => {
            list.iter().filter_map(Value::as_mapping).try_for_each(|sections| writer.sections(sections))?;
        }
        _ => return Err(bad("", "sections are expected: global, defaults, frontends, backends, listens")),
    }
    Ok(writer.lines)
}

fn bad(path: &str, message: &str) -> Misspelt {
    let message =
        if path.is_empty() { format!("YAML: {message}") } else { format!("YAML: {path}: {message}") };
    Misspelt { line: 0, column: 0, message }
}

struct Writer {
    lines: Lines,
}

impl Writer {
    fn sections(&mut self, sections: &Mapping) -> Result<(), Misspelt> {
        for (key, value) in sections {
            let name = scalar(key).ok_or_else(|| bad("", "a section's keyword is expected"))?;
            let keyword = keyword(&name);
            match value {
                _ if matches!(keyword, "global" | "defaults" | "traces") => {
                    self.unnamed(keyword, &name, value)?
                }
                Value::Mapping(named) if SECTIONS.contains(&keyword) => self.named(keyword, &name, named)?,
                Value::Null => {}
                // the loader says, with a suggestion, that there is no such section
                _ if !SECTIONS.contains(&keyword) => self.line(&name, keyword.to_owned()),
                _ => return Err(bad(&name, "a map from names to sections is expected")),
            }
        }
        Ok(())
    }

    /// `global`, `defaults` and `traces`: the directives, or a list of such sections.
    fn unnamed(&mut self, keyword: &str, path: &str, value: &Value) -> Result<(), Misspelt> {
        match value {
            Value::Sequence(list) => {
                for (index, value) in list.iter().enumerate() {
                    self.unnamed(keyword, &format!("{path}[{index}]"), value)?;
                }
                Ok(())
            }
            Value::Mapping(body) => {
                let name = body.get("name").and_then(scalar).unwrap_or_default();
                self.section(keyword, path, &name, body, &["name", "from"])
            }
            Value::Null => self.section(keyword, path, "", &Mapping::new(), &[]),
            _ => Err(bad(path, "a map of directives is expected")),
        }
    }

    fn named(&mut self, keyword: &str, path: &str, sections: &Mapping) -> Result<(), Misspelt> {
        for (key, value) in sections {
            let name = scalar(key).ok_or_else(|| bad(path, "a section's name is expected"))?;
            let path = format!("{path}.{name}");
            match value {
                Value::Mapping(body) => self.section(keyword, &path, &name, body, &["from"])?,
                Value::Null => self.section(keyword, &path, &name, &Mapping::new(), &[])?,
                _ => return Err(bad(&path, "a map of directives is expected")),
            }
        }
        Ok(())
    }

    /// A section's line, then its directives; the keys in `special` belong to the line.
    fn section(
        &mut self,
        keyword: &str,
        path: &str,
        name: &str,
        body: &Mapping,
        special: &[&str],
    ) -> Result<(), Misspelt> {
        let mut line = keyword.to_owned();
        if !name.is_empty() {
            line.push_str(&format!(" {}", quoted(name)));
        }
        let from = special.contains(&"from").then(|| body.get("from").and_then(scalar)).flatten();
        if let Some(from) = from {
            line.push_str(&format!(" from {}", quoted(&from)));
        }
        self.line(path, line);
        for (key, value) in body {
            let key = scalar(key).ok_or_else(|| bad(path, "a keyword is expected"))?;
            if !special.contains(&key.as_str()) || (keyword == "global" && key == "name") {
                self.value(&format!("{path}.{key}"), &key, value)?;
            }
        }
        Ok(())
    }

    /// A value below a keyword that may already have several words.
    fn value(&mut self, path: &str, prefix: &str, value: &Value) -> Result<(), Misspelt> {
        match value {
            Value::Null | Value::Bool(true) => self.line(path, prefix.to_owned()),
            Value::Bool(false) => self.line(path, format!("no {prefix}")),
            Value::Sequence(list) => {
                for (index, value) in list.iter().enumerate() {
                    self.value(&format!("{path}[{index}]"), prefix, value)?;
                }
            }
            Value::Mapping(map) => {
                for (key, value) in map {
                    let key = scalar(key).ok_or_else(|| bad(path, "a word is expected as key"))?;
                    self.value(&format!("{path}.{key}"), &format!("{prefix} {key}"), value)?;
                }
            }
            Value::Tagged(_) => return Err(bad(path, "tags are not understood")),
            Value::Number(_) | Value::String(_) => {
                let text = scalar(value).unwrap_or_default();
                // a block of several lines is several directives of the same keyword
                for line in text.lines().filter(|line| !line.trim().is_empty()) {
                    self.line(path, format!("{prefix} {}", line.trim()));
                }
                if text.trim().is_empty() {
                    self.line(path, format!("{prefix} ''"));
                }
            }
        }
        Ok(())
    }

    fn line(&mut self, path: &str, line: String) {
        self.lines.push((path.to_owned(), line));
    }
}

/// `frontends` is the plural of `frontend`.
fn keyword(name: &str) -> &str {
    if SECTIONS.contains(&name) {
        return name;
    }
    name.strip_suffix('s').filter(|singular| SECTIONS.contains(singular)).unwrap_or(name)
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Null | Value::Sequence(_) | Value::Mapping(_) | Value::Tagged(_) => None,
    }
}

/// A name as one word, whatever it holds.
fn quoted(text: &str) -> String {
    if text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.:".contains(c)) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<String> {
        lines(text.as_bytes()).expect("it is YAML").into_iter().map(|(_, line)| line).collect()
    }

    #[test]
    fn scalars_lists_maps_and_booleans_are_directives() {
        let text = "
global: { maxconn: 20000, daemon: true }
defaults:
  mode: http
  timeout: { client: 30s, server: 30s }
  option: { dontlognull: false, httplog: true }
frontends:
  www:
    from: base
    bind: ['*:80', '*:443 ssl crt /etc/tls/']
    errorfile: { 503: /e/503.http }
  empty:
backends:
  app:
    server: { a: '127.0.0.1:1 check' }
    http-request: |
      deny if { path /x }
      set-header a b
";
        let expected = [
            "global",
            "maxconn 20000",
            "daemon",
            "defaults",
            "mode http",
            "timeout client 30s",
            "timeout server 30s",
            "no option dontlognull",
            "option httplog",
            "frontend www from base",
            "bind *:80",
            "bind *:443 ssl crt /etc/tls/",
            "errorfile 503 /e/503.http",
            "frontend empty",
            "backend app",
            "server a 127.0.0.1:1 check",
            "http-request deny if { path /x }",
            "http-request set-header a b",
        ];
        assert_eq!(read(text), expected);
    }

    #[test]
    fn several_defaults_are_a_list() {
        let text = "defaults: [{mode: http}, {name: tcp, mode: tcp}, {name: two, from: tcp}]";
        let expected = ["defaults", "mode http", "defaults tcp", "mode tcp", "defaults two from tcp"];
        assert_eq!(read(text), expected);
    }

    #[test]
    fn paths_name_the_places() {
        let lines = lines(b"frontends: {www: {bind: [a, b], timeout: {client: 1s}}}").unwrap();
        let labels: Vec<_> = lines.iter().map(|(label, _)| label.as_str()).collect();
        let expected = [
            "frontends.www",
            "frontends.www.bind[0]",
            "frontends.www.bind[1]",
            "frontends.www.timeout.client",
        ];
        assert_eq!(labels, expected);
    }

    #[test]
    fn what_is_no_yaml_has_line_and_column() {
        let error = lines(b"global:\n  maxconn: [1\nfrontends: }").unwrap_err();
        assert_eq!(error.line, 3);
        assert!(error.message.starts_with("YAML: "), "{}", error.message);
        for text in ["[1, 2]", "frontends: 3", "frontends: {a: 1}", "global: {a: !tag x}", "a: &a [*a]"] {
            assert!(lines(text.as_bytes()).is_err(), "{text}");
        }
    }
}
