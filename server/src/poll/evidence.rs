//! What is asked beside readings, for a few positions at a time: what spans and the stored message
//! itself tell of where a group stands.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use waybill_model::time::Timestamp;

use crate::detect::HeadAttempts;

/// A position that is wondered about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wonder {
    pub cluster: String,
    pub system: String,
    pub group: Arc<str>,
    pub destination: Arc<str>,
    pub partition: Arc<str>,
    /// Of its place among those read.
    pub place: u32,
    pub offset: i64,
    pub lag: u64,
    /// The group has stood there: what became of the message is asked too, not its time alone.
    pub stands: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeadTold {
    pub attempts: HeadAttempts,
    /// When the message was written.
    pub written_at: Option<Timestamp>,
}

/// Asks the store and, within bounds, the broker; changes neither.
#[async_trait]
pub trait TellsHeads: Send + Sync {
    /// What fails is not known.
    async fn head(&self, wonder: &Wonder) -> HeadTold;
}

/// Positions that are asked about after one reading.
const AT_ONCE: usize = 8;
/// Of which so many are considered.
const CONSIDERED: usize = 2_000;
/// How long an answer about a position holds.
const ASK_AGAIN_MS: f64 = 10_000.0;
/// Of one that has stood for long.
const ASK_SELDOM_MS: f64 = 60_000.0;
const REMEMBERED: usize = 20_000;

/// Answers, by group and place.
#[derive(Debug, Default)]
pub struct Evidence {
    told: HashMap<(Arc<str>, u32), Kept>,
    pub wonders: Vec<Wonder>,
}

#[derive(Clone, Copy, Debug)]
struct Kept {
    offset: i64,
    lag: u64,
    told: HeadTold,
    first_at: Timestamp,
    at: Timestamp,
}

impl Evidence {
    pub fn attempts(&self, group: &Arc<str>, place: u32, offset: i64, lag: u64) -> HeadAttempts {
        let kept = self.told.get(&(group.clone(), place));
        let kept = kept.filter(|kept| kept.offset == offset);
        match kept.map(|kept| (kept.told.attempts, kept.lag)) {
            // A message may have come since.
            Some((HeadAttempts::NoMessage, then)) if then != lag => HeadAttempts::Unknown,
            Some((attempts, _)) => attempts,
            None => HeadAttempts::Unknown,
        }
    }

    /// May be asked after this reading, unless it was lately.
    pub fn wonder(&mut self, wonder: Wonder, now: Timestamp) {
        let key = (wonder.group.clone(), wonder.place);
        let known = self.told.get(&key);
        let rests = known.is_some_and(|kept| {
            let has_stood =
                kept.offset == wonder.offset && now.ms_since(kept.first_at) > 6.0 * ASK_AGAIN_MS;
            let rest = if has_stood {
                ASK_SELDOM_MS
            } else {
                ASK_AGAIN_MS
            };
            let is_same = kept.offset == wonder.offset;
            // The time of a position that moves is asked as seldom as that of one that stands.
            (is_same || !wonder.stands) && now.ms_since(kept.at) < rest
        });
        if !rests && self.wonders.len() < CONSIDERED {
            self.wonders.push(wonder);
        }
    }

    /// Leaves those to be asked that were never asked, or longest ago.
    pub fn choose(&mut self) {
        let asked_at = |wonder: &Wonder| {
            let key = (wonder.group.clone(), wonder.place);
            self.told.get(&key).map(|kept| kept.at)
        };
        self.wonders.sort_by_cached_key(asked_at);
        self.wonders.truncate(AT_ONCE);
    }

    pub fn take(&mut self, wonder: &Wonder, told: HeadTold, now: Timestamp) {
        if self.told.len() >= REMEMBERED {
            self.told.clear();
        }
        let key = (wonder.group.clone(), wonder.place);
        let before = self.told.get(&key);
        let before = before.filter(|kept| kept.offset == wonder.offset);
        let kept = Kept {
            offset: wonder.offset,
            lag: wonder.lag,
            told,
            first_at: before.map_or(now, |kept| kept.first_at),
            at: now,
        };
        self.told.insert(key, kept);
    }

    /// Places have other numbers now.
    pub fn forget(&mut self) {
        self.told.clear();
        self.wonders.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_asked_about_once_in_a_while() {
        let at = |s: i64| Timestamp::from_unix_millis(s * 1_000);
        let wonder = |offset| Wonder {
            cluster: "east".into(),
            system: "simulated".into(),
            group: "billing".into(),
            destination: "orders".into(),
            partition: "0".into(),
            place: 3,
            offset,
            lag: 5,
            stands: true,
        };
        let mut evidence = Evidence::default();
        let mut asked = |offset, s| {
            evidence.wonders.clear();
            evidence.wonder(wonder(offset), at(s));
            let asks = !evidence.wonders.is_empty();
            if asks {
                let attempts = HeadAttempts::Failed;
                let told = HeadTold {
                    attempts,
                    written_at: None,
                };
                evidence.take(&wonder(offset), told, at(s));
            }
            asks
        };
        assert!(asked(7, 0));
        assert!(!asked(7, 5));
        assert!(asked(7, 10));
        assert!(asked(8, 11), "another position");
        assert_eq!((1..9).filter(|n| asked(8, 11 + n * 10)).count(), 6);
        assert_eq!(
            evidence.attempts(&"billing".into(), 3, 8, 9),
            HeadAttempts::Failed
        );
        assert_eq!(
            evidence.attempts(&"billing".into(), 3, 7, 9),
            HeadAttempts::Unknown
        );
    }

    #[test]
    fn of_many_those_are_asked_that_were_never_asked_and_no_message_holds_while_none_comes() {
        let at = |s: i64| Timestamp::from_unix_millis(s * 1_000);
        let wonder = |place: u32| Wonder {
            cluster: "east".into(),
            system: "simulated".into(),
            group: "billing".into(),
            destination: "orders".into(),
            partition: place.to_string().as_str().into(),
            place,
            offset: 7,
            lag: 1,
            stands: true,
        };
        let mut evidence = Evidence::default();
        let told = HeadTold {
            attempts: HeadAttempts::NoMessage,
            written_at: None,
        };
        for place in 0..10 {
            evidence.take(&wonder(place), told, at(i64::from(place)));
        }
        (0..20).for_each(|place| evidence.wonder(wonder(place), at(100)));
        evidence.choose();
        assert_eq!(evidence.wonders.len(), AT_ONCE);
        assert!(evidence.wonders.iter().all(|wonder| wonder.place >= 10));
        let group: Arc<str> = "billing".into();
        assert_eq!(evidence.attempts(&group, 3, 7, 1), HeadAttempts::NoMessage);
        assert_eq!(evidence.attempts(&group, 3, 7, 2), HeadAttempts::Unknown);
    }
}
