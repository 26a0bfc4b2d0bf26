//! `http-errors` sections (configuration.txt 3.8).

use super::PageOrigin;

/// Pages under a common name, for `errorfiles` lines and for rules that answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpErrors {
    /// Its name.
    pub name: String,
    /// `errorfile`: the whole answer, head included, as it goes out; sorted by status.
    pub pages: Vec<(u16, Vec<u8>)>,
    /// Where each of [`Self::pages`] comes from, in the same order.
    pub origins: Vec<PageOrigin>,
    /// Where the section begins, for messages: `file:line`.
    pub place: String,
}

impl HttpErrors {
    /// The answer for a status.
    pub fn page(&self, status: u16) -> Option<&[u8]> {
        let at = self.pages.binary_search_by_key(&status, |(known, _)| *known).ok()?;
        self.pages.get(at).map(|(_, page)| page.as_slice())
    }
}
