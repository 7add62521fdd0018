//! The replicas of each broker name, and which of them hold everything: what name servers, controllers
//! and masters tell, put together.

use std::collections::{BTreeMap, BTreeSet};

use waybill_model::topology::{Unknown, Why};

use super::ask::is_silence;
use super::controllers::{self, Controllers};
use super::names;
use super::told::Told;
use crate::rocketmq::answers::cluster_info::MASTER_ID;
use crate::rocketmq::answers::controller::ReplicasInfo;

/// All replicas of one broker name.
#[derive(Debug)]
pub(super) struct Replicas {
    pub(super) by_address: BTreeMap<String, Replica>,
    /// Its address; `None`: there is none, or it does not answer.
    pub(super) leader: Option<String>,
    pub(super) epoch: Option<i64>,
    /// Addresses; else why it is not known.
    pub(super) in_sync: Result<Vec<String>, Unknown>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Replica {
    pub(super) is_master: bool,
    /// It answered, or the controller says that it lives.
    pub(super) is_alive: bool,
    /// Why it did not answer.
    pub(super) silence: Option<String>,
}

pub(super) fn of(told: &Told, controllers: &Controllers) -> Replicas {
    let broker = &told.broker;
    let states = controllers
        .states
        .as_ref()
        .and_then(|told| told.as_ref().ok());
    let state = states.and_then(|states| states.replicas_info_table.get(&broker.name));
    let mut by_address: BTreeMap<String, Replica> = BTreeMap::new();
    for (id, address) in &broker.replicas {
        let runtime = told.runtimes.get(address);
        let silence = match runtime {
            Some(Err(failure)) if is_silence(failure) => failure.unknown("running", "").detail,
            _ => None,
        };
        let replica = Replica {
            is_master: *id == MASTER_ID && broker.is_listed,
            is_alive: silence.is_none(),
            silence,
        };
        by_address.insert(address.clone(), replica);
    }
    for one in state.iter().flat_map(|state| state.replicas()) {
        let replica = by_address.entry(one.broker_address.clone());
        let replica = replica.or_insert_with(|| Replica {
            is_alive: one.alive == Some(true),
            ..Replica::default()
        });
        if one.alive == Some(false) {
            replica.is_alive = false;
        }
    }
    let leader = match state {
        Some(state) => state.master_address.clone(),
        None => told
            .master
            .as_ref()
            .ok()
            .map(|target| target.address.clone()),
    };
    for (address, replica) in &mut by_address {
        replica.is_master = leader.as_ref() == Some(address);
    }
    let lives = |address: &String| by_address.get(address).is_some_and(|r| r.is_alive);
    Replicas {
        leader: leader.filter(lives),
        epoch: state.and_then(|state| state.master_epoch),
        in_sync: in_sync(told, controllers, state),
        by_address,
    }
}

fn in_sync(
    told: &Told,
    controllers: &Controllers,
    state: Option<&ReplicasInfo>,
) -> Result<Vec<String>, Unknown> {
    let unknown = |why, detail: &str| Unknown {
        member: "in_sync".to_owned(),
        why,
        detail: Some(detail.to_owned()),
    };
    if let Some(state) = state {
        let in_sync = state.in_sync_replicas.iter();
        return Ok(in_sync.map(|one| one.broker_address.clone()).collect());
    }
    if let Some(Err(failure)) = &controllers.states {
        return Err(failure.unknown("in_sync", controllers::RIGHT));
    }
    let master = match &told.master {
        Ok(master) => master.address.clone(),
        Err(failure) => return Err(failure.unknown("in_sync", controllers::RIGHT)),
    };
    let all: BTreeSet<&String> = told.broker.replicas.values().collect();
    let slaves = all.len().saturating_sub(1) as u64;
    match &told.ha {
        None => Ok(vec![master]),
        Some(Err(failure)) => Err(failure.unknown("in_sync", controllers::RIGHT)),
        Some(Ok(ha)) => match ha.in_sync_slave_nums {
            Some(0) => Ok(vec![master]),
            Some(count) if count >= slaves => Ok(all.into_iter().cloned().collect()),
            Some(count) => Err(unknown(
                Why::Missing,
                &format!("{count} of {slaves} slaves are in sync; the master does not say which"),
            )),
            None => Err(unknown(Why::Missing, "the master does not say")),
        },
    }
}

impl Replicas {
    pub(super) fn ids(&self, broker: &str) -> Vec<String> {
        let addresses = self.by_address.keys();
        addresses
            .map(|address| names::replica(broker, address))
            .collect()
    }

    pub(super) fn offline(&self, broker: &str) -> Vec<String> {
        let away = self
            .by_address
            .iter()
            .filter(|(_, replica)| !replica.is_alive);
        away.map(|(address, _)| names::replica(broker, address))
            .collect()
    }
}
