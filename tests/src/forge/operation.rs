//! What the columns of an operation say together.

use winterlane_air::batch::columns::{
    AMOUNT, FEE, IS_COLLECT, IS_CREATE, IS_TOP_UP, IS_TRANSFER, KEY_INDEX, ROTATE, SCOPE, SPEND,
    SUBJECT, TARGETS_SLOT_0, TO, VALID_UNTIL,
};
use winterlane_ledger::{BaseElement, amount::LIMB_BITS};

use super::{Cells, element};

pub(super) fn rotates(cells: &Cells) -> BaseElement {
    cells[ROTATE.start] + cells[ROTATE.start + 1]
}

pub(super) fn signed(cells: &Cells) -> BaseElement {
    cells[SPEND.start] + cells[SPEND.start + 1] + rotates(cells)
}

pub(super) fn receives(cells: &Cells) -> BaseElement {
    cells[IS_TRANSFER] + cells[IS_CREATE] + cells[IS_TOP_UP] + cells[IS_COLLECT]
}

pub(super) fn targets(cells: &Cells) -> [BaseElement; 2] {
    [
        cells[TARGETS_SLOT_0],
        rotates(cells) - cells[TARGETS_SLOT_0],
    ]
}

/// The eight lanes of the record, without the tag.
pub(super) fn record(cells: &Cells) -> [BaseElement; 8] {
    let withdraws = cells[SPEND.start] + cells[SPEND.start + 1] - cells[IS_TRANSFER];
    let kind = cells[IS_TRANSFER]
        + withdraws * element(2)
        + rotates(cells) * element(3)
        + cells[IS_TOP_UP] * element(4)
        + cells[IS_CREATE] * element(5)
        + cells[IS_COLLECT] * element(6);
    let head = cells[SUBJECT]
        + kind * element(1 << 32)
        + targets(cells)[1] * element(1 << 37)
        + cells[SCOPE] * element(1 << 38)
        + (cells[SPEND.start + 1] + cells[ROTATE.start + 1]) * element(1 << 42)
        + cells[KEY_INDEX] * element(1 << 43);
    let (amount, fee) = (AMOUNT.start, FEE.start);
    [
        head,
        cells[TO],
        cells[VALID_UNTIL],
        cells[amount],
        cells[amount + 1],
        cells[fee],
        cells[fee + 1],
        cells[amount + 2] + cells[fee + 2] * element(1 << LIMB_BITS[2]),
    ]
}
