//! Lines of what brokers told: written where they changed, paged in one order.

use waybill_model::access::Sight;
use waybill_model::cluster::{MissingRight, PollState, Refusal};
use waybill_model::judgement::{Cause, Drain, GroupJudgement, PartitionJudgement, Verdict};
use waybill_model::messaging::DestinationRole;
use waybill_model::topology::{Destination, DestinationKind, Topology};
use waybill_store::Store;
use waybill_store::testing::TestDatabase;
use waybill_store::topology::{
    DestinationFilter, DestinationLine, DestinationSort, GroupFilter, GroupLine, GroupSort,
    LineChanges, place_key,
};

use crate::noon;

fn destination(cluster: &str, name: &str, depth: Option<u64>) -> DestinationLine {
    DestinationLine {
        cluster: cluster.into(),
        system: "examplemq".into(),
        namespace: None,
        name: name.into(),
        kind: DestinationKind::Topic,
        role: DestinationRole::Origin,
        partitions: Some(3),
        depth_messages: depth,
        lag_messages: None,
        in_per_s: Some(1.5),
        out_per_s: None,
        consumers: None,
        stored_bytes: None,
        groups: 1,
        findings: 0,
        dead_letters: Some(vec!["a".into(), String::new()]),
        figures_at: None,
        missing_since: None,
        received_at: Some(noon()),
        taken_at: None,
        held_since: None,
        all_taken: None,
        ends: Vec::new(),
    }
}

fn group(cluster: &str, name: &str, destinations: &[&str], lag: Option<u64>) -> GroupLine {
    GroupLine {
        cluster: cluster.into(),
        system: "examplemq".into(),
        namespace: Some("/".into()),
        name: name.into(),
        kind: "classic".into(),
        state: Some("stable".into()),
        coordinator: None,
        members: Some(2),
        destinations: destinations.iter().map(|name| (*name).to_owned()).collect(),
        partitions: 3,
        lag_messages: lag,
        lag_known_messages: lag.unwrap_or(1),
        unknown_partitions: u64::from(lag.is_none()),
        out_per_s: Some(0.5),
        figures_at: Some(noon()),
        missing_since: Some(noon()),
        judged: None,
    }
}

async fn save(store: &Store, destinations: Vec<DestinationLine>, groups: Vec<GroupLine>) {
    let changes = LineChanges {
        destinations,
        groups,
        ..LineChanges::default()
    };
    store.save_lines("east", &changes).await.unwrap();
}

/// Every name in order, page by page.
async fn walk(store: &Store, filter: &DestinationFilter, limit: u32) -> Vec<String> {
    let mut filter = filter.clone();
    let mut names = Vec::new();
    loop {
        let page = store.destination_lines(&filter, limit).await.unwrap();
        let Some(last) = page.last() else { break };
        filter.after = Some(last.place.clone());
        let is_last = page.len() < limit as usize;
        names.extend(page.into_iter().map(|listed| listed.line.name));
        if is_last {
            break;
        }
    }
    names
}

#[tokio::test]
async fn ten_thousand_destinations_page_once_each_whatever_the_order() {
    let db = TestDatabase::new().await;
    let lines: Vec<DestinationLine> = (0..10_000u64)
        .map(|n| {
            destination(
                "east",
                &format!("topic-{n:05}"),
                (n % 7 != 0).then_some(n % 100),
            )
        })
        .collect();
    save(db.store(), lines, Vec::new()).await;
    let mut filter = DestinationFilter::default();
    let by_name = walk(db.store(), &filter, 900).await;
    let expected: Vec<String> = (0..10_000).map(|n| format!("topic-{n:05}")).collect();
    assert_eq!(by_name, expected);
    filter.sort = DestinationSort::Depth;
    let mut by_depth = walk(db.store(), &filter, 333).await;
    assert_eq!(by_depth[0], "topic-00099");
    // What is not known comes last.
    assert_eq!(by_depth.last().unwrap(), "topic-09996");
    by_depth.sort();
    assert_eq!(by_depth, expected);
    filter.q = Some("c-0000".into());
    assert_eq!(walk(db.store(), &filter, 3).await.len(), 10);
    filter.q = Some("%".into());
    assert!(
        walk(db.store(), &filter, 3).await.is_empty(),
        "no pattern of the asker's"
    );
}

