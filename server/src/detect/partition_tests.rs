use super::*;

fn at(s: f64) -> Timestamp {
    Timestamp::from_unix_millis((s * 1_000.0) as i64)
}

/// Position and lag, a reading each `every` seconds, and what comes of it with these members.
struct Case {
    every: f64,
    told: Vec<(Option<i64>, u64)>,
    members: Option<u64>,
    attempts: HeadAttempts,
    assigned: Option<bool>,
    cut: Option<usize>,
}

fn case(told: &[(i64, u64)]) -> Case {
    Case {
        every: 5.0,
        told: told.iter().map(|(c, lag)| (Some(*c), *lag)).collect(),
        members: Some(1),
        attempts: HeadAttempts::Unknown,
        assigned: None,
        cut: None,
    }
}

impl Case {
    fn found(&self) -> Option<(Verdict, Option<Cause>)> {
        let samples: Vec<Sample> = (0..)
            .zip(&self.told)
            .map(|(n, (committed, lag))| Sample {
                at: at(f64::from(n) * self.every),
                committed: *committed,
                lag: Some(*lag),
            })
            .collect();
        let moved = samples.windows(2).rev();
        let moved = moved.into_iter().find(|p| p[0].committed != p[1].committed);
        let window = Window {
            samples: &samples,
            until: samples.last().unwrap().at,
            moved_at: moved.map(|pair| pair[1].at),
            cut_at: self.cut.map(|n| at(n as f64 * self.every)),
        };
        let around = Around {
            members: self.members,
            is_assigned: self.assigned,
            attempts: self.attempts,
            members_at: Some(at(1e6)),
        };
        let rules = Rules {
            interval_ms: self.every * 1_000.0,
        };
        judge(&window, &around, &rules).map(|found| (found.verdict, found.cause))
    }

    fn is(&self, verdict: Verdict, cause: Cause) {
        assert_eq!(
            self.found(),
            Some((verdict, Some(cause))),
            "{:?}",
            self.told
        );
    }

    fn is_ok(&self) {
        assert_eq!(self.found(), Some((Verdict::Ok, None)), "{:?}", self.told);
    }
}

/// The cases of Burrow's own tests (core/internal/evaluator/caching_test.go): offsets, the times
/// being ours, and its status.
#[test]
fn burrows_cases() {
    let rising: Vec<(i64, u64)> = (0..10)
        .map(|n| (1_000 + n * 1_000, 50 + n as u64))
        .collect();
    case(&rising).is(Verdict::Warning, Cause::Slow);
    // Lag zero at the end, and zero inside the window.
    case(&[(1_000, 0), (2_000, 0), (3_000, 0)]).is_ok();
    let mut zero_inside = rising.clone();
    zero_inside[5].1 = 0;
    case(&zero_inside).is_ok();
    // Lag falls somewhere.
    let mut falls = rising.clone();
    falls[5].1 = 10;
    case(&falls).is_ok();
    // Offsets go back.
    let mut back = rising.clone();
    back[7].0 = 2_500;
    case(&back).is(Verdict::Rewound, Cause::WentBack);
    // Commits at one offset, lag grows.
    let stands: Vec<(i64, u64)> = (0..10).map(|n| (1_000, 50 + n)).collect();
    case(&stands).is(Verdict::Stalled, Cause::NoProgress);
    // No commits any more.
    let mut dead = case(&stands);
    dead.members = Some(0);
    dead.is(Verdict::Stopped, Cause::NoMember);
    // Nothing to judge from.
    assert_eq!(case(&[(1_000, 50)]).found(), None);
    // Beyond Burrow: a lag that stays is how a pipeline works.
    let stays: Vec<(i64, u64)> = (0..12).map(|n| (1_000 + n * 100, 50)).collect();
    case(&stays).is_ok();
}

#[test]
fn three_readings_after_the_fault_suffice() {
    let healthy = [(100, 0), (200, 0), (300, 0)];
    let with = |more: &[(i64, u64)]| case(&[&healthy[..], more].concat());
    let stopped = with(&[(300, 100), (300, 200), (300, 300)]);
    stopped.is(Verdict::Stalled, Cause::NoProgress);
    for (members, attempts, assigned, verdict, cause) in [
        (
            Some(0),
            HeadAttempts::Unknown,
            None,
            Verdict::Stopped,
            Cause::NoMember,
        ),
        (
            Some(1),
            HeadAttempts::Failed,
            None,
            Verdict::Stalled,
            Cause::PoisonHead,
        ),
        (
            Some(1),
            HeadAttempts::Done,
            None,
            Verdict::Stalled,
            Cause::NotCommitting,
        ),
        (
            Some(1),
            HeadAttempts::Untouched,
            None,
            Verdict::Stopped,
            Cause::Paused,
        ),
        (
            Some(2),
            HeadAttempts::Unknown,
            Some(false),
            Verdict::Stopped,
            Cause::Unassigned,
        ),
        (
            None,
            HeadAttempts::Unknown,
            None,
            Verdict::Stopped,
            Cause::NoProgress,
        ),
    ] {
        let mut one = with(&[(300, 100), (300, 200), (300, 300)]);
        (one.members, one.attempts, one.assigned) = (members, attempts, assigned);
        one.is(verdict, cause);
    }
    let mut marks = with(&[(300, 1), (300, 1), (300, 1)]);
    marks.attempts = HeadAttempts::NoMessage;
    marks.is_ok();
    with(&[(350, 50), (400, 100), (450, 150)]).is(Verdict::Warning, Cause::Slow);
    with(&[(100, 300)]).is(Verdict::Rewound, Cause::WentBack);
    // It was rewound, and came to the end again.
    with(&[(100, 300), (400, 100), (600, 0), (600, 50), (700, 20)]).is_ok();
}

