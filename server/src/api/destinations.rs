use axum::Json;
use axum::extract::{Path, RawQuery, State};
use waybill_model::access::Action;
use waybill_model::destination::{
    Destination, DestinationItem, DestinationQuery, DestinationSort, KindFilter,
};
use waybill_model::query::Page;

use super::params::Params;
use super::{Answer, AppState};
use crate::auth::gate::User;
use crate::clock;

const KNOWN: &[&str] = &["cluster", "q", "system", "kind", "sort", "limit", "cursor"];

/// Destinations as brokers and the spans of the last hour tell them. What nobody told is null, and
/// named in `unknown`.
#[utoipa::path(
    get, path = "/api/v1/destinations", tag = "destinations",
    params(
        ("cluster" = Option<String>, Query, description = "exact"),
        ("q" = Option<String>, Query, description = "part of the name"),
        ("system" = Option<String>, Query, description = "exact"),
        ("kind" = Option<String>, Query,
            description = "topic, queue, exchange, stream, retry, dead_letter; or origin, internal"),
        ("sort" = Option<String>, Query,
            description = "name; or published, processed, failed, depth, lag, in, out, partitions, bytes, \
                the greatest first and what is not known last"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000),
        ("cursor" = Option<String>, Query, description = "`next` of the page before; its pages are of one window"),
    ),
    responses((status = 200, body = Page<DestinationItem>)),
)]
pub async fn list_destinations(
    State(state): State<AppState>,
    User(caller): User,
    RawQuery(query): RawQuery,
) -> Answer<Page<DestinationItem>> {
    let params = Params::parse(query.as_deref(), KNOWN)?;
    let query = DestinationQuery {
        q: params.owned("q"),
        system: params.owned("system"),
        cluster: params.owned("cluster"),
        kind: params.word("kind", KindFilter::WORDS)?,
        sort: params
            .word("sort", DestinationSort::WORDS)?
            .unwrap_or_default(),
        limit: params.limit()?,
        cursor: params.owned("cursor"),
        sights: caller.sights(Action::TraceRead, clock::now()),
    };
    Ok(Json(state.reads.destinations(query).await?))
}

/// One destination: its figures and minutes, who puts and who takes, and what its broker holds of it.
#[utoipa::path(
    get, path = "/api/v1/destinations/{id}", tag = "destinations",
    params(
        ("id" = String, Path, description = "from an answer"),
        ("from" = Option<String>, Query, description = "RFC 3339; an hour before `to` when absent"),
        ("to" = Option<String>, Query, description = "RFC 3339; now when absent; at most 24 hours after"),
    ),
    responses((status = 200, body = Destination)),
)]
pub async fn get_destination(
    State(state): State<AppState>,
    User(caller): User,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer<Destination> {
    let window = Params::parse(query.as_deref(), &["from", "to"])?.window()?;
    let sights = caller.sights(Action::TraceRead, clock::now());
    Ok(Json(state.reads.destination(&id, window, sights).await?))
}
