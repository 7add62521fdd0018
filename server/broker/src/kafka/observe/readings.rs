//! Where messages stand now: commits first, heads second, so that a lag is never negative by the
//! order of asking.

use std::collections::HashMap;
use std::sync::Arc;

use waybill_model::topology::{Head, Readings};

use super::heads::{Offsets, Which};
use super::open_transactions::Ends;
use super::{commits, groups, heads, metadata, open_transactions};
use crate::adapter::Refused;
use crate::kafka::client::Session;
use crate::kafka::cluster_map::{GroupMap, Lows};

pub(super) async fn read(session: &Session<'_>) -> Result<Readings, Refused> {
    let known = session.client.known();
    let map = match known.map {
        Some(map) => map,
        None => {
            let answer = metadata::read(session).await;
            let answer = answer.map_err(|failure| failure.into_refused(heads::RIGHT))?;
            Arc::new(metadata::map(&answer))
        }
    };
    let mut unknown = Vec::new();
    let known_groups = match known.groups {
        Some(groups) => groups,
        None => {
            let found = groups::read(session, &map).await;
            unknown.extend(found.unknown);
            Arc::new(found.map)
        }
    };
    // A coordinator that hangs must leave time for the heads, whose answers are smaller by far.
    let most = session.within(0.7);
    let commits = commits::read(&most, &map, &known_groups).await;
    remember_moved(session, &known_groups, commits.moved);
    let offsets = heads::read(session, &map, Which::Latest).await;
    let written =
        open_transactions::written(session, &map, &commits.commits, &offsets.by_topic).await;
    if offsets.by_topic.is_empty()
        && commits.commits.is_empty()
        && let Some(refused) = offsets.refused.or(commits.refused)
    {
        return Err(refused);
    }
    unknown.extend(commits.unknown);
    unknown.extend(offsets.unknown.iter().cloned());
    unknown.sort();
    unknown.dedup();
    Ok(Readings {
        heads: told(offsets.by_topic, &written, &session.client.known().lows),
        commits: commits.commits,
        depths: Vec::new(),
        source: None,
        unknown,
    })
}

fn told(by_topic: Ends, written: &Ends, lows: &Lows) -> Vec<Head> {
    let mut told = Vec::with_capacity(by_topic.values().map(HashMap::len).sum());
    for (topic, partitions) in by_topic {
        let lows = lows.get(&topic);
        let written = written.get(&topic);
        for (partition, (head, at)) in partitions {
            told.push(Head {
                destination: topic.clone(),
                partition: partition.to_string(),
                head,
                written: written
                    .and_then(|ends| ends.get(&partition))
                    .map(|(end, _)| *end),
                low: lows.and_then(|lows| lows.get(&partition)).copied(),
                at,
            });
        }
    }
    told.sort_by(|a, b| (&a.destination, &a.partition).cmp(&(&b.destination, &b.partition)));
    told
}

/// The oldest offsets of all partitions, for the readings to come.
pub(super) fn lows(offsets: &Offsets) -> Lows {
    let only_offsets = |partitions: &HashMap<i32, (i64, _)>| {
        partitions
            .iter()
            .map(|(partition, (low, _))| (*partition, *low))
            .collect()
    };
    offsets
        .by_topic
        .iter()
        .map(|(topic, partitions)| (topic.clone(), only_offsets(partitions)))
        .collect()
}

fn remember_moved(
    session: &Session<'_>,
    groups: &GroupMap,
    moved: impl IntoIterator<Item = (String, i32)>,
) {
    let mut fresh: Option<GroupMap> = None;
    for (name, node) in moved {
        let fresh = fresh.get_or_insert_with(|| groups.clone());
        if let Some(group) = fresh.groups.get_mut(&name) {
            group.coordinator = node;
        }
    }
    if let Some(fresh) = fresh {
        session.client.learn_groups(Arc::new(fresh));
    }
}
