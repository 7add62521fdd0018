//! What a failure means for the reading of a queue.

use std::time::Duration;

use crate::adapter::{Reason, Refused};
use crate::rocketmq::wire::command::said;
use crate::rocketmq::wire::failure::Failure;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It may go on at another replica, or a little later.
    Passing(Refused),
    /// Asking again would not help.
    Lasting(Refused),
}

impl Trouble {
    /// `right`: what is wanted, such as `Sub on Topic:t`.
    pub(super) fn of(failure: Failure, right: &str) -> Self {
        let is_gone = failure.code() == Some(said::TOPIC_NOT_EXIST);
        let is_said = failure.code().is_some();
        let refused = failure.into_refused(right);
        match refused.reason {
            _ if is_gone => Self::Lasting(Refused {
                reason: Reason::NotThere,
                ..refused
            }),
            // Busy, starting, stopping: brokers say that with many codes.
            _ if is_said => Self::Passing(refused),
            Reason::Unreachable | Reason::TooSlow | Reason::BadAnswer => Self::Passing(refused),
            _ => Self::Lasting(refused),
        }
    }

    pub(super) fn into_refused(self) -> Refused {
        match self {
            Self::Passing(refused) | Self::Lasting(refused) => refused,
        }
    }
}

/// How long a queue may be in trouble before it is told: a master that died is replaced within about
/// so much where a controller watches.
pub(super) const PATIENCE: Duration = Duration::from_secs(12);