#[tokio::test]
async fn filters_narrow_and_twins_are_counted() {
    let db = TestDatabase::new().await;
    let retry = DestinationLine {
        role: DestinationRole::Retry,
        kind: DestinationKind::Queue,
        ..destination("west", "orders.retry", Some(1))
    };
    let hostile = destination(
        "east",
        "a'; DROP TABLE destination_line; --\u{1f}\0*%_\\",
        Some(2),
    );
    let lines = vec![
        destination("east", "orders", Some(5)),
        destination("west", "orders", Some(6)),
        retry,
        hostile,
    ];
    save(db.store(), lines, Vec::new()).await;
    let names = async |filter: DestinationFilter| walk(db.store(), &filter, 10).await;
    let sight = |cluster: &str, resource: &str| Sight {
        cluster: cluster.into(),
        resource: resource.into(),
    };
    let seen = |sights: Vec<Sight>| DestinationFilter {
        sights: Some(sights),
        ..DestinationFilter::default()
    };
    assert_eq!(names(DestinationFilter::default()).await.len(), 4);
    assert_eq!(names(seen(vec![])).await.len(), 0);
    assert_eq!(
        names(seen(vec![sight("*", "orders")])).await,
        ["orders", "orders"]
    );
    assert_eq!(
        names(seen(vec![sight("west", "orders*"), sight("east", "x")])).await,
        ["orders", "orders.retry"]
    );
    assert_eq!(
        names(seen(vec![sight("_est", "*")])).await.len(),
        0,
        "`_` is itself"
    );
    assert_eq!(
        names(DestinationFilter {
            roles: Some(vec![DestinationRole::Retry]),
            ..DestinationFilter::default()
        })
        .await,
        ["orders.retry"]
    );
    let place = place_key("examplemq", "orders");
    let without = DestinationFilter {
        without: Some(vec![place]),
        ..DestinationFilter::default()
    };
    assert_eq!(names(without).await.len(), 2);
    let all = db
        .store()
        .destination_lines(&DestinationFilter::default(), 10)
        .await
        .unwrap();
    let alike: Vec<u64> = all.iter().map(|listed| listed.alike).collect();
    assert_eq!(alike, [1, 2, 2, 1]);
    assert_eq!(
        db.store()
            .destination_lines_at(&[place], None)
            .await
            .unwrap()
            .len(),
        2
    );
    let one = db
        .store()
        .destination_line(all[1].place.key, None)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((one.line, one.alike), (all[1].line.clone(), 2));
}

#[tokio::test]
async fn lines_are_replaced_and_those_of_other_clusters_stay() {
    let db = TestDatabase::new().await;
    let store = db.store();
    let orders = destination("east", "orders", Some(5));
    let other = destination("west", "orders", Some(5));
    save(store, vec![orders.clone(), other.clone()], vec![]).await;
    let unknown = DestinationLine {
        depth_messages: None,
        figures_at: Some(noon()),
        dead_letters: None,
        ..orders.clone()
    };
    save(store, vec![unknown.clone()], vec![]).await;
    assert_eq!(store.destination_lines_of("east").await.unwrap(), [unknown]);
    let gone = LineChanges {
        gone_destinations: vec![orders.key(), other.key()],
        ..LineChanges::default()
    };
    store.save_lines("east", &gone).await.unwrap();
    assert!(store.destination_lines_of("east").await.unwrap().is_empty());
    assert_eq!(store.destination_lines_of("west").await.unwrap(), [other]);
}

fn judged(verdict: Verdict, behind_s: Option<i64>) -> GroupJudgement {
    GroupJudgement {
        verdict,
        cause: Some(Cause::NoProgress),
        behind_since: behind_s.map(|s| noon().plus_ms(-s * 1_000)),
        drain: Drain::Grows { per_s: 1.5 },
        loss_at: Some(noon()),
        partitions: vec![PartitionJudgement {
            destination: "orders".into(),
            partition: "3".into(),
            verdict,
            committed: Some(42),
            ..PartitionJudgement::default()
        }],
        ..GroupJudgement::default()
    }
}

#[tokio::test]
async fn groups_are_found_by_verdict_and_sorted_by_lag_in_time() {
    let db = TestDatabase::new().await;
    let store = db.store();
    let line = |name: &str, lag: u64, judged: Option<GroupJudgement>| GroupLine {
        judged,
        ..group("east", name, &["orders"], Some(lag))
    };
    let lines = vec![
        line("old", 5, Some(judged(Verdict::Stalled, Some(600)))),
        line("new", 9, Some(judged(Verdict::Stalled, Some(6)))),
        line("untimed", 9, Some(judged(Verdict::Warning, None))),
        line("even", 0, Some(judged(Verdict::Ok, None))),
        line("unjudged", 3, None),
    ];
    save(store, vec![], lines.clone()).await;
    let kept = store.group_line(lines[0].key(), None).await.unwrap();
    assert_eq!(kept.as_ref(), Some(&lines[0]), "with its partitions");
    let mut all = store.group_lines_of("east").await.unwrap();
    all.sort_by_key(|one| lines.iter().position(|line| line.name == one.name));
    assert_eq!(all, lines);
    let names = async |filter: GroupFilter| -> Vec<String> {
        let lines = store.group_lines(&filter, 10).await.unwrap();
        let parts = |line: &GroupLine| line.judged.as_ref().map_or(0, |j| j.partitions.len());
        assert!(lines.iter().all(|(line, _)| parts(line) == 0));
        lines.into_iter().map(|(line, _)| line.name).collect()
    };
    for (verdict, expected) in [
        (Verdict::Stalled, &["new", "old"][..]),
        (Verdict::Warning, &["untimed"]),
        (Verdict::Unknown, &["unjudged"]),
        (Verdict::Rewound, &[]),
    ] {
        let filter = GroupFilter {
            verdict: Some(verdict),
            ..GroupFilter::default()
        };
        assert_eq!(names(filter).await, expected);
    }
    let mut filter = GroupFilter {
        sort: GroupSort::LagTime,
        ..GroupFilter::default()
    };
    let all = ["old", "new", "even", "unjudged", "untimed"];
    assert_eq!(names(filter.clone()).await, all);
    let first = store.group_lines(&filter, 2).await.unwrap();
    filter.after = first.last().map(|(_, place)| place.clone());
    assert_eq!(names(filter).await, all[2..]);
}

