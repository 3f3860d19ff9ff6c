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
//!
//! The store keeps what settlement has said ([`crate::store::Heard`]): a node that is started while settlement is away goes by
//! that. One that has never heard it goes ahead by one batch, which every rule allows.

use winterlane_ledger::pool::ANCHORS;

use crate::settlement::Settlement;

/// As many as a node without obligations makes.
pub(crate) const UNBOUNDED: u64 = u64::MAX;

/// How many batches may not be settled before no more orders are taken, by a rule of settlement's. The rest of the lifetime,
/// and of the anchors, is for what is forced meanwhile.
fn most(lifetime: u64) -> u64 {
    (lifetime / 2).clamp(1, ANCHORS as u64 / 4)
}

/// What stands for the lifetime where no orders are forced: no rule has so long a one.
const ENDLESS: u64 = u64::MAX;

/// For how many batches forced orders must be valid, as settlement says. `None` while it says nothing.
pub(super) fn lifetime(settlement: &mut dyn Settlement) -> Option<u64> {
    let lifetime = settlement.lifetime().ok()?;
    Some(lifetime.unwrap_or(ENDLESS))
}

/// How many batches may not be settled, by the [`lifetime`] that settlement has said, to this process or to one before it.
pub(super) fn by(lifetime: Option<u64>) -> u64 {
    match lifetime {
        None => most(1),
        Some(ENDLESS) => UNBOUNDED,
        Some(lifetime) => most(lifetime),
    }
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

    /// Whoever has heard nothing goes no further than whoever has heard the strictest rule.
    #[test]
    fn what_was_not_heard_allows_no_more_than_any_rule() {
        assert_eq!((by(None), by(Some(ENDLESS))), (1, UNBOUNDED));
        for lifetime in [1, 2, 8, 100, 1024, (1 << 61) - 1] {
            assert!(by(None) <= by(Some(lifetime)), "{lifetime}");
        }
    }
}
