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
//! - beyond half of [`Most::orders`] a batch is not closed for its age: it fills up first, so that few batches take many orders;
//! - from [`Most::orders`] on no orders are taken until settlement has caught up;
//! - from [`Most::deposits`] on no deposits are taken either. What is forced is taken: the rest of the lifetime is for it.
//!
//! Deposits cost whoever makes them next to nothing, and there is no end of them. A node that took them all at once would make
//! more batches than a forced order lives for, and hold them all in memory. That they wait makes none of them late. The open
//! batch is the next one whether they come into it now or later, and no batch is settled before those that settlement lacks. Orders
//! stop before them, so that whoever sends orders without end keeps no deposit from the room that settling makes. And they come
//! due `per_unit` in a second, however many are made at once.
//!
//! When many batches wait to be published, settlement is asked in between what is forced ([`Most::at_once`]).
//!
//! The store keeps what settlement has said ([`crate::store::Heard`]): a node that is started while settlement is away goes by
//! that. One that has never heard it goes ahead by one batch, which every rule allows.

use winterlane_ledger::{BatchNumber, pool::ANCHORS};

use crate::settlement::Settlement;

/// How many batches may not be settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Most {
    /// Before no more orders are taken.
    pub(crate) orders: u64,
    /// Before no more deposits are taken that settlement obliges to.
    pub(crate) deposits: u64,
}

impl Most {
    /// As many as a node without obligations makes.
    pub(crate) const UNBOUNDED: Self = Self {
        orders: u64::MAX,
        deposits: u64::MAX,
    };

    /// By a rule of settlement's. The rest of the lifetime, and of the anchors, is for what is forced meanwhile. Where forced
    /// orders live for one batch there is no room of their own for deposits.
    fn of(lifetime: u64) -> Self {
        let orders = (lifetime / 2).clamp(1, ANCHORS as u64 / 4);
        let deposits = (orders + (orders / 2).max(1)).min(lifetime.max(1));
        Self { orders, deposits }
    }

    /// How many batches are published before settlement is asked again what is forced there. Each of them lets another be
    /// made, and an order that was forced before it lives no longer for that.
    pub(super) fn at_once(self) -> u64 {
        (self.orders / 4).max(1)
    }

    /// How far the node may be when settlement is asked next, if `open` is the open batch now and settlement waits for
    /// `next_publish`: what expires by then is looked after now ([`super::duties`]). Where nothing says how far the node may
    /// go, this is as far as any rule lets it.
    pub(super) fn soon(self, open: BatchNumber, next_publish: BatchNumber) -> BatchNumber {
        let orders = self.orders.min(ANCHORS as u64 / 4);
        let bounded = Self { orders, ..self };
        // orders are taken so far, and further when more batches are settled meanwhile; what is forced, and deposits, are taken one
        // by one
        let by_orders = next_publish.saturating_add(orders);
        open.max(by_orders).saturating_add(bounded.at_once())
    }
}

/// What stands for the lifetime where no orders are forced: no rule has so long a one.
const ENDLESS: u64 = u64::MAX;

/// For how many batches forced orders must be valid, as settlement says. `None` while it says nothing.
pub(super) fn lifetime(settlement: &mut dyn Settlement) -> Option<u64> {
    let lifetime = settlement.lifetime().ok()?;
    Some(lifetime.unwrap_or(ENDLESS))
}

/// How many batches may not be settled, by the [`lifetime`] that settlement has said, to this process or to one before it.
pub(super) fn by(lifetime: Option<u64>) -> Most {
    match lifetime {
        None => Most::of(1),
        Some(ENDLESS) => Most::UNBOUNDED,
        Some(lifetime) => Most::of(lifetime),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// There is room for what is forced: as many batches again, and anchors that were old when they were named.
    #[test]
    fn most_leaves_room_within_every_lifetime() {
        for (lifetime, orders, deposits) in [
            (1, 1, 1),
            (2, 1, 2),
            (3, 1, 2),
            (4, 2, 3),
            (8, 4, 6),
            (1024, 256, 384),
            (u64::MAX, 256, 384),
        ] {
            assert_eq!(Most::of(lifetime), Most { orders, deposits }, "{lifetime}");
        }
        let of_anchors = 2 * Most::of(u64::MAX).orders;
        assert!(of_anchors <= ANCHORS as u64 / 2);
    }

    /// No order that is forced while the node is as far ahead as it goes, and publishes, has expired when it is heard; and
    /// orders leave room for deposits.
    #[test]
    fn deposits_have_room_beside_orders_and_leave_some() {
        assert_eq!(Most::of(2).deposits, 2);
        for lifetime in 3..3000 {
            let most = Most::of(lifetime);
            let Most { orders, deposits } = most;
            assert!(orders < deposits, "{lifetime}");
            assert!(deposits + most.at_once() <= lifetime, "{lifetime}");
            // anchors that were as old as they may be when they were named are there still
            assert!(deposits < ANCHORS as u64 / 2, "{lifetime}");
        }
    }

    /// An order that expires soon was forced long ago, however far ahead the node was then: whoever forces orders that cannot run
    /// has the node wait for them now and then, and not again and again.
    #[test]
    fn an_order_is_not_about_to_expire_when_it_is_forced() {
        let posted = BatchNumber::new(7);
        for lifetime in 8..3000 {
            let most = Most::of(lifetime);
            let last = posted.saturating_add(lifetime);
            let soon = |ahead| most.soon(posted.saturating_add(ahead), posted);
            let left = last.since(soon(most.orders)).unwrap();
            assert!(8 * left >= 3 * lifetime, "{lifetime}: {left}");
            let left = last.since(soon(most.deposits)).unwrap();
            assert!(8 * left >= lifetime, "{lifetime}: {left}");
            // and whatever is settled in a turn, the next one begins before
            let next = posted.saturating_add(most.at_once() + most.orders);
            assert!(next <= soon(0), "{lifetime}");
        }
        let zero = BatchNumber::ZERO;
        assert_eq!(Most::UNBOUNDED.soon(zero, zero).get(), 256 + 64);
    }

    /// Whoever has heard nothing goes no further than whoever has heard the strictest rule.
    #[test]
    fn what_was_not_heard_allows_no_more_than_any_rule() {
        let strictest = by(None);
        assert_eq!((strictest.orders, strictest.deposits), (1, 1));
        assert_eq!(by(Some(ENDLESS)), Most::UNBOUNDED);
        for lifetime in [1, 2, 8, 100, 1024, (1 << 61) - 1] {
            let most = by(Some(lifetime));
            assert!(strictest.orders <= most.orders, "{lifetime}");
            assert!(strictest.deposits <= most.deposits, "{lifetime}");
        }
    }
}
