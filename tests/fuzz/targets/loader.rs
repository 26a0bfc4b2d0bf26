//! A whole configuration, in either spelling: loading never panics, gives a model exactly when it found no error, and
//! gives the same twice.
#![no_main]

use std::io;
use std::path::{Path, PathBuf};

libfuzzer_sys::fuzz_target!(|text: &[u8]| {
    // YAML is told by its first word, so that the seeds need no mark.
    let yaml = text.split(|byte| *byte == b'\n').any(|line| line.ends_with(b":") && !line.starts_with(b" "));
    let path = PathBuf::from(if yaml { "/fuzz.yaml" } else { "/fuzz.cfg" });
    let files = OneFile { path: &path, text };
    let facts = lang::Facts::default();
    let load = || config::load(std::slice::from_ref(&path), &files, &Nothing, &facts);
    let (first, second) = (load(), load());
    assert_eq!(first.model.is_some(), !first.diagnostics.has_errors());
    assert!(first.model == second.model, "the same text gave two models");
    let _ = first.diagnostics.render_pipe(&first.sources);
    let _ = first.diagnostics.render_terminal(&first.sources);
});

struct OneFile<'a> {
    path: &'a Path,
    text: &'a [u8],
}

impl lang::Files for OneFile<'_> {
    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        let fits = path == self.path && self.text.len() as u64 <= limit;
        if fits { Ok(self.text.to_vec()) } else { Err(io::ErrorKind::NotFound.into()) }
    }
    fn list(&self, _: &Path) -> io::Result<Vec<PathBuf>> {
        Err(io::ErrorKind::NotFound.into())
    }
    fn is_dir(&self, _: &Path) -> bool {
        false
    }
    fn exists(&self, path: &Path) -> bool {
        path == self.path
    }
}

struct Nothing;

impl lang::Environment for Nothing {
    fn get(&self, _: &str) -> Option<String> {
        None
    }
}
