//! Merkle trees, in winter-crypto's order of nodes.

#[cfg(feature = "parallel")]
use rayon::prelude::*;

use super::{HashError, Rows, TASK, check_len, hash_messages, rows::Messages, words::MAX_LANES};
use crate::Backend;

/// A Merkle tree in the parts that `winter_crypto::MerkleTree::from_raw_parts` takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree<const N: usize> {
    /// As many as leaves: the root at 1, the children of node i at 2i and 2i + 1, zeros at 0.
    /// The children of the last half are the leaves.
    pub nodes: Vec<[u8; N]>,
    /// The digests of the rows, in order.
    pub leaves: Vec<[u8; N]>,
}

impl<const N: usize> Tree<N> {
    /// The commitment.
    pub fn root(&self) -> [u8; N] {
        self.nodes[1]
    }
}

/// Hashes children 2i and 2i + 1 to parent i, as `Blake3_256::merge` (`N` = 32) or
/// `Blake3_192::merge` (`N` = 24) would; on this thread, on [`Backend::current`].
///
/// # Errors
/// [`HashError::Digests`] if there are not twice as many children as parents.
pub fn merge_level<const N: usize>(
    children: &[[u8; N]],
    parents: &mut [[u8; N]],
) -> Result<(), HashError> {
    check_len(2 * parents.len(), children.len())?;
    merge(Backend::current(), children, parents);
    Ok(())
}

/// All nodes above `leaves`, in the order of [`Tree::nodes`]; on this thread.
///
/// # Errors
/// [`HashError::Leaves`] if the leaves are no power of two, or fewer than two.
pub fn merkle_nodes<const N: usize>(leaves: &[[u8; N]]) -> Result<Vec<[u8; N]>, HashError> {
    let backend = Backend::current();
    let mut nodes = new_nodes(leaves.len())?;
    let Tiles {
        size,
        levels,
        roots,
    } = Tiles::new(&mut nodes);
    for (leaves, levels) in leaves.chunks(size).zip(levels) {
        climb(backend, leaves, levels);
    }
    finish(backend, &mut nodes, roots);
    Ok(nodes)
}

/// [`merkle_nodes`] on the threads of the current rayon pool.
///
/// # Errors
/// As [`merkle_nodes`].
#[cfg(feature = "parallel")]
pub fn par_merkle_nodes<const N: usize>(leaves: &[[u8; N]]) -> Result<Vec<[u8; N]>, HashError> {
    let mut nodes = new_nodes(leaves.len())?;
    par_merkle_nodes_into(leaves, &mut nodes)?;
    Ok(nodes)
}

/// [`par_merkle_nodes`] into `nodes`, as many as leaves, whatever they hold.
///
/// # Errors
/// As [`merkle_nodes`], and [`HashError::Digests`] if there are not as many nodes as leaves.
#[cfg(feature = "parallel")]
pub fn par_merkle_nodes_into<const N: usize>(
    leaves: &[[u8; N]],
    nodes: &mut [[u8; N]],
) -> Result<(), HashError> {
    let backend = Backend::current();
    check_leaves(leaves.len())?;
    check_len(leaves.len(), nodes.len())?;
    nodes[0] = [0; N];
    let Tiles {
        size,
        levels,
        roots,
    } = Tiles::new(nodes);
    leaves
        .par_chunks(size)
        .zip(levels)
        .for_each(|(leaves, levels)| {
            climb(backend, leaves, levels);
        });
    finish(backend, nodes, roots);
    Ok(())
}

/// The Merkle tree whose leaves are the digests of `rows`; on this thread.
///
/// # Errors
/// [`HashError::Leaves`] if the rows are no power of two, or fewer than two.
pub fn commit_rows<const N: usize>(rows: Rows<'_>) -> Result<Tree<N>, HashError> {
    let backend = Backend::current();
    let mut nodes = new_nodes(rows.len())?;
    let mut leaves = vec![[0; N]; rows.len()];
    let Tiles {
        size,
        levels,
        roots,
    } = Tiles::new(&mut nodes);
    for (i, (leaves, levels)) in leaves.chunks_mut(size).zip(levels).enumerate() {
        hash_messages(backend, rows.0.slice(i * size, size), leaves);
        climb(backend, leaves, levels);
    }
    finish(backend, &mut nodes, roots);
    Ok(Tree { nodes, leaves })
}

