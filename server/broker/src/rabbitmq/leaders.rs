//! Which quorum queues have a new leader.
//!
//! For some seconds after an election the management API tells such a queue as empty, full or not
//! (seen on 3.10.8 for 8 s after the leader's node was killed, and after a transfer, where the new
//! leader had led it before). Its zeros are then not believed.

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
            let (Some(vhost), Some(name)) = (&queue.vhost, &queue.name) else {
                continue;
            };
            let key = (vhost.clone(), name.clone());
            // While one is elected, none is told: whoever comes then is new, be it the same.
            let (leader, elected_at) = match (self.0.remove(&key), &queue.leader) {
                (Some(seen), Some(leader)) if seen.leader == *leader => {
                    (seen.leader, seen.elected_at)
                }
                (Some(_), Some(leader)) => (leader.clone(), Some(now)),
                (Some(seen), None) => (seen.leader, Some(now)),
                (None, Some(leader)) => (leader.clone(), None),
                (None, None) => continue,
            };
            if elected_at.is_some_and(|at| now.duration_since(at) < SETTLING) {
                settling.insert(key.clone());
            }
            next.insert(key, Seen { leader, elected_at });
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
        // While it is elected, none is told.
        assert_eq!(leaders.settling(&led_by(None), at(17)).len(), 1);
        assert_eq!(leaders.settling(&led_by(Some("a")), at(18)).len(), 1);
        assert!(leaders.settling(&led_by(Some("a")), at(30)).is_empty());
        // A queue that is gone leaves nothing.
        assert!(leaders.settling(&[], at(31)).is_empty());
        assert!(leaders.0.is_empty());
        assert!(leaders.settling(&led_by(None), at(32)).is_empty());
    }
}
