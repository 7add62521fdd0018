use std::collections::BTreeSet;

use waybill_store::topology::{GroupLine, group_key};

use super::super::group_figures::GroupFigures;
use super::*;

/// 2026-11-23T12:00:00Z
const NOON: i64 = 1_795_435_200_000;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_millis(NOON + seconds * 1_000)
}

fn group(number: usize) -> GroupLine {
    GroupLine {
        cluster: "east".into(),
        system: "simulated".into(),
        namespace: None,
        name: format!("group-{number}"),
        kind: "simulated".into(),
        state: None,
        coordinator: None,
        members: None,
        destinations: Vec::new(),
        partitions: 0,
        lag_messages: None,
        lag_known_messages: 0,
        unknown_partitions: 0,
        out_per_s: None,
        figures_at: None,
        missing_since: None,
        judged: None,
    }
}

/// Groups of so many partitions each; where all stand.
fn lines(groups: usize, partitions: u64, fingerprint: u64) -> Lines {
    let figures = GroupFigures {
        partitions,
        fingerprint,
        ..GroupFigures::default()
    };
    let all: Vec<GroupLine> = (0..groups).map(group).collect();
    let figures = all.iter().map(|line| (line.key(), figures.clone()));
    Lines {
        figures: figures.collect(),
        groups: all,
        ..Lines::default()
    }
}

/// What is written, and how many rows go.
fn write(sampling: &mut Sampling, lines: &Lines, at: Timestamp) -> (Vec<usize>, usize) {
    let due = sampling.due(lines, at);
    let samples: Vec<GroupSample> = due
        .iter()
        .map(|due| GroupSample {
            group: lines.groups[due.line].key(),
            at,
            lag_messages: None,
            partitions: Vec::new(),
        })
        .collect();
    let gone = sampling.superseded(&samples).len();
    sampling.take(&samples, lines);
    (due.into_iter().map(|due| due.line).collect(), gone)
}

#[test]
fn a_group_is_written_when_it_moves_and_once_an_hour() {
    let mut sampling = Sampling::default();
    assert_eq!(group(0).key(), group_key("east", None, "group-0"));
    assert_eq!(write(&mut sampling, &lines(1, 2, 1), at(0)), (vec![0], 0));
    assert_eq!(write(&mut sampling, &lines(1, 2, 1), at(5)), (vec![], 0));
    assert_eq!(write(&mut sampling, &lines(1, 2, 2), at(10)), (vec![0], 0));
    assert_eq!(
        write(&mut sampling, &lines(1, 2, 2), at(3_600)),
        (vec![0], 0),
        "another hour"
    );
    sampling.forget(group(0).key());
    assert_eq!(
        write(&mut sampling, &lines(1, 2, 2), at(3_605)),
        (vec![0], 0)
    );
}

#[test]
fn of_millions_in_motion_some_are_written_each_time_and_all_in_turn() {
    let mut sampling = Sampling::default();
    let (first, _) = write(&mut sampling, &lines(200, 10_000, 1), at(0));
    assert_eq!(first.len(), 200, "what was never written is written");
    let mut turns = Vec::new();
    for turn in 1..=30 {
        let moved = lines(200, 10_000, 1 + turn as u64);
        let (written, gone) = write(&mut sampling, &moved, at(5 * turn));
        assert!(gone <= written.len());
        turns.push(written);
    }
    let count: usize = turns.iter().map(Vec::len).sum();
    // 200,000 at once and 20,000 a second for 150 seconds.
    assert!((300..=330).contains(&count), "{count}");
    let seen: BTreeSet<usize> = turns.into_iter().flatten().collect();
    assert_eq!(seen.len(), 200, "none is forgotten");
}

#[test]
fn what_is_kept_has_a_bound_and_the_newest_is_there() {
    // 100,000 positions: a row stays each 100 seconds and group.
    let (mut sampling, mut rows) = (Sampling::default(), 0i64);
    for turn in 0..720 {
        let moved = lines(100, 1_000, turn as u64);
        let (written, gone) = write(&mut sampling, &moved, at(5 * turn));
        rows += written.len() as i64 - gone as i64;
    }
    // An hour of 1,000 positions a second are 3,600 rows of 1,000.
    assert!((3_000..=4_000).contains(&rows), "{rows}");
    // Few positions are all kept.
    let (mut sampling, mut rows) = (Sampling::default(), 0);
    for turn in 0..720 {
        let (written, gone) = write(&mut sampling, &lines(10, 100, turn as u64), at(5 * turn));
        rows += written.len() - gone;
    }
    assert_eq!(rows, 7_200);
}
