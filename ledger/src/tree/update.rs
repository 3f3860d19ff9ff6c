//! Updating: many leaves replaced in order, whatever the tree is kept in.

use alloc::{vec, vec::Vec};

use super::{Siblings, TREE_DEPTH, parent_input};
use crate::{Digest, hash::Compressor};

/// A node of the account tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its height: 0 for a leaf, 32 for the root.
    pub height: u8,
    /// Its place among the nodes of that height: the index of a leaf below it, shifted right by the height.
    pub index: u32,
    /// Its digest.
    pub digest: Digest,
}

/// What becomes of a tree when leaves are replaced.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TreeUpdate {
    /// For each replacement, the siblings that open the old leaf and close the new one.
    pub paths: Vec<Siblings>,
    /// Every node that is written, as the last replacement leaves it: lowest height first, by ascending
    /// index. The last one is the root; there is none when nothing is replaced.
    pub nodes: Vec<Node>,
}

/// Replaces leaves one after another, in a tree of which only the siblings of those leaves are read.
///
/// All replacements climb a level together, so that each level is one call of the compressor: what a node
/// is after replacement i depends on the replacements before i at the levels below only. A replacement climbs
/// to where its path meets that of the next one, which writes everything above anew: with accounts side by side
/// that is far below height 32. The tree is read once, before anything is hashed, and not changed: `siblings` is
/// given the distinct indices in ascending order, and fills in the path of each.
///
/// # Errors
/// Those of `siblings`.
pub fn update<C: Compressor + ?Sized, E>(
    updates: &[(u32, Digest)],
    siblings: impl FnOnce(&[u32], &mut [Siblings]) -> Result<(), E>,
    compressor: &C,
) -> Result<TreeUpdate, E> {
    let mut ids: Vec<u32> = updates.iter().map(|(id, _)| *id).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut before = vec![[Digest::ZERO; TREE_DEPTH]; ids.len()];
    siblings(&ids, &mut before)?;

    let mut paths = vec![[Digest::ZERO; TREE_DEPTH]; updates.len()];
    let mut nodes = Vec::new();
    // which of the distinct places of this level each replacement writes, and what it writes there
    let mut places: Vec<usize> = updates
        .iter()
        .map(|(id, _)| ids.partition_point(|other| other < id))
        .collect();
    let mut digests: Vec<Digest> = updates.iter().map(|(_, leaf)| *leaf).collect();
    let seen = seen_below(updates);
    // the replacements that climb to the next level, and what is hashed for them
    let (mut climbing, mut inputs, mut parents) = (Vec::new(), Vec::new(), Vec::new());
    let mut level = Level::leaves(ids);
    for height in 0..TREE_DEPTH {
        climbing.clear();
        inputs.clear();
        for (i, (&(id, _), path)) in updates.iter().zip(&mut paths).enumerate() {
            let place = places[i];
            if height < seen[i] {
                level.written[place] = Some(digests[i]);
            }
            // whoever wrote the sibling last was seen here: the next replacement was not below the sibling
            let written = level.sibling(place).and_then(|other| level.written[other]);
            let sibling = written.unwrap_or(before[level.leaf[place]][height]);
            path[height] = sibling;
            if height + 1 < seen[i] {
                climbing.push(i);
                inputs.push(parent_input(id, height, &digests[i], &sibling));
            }
        }
        level.emit(height, &mut nodes);
        parents.resize(inputs.len(), Digest::ZERO);
        compressor.compress_many(&inputs, &mut parents);
        for (&i, parent) in climbing.iter().zip(&parents) {
            digests[i] = *parent;
        }
        level.rise(&mut places);
    }
    if let Some(root) = digests.last() {
        nodes.push(Node {
            height: TREE_DEPTH as u8,
            index: 0,
            digest: *root,
        });
    }
    Ok(TreeUpdate { paths, nodes })
}

/// For each replacement, the height from which on nobody sees what it makes of the nodes above its leaf.
///
/// The next replacement writes the nodes that both have above them anew, and reads none of them: their lowest
/// one is where the two paths meet. Of the nodes below, it reads the one beside its own path, and later ones may
/// read the others. The last replacement is seen up to the root.
fn seen_below(updates: &[(u32, Digest)]) -> Vec<usize> {
    let next = updates.iter().skip(1).map(|(next, _)| Some(*next));
    updates
        .iter()
        .zip(next.chain([None]))
        .map(|(&(id, _), next)| {
            // indices agree from the height on at which their highest different bit is shifted out
            next.map_or(TREE_DEPTH + 1, |next| {
                (u32::BITS - (id ^ next).leading_zeros()) as usize
            })
        })
        .collect()
}

/// The distinct nodes of one height that an update writes, by ascending index.
struct Level {
    index: Vec<u32>,
    /// For each, one of the leaves below it, as a position among the distinct leaves.
    leaf: Vec<usize>,
    /// Its digest, as last written.
    written: Vec<Option<Digest>>,
}

impl Level {
    fn leaves(index: Vec<u32>) -> Self {
        Self {
            leaf: (0..index.len()).collect(),
            written: vec![None; index.len()],
            index,
        }
    }

    /// Where the sibling of a node is, if it is written too: beside the node, since the places are sorted.
    fn sibling(&self, place: usize) -> Option<usize> {
        let sibling = self.index[place] ^ 1;
        let other = if sibling > self.index[place] {
            place.checked_add(1)
        } else {
            place.checked_sub(1)
        };
        other.filter(|other| self.index.get(*other) == Some(&sibling))
    }

    fn emit(&self, height: usize, nodes: &mut Vec<Node>) {
        let written = self.index.iter().zip(&self.written);
        nodes.extend(written.filter_map(|(&index, digest)| {
            digest.map(|digest| Node {
                height: height as u8,
                index,
                digest,
            })
        }));
    }

    /// The level above, and where each replacement writes there.
    fn rise(&mut self, places: &mut [usize]) {
        let mut parents = 0;
        let mut parent_of = vec![0; self.index.len()];
        for (place, parent) in parent_of.iter_mut().enumerate() {
            let index = self.index[place] >> 1;
            if parents == 0 || self.index[parents - 1] != index {
                // what is overwritten lies at or before this place, and was read
                self.index[parents] = index;
                self.leaf[parents] = self.leaf[place];
                parents += 1;
            }
            *parent = parents - 1;
        }
        self.index.truncate(parents);
        self.leaf.truncate(parents);
        self.written.clear();
        self.written.resize(parents, None);
        for place in places {
            *place = parent_of[*place];
        }
    }
}
