use waybill_broker::sim::{Flow, Script};
use waybill_model::judgement::{Cause, Drain, LagSource, Verdict};
use waybill_model::topology::{Readings, Topology, Unknown};

use super::*;
use crate::detect::HeadAttempts;
use crate::poll::lines::lines;

fn at(s: i64) -> Timestamp {
    Timestamp::from_unix_millis(s * 1_000)
}

struct Watched {
    named: Named,
    snapshot: Snapshot,
    judging: Judging,
}

impl Watched {
    fn new() -> Self {
        Self {
            named: Named {
                cluster: "east".into(),
                system: "simulated".into(),
            },
            snapshot: Snapshot::default(),
            judging: Judging::default(),
        }
    }

    fn take_topology(&mut self, topology: Topology, s: i64) {
        let again = self.snapshot.take_topology(topology, at(s));
        let judging = &mut self.judging;
        judging.take_topology("east", &self.snapshot, &again, at(s));
    }

    fn take_readings(&mut self, mut readings: Readings, s: i64) -> GroupJudgement {
        readings.commits.set_time(at(s));
        readings.heads.iter_mut().for_each(|head| head.at = at(s));
        self.snapshot.take_readings(readings, at(s));
        let positions = &self.snapshot.positions;
        self.judging.take_readings("east", positions, 5_000.0);
        let mut lines = lines(&self.named, &self.snapshot);
        let judging = &mut self.judging;
        judging.judge(&self.named, &self.snapshot, &mut lines, 5_000.0, at(s));
        lines.groups[0].judged.clone().unwrap()
    }
}

/// Where position and end are after so many seconds.
fn script(flow: &Flow, s: i64) -> Script {
    let mut script = Script::of_topics(&[("orders", 2)], "billing");
    let now = flow.start + std::time::Duration::from_secs(s.unsigned_abs());
    let (head, committed, _) = flow.at(now);
    script.head("orders", 0, head);
    script.commit("billing", "orders", 0, Some(committed));
    script
}

#[test]
fn a_group_that_falls_behind_is_told_with_its_lag_in_time_and_its_growth() {
    let flow = Flow::new("billing", "orders", 100.0, 40.0);
    let mut watched = Watched::new();
    watched.take_topology(script(&flow, 0).topology, 0);
    for s in [0, 5, 10] {
        watched.take_readings(script(&flow, s).readings, s);
    }
    let found = watched.take_readings(script(&flow, 15).readings, 15);
    assert_eq!(
        (found.verdict, found.cause),
        (Verdict::Warning, Some(Cause::Slow))
    );
    // 600 of the 1,500 are taken: the 600th was written after 6 s.
    assert_eq!(found.behind_since, Some(at(6)));
    assert_eq!(found.lag_source, Some(LagSource::HeadHistory));
    let Drain::Grows { per_s } = found.drain else {
        panic!("{found:?}");
    };
    assert!((per_s - 60.0).abs() < 0.1, "{per_s}");
    assert_eq!(found.partitions.len(), 1, "the other has nothing before it");
}

#[test]
fn evidence_turns_a_stall_into_its_cause_and_a_hesitation_asks_for_members() {
    let flow = Flow::new("billing", "orders", 100.0, 0.0);
    let mut watched = Watched::new();
    watched.take_topology(script(&flow, 0).topology, 0);
    watched.take_readings(script(&flow, 0).readings, 0);
    watched.take_readings(script(&flow, 5).readings, 5);
    assert!(!watched.judging.doubts);
    let found = watched.take_readings(script(&flow, 10).readings, 10);
    assert_eq!(found.verdict, Verdict::Ok);
    assert!(watched.judging.doubts, "its members are asked for");
    let wonders = std::mem::take(&mut watched.judging.evidence.wonders);
    assert_eq!(wonders.len(), 1);
    assert_eq!((&*wonders[0].partition, wonders[0].offset), ("0", 0));
    assert!(wonders[0].stands);
    let told = HeadTold {
        attempts: HeadAttempts::Failed,
        written_at: Some(at(-3)),
    };
    // Numbers of places may have changed since it was asked.
    let mut asked = wonders[0].clone();
    asked.place += 7;
    let mut gone = wonders[0].clone();
    gone.destination = "gone".into();
    let positions = &watched.snapshot.positions;
    let answers = vec![(asked, told), (gone, HeadTold::default())];
    watched.judging.take_evidence(positions, answers, at(10));
    watched.take_topology(script(&flow, 0).topology, 11);
    assert!(!watched.judging.doubts);
    let found = watched.take_readings(script(&flow, 15).readings, 15);
    assert_eq!(
        (found.verdict, found.cause),
        (Verdict::Stalled, Some(Cause::PoisonHead))
    );
    assert_eq!(found.behind_since, Some(at(-3)));
    assert_eq!(found.lag_source, Some(LagSource::RecordTime));
}

