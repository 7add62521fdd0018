//! How fast messages come and are taken, as positions tell it.

use waybill_model::time::Timestamp;

use super::partition::{NEARLY, Rules};
use super::window::{Sample, Window};

/// Messages a second; `None` with too few readings.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rates {
    pub in_per_s: Option<f64>,
    pub out_per_s: Option<f64>,
}

/// Of the last minute, or of three of its steps; since the last jump of the end, where it has been
/// calm since.
///
/// What is taken is measured from one move of the position to another: consumers that commit every
/// few seconds move in steps, and a rate between two readings is that of a step or none. Where it has
/// stood for longer than it ever did between two moves, the time since counts.
pub fn rates(window: &Window<'_>, rules: &Rules) -> Rates {
    let steps_ms = STEPS * window.cadence_ms().unwrap_or(0.0).max(rules.interval_ms);
    let since = window.until.plus_ms(-(RECENT_MS.max(steps_ms) as i64));
    let ends = ends(window, since, rules);
    let calm_since = calm_since(window, &ends, rules);
    let come = ends.iter().rfind(|end| Some(end.at) <= calm_since);
    let come = come.or(ends.first()).zip(ends.last());
    Rates {
        in_per_s: come.and_then(|(first, last)| {
            per_s(last.offset - first.offset, window.until.ms_since(first.at))
        }),
        out_per_s: taken(window, since, calm_since),
    }
}

const RECENT_MS: f64 = 60_000.0;
const STEPS: f64 = 3.0;
/// Times what came since.
const JUMP: f64 = 4.0;
/// Of the longest time that it rested between two moves or jumps.
const LONGER: f64 = 1.5;

/// Where the partition ended.
#[derive(Clone, Copy)]
struct End {
    at: Timestamp,
    offset: i64,
    /// Since the end before.
    per_s: f64,
}

/// The first is where it ended at `since`.
fn ends(window: &Window<'_>, since: Timestamp, rules: &Rules) -> Vec<End> {
    let mut ends: Vec<End> = Vec::new();
    let mut was_read = false;
    for sample in window.current() {
        let offset = end(sample);
        if let Some(offset) = offset {
            let at = sample.at.max(since);
            let step = ends.last().and_then(|last| {
                let passed = at.ms_since(last.at);
                // It ended there until the reading before this one.
                let most = if was_read {
                    LONGER * rules.interval_ms
                } else {
                    passed
                };
                per_s(offset - last.offset, passed.min(most))
            });
            let per_s = match sample.at <= since {
                true => {
                    ends.clear();
                    0.0
                }
                false => step.unwrap_or(0.0),
            };
            ends.push(End { at, offset, per_s });
        }
        was_read = offset.is_some();
    }
    ends
}

/// When a burst ended, if it has been calm for longer than between any two jumps before: those that
/// come again and again are the rate.
fn calm_since(window: &Window<'_>, ends: &[End], rules: &Rules) -> Option<Timestamp> {
    let last = ends.last()?.offset;
    let calm_ms = |end: &End| window.until.ms_since(end.at);
    let is_jump = |end: &End, calm: &End| {
        let since = per_s(last - calm.offset, calm_ms(calm)).unwrap_or(0.0);
        end.per_s > JUMP * since
    };
    let two = 2.0 * rules.interval_ms * NEARLY;
    let at = ends
        .iter()
        .rposition(|end| calm_ms(end) >= two && is_jump(end, end))?;
    let jumps = ends[..=at].iter().filter(|end| is_jump(end, &ends[at]));
    let rests = jumps.clone().zip(jumps.skip(1));
    let longest = rests.map(|(one, next)| next.at.ms_since(one.at));
    let longest = longest.fold(0.0, f64::max);
    (calm_ms(&ends[at]) > LONGER * longest).then_some(ends[at].at)
}

fn taken(window: &Window<'_>, since: Timestamp, calm_since: Option<Timestamp>) -> Option<f64> {
    let first = window.current().first()?.at.max(since);
    let after = |since: Timestamp| -> Vec<(Sample, Sample)> {
        window.moves().filter(|(_, to)| to.at >= since).collect()
    };
    // While nothing waits it takes what comes, and could take more.
    let busy = after(since.max(window.zero_at().max(calm_since).unwrap_or(since)));
    let moves = if busy.len() > 1 { busy } else { after(since) };
    let rate = |from: &Sample, to: &Sample, ms: f64| per_s(to.committed? - from.committed?, ms);
    match moves.as_slice() {
        [] => {
            let passed = window.until.ms_since(first);
            (passed > 0.0).then_some(0.0)
        }
        [(before, after)] => rate(before, after, window.until.ms_since(first)),
        [(_, from), .., (_, to)] => {
            let stood = window.until.ms_since(to.at);
            let is_usual = window.cadence_ms().is_some_and(|gap| stood <= LONGER * gap);
            let until = if is_usual { to.at } else { window.until };
            rate(from, to, until.ms_since(from.at))
        }
    }
}

