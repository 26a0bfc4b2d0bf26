//! `-m bin`: bytes written in hexadecimal.

use std::ops::ControlFlow;

use super::Bad;

/// A sorted set of blocks, each with the number of its entry.
#[derive(Debug)]
pub(crate) struct Blocks(Vec<(Vec<u8>, u32)>);

impl Blocks {
    pub(super) fn new<'a>(patterns: impl Iterator<Item = &'a [u8]>) -> Result<Self, Bad> {
        let parse = |(pattern, at): (&[u8], u32)| {
            let bad = || Bad { at: at as usize, why: reason(pattern) };
            crate::convert::unhex(pattern).map(|block| (block, at)).ok_or_else(bad)
        };
        let mut blocks = patterns.zip(0..).map(parse).collect::<Result<Vec<_>, _>>()?;
        blocks.sort_unstable();
        Ok(Self(blocks))
    }

    pub(super) fn visit(
        &self,
        bytes: &[u8],
        visit: &mut dyn FnMut(u32) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let start = self.0.partition_point(|(block, _)| block.as_slice() < bytes);
        let same = self.0[start..].iter().take_while(|(block, _)| block == bytes);
        same.map(|(_, at)| *at).try_for_each(visit)
    }
}

fn reason(pattern: &[u8]) -> String {
    match pattern.len().is_multiple_of(2) {
        true => {
            let odd = pattern.iter().find(|digit| !digit.is_ascii_hexdigit()).copied().unwrap_or_default();
            format!("an hex digit is expected (found '{}')", char::from(odd))
        }
        false => "an even number of hex digit is expected".to_owned(),
    }
}
