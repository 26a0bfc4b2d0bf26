//! Flags and values of an ACL: `-i -m beg -f file -- value …`.

use std::sync::Arc;

use lang::{Diagnostic, Span, Word, Words};

use super::{Matcher, Method};
use crate::pattern::{Columns, Key, NOT_EQUAL, Operators, Reference, View};
use crate::{Expr, Scope, Type};

/// What the flags in front of the values said.
#[derive(Default)]
struct Flags<'a> {
    method: Option<Method>,
    ignore_case: bool,
    /// Files have a second column, which does not count.
    map: bool,
    /// The number that the reference is given.
    id: Option<u32>,
    files: Vec<File<'a>>,
    /// `--` was said.
    ended: bool,
}

/// `-f`, with the flags in front of it.
struct File<'a> {
    name: &'a Word,
    ignore_case: bool,
    columns: Columns,
}

pub(super) fn parse(
    expr: &Expr,
    criterion: &str,
    implied: Option<Method>,
    words: &mut Words<'_>,
    scope: &Scope<'_>,
) -> Result<Matcher, Diagnostic> {
    let keyword = criterion.split(['(', ',']).next().unwrap_or_default();
    let start = words.here();
    let mut flags = Flags::default();
    while flag(&mut flags, words)? {}
    let method = flags.method.or(implied).or(Method::default_for(expr.kind())).ok_or_else(|| {
        Diagnostic::alert(start, format!("matching method must be specified first (using '-m') when using a sample fetch of this type ('{keyword}')"))
    })?;
    if !method.takes(expr.kind()) {
        let (method, keyword) = (method.name(), expr.fetch().name);
        let text = format!("matching method '{method}' cannot be used with fetch keyword '{keyword}'");
        return Err(Diagnostic::alert(start, text));
    }
    if flags.method.is_none() && flags.files.is_empty() && !flags.ended && words.is_empty() {
        warn_of_none(method, criterion, start, scope);
    }
    let folds = flags.ignore_case || flags.files.iter().any(|file| file.ignore_case);
    let unnamed = flags.method.or(implied).is_none();
    let method = if unnamed && folds && expr.kind() == Type::Method { Method::Http } else { method };
    let dotted = expr.fetch().name == "req.ssl_ver" && !expr.is_converted();
    let key = Key { method, fold: false, dotted };
    let mut views = Vec::new();
    for file in &flags.files {
        views.push(from_file(file, key, scope)?);
    }
    let key = Key { fold: flags.ignore_case, ..key };
    views.extend(from_line(keyword, words.take_rest(), key, flags.id, scope)?);
    Ok(Matcher { method, views, epoch: scope.patterns.epoch() })
}

/// An ACL that compares with nothing never matches.
fn warn_of_none(method: Method, criterion: &str, at: Span, scope: &Scope<'_>) {
    if method != Method::Bool {
        let message = format!(
            "parsing acl keyword '{criterion}' : no pattern to match against were provided, so this ACL will never \
             match. If this is what you intended, please add '--' to get rid of this warning. If you intended to match \
             only for existence, please use '-m found'. If you wanted to force an int to match as a bool, please use \
             '-m bool'."
        );
        scope.warn(Diagnostic::warning(at, message));
    }
}

/// The patterns of a file, which all its users share.
fn from_file(file: &File<'_>, key: Key, scope: &Scope<'_>) -> Result<Arc<View>, Diagnostic> {
    let fail = |why| crate::regex::refusal(file.name.span, why);
    let reference = scope.patterns.read(&file.name.text, file.columns, scope).map_err(fail)?;
    reference.used_by(if file.columns == Columns::Two { "map" } else { "acl" }, scope.position());
    reference.view(Key { fold: file.ignore_case, ..key }).map_err(|(_, why)| fail(why))
}

