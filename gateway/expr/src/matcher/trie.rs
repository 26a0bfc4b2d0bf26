//! A radix tree of byte strings, each with numbers: one walk over a text finds all its keys that are prefixes of it.

use std::ops::{ControlFlow, Range};

/// The tree. Keys that may be in any case are given in lower case.
#[derive(Debug)]
pub(crate) struct Trie {
    nodes: Vec<Node>,
    labels: Vec<u8>,
    ids: Vec<u32>,
}

#[derive(Debug)]
struct Node {
    /// What the text must go on with to come here, in `labels`.
    label: Range<u32>,
    /// The numbers of the key that ends here, in `ids`.
    ids: Range<u32>,
    /// The nodes below, ordered by the first byte of their labels.
    children: Range<u32>,
}

/// Keys in order, of which the first `depth` bytes are known, and the node they are for.
struct Job {
    keys: Range<usize>,
    depth: usize,
    node: usize,
}

impl Trie {
    /// A tree of these keys.
    pub(crate) fn new(mut keys: Vec<(Vec<u8>, u32)>) -> Self {
        keys.sort_unstable();
        let mut trie = Self { nodes: vec![Node::empty()], labels: Vec::new(), ids: Vec::new() };
        let mut jobs = vec![Job { keys: 0..keys.len(), depth: 0, node: 0 }];
        while let Some(job) = jobs.pop() {
            trie.grow(&keys, &job, &mut jobs);
        }
        trie
    }

    fn grow(&mut self, keys: &[(Vec<u8>, u32)], job: &Job, jobs: &mut Vec<Job>) {
        let here = &keys[job.keys.clone()];
        let (Some((first, _)), Some((last, _))) = (here.first(), here.last()) else { return };
        let same = first.iter().zip(last).skip(job.depth).take_while(|(a, b)| a == b).count();
        let end = job.depth + same;
        let label = extend(&mut self.labels, first[job.depth..end].iter().copied());
        let ending = here.iter().take_while(|(key, _)| key.len() == end).count();
        let ids = extend(&mut self.ids, here[..ending].iter().map(|(_, id)| *id));
        let start = self.nodes.len();
        let mut at = job.keys.start + ending;
        while at < job.keys.end {
            let byte = keys[at].0[end];
            let more = keys[at..job.keys.end].iter().take_while(|(key, _)| key[end] == byte).count();
            jobs.push(Job { keys: at..at + more, depth: end, node: self.nodes.len() });
            self.nodes.push(Node::empty());
            at += more;
        }
        self.nodes[job.node] = Node { label, ids, children: index(start)..index(self.nodes.len()) };
    }

    /// Shows the numbers of every key that the bytes begin with, and how many bytes that key has.
    #[inline]
    pub(crate) fn walk(
        &self,
        byte: impl Fn(usize) -> Option<u8>,
        visit: &mut dyn FnMut(u32, usize) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let (mut node, mut at) = (&self.nodes[0], 0);
        loop {
            for expected in &self.labels[span(&node.label)] {
                if byte(at) != Some(*expected) {
                    return ControlFlow::Continue(());
                }
                at += 1;
            }
            for id in &self.ids[span(&node.ids)] {
                visit(*id, at)?;
            }
            let Some(next) = byte(at).and_then(|next| self.child(node, next)) else {
                return ControlFlow::Continue(());
            };
            node = next;
        }
    }

    fn child(&self, node: &Node, byte: u8) -> Option<&Node> {
        let children = &self.nodes[span(&node.children)];
        let first = |child: &Node| self.labels[child.label.start as usize];
        let at = children.partition_point(|child| first(child) < byte);
        children.get(at).filter(|child| first(child) == byte)
    }
}

impl Node {
    fn empty() -> Self {
        Self { label: 0..0, ids: 0..0, children: 0..0 }
    }
}

fn extend<T>(list: &mut Vec<T>, more: impl Iterator<Item = T>) -> Range<u32> {
    let start = index(list.len());
    list.extend(more);
    start..index(list.len())
}

/// Files are read up to a limit far below 4 GiB, so places fit.
fn index(at: usize) -> u32 {
    u32::try_from(at).expect("patterns are bounded by the size of files")
}

fn span(range: &Range<u32>) -> Range<usize> {
    range.start as usize..range.end as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefixes(keys: &[&str], text: &str) -> Vec<u32> {
        let keys = keys.iter().zip(0..).map(|(key, id)| (key.as_bytes().to_vec(), id)).collect();
        let mut found = Vec::new();
        let _ = Trie::new(keys).walk(|at| text.as_bytes().get(at).copied(), &mut |id, _| {
            found.push(id);
            ControlFlow::Continue(())
        });
        found.sort_unstable();
        found
    }

    #[test]
    fn every_key_that_is_a_prefix_is_found() {
        let keys = ["/", "/a", "/ab", "/b/c", "", "/a"];
        for (text, expected) in [
            ("/abc", vec![0, 1, 2, 4, 5]),
            ("/b/", vec![0, 4]),
            ("/b/cd", vec![0, 3, 4]),
            ("x", vec![4]),
            ("", vec![4]),
        ] {
            assert_eq!(prefixes(&keys, text), expected, "{text}");
        }
    }

    #[test]
    fn an_empty_tree_finds_nothing() {
        assert!(prefixes(&[], "/a").is_empty());
    }

    #[test]
    fn a_long_chain_of_prefixes_needs_no_stack() {
        let text = "a".repeat(20_000);
        let keys: Vec<&str> = (1..=20_000).step_by(7).map(|len| &text[..len]).collect();
        assert_eq!(prefixes(&keys, &text).len(), keys.len());
    }
}
