use super::*;

fn partition(
    n: usize,
    verdict: Verdict,
    lag: u64,
    come: f64,
) -> (PartitionJudgement, Option<u64>, Forecast) {
    let one = PartitionJudgement {
        destination: "orders".into(),
        partition: n.to_string(),
        verdict,
        in_per_s: Some(come),
        ..PartitionJudgement::default()
    };
    let drain_ms = Some(lag as f64);
    let drain = if lag == 0 {
        Drain::Drained
    } else {
        Drain::Drains
    };
    (
        one,
        Some(lag),
        Forecast {
            drain,
            drain_ms,
            ..Forecast::default()
        },
    )
}

fn members(count: u64) -> Members {
    Members {
        count: Some(count),
        rebalances: 0,
        has_positions: true,
    }
}

#[test]
fn the_worst_partition_decides_and_the_slowest_drains_last() {
    let all = vec![
        partition(0, Verdict::Ok, 0, 1.0),
        partition(1, Verdict::Warning, 500, 1.0),
        partition(2, Verdict::Stalled, 300, 1.0),
        partition(3, Verdict::Stalled, 400, 1.0),
    ];
    let group = judge(all, 0, members(2));
    assert_eq!(group.verdict, Verdict::Stalled);
    assert_eq!(group.worst().unwrap().partition, "3");
    assert_eq!(group.partitions.len(), 3, "one has nothing before it");
    assert_eq!((group.drain, group.drain_ms), (Drain::Drains, Some(500.0)));
    assert_eq!(group.more_consumers, Some(MoreConsumers::Help));
    assert_eq!((group.in_per_s, group.hot), (Some(4.0), None));
}

#[test]
fn one_that_grows_never_drains_whatever_the_others_do() {
    let mut all = vec![
        partition(0, Verdict::Ok, 10, 1.0),
        partition(1, Verdict::Ok, 20, 1.0),
    ];
    all[0].2 = Forecast {
        drain: Drain::Grows { per_s: 3.0 },
        ..Forecast::default()
    };
    let group = judge(all, 0, members(2));
    assert_eq!(
        (group.drain, group.drain_ms),
        (Drain::Grows { per_s: 3.0 }, None)
    );
    assert_eq!(group.more_consumers, Some(MoreConsumers::NoPartitionFree));
}

#[test]
fn a_hot_partition_is_named() {
    let mut all: Vec<_> = (0..8).map(|n| partition(n, Verdict::Ok, 1, 1.0)).collect();
    all[5] = partition(5, Verdict::Warning, 1_000, 50.0);
    let group = judge(all, 0, members(1));
    let hot = group.hot.unwrap();
    assert_eq!(hot.partition, "5");
    assert!(hot.in_share.unwrap() > 0.8 && hot.lag_share.unwrap() > 0.9);
    assert_eq!(group.more_consumers, Some(MoreConsumers::OnePartition));
}

#[test]
fn a_storm_of_rebalances_is_a_warning_unless_it_is_worse() {
    let storm = Members {
        rebalances: 3,
        ..members(2)
    };
    let group = judge(vec![partition(0, Verdict::Ok, 0, 1.0)], 0, storm);
    assert_eq!(
        (group.verdict, group.cause),
        (Verdict::Warning, Some(Cause::Rebalancing))
    );
    let group = judge(vec![partition(0, Verdict::Stalled, 9, 1.0)], 0, storm);
    assert_eq!(group.verdict, Verdict::Stalled);
}

#[test]
fn without_positions_nothing_is_made_up() {
    let group = judge(
        Vec::new(),
        0,
        Members {
            has_positions: false,
            ..members(1)
        },
    );
    assert_eq!(
        (group.verdict, group.cause),
        (Verdict::Unknown, Some(Cause::NeverConsumed))
    );
    assert_eq!(
        judge(Vec::new(), 0, Members::default()).cause,
        Some(Cause::NoPosition)
    );
}

#[test]
fn partitions_on_which_nothing_happens_are_counted_alone() {
    let group = judge(Vec::new(), 3, members(1));
    assert_eq!((group.verdict, group.drain_ms), (Verdict::Ok, Some(0.0)));
    let group = judge(vec![partition(0, Verdict::Ok, 50, 1.0)], 3, members(2));
    assert_eq!(group.more_consumers, Some(MoreConsumers::OnePartition));
    assert_eq!(group.in_per_s, Some(1.0));
}
