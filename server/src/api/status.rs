use axum::Json;
use axum::extract::{RawQuery, State};
use waybill_model::status::Status;

use super::params::Params;
use super::{Answer, AppState};

/// Version, uptime, each component with its state, and the counters of ingest.
#[utoipa::path(get, path = "/api/v1/status", tag = "process", responses((status = 200, body = Status)))]
pub async fn get_status(
    State(state): State<AppState>,
    RawQuery(query): RawQuery,
) -> Answer<Status> {
    Params::parse(query.as_deref(), &[])?;
    Ok(Json(state.process.status().await?))
}
