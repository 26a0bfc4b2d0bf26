//! Files and variables for the tests: real ones, and some that exist in memory.

use std::io;
use std::path::{Path, PathBuf};

use lang::{Environment, Facts, Files};

use crate::{Loaded, load};

/// Texts by name before the real file system.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) texts: Vec<(PathBuf, Vec<u8>)>,
    pub(crate) vars: Vec<(&'static str, &'static str)>,
}

impl Files for World {
    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        if let Some((_, text)) = self.texts.iter().find(|(name, _)| name == path) {
            return Ok(text.clone());
        }
        if std::fs::metadata(path)?.len() > limit {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        std::fs::read(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<PathBuf>> {
        std::fs::read_dir(dir)?.map(|entry| entry.map(|entry| entry.path())).collect()
    }

    fn is_dir(&self, path: &Path) -> bool {
        path.is_dir()
    }

    fn exists(&self, path: &Path) -> bool {
        self.texts.iter().any(|(name, _)| name == path) || path.exists()
    }
}

impl Environment for World {
    fn get(&self, name: &str) -> Option<String> {
        self.vars.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    }
}

/// Loads one text under a name.
pub(crate) fn load_text(name: &str, text: &str) -> Loaded {
    let world = World { texts: vec![(name.into(), text.into())], vars: vec![("FD", "3")] };
    load(&[name.into()], &world, &world, &Facts::default())
}

/// All that is said about a text, as tools see it: a letter for the severity, then the line.
pub(crate) fn said(text: &str) -> Vec<String> {
    let loaded = load_text("h.cfg", text);
    let lines = loaded.diagnostics.render_pipe(&loaded.sources);
    lines.into_iter().map(|(severity, line)| format!("{} {line}", &severity.name()[..1])).collect()
}
