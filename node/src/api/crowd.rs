//! How many connections one address may have.
//!
//! Without such a limit one machine that opens connections and says nothing keeps everybody else out, however short the
//! time is that each of them lasts.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The connections of each address, or of each network of 64 bits of version 6.
#[derive(Clone, Debug, Default)]
pub(super) struct Crowd(Arc<Mutex<HashMap<IpAddr, usize>>>);

impl Crowd {
    fn counts(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for one more connection, given back when it is dropped; `None` when the address has `most`.
    pub(super) fn enter(&self, network: IpAddr, most: usize) -> Option<Place> {
        let mut counts = self.counts();
        let count = counts.entry(network).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        drop(counts);
        let crowd = self.clone();
        Some(Place { crowd, network })
    }
}

/// A connection's place.
#[derive(Debug)]
pub(super) struct Place {
    crowd: Crowd,
    network: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.crowd.counts();
        if let Some(count) = counts.get_mut(&self.network) {
            *count -= 1;
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
        let held: Vec<_> = (0..3).map(|_| crowd.enter(one, 3).unwrap()).collect();
        assert!(crowd.enter(one, 3).is_none());
        let other = crowd.enter(two, 3).unwrap();
        drop(held);
        let again = crowd.enter(one, 1).unwrap();
        assert!(crowd.enter(one, 1).is_none());
        drop((again, other));
        assert!(crowd.counts().is_empty());
    }
}
