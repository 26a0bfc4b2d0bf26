//! Files that a configuration names, opened without waiting for a writer that never comes.

use std::fs::File;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// What the shell hands over, as in `-f <(command)`: whoever writes it is there.
const HANDED_OVER: [&str; 3] = ["/dev/stdin", "/dev/fd", "/proc/self/fd"];

/// Opens a file for reading; a pipe, a socket or a device could block for ever or never end, and is an error.
pub fn open(path: &Path) -> io::Result<File> {
    if HANDED_OVER.iter().any(|name| path.starts_with(name)) {
        return File::open(path);
    }
    let file = File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    let kind = file.metadata()?.file_type();
    match (kind.is_dir(), kind.is_file() || path == Path::new("/dev/null")) {
        (true, _) => Err(io::Error::from_raw_os_error(libc::EISDIR)),
        (false, true) => Ok(file),
        (false, false) => Err(io::Error::other("it is a pipe, a socket or a device, not a file")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_file_is_refused_at_once() {
        assert!(open(Path::new("/dev/zero")).unwrap_err().to_string().contains("not a file"));
        assert_eq!(open(Path::new("/dev")).unwrap_err().kind(), io::ErrorKind::IsADirectory);
        assert!(open(Path::new("/dev/null")).is_ok());
        assert!(open(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))).is_ok());
    }
}
