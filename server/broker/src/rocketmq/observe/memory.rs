//! What one answer leaves for the next: brokers that were seen, what they had, where queues ended.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::heads::BrokerEnds;
use crate::rocketmq::answers::group_configs::GroupConfig;
use crate::rocketmq::answers::topic_configs::TopicConfig;

/// A broker that no name server lists is taken for down, and after this for taken out of service.
const REMEMBERED: Duration = Duration::from_secs(24 * 3_600);

pub(super) type Topics = Arc<BTreeMap<String, TopicConfig>>;
pub(super) type Groups = Arc<BTreeMap<String, GroupConfig>>;
/// Group and topic.
pub(super) type Consumed = Arc<BTreeSet<(String, String)>>;

#[derive(Default)]
pub(in crate::rocketmq) struct Memory {
    state: Mutex<State>,
}

#[derive(Default)]
pub(super) struct State {
    seen: BTreeMap<String, Seen>,
    /// By broker name.
    had: BTreeMap<String, Had>,
    pub(super) subscribed: Arc<Subscribed>,
    /// Where queues ended; taken out while a reading is under way.
    pub(super) ends: BTreeMap<String, BrokerEnds>,
}

/// The replicas of one broker name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) cluster: Option<String>,
    /// By id; 0 is the master.
    pub(super) replicas: BTreeMap<i64, String>,
    pub(super) at: Instant,
}

/// What a broker told of itself when it last did.
#[derive(Clone, Debug, Default)]
pub(super) struct Had {
    pub(super) topics: Option<Topics>,
    pub(super) groups: Option<Groups>,
    pub(super) consumed: Consumed,
}

/// What members of groups asked for, as the last topology told.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Subscribed {
    /// Topics by group.
    pub(super) topics: BTreeMap<String, BTreeSet<String>>,
    /// Whose members each keep their own positions.
    pub(super) broadcast: BTreeSet<String>,
}

impl Memory {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn had(&self, broker: &str) -> Had {
        self.state().had.get(broker).cloned().unwrap_or_default()
    }

    pub(super) fn learn(&self, broker: &str, had: Had) {
        self.state().had.insert(broker.to_owned(), had);
    }
}

impl State {
    /// Brokers that are listed now, and those that were and have not been missed for too long.
    pub(super) fn see(&mut self, listed: BTreeMap<String, Seen>) -> BTreeMap<String, Seen> {
        self.seen.extend(listed);
        self.seen.retain(|_, seen| seen.at.elapsed() < REMEMBERED);
        let seen = &self.seen;
        self.had.retain(|broker, _| seen.contains_key(broker));
        self.ends.retain(|broker, _| seen.contains_key(broker));
        self.seen.clone()
    }
}