#[tokio::test]
async fn groups_are_seen_by_who_sees_all_that_they_read() {
    let db = TestDatabase::new().await;
    let store = db.store();
    let groups = vec![
        group("east", "billing", &["orders", "refunds"], Some(7)),
        group("east", "audit", &["orders"], None),
        group("east", "idle", &[], Some(0)),
    ];
    save(store, vec![], groups.clone()).await;
    let names = async |filter: GroupFilter| -> Vec<String> {
        let lines = store.group_lines(&filter, 10).await.unwrap();
        lines.into_iter().map(|(line, _)| line.name).collect()
    };
    let sight = |resource: &str| GroupFilter {
        sights: Some(vec![Sight {
            cluster: "east".into(),
            resource: resource.into(),
        }]),
        ..GroupFilter::default()
    };
    assert_eq!(
        names(GroupFilter::default()).await,
        ["audit", "billing", "idle"]
    );
    assert_eq!(names(sight("orders")).await, ["audit"]);
    assert_eq!(names(sight("*")).await, ["audit", "billing", "idle"]);
    let mut filter = GroupFilter {
        sort: GroupSort::Lag,
        ..GroupFilter::default()
    };
    assert_eq!(
        names(filter.clone()).await,
        ["billing", "idle", "audit"],
        "unknown is not zero"
    );
    filter.destination = Some("refunds".into());
    assert_eq!(names(filter).await, ["billing"]);
    assert_eq!(
        store.group_line(groups[0].key(), None).await.unwrap(),
        Some(groups[0].clone())
    );
}

#[tokio::test]
async fn a_topology_is_kept_whole_and_counts_its_changes() {
    let db = TestDatabase::new().await;
    let store = db.store();
    assert_eq!(store.topology("east").await.unwrap(), None);
    let mut topology = Topology {
        version: Some("4.1".into()),
        ..Topology::default()
    };
    assert_eq!(store.save_topology("east", &topology).await.unwrap(), 1);
    topology.destinations.push(Destination {
        name: "\0<hostile>\u{202e}".into(),
        ..Destination::default()
    });
    assert_eq!(store.save_topology("east", &topology).await.unwrap(), 2);
    assert_eq!(store.topology("east").await.unwrap(), Some((2, topology)));
    assert_eq!(store.topology_version("east").await.unwrap(), Some(2));
    assert_eq!(store.topology_version("west").await.unwrap(), None);
}

#[tokio::test]
async fn a_refusal_leaves_what_was_told() {
    let db = TestDatabase::new().await;
    let store = db.store();
    let told = PollState {
        cluster: "east".into(),
        system: "examplemq".into(),
        interval_ms: 5_000,
        topology_every_ms: 60_000,
        topology_at: Some(noon()),
        readings_at: Some(noon()),
        refused: None,
        missing_rights: Some(vec![MissingRight {
            right: "Describe".into(),
            blank: "nodes".into(),
            grant: "grant …".into(),
        }]),
    };
    store.save_poll_state(&told).await.unwrap();
    let refused = PollState {
        topology_at: None,
        readings_at: None,
        missing_rights: None,
        refused: Some(Refusal {
            reason: "unreachable".into(),
            detail: "10.0.0.1:9092\0".into(),
            hint: "Start it.".into(),
            at: noon().plus_ms(5_000),
        }),
        ..told.clone()
    };
    store.save_poll_state(&refused).await.unwrap();
    let found = store.poll_states().await.unwrap().remove(0);
    assert_eq!(
        (found.readings_at, &found.missing_rights),
        (told.readings_at, &told.missing_rights)
    );
    assert_eq!(found.refused.unwrap().at, noon().plus_ms(5_000));
    store.save_poll_state(&told).await.unwrap();
    assert_eq!(store.poll_states().await.unwrap(), [told]);
}
