//! `cache` sections (configuration.txt 6.2).

use std::time::Duration;

use lang::{Diagnostic, Diagnostics, Word};

use super::named::{Form, Kind};
use super::{Context, Keyword, keyword};
use crate::draft::Head;
use crate::model::Cache;

/// The largest `total-max-size`, in megabytes.
const MAX_TOTAL: u64 = 4095;
/// A megabyte.
const MEGABYTE: u64 = 1 << 20;
/// What HAProxy calls the longest time that a response is kept where nothing is said.
pub(crate) const MAX_AGE: Duration = Duration::from_secs(60);
/// The kinds of one response that are kept where nothing is said.
pub(crate) const SECONDARY_ENTRIES: u32 = 10;
/// `max-object-size` where nothing is said: the whole divided by this.
pub(crate) const USUAL_SHARE: u64 = 256;

impl Kind for Cache {
    #[rustfmt::skip]
    const KEYWORDS: &'static [Keyword<Self>] = &[
        keyword("max-age")              .parse(max_age),
        keyword("max-object-size")      .parse(max_object_size),
        keyword("max-secondary-entries").parse(max_secondary_entries),
        keyword("process-vary")         .parse(process_vary),
        keyword("total-max-size")       .parse(total_max_size),
    ];
    const FORM: Form = Form::new("cache", "'cache' expects a <name> argument", |name, _| {
        format!("Duplicate cache name '{name}'.")
    })
    .any_name();

    fn begin(head: &Head) -> Self {
        Self {
            name: head.name.clone(),
            total_max_size: 0,
            max_object_size: 0,
            max_age: MAX_AGE,
            process_vary: false,
            max_secondary_entries: SECONDARY_ENTRIES,
            place: head.place.clone(),
        }
    }

    fn end(&mut self, head: &Head, notes: &mut Diagnostics) {
        if self.total_max_size == 0 {
            let hint = "write a line 'total-max-size MEGABYTES'";
            let message = format!("Size not specified for cache '{}'", self.name);
            return notes.push(Diagnostic::alert(head.span, message).hint(hint));
        }
        let half = self.total_max_size / 2;
        match self.max_object_size {
            0 => self.max_object_size = self.total_max_size / USUAL_SHARE,
            size if size > half => {
                let message =
                    format!("\"max-object-size\" is limited to an half of \"total-max-size\" => {half}");
                notes.alert(head.span, message);
            }
            _ => {}
        }
    }
}

/// The line's number, which takes all of its word. HAProxy warns of another and then refuses the file.
fn number(cx: &mut Context<'_, Cache>) -> Result<(Word, u64), Diagnostic> {
    let keyword = cx.keyword;
    let word = cx.word_or(&format!("{keyword} wrong value ''"))?;
    match word.text.parse() {
        Ok(number) => Ok((word, number)),
        Err(_) => Err(Diagnostic::alert(word.span, format!("{keyword} wrong value '{}'", word.text))),
    }
}

fn total_max_size(cx: &mut Context<'_, Cache>) -> Result<(), Diagnostic> {
    let (word, megabytes) = number(cx)?;
    if megabytes > MAX_TOTAL {
        let message = format!("\"total-max-size\" ({}) must not be greater than {MAX_TOTAL}", word.text);
        return Err(Diagnostic::alert(word.span, message));
    }
    cx.target.total_max_size = megabytes * MEGABYTE;
    Ok(())
}

fn max_object_size(cx: &mut Context<'_, Cache>) -> Result<(), Diagnostic> {
    let (word, size) = number(cx)?;
    if size > u64::from(u32::MAX) {
        return Err(Diagnostic::alert(word.span, format!("max-object-size wrong value '{}'", word.text)));
    }
    cx.target.max_object_size = size;
    Ok(())
}

/// HAProxy reads the digits that the word begins with, and nothing as nothing.
fn max_age(cx: &mut Context<'_, Cache>) -> Result<(), Diagnostic> {
    let Some(word) = cx.words.next() else {
        cx.notes.warning(cx.span, "'max-age' expects an age parameter in seconds.");
        return Ok(());
    };
    let digits = word.text.bytes().take_while(u8::is_ascii_digit).count();
    let seconds: u32 = word.text.get(..digits).and_then(|text| text.parse().ok()).unwrap_or_default();
    if digits != word.text.len() {
        let message = format!("'max-age' : '{}' is read as {seconds} seconds, as HAProxy does", word.text);
        cx.notes.warning(word.span, message);
    }
    cx.target.max_age = Duration::from_secs(seconds.into());
    Ok(())
}

fn process_vary(cx: &mut Context<'_, Cache>) -> Result<(), Diagnostic> {
    let word = cx.words.next();
    match word.map(|word| word.text.as_str()) {
        Some("on") => cx.target.process_vary = true,
        Some("off") => cx.target.process_vary = false,
        _ => {
            let at = word.map_or(cx.span, |word| word.span);
            let message = "'process-vary' expects \"on\" or \"off\" (enable or disable vary processing).";
            cx.notes.warning(at, message);
        }
    }
    Ok(())
}

fn max_secondary_entries(cx: &mut Context<'_, Cache>) -> Result<(), Diagnostic> {
    let (word, entries) = number(cx)?;
    cx.target.max_secondary_entries =
        u32::try_from(entries).ok().filter(|entries| *entries > 0).ok_or_else(|| {
            Diagnostic::alert(word.span, format!("max-secondary-entries wrong value '{}'", word.text))
        })?;
    Ok(())
}
