//! `program` sections (configuration.txt 3.7): read for what is wrong in them, and then refused, for a gateway starts
//! no other program.

use lang::{Diagnostic, Diagnostics};

use super::named::{Form, Kind};
use super::{Context, Keyword, keyword};
use crate::draft::Head;

/// The lines of a section.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    has_command: bool,
}

impl Kind for Draft {
    #[rustfmt::skip]
    const KEYWORDS: &'static [Keyword<Self>] = &[
        keyword("command").parse(command),
        keyword("group")  .parse(|cx| { cx.word_or("'group' expects a group name.")?; Ok(()) }),
        keyword("option start-on-reload").flag().no().parse(|_| Ok(())),
        keyword("option") .family(unknown_option),
        keyword("user")   .parse(|cx| { cx.word_or("'user' expects a user name.")?; Ok(()) }),
    ];
    const FORM: Form = Form::new("program", "'program' expects an <id> argument", |name, _| {
        format!("'{name}' program section already exists in the configuration.")
    })
    .any_name();

    fn begin(_: &Head) -> Self {
        Self::default()
    }

    fn end(&mut self, head: &Head, notes: &mut Diagnostics) {
        if !self.has_command {
            let message = format!("The program section '{}' lacks a command to launch.", head.name);
            notes.alert(head.span, message);
        }
    }
}

fn command(cx: &mut Context<'_, Draft>) -> Result<(), Diagnostic> {
    cx.word_or("'command' expects a command with optional arguments separated in words.")?;
    cx.words.take_rest();
    cx.target.has_command = true;
    Ok(())
}

fn unknown_option(cx: &mut Context<'_, Draft>) -> Result<(), Diagnostic> {
    match cx.words.peek_text() {
        None => Err(cx.words.error("'option' expects an option name.")),
        Some(name) => {
            let meant = lang::suggest::nearest(name, ["start-on-reload"]);
            Err(cx.words.error(format!("unknown option '{name}'.")).suggest(meant))
        }
    }
}
