use axum::Json;
use axum::extract::{RawQuery, State};
use waybill_model::access::{Action, Caller};
use waybill_model::destination::Window;
use waybill_model::map::Map;
use waybill_model::problem::Problem;

use super::params::Params;
use super::{Answer, AppState, scope};
use crate::auth::gate::User;
use crate::clock;

/// Services, destinations and consumer groups, and what flows between them in a window, as spans and
/// brokers tell it.
#[utoipa::path(
    get, path = "/api/v1/map", tag = "destinations",
    params(
        ("from" = Option<String>, Query, description = "RFC 3339; an hour before `to` when absent"),
        ("to" = Option<String>, Query, description = "RFC 3339; now when absent; at most 168 hours after"),
    ),
    responses((status = 200, body = Map)),
)]
pub async fn get_map(
    State(state): State<AppState>,
    User(caller): User,
    RawQuery(query): RawQuery,
) -> Answer<Map> {
    let window = Params::parse(query.as_deref(), &["from", "to"])?.window()?;
    Ok(Json(map(&state, &caller, window).await?))
}

/// What the caller sees of it.
pub(crate) async fn map(state: &AppState, caller: &Caller, window: Window) -> Result<Map, Problem> {
    let now = clock::now();
    let sights = caller.sights(Action::TraceRead, now);
    let map = state.reads.map(window, sights).await?;
    Ok(scope::narrow_map(caller, map, now))
}
