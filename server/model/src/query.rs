//! What can be asked of journeys, with the names that URLs and the API use.

use serde::{Deserialize, Serialize};

use crate::journey::JourneyState;
use crate::time::Timestamp;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct JourneyQuery {
    pub message_id: Option<String>,
    pub key: Option<String>,
    pub trace_id: Option<String>,
    /// `name:value`, such as `order.id:1001`.
    pub attribute: Option<String>,
    /// Found in the text of an error.
    pub text: Option<String>,
    /// The one box: tried as journey id, trace id, message id, key, `name=value`.
    pub find: Option<String>,
    pub cluster: Option<String>,
    pub destination: Option<String>,
    pub group: Option<String>,
    /// A service of the journey: one that put the message, or that tried it.
    pub service: Option<String>,
    /// One of these; empty: any.
    pub states: Vec<JourneyState>,
    /// Only journeys of which a row of trouble tells that a later message of the key overtook them.
    pub overtaken: bool,
    /// Only journeys that took at least this long, in milliseconds.
    pub min_ms: Option<f64>,
    /// Only journeys that took at most this long, in milliseconds.
    pub max_ms: Option<f64>,
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
    /// At most 1,000; 50 when absent.
    pub limit: Option<u32>,
    /// From the `next` of the page before.
    pub cursor: Option<String>,
    /// Whether brokers are asked for what no span tells of: `false` never, `true` also where spans
    /// tell of something; absent, where they tell of nothing.
    pub brokers: Option<bool>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Page<T> {
    pub items: Vec<T>,
    pub next: Option<String>,
    /// Set when the time budget ended the search early: nothing older than this was looked at.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub searched_back_to: Option<Timestamp>,
    /// Set when more fits than one search reads: what was found is the newest part.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub truncated: bool,
    /// Set where brokers were asked, because no span tells of what was looked for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub asked: Option<AskedBrokers>,
}

/// How far brokers were asked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AskedBrokers {
    /// That keep messages and may be read.
    pub destinations: u64,
    /// Those that answered in time.
    pub answered: u64,
    /// Of these, those that hold more than was looked at.
    pub not_whole: u64,
    pub messages: u64,
    /// Read from brokers, before decompression.
    pub bytes: u64,
    pub ms: u64,
    /// What could not be read, and why.
    pub refused: Vec<String>,
}

impl<T> Page<T> {
    /// A page of a list that is known whole.
    pub fn new(items: Vec<T>, next: Option<String>) -> Self {
        Self {
            items,
            next,
            searched_back_to: None,
            truncated: false,
            asked: None,
        }
    }
}
