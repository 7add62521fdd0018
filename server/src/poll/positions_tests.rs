use waybill_model::topology::{Commit, Unknown, Why};

use super::*;

/// Everything exists but what is named.
struct But(&'static [&'static str]);

impl Existing for But {
    fn has_partition(&self, destination: &str, _: &str) -> bool {
        !self.0.contains(&destination)
    }
    fn has_group(&self, group: &str) -> bool {
        !self.0.contains(&group)
    }
    fn has_destination(&self, _: Option<&str>, name: &str) -> bool {
        !self.0.contains(&name)
    }
}

const ALL: But = But(&[]);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_millis(seconds * 1_000)
}

fn head(destination: &str, partition: &str, head: i64, low: Option<i64>, seconds: i64) -> Head {
    Head {
        destination: destination.into(),
        partition: partition.into(),
        head,
        written: None,
        low,
        at: at(seconds),
    }
}

fn commit(group: &str, destination: &str, partition: &str, offset: i64, seconds: i64) -> Commit {
    Commit {
        group: group.into(),
        destination: destination.into(),
        partition: partition.into(),
        committed: Some(offset),
        at: at(seconds),
    }
}

fn whole(heads: Vec<Head>, commits: Vec<Commit>) -> Readings {
    Readings {
        heads,
        commits: commits.into(),
        ..Readings::default()
    }
}

fn part(heads: Vec<Head>, commits: Vec<Commit>) -> Readings {
    let gap = Unknown {
        member: "heads".into(),
        why: Why::Failed,
        detail: None,
    };
    Readings {
        unknown: vec![gap],
        ..whole(heads, commits)
    }
}

fn first() -> Positions {
    let heads = vec![
        head("orders", "0", 10, Some(2), 1),
        head("orders", "1", 20, Some(0), 1),
        head("audit", "0", 5, Some(0), 1),
    ];
    let commits = vec![
        commit("billing", "orders", "0", 8, 0),
        commit("billing", "orders", "1", 20, 0),
        commit("watch", "audit", "0", 5, 0),
    ];
    Positions::default().after(whole(heads, commits), &ALL)
}

#[test]
fn a_whole_reading_is_all_there_is() {
    let next = first().after(
        whole(vec![head("orders", "0", 11, None, 6)], Vec::new()),
        &ALL,
    );
    assert_eq!(next.places.used().count(), 1);
    let place = next.place("orders", "0").unwrap();
    assert_eq!(
        (place.head, place.low, place.step),
        (Some(11), Some(2), Step::By(1))
    );
    assert!(next.groups.is_empty());
}

#[test]
fn what_a_part_leaves_out_stays_with_its_own_time() {
    let next = first().after(
        part(
            vec![head("orders", "0", 15, None, 6)],
            vec![commit("billing", "orders", "0", 12, 5)],
        ),
        &But(&["audit", "watch"]),
    );
    let kept = next.place("orders", "1").unwrap();
    assert_eq!((kept.head, kept.at, kept.told), (Some(20), at(1), false));
    assert!(next.place("orders", "0").unwrap().told);
    // The topology has it no more.
    assert!(next.place("audit", "0").is_none() && !next.groups.contains_key("watch"));
    let billing = &next.groups["billing"];
    let told: Vec<(Option<i64>, bool)> = billing
        .commits
        .iter()
        .map(|c| (c.committed, billing.is_told(c)))
        .collect();
    assert_eq!(told.len(), 2);
    assert!(told.contains(&(Some(12), true)) && told.contains(&(Some(20), false)));
    // Of a part alone the way would be too short.
    assert_eq!((billing.step, billing.per_s), (Step::Unknown, None));
}

#[test]
fn groups_move_by_what_they_committed() {
    let before = first();
    assert_eq!(before.groups["billing"].step, Step::Unknown);
    let commits = |a, b, seconds| {
        vec![
            commit("billing", "orders", "0", a, seconds),
            commit("billing", "orders", "1", b, seconds),
        ]
    };
    let moved = before.after(whole(Vec::new(), commits(10, 28, 5)), &ALL);
    let billing = &moved.groups["billing"];
    assert_eq!((billing.step, billing.per_s), (Step::By(10), Some(2.0)));
    let reset = moved.after(whole(Vec::new(), commits(0, 28, 10)), &ALL);
    assert_eq!(
        (reset.groups["billing"].step, reset.groups["billing"].per_s),
        (Step::Unknown, None)
    );
}

#[test]
fn an_end_that_went_back_takes_its_beginning_with_it() {
    let next = first().after(
        whole(vec![head("orders", "0", 3, None, 6)], Vec::new()),
        &ALL,
    );
    let place = next.place("orders", "0").unwrap();
    assert_eq!(
        (place.head, place.low, place.step),
        (Some(3), None, Step::Unknown)
    );
}

#[test]
fn what_was_made_again_has_no_past() {
    let mut positions = first();
    positions.forget("orders");
    let next = positions.after(
        whole(
            vec![head("orders", "0", 500, Some(0), 6)],
            vec![commit("billing", "orders", "0", 400, 5)],
        ),
        &ALL,
    );
    assert_eq!(next.place("orders", "0").unwrap().step, Step::Unknown);
    assert_eq!(next.groups["billing"].step, Step::Unknown);
}

#[test]
fn nothing_grows_by_being_read() {
    let mut positions = first();
    for turn in 0..500 {
        let name = format!("topic-{turn}");
        let commits = vec![commit("billing", &name, "0", 1, turn)];
        let heads = vec![head(&name, "0", 3, None, turn)];
        positions = positions.after(whole(heads, commits), &ALL);
        assert_eq!(positions.places.used().count(), 1);
        // However numbers were dealt anew, a group stands where it stood.
        let billing = &positions.groups["billing"].commits;
        let place = positions.places.get(billing[0].place).unwrap();
        assert_eq!((billing.len(), &*place.destination), (1, name.as_str()));
        assert!(positions.places.iter_mut().count() <= 70);
    }
}
