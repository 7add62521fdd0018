//! How fast messages come and are taken, as positions tell it.

use super::window::{Sample, Window};

/// Messages a second; `None` with too few readings.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rates {
    pub in_per_s: Option<f64>,
    pub out_per_s: Option<f64>,
}

/// What is taken is measured from one move of the position to another: consumers that commit every
/// few seconds move in steps, and a rate between two readings is that of a step or none. Where it has
/// stood for longer than it ever did between two moves, the time since counts.
pub fn rates(window: &Window<'_>) -> Rates {
    Rates {
        in_per_s: come(window),
        out_per_s: taken(window),
    }
}

fn come(window: &Window<'_>) -> Option<f64> {
    let samples = window.current();
    let mut ends = samples.iter().filter_map(|one| Some((one.at, end(one)?)));
    let (first_at, first) = ends.clone().next()?;
    let (_, last) = ends.next_back()?;
    per_s(last - first, window.until.ms_since(first_at))
}

fn taken(window: &Window<'_>) -> Option<f64> {
    let first = window.current().first()?;
    let moves: Vec<(Sample, Sample)> = window.moves().collect();
    let since = |from: &Sample, to: &Sample, ms: f64| per_s(to.committed? - from.committed?, ms);
    match moves.as_slice() {
        [] => {
            let passed = window.until.ms_since(first.at);
            (passed > 0.0).then_some(0.0)
        }
        [(before, after)] => since(before, after, window.until.ms_since(first.at)),
        [(_, from), .., (_, to)] => {
            let stood = window.until.ms_since(to.at);
            let is_usual = window
                .longest_gap_ms()
                .is_some_and(|gap| stood <= 1.5 * gap);
            let until = if is_usual { to.at } else { window.until };
            since(from, to, until.ms_since(from.at))
        }
    }
}

/// Where the partition ended.
fn end(sample: &Sample) -> Option<i64> {
    let lag = i64::try_from(sample.lag?).ok()?;
    sample.committed?.checked_add(lag)
}

fn per_s(messages: i64, ms: f64) -> Option<f64> {
    (ms > 0.0 && messages >= 0).then(|| messages as f64 * 1_000.0 / ms)
}

#[cfg(test)]
mod tests {
    use waybill_model::time::Timestamp;

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
        let found = rates(&window(&samples));
        assert_eq!((found.in_per_s, found.out_per_s), (Some(100.0), Some(90.0)));
        // Stopped for longer than it ever rested.
        let mut stopped = window(&samples);
        stopped.until = at(60_000);
        assert_eq!(rates(&stopped).out_per_s.map(f64::round), Some(16.0));
        let one = window(&samples[..1]);
        assert_eq!(rates(&one).out_per_s, Some(0.0), "it stood until now");
    }
}
