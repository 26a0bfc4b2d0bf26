//! Flags and values of an ACL: `-i -m beg -f file -- value …`.

use std::path::Path;

use lang::{Diagnostic, Span, Word, Words};
use regex::bytes::{RegexSet, RegexSetBuilder};

use super::bytes::Blocks;
use super::number::{self, Networks, Ranges};
use super::text::Texts;
use super::{Expressions, How, Matcher, Method, Pattern, is_known};
use crate::regex::{compile, translate};
use crate::{Expr, Scope, Type};

/// The largest file of patterns that is read.
const MAX_FILE: u64 = 256 << 20;
/// What a set of expressions may take when compiled.
const MAX_REGEX: usize = 256 << 20;

/// What the flags in front of the values said.
#[derive(Default)]
struct Flags {
    method: Option<Method>,
    ignore_case: bool,
    /// Files have a second column, which does not count.
    map: bool,
    patterns: Vec<(Pattern, Span)>,
}

pub(super) fn parse(
    expr: &Expr,
    implied: Option<Method>,
    words: &mut Words<'_>,
    scope: &Scope<'_>,
) -> Result<Matcher, Diagnostic> {
    let start = words.here();
    let mut flags = Flags::default();
    while flag(&mut flags, words, scope)? {}
    let method = flags.method.or(implied).or(Method::default_for(expr.kind())).ok_or_else(|| {
        Diagnostic::alert(start, format!("matching method must be specified first (using '-m') when using a sample fetch of this type ('{}')", expr.kind().name()))
    })?;
    if !method.takes(expr.kind()) {
        return Err(Diagnostic::alert(
            start,
            format!(
                "matching method '{}' cannot be used with fetch keyword '{}'",
                method.name(),
                expr.fetch().name
            ),
        ));
    }
    let ignore_case = flags.ignore_case;
    let mut patterns = flags.patterns;
    let values = words.take_rest();
    match method {
        Method::Int | Method::Len => {
            let dotted = expr.fetch().name == "req.ssl_ver" && !expr.is_converted();
            return numbers(method, Ranges::new(dotted), values, &patterns);
        }
        Method::Found | Method::Bool => {}
        _ => patterns.extend(values.iter().map(|word| pattern(word, ignore_case))),
    }
    let unnamed = flags.method.or(implied).is_none();
    let folded = patterns.iter().any(|(pattern, _)| pattern.ignore_case);
    let method = if unnamed && folded && expr.kind() == Type::Method { Method::Http } else { method };
    let how = compile_all(method, &patterns)?;
    Ok(Matcher { method, patterns: patterns.into_iter().map(|(pattern, _)| pattern).collect(), how })
}

fn pattern(word: &Word, ignore_case: bool) -> (Pattern, Span) {
    (Pattern { text: word.text.clone(), ignore_case }, word.span)
}

/// Reads one flag; false when the values begin.
fn flag(flags: &mut Flags, words: &mut Words<'_>, scope: &Scope<'_>) -> Result<bool, Diagnostic> {
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
        "-u" => drop(words.expect("a unique id")?),
        "-f" => {
            let file = words.expect("a file name")?;
            let map = flags.map;
            let first = |line: String| match line.split_once([' ', '\t']) {
                Some((pattern, _)) if map => pattern.to_owned(),
                _ => line,
            };
            let lines = read(file, scope)?;
            flags.patterns.extend(
                lines
                    .into_iter()
                    .map(first)
                    .map(|text| (Pattern { text, ignore_case: flags.ignore_case }, file.span)),
            );
        }
        "-m" => flags.method = Some(method(words, flags)?),
        "--" => return Ok(false),
        "-M" => flags.map = true,
        // `-n`: names are never resolved while loading in any case
        _ => {}
    }
    Ok(true)
}

