//! What this user may not read: found by asking, since brokers tell nobody what he may.

use std::collections::{BTreeMap, BTreeSet};

use super::brokers::census;
use super::destinations::is_of_brokers;
use super::groups::is_built_in;
use super::memory::Memory;
use super::rights_text::Grant;
use super::told;
use crate::adapter::{MissingRight, Refused};
use crate::rocketmq::client::Session;
use crate::rocketmq::wire::allowed::{SUBSCRIPTION_ONLY, TOOLS_GROUP};
use crate::rocketmq::wire::command::{
    Code, GET_ALL_CONSUMER_OFFSET, GET_ALL_SUBSCRIPTIONGROUP_CONFIG, GET_ALL_TOPIC_CONFIG,
    GET_BROKER_CONFIG, GET_BROKER_CONSUME_STATS, GET_BROKER_HA_STATUS, GET_BROKER_RUNTIME_INFO,
    GET_CONSUMER_CONNECTION_LIST, GET_TOPIC_STATS_INFO, PULL_MESSAGE, Request,
};
use crate::rocketmq::wire::dial::Target;
use crate::rocketmq::wire::failure::Failure;

/// Topics and groups of each broker that are tried: rights are given for all of them or by prefix.
const TRIED: usize = 20;

/// Asked once of each broker, and what stays blank where it is refused.
const WHOLE: [(Code, &str); 7] = [
    (
        GET_BROKER_RUNTIME_INFO,
        "versions, uptime, disks, delay levels and timers; and each reading costs more questions",
    ),
    (GET_ALL_CONSUMER_OFFSET, "positions of groups and their lag"),
    (
        GET_BROKER_CONSUME_STATS,
        "the ends of all queues in one answer: they are asked topic by topic",
    ),
    (GET_ALL_TOPIC_CONFIG, "topics"),
    (
        GET_ALL_SUBSCRIPTIONGROUP_CONFIG,
        "groups that have no position yet, and settings of groups",
    ),
    (
        GET_BROKER_HA_STATUS,
        "which slaves are in sync, where no controller tells",
    ),
    (
        GET_BROKER_CONFIG,
        "when brokers flush and replicate, and how long they keep messages",
    ),
];

/// # Errors
/// No name server answers and none ever did, or the account is not accepted.
pub(super) async fn missing(
    session: &Session<'_>,
    memory: &Memory,
) -> Result<Vec<MissingRight>, Refused> {
    let census = census(session, memory).await?;
    let mut refused = Refusals::default();
    for broker in &census.brokers {
        let Ok(target) = broker.master() else {
            continue;
        };
        let cluster = broker.cluster.as_deref().unwrap_or_default();
        for (code, blank) in WHOLE {
            let asked = Request::new(code).with("isOrder", false);
            refused
                .ask(session, &target, cluster, &asked, blank)
                .await?;
        }
        let had = memory.had(&broker.name);
        // Before the first topology nothing is remembered.
        let topics = match had.topics {
            Some(topics) => Some(topics),
            None => told::topics(session, &target).await.ok(),
        };
        let groups = match had.groups {
            Some(groups) => Some(groups),
            None => told::groups(session, &target).await.ok(),
        };
        // Those of brokers are told to everybody.
        let topics = topics.iter().flat_map(|topics| topics.keys());
        let topics = topics.filter(|topic| !is_of_brokers(topic, broker));
        for topic in topics.take(TRIED) {
            let asked = Request::new(GET_TOPIC_STATS_INFO).with("topic", topic);
            let blank = "where these topics begin and end, and the lag on them";
            refused
                .ask(session, &target, cluster, &asked, blank)
                .await?;
            let asked = pull(topic);
            refused
                .ask(session, &target, cluster, &asked, "message browser")
                .await?;
        }
        let groups = groups.iter().flat_map(|groups| groups.keys());
        let groups = groups.filter(|group| !is_built_in(group));
        for group in groups.take(TRIED) {
            let asked = Request::new(GET_CONSUMER_CONNECTION_LIST).with("consumerGroup", group);
            refused
                .ask(session, &target, cluster, &asked, "members of these groups")
                .await?;
        }
    }
    Ok(refused.told(session))
}

