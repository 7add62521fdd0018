use waybill_broker::sim::Script;

use super::super::lines::{Named, lines};
use super::super::snapshot::Snapshot;
use super::*;

fn named() -> Named {
    Named {
        cluster: "east".into(),
        system: "simulated".into(),
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_millis(seconds * 1_000)
}

fn snapshot(script: &Script) -> Snapshot {
    let mut snapshot = Snapshot::default();
    snapshot.take_topology(script.topology.clone(), at(0));
    snapshot.take_readings(script.readings.clone(), at(0));
    snapshot
}

#[test]
fn only_what_changed_is_written() {
    let mut script = Script::of_topics(&[("orders", 2), ("audit", 1)], "billing");
    let mut written = Written::default();
    let mut snapshot = snapshot(&script);
    let all = lines(&named(), &snapshot);
    let first = written.changes(&all);
    assert_eq!((first.destinations.len(), first.groups.len()), (2, 1));
    written.take_changes(first);
    assert!(written.changes(&all).is_empty());

    script.head("audit", 0, 5);
    snapshot.take_readings(script.readings.clone(), at(5));
    let next = written.changes(&lines(&named(), &snapshot));
    let names: Vec<&str> = next
        .destinations
        .iter()
        .map(|line| line.name.as_str())
        .collect();
    assert!(names.contains(&"audit"), "{names:?}");
    assert_eq!(next.groups.len(), 1, "its lag grew");
    assert!(next.gone_destinations.is_empty() && next.gone_groups.is_empty());
}

#[test]
fn what_is_gone_is_named_by_its_key() {
    let mut script = Script::of_topics(&[("orders", 1), ("audit", 1)], "billing");
    let mut written = Written::default();
    let mut snapshot = snapshot(&script);
    written.take_changes(written.changes(&lines(&named(), &snapshot)));
    script.topology.destinations.remove(1);
    snapshot.take_topology(script.topology.clone(), at(60));
    let changes = written.changes(&lines(&named(), &snapshot));
    assert_eq!(changes.gone_destinations.len(), 1);
    written.take_changes(changes);
    assert!(
        written
            .changes(&lines(&named(), &snapshot))
            .gone_destinations
            .is_empty()
    );
}

#[test]
fn figures_of_the_process_before_stay_until_they_are_read() {
    let mut script = Script::of_topics(&[("orders", 1)], "billing");
    script.head("orders", 0, 9);
    let before = lines(&named(), &snapshot(&script));
    let mut written = Written::of(
        before.destinations.clone(),
        before.groups.clone(),
        Some(at(7)),
    );
    let mut unread = Snapshot::default();
    unread.take_topology(script.topology.clone(), at(100));
    let mut told = lines(&named(), &unread);
    written.keep_unread(&mut told);
    let (orders, billing) = (&told.destinations[0], &told.groups[0]);
    assert_eq!(
        (orders.depth_messages, orders.figures_at),
        (Some(9), Some(at(7)))
    );
    assert_eq!(
        (billing.lag_messages, billing.figures_at),
        (Some(9), Some(at(7)))
    );
    // Once read, what the broker leaves out is not known, and not what it was.
    unread.take_readings(script.readings.clone(), at(101));
    written.keep_unread(&mut lines(&named(), &unread));
    script.readings.heads.clear();
    unread.take_readings(script.readings, at(102));
    let mut told = lines(&named(), &unread);
    written.keep_unread(&mut told);
    assert_eq!(
        (
            told.groups[0].lag_messages,
            told.groups[0].unknown_partitions
        ),
        (None, 1)
    );
}
