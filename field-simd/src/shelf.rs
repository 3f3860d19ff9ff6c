//! Small buffers, side by side in huge pages.
//!
//! Fresh memory costs a fault for each page that is touched, and a huge page costs little more than one of 4 KiB. But a
//! huge page is too large for most buffers of a short proof. So these share one: a *shelf* is a mapping of one huge page
//! from the [pool](crate::pool), and a *part* is some of its units, one after the other. A shelf without parts goes back
//! to the pool.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use memmap2::MmapRaw;

use crate::pool::{self, HUGE_PAGE};

/// Parts are a multiple of this many bytes, and the smallest is one: less is not worth the lock.
pub(crate) const UNIT: usize = HUGE_PAGE / UNITS;

/// Units of a shelf, as many as [`Shelf::taken`] has bits.
const UNITS: usize = u128::BITS as usize;

/// A mapping that parts share.
#[derive(Debug)]
struct Shelf {
    map: Arc<MmapRaw>,
    /// Bit i says that unit i is in a part.
    taken: u128,
}

/// Shelves with a part at least, in the order of their making.
static SHELVES: Mutex<Vec<Shelf>> = Mutex::new(Vec::new());

fn lock() -> MutexGuard<'static, Vec<Shelf>> {
    SHELVES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The bits of `units` units, one at least, from unit `first` on.
const fn bits(first: usize, units: usize) -> u128 {
    (u128::MAX >> (UNITS - units)) << first
}

/// The first unit of the lowest gap of `units` units.
fn gap(taken: u128, units: usize) -> Option<usize> {
    (0..=UNITS - units).find(|&first| taken & bits(first, units) == 0)
}

/// A run of units of a shelf, which no other part has.
#[derive(Debug)]
pub(crate) struct Part {
    /// The shelf's mapping, until the part is dropped.
    map: Option<Arc<MmapRaw>>,
    first: usize,
    units: usize,
}

impl Part {
    /// Room for `bytes` bytes; none if that is no buffer for a shelf, or the system refuses the mapping of one.
    ///
    /// What it holds is unspecified, as in the pool.
    pub(crate) fn take(bytes: usize) -> Option<Self> {
        let units = bytes.div_ceil(UNIT);
        if units == 0 || units > UNITS {
            return None;
        }
        let mut shelves = lock();
        let found = shelves
            .iter_mut()
            .find_map(|shelf| Some((gap(shelf.taken, units)?, shelf)));
        let (first, map) = match found {
            Some((first, shelf)) => {
                shelf.taken |= bits(first, units);
                (first, Arc::clone(&shelf.map))
            }
            None => {
                let map = Arc::new(pool::take_page()?);
                shelves.push(Shelf {
                    map: Arc::clone(&map),
                    taken: bits(0, units),
                });
                (0, map)
            }
        };
        let map = Some(map);
        Some(Self { map, first, units })
    }

    /// The first byte, of as many as were asked for; null once the part is dropped.
    ///
    /// No reference to the shelf's other bytes is made for it: those are other parts'.
    pub(crate) fn start(&self) -> *mut u8 {
        let offset = self.first * UNIT;
        let start = |map: &Arc<MmapRaw>| map.as_mut_ptr().wrapping_add(offset);
        self.map.as_ref().map_or(core::ptr::null_mut(), start)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let Some(map) = self.map.take() else {
            return;
        };
        let mut shelves = lock();
        let shelf = shelves
            .iter()
            .position(|shelf| Arc::ptr_eq(&shelf.map, &map));
        // Before the lock is: the last part to go finds the mapping with the shelf alone.
        drop(map);
        let Some(i) = shelf else {
            return;
        };
        shelves[i].taken &= !bits(self.first, self.units);
        if shelves[i].taken == 0 {
            let shelf = shelves.remove(i);
            drop(shelves);
            if let Some(map) = Arc::into_inner(shelf.map) {
                pool::keep(map);
            }
        }
    }
}

#[cfg(all(test, not(miri)))]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_found_where_they_are() {
        assert_eq!(gap(0, 1), Some(0));
        assert_eq!(gap(0, UNITS), Some(0));
        assert_eq!(gap(1, UNITS), None);
        assert_eq!(gap(0b1001_0111, 1), Some(3));
        assert_eq!(gap(0b1001_0111, 2), Some(5));
        assert_eq!(gap(0b1001_0111, 3), Some(8));
        assert_eq!(gap(!bits(100, 5), 5), Some(100));
        assert_eq!(gap(!bits(100, 5), 6), None);
        assert_eq!(gap(!bits(123, 5), 5), Some(123));
        assert_eq!(gap(u128::MAX, 1), None);
    }

    #[test]
    fn parts_have_their_places_to_themselves() {
        assert!(Part::take(0).is_none());
        assert!(Part::take(HUGE_PAGE + 1).is_none());
        // More than one shelf holds, of many sizes, let go in another order than taken.
        let mut parts: Vec<Part> = (0..60)
            .map(|i| Part::take(1 + (i * 7919) % (5 * UNIT)).expect("memory"))
            .collect();
        let mut places: Vec<_> = parts
            .iter()
            .map(|part| (part.start().addr(), part.units * UNIT))
            .collect();
        places.sort_unstable();
        for pair in places.windows(2) {
            assert!(pair[0].0 + pair[0].1 <= pair[1].0, "{pair:?}");
        }
        for i in (0..parts.len()).rev().step_by(2) {
            parts.swap_remove(i);
        }
        let again = Part::take(4 * UNIT).expect("memory");
        let kept = |part: &Part| part.start().addr()..part.start().addr() + part.units * UNIT;
        let new = kept(&again);
        assert!(parts.iter().all(|part| {
            let old = kept(part);
            old.end <= new.start || new.end <= old.start
        }));
    }
}
