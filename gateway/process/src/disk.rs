//! Files and variables as the machine has them, for loading a configuration.

use std::collections::HashMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::args::Args;
use crate::version;

/// The machine's files.
#[derive(Debug)]
pub(crate) struct Disk;

impl lang::Files for Disk {
    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        listen::file::open(path)?.take(limit.saturating_add(1)).read_to_end(&mut text)?;
        if text.len() as u64 > limit {
            return Err(io::Error::other(format!("it has more than {limit} bytes")));
        }
        Ok(text)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<PathBuf>> {
        std::fs::read_dir(dir)?.map(|entry| Ok(entry?.path())).collect()
    }

    fn is_dir(&self, path: &Path) -> bool {
        path.is_dir()
    }

    fn exists(&self, path: &Path) -> bool {
        path.exists()
    }
}

/// The process' variables, and those that HAProxy sets for its configuration (configuration.txt 2.3).
#[derive(Debug)]
pub(crate) struct Variables(HashMap<&'static str, String>);

impl Variables {
    /// For a process started with these options.
    pub(crate) fn new(args: &Args) -> Self {
        let files: Vec<String> = args.files.iter().map(|path| path.display().to_string()).collect();
        let peer = args.local_peer.clone().unwrap_or_else(host_name);
        let mut own = HashMap::from([
            ("HAPROXY_CFGFILES", files.join(";")),
            ("HAPROXY_LOCALPEER", peer),
            ("HAPROXY_BRANCH", version::LEVEL.to_owned()),
        ]);
        if args.master_worker {
            own.insert("HAPROXY_MWORKER", "1".to_owned());
        }
        Self(own)
    }

    /// One more.
    pub(crate) fn with(mut self, name: &'static str, value: String) -> Self {
        self.0.insert(name, value);
        self
    }
}

impl lang::Environment for Variables {
    fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned().or_else(|| std::env::var(name).ok())
    }

    fn has_user(&self, name: &str) -> bool {
        listen::account::user(name).is_some()
    }

    fn has_group(&self, name: &str) -> bool {
        listen::account::group(name).is_some()
    }
}

/// The machine's name up to its first dot.
pub(crate) fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    name.trim().split('.').next().unwrap_or_default().to_owned()
}
