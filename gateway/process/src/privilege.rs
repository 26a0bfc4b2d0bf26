//! Giving up rights after the sockets are open: `chroot`, `user`, `group`, `uid`, `gid` (configuration.txt 3.1).
//!
//! A container that runs under a random user cannot change it and need not: HAProxy then refuses to start, the gateway
//! warns and goes on with the rights it has, which are never more than those asked for.

use std::io;
use std::path::Path;

use config::model::RunAs;
use listen::account;

/// Enters `chroot` and takes the identity. An error must stop the process; warnings need not.
pub(crate) fn give_up(run_as: &RunAs, chroot: Option<&Path>) -> Result<Vec<String>, String> {
    let mut warnings = Vec::new();
    // Names are looked up before the files that hold them are out of sight.
    let (uid, gid) = identity(run_as)?;
    let root = is_root();
    if let Some(path) = chroot {
        let entered = std::os::unix::fs::chroot(path).and_then(|()| std::env::set_current_dir("/"));
        match entered {
            Ok(()) => {}
            Err(error) if !root => {
                warnings.push(format!("cannot chroot to '{}' ({error}); going on", path.display()))
            }
            Err(error) => return Err(format!("Cannot chroot({}): {error}.", path.display())),
        }
    }
    if let Some(gid) = gid
        && gid != own_gid()
    {
        accept(set_group(gid), root, "group", gid, &mut warnings)?;
    }
    if let Some(uid) = uid
        && uid != own_uid()
    {
        accept(set_user(uid), root, "user", uid, &mut warnings)?;
    }
    Ok(warnings)
}

/// A failure is an error for root, who could keep too many rights, and a warning for everybody else.
fn accept(
    done: io::Result<()>,
    root: bool,
    what: &str,
    id: u32,
    warnings: &mut Vec<String>,
) -> Result<(), String> {
    match done {
        Ok(()) => Ok(()),
        Err(error) if !root => {
            warnings.push(format!("cannot change to {what} {id} ({error}); going on as the present one"));
            Ok(())
        }
        Err(error) => Err(format!("Cannot set {what} {id}: {error}.")),
    }
}

/// The numbers of the user and the group; a user's name brings no group with it, as in HAProxy.
fn identity(run_as: &RunAs) -> Result<(Option<u32>, Option<u32>), String> {
    let user = |name: &str| account::user(name).map(|user| user.uid);
    let uid = look_up("user", run_as.user.as_deref(), user)?;
    let gid = look_up("group", run_as.group.as_deref(), account::group)?;
    Ok((uid.or(run_as.uid), gid.or(run_as.gid)))
}

/// The name was known when it was read.
fn look_up(
    kind: &str,
    name: Option<&str>,
    find: impl Fn(&str) -> Option<u32>,
) -> Result<Option<u32>, String> {
    let Some(name) = name else { return Ok(None) };
    find(name).map(Some).ok_or_else(|| format!("cannot find {kind} id for '{name}'"))
}

fn is_root() -> bool {
    own_uid() == 0
}

fn own_uid() -> u32 {
    #[expect(unsafe_code, reason = "std does not know users")]
    // SAFETY: takes nothing and cannot fail.
    unsafe {
        libc::geteuid()
    }
}

fn own_gid() -> u32 {
    #[expect(unsafe_code, reason = "std does not know groups")]
    // SAFETY: takes nothing and cannot fail.
    unsafe {
        libc::getegid()
    }
}

fn set_group(gid: u32) -> io::Result<()> {
    #[expect(unsafe_code, reason = "std does not change groups")]
    // SAFETY: `setgroups` is told that the list is empty; `setgid` takes a number.
    let rc = unsafe {
        // Extra groups of the starter are left behind; where that is not allowed, `setgid` fails as well.
        libc::setgroups(0, std::ptr::null());
        libc::setgid(gid)
    };
    if rc == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

fn set_user(uid: u32) -> io::Result<()> {
    #[expect(unsafe_code, reason = "std does not change users")]
    // SAFETY: takes a number.
    let rc = unsafe { libc::setuid(uid) };
    if rc == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
