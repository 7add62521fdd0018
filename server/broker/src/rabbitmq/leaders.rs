//! Which quorum queues have a new leader.
//!
//! For some seconds after an election the management API tells such a queue as empty, full or not
//! (seen on 3.10.8 after a transfer: `messages` 0 between two right answers). Its zeros are then
//! not believed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::answers::Counts;
use super::prometheus::QueueKey;

/// A leader counts every 5 s, and its node's statistics follow.
const SETTLING: Duration = Duration::from_secs(10);

#[derive(Debug, Default)]
pub(super) struct Leaders(BTreeMap<QueueKey, Seen>);

#[derive(Debug)]
struct Seen {
    leader: String,
    /// `None`: it has led since we first looked.
    elected_at: Option<Instant>,
}

impl Leaders {
    /// Takes note of who leads now; answers the queues whose leader is new.
    pub fn settling(&mut self, queues: &[Counts], now: Instant) -> BTreeSet<QueueKey> {
        let mut next = BTreeMap::new();
        let mut settling = BTreeSet::new();
        for queue in queues {
            let (Some(vhost), Some(name), Some(leader)) =
                (&queue.vhost, &queue.name, &queue.leader)
            else {
                continue;
            };
            let key = (vhost.clone(), name.clone());
            let before = self.0.remove(&key);
            let elected_at = match before {
                Some(seen) if seen.leader == *leader => seen.elected_at,
                Some(_) => Some(now),
                None => None,
            };
            if elected_at.is_some_and(|at| now.duration_since(at) < SETTLING) {
                settling.insert(key.clone());
            }
            next.insert(
                key,
                Seen {
                    leader: leader.clone(),
                    elected_at,
                },
            );
        }
        self.0 = next;
        settling
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn led_by(leader: Option<&str>) -> Vec<Counts> {
        let queue = json!([{"name": "q", "vhost": "/", "leader": leader}]);
        serde_json::from_value(queue).unwrap()
    }

    #[test]
    fn a_leader_is_new_for_some_seconds_after_another() {
        let mut leaders = Leaders::default();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert!(leaders.settling(&led_by(Some("a")), at(0)).is_empty());
        assert!(leaders.settling(&led_by(Some("a")), at(5)).is_empty());
        assert_eq!(leaders.settling(&led_by(Some("b")), at(6)).len(), 1);
        assert_eq!(leaders.settling(&led_by(Some("b")), at(15)).len(), 1);
        assert!(leaders.settling(&led_by(Some("b")), at(16)).is_empty());
        // A queue that is gone leaves nothing.
        assert!(leaders.settling(&[], at(17)).is_empty());
        assert!(leaders.0.is_empty());
        assert!(leaders.settling(&led_by(None), at(18)).is_empty());
    }
}
