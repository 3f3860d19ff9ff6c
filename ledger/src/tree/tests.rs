//! The tree against the definition, built and updated in every way.

use core::sync::atomic::{AtomicUsize, Ordering};

use proptest::{collection::vec, prelude::*};

use super::*;
use crate::{BaseElement, ScalarCompressor};

fn leaf(n: u64) -> Digest {
    Digest([n, 1, 2, 3].map(BaseElement::new))
}

/// The root by recursion over the definition, skipping subtrees without leaves.
fn naive_root(leaves: &BTreeMap<u32, Digest>, height: usize, first: u64) -> Digest {
    let last = first + (1u64 << height) - 1;
    let mut inside = leaves.range(first as u32..=last as u32);
    if inside.next().is_none() {
        return empty_digests()[height];
    }
    if height == 0 {
        return leaves[&(first as u32)];
    }
    let left = naive_root(leaves, height - 1, first);
    let right = naive_root(leaves, height - 1, first + (1 << (height - 1)));
    hash::compress(tag::NODE, &left, &right)
}

#[test]
fn the_empty_tree() {
    let tree = AccountTree::default();
    assert_eq!(tree.root().0, empty_digests()[32]);
    assert_eq!(
        root_of_path(77, &Digest::ZERO, &tree.siblings(77)),
        tree.root()
    );
    assert_eq!(
        AccountTree::from_leaves([], &ScalarCompressor).root(),
        tree.root()
    );
}

#[test]
fn the_corners_of_the_tree() {
    for index in [0, 1, u32::MAX - 1, u32::MAX, 1 << 31] {
        let mut tree = AccountTree::default();
        let siblings = tree.update_many(&[(index, leaf(1))], &ScalarCompressor);
        assert_eq!(siblings[0], AccountTree::default().siblings(index));
        let leaves = BTreeMap::from([(index, leaf(1))]);
        assert_eq!(tree.root().0, naive_root(&leaves, 32, 0));
        assert_eq!(tree.leaf(index), leaf(1));
        assert_eq!(tree.leaf(index ^ 1), Digest::ZERO);
    }
}

#[test]
fn an_emptied_tree_is_the_empty_tree() {
    let mut tree = AccountTree::from_leaves([(5, leaf(1)), (6, leaf(2))], &ScalarCompressor);
    tree.update_many(&[(6, Digest::ZERO), (5, Digest::ZERO)], &ScalarCompressor);
    assert_eq!(tree.root().0, empty_digests()[32]);
    assert!(tree.levels.iter().all(BTreeMap::is_empty));
}

#[test]
fn no_update_changes_nothing() {
    let mut tree = AccountTree::from_leaves([(5, leaf(1))], &ScalarCompressor);
    let root = tree.root();
    assert!(tree.update_many(&[], &ScalarCompressor).is_empty());
    assert_eq!(tree.root(), root);
}

/// Counts what it compresses.
#[derive(Default)]
struct Counting(AtomicUsize);

impl Compressor for Counting {
    fn compress_many(&self, inputs: &[Input], out: &mut [Digest]) {
        self.0.fetch_add(inputs.len(), Ordering::Relaxed);
        ScalarCompressor.compress_many(inputs, out);
    }
}

/// A replacement is hashed up to where its path meets the next one's, and the last one up to the root.
#[test]
fn nothing_is_hashed_that_nobody_reads() {
    let count = |indices: &[u32]| {
        let leaves = |n: u64| indices.iter().map(move |index| (*index, leaf(n)));
        let mut tree = AccountTree::from_leaves(leaves(1), &ScalarCompressor);
        let counting = Counting::default();
        let updates: Vec<_> = leaves(2).collect();
        tree.update_many(&updates, &counting);
        counting.0.into_inner()
    };
    assert_eq!(count(&[]), 0);
    assert_eq!(count(&[7]), 32);
    // by ascending index, each node above them once: 4, 2, 1, and 29 up to the root
    assert_eq!(count(&[0, 1, 2, 3, 4, 5, 6, 7]), 36);
    // the halves of a tree of eight in turn: two nodes of each, but of the last one
    assert_eq!(count(&[0, 4, 1, 5, 2, 6, 3, 7]), 7 * 2 + 32);
    // the same leaf again and again: as if it had been replaced once
    assert_eq!(count(&[9, 9, 9]), 32);
    // the halves of the whole tree: all but the root
    assert_eq!(count(&[0, u32::MAX, 0]), 31 + 31 + 32);
}

