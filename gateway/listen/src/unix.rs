//! Unix sockets: by path, bound under a temporary name and renamed, so that the path answers at every moment of a
//! restart; and in Linux's abstract name space.

use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use config::model::Permissions;
use socket2::{Domain, SockAddr, Socket, Type};

use crate::socket::listen;
use crate::{BindError, account};

/// Opens a socket by path.
pub(crate) fn open(path: &Path, permissions: &Permissions, backlog: u32) -> Result<Socket, BindError> {
    let fail = |what: &str, e| BindError::new(&path.display(), what, Some(e));
    let temporary = temporary_name(path);
    let addr = SockAddr::unix(&temporary)
        .map_err(|_| BindError::new(&path.display(), "socket path too long (limit usually 97)", None))?;
    let socket = stream_socket().map_err(|e| fail("cannot create UNIX socket", e))?;
    let _ = std::fs::remove_file(&temporary);
    socket.bind(&addr).map_err(|e| fail("cannot bind UNIX socket", e))?;
    let finished = apply(&temporary, permissions)
        .map_err(|e| fail("cannot change UNIX socket ownership", e))
        .and_then(|()| listen(&socket, backlog).map_err(|e| fail("cannot listen to UNIX socket", e)))
        .and_then(|()| {
            std::fs::rename(&temporary, path).map_err(|e| fail("cannot move UNIX socket to its place", e))
        });
    if finished.is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
    finished.map(|()| socket)
}

/// Opens `abns@name`; as HAProxy does, the name is padded with zeros to the full length.
pub(crate) fn open_abstract(name: &str, backlog: u32) -> Result<Socket, BindError> {
    let shown = format!("abns@{name}");
    let fail = |what: &str, e| BindError::new(&shown, what, Some(e));
    let mut padded = vec![0; NAME_SIZE];
    let room = padded.get_mut(1..=name.len());
    let room = room.ok_or_else(|| BindError::new(&shown, "abstract socket name too long", None))?;
    room.copy_from_slice(name.as_bytes());
    let addr = SockAddr::unix(std::ffi::OsStr::from_bytes(&padded))
        .map_err(|e| fail("abstract socket name is not usable", e))?;
    let socket = stream_socket().map_err(|e| fail("cannot create UNIX socket", e))?;
    socket.bind(&addr).map_err(|e| fail("cannot bind UNIX socket", e))?;
    listen(&socket, backlog).map_err(|e| fail("cannot listen to UNIX socket", e))?;
    Ok(socket)
}

/// `sizeof(sun_path)` on Linux.
const NAME_SIZE: usize = 108;

fn stream_socket() -> io::Result<Socket> {
    Socket::new(Domain::UNIX, Type::STREAM.nonblocking(), None)
}

fn temporary_name(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    PathBuf::from(name)
}

/// `mode`, `user`/`uid` and `group`/`gid`. An owner that this process may not give is warned of: the random user of a
/// container owns what it makes.
fn apply(path: &Path, permissions: &Permissions) -> io::Result<()> {
    let missing = |what: &str, name: &str| io::Error::other(format!("no {what} '{name}' on this machine"));
    let uid = match &permissions.user {
        Some(name) => Some(account::user(name).ok_or_else(|| missing("user", name))?.uid),
        None => permissions.uid,
    };
    let gid = match &permissions.group {
        Some(name) => Some(account::group(name).ok_or_else(|| missing("group", name))?),
        None => permissions.gid,
    };
    if let Some(mode) = permissions.mode {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
    }
    if uid.is_none() && gid.is_none() {
        return Ok(());
    }
    match std::os::unix::fs::chown(path, uid, gid) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            log::warn!("cannot change the owner of '{}' ({error}), left as it is", path.display());
            Ok(())
        }
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;

    #[test]
    fn a_socket_replaces_the_one_before_it_and_has_its_mode() {
        let path = std::env::temp_dir().join(format!("listen-unix-{}", std::process::id()));
        let permissions = Permissions { mode: Some(0o600), ..Permissions::default() };
        let _old = open(&path, &permissions, 8).unwrap();
        let new = open(&path, &permissions, 8).unwrap();
        UnixStream::connect(&path).unwrap();
        assert!(new.accept().is_ok());
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn a_path_that_does_not_fit_is_refused() {
        let path = PathBuf::from(format!("/tmp/{}", "x".repeat(120)));
        let error = open(&path, &Permissions::default(), 8).unwrap_err();
        assert!(error.to_string().starts_with("socket path too long"), "{error}");
    }

    #[test]
    fn an_unknown_owner_is_named() {
        let path = std::env::temp_dir().join(format!("listen-owner-{}", std::process::id()));
        let permissions = Permissions { user: Some("nobody-here".to_owned()), ..Permissions::default() };
        let error = open(&path, &permissions, 8).unwrap_err();
        assert!(error.to_string().contains("no user 'nobody-here'"), "{error}");
        assert!(!path.exists());
    }

    #[test]
    fn an_abstract_socket_needs_no_file() {
        let socket = open_abstract(&format!("listen-test-{}", std::process::id()), 8).unwrap();
        assert!(socket.is_listener().unwrap());
        assert!(open_abstract(&"x".repeat(108), 8).is_err());
    }
}