fn method(words: &mut Words<'_>, flags: &Flags) -> Result<Method, Diagnostic> {
    let word = words.expect("a matching method")?;
    if !flags.patterns.is_empty() {
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

/// The lines of a file of patterns; empty ones and comments do not count.
fn read(file: &Word, scope: &Scope<'_>) -> Result<Vec<String>, Diagnostic> {
    let name = &file.text;
    let bytes = scope.files.read(Path::new(name), MAX_FILE).map_err(|error| {
        Diagnostic::alert(file.span, format!("failed to open pattern file <{name}> ({error})"))
    })?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Diagnostic::alert(file.span, format!("pattern file <{name}> is no text")))?;
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let trimmed = lines.map(|line| line.trim_start_matches([' ', '\t']).trim_end_matches('\r'));
    Ok(trimmed.filter(|line| !line.is_empty()).map(str::to_owned).collect())
}

fn numbers(
    method: Method,
    mut ranges: Ranges,
    values: &[Word],
    from_files: &[(Pattern, Span)],
) -> Result<Matcher, Diagnostic> {
    let mut patterns = Vec::new();
    let files = from_files.iter().map(|(pattern, span)| (pattern.text.as_str(), *span));
    for (text, span) in files {
        ranges.add(text).map_err(|why| Diagnostic::alert(span, why))?;
        patterns.push(text.to_owned());
    }
    for word in values {
        ranges.add(&word.text).map_err(|why| Diagnostic::alert(word.span, why))?;
        patterns.push(word.text.clone());
    }
    ranges.finish();
    let how = if method == Method::Len { How::Len(ranges) } else { How::Ints(ranges) };
    let patterns = patterns.into_iter().map(|text| Pattern { text, ignore_case: false }).collect();
    Ok(Matcher { method, patterns, how })
}

fn compile_all(method: Method, patterns: &[(Pattern, Span)]) -> Result<How, Diagnostic> {
    match method {
        Method::Found => Ok(How::Found),
        Method::Bool => Ok(How::Bool),
        Method::Ip => networks(patterns).map(How::Ip),
        Method::Bin => blocks(patterns).map(How::Bin),
        Method::Reg => expressions(patterns).map(How::Reg),
        Method::Str | Method::Beg | Method::End | Method::Sub | Method::Dir | Method::Dom => {
            Ok(How::Text(Texts::new(method, patterns.iter().map(|(pattern, _)| pattern))))
        }
        Method::Http => {
            let (known, others): (Vec<_>, Vec<_>) =
                patterns.iter().map(|(pattern, _)| pattern).partition(|p| is_known(p.text.as_bytes()));
            let texts = |list: Vec<&Pattern>| Texts::new(Method::Str, list.into_iter());
            Ok(How::Http(texts(known), texts(others)))
        }
        Method::Int | Method::Len => unreachable!("numbers are read before"),
    }
}

fn networks(patterns: &[(Pattern, Span)]) -> Result<Networks, Diagnostic> {
    let parse = |(pattern, span): &(Pattern, Span)| {
        number::network(&pattern.text).ok_or_else(|| {
            Diagnostic::alert(*span, format!("'{}' is not a valid IPv4 or IPv6 address", pattern.text))
        })
    };
    patterns.iter().map(parse).collect::<Result<Vec<_>, _>>().map(Networks::new)
}

fn blocks(patterns: &[(Pattern, Span)]) -> Result<Blocks, Diagnostic> {
    let parse = |(pattern, span): &(Pattern, Span)| {
        crate::convert::unhex(pattern.text.as_bytes()).ok_or_else(|| {
            Diagnostic::alert(*span, format!("an hex digit is expected in '{}'", pattern.text))
        })
    };
    patterns.iter().map(parse).collect::<Result<Vec<_>, _>>().map(Blocks::new)
}

fn expressions(patterns: &[(Pattern, Span)]) -> Result<Expressions, Diagnostic> {
    // each alone first, for the message
    for (pattern, span) in patterns {
        let regex =
            compile(&pattern.text, pattern.ignore_case).map_err(|why| Diagnostic::alert(*span, why))?;
        if patterns.len() == 1 {
            return Ok(Expressions::One(Box::new(regex)));
        }
    }
    let place = patterns.first().map(|(_, span)| *span).unwrap_or_default();
    regex_set(patterns.iter().map(|(pattern, _)| pattern))
        .map(Expressions::Many)
        .map_err(|why| Diagnostic::alert(place, why))
}

/// All expressions as one set.
pub(crate) fn regex_set<'a>(patterns: impl Iterator<Item = &'a Pattern>) -> Result<RegexSet, String> {
    let spelled = patterns.map(|pattern| {
        let text = translate(&pattern.text);
        if pattern.ignore_case { format!("(?i:{text})") } else { text }
    });
    RegexSetBuilder::new(spelled)
        .unicode(false)
        .size_limit(MAX_REGEX)
        .build()
        .map_err(|error| error.to_string())
}