fn end(sample: &Sample) -> Option<i64> {
    let lag = i64::try_from(sample.lag?).ok()?;
    sample.committed?.checked_add(lag)
}

fn per_s(messages: i64, ms: f64) -> Option<f64> {
    (ms > 0.0 && messages >= 0).then(|| messages as f64 * 1_000.0 / ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_unix_millis(ms)
    }

    #[test]
    fn who_commits_in_steps_has_the_rate_of_its_steps() {
        // 100 a second come; every 5 s 450 are committed; read each second.
        let samples: Vec<Sample> = (0..=18)
            .map(|s| {
                let committed = s / 5 * 450;
                let lag = u64::try_from(s * 100 - committed).unwrap();
                let (at, committed) = (at(s * 1_000), Some(committed));
                Sample {
                    at,
                    committed,
                    lag: Some(lag),
                }
            })
            .collect();
        let window = |samples| Window {
            samples,
            until: at(18_000),
            moved_at: Some(at(15_000)),
            cut_at: None,
        };
        let rules = Rules {
            interval_ms: 1_000.0,
        };
        let found = rates(&window(&samples), &rules);
        assert_eq!((found.in_per_s, found.out_per_s), (Some(100.0), Some(90.0)));
        // Stopped for longer than it ever rested.
        let mut stopped = window(&samples);
        stopped.until = at(60_000);
        let out = rates(&stopped, &rules).out_per_s;
        assert_eq!(out.map(f64::round), Some(16.0));
        stopped.until = at(80_000);
        assert_eq!(rates(&stopped, &rules).out_per_s, Some(0.0));
        let one = window(&samples[..1]);
        let out = rates(&one, &rules).out_per_s;
        assert_eq!(out, Some(0.0), "it stood until now");
    }

    /// Of (second, position, end), a reading each 5 s; those that tell the same are left out.
    fn rates_of(told: &[(i64, i64, i64)]) -> (Option<f64>, Option<f64>) {
        let mut samples: Vec<Sample> = Vec::new();
        for (s, committed, head) in told {
            let (committed, lag) = (Some(*committed), u64::try_from(head - committed).ok());
            if samples.last().map(|last| (last.committed, last.lag)) != Some((committed, lag)) {
                samples.push(Sample {
                    at: at(s * 1_000),
                    committed,
                    lag,
                });
            }
        }
        let window = Window {
            samples: &samples[samples.len().saturating_sub(24)..],
            until: at(told.last().unwrap().0 * 1_000),
            moved_at: None,
            cut_at: None,
        };
        let found = rates(
            &window,
            &Rules {
                interval_ms: 5_000.0,
            },
        );
        (
            found.in_per_s.map(f64::round),
            found.out_per_s.map(f64::round),
        )
    }

    #[test]
    fn after_a_burst_the_present_rates_count() {
        // Idle or 10 a second for ten minutes, then 10,000 at once, then taken by 100 a second.
        for trickle in [0, 10] {
            for after in 2..10 {
                let before = (-120..0).map(|n| (n * 5, n * 5 * trickle, n * 5 * trickle));
                let burst = (0..=after).map(|n| (n * 5, n * 500, 10_000 + n * 5 * trickle));
                let told: Vec<_> = before.chain(burst).collect();
                let expected = (Some(trickle as f64), Some(100.0));
                assert_eq!(rates_of(&told), expected, "{trickle} {after}");
            }
        }
        // A producer that stopped.
        let told: Vec<_> = (0..20).map(|n| (n * 5, n * 250, n.min(17) * 500)).collect();
        assert_eq!(rates_of(&told), (Some(0.0), Some(50.0)));
        // A consumer that became slow: what it did long ago is no forecast.
        let told = (0..40).map(|n: i64| (n * 5, n.min(20) * 500 + (n - 20).max(0) * 50, n * 500));
        assert_eq!(
            rates_of(&told.collect::<Vec<_>>()),
            (Some(100.0), Some(10.0))
        );
    }

    #[test]
    fn batches_that_come_again_and_again_are_a_rate() {
        for length in 12..24 {
            let told = (0..length).map(|n| (n * 5, n * 400, (n / 3 + 1) * 1_500));
            let (come, taken) = rates_of(&told.collect::<Vec<_>>());
            assert!(
                (75.0..=150.0).contains(&come.unwrap()),
                "{length}: {come:?}"
            );
            assert_eq!(taken, Some(80.0));
        }
    }

    #[test]
    fn what_came_while_nobody_read_is_no_burst() {
        let sample = |s: i64, lag| Sample {
            at: at(s * 1_000),
            committed: Some(0),
            lag,
        };
        let known = |s: i64| sample(s, u64::try_from(s * 100).ok());
        let samples = [
            known(0),
            known(5),
            sample(10, None),
            known(40),
            known(45),
            known(50),
        ];
        let window = Window {
            samples: &samples,
            until: at(50_000),
            moved_at: None,
            cut_at: None,
        };
        let found = rates(
            &window,
            &Rules {
                interval_ms: 5_000.0,
            },
        );
        assert_eq!(found.in_per_s, Some(100.0));
    }
}
