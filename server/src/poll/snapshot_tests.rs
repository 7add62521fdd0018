use waybill_broker::sim::{Script, partition, queue};
use waybill_model::topology::{Unknown, Why};

use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_millis(seconds * 1_000)
}

fn names(snapshot: &Snapshot) -> Vec<String> {
    let told = snapshot.topology.as_ref().unwrap();
    let mut names: Vec<String> = told
        .topology
        .destinations
        .iter()
        .map(|one| one.name.clone())
        .collect();
    names.sort();
    names
}

fn gap(member: &str) -> Unknown {
    Unknown {
        member: member.into(),
        why: Why::Failed,
        detail: None,
    }
}

#[test]
fn what_the_broker_deleted_is_gone() {
    let mut snapshot = Snapshot::default();
    let mut topology = Script::of_queues("/", &[("a", 1), ("b", 2)]).topology;
    snapshot.take_topology(topology.clone(), at(0));
    topology.destinations.remove(0);
    topology.groups.remove(0);
    snapshot.take_topology(topology, at(60));
    assert_eq!(names(&snapshot), ["b"]);
    assert_eq!(snapshot.topology.unwrap().missing, Missing::default());
}

#[test]
fn what_a_stopped_node_hides_is_not_deleted() {
    let mut snapshot = Snapshot::default();
    let whole = Script::of_queues("/", &[("a", 1), ("b", 2)]).topology;
    snapshot.take_topology(whole.clone(), at(0));
    let mut hidden = whole.clone();
    hidden.nodes[0].running = Some(false);
    hidden.destinations.remove(0);
    hidden.groups.remove(0);
    for seconds in [60, 120] {
        snapshot.take_topology(hidden.clone(), at(seconds));
        assert_eq!(names(&snapshot), ["a", "b"]);
        let missing = &snapshot.topology.as_ref().unwrap().missing;
        let since: Vec<Timestamp> = missing.destinations.values().copied().collect();
        assert_eq!(since, [at(60)], "since it was first missed");
        assert_eq!(missing.groups.len(), 1);
    }
    // The node runs again: what it does not tell now is gone.
    hidden.nodes[0].running = Some(true);
    snapshot.take_topology(hidden, at(180));
    assert_eq!(names(&snapshot), ["b"]);
}

#[test]
fn a_list_with_a_gap_deletes_nothing() {
    for (member, kept) in [("destinations", 2), ("groups", 1), ("nodes", 1)] {
        let mut snapshot = Snapshot::default();
        let whole = Script::of_queues("/", &[("a", 1), ("b", 2)]).topology;
        snapshot.take_topology(whole.clone(), at(0));
        let mut cut = whole;
        cut.unknown.push(gap(member));
        cut.destinations.remove(0);
        snapshot.take_topology(cut, at(60));
        assert_eq!(names(&snapshot).len(), kept, "{member}");
    }
}

#[test]
fn routes_of_what_is_hidden_stay() {
    let mut snapshot = Snapshot::default();
    let mut whole = Script::of_queues("/", &[("a", 1), ("b", 2)]).topology;
    whole.routes.push(Route {
        kind: RouteKind::DeadLetter,
        namespace: Some("/".into()),
        from: "a".into(),
        to: "b".into(),
        to_kind: DestinationKind::Queue,
        routing_key: None,
        guarantee: None,
    });
    snapshot.take_topology(whole.clone(), at(0));
    let mut cut = whole;
    cut.unknown.push(gap("destinations"));
    cut.destinations.remove(0);
    cut.routes.clear();
    snapshot.take_topology(cut, at(60));
    assert_eq!(snapshot.topology.unwrap().topology.routes.len(), 1);
}

#[test]
fn a_topic_made_again_is_another_one() {
    let mut snapshot = Snapshot::default();
    let mut script = Script::of_topics(&[("orders", 1)], "billing");
    script.head("orders", 0, 1_000);
    script.commit("billing", "orders", 0, Some(1_000));
    snapshot.take_topology(script.topology.clone(), at(0));
    snapshot.take_readings(script.readings.clone(), at(1));
    script.topology.destinations[0].id = Some("another".into());
    snapshot.take_topology(script.topology, at(60));
    let place = snapshot.positions.place("orders", "0").unwrap();
    assert_eq!(place.head, None);
    assert!(snapshot.positions.groups["billing"].commits.is_empty());
}

#[test]
fn names_that_the_topology_does_not_know_are_counted() {
    let mut script = Script::of_topics(&[("orders", 1)], "billing");
    let mut snapshot = Snapshot::default();
    snapshot.take_readings(script.readings.clone(), at(0));
    assert_eq!(snapshot.unheard(), 0, "nothing was told yet");
    let whole = script.topology.clone();
    script.topology.groups.clear();
    snapshot.take_topology(script.topology.clone(), at(1));
    assert_eq!(snapshot.unheard(), 1);
    script.topology.destinations[0].partitions = vec![partition(7)];
    script.topology.destinations.push(queue("/", "mail"));
    snapshot.take_topology(script.topology, at(2));
    assert_eq!(snapshot.unheard(), 2);
    snapshot.take_topology(whole, at(3));
    assert_eq!(snapshot.unheard(), 0);
}
