//! Failed attempts as they are counted: narrow rows that the finder writes beside the retry history
//! of a troubled journey, and what people say of a kind of failure.

mod group;
mod read;
mod write;

use waybill_model::access::Sight;
use waybill_model::failure::FailureEvidence;
use waybill_model::journey::JourneyState;
use waybill_model::time::Timestamp;

#[cfg(feature = "testing")]
pub(crate) use group::STATEMENTS as GROUP_STATEMENTS;
#[cfg(feature = "testing")]
pub(crate) use read::STATEMENTS as READ_STATEMENTS;
#[cfg(feature = "testing")]
pub(crate) use write::STATEMENTS as WRITE_STATEMENTS;
pub(crate) use write::save;

/// What is given must all fit.
#[derive(Clone, Debug, PartialEq)]
pub struct FailureFilter {
    pub fingerprint: Option<String>,
    pub cluster: Option<String>,
    pub destination: Option<String>,
    pub group: Option<String>,
    /// Part of the error's type, of its first frame or of its last message.
    pub q: Option<String>,
    /// Of attempts: `from` inside, `to` not.
    pub from: Timestamp,
    pub to: Timestamp,
    /// Whether it is muted at this time.
    pub muted: Option<(bool, Timestamp)>,
    /// `None`: everything is seen.
    pub sights: Option<Vec<Sight>>,
    pub sort: FailureOrder,
    pub after: Option<FailureAfter>,
}

impl Default for FailureFilter {
    fn default() -> Self {
        Self {
            fingerprint: None,
            cluster: None,
            destination: None,
            group: None,
            q: None,
            from: Timestamp::from_unix_nanos(i64::MIN),
            to: Timestamp::from_unix_nanos(i64::MAX),
            muted: None,
            sights: None,
            sort: FailureOrder::default(),
            after: None,
        }
    }
}

/// The greatest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FailureOrder {
    /// The time of the latest failed attempt.
    #[default]
    Last,
    Attempts,
    /// The time of the first one.
    First,
}

/// A place in the list: what it is sorted by, and the fingerprint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailureAfter {
    pub value: i64,
    pub fingerprint: String,
}

/// A kind of failure with every place where it was seen, the most frequent first.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    pub fingerprint: String,
    /// What it is sorted by.
    pub value: i64,
    pub said: Option<Said>,
    /// At least one.
    pub places: Vec<Place>,
}

/// One combination of all that is told of failed attempts, with their number.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// Of [`Store::failed_journeys`](crate::Store::failed_journeys) and its like.
    pub id: i64,
    pub evidence: Option<FailureEvidence>,
    pub error_type: Option<String>,
    pub first_frame: Option<String>,
    pub system: String,
    pub cluster: Option<String>,
    pub destination: Option<String>,
    pub group: Option<String>,
    pub service: Option<String>,
    pub version: Option<String>,
    pub cause: Option<String>,
    /// Of the failure written last, and when that was.
    pub cause_sentence: Option<String>,
    pub message: Option<String>,
    pub seen_at: Timestamp,
    pub attempts: u64,
    pub first_at: Timestamp,
    pub last_at: Timestamp,
}

/// What a person said of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    pub owner: Option<String>,
    pub note: Option<String>,
    pub muted_until: Option<Timestamp>,
    pub changed_by: String,
    pub changed_at: Timestamp,
}

/// Which failed attempts are meant.
#[derive(Clone, Debug)]
pub struct Among<'a> {
    /// Where all are of one failure.
    pub fingerprint: Option<&'a str>,
    /// `Place::id`
    pub places: &'a [i64],
    pub from: Timestamp,
    pub to: Timestamp,
}

/// Messages of one failure and state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailedJourneys {
    /// As [`failure_key`] gives it.
    pub failure: i64,
    pub state: JourneyState,
    pub journeys: u64,
}

/// Failed attempts of one failure and step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailedStep {
    pub failure: i64,
    pub at: Timestamp,
    pub attempts: u64,
}

pub fn failure_key(fingerprint: &str) -> i64 {
    crate::topology::hash(&["f", fingerprint])
}

const STATES: [JourneyState; 9] = [
    JourneyState::InFlight,
    JourneyState::Delivered,
    JourneyState::Retrying,
    JourneyState::Failed,
    JourneyState::DeadLettered,
    JourneyState::Replayed,
    JourneyState::Expired,
    JourneyState::Unroutable,
    JourneyState::Unknown,
];

fn state_code(state: JourneyState) -> i16 {
    STATES.iter().position(|s| *s == state).unwrap_or(8) as i16
}

fn state_of(code: i16) -> JourneyState {
    let at = usize::try_from(code).unwrap_or(usize::MAX);
    STATES.get(at).copied().unwrap_or(JourneyState::Unknown)
}
