//! How much of something one address may have: of connections, of the room for answers.
//!
//! Without such a limit one machine that opens connections and says nothing keeps everybody else out, however short the
//! time is that each of them lasts.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// What each address has, or each network of 64 bits of version 6.
#[derive(Clone, Debug, Default)]
pub(super) struct Crowd(Arc<Mutex<HashMap<IpAddr, usize>>>);

impl Crowd {
    fn counts(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// So many more places, given back when the value is dropped; `None` when the address would have more than `most`.
    pub(super) fn enter(&self, network: IpAddr, more: usize, most: usize) -> Option<Place> {
        let mut counts = self.counts();
        let count = counts.get(&network).copied().unwrap_or(0);
        let count = count.checked_add(more).filter(|count| *count <= most)?;
        counts.insert(network, count);
        drop(counts);
        let crowd = self.clone();
        Some(Place {
            crowd,
            network,
            count: more,
        })
    }
}

/// The place of a connection, or the places of an answer.
#[derive(Debug)]
pub(super) struct Place {
    crowd: Crowd,
    network: IpAddr,
    count: usize,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.crowd.counts();
        if let Some(count) = counts.get_mut(&self.network) {
            *count -= self.count;
            // Who has gone is forgotten: addresses are many.
            if *count == 0 {
                counts.remove(&self.network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_has_its_places_and_gives_them_back() {
        let crowd = Crowd::default();
        let [one, two] = ["192.0.2.1", "2001:db8::"].map(|text| text.parse().unwrap());
        let held: Vec<_> = (0..3).map(|_| crowd.enter(one, 1, 3).unwrap()).collect();
        assert!(crowd.enter(one, 1, 3).is_none());
        let other = crowd.enter(two, 3, 3).unwrap();
        drop(held);
        let again = crowd.enter(one, 2, 3).unwrap();
        assert!(crowd.enter(one, 2, 3).is_none());
        assert!(crowd.enter(one, usize::MAX, usize::MAX).is_none());
        drop((again, other));
        // who gets nothing is not remembered
        assert!(crowd.enter(one, 1, 0).is_none());
        assert!(crowd.counts().is_empty());
    }
}
