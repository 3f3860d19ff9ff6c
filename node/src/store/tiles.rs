//! The account tree in tiles of height 4.
//!
//! A tile is a subtree without its root: 16, 8, 4 and 2 nodes, 30 in all. Eight levels of tiles make the
//! tree of height 32; its root stands in the head. A path of 32 nodes is then eight rows and not 32, and an
//! update of many accounts writes each tile once.
//!
//! A tile's bytes are four, little-endian, bit p set when place p is not an empty subtree; then the digests
//! of those places, 32 bytes each. Places count from the leaves' side: 16 of height 0, then 8, 4 and 2. A tile
//! of empty subtrees alone has no row.

use std::collections::BTreeMap;

use winterlane_ledger::{
    Digest,
    digest::DIGEST_BYTES,
    tree::{Node, TREE_DEPTH},
};

use super::StoreError;

/// Heights of the tree that a tile holds.
const TILE_HEIGHT: usize = 4;

/// Nodes of a tile.
const PLACES: usize = 30;

/// Where a tile is: its level (0 holds the leaves) and its index there, in one key that keeps the tiles of a
/// level together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TileKey(u64);

impl TileKey {
    fn new(level: usize, index: u32) -> Self {
        Self((level as u64) << 32 | u64::from(index))
    }

    pub(crate) const fn key(self) -> u64 {
        self.0
    }

    /// The tile of the nodes beside a leaf's path at this level.
    pub(crate) fn of_leaf(level: usize, leaf: u32) -> Self {
        let shift = TILE_HEIGHT * (level + 1);
        // the uppermost tile is above all 32 bits of the index
        Self::new(level, leaf.checked_shr(shift as u32).unwrap_or(0))
    }

    fn level(self) -> usize {
        (self.0 >> 32) as usize
    }
}

/// The tile and the place of a node below the root.
pub(crate) fn place_of(height: usize, index: u32) -> (TileKey, usize) {
    let (level, inside) = (height / TILE_HEIGHT, height % TILE_HEIGHT);
    let bits = (TILE_HEIGHT - inside) as u32;
    let first = [0, 16, 24, 28][inside];
    let within = index & ((1 << bits) - 1);
    (
        TileKey::new(level, index.checked_shr(bits).unwrap_or(0)),
        first + within as usize,
    )
}

/// A tile in memory: a digest for each place that is no empty subtree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tile {
    nodes: [Option<Digest>; PLACES],
}

impl Default for Tile {
    fn default() -> Self {
        Self {
            nodes: [None; PLACES],
        }
    }
}

impl Tile {
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, StoreError> {
        let damaged = || StoreError::corrupt("a tile of the account tree is none");
        let (bits, rest) = bytes.split_first_chunk::<4>().ok_or_else(damaged)?;
        let bits = u32::from_le_bytes(*bits);
        let (digests, left) = rest.as_chunks::<DIGEST_BYTES>();
        if bits == 0
            || bits >> PLACES != 0
            || !left.is_empty()
            || digests.len() != bits.count_ones() as usize
        {
            return Err(damaged());
        }
        let mut tile = Self::default();
        let set = (0..PLACES).filter(|place| bits >> place & 1 == 1);
        for (place, digest) in set.zip(digests) {
            tile.nodes[place] = Some(Digest::from_bytes(digest).map_err(|_| damaged())?);
        }
        Ok(tile)
    }

    /// The bytes; `None` when every place is an empty subtree.
    pub(crate) fn to_bytes(&self) -> Option<Vec<u8>> {
        let mut bits = 0u32;
        let mut out = vec![0; 4];
        for (place, digest) in self.nodes.iter().enumerate() {
            if let Some(digest) = digest {
                bits |= 1 << place;
                out.extend_from_slice(&digest.to_bytes());
            }
        }
        out[..4].copy_from_slice(&bits.to_le_bytes());
        (bits != 0).then_some(out)
    }

    /// The node at a place of a tile; `empty` are the digests of empty subtrees.
    pub(crate) fn get(&self, place: usize) -> Option<Digest> {
        self.nodes[place]
    }

    pub(crate) fn set(&mut self, place: usize, digest: Option<Digest>) {
        self.nodes[place] = digest;
    }
}

/// What an update writes to each tile: places, and `None` for a subtree that is empty now. The root is left
/// out.
pub(crate) fn by_tile(
    nodes: &[Node],
    empty: &[Digest; TREE_DEPTH + 1],
) -> BTreeMap<TileKey, Vec<(usize, Option<Digest>)>> {
    let mut tiles: BTreeMap<TileKey, Vec<(usize, Option<Digest>)>> = BTreeMap::new();
    for node in nodes {
        let height = usize::from(node.height);
        if height < TREE_DEPTH {
            let (tile, place) = place_of(height, node.index);
            let digest = (node.digest != empty[height]).then_some(node.digest);
            tiles.entry(tile).or_default().push((place, digest));
        }
    }
    tiles
}

/// Fills in the siblings of one leaf from the tiles of its path.
pub(crate) fn siblings_from<E>(
    leaf: u32,
    empty: &[Digest; TREE_DEPTH + 1],
    mut tile: impl FnMut(TileKey) -> Result<Option<Tile>, E>,
    out: &mut [Digest; TREE_DEPTH],
) -> Result<(), E> {
    for level in 0..TREE_DEPTH / TILE_HEIGHT {
        let key = TileKey::of_leaf(level, leaf);
        debug_assert_eq!(key.level(), level);
        let tile = tile(key)?;
        for inside in 0..TILE_HEIGHT {
            let height = level * TILE_HEIGHT + inside;
            let (_, place) = place_of(height, leaf >> height ^ 1);
            let found = tile.as_ref().and_then(|tile| tile.get(place));
            out[height] = found.unwrap_or(empty[height]);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_node_of_a_path_has_a_place_of_its_own() {
        for leaf in [0u32, 1, 0xdead_beef, u32::MAX] {
            let mut seen = BTreeSet::new();
            for height in 0..TREE_DEPTH {
                let (tile, place) = place_of(height, leaf >> height);
                assert_eq!(tile, TileKey::of_leaf(height / TILE_HEIGHT, leaf));
                assert_eq!(tile.level(), height / TILE_HEIGHT);
                assert!(place < PLACES && seen.insert((tile, place)));
                let (beside, other) = place_of(height, leaf >> height ^ 1);
                assert_eq!(beside, tile);
                assert_eq!(other, place ^ 1);
            }
        }
    }

    #[test]
    fn tiles_round_trip_and_are_strict() {
        let digest = |n: u8| {
            let mut bytes = [0; 32];
            bytes[8] = n;
            Digest::from_bytes(&bytes).unwrap()
        };
        let mut tile = Tile::default();
        assert_eq!(tile.to_bytes(), None);
        for place in [0, 15, 16, 29] {
            tile.set(place, Some(digest(place as u8)));
        }
        let bytes = tile.to_bytes().unwrap();
        assert_eq!(bytes.len(), 4 + 4 * 32);
        assert_eq!(Tile::from_bytes(&bytes).unwrap(), tile);
        for end in 0..bytes.len() {
            assert!(Tile::from_bytes(&bytes[..end]).is_err());
        }
        assert!(Tile::from_bytes(&[&bytes[..], &[0; 32]].concat()).is_err());
        let mut above = bytes.clone();
        above[3] |= 0x80;
        assert!(Tile::from_bytes(&above).is_err());
        for place in [0, 15, 16, 29] {
            tile.set(place, None);
        }
        assert_eq!(tile.to_bytes(), None);
    }
}