#[test]
fn who_could_never_have_a_position_is_not_told_to_have_taken_nothing() {
    let mut watched = Watched::new();
    let mut topology = Script::of_topics(&[("orders", 1)], "billing").topology;
    watched.take_topology(topology.clone(), 0);
    let found = watched.take_readings(Readings::default(), 0);
    assert_eq!(
        (found.verdict, found.cause),
        (Verdict::Unknown, Some(Cause::NeverConsumed))
    );
    topology.groups[0].unknown.push(Unknown {
        member: "commits".into(),
        why: Why::Unsupported,
        detail: None,
    });
    watched.take_topology(topology, 1);
    let found = watched.take_readings(Readings::default(), 5);
    assert_eq!(
        (found.verdict, found.cause),
        (Verdict::Unknown, Some(Cause::NoPosition))
    );
}

#[test]
fn a_healthy_group_whose_broker_is_away_does_not_stall() {
    // It commits every 5 s, and always has a little before it.
    let mut flow = Flow::new("billing", "orders", 100.0, 100.0);
    flow.head = 50;
    let mut watched = Watched::new();
    watched.take_topology(script(&flow, 0).topology, 0);
    let away = |s: i64, told: bool| {
        // What stands on the broker that is left: the other partition's end.
        let mut readings = script(&flow, s).readings;
        readings.heads.retain(|head| head.partition != "0");
        if !told {
            readings.commits = Default::default();
        }
        readings.unknown.push(Unknown {
            member: "heads".into(),
            why: Why::Failed,
            detail: None,
        });
        readings
    };
    for told in [true, false] {
        let from = if told { 0 } else { 100 };
        for s in [0, 5, 10, 15].map(|s| from + s) {
            watched.take_readings(script(&flow, s).readings, s);
        }
        for s in (20..60).step_by(5).map(|s| from + s) {
            let found = watched.take_readings(away(from + 15, told), s);
            assert!(found.verdict <= Verdict::Unknown, "{s}: {found:?}");
        }
        // Nothing came to the partition, and nothing was taken, while its broker was away.
        let found = watched.take_readings(script(&flow, from + 15).readings, from + 60);
        assert_eq!(found.verdict, Verdict::Ok, "{found:?}");
    }
}

#[test]
fn a_reader_of_the_brokers_own_may_stand() {
    for (is_brokers_own, expected) in [
        (false, (Verdict::Stopped, Some(Cause::NoMember))),
        (true, (Verdict::Unknown, Some(Cause::ByDesign))),
    ] {
        let flow = Flow::new("billing", "orders", 100.0, 0.0);
        let mut watched = Watched::new();
        let mut topology = script(&flow, 0).topology;
        topology.groups[0].members = Some(Vec::new());
        topology.groups[0].is_brokers_own = is_brokers_own;
        watched.take_topology(topology, 0);
        for s in (0..30).step_by(5) {
            watched.take_readings(script(&flow, s).readings, s);
        }
        let found = watched.take_readings(script(&flow, 30).readings, 30);
        assert_eq!((found.verdict, found.cause), expected);
        assert!(!watched.judging.doubts);
    }
}

#[test]
fn what_is_judged_of_a_queue_that_nobody_reads_is_by_its_kind_and_role() {
    let stopped = (Verdict::Stopped, Some(Cause::NoMember));
    let by_design = (Verdict::Unknown, Some(Cause::ByDesign));
    let no_position = (Verdict::Unknown, Some(Cause::NoPosition));
    for (kind, role, consumers, expected) in [
        ("queue", DestinationRole::Origin, 0, stopped),
        ("queue", DestinationRole::DeadLetter, 0, by_design),
        ("queue", DestinationRole::Retry, 0, by_design),
        (
            "queue",
            DestinationRole::Retry,
            1,
            (Verdict::Stalled, Some(Cause::NoProgress)),
        ),
        ("stream", DestinationRole::Origin, 0, no_position),
        ("stream", DestinationRole::Origin, 1, no_position),
    ] {
        let mut script = Script::of_queues("/", &[("orders", 5)]);
        let groups = &mut script.topology.groups;
        groups.iter_mut().for_each(|group| group.kind = kind.into());
        script.topology.destinations[0].role = role;
        // Others of its name: in another namespace, and an exchange in its own.
        let mut other = script.topology.destinations[0].clone();
        other.namespace = Some("other".into());
        other.role = DestinationRole::DeadLetter;
        script.topology.destinations.push(other.clone());
        other.namespace = Some("/".into());
        other.kind = DestinationKind::Exchange;
        script.topology.destinations.push(other);
        let mut watched = Watched::new();
        watched.take_topology(script.topology, 0);
        let mut found = GroupJudgement::default();
        for s in (0..60).step_by(5) {
            let mut readings = script.readings.clone();
            for depth in &mut readings.depths {
                (depth.at, depth.consumers) = (at(s), Some(consumers));
                depth.published_total = Some(100);
                (depth.delivered_total, depth.acknowledged_total) = (Some(95), Some(95));
            }
            found = watched.take_readings(readings, s);
        }
        let told = (found.verdict, found.cause);
        assert_eq!(told, expected, "{kind} {role:?} {consumers}");
    }
}
