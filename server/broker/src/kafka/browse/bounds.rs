//! Where partitions begin and end, and where a time is in them: ListOffsets of the leaders.

use std::collections::BTreeMap;
use std::time::Duration;

use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::{BrokerId, ListOffsetsRequest};
use tokio::time::Instant;

use super::topic::{self, Topic, topic_name};
use super::trouble::{Trouble, leaderless, patience};
use crate::adapter::{Reason, Refused};
use crate::kafka::client::Session;
use crate::kafka::wire::allowed::READ_COMMITTED;

/// The first that is kept.
pub(super) const EARLIEST: i64 = -2;
/// After the last that is committed.
pub(super) const LATEST: i64 = -1;

const PAUSE: Duration = Duration::from_millis(200);

/// By partition; `None`: nothing of that time or later is stored.
pub(super) type Told = BTreeMap<i32, Result<Option<i64>, Trouble>>;

/// Once. `time`: milliseconds since the Unix epoch, or one of the above.
pub(super) async fn ask(
    session: &Session<'_>,
    topic: &Topic,
    partitions: &[i32],
    time: i64,
) -> Told {
    let mut told: Told = partitions
        .iter()
        .map(|partition| (*partition, Err(Trouble::Passing(leaderless()))))
        .collect();
    for (leader, partitions) in topic.led(partitions.iter().copied()) {
        let answer = match session.node(&topic.map, leader) {
            Ok(target) => {
                session
                    .ask(&target, |_| request(&topic.name, &partitions, time))
                    .await
            }
            Err(failure) => Err(failure),
        };
        let answer = match answer {
            Ok(answer) => answer,
            Err(failure) => {
                let trouble = Trouble::of_failure(failure);
                told.extend(partitions.iter().map(|p| (*p, Err(trouble.clone()))));
                continue;
            }
        };
        let answers = answer
            .topics
            .iter()
            .filter(|t| t.name.as_str() == topic.name);
        for one in answers.flat_map(|topic| &topic.partitions) {
            // Nobody else is let in by a broker that answers more than it was asked.
            if !partitions.contains(&one.partition_index) {
                continue;
            }
            let result = match Trouble::of_code(one.error_code) {
                Some(trouble) => Err(trouble),
                None => Ok((one.offset >= 0).then_some(one.offset)),
            };
            told.insert(one.partition_index, result);
        }
    }
    told
}

/// Until every partition is told or has failed for good, no longer than until `give_up`.
///
/// # Errors
/// Where the topic is not there (any more), or may not be read.
pub(super) async fn settle(
    session: &Session<'_>,
    topic: &mut Topic,
    partitions: &[i32],
    time: i64,
    give_up: Instant,
) -> Result<BTreeMap<i32, Result<Option<i64>, Refused>>, Refused> {
    let began = Instant::now();
    let mut settled = BTreeMap::new();
    let mut open = partitions.to_vec();
    loop {
        let mut passing = BTreeMap::new();
        for (partition, told) in ask(session, topic, &open, time).await {
            let told = match told {
                Ok(offset) => Ok(offset),
                Err(Trouble::Forbidden) => {
                    return Err(topic::forbidden(session, "Describe", &topic.name));
                }
                Err(Trouble::Passing(refused)) => {
                    passing.insert(partition, refused);
                    continue;
                }
                Err(Trouble::Gone | Trouble::OutOfRange) => {
                    let name = partition.to_string();
                    passing.insert(partition, topic::no_partition(&topic.name, &name));
                    continue;
                }
                Err(Trouble::Lasting(refused)) => Err(refused),
            };
            settled.insert(partition, told);
        }
        let next = Instant::now() + PAUSE;
        let is_over = |refused: &Refused| next >= give_up.min(began + patience(refused));
        let (over, passing): (BTreeMap<_, _>, BTreeMap<_, _>) = passing
            .into_iter()
            .partition(|(_, refused)| is_over(refused));
        settled.extend(over.into_iter().map(|(p, refused)| (p, Err(refused))));
        if passing.is_empty() {
            return Ok(settled);
        }
        tokio::time::sleep_until(next).await;
        open = passing.into_keys().collect();
        match topic::look(session, &topic.name).await {
            Ok(fresh) => *topic = fresh,
            Err(refused) if matches!(refused.reason, Reason::NotThere | Reason::Forbidden) => {
                return Err(refused);
            }
            // Asked again with what is known, until the time is up.
            Err(_) => {}
        }
    }
}

fn request(name: &str, partitions: &[i32], time: i64) -> ListOffsetsRequest {
    let partitions = partitions.iter().map(|partition| {
        ListOffsetsPartition::default()
            .with_partition_index(*partition)
            .with_current_leader_epoch(-1)
            .with_timestamp(time)
    });
    let topic = ListOffsetsTopic::default()
        .with_name(topic_name(name))
        .with_partitions(partitions.collect());
    ListOffsetsRequest::default()
        .with_replica_id(BrokerId(-1))
        .with_isolation_level(READ_COMMITTED)
        .with_topics(vec![topic])
}
