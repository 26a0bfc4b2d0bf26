//! Users and groups by name, as the C library knows them.

use std::ffi::CString;
use std::mem::MaybeUninit;

/// What the system knows of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct User {
    /// The user's number.
    pub uid: u32,
    /// The user's first group.
    pub gid: u32,
}

/// Room for one entry; far above what any real one needs.
const ENTRY_SIZE: usize = 64 * 1024;

/// The user of this name.
pub fn user(name: &str) -> Option<User> {
    let name = CString::new(name).ok()?;
    let mut entry = MaybeUninit::<libc::passwd>::uninit();
    let mut text = vec![0; ENTRY_SIZE];
    let mut found = std::ptr::null_mut();
    #[expect(unsafe_code, reason = "only the C library knows users that are not in /etc/passwd")]
    // SAFETY: all pointers are to live memory of the sizes given, and `name` ends with a zero.
    let rc = unsafe {
        libc::getpwnam_r(name.as_ptr(), entry.as_mut_ptr(), text.as_mut_ptr(), text.len(), &raw mut found)
    };
    if rc != 0 || found.is_null() {
        return None;
    }
    #[expect(unsafe_code, reason = "the C library has filled it in")]
    // SAFETY: `found` is not null, so the entry has been written.
    let entry = unsafe { entry.assume_init() };
    Some(User { uid: entry.pw_uid, gid: entry.pw_gid })
}

/// The number of the group of this name.
pub fn group(name: &str) -> Option<u32> {
    let name = CString::new(name).ok()?;
    let mut entry = MaybeUninit::<libc::group>::uninit();
    let mut text = vec![0; ENTRY_SIZE];
    let mut found = std::ptr::null_mut();
    #[expect(unsafe_code, reason = "only the C library knows groups that are not in /etc/group")]
    // SAFETY: all pointers are to live memory of the sizes given, and `name` ends with a zero.
    let rc = unsafe {
        libc::getgrnam_r(name.as_ptr(), entry.as_mut_ptr(), text.as_mut_ptr(), text.len(), &raw mut found)
    };
    if rc != 0 || found.is_null() {
        return None;
    }
    #[expect(unsafe_code, reason = "the C library has filled it in")]
    // SAFETY: `found` is not null, so the entry has been written.
    let entry = unsafe { entry.assume_init() };
    Some(entry.gr_gid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_is_number_zero() {
        assert_eq!(user("root"), Some(User { uid: 0, gid: 0 }));
        assert_eq!(group("root"), Some(0));
    }

    #[test]
    fn an_unknown_name_is_nobody() {
        assert_eq!(user("no-such-user-here"), None);
        assert_eq!(group("no-such-group\0here"), None);
    }
}
