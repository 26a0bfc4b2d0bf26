//! `userlist` sections (configuration.txt 3.4).

use lang::{Diagnostic, Word};

use super::named::{Duplicate, Form, Kind};
use super::{Context, Keyword, keyword};
use crate::draft::Head;
use crate::model::Password;

/// The lines of a section: names are as written, until all lines are there.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) name: String,
    pub(crate) groups: Vec<Group>,
    pub(crate) users: Vec<User>,
}

/// A `group` line.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) name: String,
    /// The words behind `users`, cut at commas.
    pub(crate) users: Vec<Word>,
}

/// A `user` line.
#[derive(Debug)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) password: Option<Password>,
    /// The words behind `groups`, cut at commas.
    pub(crate) groups: Vec<Word>,
}

impl Kind for Draft {
    #[rustfmt::skip]
    const KEYWORDS: &'static [Keyword<Self>] = &[
        keyword("group").parse(group),
        keyword("user") .parse(user),
    ];
    const FORM: Form = Form {
        duplicate: Duplicate::Joined(|name| format!("ignoring duplicated userlist '{name}'.")),
        ..Form::new("userlist", "'userlist' expects <name> as arguments.", |_, _| String::new())
            .unknown(|word| Some(format!("unknown keyword '{word}' in 'users' section")))
    };

    fn begin(head: &Head) -> Self {
        Self { name: head.name.clone(), ..Self::default() }
    }
}

fn group(cx: &mut Context<'_, Draft>) -> Result<(), Diagnostic> {
    let name = cx.word_or("'group' expects <name> as arguments.")?;
    if cx.target.groups.iter().any(|known| known.name == name.text) {
        return duplicate(cx, "group", &name);
    }
    let mut users = Vec::new();
    while let Some(option) = cx.words.next() {
        match option.text.as_str() {
            "users" => users = cx.words.next().map(listed).unwrap_or_default(),
            _ => return Err(Diagnostic::alert(option.span, "'group' only supports 'users' option.")),
        }
    }
    cx.target.groups.push(Group { name: name.text, users });
    Ok(())
}

fn user(cx: &mut Context<'_, Draft>) -> Result<(), Diagnostic> {
    let name = cx.word_or("'user' expects <name> as arguments.")?;
    if cx.target.users.iter().any(|known| known.name == name.text) {
        return duplicate(cx, "user", &name);
    }
    let mut user = User { name: name.text, password: None, groups: Vec::new() };
    while let Some(option) = cx.words.next() {
        let value = cx.words.next();
        let text = value.map(|word| word.text.clone()).unwrap_or_default();
        match option.text.as_str() {
            "password" => {
                judge(cx, value.unwrap_or(option));
                user.password = Some(Password::Crypt(text));
            }
            "insecure-password" => user.password = Some(Password::Insecure(text)),
            "groups" => user.groups = value.map(listed).unwrap_or_default(),
            _ => {
                let message = "'user' only supports 'password', 'insecure-password' and 'groups' options.";
                let names = ["password", "insecure-password", "groups"];
                let meant = lang::suggest::nearest(&option.text, names);
                return Err(Diagnostic::alert(option.span, message).suggest(meant));
            }
        }
    }
    cx.target.users.push(user);
    Ok(())
}

/// A hash that cannot be checked locks its user out, and so it does in HAProxy where crypt(3) does not know it.
fn judge(cx: &mut Context<'_, Draft>, hash: &Word) {
    if !expr::auth::is_known_hash(&hash.text) {
        let message = "'user' : the password has no form of crypt(3) that is known: it matches nothing";
        let hint =
            "make one with 'mkpasswd -m sha-512', or say 'insecure-password' if it is the password itself";
        cx.notes.push(Diagnostic::warning(hash.span, message).hint(hint));
    }
}

fn duplicate(cx: &mut Context<'_, Draft>, what: &str, name: &Word) -> Result<(), Diagnostic> {
    let message = format!("ignoring duplicated {what} '{}' in userlist '{}'.", name.text, cx.target.name);
    cx.notes.warning(name.span, message);
    cx.words.take_rest();
    Ok(())
}

/// The names between commas.
fn listed(word: &Word) -> Vec<Word> {
    let names = word.text.split(',').filter(|name| !name.is_empty());
    names.map(|name| Word { text: name.to_owned(), ..word.clone() }).collect()
}
