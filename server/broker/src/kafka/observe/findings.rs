//! What a topic itself tells is wrong.

use waybill_model::topology::{Destination, Finding, FindingKind, Partition};

/// Partitions that a sentence lists before it only counts.
const LISTED: usize = 8;

/// `min_in_sync`: the setting, where it is known.
pub(super) fn of(destination: &Destination, min_in_sync: Option<usize>) -> Vec<Finding> {
    let leaderless = |p: &Partition| p.leader.is_none();
    let under_replicated = |p: &Partition| in_sync(p).is_some_and(|n| n < p.replicas.len());
    // A topic with fewer replicas than the setting asks for is written all the same: the broker
    // takes the smaller of both (`Partition.effectiveMinIsr`).
    let under_min = |p: &Partition| {
        let least = min_in_sync.map(|least| least.min(p.replicas.len()));
        matches!((in_sync(p), least), (Some(n), Some(least)) if n < least)
    };
    let all = &destination.partitions;
    let min = min_in_sync.unwrap_or_default();
    [
        finding(all, FindingKind::NoLeader, leaderless, "have no leader"),
        finding(
            all,
            FindingKind::UnderMinInSync,
            under_min,
            &format!("have fewer replicas in sync than the {min} that writes ask for"),
        ),
        finding(
            all,
            FindingKind::UnderReplicated,
            under_replicated,
            "have replicas that are not in sync",
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn in_sync(partition: &Partition) -> Option<usize> {
    partition.in_sync.as_ref().map(Vec::len)
}

fn finding(
    all: &[Partition],
    kind: FindingKind,
    is_so: impl Fn(&Partition) -> bool,
    what: &str,
) -> Option<Finding> {
    let so: Vec<&str> = all
        .iter()
        .filter(|p| is_so(p))
        .map(|p| p.id.as_str())
        .collect();
    if so.is_empty() {
        return None;
    }
    let listed = so
        .iter()
        .take(LISTED)
        .copied()
        .collect::<Vec<_>>()
        .join(", ");
    let more = if so.len() > LISTED { ", …" } else { "" };
    Some(Finding {
        kind,
        detail: format!(
            "{} of {} partitions {what}: {listed}{more}",
            so.len(),
            all.len()
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partition(id: i32, leader: Option<&str>, replicas: usize, in_sync: usize) -> Partition {
        let ids = |n: usize| (0..n).map(|id| id.to_string()).collect::<Vec<_>>();
        Partition {
            id: id.to_string(),
            leader: leader.map(str::to_owned),
            replicas: ids(replicas),
            in_sync: Some(ids(in_sync)),
            ..Partition::default()
        }
    }

    fn kinds(partitions: Vec<Partition>, min: Option<usize>) -> Vec<FindingKind> {
        let destination = Destination {
            partitions,
            ..Destination::default()
        };
        of(&destination, min)
            .into_iter()
            .map(|finding| finding.kind)
            .collect()
    }

    #[test]
    fn each_state_of_a_partition() {
        use FindingKind::{NoLeader, UnderMinInSync, UnderReplicated};
        assert_eq!(kinds(vec![partition(0, Some("1"), 3, 3)], Some(2)), []);
        assert_eq!(
            kinds(vec![partition(0, Some("1"), 3, 2)], Some(2)),
            [UnderReplicated]
        );
        assert_eq!(
            kinds(vec![partition(0, Some("1"), 3, 1)], Some(2)),
            [UnderMinInSync, UnderReplicated]
        );
        assert_eq!(
            kinds(vec![partition(0, None, 3, 0)], Some(2)),
            [NoLeader, UnderMinInSync, UnderReplicated]
        );
        // One replica, while two are asked for: the broker accepts writes.
        assert_eq!(kinds(vec![partition(0, Some("1"), 1, 1)], Some(2)), []);
        // What nobody told is no finding.
        assert_eq!(
            kinds(vec![partition(0, Some("1"), 3, 1)], None),
            [UnderReplicated]
        );
    }

    #[test]
    fn a_sentence_lists_a_few_and_counts_all() {
        let many = (0..100).map(|id| partition(id, None, 1, 1)).collect();
        let destination = Destination {
            partitions: many,
            ..Destination::default()
        };
        let finding = &of(&destination, None)[0];
        assert_eq!(
            finding.detail,
            "100 of 100 partitions have no leader: 0, 1, 2, 3, 4, 5, 6, 7, …"
        );
    }
}
