//! How far a node goes ahead of its settlement.
//!
//! A *forced order* must be valid for `lifetime` batches after the one that settlement waits for when it is posted
//! ([`winterlane_settlement::Rules`]). That it has expired when the node hears of it is no excuse: settlement takes the
//! operator to have made no more batches than that. So a node that went on while settlement is away, or refuses a batch, could
//! not take what it must take when settlement is back, and anybody would end the rollup. With anchors it is the same: the pool
//! keeps the last [`ANCHORS`], and settlement lets a forced operation name one that is half as old as that.
//!
//! Hence, by the number of batches that are decided and not settled:
//!
//! - beyond half of [`most`] a batch is not closed for its age: it fills up first, so that few batches take many orders;
//! - from [`most`] on no orders are taken until settlement has caught up. What settlement obliges to is taken.

use winterlane_ledger::pool::ANCHORS;
use winterlane_settlement::Rules;

use crate::settlement::Settlement;

/// As many as a node without obligations makes.
pub(crate) const UNBOUNDED: u64 = u64::MAX;

/// How many batches may not be settled before no more orders are taken, by a rule of settlement's. The rest of the lifetime,
/// and of the anchors, is for what is forced meanwhile.
fn most(lifetime: u64) -> u64 {
    (lifetime / 2).clamp(1, ANCHORS as u64 / 4)
}

/// The same by what settlement says; [`UNBOUNDED`] when it obliges to nothing. `None` while it says nothing.
pub(super) fn by(settlement: &mut dyn Settlement) -> Option<u64> {
    if !settlement.obliges() {
        return Some(UNBOUNDED);
    }
    let lifetime = settlement.lifetime().ok()?;
    Some(lifetime.map_or(UNBOUNDED, most))
}

/// What a node goes by until settlement is heard: the rules that most have.
pub(super) fn unheard() -> u64 {
    most(Rules::default().lifetime)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// There is room for what is forced: as many batches again, and anchors that were old when they were named.
    #[test]
    fn most_leaves_room_within_every_lifetime() {
        for (lifetime, expected) in [(1, 1), (2, 1), (8, 4), (1024, 256), (u64::MAX, 256)] {
            assert_eq!(most(lifetime), expected, "{lifetime}");
        }
        let of_anchors = 2 * most(u64::MAX);
        assert!(of_anchors <= ANCHORS as u64 / 2);
    }
}
