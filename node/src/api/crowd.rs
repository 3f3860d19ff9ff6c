//! How much of something one caller may have: of connections, of streams of events, of the room for bodies and for answers.
//!
//! Without such a limit one machine that opens connections and says nothing keeps everybody else out, however short the
//! time is that each of them lasts.

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::limits::Caller;

/// The part of a whole that one caller may have at most: a quarter, and of little something.
pub(super) const fn part(all: usize) -> usize {
    all.div_ceil(4)
}

/// What each caller has.
#[derive(Clone, Debug, Default)]
pub(super) struct Crowd(Arc<Mutex<HashMap<Caller, usize>>>);

impl Crowd {
    fn counts(&self) -> MutexGuard<'_, HashMap<Caller, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// So many more places, given back when the value is dropped; `None` when the caller would have more than `most`.
    pub(super) fn enter(&self, caller: Caller, more: usize, most: usize) -> Option<Place> {
        let mut counts = self.counts();
        let count = counts.get(&caller).copied().unwrap_or(0);
        let count = count.checked_add(more).filter(|count| *count <= most)?;
        counts.insert(caller, count);
        drop(counts);
        let crowd = self.clone();
        Some(Place {
            crowd,
            caller,
            count: more,
        })
    }
}

/// The place of a connection or of a stream, or the places of a body or an answer.
#[derive(Debug)]
pub(super) struct Place {
    crowd: Crowd,
    caller: Caller,
    count: usize,
}

impl Place {
    /// Takes over the places of another value, which is of the same crowd and caller.
    pub(super) fn merge(&mut self, mut other: Self) {
        debug_assert_eq!(self.caller, other.caller);
        self.count += mem::take(&mut other.count);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.crowd.counts();
        if let Some(count) = counts.get_mut(&self.caller) {
            *count -= self.count;
            // Who has gone is forgotten: addresses are many.
            if *count == 0 {
                counts.remove(&self.caller);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_caller_has_places_and_gives_them_back() {
        let crowd = Crowd::default();
        let [one, two] = ["192.0.2.1", "2001:db8::"].map(|text| Caller::at(text.parse().unwrap()));
        let held: Vec<_> = (0..3).map(|_| crowd.enter(one, 1, 3).unwrap()).collect();
        assert!(crowd.enter(one, 1, 3).is_none());
        let other = crowd.enter(two, 3, 3).unwrap();
        drop(held);
        let mut again = crowd.enter(one, 2, 3).unwrap();
        assert!(crowd.enter(one, 2, 3).is_none());
        again.merge(crowd.enter(one, 1, 3).unwrap());
        assert!(crowd.enter(one, 1, 3).is_none());
        assert!(crowd.enter(one, usize::MAX, usize::MAX).is_none());
        drop((again, other));
        // who gets nothing is not remembered
        assert!(crowd.enter(one, 1, 0).is_none());
        assert!(crowd.counts().is_empty());
    }
}
