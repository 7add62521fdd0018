//! Who reads for each group. A client tells every broker that has a topic of its group, so the first
//! that knows the group answers for all; who reads by gRPC is known to proxies alone.

use std::collections::{BTreeMap, BTreeSet};

use futures::StreamExt;
use futures::stream;

use super::ask;
use super::told::Told;
use crate::rocketmq::answers::connections::ConsumerConnections;
use crate::rocketmq::client::Session;
use crate::rocketmq::wire::command::{GET_CONSUMER_CONNECTION_LIST, Request, said};
use crate::rocketmq::wire::dial::Target;
use crate::rocketmq::wire::failure::Failure;

pub(super) const RIGHT: &str = "Get on Group";
/// Groups asked about at the same time.
const AT_ONCE: usize = 16;

#[derive(Clone, Debug)]
pub(super) enum Presence {
    /// At a broker: members speak its own protocol.
    AtBroker(ConsumerConnections),
    /// At a proxy: members speak gRPC and pop.
    AtProxy(ConsumerConnections),
    /// Everybody was asked.
    NotOnline,
    /// No broker knows them, and there was no proxy to be asked.
    NotAtBrokers,
    Unknown(Failure),
}

pub(super) async fn read(
    session: &Session<'_>,
    told: &[Told],
    groups: &BTreeSet<&str>,
) -> BTreeMap<String, Presence> {
    let names: Vec<String> = groups.iter().map(|group| (*group).to_owned()).collect();
    let asked = stream::iter(names).map(|group| async move {
        let presence = of(session, told, &group).await;
        (group, presence)
    });
    asked.buffer_unordered(AT_ONCE).collect().await
}

async fn of(session: &Session<'_>, told: &[Told], group: &str) -> Presence {
    let request = Request::new(GET_CONSUMER_CONNECTION_LIST).with("consumerGroup", group);
    let mut failed = None;
    let hosts: Vec<&Told> = told.iter().filter(|told| hosts(told, group)).collect();
    for host in hosts {
        match &host.master {
            Ok(target) => match at(session, target, &request).await {
                Ok(Some(connections)) => return Presence::AtBroker(connections),
                Ok(None) => {}
                Err(failure) => failed = Some(failure),
            },
            Err(failure) => failed = Some(failure.clone()),
        }
    }
    for proxy in &session.client.proxies {
        match at(session, proxy, &request).await {
            Ok(Some(connections)) => return Presence::AtProxy(connections),
            Ok(None) => {}
            Err(failure) => failed = Some(failure),
        }
    }
    match failed {
        Some(failure) => Presence::Unknown(failure),
        None if session.client.proxies.is_empty() => Presence::NotAtBrokers,
        None => Presence::NotOnline,
    }
}

/// `None`: nobody of this group is connected here.
async fn at(
    session: &Session<'_>,
    target: &Target,
    request: &Request,
) -> Result<Option<ConsumerConnections>, Failure> {
    match ask::read::<ConsumerConnections>(session, target, request).await {
        Ok(told) if told.connection_set.is_empty() => Ok(None),
        Ok(told) => Ok(Some(told)),
        // 4.x says it with the general code.
        Err(failure) if failure.code() == Some(said::CONSUMER_NOT_ONLINE) => Ok(None),
        Err(Failure::Said { code, remark })
            if code == said::SYSTEM_ERROR && remark.contains("not online") =>
        {
            Ok(None)
        }
        Err(failure) => Err(failure),
    }
}

fn hosts(told: &Told, group: &str) -> bool {
    let configured = told.groups.told.as_ref();
    configured.is_some_and(|groups| groups.contains_key(group))
        || told.consumed.iter().any(|(name, _)| name == group)
}
