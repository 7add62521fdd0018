use waybill_broker::sim::Script;
use waybill_model::topology::{DestinationKind, Route, Unknown, Why};

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

/// As the simulator would, at a known time.
fn read(snapshot: &mut Snapshot, script: &Script, seconds: i64) {
    let mut readings = script.readings.clone();
    readings.commits.set_time(at(seconds));
    readings
        .heads
        .iter_mut()
        .for_each(|head| head.at = at(seconds));
    readings
        .depths
        .iter_mut()
        .for_each(|depth| depth.at = at(seconds));
    snapshot.take_readings(readings, at(seconds));
}

fn topics() -> Script {
    let mut script = Script::of_topics(&[("orders", 2), ("audit", 1)], "billing");
    script.head("orders", 0, 100);
    script.head("orders", 1, 50);
    script.head("audit", 0, 4);
    script.commit("billing", "orders", 0, Some(90));
    script.commit("billing", "orders", 1, Some(50));
    script.commit("billing", "audit", 0, None);
    script
}

fn destination<'a>(lines: &'a Lines, name: &str) -> &'a DestinationLine {
    lines
        .destinations
        .iter()
        .find(|line| line.name == name)
        .unwrap()
}

#[test]
fn nothing_is_told_before_a_topology() {
    let mut snapshot = Snapshot::default();
    read(&mut snapshot, &topics(), 0);
    assert!(lines(&named(), &snapshot).destinations.is_empty());
}

#[test]
fn a_group_lags_by_all_its_partitions_the_never_committed_too() {
    let script = topics();
    let mut snapshot = Snapshot::default();
    snapshot.take_topology(script.topology.clone(), at(0));
    let unread = lines(&named(), &snapshot);
    assert_eq!(
        (unread.groups[0].lag_messages, unread.groups[0].partitions),
        (None, 0)
    );
    assert_eq!(destination(&unread, "orders").depth_messages, None);
    assert!(unread.read.is_empty());
    read(&mut snapshot, &script, 0);
    let told = lines(&named(), &snapshot);
    let group = &told.groups[0];
    assert_eq!((group.lag_messages, group.partitions), (Some(14), 3));
    assert_eq!(group.destinations, ["audit", "orders"]);
    assert_eq!(destination(&told, "orders").lag_messages, Some(10));
    assert_eq!(destination(&told, "audit").lag_messages, Some(4));
    assert_eq!(destination(&told, "orders").depth_messages, Some(150));
    assert_eq!(
        destination(&told, "orders").in_per_s,
        None,
        "one reading tells no rate"
    );
}

#[test]
fn one_unknown_partition_makes_the_sum_unknown() {
    let mut script = topics();
    let mut snapshot = Snapshot::default();
    snapshot.take_topology(script.topology.clone(), at(0));
    script
        .readings
        .heads
        .retain(|head| head.destination != "audit");
    read(&mut snapshot, &script, 0);
    let told = lines(&named(), &snapshot);
    let group = &told.groups[0];
    assert_eq!((group.lag_messages, group.lag_known_messages), (None, 10));
    assert_eq!(group.unknown_partitions, 1);
    assert_eq!(destination(&told, "audit").lag_messages, None);
    assert_eq!(destination(&told, "audit").depth_messages, None);
}

#[test]
fn rates_come_from_two_readings_and_ages_from_what_was_left_out() {
    let mut script = topics();
    let mut snapshot = Snapshot::default();
    snapshot.take_topology(script.topology.clone(), at(0));
    read(&mut snapshot, &script, 0);
    script.head("orders", 0, 120);
    script.commit("billing", "orders", 0, Some(100));
    read(&mut snapshot, &script, 10);
    let told = lines(&named(), &snapshot);
    let orders = destination(&told, "orders");
    assert_eq!((orders.in_per_s, orders.figures_at), (Some(2.0), None));
    assert_eq!(told.groups[0].out_per_s, Some(1.0));
    assert_eq!(told.steps[&orders.key()].received, Step::By(20));
    // A leader does not answer: its partition is left out.
    script
        .readings
        .heads
        .retain(|head| (head.destination.as_str(), &*head.partition) != ("orders", "1"));
    script.readings.unknown.push(Unknown {
        member: "heads".into(),
        why: Why::Failed,
        detail: None,
    });
    read(&mut snapshot, &script, 20);
    let told = lines(&named(), &snapshot);
    let orders = destination(&told, "orders");
    assert_eq!(
        (orders.depth_messages, orders.figures_at),
        (Some(170), Some(at(10)))
    );
    assert_eq!(orders.in_per_s, None);
    assert_eq!(told.groups[0].lag_messages, Some(24));
    assert_eq!(told.groups[0].figures_at, Some(at(10)));
    assert_eq!(destination(&told, "audit").figures_at, None);
}

#[test]
fn consumers_of_a_queue_have_what_it_holds_before_them() {
    let mut script = Script::of_queues("/", &[("mail", 7)]);
    script.readings.depths[0].unacknowledged = Some(2);
    script.readings.depths[0].published_total = Some(100);
    script.readings.depths[0].acknowledged_total = Some(90);
    script.topology.routes.push(Route {
        kind: RouteKind::DeadLetter,
        namespace: Some("/".into()),
        from: "mail".into(),
        to: "mail.dead".into(),
        to_kind: DestinationKind::Queue,
        routing_key: None,
        guarantee: None,
    });
    let mut snapshot = Snapshot::default();
    snapshot.take_topology(script.topology.clone(), at(0));
    read(&mut snapshot, &script, 0);
    script.readings.depths[0].published_total = Some(150);
    script.readings.depths[0].acknowledged_total = Some(3);
    read(&mut snapshot, &script, 10);
    let told = lines(&named(), &snapshot);
    let mail = destination(&told, "mail");
    assert_eq!((mail.depth_messages, mail.lag_messages), (Some(9), Some(9)));
    assert_eq!(
        (mail.in_per_s, mail.out_per_s),
        (Some(5.0), None),
        "a counter began again"
    );
    assert_eq!(mail.dead_letters, Some(vec!["mail.dead".to_owned()]));
    assert_eq!(told.groups[0].lag_messages, Some(9));
    assert_eq!(told.groups[0].destinations, ["mail"]);
    script.topology.routes.clear();
    script.topology.unknown.push(Unknown {
        member: "routes".into(),
        why: Why::Forbidden,
        detail: None,
    });
    snapshot.take_topology(script.topology, at(20));
    let told = lines(&named(), &snapshot);
    assert_eq!(destination(&told, "mail").dead_letters, None, "nobody told");
}
