//! Groups that stand beyond the last stable offset. Who reads uncommitted messages does so while a
//! transaction is open; who stands beyond everything that was written stands in a partition that was
//! cut. The high watermark tells the two apart, and is asked for such partitions only: in the usual
//! case nothing is asked.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use waybill_model::commits::{Commits, Place};
use waybill_model::time::Timestamp;

use super::heads::{self, Which};
use crate::kafka::client::Session;
use crate::kafka::cluster_map::ClusterMap;

pub(super) type Ends = HashMap<String, HashMap<i32, (i64, Timestamp)>>;

/// The ends with what open transactions wrote, of partitions where a group stands beyond `stable`.
pub(super) async fn written(
    session: &Session<'_>,
    map: &ClusterMap,
    commits: &Commits,
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
    commits: &Commits,
    stable: &Ends,
) -> BTreeMap<String, BTreeMap<i32, Option<i32>>> {
    // Names are looked up once a partition, not once a position.
    let end = |place: &Place| {
        let partition = place.partition.parse::<i32>().ok()?;
        let (end, _) = stable.get(&place.destination)?.get(&partition)?;
        Some((partition, *end))
    };
    let ends: Vec<Option<(i32, i64)>> = commits.places().iter().map(end).collect();
    let positions = commits.groups().iter().flat_map(|group| &group.positions);
    let beyond: BTreeSet<u32> = positions
        .filter(|position| {
            let end = ends.get(position.place as usize).copied().flatten();
            position
                .committed
                .zip(end)
                .is_some_and(|(committed, (_, end))| committed > end)
        })
        .map(|position| position.place)
        .collect();
    let mut found: BTreeMap<String, BTreeMap<i32, Option<i32>>> = BTreeMap::new();
    for at in beyond {
        if let Some(place) = commits.places().get(at as usize)
            && let Some((partition, _)) = ends.get(at as usize).copied().flatten()
            && let Some(leader) = map
                .topics
                .get(&place.destination)
                .and_then(|t| t.get(&partition))
        {
            let known = found.entry(place.destination.clone()).or_default();
            known.insert(partition, *leader);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use waybill_model::topology::Commit;

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
        let usual = vec![commit("a", 0, Some(7)), commit("a", 1, None)].into();
        assert!(beyond(&map, &usual, &stable).is_empty());
        let open = vec![
            commit("a", 0, Some(7)),
            commit("b", 1, Some(8)),
            commit("c", 9, Some(8)),
        ]
        .into();
        let found = beyond(&map, &open, &stable);
        assert_eq!(found["orders"], BTreeMap::from([(1, Some(2))]));
    }
}
