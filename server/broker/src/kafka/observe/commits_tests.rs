use waybill_model::topology::Why;

use super::*;

fn map() -> ClusterMap {
    let partitions = |n: i32| (0..n).map(|p| (p, Some(1))).collect();
    ClusterMap {
        nodes: BTreeMap::from([(1, "a:1".into())]),
        topics: BTreeMap::from([
            ("orders".to_owned(), partitions(3)),
            ("bills".to_owned(), partitions(2)),
            ("foreign".to_owned(), partitions(9)),
        ]),
    }
}

fn fetched(topic: &str, partitions: &[(i32, i16, i64)]) -> TopicCommits {
    let commit = |(partition, error, offset): &(i32, i16, i64)| PartitionCommit {
        partition: *partition,
        error: *error,
        offset: *offset,
    };
    TopicCommits {
        topic: topic.into(),
        partitions: partitions.iter().map(commit).collect(),
    }
}

fn told(
    topics: Vec<TopicCommits>,
    assigned: &[(&str, &[i32])],
) -> (Vec<(String, Option<i64>)>, usize) {
    let group = GroupCommits {
        group: "g".into(),
        error: 0,
        topics,
    };
    let assigned = assigned
        .iter()
        .map(|(topic, all)| ((*topic).to_owned(), all.iter().copied().collect()));
    let known = KnownGroup {
        assigned: assigned.collect(),
        ..KnownGroup::default()
    };
    let map = map();
    let mut told = Told::new(&map);
    told.take(group, &known, Timestamp::EPOCH);
    let wrong = told.wrong.unknown("commits", "").len();
    let commits = topology::Commits::new(told.places.places(), told.groups);
    let mut told: Vec<_> = commits
        .iter()
        .map(|c| (format!("{}-{}", c.destination, c.partition), c.committed))
        .collect();
    told.sort();
    (told, wrong)
}

#[test]
fn partitions_never_committed_are_there() {
    let (told, _) = told(vec![fetched("orders", &[(1, 0, 40)])], &[("bills", &[1])]);
    let expected = [
        ("bills-1", None),
        ("orders-0", None),
        ("orders-1", Some(40)),
        ("orders-2", None),
    ];
    assert_eq!(
        told,
        expected.map(|(name, offset)| (name.to_owned(), offset))
    );
}

#[test]
fn minus_one_is_no_commit_and_makes_no_topic_its_work() {
    let (told, _) = told(vec![fetched("orders", &[(0, 0, -1)])], &[]);
    assert_eq!(told, [("orders-0".to_owned(), None)]);
}

#[test]
fn a_partition_with_an_error_is_unknown_not_uncommitted() {
    let (told, wrong) = told(
        vec![fetched("orders", &[(0, 0, 5), (1, 29, -1)])],
        &[("orders", &[1])],
    );
    let expected = [("orders-0", Some(5)), ("orders-2", None)];
    assert_eq!(
        told,
        expected.map(|(name, offset)| (name.to_owned(), offset))
    );
    assert_eq!(wrong, 1);
}

#[test]
fn errors_of_groups_are_one_line_each() {
    let wrong = (0..500)
        .map(|n| (format!("g{n:03}"), 30))
        .chain([("x".into(), 16)]);
    let lines = group_errors(&wrong.collect());
    assert_eq!(lines.len(), 2);
    assert_eq!(
        lines[0].detail.as_deref(),
        Some("NOT_COORDINATOR: 1 groups, such as x")
    );
    assert_eq!(lines[1].why, Why::Forbidden);
    assert_eq!(
        lines[1].detail.as_deref(),
        Some("Describe on Group: 500 groups, such as g000")
    );
}
