//! How much one address and one key may ask for.

use std::{net::IpAddr, num::NonZeroU32, time::Duration};

use governor::{
    Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
    state::keyed::HashMapStateStore,
};

use super::problem::{Kind, Problem};
use crate::keys::KeyId;

/// Who is counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Caller {
    /// Everyone at an address of version 4, or in a network of 64 bits of version 6: who has one address of
    /// such a network has all of them.
    Network(IpAddr),
    /// Everyone with the key.
    Key(KeyId),
}

impl Caller {
    pub(super) fn at(address: IpAddr) -> Self {
        Self::Network(Self::network(address))
    }

    /// The address, or its network.
    pub(super) fn network(address: IpAddr) -> IpAddr {
        match address.to_canonical() {
            IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) & !u128::from(u64::MAX)).into()),
            v4 => v4,
        }
    }
}

type Limiter = RateLimiter<Caller, HashMapStateStore<Caller>, DefaultClock>;

/// Token buckets: so many a second, and a second's worth at once.
#[derive(Debug)]
pub(super) struct Limits {
    limiter: Option<Limiter>,
    clock: DefaultClock,
}

impl Limits {
    /// `per_second` units for each caller; 0 is no limit.
    pub(super) fn new(per_second: u32) -> Self {
        let limiter =
            NonZeroU32::new(per_second).map(|rate| RateLimiter::hashmap(Quota::per_second(rate)));
        Self {
            limiter,
            clock: DefaultClock::default(),
        }
    }

    /// Takes `units` from the caller's bucket.
    pub(super) fn take(&self, caller: Caller, units: u32) -> Result<(), Problem> {
        let Some(limiter) = &self.limiter else {
            return Ok(());
        };
        let Some(units) = NonZeroU32::new(units) else {
            return Ok(());
        };
        match limiter.check_key_n(&caller, units) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(until)) => {
                let wait = until.wait_time_from(self.clock.now());
                Err(
                    Problem::new(Kind::Busy, "more requests than one caller may make")
                        .retry_after(wait),
                )
            }
            // More at once than the bucket ever holds: all of it is taken, so that large requests pass; but for one, which
            // the request itself has taken before anybody saw how large it is.
            Err(most) => {
                let Some(rest) = NonZeroU32::new(most.0.saturating_sub(1)) else {
                    return Ok(());
                };
                match limiter.check_key_n(&caller, rest) {
                    Ok(Ok(())) => Ok(()),
                    _ => {
                        let problem =
                            Problem::new(Kind::Busy, "more than one caller may ask for at once");
                        Err(problem.retry_after(Duration::from_secs(1)))
                    }
                }
            }
        }
    }

    /// Forgets callers whose buckets are full: called now and then.
    pub(super) fn forget(&self) {
        if let Some(limiter) = &self.limiter {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }
}
