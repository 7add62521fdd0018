use waybill_model::topology::{Commit, Commits, Head, Readings, Unknown, Why};

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

/// Partition, position and end.
fn readings(s: i64, told: &[(&str, Option<i64>, i64)]) -> Readings {
    let mut commits = Commits::default();
    let mut heads = Vec::new();
    for (partition, committed, head) in told {
        commits.put(Commit {
            group: "billing".into(),
            destination: "orders".into(),
            partition: (*partition).into(),
            committed: *committed,
            at: at(s),
        });
        heads.push(Head {
            destination: "orders".into(),
            partition: (*partition).into(),
            head: *head,
            written: None,
            low: Some(0),
            at: at(s),
        });
    }
    Readings {
        heads,
        commits,
        ..Readings::default()
    }
}

fn away() -> Unknown {
    Unknown {
        member: "heads".into(),
        why: Why::Failed,
        detail: None,
    }
}

#[derive(Default)]
struct Read {
    positions: Positions,
    windows: Windows,
}

/// Samples as (second, position, lag), and when the position moved last.
type Seen = (Vec<(i64, Option<i64>, Option<u64>)>, Option<i64>);

impl Read {
    fn take(&mut self, s: i64, told: &[(&str, Option<i64>, i64)]) -> Vec<WentBack> {
        self.take_all(readings(s, told))
    }

    fn take_all(&mut self, readings: Readings) -> Vec<WentBack> {
        let positions = std::mem::take(&mut self.positions);
        self.positions = positions.after(readings, &Everything);
        self.windows.take(&self.positions, 5_000.0)
    }

    fn seen(&self, partition: &str) -> Seen {
        let number = self.positions.places.find("orders", partition);
        let second = |at: Timestamp| at.unix_millis() / 1_000;
        let mut seen = (Vec::new(), None);
        self.windows.each("billing", |place, window| {
            if Some(place) == number {
                let samples = window.current().iter();
                let samples = samples.map(|one| (second(one.at), one.committed, one.lag));
                seen = (samples.collect(), window.moved_at.map(second));
            }
        });
        seen
    }
}

#[test]
fn readings_that_tell_the_same_are_one() {
    let mut read = Read::default();
    for (s, committed, head) in [(0, 5, 5), (5, 5, 5), (10, 5, 8), (15, 7, 8), (20, 7, 8)] {
        assert!(read.take(s, &[("0", Some(committed), head)]).is_empty());
    }
    let samples = vec![
        (0, Some(5), Some(0)),
        (10, Some(5), Some(3)),
        (15, Some(7), Some(1)),
    ];
    assert_eq!(read.seen("0"), (samples, Some(15)));
}

#[test]
fn partitions_come_and_go() {
    let mut read = Read::default();
    read.take(0, &[("0", Some(1), 5)]);
    read.take(5, &[("0", Some(2), 5), ("1", Some(9), 9)]);
    let samples = vec![(0, None, None), (5, Some(9), Some(0))];
    assert_eq!(read.seen("1"), (samples, None), "it did not move");
    let samples = vec![(0, Some(1), Some(4)), (5, Some(2), Some(3))];
    assert_eq!(read.seen("0"), (samples, Some(5)));
    read.take(10, &[("1", Some(9), 9)]);
    assert_eq!(read.seen("0"), (Vec::new(), None));
}

#[test]
fn what_went_back_is_told_once_and_a_cut_is_none() {
    let mut read = Read::default();
    read.take(0, &[("0", Some(50), 60)]);
    let back = read.take(5, &[("0", Some(20), 60)]);
    assert_eq!(back.len(), 1);
    assert_eq!(
        (back[0].from, back[0].to, &*back[0].group),
        (50, 20, "billing")
    );
    assert!(read.take(10, &[("0", Some(20), 60)]).is_empty());
    // Made again: the end went back with it.
    assert!(read.take(15, &[("0", Some(1), 2)]).is_empty());
    read.take(20, &[("0", Some(1), 4)]);
    let samples = [(15, Some(1), Some(1)), (20, Some(1), Some(3))];
    assert_eq!(read.seen("0").0, samples);
}

