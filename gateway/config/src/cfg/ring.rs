//! `ring` sections (configuration.txt 3.9).

use std::path::{Path, PathBuf};
use std::time::Duration;

use lang::{Diagnostic, Diagnostics, Word};

use super::named::{self, Form, Kind};
use super::{BACKEND, Context, Keyword, keyword, log, server};
use crate::draft::{Head, Proxy};
use crate::model::LogFormat;

/// A buffer's size where nothing is said, and the longest line's.
pub(crate) const SIZE: usize = 16384;

/// The lines of a section.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) description: Option<String>,
    pub(crate) format: LogFormat,
    pub(crate) max_length: usize,
    pub(crate) size: usize,
    pub(crate) backing_file: Option<PathBuf>,
    pub(crate) timeout_connect: Option<Duration>,
    pub(crate) timeout_server: Option<Duration>,
    /// Its servers, as those of a backend of this name.
    pub(crate) servers: Proxy,
}

impl Kind for Draft {
    #[rustfmt::skip]
    const KEYWORDS: &'static [Keyword<Self>] = &[
        keyword("backing-file")  .parse(backing_file),
        keyword("description")   .parse(description),
        keyword("format")        .parse(format),
        keyword("maxlen")        .parse(max_length),
        keyword("server")        .parse(|cx| cx.part(|ring| &mut ring.servers, server::server)),
        keyword("size")          .parse(size),
        keyword("timeout connect").parse(|cx| { cx.target.timeout_connect = timeout(cx)?; Ok(()) }),
        keyword("timeout server").parse(|cx| { cx.target.timeout_server = timeout(cx)?; Ok(()) }),
        keyword("timeout")       .family(other_timeout),
    ];
    const FORM: Form =
        Form::new("ring", "missing ring name.", |name, _| format!("sink named '{name}' already exists."))
            .lenient()
            .unknown(|word| Some(format!("unknown statement '{word}'.")));

    fn begin(head: &Head) -> Self {
        Self {
            description: None,
            format: LogFormat::Raw,
            max_length: SIZE,
            size: SIZE,
            backing_file: None,
            timeout_connect: None,
            timeout_server: None,
            servers: Proxy::new(BACKEND, &head.name, head.span, head.place.clone()),
        }
    }

    fn end(&mut self, head: &Head, notes: &mut Diagnostics) {
        if self.max_length > self.size {
            let message = format!(
                "ring '{}' event max length '{}' exceeds size, forced to size '{}'.",
                head.name, self.max_length, self.size
            );
            notes.warning(head.span, message);
            self.max_length = self.size;
        }
        let untimed = self.timeout_connect.is_none() || self.timeout_server.is_none();
        if untimed && !self.servers.servers.is_empty() {
            let message = format!(
                "missing timeouts for backend '{}'. While not properly invalid, you will certainly encounter various \
                 problems with such a configuration. To fix this, please ensure that all following timeouts are set \
                 to a non-zero value: 'client', 'connect', 'server'.",
                head.name
            );
            notes.warning(head.span, message);
        }
    }
}

fn description(cx: &mut Context<'_, Draft>) -> Result<(), Diagnostic> {
    let word = cx.word_or("missing ring description text.")?;
    cx.target.description = Some(word.text);
    cx.ignore_rest();
    Ok(())
}

fn format(cx: &mut Context<'_, Draft>) -> Result<(), Diagnostic> {
    let word = cx.word_or("unknown format ''.")?;
    let known = log::FORMATS.iter().find(|(name, _)| *name == word.text);
    let (_, format) = known.ok_or_else(|| {
        let meant = lang::suggest::nearest(&word.text, log::FORMATS.map(|(name, _)| name));
        Diagnostic::alert(word.span, format!("unknown format '{}'.", word.text)).suggest(meant)
    })?;
    cx.target.format = *format;
    cx.ignore_rest();
    Ok(())
}

/// HAProxy takes the digits that the word begins with: `32k` are 32 bytes.
fn bytes(cx: &mut Context<'_, Draft>) -> Result<(Word, usize), Diagnostic> {
    let word = cx.word_or("invalid size '' for new sink buffer.")?;
    let digits = word.text.bytes().take_while(u8::is_ascii_digit).count();
    let size = word.text.get(..digits).and_then(|text| text.parse().ok()).filter(|size| *size > 0);
    let size = size.ok_or_else(|| {
        Diagnostic::alert(word.span, format!("invalid size '{}' for new sink buffer.", word.text))
    })?;
    if digits != word.text.len() {
        let message = format!("'{}' : '{}' is read as {size}, as HAProxy does", cx.keyword, word.text);
        cx.notes.warning(word.span, message);
    }
    cx.ignore_rest();
    Ok((word, size))
}

fn max_length(cx: &mut Context<'_, Draft>) -> Result<(), Diagnostic> {
    cx.target.max_length = bytes(cx)?.1;
    Ok(())
}

fn size(cx: &mut Context<'_, Draft>) -> Result<(), Diagnostic> {
    let (word, size) = bytes(cx)?;
    if cx.target.backing_file.is_some() {
        let message = "cannot resize an already mapped file, please specify 'size' before 'backing-file'.";
        return Err(Diagnostic::alert(word.span, message));
    }
    if size < cx.target.size {
        let message = format!(
            "ignoring new size '{size}' that is smaller than current size '{}' for ring '{}'.",
            cx.target.size, cx.target.servers.name
        );
        return Err(Diagnostic::alert(word.span, message).hint("sizes are in bytes, without a unit"));
    }
    cx.target.size = size;
    Ok(())
}

fn backing_file(cx: &mut Context<'_, Draft>) -> Result<(), Diagnostic> {
    let ring = cx.target.servers.name.clone();
    let word =
        cx.word_or(&format!("cannot open backing-file '' for ring '{ring}': No such file or directory."))?;
    if let Some(known) = &cx.target.backing_file {
        let message =
            format!("'backing-file' already specified for ring '{ring}' (was '{}').", known.display());
        return Err(Diagnostic::alert(word.span, message));
    }
    let path = PathBuf::from(&word.text);
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !cx.world.files.is_dir(dir) {
        let message =
            format!("cannot open backing-file '{}' for ring '{ring}': No such file or directory.", word.text);
        return Err(Diagnostic::alert(word.span, message));
    }
    cx.target.backing_file = Some(path);
    cx.ignore_rest();
    Ok(())
}

fn timeout(cx: &mut Context<'_, Draft>) -> Result<Option<Duration>, Diagnostic> {
    let keyword = cx.keyword;
    let word = cx.word_or(&format!("'{keyword}' expects <time> as argument."))?;
    let time = named::time(&word, keyword)?;
    cx.ignore_rest();
    Ok(Some(time).filter(|time| !time.is_zero()))
}

/// Any other timeout is taken by HAProxy without a word.
fn other_timeout(cx: &mut Context<'_, Draft>) -> Result<(), Diagnostic> {
    let which = cx.words.peek_text().unwrap_or_default();
    let message = format!("'timeout {which}' is ignored : a ring has 'timeout connect' and 'timeout server'");
    cx.notes.warning(cx.span, message);
    cx.words.take_rest();
    Ok(())
}
