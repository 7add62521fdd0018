//! What an error means for the reading of a partition.

use std::time::Duration;

use kafka_protocol::error::ResponseError as E;

use crate::adapter::{Reason, Refused};
use crate::kafka::wire::failure::{Failure, code_name};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It may go on at another node, or a little later.
    Passing(Refused),
    /// The topic or the partition is not there.
    Gone,
    Forbidden,
    /// Nothing is stored at the offset asked.
    OutOfRange,
    /// Asking again would not help.
    Lasting(Refused),
}

impl Trouble {
    /// `None` for code 0.
    pub(super) fn of_code(code: i16) -> Option<Self> {
        Some(match E::try_from_code(code)? {
            E::UnknownTopicOrPartition | E::UnknownTopicId | E::InconsistentTopicId => Self::Gone,
            E::TopicAuthorizationFailed => Self::Forbidden,
            E::OffsetOutOfRange => Self::OutOfRange,
            E::NotLeaderOrFollower
            | E::LeaderNotAvailable
            | E::ReplicaNotAvailable
            | E::FencedLeaderEpoch
            | E::UnknownLeaderEpoch
            | E::OffsetNotAvailable
            | E::KafkaStorageError
            | E::RequestTimedOut
            | E::BrokerNotAvailable
            | E::NetworkException => Self::Passing(said(code)),
            _ => Self::Lasting(said(code)),
        })
    }

    pub(super) fn of_failure(failure: Failure) -> Self {
        match failure {
            Failure::Said { code, .. } => {
                Self::of_code(code).unwrap_or_else(|| Self::Lasting(said(code)))
            }
            Failure::Refused(refused) => match refused.reason {
                Reason::Unreachable | Reason::TooSlow | Reason::BadAnswer => Self::Passing(refused),
                _ => Self::Lasting(refused),
            },
            unsupported @ Failure::Unsupported { .. } => {
                Self::Lasting(unsupported.into_refused(""))
            }
        }
    }
}

fn said(code: i16) -> Refused {
    Refused {
        reason: Reason::BadAnswer,
        detail: format!("the broker says {}", code_name(code)),
        hint: "Look at the broker's own log.".into(),
    }
}

/// How long a partition may be in trouble before it is told. A node that died is replaced when its
/// session ends (9 s by default); one that has no leader at all waits for a person.
pub(super) fn patience(refused: &Refused) -> Duration {
    match *refused == leaderless() {
        true => Duration::from_secs(2),
        false => Duration::from_secs(12),
    }
}

pub(super) fn leaderless() -> Refused {
    Refused {
        reason: Reason::Unreachable,
        detail: "it has no leader now".into(),
        hint: "No replica that is in sync is running: start its nodes.".into(),
    }
}
