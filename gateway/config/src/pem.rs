//! Files of certificates, judged while a configuration is read (configuration.txt 5.1, `crt`, `crt-list`, `ca-file`).
//!
//! What stands in them is looked at as far as it can be without cryptography: that there is a certificate and a key
//! for it. Whether the two belong together is judged where they are used.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use lang::{Diagnostic, Diagnostics, Words};

use crate::cfg::bind::{self, CRT_LIST, INDEX};
use crate::cfg::{Context, Label, Prefix, Told, World, run_options};
use crate::draft::{NamedFile, Proxy, Purpose};
use crate::model::{BindTls, CrtListEntry, Global};

/// The most bytes that are read of one file: a bundle of all public authorities takes a quarter of a megabyte.
const MAX_FILE: u64 = 16 << 20;
/// The most lines that a `crt-list` may have.
const MAX_LINES: usize = 100_000;

/// Endings of files that stand beside certificates.
const BESIDE: &[&str] = &["key", "ocsp", "issuer", "sctl"];
/// A certificate `NAME` may stand in these files instead, one for each kind of key.
const BUNDLE: &[&str] = &["rsa", "ecdsa", "dsa"];

/// What lines of `crt-list` files say, by file.
pub(crate) type Lists = HashMap<PathBuf, Vec<CrtListEntry>>;

/// Judges the files that a section names, and reads its `crt-list` files.
pub(crate) fn judge(proxy: &Proxy, global: &Global, world: World<'_>, notes: &mut Diagnostics) -> Lists {
    let mut lists = Lists::new();
    for file in &proxy.files {
        let judging = Judging { file, global, world };
        let result = match file.purpose {
            Purpose::Certificate => judging.certificates(&based(&file.file, global.crt_base.as_deref())),
            Purpose::CrtList => judging.crt_list(notes).map(|entries| {
                lists.insert(file.file.clone(), entries);
            }),
            Purpose::Authorities | Purpose::Revocations => {
                judging.authorities(&based(&file.file, global.ca_base.as_deref()))
            }
            Purpose::TicketKeys => judging.ticket_keys(),
            Purpose::Signing => judging.signing(proxy),
        };
        notes.note(result);
    }
    lists
}

/// A name below its base directory.
fn based(file: &Path, base: Option<&Path>) -> PathBuf {
    base.map_or_else(|| file.to_owned(), |base| base.join(file))
}

fn ended(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(end);
    PathBuf::from(name)
}

/// The system's text without Rust's ` (os error N)`.
fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

/// One word that names a file.
struct Judging<'a> {
    file: &'a NamedFile,
    global: &'a Global,
    world: World<'a>,
}

