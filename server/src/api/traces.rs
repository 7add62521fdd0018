use axum::Json;
use axum::extract::{Path, RawQuery, State};
use serde_json::{Value as Json_, json};
use waybill_model::id::TraceId;
use waybill_model::problem::{Code, Problem};
use waybill_model::query::JourneyQuery;

use super::params::{Params, invalid};
use super::{Answer, AppState, otlp_json, scope};
use crate::auth::gate::User;
use crate::auth::policy::forbidden;
use crate::clock;

/// The spans of a trace as OTLP/JSON (`resourceSpans`), secrets masked, and the journeys in it.
/// `truncated` is there, and true, where either is cut.
#[utoipa::path(
    get, path = "/api/v1/traces/{trace_id}", tag = "journeys",
    params(("trace_id" = String, Path, description = "32 hexadecimal digits")),
    responses((status = 200, body = Object)),
)]
pub async fn get_trace(
    State(state): State<AppState>,
    User(caller): User,
    Path(trace_id): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer<Json_> {
    Params::parse(query.as_deref(), &[])?;
    let now = clock::now();
    // A trace crosses destinations: whoever sees only some of them reads journeys instead.
    if !scope::sees_everything(&caller, now) {
        return Err(forbidden(Some(waybill_model::access::Action::TraceRead)).into());
    }
    let id: TraceId = trace_id.parse().map_err(|_| {
        invalid(
            "trace_id",
            "is written as 32 hexadecimal digits, not all zero",
        )
    })?;
    let trace = state.reads.trace(id).await?;
    if trace.spans.is_empty() {
        return Err(Problem::new(
            Code::NotFound,
            "No span of this trace is known.",
            "It was never received, was sampled away, or is older than the retention.",
        )
        .into());
    }
    let asked = JourneyQuery {
        trace_id: Some(id.to_string()),
        limit: Some(1_000),
        ..Default::default()
    };
    let journeys = state.reads.journeys(asked).await?;
    let mut answer = otlp_json::resource_spans(&trace.spans);
    if trace.truncated || journeys.truncated || journeys.next.is_some() {
        answer["truncated"] = json!(true);
    }
    answer["journeys"] = json!(journeys.items);
    Ok(Json(answer))
}