#[test]
fn a_healthy_consumer_that_commits_every_5_s_is_ok_at_every_reading_of_each_second() {
    // 20 messages a second come; what was read is committed every 5 s, at any phase.
    for phase in 0..5 {
        for length in 1..60 {
            let told: Vec<(i64, u64)> = (0..length)
                .map(|s| {
                    let committed = (s + phase) / 5 * 5 * 20;
                    let head = (s + phase) * 20 + 10;
                    (committed, (head - committed) as u64)
                })
                .collect();
            let mut one = case(&told);
            one.every = 1.0;
            let found = one.found();
            let fine = matches!(found, None | Some((Verdict::Ok, None)));
            assert!(fine, "phase {phase}, {length} readings: {found:?}");
        }
    }
}

#[test]
fn a_partition_made_again_begins_again() {
    let mut one = case(&[(500, 10), (600, 5), (3, 5), (8, 2)]);
    one.is(Verdict::Rewound, Cause::WentBack);
    one.cut = Some(2);
    one.is_ok();
}

#[test]
fn who_never_committed_is_told_so() {
    let mut one = case(&[]);
    one.told = vec![(None, 40); 5];
    one.is(Verdict::Stalled, Cause::NeverConsumed);
    one.members = Some(0);
    one.is(Verdict::Stopped, Cause::NeverConsumed);
}

#[test]
fn an_idle_group_that_gets_its_first_message_has_time_to_take_it() {
    let mut told = vec![(300, 0); 8];
    told.extend([(300, 1), (300, 1)]);
    case(&told).is_ok();
    told.push((301, 0));
    case(&told).is_ok();
}

/// Readings each second of (second, position, lag), those that tell the same left out.
fn at_each_second(told: &[(i64, i64, Option<u64>)]) -> Vec<Sample> {
    let mut samples: Vec<Sample> = Vec::new();
    for (s, committed, lag) in told {
        let (committed, lag) = (Some(*committed), *lag);
        if samples.last().map(|last| (last.committed, last.lag)) != Some((committed, lag)) {
            samples.push(Sample {
                at: at(*s as f64),
                committed,
                lag,
            });
        }
    }
    samples
}

fn judged(told: &[(i64, i64, Option<u64>)], members: u64) -> Option<(Verdict, Option<Cause>)> {
    let samples = at_each_second(told);
    let moved = samples.windows(2).rev();
    let moved = moved.into_iter().find(|p| p[0].committed != p[1].committed);
    let window = Window {
        samples: &samples,
        until: at(told.last().unwrap().0 as f64),
        moved_at: moved.map(|pair| pair[1].at),
        cut_at: None,
    };
    let around = Around {
        members: Some(members),
        members_at: Some(at(1e6)),
        ..Around::default()
    };
    let rules = Rules {
        interval_ms: 1_000.0,
    };
    judge(&window, &around, &rules).map(|found| (found.verdict, found.cause))
}

#[test]
fn the_time_between_messages_is_no_cadence_of_commits() {
    // A message an hour, taken within two seconds; the fourth by nobody.
    let mut told = Vec::new();
    for hour in 0..4 {
        let came = hour * 3_600;
        told.push((came - 10, hour, Some(0)));
        told.push((came, hour, Some(1)));
        if hour < 3 {
            told.push((came + 2, hour + 1, Some(0)));
        }
    }
    let came = 3 * 3_600;
    for (after, members, found) in [
        (3, 1, (Verdict::Ok, None)),
        (7, 1, (Verdict::Ok, None)),
        (8, 1, (Verdict::Stalled, Some(Cause::NoProgress))),
        (3, 0, (Verdict::Ok, None)),
        (8, 0, (Verdict::Stopped, Some(Cause::NoMember))),
    ] {
        let mut told = told.clone();
        told.push((came + after, 3, Some(1)));
        assert_eq!(judged(&told, members), Some(found), "{after} {members}");
    }
}

#[test]
fn patience_ends_where_nobody_is_a_member_and_after_a_quarter_of_an_hour() {
    let told = |every: i64, stood: i64| -> Vec<(i64, i64, Option<u64>)> {
        let moves = (0..4).map(|n| (n * every, n * 10, Some(100)));
        moves.chain([(3 * every + stood, 30, Some(101))]).collect()
    };
    for (every, stood, members, is_ok) in [
        (60, 80, 1, true),
        (60, 91, 1, false),
        (60, 9, 0, true),
        (60, 10, 0, false),
        (3_600, 899, 1, true),
        (3_600, 900, 1, false),
    ] {
        let found = judged(&told(every, stood), members).unwrap();
        assert_eq!(found.0 == Verdict::Ok, is_ok, "{every} {stood} {members}");
    }
}

#[test]
fn nobody_stands_while_nobody_reads() {
    let mut told: Vec<_> = (0..10).map(|s| (s, s * 10, Some(5))).collect();
    told.push((10, 90, None));
    assert_eq!(judged(&told, 1), None);
    told.push((70, 90, Some(5)));
    assert_eq!(judged(&told, 1), Some((Verdict::Ok, None)));
    // It stood before, and stands still.
    told.insert(10, (10, 90, Some(6)));
    told[11].0 = 15;
    let stalled = (Verdict::Stalled, Some(Cause::NoProgress));
    assert_eq!(judged(&told, 1), Some(stalled));
}
