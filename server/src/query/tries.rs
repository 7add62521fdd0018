//! Tries of a quarter of an hour, to notice a second one.

use std::collections::HashSet;

use waybill_model::time::Timestamp;
use waybill_store::Tried;

/// Of one generation; at 17 bytes each, two of them take 34 MB at most. Where more messages are
/// consumed, the memory is shorter than its time.
const MOST: usize = 1_000_000;

/// Two generations of half the time each.
pub(super) struct Tries {
    half_ms: i64,
    began: Timestamp,
    current: HashSet<Tried>,
    before: HashSet<Tried>,
}

impl Tries {
    pub(super) fn new(memory_ms: i64, now: Timestamp) -> Self {
        Self {
            half_ms: memory_ms / 2,
            began: now,
            current: HashSet::new(),
            before: HashSet::new(),
        }
    }

    /// Those that are known, or stand twice: `tried` is sorted.
    pub(super) fn repeated(&self, tried: &[Tried]) -> HashSet<Tried> {
        let known = |one: &Tried| self.current.contains(one) || self.before.contains(one);
        let again = tried.windows(2).filter(|pair| pair[0] == pair[1]);
        let again = again.map(|pair| pair[0]);
        tried.iter().copied().filter(known).chain(again).collect()
    }

    pub(super) fn remember(&mut self, tried: impl IntoIterator<Item = Tried>, now: Timestamp) {
        for one in tried {
            let is_over = self.began.plus_ms(self.half_ms) <= now;
            if is_over || self.current.len() >= MOST {
                self.before = std::mem::take(&mut self.current);
                self.began = now;
            }
            self.current.insert(one);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_unix_millis(ms)
    }

    #[test]
    fn a_second_try_is_noticed_within_the_memory() {
        let [a, b, c] = [1, 2, 3].map(|n: u64| Tried::of(n << 40));
        let mut tries = Tries::new(100, at(0));
        assert!(tries.repeated(&[a, b]).is_empty());
        assert_eq!(
            tries.repeated(&[a, b, b]),
            HashSet::from([b]),
            "in one block"
        );
        tries.remember([a], at(0));
        assert_eq!(tries.repeated(&[a, c]), HashSet::from([a]));
        tries.remember([b], at(60));
        assert_eq!(tries.repeated(&[a, b]), HashSet::from([a, b]));
        tries.remember([c], at(120));
        assert_eq!(tries.repeated(&[a, b]), HashSet::from([b]));
    }
}
