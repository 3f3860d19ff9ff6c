//! Merkle paths of a forged block.

use winter_math::FieldElement;
use winterlane_air::{
    batch::columns::{CARRY, INDEX, INDEX_BIT, INPUT_HI, INPUT_LO},
    batch::schedule::{BLOCK_ROWS, RECEIVER_PATH_START, SIGNER_PATH_END, SIGNER_PATH_START},
};
use winterlane_ledger::{BaseElement, hash::tag, tree::TREE_DEPTH};

use super::{Cells, Forgery, permutation::output};

type Lanes = [BaseElement; 4];

fn lanes(cells: &Cells, start: usize) -> Lanes {
    core::array::from_fn(|lane| cells[start + lane])
}

/// The right half without its tag.
fn right_half(cells: &Cells, tag: BaseElement) -> Lanes {
    let mut right = lanes(cells, INPUT_HI.start);
    right[3] -= tag;
    right
}

impl Forgery {
    fn put_halves(&mut self, row: usize, left: Lanes, mut right: Lanes, tag: BaseElement) {
        right[3] += tag;
        for lane in 0..4 {
            self.put(row, INPUT_LO.start + lane, left[lane]);
            self.put(row, INPUT_HI.start + lane, right[lane]);
        }
    }

    /// `node` on the side of the row's bit, the sibling on the other: what `(1 - b) (lo - node) + b
    /// (hi - node) = 0` asks, for any `b`.
    pub(super) fn open_level(
        &mut self,
        row: usize,
        node: Lanes,
        known: Option<Lanes>,
        tag: BaseElement,
    ) {
        let bit = self.rows[row][INDEX_BIT];
        let one = BaseElement::ONE;
        let was_right = self.base[row][INDEX_BIT] == one;
        let sibling = known.unwrap_or_else(|| {
            if was_right {
                lanes(&self.rows[row], INPUT_LO.start)
            } else {
                right_half(&self.rows[row], tag)
            }
        });
        let (left, right) = if bit == one {
            (sibling, node)
        } else {
            let left =
                core::array::from_fn(|i| node[i] - bit * (sibling[i] - node[i]) / (one - bit));
            (left, sibling)
        };
        self.put_halves(row, left, right, tag);
    }

    /// The row of a path after an update: the sibling is that of the row before.
    pub(super) fn close_level(&mut self, row: usize, node: Lanes) {
        let before = self.rows[row - 1];
        let sides = (
            lanes(&before, INPUT_LO.start),
            right_half(&before, tag::NODE),
        );
        let asked = before[INDEX_BIT];
        let bit = self.rows[row][INDEX_BIT];
        let one = BaseElement::ONE;
        let mut left = sides.0;
        let mut right = sides.1;
        for i in 0..4 {
            // (1 - bit) left + bit right = node, and the sibling as the row before has it
            let sibling = (one - asked) * sides.1[i] + asked * sides.0[i];
            if bit == asked {
                let scale = one - bit - bit;
                left[i] = ((one - bit) * node[i] - bit * sibling) / scale;
                right[i] = ((one - bit) * sibling - bit * node[i]) / scale;
            } else if bit == one {
                right[i] = node[i];
            } else {
                left[i] = node[i];
            }
        }
        self.put_halves(row, left, right, tag::NODE);
    }

    /// A row of an account's path.
    pub(super) fn path_input(&mut self, row: usize) {
        let in_block = row % BLOCK_ROWS;
        let (start, real) = if in_block <= SIGNER_PATH_END {
            (SIGNER_PATH_START, self.is_signed(row))
        } else {
            (RECEIVER_PATH_START, self.receives(row))
        };
        let node = lanes(&self.rows[row - 1], CARRY.start);
        let height = (in_block - start) / 2;
        let first = row - in_block + start;
        let index = self.rows[first][INDEX].as_int();
        if (in_block - start) % 2 == 1 {
            self.close_level(row, node);
            return;
        }
        let beside = (height, shifted(index, height) ^ 1);
        // a dummy's path is in no tree
        let sibling = self.nodes.get(&beside).copied().filter(|_| real);
        self.open_level(row, node, sibling, tag::NODE);
    }

    /// Remembers what an update has put into the tree, at the end of its path.
    pub(super) fn remember_path(&mut self, row: usize) {
        let first = row + 1 - 2 * TREE_DEPTH;
        let index = self.rows[first][INDEX].as_int();
        self.opened
            .get_or_insert_with(|| output(&self.rows[row - 1]));
        for height in 0..TREE_DEPTH {
            let node = lanes(&self.rows[first + 2 * height], CARRY.start);
            self.nodes.insert((height, shifted(index, height)), node);
        }
    }
}

fn shifted(index: u64, height: usize) -> u64 {
    index >> height
}
