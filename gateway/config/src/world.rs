//! Files and variables for the tests: real ones, and some that exist in memory.

use std::io;
use std::path::{Path, PathBuf};

use lang::{Environment, Facts, Files};

use crate::{Loaded, load};

/// A file with a certificate and a key, as far as the loader looks at them.
pub(crate) const PEM: &[u8] = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n\
                                -----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n";

/// Texts by name before the real file system; a name with a slash behind it is an empty directory, one with two a
/// directory that may not be read.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) texts: Vec<(PathBuf, Vec<u8>)>,
    pub(crate) vars: Vec<(&'static str, &'static str)>,
}

impl Files for World {
    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        let made = self.texts.iter().find(|(name, _)| name == path).map(|(_, text)| text);
        let length = match made {
            Some(text) => text.len() as u64,
            None => std::fs::metadata(path)?.len(),
        };
        if length > limit {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        made.map_or_else(|| std::fs::read(path), |text| Ok(text.clone()))
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<PathBuf>> {
        if self.is_made_dir(dir, b"//") {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        if self.is_made_dir(dir, b"/") {
            return Ok(Vec::new());
        }
        std::fs::read_dir(dir)?.map(|entry| entry.map(|entry| entry.path())).collect()
    }

    fn is_dir(&self, path: &Path) -> bool {
        self.is_made_dir(path, b"/") || path.is_dir()
    }

    fn exists(&self, path: &Path) -> bool {
        self.texts.iter().any(|(name, _)| name == path) || path.exists()
    }
}

impl World {
    fn is_made_dir(&self, path: &Path, end: &[u8]) -> bool {
        let is_dir = |name: &Path| name.as_os_str().as_encoded_bytes().ends_with(end);
        self.texts.iter().any(|(name, _)| name == path && is_dir(name))
    }
}

impl Environment for World {
    fn get(&self, name: &str) -> Option<String> {
        self.vars.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    }

    fn has_user(&self, name: &str) -> bool {
        ["haproxy", "nobody", "root"].contains(&name)
    }

    fn has_group(&self, name: &str) -> bool {
        ["adm", "haproxy", "nogroup", "root"].contains(&name)
    }
}

/// Loads one text under a name.
pub(crate) fn load_text(name: &str, text: &str) -> Loaded {
    let files = ["/etc/site.pem", "/etc/certs/"].map(|name| (PathBuf::from(name), PEM.to_vec()));
    let texts = files.into_iter().chain([(name.into(), text.into())]).collect();
    let world = World { texts, vars: vec![("FD", "3")] };
    load(&[name.into()], &world, &world, &Facts::default())
}

/// All that is said about a text, as tools see it: a letter for the severity, then the line.
pub(crate) fn said(text: &str) -> Vec<String> {
    let loaded = load_text("h.cfg", text);
    let lines = loaded.diagnostics.render_pipe(&loaded.sources);
    lines.into_iter().map(|(severity, line)| format!("{} {line}", &severity.name()[..1])).collect()
}
