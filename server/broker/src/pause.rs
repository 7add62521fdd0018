//! How long to leave somebody in peace after a failure.

use std::time::Duration;

pub(crate) const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(5);

/// After `failures` failures before this one; `first`: after the first of all.
pub(crate) fn after(first: Duration, failures: u32) -> Duration {
    grown(first, failures, jitter())
}

/// Doubles with each failure; `jitter` from 0 to 1 takes up to half of it off, so that many
/// clusters that broke together do not come back together.
fn grown(first: Duration, failures: u32, jitter: f64) -> Duration {
    let whole = first
        .saturating_mul(1 << failures.min(16))
        .min(LONGEST.max(first));
    whole.mul_f64(1.0 - jitter / 2.0)
}

fn jitter() -> f64 {
    getrandom::u32().map_or(0.0, |random| f64::from(random) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_limit_and_differ() {
        assert_eq!(grown(FIRST, 0, 0.0), Duration::from_millis(100));
        assert_eq!(grown(FIRST, 3, 0.0), Duration::from_millis(800));
        assert_eq!(grown(FIRST, 3, 1.0), Duration::from_millis(400));
        assert_eq!(grown(FIRST, u32::MAX, 0.0), LONGEST);
    }
}