/// Few distinct indices, so that updates meet, at both ends of the range.
fn index() -> impl Strategy<Value = u32> {
    prop_oneof![0..8u32, (0..8u32).prop_map(|i| u32::MAX - i), any::<u32>()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn equals_the_naive_tree(
        genesis in vec((index(), 0..4u64), 0..12),
        updates in vec((index(), 0..4u64), 0..12),
    ) {
        // Leaf 0 stands for an emptied leaf.
        let digest = |n| if n == 0 { Digest::ZERO } else { leaf(n) };
        let genesis: Vec<_> = genesis.into_iter().map(|(i, n)| (i, digest(n))).collect();
        let updates: Vec<_> = updates.into_iter().map(|(i, n)| (i, digest(n))).collect();
        let mut leaves: BTreeMap<u32, Digest> = genesis.iter().copied().collect();
        leaves.retain(|_, leaf| *leaf != Digest::ZERO);
        let mut tree = AccountTree::from_leaves(genesis, &ScalarCompressor);
        prop_assert_eq!(tree.root().0, naive_root(&leaves, 32, 0));

        let mut stepwise = tree.clone();
        let all = tree.update_many(&updates, &ScalarCompressor);
        for ((index, new), siblings) in updates.iter().zip(all) {
            let old = stepwise.leaf(*index);
            prop_assert_eq!(siblings, stepwise.siblings(*index));
            prop_assert_eq!(root_of_path(*index, &old, &siblings), stepwise.root());
            stepwise.update_many(&[(*index, *new)], &ScalarCompressor);
            prop_assert_eq!(root_of_path(*index, new, &siblings), stepwise.root());
            if *new == Digest::ZERO { leaves.remove(index); } else { leaves.insert(*index, *new); }
            prop_assert_eq!(stepwise.root().0, naive_root(&leaves, 32, 0));
        }
        prop_assert_eq!(tree.root(), stepwise.root());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn building_in_chunks_gives_every_node(
        leaves in proptest::collection::btree_map(index(), 0..4u64, 0..20),
        cuts in vec(any::<prop::sample::Index>(), 0..5),
    ) {
        let digest = |n| if n == 0 { Digest::ZERO } else { leaf(n) };
        let leaves: Vec<_> = leaves.into_iter().map(|(i, n)| (i, digest(n))).collect();
        let tree = AccountTree::from_leaves(leaves.iter().copied(), &ScalarCompressor);
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(leaves.len() + 1)).collect();
        cuts.extend([0, leaves.len()]);
        cuts.sort_unstable();

        let mut levels = vec![BTreeMap::new(); TREE_DEPTH + 1];
        let mut keep = |height: usize, nodes: &[(u32, Digest)]| {
            for (index, node) in nodes {
                assert_eq!(levels[height].insert(*index, *node), None, "given twice");
            }
            Ok::<(), Infallible>(())
        };
        let mut builder = TreeBuilder::new(&ScalarCompressor);
        for cut in cuts.windows(2) {
            builder.push(&leaves[cut[0]..cut[1]], &mut keep).unwrap();
        }
        let Ok(root) = builder.finish(&mut keep);
        prop_assert_eq!(root, tree.root());
        prop_assert_eq!(levels, tree.levels);
    }
}

#[test]
fn leaves_out_of_order_and_sinks_that_fail_are_errors() {
    let mut builder = TreeBuilder::new(&ScalarCompressor);
    let keep = |_: usize, _: &[(u32, Digest)]| Ok::<(), &str>(());
    let order = |last, index| Err(BuildError::Order { last, index });
    builder
        .push(&[(4, leaf(1)), (6, Digest::ZERO)], keep)
        .unwrap();
    assert_eq!(builder.clone().push(&[(6, leaf(1))], keep), order(6, 6));
    assert_eq!(builder.clone().push(&[(3, leaf(1))], keep), order(6, 3));
    let full = |_: usize, _: &[(u32, Digest)]| Err("full");
    assert_eq!(
        builder.clone().push(&[(8, leaf(1))], full),
        Err(BuildError::Sink("full"))
    );
    assert_eq!(builder.finish(full), Err("full"));
}