#[test]
fn what_was_left_is_taken_up() {
    let mut before = Read::default();
    before.take(0, &[("0", Some(5), 5), ("1", Some(1), 1)]);
    let sample = |s: i64, committed: i64, head: i64| GroupSample {
        group: 1,
        at: at(s),
        lag_messages: None,
        partitions: vec![waybill_model::reading::PartitionPosition {
            destination: "orders".into(),
            partition: "0".into(),
            committed: Some(committed),
            head: Some(head),
            lag_messages: u64::try_from(head - committed).ok(),
            gap: None,
        }],
    };
    let left = [sample(0, 5, 5), sample(5, 7, 9), sample(10, 7, 20)];
    let left = left.map(|sample| ("billing".to_owned(), sample));
    let mut read = Read {
        windows: Windows::left(left.into()),
        ..Read::default()
    };
    assert!(read.windows.reads("billing", "orders"), "not read yet");
    read.take(60, &[("0", Some(7), 40)]);
    assert!(read.windows.reads("billing", "orders"));
    let (samples, moved) = read.seen("0");
    assert_eq!(moved, Some(5));
    assert_eq!(samples.len(), 4);
    assert_eq!(samples[3], (60, Some(7), Some(33)));
    let number = read.positions.places.find("orders", "0").unwrap();
    let heads = &read.windows.place(number).unwrap().heads;
    // 7 was written between the readings at 0 and at 5.
    assert_eq!(
        heads.written_at(7),
        Some(Timestamp::from_unix_millis(2_500))
    );
}

#[test]
fn what_is_carried_over_is_not_known() {
    let mut read = Read::default();
    read.take(0, &[("0", Some(1), 5), ("1", Some(5), 9)]);
    read.take(5, &[("0", Some(2), 5), ("1", Some(6), 9)]);
    // The broker of the other is away; then its end alone is told.
    for s in [10, 15] {
        let mut part = readings(s, &[("0", Some(s), 40)]);
        part.unknown.push(away());
        if s == 15 {
            part.heads.extend(readings(s, &[("1", None, 9)]).heads);
        }
        read.take_all(part);
    }
    read.take(20, &[("0", Some(40), 40), ("1", Some(6), 9)]);
    let samples = [
        (0, Some(5), Some(4)),
        (5, Some(6), Some(3)),
        (10, Some(6), None),
        (15, Some(6), None),
        (20, Some(6), Some(3)),
    ];
    assert_eq!(read.seen("1").0, samples);
    assert_eq!(read.seen("0").0[2], (10, Some(10), Some(30)));
}

#[test]
fn readings_that_were_missed_leave_it_open() {
    let mut read = Read::default();
    read.take(0, &[("0", Some(1), 5)]);
    read.take(10, &[("0", Some(1), 5)]);
    let samples = [(0, Some(1), Some(4))];
    assert_eq!(read.seen("0").0, samples, "one was missed");
    read.take(60, &[("0", Some(1), 5)]);
    let samples = [
        (0, Some(1), Some(4)),
        (10, Some(1), None),
        (60, Some(1), Some(4)),
    ];
    assert_eq!(read.seen("0").0, samples);
}

#[test]
fn what_went_back_is_told_for_each_destination() {
    let told = |s: i64, committed: i64| {
        let mut all = readings(s, &[("0", Some(committed), 60), ("1", Some(committed), 60)]);
        let mut commits = Commits::default();
        for (destination, partition) in [("orders", "0"), ("orders", "1"), ("refunds", "0")] {
            commits.put(Commit {
                group: "billing".into(),
                destination: destination.into(),
                partition: partition.into(),
                committed: Some(committed),
                at: at(s),
            });
        }
        all.commits = commits;
        all
    };
    let mut read = Read::default();
    assert!(read.take_all(told(0, 50)).is_empty());
    let back = read.take_all(told(5, 20));
    let name = |one: &WentBack| {
        read.positions
            .places
            .get(one.place)
            .unwrap()
            .destination
            .clone()
    };
    let names: Vec<_> = back.iter().map(name).collect();
    assert_eq!(names, ["orders".into(), "refunds".into()] as [Arc<str>; 2]);
}
