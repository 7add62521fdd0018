//! What this user may not read. A broker hides what a user may not see more often than it refuses,
//! so what is hidden is looked for where it shows: topics in the sizes on disk, groups in the list.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::join;
use kafka_protocol::messages::{DescribeClusterResponse, MetadataResponse};
use waybill_model::topology::Why;

use super::groups::Groups;
use super::log_dirs::NodeDisk;
use super::partial::Partial;
use super::rights_text::{Grant, Resource};
use super::{cluster, configs, groups, heads, log_dirs, metadata};
use crate::adapter::{MissingRight, Refused};
use crate::kafka::client::Session;
use crate::kafka::cluster_map::ClusterMap;
use crate::kafka::wire::failure::Failure;

/// `AclOperation.DESCRIBE`, as a bit of the authorized operations (KIP-430).
const DESCRIBE_BIT: i32 = 1 << 8;

pub(super) async fn missing(session: &Session<'_>) -> Result<Vec<MissingRight>, Refused> {
    let answer = metadata::ask(session, true)
        .await
        .map_err(|failure| failure.into_refused(heads::RIGHT))?;
    let map = metadata::map(&answer);
    session.client.learn_map(Arc::new(map.clone()));
    let visible: Vec<&str> = map.topics.keys().map(String::as_str).collect();
    let (cluster, disks, configs, groups) = join!(
        cluster::read(session),
        log_dirs::read(session, &map),
        configs::read(session, &visible),
        groups::read(session, &map),
    );
    let grant = Grant::new(session.client);
    let describes_cluster = describes_cluster(&cluster, &disks);
    let on_cluster = (!describes_cluster).then(|| {
        grant.missing(
            "Describe",
            Resource::Cluster,
            "sizes and space on disk, the controller quorum, groups and topics that no other right shows",
        )
    });
    let rights = [
        on_cluster,
        hidden_topics(&grant, &map, &disks, describes_cluster),
        unread_configs(&grant, &visible, &configs),
        unread_groups(&grant, &groups, describes_cluster),
        unreadable_topics(&grant, &answer),
    ];
    Ok(rights.into_iter().flatten().collect())
}

fn describes_cluster(
    cluster: &Result<DescribeClusterResponse, Failure>,
    disks: &Partial<NodeDisk>,
) -> bool {
    match cluster {
        Ok(answer) if answer.cluster_authorized_operations != metadata::NOT_TOLD => {
            answer.cluster_authorized_operations & DESCRIBE_BIT != 0
        }
        _ => !disks
            .failures
            .iter()
            .any(|(_, failure)| failure.is_forbidden()),
    }
}

fn hidden_topics(
    grant: &Grant,
    map: &ClusterMap,
    disks: &Partial<NodeDisk>,
    describes_cluster: bool,
) -> Option<MissingRight> {
    let stored: BTreeSet<&str> = disks
        .answers
        .iter()
        .flat_map(|(_, disk)| disk.sizes.keys().map(String::as_str))
        .collect();
    let hidden: Vec<&str> = stored
        .into_iter()
        .filter(|topic| !map.topics.contains_key(*topic))
        .collect();
    let all_are = map.topics.is_empty() && (!describes_cluster || !hidden.is_empty());
    let resource = match (all_are, hidden.is_empty()) {
        (true, _) => Resource::AllTopics,
        (false, false) => Resource::Topics(hidden),
        (false, true) => return None,
    };
    Some(grant.missing(
        "Describe",
        resource,
        "these topics, their partitions and the lag on them",
    ))
}

/// Reading messages is a right of its own, which nothing but the message browser needs. Brokers tell
/// it with the metadata from Kafka 2.3 on.
fn unreadable_topics(grant: &Grant, answer: &MetadataResponse) -> Option<MissingRight> {
    let unreadable: Vec<&str> = metadata::topics(answer)
        .filter(|(_, topic)| !topic.is_internal && metadata::may_read(topic) == Some(false))
        .map(|(name, _)| name)
        .collect();
    // By name where they are few: bodies are worth more than figures.
    (!unreadable.is_empty())
        .then(|| grant.missing("Read", Resource::Topics(unreadable), "message browser"))
}

fn unread_configs(
    grant: &Grant,
    visible: &[&str],
    configs: &configs::ByTopic,
) -> Option<MissingRight> {
    let is_unread =
        |topic: &&str| matches!(configs.get(*topic), Some(Err(failure)) if failure.is_forbidden());
    let unread: Vec<&str> = visible.iter().copied().filter(is_unread).collect();
    let resource = match unread.len() {
        0 => return None,
        all if all == visible.len() => Resource::AllTopics,
        _ => Resource::Topics(unread),
    };
    Some(grant.missing(
        "DescribeConfigs",
        resource,
        "retention, clean-up and the least number of replicas in sync, and with it what is under it",
    ))
}

fn unread_groups(grant: &Grant, groups: &Groups, describes_cluster: bool) -> Option<MissingRight> {
    let is_unread = |group: &&waybill_model::topology::Group| {
        group
            .unknown
            .iter()
            .any(|unknown| unknown.why == Why::Forbidden)
    };
    let unread: Vec<&str> = groups
        .groups
        .iter()
        .filter(is_unread)
        .map(|group| group.name.as_str())
        .collect();
    let all = groups.groups.len();
    let resource = match unread.len() {
        0 if all == 0 && !describes_cluster => Resource::AllGroups,
        0 => return None,
        n if n == all => Resource::AllGroups,
        _ => Resource::Groups(unread),
    };
    Some(grant.missing("Describe", resource, "their members, commits and lag"))
}