/// [`commit_rows`] on the threads of the current rayon pool.
///
/// # Errors
/// As [`commit_rows`].
#[cfg(feature = "parallel")]
pub fn par_commit_rows<const N: usize>(rows: Rows<'_>) -> Result<Tree<N>, HashError> {
    let backend = Backend::current();
    let mut nodes = new_nodes(rows.len())?;
    let mut leaves = vec![[0; N]; rows.len()];
    let Tiles {
        size,
        levels,
        roots,
    } = Tiles::new(&mut nodes);
    let tasks = leaves.par_chunks_mut(size).zip(levels).enumerate();
    tasks.for_each(|(i, (leaves, levels))| {
        hash_messages(backend, rows.0.slice(i * size, size), leaves);
        climb(backend, leaves, levels);
    });
    finish(backend, &mut nodes, roots);
    Ok(Tree { nodes, leaves })
}

fn new_nodes<const N: usize>(leaves: usize) -> Result<Vec<[u8; N]>, HashError> {
    check_leaves(leaves)?;
    Ok(vec![[0; N]; leaves])
}

const fn check_leaves(leaves: usize) -> Result<(), HashError> {
    if leaves < 2 || !leaves.is_power_of_two() {
        return Err(HashError::Leaves { got: leaves });
    }
    Ok(())
}

fn merge<const N: usize>(backend: Backend, children: &[[u8; N]], parents: &mut [[u8; N]]) {
    let bytes = children.as_flattened();
    let count = parents.len();
    let pairs = Messages {
        bytes,
        size: 2 * N,
        stride: 2 * N,
        count,
        montgomery: false,
    };
    hash_messages(backend, pairs, parents);
}

/// The lower levels of a tree, cut into the parts above [`TASK`] leaves each: a part is hashed
/// from its leaves up while it is in cache. Levels too small for the lanes are left out, but for
/// the lowest.
struct Tiles<'a, const N: usize> {
    /// Leaves under a tile.
    size: usize,
    /// For each tile, its part of each level, lowest first.
    levels: Vec<Vec<&'a mut [[u8; N]]>>,
    /// Nodes in the highest of those levels, all tiles together.
    roots: usize,
}

impl<'a, const N: usize> Tiles<'a, N> {
    fn new(nodes: &'a mut [[u8; N]]) -> Self {
        let leaves = nodes.len();
        let size = leaves.min(TASK);
        let count = leaves / size;
        let mut levels: Vec<Vec<_>> = (0..count).map(|_| Vec::new()).collect();
        let mut rest = nodes;
        let mut part = size / 2;
        while part >= MAX_LANES || rest.len() == leaves {
            let (above, level) = rest.split_at_mut(part * count);
            for (levels, level) in levels.iter_mut().zip(level.chunks_mut(part)) {
                levels.push(level);
            }
            rest = above;
            part /= 2;
        }
        Self {
            size,
            levels,
            roots: rest.len(),
        }
    }
}

/// Fills one tile's levels from its leaves.
fn climb<const N: usize>(backend: Backend, leaves: &[[u8; N]], levels: Vec<&mut [[u8; N]]>) {
    let mut children = leaves;
    for parents in levels {
        merge(backend, children, parents);
        children = parents;
    }
}

/// Fills the levels above the tiles. `filled` nodes, from index `filled` on, are there.
fn finish<const N: usize>(backend: Backend, nodes: &mut [[u8; N]], mut filled: usize) {
    while filled > 1 {
        let (above, level) = nodes.split_at_mut(filled);
        merge(backend, &level[..filled], &mut above[filled / 2..]);
        filled /= 2;
    }
}
