use waybill_model::topology::{Depth, Readings};

use super::*;
use crate::poll::positions::Existing;

struct Everything;

impl Existing for Everything {
    fn has_partition(&self, _: &str, _: &str) -> bool {
        true
    }

    fn has_group(&self, _: &str) -> bool {
        true
    }

    fn has_destination(&self, _: Option<&str>, _: &str) -> bool {
        true
    }
}

fn at(s: i64) -> Timestamp {
    Timestamp::from_unix_millis(s * 1_000)
}

/// Consumers, and of every 5 s what is held, published and acknowledged by then.
fn verdict(consumers: u64, told: &[(u64, Option<(u64, u64)>)]) -> (Verdict, Option<Cause>) {
    let mut positions = Positions::default();
    let mut windows = QueueWindows::default();
    for (s, (messages, counters)) in (0..).step_by(5).zip(told) {
        let depth = Depth {
            destination: "billing".into(),
            ready: Some(*messages),
            unacknowledged: Some(0),
            consumers: Some(consumers),
            published_total: counters.map(|(published, _)| published),
            delivered_total: counters.map(|(_, taken)| taken),
            acknowledged_total: counters.map(|(_, taken)| taken),
            at: at(s),
            ..Depth::default()
        };
        let readings = Readings {
            depths: vec![depth],
            ..Readings::default()
        };
        positions = positions.after(readings, &Everything);
        windows.take(&positions);
    }
    let kept = &positions.depths[&(None, "billing".to_owned())];
    let rules = Rules {
        interval_ms: 5_000.0,
    };
    let (one, ..) = windows.judged(kept, Members::default(), &rules).unwrap();
    (one.verdict, one.cause)
}

fn counted(told: &[(u64, u64, u64)]) -> Vec<(u64, Option<(u64, u64)>)> {
    let told = told.iter();
    told.map(|(held, published, taken)| (*held, Some((*published, *taken))))
        .collect()
}

#[test]
fn queues_are_judged_by_what_is_taken_from_them() {
    let before = [(0, 100, 100), (0, 150, 150)];
    let with = |more: &[(u64, u64, u64)]| counted(&[&before[..], more].concat());
    let stopped = with(&[(50, 200, 150), (100, 250, 150), (150, 300, 150)]);
    assert_eq!(
        verdict(0, &stopped),
        (Verdict::Stopped, Some(Cause::NoMember))
    );
    assert_eq!(
        verdict(2, &stopped),
        (Verdict::Stalled, Some(Cause::NoProgress))
    );
    let slow = with(&[(30, 200, 170), (60, 250, 190), (90, 300, 210)]);
    assert_eq!(verdict(2, &slow), (Verdict::Warning, Some(Cause::Slow)));
    let healthy = with(&[(10, 200, 190), (0, 250, 250), (5, 300, 295)]);
    assert_eq!(verdict(2, &healthy), (Verdict::Ok, None));
}

#[test]
fn counters_that_are_read_seldom_do_not_make_it_stand() {
    let mut told = vec![(0, Some((100, 100)))];
    told.extend([(20, None), (30, None), (20, None), (30, None), (20, None)]);
    assert_ne!(verdict(2, &told).0, Verdict::Stalled);
    told.push((20, Some((400, 380))));
    assert_eq!(verdict(2, &told), (Verdict::Ok, None));
}
