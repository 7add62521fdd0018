//! What each broker told for a topology: of its replicas how they are, of its master what it has.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::join_all;
use futures::join;

use super::ask;
use super::brokers::Broker;
use super::memory::{Consumed, Groups, Had, Memory, Topics};
use crate::rocketmq::answers::broker_config::BrokerConfig;
use crate::rocketmq::answers::cluster_info::MASTER_ID;
use crate::rocketmq::answers::group_configs::GroupConfigs;
use crate::rocketmq::answers::ha_status::HaStatus;
use crate::rocketmq::answers::offsets::AllOffsets;
use crate::rocketmq::answers::runtime::Runtime;
use crate::rocketmq::answers::topic_configs::TopicConfigs;
use crate::rocketmq::client::Session;
use crate::rocketmq::wire::command::{
    GET_ALL_CONSUMER_OFFSET, GET_ALL_SUBSCRIPTIONGROUP_CONFIG, GET_ALL_TOPIC_CONFIG,
    GET_BROKER_CONFIG, GET_BROKER_HA_STATUS, GET_BROKER_RUNTIME_INFO, Request,
};
use crate::rocketmq::wire::dial::Target;
use crate::rocketmq::wire::failure::Failure;

pub(super) struct Told {
    pub(super) broker: Broker,
    /// By address.
    pub(super) runtimes: BTreeMap<String, Result<Runtime, Failure>>,
    /// Why it cannot be asked now; what follows is then of an earlier time, or empty.
    pub(super) master: Result<Target, Failure>,
    pub(super) topics: Part<Topics>,
    pub(super) groups: Part<Groups>,
    pub(super) consumed: Consumed,
    /// As it is now.
    pub(super) config: Result<BrokerConfig, Failure>,
    /// Where it has slaves.
    pub(super) ha: Option<Result<HaStatus, Failure>>,
}

/// What was told now, or before; and why not now.
#[derive(Clone, Debug)]
pub(super) struct Part<T> {
    pub(super) told: Option<T>,
    pub(super) failure: Option<Failure>,
}

impl<T> Part<T> {
    fn of(now: Result<T, Failure>, before: Option<T>) -> Self {
        match now {
            Ok(told) => Self {
                told: Some(told),
                failure: None,
            },
            Err(failure) => Self {
                told: before,
                failure: Some(failure),
            },
        }
    }
}

pub(super) async fn read(
    session: &Session<'_>,
    memory: &Memory,
    brokers: Vec<Broker>,
) -> Vec<Told> {
    join_all(
        brokers
            .into_iter()
            .map(|broker| of(session, memory, broker)),
    )
    .await
}

async fn of(session: &Session<'_>, memory: &Memory, broker: Broker) -> Told {
    let had = memory.had(&broker.name);
    let master = broker.master();
    let (runtimes, main) = join!(runtimes(session, &broker), async {
        match &master {
            Ok(target) => {
                // One connection: one after the other.
                let topics = topics(session, target).await;
                let groups = groups(session, target).await;
                let offsets = consumed(session, target).await;
                let ha = match broker.replicas.len() {
                    0 | 1 => None,
                    _ => Some(ha_status(session, target).await),
                };
                let config = config(session, target).await;
                (topics, groups, offsets, ha, config)
            }
            Err(failure) => {
                let failed = || failure.clone();
                let config = Err(failed());
                (Err(failed()), Err(failed()), Err(failed()), None, config)
            }
        }
    });
    let (topics, groups, offsets, ha, config) = main;
    let topics = Part::of(topics, had.topics);
    let groups = Part::of(groups, had.groups);
    let consumed = offsets.unwrap_or(had.consumed);
    memory.learn(
        &broker.name,
        Had {
            topics: topics.told.clone(),
            groups: groups.told.clone(),
            consumed: consumed.clone(),
        },
    );
    Told {
        broker,
        runtimes,
        master,
        topics,
        groups,
        consumed,
        config,
        ha,
    }
}

async fn runtimes(
    session: &Session<'_>,
    broker: &Broker,
) -> BTreeMap<String, Result<Runtime, Failure>> {
    let request = &Request::new(GET_BROKER_RUNTIME_INFO);
    let asked = broker.replicas.iter().map(|(id, address)| async move {
        let target = Target::broker(&broker.name, *id, address);
        let told = match broker.is_listed || *id != MASTER_ID {
            true => ask::read(session, &target, request).await,
            // A master that nobody lists is no master: only whether it is there is of interest.
            false => ask::read(&session.within(0.2), &target, request).await,
        };
        (address.clone(), told)
    });
    join_all(asked).await.into_iter().collect()
}

pub(super) async fn topics(session: &Session<'_>, target: &Target) -> Result<Topics, Failure> {
    let request = Request::new(GET_ALL_TOPIC_CONFIG);
    let told: TopicConfigs = ask::read(session, target, &request).await?;
    Ok(Arc::new(told.topic_config_table))
}

pub(super) async fn groups(session: &Session<'_>, target: &Target) -> Result<Groups, Failure> {
    let request = Request::new(GET_ALL_SUBSCRIPTIONGROUP_CONFIG);
    let told: GroupConfigs = ask::read(session, target, &request).await?;
    Ok(Arc::new(told.subscription_group_table))
}

async fn consumed(session: &Session<'_>, target: &Target) -> Result<Consumed, Failure> {
    let request = Request::new(GET_ALL_CONSUMER_OFFSET);
    let told: AllOffsets = ask::read(session, target, &request).await?;
    let consumed = told.iter();
    let consumed = consumed.map(|one| (one.group.to_owned(), one.topic.to_owned()));
    Ok(Arc::new(consumed.collect()))
}

async fn config(session: &Session<'_>, target: &Target) -> Result<BrokerConfig, Failure> {
    let answer = session
        .ask(target, &Request::new(GET_BROKER_CONFIG))
        .await?;
    Ok(BrokerConfig::read(&answer.body))
}

async fn ha_status(session: &Session<'_>, target: &Target) -> Result<HaStatus, Failure> {
    ask::read(session, target, &Request::new(GET_BROKER_HA_STATUS)).await
}
