//! The one topic that is read: where its partitions are led, and whether it may be read.

use std::collections::BTreeMap;

use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::metadata_response::MetadataResponseTopic;
use kafka_protocol::messages::{MetadataRequest, TopicName};
use kafka_protocol::protocol::StrBytes;

use super::trouble::Trouble;
use crate::adapter::{Reason, Refused};
use crate::kafka::client::Session;
use crate::kafka::cluster_map::ClusterMap;
use crate::kafka::observe::{Grant, Resource, metadata};
use crate::kafka::wire::failure::{Failure, printable};

/// What Kafka accepts as a topic's name.
const LONGEST_NAME: usize = 249;

pub(super) struct Topic {
    pub(super) name: String,
    /// Nil before Kafka 2.8.
    pub(super) id: uuid::Uuid,
    /// Of this topic alone.
    pub(super) map: ClusterMap,
    /// Leader by partition; `None`: it has none now.
    pub(super) leaders: BTreeMap<i32, Option<i32>>,
}

/// Asks by name, which creates nothing: creation is off in the request.
///
/// # Errors
/// `NotThere`, `Forbidden` with the command that grants it, and whatever keeps everybody from
/// answering.
pub(super) async fn look(session: &Session<'_>, name: &str) -> Result<Topic, Refused> {
    if name.is_empty() || name.len() > LONGEST_NAME {
        return Err(not_there(name));
    }
    let asked = session.ask_any(|version| {
        let topic = MetadataRequestTopic::default().with_name(Some(topic_name(name)));
        MetadataRequest::default()
            .with_topics(Some(vec![topic]))
            .with_allow_auto_topic_creation(false)
            .with_include_topic_authorized_operations(version >= 8)
    });
    let describe = || forbidden(session, "Describe", name);
    let answer = asked
        .await
        .map_err(|failure| failure.into_refused("Describe on Topic"))?;
    Failure::check(answer.error_code, None)
        .map_err(|failure| failure.into_refused("Describe on Topic"))?;
    let is_it = |topic: &&MetadataResponseTopic| {
        topic
            .name
            .as_ref()
            .is_some_and(|told| told.as_str() == name)
    };
    let told = answer.topics.iter().find(is_it);
    let told = told.ok_or_else(|| not_there(name))?;
    match Trouble::of_code(told.error_code) {
        // Its partitions tell which of them have no leader.
        None | Some(Trouble::Passing(_)) => {}
        Some(Trouble::Gone | Trouble::OutOfRange) => return Err(not_there(name)),
        Some(Trouble::Forbidden) => return Err(describe()),
        Some(Trouble::Lasting(_)) if is_no_name(told.error_code) => return Err(not_there(name)),
        Some(Trouble::Lasting(refused)) => return Err(refused),
    }
    if metadata::may_read(told) == Some(false) {
        return Err(forbidden(session, "Read", name));
    }
    Ok(Topic {
        name: name.to_owned(),
        id: told.topic_id,
        leaders: told
            .partitions
            .iter()
            .map(|p| (p.partition_index, metadata::leader(p)))
            .collect(),
        map: metadata::map(&answer),
    })
}

impl Topic {
    /// `partitions` by the node that leads them; those without a leader are left out.
    pub(super) fn led(&self, partitions: impl Iterator<Item = i32>) -> BTreeMap<i32, Vec<i32>> {
        let mut led: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
        for partition in partitions {
            if let Some(Some(leader)) = self.leaders.get(&partition) {
                led.entry(*leader).or_default().push(partition);
            }
        }
        led
    }
}

fn is_no_name(code: i16) -> bool {
    use kafka_protocol::error::ResponseError as E;
    E::try_from_code(code) == Some(E::InvalidTopicException)
}

pub(super) fn topic_name(name: &str) -> TopicName {
    TopicName(StrBytes::from_string(name.to_owned()))
}

pub(super) fn not_there(name: &str) -> Refused {
    Refused {
        reason: Reason::NotThere,
        detail: format!("the cluster has no topic {:?}", printable(name)),
        hint: "It was deleted, is called otherwise, or this user may not see it.".into(),
    }
}

pub(super) fn no_partition(name: &str, partition: &str) -> Refused {
    let (name, partition) = (printable(name), printable(partition));
    Refused {
        reason: Reason::NotThere,
        detail: format!("the topic {name:?} has no partition {partition:?}"),
        hint: "Partitions are numbered from 0.".into(),
    }
}

pub(super) fn forbidden(session: &Session<'_>, operation: &str, topic: &str) -> Refused {
    let grant = Grant::new(session.client);
    let missing = grant.missing(operation, Resource::Topics(vec![topic]), "message browser");
    Refused {
        reason: Reason::Forbidden,
        detail: format!(
            "the user has no right to {} {:?}",
            missing.right,
            printable(topic)
        ),
        hint: missing.grant,
    }
}
