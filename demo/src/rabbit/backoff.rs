//! How long a refused message waits: 1 s, 2 s, 4 s, then it is a dead letter.

use std::time::Duration;

/// The first try and three more.
pub const WAITS: [Duration; 3] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];

#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// Wait in the queue of this name, then come back as this attempt.
    Retry {
        queue: String,
        attempt: u32,
    },
    DeadLetter {
        queue: String,
    },
}

/// What happens to a message of `queue` whose try number `attempt` (from 1) was refused.
pub fn after(queue: &str, attempt: u32) -> Next {
    let tries_before = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX);
    match WAITS.get(tries_before) {
        Some(wait) => Next::Retry {
            queue: retry_queue(queue, *wait),
            attempt: attempt + 1,
        },
        None => Next::DeadLetter {
            queue: dead_letter_queue(queue),
        },
    }
}

pub fn retry_queue(queue: &str, wait: Duration) -> String {
    format!("{queue}.retry.{}s", wait.as_secs())
}

pub fn dead_letter_queue(queue: &str) -> String {
    format!("{queue}.dlq")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_tries_follow_the_first_and_each_waits_twice_as_long() {
        let mut attempt = 1;
        let mut queues = Vec::new();
        let dead = loop {
            match after("payment", attempt) {
                Next::Retry {
                    queue,
                    attempt: next,
                } => {
                    assert_eq!(next, attempt + 1);
                    queues.push(queue);
                    attempt = next;
                }
                Next::DeadLetter { queue } => break queue,
            }
        };
        assert_eq!(
            queues,
            ["payment.retry.1s", "payment.retry.2s", "payment.retry.4s"]
        );
        assert_eq!((dead.as_str(), attempt), ("payment.dlq", 4));
        assert!(WAITS.windows(2).all(|pair| pair[1] == pair[0] * 2));
    }

    #[test]
    fn a_replayed_dead_letter_dies_at_once_if_it_fails_again() {
        assert_eq!(
            after("payment", 40),
            Next::DeadLetter {
                queue: "payment.dlq".to_owned()
            }
        );
        assert_eq!(
            after("payment", u32::MAX),
            Next::DeadLetter {
                queue: "payment.dlq".to_owned()
            }
        );
        assert!(matches!(after("payment", 0), Next::Retry { .. }));
    }
}
