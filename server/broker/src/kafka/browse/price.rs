//! What reading a topic takes: nothing of it is touched.

use std::collections::BTreeMap;

use kafka_protocol::messages::DescribeLogDirsRequest;
use kafka_protocol::messages::describe_log_dirs_request::DescribableLogDirTopic;
use tokio::time::Instant;

use super::bounds;
use super::topic::{self, Topic, topic_name};
use super::trouble::leaderless;
use crate::adapter::Refused;
use crate::browse::Price;
use crate::kafka::client::Session;
use crate::kafka::observe::log_dirs;

/// Messages are offsets: gaps of compaction and of transactions count.
///
/// # Errors
/// As [`crate::Browse::price`].
pub(super) async fn of(session: &Session<'_>, name: &str) -> Result<Price, Refused> {
    let mut topic = topic::look(session, name).await?;
    let partitions: Vec<i32> = topic.leaders.keys().copied().collect();
    let once = Instant::now();
    let lows = bounds::settle(session, &mut topic, &partitions, bounds::EARLIEST, once).await?;
    let ends = bounds::settle(session, &mut topic, &partitions, bounds::LATEST, once).await?;
    let mut refusals = ends.values().filter_map(|end| end.as_ref().err());
    let is_for_all = ends.values().all(Result::is_err);
    if let Some(first) = refusals.next()
        && is_for_all
        && *first != leaderless()
    {
        return Err(first.clone());
    }
    Ok(Price::Free {
        messages: partitions
            .iter()
            .map(|partition| stored(*partition, &lows, &ends))
            .sum(),
        bytes: bytes(session, &topic).await,
    })
}

type Offsets = BTreeMap<i32, Result<Option<i64>, Refused>>;

fn stored(partition: i32, lows: &Offsets, ends: &Offsets) -> Option<u64> {
    let known = |offsets: &Offsets| *offsets.get(&partition)?.as_ref().ok()?;
    let stored = known(ends)?.saturating_sub(known(lows)?);
    Some(u64::try_from(stored).unwrap_or(0))
}

/// As the leaders store it. `None` unless all of them tell.
async fn bytes(session: &Session<'_>, topic: &Topic) -> Option<u64> {
    let led = topic.led(topic.leaders.keys().copied());
    if led.values().map(Vec::len).sum::<usize>() < topic.leaders.len() {
        return None;
    }
    let mut bytes = 0u64;
    for (leader, partitions) in led {
        let target = session.node(&topic.map, leader).ok()?;
        let asked = DescribableLogDirTopic::default()
            .with_topic(topic_name(&topic.name))
            .with_partitions(partitions.clone());
        let build = |_| DescribeLogDirsRequest::default().with_topics(Some(vec![asked.clone()]));
        let answer = session.ask(&target, build).await.ok()?;
        let disk = log_dirs::disk(&answer).ok()?;
        let sizes = disk.sizes.get(&topic.name)?;
        for partition in partitions {
            bytes = bytes.saturating_add(*sizes.get(&partition)?);
        }
    }
    Some(bytes)
}
