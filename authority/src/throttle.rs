//! How often somebody may try: one bucket for each key, in memory that does not grow.

use std::hash::{BuildHasher, Hash, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Places that one key may take. When all are taken the one that was used least gives way, so whoever wants to be
/// forgotten has to drive out others who tried harder.
const WAYS: usize = 8;
const SETS: usize = 2048;

/// Buckets that hold `burst` tries and get one back each `pause`.
#[derive(Debug)]
pub(crate) struct Throttle {
    places: Mutex<Vec<[Place; WAYS]>>,
    hasher: RandomState,
    burst: u32,
    pause: Duration,
}

/// A bucket, by the time at which it will be full again (the generic cell rate algorithm).
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    key: u64,
    full_at: Duration,
}

impl Throttle {
    pub(crate) fn new(burst: u32, pause: Duration) -> Self {
        let places = Mutex::new(vec![[Place::default(); WAYS]; SETS]);
        Self { places, hasher: RandomState::new(), burst, pause }
    }

    /// Takes one try.
    ///
    /// # Errors
    /// How long to wait where there is none left.
    pub(crate) fn take(&self, key: &impl Hash, now: Duration) -> Result<(), Duration> {
        let reach = self.pause * self.burst;
        self.with(key, |place| {
            let full_at = place.full_at.max(now) + self.pause;
            match full_at.checked_sub(now + reach) {
                Some(wait) if !wait.is_zero() => Err(wait),
                _ => {
                    place.full_at = full_at;
                    Ok(())
                }
            }
        })
    }

    /// Gives one try back.
    pub(crate) fn give_back(&self, key: &impl Hash) {
        self.with(key, |place| place.full_at = place.full_at.saturating_sub(self.pause));
    }

    fn with<T>(&self, key: &impl Hash, act: impl FnOnce(&mut Place) -> T) -> T {
        let key = self.hasher.hash_one(key).max(1); // 0 is nobody's
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let set = usize::try_from(key % SETS as u64).unwrap_or_default();
        let set = places.get_mut(set).map_or(&mut [][..], |set| &mut set[..]);
        let known = set.iter().position(|place| place.key == key);
        let at = known.or_else(|| {
            let least = set.iter().enumerate().min_by_key(|(_, place)| place.full_at);
            least.map(|(at, _)| at)
        });
        match at.and_then(|at| set.get_mut(at)) {
            Some(place) => {
                if known.is_none() {
                    *place = Place { key, full_at: Duration::ZERO };
                }
                act(place)
            }
            None => act(&mut Place::default()),
        }
    }
}

/// Whom an address stands for: itself, or of IPv6 the network of which one customer has the whole.
pub(crate) fn neighbourhood(peer: Option<IpAddr>) -> Option<IpAddr> {
    peer.map(|peer| match peer.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 @ IpAddr::V4(_) => v4,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_bucket_empties_and_fills_again() {
        let throttle = Throttle::new(3, 10 * SECOND);
        let now = 1000 * SECOND;
        assert!((0..3).all(|_| throttle.take(&"alice", now).is_ok()));
        assert_eq!(throttle.take(&"alice", now), Err(10 * SECOND));
        assert_eq!(throttle.take(&"alice", now + 4 * SECOND), Err(6 * SECOND));
        assert!(throttle.take(&"bob", now).is_ok());
        assert!(throttle.take(&"alice", now + 10 * SECOND).is_ok());
        assert!(throttle.take(&"alice", now + 10 * SECOND).is_err());
        throttle.give_back(&"alice");
        assert!(throttle.take(&"alice", now + 10 * SECOND).is_ok());
    }

    #[test]
    fn whoever_tried_hardest_is_forgotten_last() {
        let throttle = Throttle::new(3, 10 * SECOND);
        let now = 1000 * SECOND;
        while throttle.take(&"alice", now).is_ok() {}
        for other in 0..(4 * WAYS * SETS) {
            throttle.take(&other, now).ok();
        }
        assert!(throttle.take(&"alice", now).is_err(), "driven out by many who tried once");
    }

    #[test]
    fn a_customer_has_one_bucket() {
        let of = |text: &str| neighbourhood(Some(text.parse().unwrap()));
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
