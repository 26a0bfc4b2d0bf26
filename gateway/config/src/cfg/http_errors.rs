//! `http-errors` sections (configuration.txt 3.8).

use lang::Diagnostic;

use super::named::{Form, Kind};
use super::{Context, Keyword, keyword, page};
use crate::draft::Head;
use crate::model::HttpErrors;

impl Kind for HttpErrors {
    const KEYWORDS: &'static [Keyword<Self>] = &[keyword("errorfile").parse(errorfile)];
    const FORM: Form = Form::new("http-errors", "missing name for http-errors section.", |name, place| {
        format!("http-errors section '{name}' already exists (declared at {place}).")
    })
    .lenient();

    fn begin(head: &Head) -> Self {
        Self { name: head.name.clone(), place: head.place.clone(), ..Self::default() }
    }
}

fn errorfile(cx: &mut Context<'_, HttpErrors>) -> Result<(), Diagnostic> {
    let (status, page, origin) = page::read(cx, "errorfile: expects <status_code> and <file> as arguments.")?;
    let HttpErrors { pages, origins, .. } = &mut *cx.target;
    page::put(pages, origins, status, page, origin);
    cx.ignore_rest();
    Ok(())
}
