//! The examples in `conf/`: each `.cfg` and its `.yaml` twin mean the same, and HAProxy accepts each `.cfg`.

use std::path::{Path, PathBuf};
use std::process::Command;

use lang::Facts;

use crate::model::Model;
use crate::world::{PEM, World};
use crate::{Spelling, dump, load};

pub(crate) fn examples() -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conf");
    let entries = std::fs::read_dir(&dir).expect("conf/ is there");
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "cfg"));
    files.sort();
    assert!(files.len() >= 5, "{files:?}");
    files
}

/// An example, which must load without a word.
pub(crate) fn model(file: &Path) -> Model {
    let world = world();
    let loaded = load(&[file.to_owned()], &world, &world, &Facts::default());
    let said = loaded.diagnostics.render_pipe(&loaded.sources);
    assert!(said.is_empty(), "{}: {said:#?}", file.display());
    loaded.model.expect("nothing was said")
}

/// The files that the TLS example names are not there where it is tested.
pub(crate) fn world() -> World {
    let certs = ["certs/default.pem", "certs/"].map(|name| (Path::new(TLS_HOME).join(name), PEM.to_vec()));
    World { texts: certs.into(), vars: Vec::new() }
}

#[test]
fn each_example_has_a_twin_in_yaml_that_means_the_same() {
    for file in examples() {
        let (cfg, yaml) = (model(&file), model(&file.with_extension("yaml")));
        assert!(!cfg.frontends.is_empty());
        assert_eq!(cfg.without_places(), yaml.without_places(), "{}", file.display());
    }
}

/// Where the TLS example looks for its files.
const TLS_HOME: &str = "/usr/local/etc/haproxy";

#[test]
fn haproxy_accepts_each_example() {
    let dir = std::env::temp_dir().join(format!("gateway-examples-{}", std::process::id()));
    std::fs::create_dir_all(dir.join("certs")).expect("a temporary folder");
    let pem = dir.join("certs/default.pem");
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "30",
            "-subj",
            "/CN=example.com",
            "-keyout",
        ])
        .args([&pem, Path::new("-out")])
        .arg(dir.join("c.pem"))
        .output();
    assert!(made.is_ok_and(|made| made.status.success()), "openssl is needed");
    let mut both = std::fs::read(&pem).expect("openssl wrote it");
    both.extend(std::fs::read(dir.join("c.pem")).expect("openssl wrote it"));
    std::fs::write(&pem, both).expect("a temporary file");
    for file in examples() {
        let text = std::fs::read_to_string(&file).expect("it is text");
        let copy = dir.join(file.file_name().expect("a file has a name"));
        std::fs::write(&copy, text.replace(TLS_HOME, &dir.display().to_string())).expect("a temporary file");
        let dumped = copy.with_extension("dumped.cfg");
        std::fs::write(&dumped, dump(&model(&copy), Spelling::Cfg)).expect("a temporary file");
        for file in [copy, dumped] {
            let output =
                Command::new("haproxy").arg("-c").arg("-f").arg(&file).output().expect("haproxy is needed");
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success() && !said.contains("[WARNING]"), "{}: {said}", file.display());
        }
    }
    let _ = std::fs::remove_dir_all(dir);
}
