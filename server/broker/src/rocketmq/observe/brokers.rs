//! Who there is, as every name server tells it; and who was there before.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use futures::future::join_all;

use super::ask::{self, ends_all};
use super::memory::{Memory, Seen};
use crate::adapter::{Reason, Refused, refuse};
use crate::rocketmq::answers::cluster_info::{ClusterInfo, MASTER_ID};
use crate::rocketmq::client::{Brokers, Session};
use crate::rocketmq::wire::command::{GET_BROKER_CLUSTER_INFO, Request};
use crate::rocketmq::wire::dial::Target;
use crate::rocketmq::wire::failure::Failure;

/// The right that name servers with access control want for it.
pub(super) const RIGHT: &str = "Get on Cluster";

pub(super) struct Census {
    pub(super) name_servers: Vec<(Target, Result<ClusterInfo, Failure>)>,
    pub(super) brokers: Vec<Broker>,
}

/// The replicas of one broker name.
#[derive(Clone, Debug)]
pub(super) struct Broker {
    pub(super) name: String,
    pub(super) cluster: Option<String>,
    /// Addresses by id; 0 is the master.
    pub(super) replicas: BTreeMap<i64, String>,
    /// Some name server lists it now, or none of them told.
    pub(super) is_listed: bool,
}

impl Broker {
    /// # Errors
    /// Why there is none to be asked.
    pub(super) fn master(&self) -> Result<Target, Failure> {
        let name = &self.name;
        let wrong = |detail, hint| Failure::from(refuse(Reason::Unreachable, detail, hint));
        match self.replicas.get(&MASTER_ID) {
            _ if !self.is_listed => Err(wrong(
                format!("no name server lists broker {name} now"),
                "It is down, or has no master; it is forgotten after a day.",
            )),
            None => Err(wrong(
                format!("broker {name} has no master now"),
                "Start its master, or have another replica elected.",
            )),
            Some(address) => Ok(Target::broker(name, MASTER_ID, address)),
        }
    }
}

/// Asks all name servers: each may know others, and one that hangs must not hold up the rest.
///
/// # Errors
/// None of them answered, and nothing was ever told.
pub(super) async fn census(session: &Session<'_>, memory: &Memory) -> Result<Census, Refused> {
    let session = session.within(0.4);
    let request = &Request::new(GET_BROKER_CLUSTER_INFO);
    let session = &session;
    let asked = session.client.namesrv.iter().map(|target| async move {
        let told = ask::read::<ClusterInfo>(session, target, request).await;
        (target.clone(), told)
    });
    let name_servers = join_all(asked).await;
    let failures = || {
        name_servers
            .iter()
            .filter_map(|(_, told)| told.as_ref().err())
    };
    if let Some(failure) = failures().find(|failure| ends_all(failure)) {
        return Err(failure.clone().into_refused(RIGHT));
    }
    let listed = listed(
        name_servers
            .iter()
            .filter_map(|(_, told)| told.as_ref().ok()),
    );
    let is_told = failures().count() < name_servers.len();
    if is_told {
        let groups = listed.iter();
        let groups = groups.map(|(name, seen)| (name.clone(), seen.replicas.clone()));
        session.client.learn_brokers(Arc::new(Brokers {
            groups: groups.collect(),
        }));
    }
    let names: Vec<String> = listed.keys().cloned().collect();
    let seen = memory.state().see(listed);
    if seen.is_empty()
        && !is_told
        && let Some(failure) = failures().next()
    {
        return Err(failure.clone().into_refused(RIGHT));
    }
    let brokers = seen.into_iter().map(|(name, seen)| Broker {
        is_listed: !is_told || names.contains(&name),
        name,
        cluster: seen.cluster,
        replicas: seen.replicas,
    });
    Ok(Census {
        brokers: brokers.collect(),
        name_servers,
    })
}

/// Of two name servers that tell differently of one broker, the one with a master counts.
fn listed<'a>(told: impl Iterator<Item = &'a ClusterInfo>) -> BTreeMap<String, Seen> {
    let mut listed: BTreeMap<String, Seen> = BTreeMap::new();
    let at = Instant::now();
    for (name, data) in told.flat_map(|info| &info.broker_addr_table) {
        let has_master = |seen: &Seen| seen.replicas.contains_key(&MASTER_ID);
        if listed.get(name).is_some_and(has_master) {
            continue;
        }
        let seen = Seen {
            cluster: data.cluster.clone(),
            replicas: data.broker_addrs.clone(),
            at,
        };
        listed.insert(name.clone(), seen);
    }
    listed
}