impl Judging<'_> {
    fn bad(&self, why: impl std::fmt::Display) -> Diagnostic {
        Diagnostic::alert(self.file.span, format!("{}{why}", self.file.label))
    }

    fn read(&self, path: &Path) -> std::io::Result<Vec<u8>> {
        self.world.files.read(path, MAX_FILE)
    }

    /// A certificate's file, those that share its name, or all files of a directory.
    fn certificates(&self, path: &Path) -> Result<(), Diagnostic> {
        let files = self.world.files;
        // a certificate of a `crt-store`, which is judged there
        if self.file.file.as_os_str().as_encoded_bytes().starts_with(b"@") {
            return Ok(());
        }
        if files.is_dir(path) {
            let list = files.list(path).map_err(|error| {
                self.bad(format_args!("unable to scan directory '{}' : {}.", path.display(), plain(&error)))
            })?;
            let mut list: Vec<PathBuf> = list.into_iter().filter(|file| is_certificate(file)).collect();
            list.sort();
            return list
                .iter()
                .filter(|file| !files.is_dir(file))
                .try_for_each(|file| self.certificate(file));
        }
        if files.exists(path) {
            return self.certificate(path);
        }
        let bundle: Vec<PathBuf> = BUNDLE.iter().map(|end| ended(path, end)).collect();
        let mut bundle = bundle.into_iter().filter(|file| files.exists(file)).peekable();
        if bundle.peek().is_none() {
            let path = path.display();
            return Err(self.bad(format_args!(
                "unable to stat SSL certificate from file '{path}' : No such file or directory."
            )));
        }
        bundle.try_for_each(|file| self.certificate(&file))
    }

    /// One file: a certificate in it, a key in it or beside it.
    fn certificate(&self, path: &Path) -> Result<(), Diagnostic> {
        let shown = path.display();
        let text = self.read(path).map_err(|error| {
            self.bad(format_args!("unable to load certificate from file '{shown}' : {}.", plain(&error)))
        })?;
        if !holds(&text, CERTIFICATE) {
            return Err(self
                .bad(format_args!("unable to load certificate from file '{shown}'."))
                .hint("the file holds no certificate in PEM form"));
        }
        let beside = [ended(path, "key"), path.with_extension("key")];
        let has_key = |file: &PathBuf| file != path && self.read(file).is_ok_and(|text| holds(&text, KEY));
        if holds(&text, KEY) || beside.iter().any(has_key) {
            return Ok(());
        }
        let [key, _] = beside;
        let message = format!("No Private Key found in '{}'.", key.display());
        Err(self.bad(message).hint("put the key into the file of the certificate, or beside it"))
    }

    /// `ca-sign-file`: a certificate with its key, looked at where certificates are made.
    fn signing(&self, proxy: &Proxy) -> Result<(), Diagnostic> {
        let named =
            |tls: &BindTls| tls.generate_certificates && tls.ca_sign_file.as_ref() == Some(&self.file.file);
        let bind = proxy.binds.iter().find(|bind| bind.tls.as_ref().is_some_and(named));
        let Some(bind) = bind else { return Ok(()) };
        let path = &self.file.file;
        let shown = path.display();
        let missing = |_| format!("cannot open the file '{shown}'.");
        let why = match self.read(path).map_err(missing) {
            Err(why) => why,
            Ok(text) if !holds(&text, CERTIFICATE) => format!("no start line in '{shown}'."),
            Ok(text) if holds(&text, KEY) => return Ok(()),
            Ok(_) => format!("No Private Key found in '{}'.", ended(path, "key").display()),
        };
        let message = format!(
            "Proxy '{}': Failed to read CA certificate file '{shown}' at [{}]. Chain loading failed: {why}",
            proxy.name, bind.place
        );
        Err(Diagnostic::alert(self.file.span, message))
    }

    /// `ca-file`, `ca-verify-file`, `crl-file`: a file, a directory, or `@system-ca`.
    fn authorities(&self, path: &Path) -> Result<(), Diagnostic> {
        let shown = path.display();
        let keyword = self.file.keyword;
        if self.file.file == Path::new("@system-ca") || self.world.files.is_dir(path) {
            return Ok(());
        }
        let reason = match self.read(path) {
            Err(error) => plain(&error),
            Ok(text) if holds(&text, CERTIFICATE) || holds(&text, REVOCATIONS) => return Ok(()),
            Ok(_) => "no certificate or crl found".to_owned(),
        };
        let opening = format!("ouldn't open the ca-file '{shown}' ({reason})");
        let loading = format!("'{keyword}' : unable to load {shown}");
        // HAProxy says both, each in a line of its own; the first one of a server has the place
        match self.file.label.starts_with("'server") {
            true => Err(self.bad(format_args!("C{opening}.")).hint(loading)),
            false => Err(self.bad(loading).hint(format!("c{opening}"))),
        }
    }

    /// Keys of 48 or 80 bytes in base64, one on each line; three at least.
    fn ticket_keys(&self) -> Result<(), Diagnostic> {
        let shown = self.file.file.display();
        let text = self
            .read(&self.file.file)
            .map_err(|_| self.bad(format_args!("'{shown}' : unable to load ssl tickets keys file")))?;
        let text = String::from_utf8_lossy(&text);
        let mut keys = 0;
        for (line, key) in (1..).zip(text.lines()) {
            let legal = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte));
            let length = key.len() / 4 * 3 - key.bytes().rev().take_while(|byte| *byte == b'=').count();
            if !legal || key.len() % 4 != 0 || !matches!(length, 48 | 80) {
                let what = if legal { "wrong sized key" } else { "unable to decode base64 key" };
                return Err(self.bad(format_args!("'{shown}' : {what} on line {line}")));
            }
            keys += 1;
        }
        match keys {
            0..3 => {
                Err(self
                    .bad(format_args!("'{shown}' : please supply at least 3 keys in the tls-tickets-file")))
            }
            _ => Ok(()),
        }
    }

    /// The lines of a `crt-list`.
    fn crt_list(&self, notes: &mut Diagnostics) -> Result<Vec<CrtListEntry>, Diagnostic> {
        let path = based(&self.file.file, self.global.crt_base.as_deref());
        let text = self.read(&path).or_else(|_| self.read(&self.file.file)).map_err(|error| {
            self.bad(format_args!(
                "'crt-list' : cannot open file '{}' : {}",
                self.file.file.display(),
                plain(&error)
            ))
        })?;
        let text = String::from_utf8_lossy(&text);
        let mut entries = Vec::new();
        for (number, line) in (1..=MAX_LINES).zip(text.lines()) {
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.is_empty() {
                continue;
            }
            entries.push(self.entry(line, number, notes)?);
        }
        Ok(entries)
    }

    fn entry(&self, line: &str, number: usize, notes: &mut Diagnostics) -> Result<CrtListEntry, Diagnostic> {
        let bad = |why: String| {
            self.bad(format_args!("'crt-list' : parsing [{}:{number}]: {why}", self.file.file.display()))
        };
        let (file, rest) = line.split_once(|c: char| c.is_whitespace()).unwrap_or((line, ""));
        let rest = rest.trim_start();
        let (settings, names) = match rest.strip_prefix('[') {
            Some(inner) => inner.split_once(']').unwrap_or((inner, "")),
            None => ("", rest),
        };
        if names.contains('[') {
            return Err(bad("too many '['".to_owned()));
        }
        if names.contains(']') {
            return Err(bad("missing '['".to_owned()));
        }
        let certificate = PathBuf::from(file);
        let settings = self.settings(settings, &bad, notes)?;
        self.certificates(&based(&certificate, self.global.crt_base.as_deref()))
            .map_err(|error| self.within_list(error))?;
        let names = names.split_whitespace().map(str::to_owned).collect();
        Ok(CrtListEntry { certificate, settings, names })
    }

    fn within_list(&self, error: Diagnostic) -> Diagnostic {
        let why = error.message.strip_prefix(&self.file.label).unwrap_or(&error.message).to_owned();
        Diagnostic { message: format!("{}'crt-list' : {why}", self.file.label), ..error }
    }

    /// The words in brackets, read as those of a `bind` line are.
    fn settings(
        &self,
        text: &str,
        bad: &dyn Fn(String) -> Diagnostic,
        notes: &mut Diagnostics,
    ) -> Result<BindTls, Diagnostic> {
        let mut words = lang::lex_line(text).unwrap_or_default();
        words.iter_mut().for_each(|word| word.span = self.file.span);
        self.check_words(&words, bad)?;
        let mut line = bind::Line::default();
        let mut told = Told::new();
        let mut cx = Context {
            target: &mut line,
            words: Words::new(&words, self.file.span),
            keyword: "crt-list",
            argument: "",
            span: self.file.span,
            prefix: Prefix::None,
            world: self.world,
            notes,
            told: &mut told,
            place: String::new(),
        };
        let label = Label::new(format!("{}'crt-list' : ", self.file.label));
        run_options(&INDEX, &mut cx, &label)?;
        for file in &line.files {
            let file = NamedFile { label: self.file.label.clone(), ..file.clone() };
            let judging = Judging { file: &file, ..*self };
            judging.authorities(&based(&file.file, self.global.ca_base.as_deref()))?;
        }
        Ok(line.tls)
    }

    /// Only some of the options of `bind` are known in brackets.
    fn check_words(
        &self,
        words: &[lang::Word],
        bad: &dyn Fn(String) -> Diagnostic,
    ) -> Result<(), Diagnostic> {
        let mut rest = words;
        while let Some((word, after)) = rest.split_first() {
            let keyword = word.text.as_str();
            let Some((_, takes)) = CRT_LIST.iter().find(|(known, _)| *known == keyword) else {
                let error = bad(format!("unknown ssl keyword {keyword}"));
                let names = CRT_LIST.iter().map(|(known, _)| *known);
                return Err(error.suggest(lang::suggest::nearest(keyword, names)));
            };
            rest = after.get(*takes..).ok_or_else(|| bad(format!("ssl args out of '[]' for {keyword}")))?;
        }
        Ok(())
    }
}

