//! Who may come in: users, their passwords and their groups (configuration.txt 3.4 `userlist`, 7.3.6 `http_auth`).
//!
//! The lists stand here, below the crate that reads `userlist` sections, because it is expressions that ask for them.

use std::fmt;

/// A `userlist` section.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Userlist {
    /// Its name.
    pub name: String,
    /// The groups that `group` lines declare, in their order.
    pub groups: Vec<String>,
    /// The users, in the order of their lines.
    pub users: Vec<User>,
    /// Where the section begins, for messages: `file:line`.
    pub place: String,
}

/// A `user` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The name.
    pub name: String,
    /// What proves that it is this user; without one nobody is.
    pub password: Option<Password>,
    /// The groups that it is in: all of them declared, in the order of their `group` lines, each once.
    pub groups: Vec<String>,
}

/// What proves who somebody is.
#[derive(Clone, PartialEq, Eq)]
pub enum Password {
    /// `password`: a hash in one of the forms of crypt(3).
    Crypt(String),
    /// `insecure-password`: the password itself.
    Insecure(String),
}

/// Says which form it has and never what it is.
impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Crypt(_) => "Crypt(…)",
            Self::Insecure(_) => "Insecure(…)",
        })
    }
}

impl Userlist {
    /// The user of this name.
    pub fn user(&self, name: &[u8]) -> Option<&User> {
        self.users.iter().find(|user| user.name.as_bytes() == name)
    }

    /// The user that this name and this password prove; what `http_auth(list)` asks.
    ///
    /// It costs what the hash costs: some milliseconds for SHA-512 with its usual number of rounds.
    pub fn check(&self, name: &[u8], password: &[u8]) -> Option<&User> {
        self.user(name).filter(|user| user.password.as_ref().is_some_and(|proof| proof.matches(password)))
    }
}

impl User {
    /// Whether the user is in a group; what `http_auth_group(list)` is matched with.
    pub fn is_in(&self, group: &str) -> bool {
        self.groups.iter().any(|own| own == group)
    }
}

impl Password {
    /// Whether this is the password.
    pub fn matches(&self, password: &[u8]) -> bool {
        match self {
            Self::Insecure(own) => equal(own.as_bytes(), password),
            // crypt(3) reads up to a NUL byte, which the crate refuses
            Self::Crypt(hash) => pwhash::unix::verify(until_nul(password), hash),
        }
    }
}

fn until_nul(password: &[u8]) -> &[u8] {
    password.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// Takes the same time wherever two texts of one length differ.
fn equal(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

/// Whether a hash has one of the forms that [`Password::matches`] can check.
pub fn is_known_hash(hash: &str) -> bool {
    const FORMS: [&str; 7] = ["$1$", "$5$", "$6$", "$2a$", "$2b$", "$2y$", "$sha1$"];
    let is_itoa64 =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"./".contains(&byte));
    match hash.as_bytes() {
        [b'$', ..] => FORMS.iter().any(|form| hash.starts_with(form)),
        // BSDi's extended form and the traditional one, both DES
        [b'_', rest @ ..] => rest.len() == 19 && is_itoa64(&hash[1..]),
        traditional => traditional.len() == 13 && is_itoa64(hash),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with `openssl passwd` and Python's `crypt`.
    const HASHES: &[&str] = &[
        "$1$abcdefgh$G//4keteveJp0qb8z2DxG/",
        "$5$abcdefgh$ZLdkj8mkc2XVSrPVjskDAgZPGjtj1VGVaa1aUkrMTU/",
        "$6$abcdefgh$yVfUwsw5T.JApa8POvClA1pQ5peiq97DUNyXCZN5IrF.BMSkiaLQ5kvpuEm/VQ1Tvh/KV2TcaWh8qinoW5dhA1",
        "$6$rounds=1000$abcdefgh$wuAp2XWwaaguzVxZjeM2bd1yLSqbC/I9sr9DFeOfIPoAZiIj3ecL6rf9ibuAg8RDmh1vqbaeL0NSLJtGPF7b60",
        "abJnggxhB/yWI",
        "_J9..abcdIPPmXD22F8s",
        "$2b$05$abcdefghijklmnopqrstuuWG29KuyeAicPCJODk1zjyGvyQUU2awu",
        "$sha1$1000$abcdefgh$NOIlmkpWYFWKkb/vHjlGcrc13zpp",
    ];

    #[test]
    fn every_form_of_crypt_is_checked() {
        for hash in HASHES {
            assert!(is_known_hash(hash), "{hash}");
            assert!(Password::Crypt((*hash).to_owned()).matches(b"password"), "{hash}");
            assert!(!Password::Crypt((*hash).to_owned()).matches(b"passwore"), "{hash}");
        }
    }
}