/// The patterns on the line, which have a reference of their own.
fn from_line(
    keyword: &str,
    values: &[Word],
    key: Key,
    id: Option<u32>,
    scope: &Scope<'_>,
) -> Result<Option<Arc<View>>, Diagnostic> {
    let reference = scope.patterns.inline(keyword, scope);
    if let Some(id) = id {
        reference.number(id);
    }
    let used = match key.method {
        // they compare with nothing
        Method::Found | Method::Bool => return Ok(None),
        Method::Int | Method::Len => numbers(&reference, values, key.dotted, scope)?,
        _ => {
            values.iter().for_each(|word| reference.push(&word.text));
            values.iter().collect()
        }
    };
    reference.view(key).map(Some).map_err(|(at, why)| {
        crate::regex::refusal(used.get(at).map(|word| word.span).unwrap_or_default(), why)
    })
}

/// Adds what numbers and operators mean; the words that are left of them.
fn numbers<'a>(
    reference: &Reference,
    values: &'a [Word],
    dotted: bool,
    scope: &Scope<'_>,
) -> Result<Vec<&'a Word>, Diagnostic> {
    let mut operators = Operators::new(dotted);
    let mut used = Vec::new();
    for word in values {
        if word.text == NOT_EQUAL {
            let warning = Diagnostic::warning(word.span, "'ne' is read as 'eq', as HAProxy does");
            scope.warn(warning.hint("write 'eq', and '!' before the name of the ACL where it is used"));
        }
        let spelled = operators.spell(&word.text).map_err(|why| Diagnostic::alert(word.span, why))?;
        if let Some(text) = spelled {
            reference.push(&text);
            used.push(word);
        }
    }
    Ok(used)
}

/// Reads one flag; false when the values begin.
fn flag<'a>(flags: &mut Flags<'a>, words: &mut Words<'a>) -> Result<bool, Diagnostic> {
    let Some(word) = words.peek().filter(|word| word.text.starts_with('-') && word.text.len() == 2) else {
        return Ok(false);
    };
    let known = matches!(word.text.as_str(), "-i" | "-n" | "-M" | "-u" | "-f" | "-m" | "--");
    if !known {
        // `-5` is a number, `-x` a text that begins with a dash
        return if word.text.as_bytes()[1].is_ascii_digit() {
            Ok(false)
        } else {
            Err(Diagnostic::alert(
                word.span,
                format!(
                    "'{}' is not a valid ACL option. Please use '--' before any pattern beginning with a '-'",
                    word.text
                ),
            ))
        };
    }
    words.next();
    match word.text.as_str() {
        "-i" => flags.ignore_case = true,
        "-u" => flags.id = Some(id(words)?),
        "-f" => {
            let missing = words.error("failed to open pattern file <>");
            let name = words.next().ok_or(missing)?;
            let columns = if flags.map { Columns::Two } else { Columns::One };
            flags.files.push(File { name, ignore_case: flags.ignore_case, columns });
        }
        "-m" => flags.method = Some(method(words, flags)?),
        "--" => {
            flags.ended = true;
            return Ok(false);
        }
        "-M" => flags.map = true,
        // `-n`: names are never resolved while loading in any case
        _ => {}
    }
    Ok(true)
}

fn id(words: &mut Words<'_>) -> Result<u32, Diagnostic> {
    let word = words.expect("a unique id")?;
    let bad = |_| Diagnostic::alert(word.span, "the argument of -u must be an integer");
    word.text.parse().map_err(bad)
}

fn method(words: &mut Words<'_>, flags: &Flags<'_>) -> Result<Method, Diagnostic> {
    let missing = words.error("unknown matching method '' when parsing ACL expression");
    let word = words.next().ok_or(missing)?;
    if !flags.files.is_empty() {
        return Err(Diagnostic::alert(
            word.span,
            "'-m' must only be specified before patterns and files in parsing ACL expression",
        ));
    }
    Method::find(&word.text).ok_or_else(|| {
        let text = format!("unknown matching method '{}' when parsing ACL expression", word.text);
        Diagnostic::alert(word.span, text).suggest(lang::suggest::nearest(&word.text, Method::names()))
    })
}
