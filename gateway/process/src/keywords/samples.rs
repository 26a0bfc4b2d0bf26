//! `-dKsmp`, `-dKcnv`, `-dKacl`: what expressions are made of, with arguments, types, and the places where it is legal.

use std::fmt::Write as _;
use std::iter;

use super::headed;

/// `path_beg = path -m beg`.
pub(super) fn acls() -> String {
    headed(
        "ACL keywords",
        expr::aliases().map(|(name, fetch, method)| format!("{name} = {fetch} -m {method}")).collect(),
    )
}

/// `word(integer,string[,integer]): str => str`; HAProxy puts the type that comes out first. Those that nothing
/// evaluates yet are listed by their name alone.
pub(super) fn converters() -> String {
    let line = |row: &expr::convert::Convert| {
        format!("{}{}: {} => {}", row.name, row.signature(), row.output.name(), row.input.name())
    };
    let later = expr::convert::later().map(|(name, _)| name.to_owned());
    headed("sample converter functions", expr::convert::all().map(line).chain(later).collect())
}

/// `[ . . Y … ] req.hdr([string,integer]): str`, below HAProxy's drawing of what the columns are. Those that nothing
/// evaluates yet are listed by their name, legal nowhere.
pub(super) fn fetches() -> String {
    let here = expr::fetch::all().flat_map(|row| {
        let names = iter::once(row.name).chain(row.aliases.iter().copied());
        names.map(|name| {
            let line = format!("{name}{}: {}", row.signature(), row.listed_type());
            (name, columns(row.phases.places()) + &line)
        })
    });
    let nowhere = || columns(expr::PLACES.iter().map(|_| false));
    let later = expr::fetch::later().map(|(name, _)| (name, nowhere() + name));
    let mut lines: Vec<(&str, String)> = here.chain(later).collect();
    lines.sort_unstable();
    let lines: Vec<String> = lines.into_iter().map(|(_, line)| line).collect();
    format!("# List of registered sample fetch functions:\n{}{}\n", drawing(), lines.join("\n"))
}

fn columns(places: impl Iterator<Item = bool>) -> String {
    let marks: String = places.map(|legal| if legal { "Y " } else { ". " }).collect();
    format!("[ {marks}] ")
}

/// A slanted line from each place's name down to its column.
fn drawing() -> String {
    let count = expr::PLACES.len();
    let mut out = String::new();
    for (at, (_, name, _)) in expr::PLACES.iter().enumerate() {
        let (left, right) = (" ".repeat(count - at + 1), "-".repeat(count - at));
        let _ = writeln!(out, "#{left}{}_.{right} {name}", "/ ".repeat(at));
    }
    let _ = writeln!(out, "# {}\n# {}", "/ ".repeat(count), "| ".repeat(count));
    out
}
