//! Groups that stand beyond the last stable offset. Who reads uncommitted messages does so while a
//! transaction is open; who stands beyond everything that was written stands in a partition that was
//! cut. The high watermark tells the two apart, and is asked for such partitions only: in the usual
//! case nothing is asked.

use std::collections::{BTreeMap, HashMap};

use waybill_model::time::Timestamp;
use waybill_model::topology::Commit;

use super::heads::{self, Which};
use crate::kafka::client::Session;
use crate::kafka::cluster_map::ClusterMap;

pub(super) type Ends = HashMap<String, HashMap<i32, (i64, Timestamp)>>;

/// The ends with what open transactions wrote, of partitions where a group stands beyond `stable`.
pub(super) async fn written(
    session: &Session<'_>,
    map: &ClusterMap,
    commits: &[Commit],
    stable: &Ends,
) -> Ends {
    let topics = beyond(map, commits, stable);
    if topics.is_empty() {
        return Ends::default();
    }
    let narrow = ClusterMap {
        nodes: map.nodes.clone(),
        topics,
    };
    // Where it is not told, the lag stays unknown.
    heads::read(session, &narrow, Which::Written).await.by_topic
}

/// Leaders of those partitions.
fn beyond(
    map: &ClusterMap,
    commits: &[Commit],
    stable: &Ends,
) -> BTreeMap<String, BTreeMap<i32, Option<i32>>> {
    let mut found: BTreeMap<String, BTreeMap<i32, Option<i32>>> = BTreeMap::new();
    // Commits of one group on one topic stand together: names are looked up once for them.
    for run in commits.chunk_by(|a, b| a.destination == b.destination) {
        let topic = &run[0].destination;
        let (Some(ends), Some(leaders)) = (stable.get(topic), map.topics.get(topic)) else {
            continue;
        };
        for commit in run {
            let Some(committed) = commit.committed else {
                continue;
            };
            let Ok(partition) = commit.partition.parse::<i32>() else {
                continue;
            };
            if ends
                .get(&partition)
                .is_some_and(|(end, _)| committed > *end)
                && let Some(leader) = leaders.get(&partition)
            {
                let known = found.entry(topic.clone()).or_default();
                known.insert(partition, *leader);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(group: &str, partition: i32, committed: Option<i64>) -> Commit {
        Commit {
            group: group.into(),
            destination: "orders".into(),
            partition: partition.to_string(),
            committed,
            at: Timestamp::EPOCH,
        }
    }

    #[test]
    fn only_partitions_with_a_group_beyond_are_asked() {
        let map = ClusterMap {
            nodes: BTreeMap::new(),
            topics: BTreeMap::from([(
                "orders".to_owned(),
                BTreeMap::from([(0, Some(1)), (1, Some(2)), (2, None)]),
            )]),
        };
        let at = Timestamp::EPOCH;
        let stable = HashMap::from([(
            "orders".to_owned(),
            HashMap::from([(0, (7, at)), (1, (7, at)), (2, (7, at))]),
        )]);
        let usual = [commit("a", 0, Some(7)), commit("a", 1, None)];
        assert!(beyond(&map, &usual, &stable).is_empty());
        let open = [
            commit("a", 0, Some(7)),
            commit("b", 1, Some(8)),
            commit("c", 9, Some(8)),
        ];
        let found = beyond(&map, &open, &stable);
        assert_eq!(found["orders"], BTreeMap::from([(1, Some(2))]));
    }
}
