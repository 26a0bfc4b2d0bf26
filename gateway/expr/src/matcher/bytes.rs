//! `-m bin`: bytes written in hexadecimal.

/// A sorted set of blocks.
#[derive(Debug)]
pub(super) struct Blocks(Vec<Vec<u8>>);

impl Blocks {
    pub(super) fn new(mut blocks: Vec<Vec<u8>>) -> Self {
        blocks.sort_unstable();
        Self(blocks)
    }

    pub(super) fn contain(&self, bytes: &[u8]) -> bool {
        self.0.binary_search_by(|block| block.as_slice().cmp(bytes)).is_ok()
    }
}
