use std::time::Duration;

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use serde::Serialize;
use utoipa::ToSchema;
use waybill_model::journey::{Journey, JourneyState, JourneySummary};
use waybill_model::log::{JourneyLogs, LogQuery};
use waybill_model::problem::Problem;
use waybill_model::query::{JourneyQuery, Page};
use waybill_model::signal::Severity;

use super::params::{Params, invalid};
use super::{Answer, AppState, found, scope};
use crate::auth::gate::User;

const STATES: [(&str, JourneyState); 9] = [
    ("in_flight", JourneyState::InFlight),
    ("delivered", JourneyState::Delivered),
    ("retrying", JourneyState::Retrying),
    ("failed", JourneyState::Failed),
    ("dead_lettered", JourneyState::DeadLettered),
    ("replayed", JourneyState::Replayed),
    ("expired", JourneyState::Expired),
    ("unroutable", JourneyState::Unroutable),
    ("unknown", JourneyState::Unknown),
];

pub(super) const KNOWN: &[&str] = &[
    "message_id",
    "key",
    "trace_id",
    "attribute",
    "text",
    "find",
    "cluster",
    "destination",
    "group",
    "service",
    "state",
    "overtaken",
    "min_ms",
    "max_ms",
    "from",
    "to",
    "limit",
    "cursor",
    "brokers",
];

/// Of what brokers answered to the same question.
pub(super) const AGE: Duration = Duration::from_secs(1);

const BROKERS: [(&str, bool); 2] = [("true", true), ("false", false)];

/// Journeys that fit every parameter, newest arrival first; `next` walks on. `searched_back_to` is set
/// where time ran out, `truncated` where one chain or trace holds more than is put together.
#[utoipa::path(
    get, path = "/api/v1/journeys", tag = "journeys",
    params(
        ("message_id" = Option<String>, Query,),
        ("key" = Option<String>, Query,),
        ("trace_id" = Option<String>, Query,),
        ("attribute" = Option<String>, Query, description = "name:value, such as order.id:1001"),
        ("text" = Option<String>, Query, description = "found in the text of an error"),
        ("find" = Option<String>, Query, description = "journey id, trace id, message id, key or name=value"),
        ("cluster" = Option<String>, Query,),
        ("destination" = Option<String>, Query,),
        ("group" = Option<String>, Query,),
        ("service" = Option<String>, Query, description = "put the message, or tried it"),
        ("state" = Option<String>, Query, description = "one of the states of a journey, or several with commas between"),
        ("overtaken" = Option<bool>, Query, description = "true: only messages in trouble that a later message of their key overtook"),
        ("min_ms" = Option<f64>, Query, description = "took at least this long"),
        ("max_ms" = Option<f64>, Query, description = "took at most this long"),
        ("from" = Option<String>, Query, description = "RFC 3339; inside"),
        ("to" = Option<String>, Query, description = "RFC 3339; outside"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "50 when absent"),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
        ("brokers" = Option<bool>, Query, description = "whether brokers are asked for what no span tells of (up to 7 s): false never, true also where spans tell of something; where they tell of nothing when absent"),
    ),
    responses((status = 200, body = Page<JourneySummary>)),
)]
pub async fn list_journeys(
    State(state): State<AppState>,
    User(caller): User,
    RawQuery(query): RawQuery,
) -> Answer<Page<JourneySummary>> {
    let params = Params::parse(query.as_deref(), KNOWN)?;
    let mut query = asked(&params)?;
    query.limit = Some(params.limit()?);
    Ok(Json(found::journeys(&state, &caller, query, AGE).await?))
}

/// What the names of a list of journeys ask; how much of it is the caller's to say.
pub(super) fn asked(params: &Params) -> Result<JourneyQuery, Problem> {
    params.no_empty(&["message_id", "key", "trace_id", "attribute", "find"])?;
    params.range()?;
    let (min_ms, max_ms) = (params.ms("min_ms")?, params.ms("max_ms")?);
    if min_ms.zip(max_ms).is_some_and(|(least, most)| least > most) {
        return Err(invalid("min_ms", "is not more than max_ms"));
    }
    scope::normalise(JourneyQuery {
        message_id: params.owned("message_id"),
        key: params.owned("key"),
        trace_id: params.owned("trace_id"),
        attribute: params.owned("attribute"),
        text: params.owned("text"),
        find: params.owned("find"),
        cluster: params.owned("cluster"),
        destination: params.owned("destination"),
        group: params.owned("group"),
        service: params.owned("service"),
        states: params.list("state", &STATES)?,
        overtaken: params
            .word("overtaken", &[("true", true)])?
            .unwrap_or_default(),
        min_ms,
        max_ms,
        from: params.time("from")?,
        to: params.time("to")?,
        limit: None,
        cursor: params.owned("cursor"),
        brokers: params.word("brokers", &BROKERS)?,
    })
}

/// The word for a state in addresses and exports.
pub(super) fn state_word(state: JourneyState) -> &'static str {
    let named = STATES.iter().find(|(_, other)| *other == state);
    named.map_or("unknown", |(word, _)| word)
}

/// A journey, and the log records of its chain.
#[derive(Serialize, ToSchema)]
pub struct JourneyAnswer {
    #[serde(flatten)]
    journey: Journey,
    /// Of the traces of the whole chain; none for who sees only some destinations.
    logs: JourneyLogs,
}

/// Everything known of one message.
#[utoipa::path(
    get, path = "/api/v1/journeys/{id}", tag = "journeys",
    params(
        ("id" = String, Path, description = "from an answer; any reference of the message"),
        ("severity" = Option<Severity>, Query, description = "log records of at least this severity"),
        ("untied" = Option<bool>, Query,
            description = "log records too that no trace ties to it: of the same process, within an attempt's time"),
    ),
    responses((status = 200, body = JourneyAnswer)),
)]
pub async fn get_journey(
    State(state): State<AppState>,
    User(caller): User,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer<JourneyAnswer> {
    let params = Params::parse(query.as_deref(), &["severity", "untied"])?;
    let asked = LogQuery {
        severity: params.word("severity", &Severity::NAMED)?,
        untied: params.word("untied", &[("true", true), ("false", false)])? == Some(true),
    };
    let page = found::journey(&state, &caller, &id).await?;
    let logs = state.reads.logs(&page, asked).await?;
    Ok(Json(JourneyAnswer {
        journey: page.journey,
        logs,
    }))
}
