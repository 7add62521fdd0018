//! How often a cluster is asked, how long an answer may take, and how long to wait after a refusal.

use std::time::Duration;

/// What is added to an adapter's own deadline before it is taken for hung.
const GRACE: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    pub readings_every: Duration,
    pub topology_every: Duration,
    /// Between looks whether the topology has changed, and from one topology to the next at least.
    pub look_every: Duration,
    pub readings_patience: Duration,
    pub topology_patience: Duration,
    pub grace: Duration,
    /// Longest wait after refusals.
    pub longest_wait: Duration,
}

impl Pace {
    pub fn every(interval: Duration) -> Self {
        let topology_every = interval.max(Duration::from_secs(60));
        Self {
            readings_every: interval,
            topology_every,
            look_every: topology_every / 4,
            readings_patience: Duration::from_secs(10),
            topology_patience: Duration::from_secs(30),
            grace: GRACE,
            longest_wait: LONGEST_WAIT.max(interval),
        }
    }

    /// After this many refusals in a row, from 1: twice as long each time, a quarter up or down, so
    /// that many pollers do not come back as one. `dice` is 0 to 1.
    pub fn after_refusals(&self, refusals: u32, dice: f64) -> Duration {
        let doubled = 2u32.saturating_pow(refusals.saturating_sub(1).min(16));
        let wait = self
            .readings_every
            .saturating_mul(doubled)
            .min(self.longest_wait);
        wait.mul_f64(0.75 + 0.5 * dice.clamp(0.0, 1.0))
    }

    /// A lease outlives the longest answer.
    pub fn lease(&self) -> Duration {
        (self.readings_every * 3).max(Duration::from_secs(6))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_with_jitter() {
        let pace = Pace::every(Duration::from_secs(5));
        let secs = |refusals, dice| pace.after_refusals(refusals, dice).as_secs_f64();
        assert_eq!(
            [1, 2, 3, 4, 40].map(|n| secs(n, 0.5)),
            [5.0, 10.0, 20.0, 30.0, 30.0]
        );
        assert_eq!((secs(1, 0.0), secs(1, 1.0)), (3.75, 6.25));
        let slow = Pace::every(Duration::from_secs(120));
        assert_eq!(slow.after_refusals(9, 0.5), Duration::from_secs(120));
        assert_eq!(slow.topology_every, Duration::from_secs(120));
    }
}
