//! Sign-in slows down with each failure, by name and by address, in bounded memory.
//!
//! An attempt counts as failed from its beginning until it is known to be good, so that many at
//! once gain nothing. A pause doubles with each failure beyond those that are free.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};

use waybill_model::time::Timestamp;

/// Failures before the first pause.
const FREE_BY_NAME: u32 = 5;
const FREE_BY_ADDRESS: u32 = 20;
/// A name is known to others: whoever tries it may not lock its owner out for long.
const LONGEST_BY_NAME_MS: i64 = 60_000;
const LONGEST_BY_ADDRESS_MS: i64 = 900_000;
/// Without a further failure, all is forgotten after this.
const FORGET_MS: i64 = 900_000;
/// Names and addresses remembered, each.
const REMEMBERED: usize = 10_000;

#[derive(Default)]
pub struct Throttle {
    names: Record<String>,
    addresses: Record<IpAddr>,
}

/// How long to wait, and whether this refusal is the first of its pause (worth an audit line).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paused {
    pub retry_after_s: u64,
    pub first: bool,
}

impl Throttle {
    /// Begins an attempt, or says how long to wait.
    pub fn begin(&mut self, name: &str, from: IpAddr, now: Timestamp) -> Result<(), Paused> {
        let (name, from) = (name_key(name), address_key(from));
        if let Some(paused) =
            self.addresses
                .paused(&from, FREE_BY_ADDRESS, LONGEST_BY_ADDRESS_MS, now)
        {
            return Err(paused);
        }
        if let Some(paused) = self
            .names
            .paused(&name, FREE_BY_NAME, LONGEST_BY_NAME_MS, now)
        {
            return Err(paused);
        }
        self.names.failed(name, now);
        self.addresses.failed(from, now);
        Ok(())
    }

    /// The attempt was good: the name starts afresh, and the address gets its try back.
    pub fn succeeded(&mut self, name: &str, from: IpAddr) {
        self.names.tries.remove(&name_key(name));
        if let Some(tries) = self.addresses.tries.get_mut(&address_key(from)) {
            tries.failures = tries.failures.saturating_sub(1);
        }
    }
}

/// Names differing in case are one; what no user can be called is cut.
fn name_key(name: &str) -> String {
    name.to_lowercase().chars().take(64).collect()
}

/// One host has a whole /64 of IPv6.
fn address_key(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}

struct Record<K> {
    tries: HashMap<K, Tries>,
}

struct Tries {
    failures: u32,
    last: Timestamp,
    told: bool,
}

impl<K> Default for Record<K> {
    fn default() -> Self {
        Self {
            tries: HashMap::new(),
        }
    }
}

impl<K: Clone + Eq + Hash> Record<K> {
    fn paused(&mut self, key: &K, free: u32, longest_ms: i64, now: Timestamp) -> Option<Paused> {
        let tries = self.tries.get_mut(key)?;
        if tries.forgotten(now) {
            self.tries.remove(key);
            return None;
        }
        let beyond = tries.failures.checked_sub(free)?;
        let pause_ms = 1_000_i64
            .checked_shl(beyond.min(20))
            .unwrap_or(longest_ms)
            .min(longest_ms);
        let left_ms = tries.last.plus_ms(pause_ms).unix_millis() - now.unix_millis();
        (left_ms > 0).then(|| Paused {
            retry_after_s: u64::try_from(left_ms).unwrap_or(0).div_ceil(1_000),
            first: !std::mem::replace(&mut tries.told, true),
        })
    }

    fn failed(&mut self, key: K, now: Timestamp) {
        if self.tries.len() >= REMEMBERED && !self.tries.contains_key(&key) {
            self.make_room(now);
        }
        let tries = self.tries.entry(key).or_insert(Tries {
            failures: 0,
            last: now,
            told: false,
        });
        *tries = Tries {
            failures: tries.failures.saturating_add(1),
            last: now,
            told: false,
        };
    }

    /// Those with the fewest failures go first: a flood of fresh keys pushes out its own kind.
    fn make_room(&mut self, now: Timestamp) {
        self.tries.retain(|_, tries| !tries.forgotten(now));
        if self.tries.len() >= REMEMBERED {
            let least = self.tries.iter().min_by_key(|(_, t)| (t.failures, t.last));
            if let Some(key) = least.map(|(key, _)| key.clone()) {
                self.tries.remove(&key);
            }
        }
    }
}

impl Tries {
    fn forgotten(&self, now: Timestamp) -> bool {
        self.last.plus_ms(FORGET_MS) <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_unix_millis(ms)
    }

    #[test]
    fn pauses_double_and_end() {
        let mut throttle = Throttle::default();
        for _ in 0..FREE_BY_NAME {
            assert_eq!(throttle.begin("Ann", HERE, at(0)), Ok(()));
        }
        let paused = |s, first| {
            Err(Paused {
                retry_after_s: s,
                first,
            })
        };
        assert_eq!(throttle.begin("ann", HERE, at(0)), paused(1, true));
        assert_eq!(throttle.begin("ANN", HERE, at(1)), paused(1, false));
        assert_eq!(throttle.begin("ann", HERE, at(1_000)), Ok(()));
        assert_eq!(throttle.begin("ann", HERE, at(1_000)), paused(2, true));
        assert_eq!(throttle.begin("bob", HERE, at(1_000)), Ok(()));
        throttle.succeeded("ann", HERE);
        assert_eq!(throttle.begin("ann", HERE, at(1_001)), Ok(()));
        assert_eq!(throttle.begin("ann", HERE, at(1_001 + FORGET_MS)), Ok(()));
    }

    #[test]
    fn an_address_is_paused_over_all_names() {
        let mut throttle = Throttle::default();
        for n in 0..FREE_BY_ADDRESS {
            let from = format!("2001:db8::{n}").parse().unwrap();
            assert_eq!(throttle.begin(&format!("user{n}"), from, at(0)), Ok(()));
        }
        let from = "2001:db8::ffff".parse().unwrap();
        assert!(throttle.begin("another", from, at(0)).is_err());
        assert_eq!(throttle.begin("another", HERE, at(0)), Ok(()));
    }

    #[test]
    fn memory_is_bounded_and_the_worst_stay() {
        let mut record = Record::<u32>::default();
        record.failed(0, at(0));
        record.failed(0, at(0));
        for key in 1..=(REMEMBERED as u32 + 50) {
            record.failed(key, at(1));
        }
        assert_eq!(record.tries.len(), REMEMBERED);
        assert_eq!(record.tries[&0].failures, 2);
    }
}
