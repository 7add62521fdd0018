//! Which controller decides, and what it holds of the replicas.

use std::collections::BTreeMap;

use futures::future::join_all;

use super::ask;
use crate::rocketmq::answers::controller::SyncStates;
use crate::rocketmq::client::Session;
use crate::rocketmq::wire::command::{
    CONTROLLER_GET_METADATA_INFO, CONTROLLER_GET_SYNC_STATE_DATA, Request,
};
use crate::rocketmq::wire::dial::{Role, Target};
use crate::rocketmq::wire::failure::Failure;

pub(super) const RIGHT: &str = "Get on Cluster";

#[derive(Default)]
pub(super) struct Controllers {
    /// By address: it answered, or why not. Peers that only others name are not asked.
    pub(super) nodes: BTreeMap<String, Option<Result<(), Failure>>>,
    pub(super) leader: Option<String>,
    /// `None`: the settings name no controller.
    pub(super) states: Option<Result<SyncStates, Failure>>,
}

pub(super) async fn read(session: &Session<'_>, brokers: &[String]) -> Controllers {
    let listed = &session.client.controllers;
    if listed.is_empty() {
        return Controllers::default();
    }
    let request = &Request::new(CONTROLLER_GET_METADATA_INFO);
    let asked = listed.iter().map(|target| async move {
        let told = session.within(0.4).ask(target, request).await;
        (target.address.clone(), told)
    });
    let mut controllers = Controllers::default();
    let mut failed = None;
    for (address, told) in join_all(asked).await {
        match told {
            Ok(answer) => {
                let leader = answer.field("controllerLeaderAddress");
                if let Some(leader) = leader.filter(|address| !address.is_empty()) {
                    controllers.leader = Some(leader.to_owned());
                }
                for peer in peers(answer.field("peers").unwrap_or_default()) {
                    controllers.nodes.entry(peer.to_owned()).or_default();
                }
                controllers.nodes.insert(address, Some(Ok(())));
            }
            Err(failure) => {
                failed = Some(failure.clone());
                controllers.nodes.insert(address, Some(Err(failure)));
            }
        }
    }
    let states = match (&controllers.leader, failed) {
        (Some(leader), _) => sync_states(session, leader, brokers).await,
        (None, Some(failure)) => Err(failure),
        (None, None) => Err(Failure::Said {
            code: 0,
            remark: "controllers have no leader now".to_owned(),
        }),
    };
    controllers.states = Some(states);
    controllers
}

async fn sync_states(
    session: &Session<'_>,
    leader: &str,
    brokers: &[String],
) -> Result<SyncStates, Failure> {
    let target = Target::new(Role::Controller, leader);
    let names = serde_json::Value::from(brokers.to_vec()).to_string();
    let request = Request::new(CONTROLLER_GET_SYNC_STATE_DATA).with_body(names);
    ask::read(session, &target, &request).await
}

/// Of `n0:127.0.0.1:29878;n1:…` the addresses.
fn peers(told: &str) -> impl Iterator<Item = &str> {
    let peers = told.split(';').filter_map(|peer| peer.split_once(':'));
    peers.map(|(_, address)| address.trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rocketmq::wire::recorded;

    #[test]
    fn a_recorded_answer_names_leader_and_peers() {
        let told = recorded::answer("controller/1005-CONTROLLER_GET_METADATA_INFO.resp.bin");
        assert_eq!(
            told.field("controllerLeaderAddress"),
            Some("127.0.0.1:29878")
        );
        let peers: Vec<&str> = peers(told.field("peers").unwrap()).collect();
        assert_eq!(peers, ["127.0.0.1:29878"]);
    }
}