fn is_certificate(file: &Path) -> bool {
    let hidden = file.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    let beside = file.extension().is_some_and(|end| BESIDE.iter().any(|beside| end == *beside));
    !hidden && !beside
}

const CERTIFICATE: &[&str] = &["CERTIFICATE", "TRUSTED CERTIFICATE", "X509 CERTIFICATE"];
const KEY: &[&str] =
    &["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY", "ENCRYPTED PRIVATE KEY"];
const REVOCATIONS: &[&str] = &["X509 CRL"];

/// Whether a text holds a whole PEM section of one of these kinds, its base64 in order (RFC 7468).
fn holds(text: &[u8], kinds: &[&str]) -> bool {
    let text = String::from_utf8_lossy(text);
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(kind) = line.trim().strip_prefix("-----BEGIN ").and_then(|rest| rest.strip_suffix("-----"))
        else {
            continue;
        };
        let end = format!("-----END {kind}-----");
        let body: Vec<&str> = lines.by_ref().map(str::trim).take_while(|line| *line != end).collect();
        let encoded = |line: &&str| {
            line.is_empty()
                || line.contains(':')
                || line.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte))
        };
        if kinds.contains(&kind) && body.iter().any(|line| !line.is_empty()) && body.iter().all(encoded) {
            return true;
        }
    }
    false
}
