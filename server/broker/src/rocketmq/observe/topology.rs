//! Asks for everything that changes seldom, and puts it together: what one answer lacks is unknown,
//! with its reason, and the rest is told all the same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::future::join_all;
use futures::join;
use waybill_model::topology::{Topology, Unknown, Why};

use super::brokers::{Census, census};
use super::controllers::{self, Controllers};
use super::memory::Memory;
use super::replicas::{self, Replicas};
use super::told::Told;
use super::{connections, destinations, groups, names, nodes, now, permissions, routes, told};
use crate::adapter::Refused;
use crate::rocketmq::client::Session;
use crate::rocketmq::wire::command::{GET_ROUTEINFO_BY_TOPIC, Request};
use crate::rocketmq::wire::failure::Failure;

const TOPICS_RIGHT: &str = "List on Topic";
const GROUPS_RIGHT: &str = "List on Group";

/// # Errors
/// No name server answers and none ever did; or no broker tells what it has.
pub(super) async fn read(session: &Session<'_>, memory: &Memory) -> Result<Topology, Refused> {
    let census = census(session, memory).await?;
    let names: Vec<String> = census.brokers.iter().map(|b| b.name.clone()).collect();
    let (controllers, told, proxies) = join!(
        controllers::read(session, &names),
        told::read(session, memory, census.brokers.clone()),
        proxies(session),
    );
    if let Some(refused) = nothing(&told) {
        return Err(refused);
    }
    let mut listed = groups::listed(&told);
    let asked: BTreeSet<&str> = listed
        .keys()
        .copied()
        .filter(|name| groups::has_members(name))
        .collect();
    let (present, wiped) = join!(
        connections::read(session, &told, &asked),
        permissions::read(session, &told),
    );
    groups::add_subscribed(&mut listed, &present);
    memory.state().subscribed = Arc::new(groups::subscribed_now(&present));
    let replicas: Vec<Replicas> = told
        .iter()
        .map(|told| replicas::of(told, &controllers))
        .collect();
    let brokers: Vec<(&Told, &Replicas)> = told.iter().zip(&replicas).collect();
    let at = now();
    let mut topology = Topology {
        cluster_id: cluster_id(&told),
        controller: controllers.leader.as_deref().map(names::controller),
        nodes: nodes::name_servers(&census)
            .chain(nodes::controllers(&controllers))
            .chain(nodes::proxies(&proxies))
            .collect(),
        destinations: destinations::of(&brokers),
        groups: groups::of(&told, &listed, &present),
        unknown: unknown(&told, &controllers),
        ..Topology::default()
    };
    for (told, replicas) in &brokers {
        topology
            .nodes
            .extend(nodes::brokers(told, replicas, &census, &wiped, at));
    }
    let topics = topology.destinations.iter();
    let topics: BTreeSet<&str> = topics.map(|topic| topic.name.as_str()).collect();
    let kinds = topology.groups.iter();
    let kinds = kinds.map(|group| (group.name.as_str(), group.kind.as_str()));
    topology.routes = routes::of(&listed, &kinds.collect(), &topics);
    version(&mut topology, &census);
    Ok(topology)
}

/// Why, if no broker told of its topics, now or before.
fn nothing(told: &[Told]) -> Option<Refused> {
    if told.iter().any(|told| told.topics.told.is_some()) {
        return None;
    }
    let failures = told.iter().filter_map(|told| told.topics.failure.as_ref());
    let failure = failures.min_by_key(|failure| super::ask::is_silence(failure))?;
    Some(failure.clone().into_refused(TOPICS_RIGHT))
}

/// By address: why it does not answer. Any code is an answer.
async fn proxies(session: &Session<'_>) -> BTreeMap<String, Option<Failure>> {
    let request = &Request::new(GET_ROUTEINFO_BY_TOPIC).with("topic", groups::DELAY_TOPIC);
    let asked = session.client.proxies.iter().map(|target| async move {
        let told = session.within(0.3).ask_plainly(target, request).await;
        let silence = told.err().filter(super::ask::is_silence);
        (target.address.clone(), silence)
    });
    join_all(asked).await.into_iter().collect()
}

/// One name server may serve several clusters.
fn cluster_id(told: &[Told]) -> Option<String> {
    let names: BTreeSet<&str> = told
        .iter()
        .filter_map(|told| told.broker.cluster.as_deref())
        .collect();
    let names: Vec<&str> = names.into_iter().collect();
    (!names.is_empty()).then(|| names.join(", "))
}

fn unknown(told: &[Told], controllers: &Controllers) -> Vec<Unknown> {
    let mut unknown = vec![Unknown {
        member: "connections".to_owned(),
        why: Why::Unsupported,
        detail: Some("no request asks for them".to_owned()),
    }];
    for told in told {
        let topics = told.topics.failure.as_ref();
        unknown.extend(topics.map(|failure| failure.unknown("destinations", TOPICS_RIGHT)));
        let groups = told.groups.failure.as_ref();
        unknown.extend(groups.map(|failure| failure.unknown("groups", GROUPS_RIGHT)));
    }
    if controllers.leader.is_none() {
        unknown.push(match &controllers.states {
            Some(Err(failure)) => failure.unknown("controller", controllers::RIGHT),
            _ => Unknown {
                member: "controller".to_owned(),
                why: Why::NotAsked,
                detail: Some("the settings name no controller".to_owned()),
            },
        });
    }
    if cluster_id(told).is_none() {
        unknown.push(missing("cluster_id"));
    }
    unknown.sort();
    unknown.dedup();
    unknown
}

/// Of all brokers that tell theirs, the oldest first.
fn version(topology: &mut Topology, census: &Census) {
    let versions: BTreeSet<String> = topology
        .nodes
        .iter()
        .filter_map(|node| node.version.clone())
        .collect();
    if versions.is_empty() {
        topology.unknown.push(match census.brokers.is_empty() {
            true => Unknown {
                detail: Some("no broker is there".to_owned()),
                ..missing("version")
            },
            false => missing("version"),
        });
        return;
    }
    topology.version = Some(versions.into_iter().collect::<Vec<_>>().join(", "));
}

fn missing(member: &str) -> Unknown {
    Unknown {
        member: member.to_owned(),
        why: Why::Missing,
        detail: None,
    }
}
