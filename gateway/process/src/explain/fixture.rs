//! Models and questions for the tests.

use std::io;
use std::path::{Path, PathBuf};

use config::Loaded;
use config::model::Model;

use super::question::Question;
use crate::args::Explain;

const NAME: &str = "test.cfg";

/// One file in memory, and no variables.
struct One<'a>(&'a str);

impl lang::Files for One<'_> {
    fn read(&self, path: &Path, _limit: u64) -> io::Result<Vec<u8>> {
        if path == Path::new(NAME) { Ok(self.0.into()) } else { Err(io::ErrorKind::NotFound.into()) }
    }

    fn list(&self, _dir: &Path) -> io::Result<Vec<PathBuf>> {
        Ok(Vec::new())
    }

    fn is_dir(&self, _path: &Path) -> bool {
        false
    }

    fn exists(&self, path: &Path) -> bool {
        path == Path::new(NAME)
    }
}

impl lang::Environment for One<'_> {
    fn get(&self, _name: &str) -> Option<String> {
        None
    }
}

pub(super) fn load(text: &str) -> Loaded {
    let one = One(text);
    let loaded = config::load(&[NAME.into()], &one, &one, &lang::Facts::default());
    let told: Vec<String> =
        loaded.diagnostics.render_pipe(&loaded.sources).into_iter().map(|(_, t)| t).collect();
    assert!(loaded.model.is_some(), "{told:?}");
    loaded
}

pub(super) fn model(text: &str) -> Model {
    load(text).model.expect("it was looked at")
}

pub(super) fn ask(method: &str, url: &str, headers: &[&str]) -> Question {
    let words = Explain {
        request: vec![method.to_owned(), url.to_owned()],
        headers: headers.iter().map(|&text| text.to_owned()).collect(),
        ..Explain::default()
    };
    Question::read(&words).expect("the test's words are right")
}