/// As the message browser asks; one message at most.
fn pull(topic: &str) -> Request {
    Request::new(PULL_MESSAGE)
        .with("consumerGroup", TOOLS_GROUP)
        .with("topic", topic)
        .with("queueId", 0)
        .with("queueOffset", 0)
        .with("maxMsgNums", 1)
        .with("sysFlag", SUBSCRIPTION_ONLY)
        .with("commitOffset", 0)
        .with("suspendTimeoutMillis", 0)
        .with("subscription", "*")
        .with("subVersion", 0)
        .with("expressionType", "TAG")
}

/// By cluster, action, kind of resource and what stays blank: names.
#[derive(Default)]
struct Refusals {
    asked: BTreeMap<(String, &'static str), usize>,
    refused: BTreeMap<(String, &'static str, String, &'static str), BTreeSet<String>>,
}

impl Refusals {
    async fn ask(
        &mut self,
        session: &Session<'_>,
        target: &Target,
        cluster: &str,
        request: &Request,
        blank: &'static str,
    ) -> Result<(), Refused> {
        *self.asked.entry((cluster.to_owned(), blank)).or_default() += 1;
        let action = match request.code == PULL_MESSAGE {
            true => "Sub",
            false => "Get",
        };
        match session.ask(target, request).await {
            Err(Failure::Forbidden { remark }) => {
                if let Some((kind, name)) = resource(&remark) {
                    let key = (cluster.to_owned(), action, kind.to_owned(), blank);
                    self.refused.entry(key).or_default().insert(name.to_owned());
                }
                Ok(())
            }
            Err(failure) if super::ask::ends_all(&failure) => Err(failure.into_refused("Get")),
            _ => Ok(()),
        }
    }

    /// One right a kind of resource.
    fn told(self, session: &Session<'_>) -> Vec<MissingRight> {
        let grant = Grant::new(session.client);
        let refused = self.refused.iter();
        refused
            .map(|((cluster, action, kind, blank), names)| {
                let asked = self.asked.get(&(cluster.clone(), *blank)).copied();
                let names: Vec<&str> = match names.len() >= asked.unwrap_or_default().max(2) {
                    true => vec!["*"],
                    false => names.iter().map(String::as_str).collect(),
                };
                // A grant replaces what the user has on the same resource: both actions stand in it,
                // but where the other one is still to be granted after it.
                let lacks_both = self.refused.keys().any(|(other, action, of, _)| {
                    other == cluster && *action == "Sub" && of == "Topic"
                });
                let actions = match (kind.as_str(), *action) {
                    ("Topic", "Get") if lacks_both => "Get",
                    ("Topic", _) => "Get,Sub",
                    (_, action) => action,
                };
                let right = format!("{action} on {kind}");
                let blank = format!("{blank}{}", replaced(kind));
                grant.missing(cluster, &right, actions, (kind, &names), &blank)
            })
            .collect()
    }
}

/// What to mind where Waybill cannot know which other actions the user has on the same resource.
fn replaced(kind: &str) -> &'static str {
    match kind {
        "Topic" => "",
        _ => " (the grant replaces what the user has on the same resource: add it to -a)",
    }
}

/// Of `User:x has no permission to access Topic:t1 from 127.0.0.1, no matched policies.` A topic that
/// nobody may read, by its own setting, is refused by the same code and other words.
fn resource(remark: &str) -> Option<(&str, &str)> {
    if let Some((_, rest)) = remark.split_once(" to access ") {
        return rest.split_once(" from ")?.0.split_once(':');
    }
    // Access control of 4.x: it names no resource of 5.x.
    remark.contains("permission").then_some(("Topic", "*"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_refusal_names_what_is_refused() {
        let remark = "User:waybill has no permission to access Topic:t1 from 127.0.0.1, no matched policies.";
        assert_eq!(resource(remark), Some(("Topic", "t1")));
        let closed = "the topic[rmq_sys_x] pulling message is forbidden";
        assert_eq!(resource(closed), None);
    }
}
