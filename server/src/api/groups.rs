use axum::Json;
use axum::extract::{Path, RawQuery, State};
use waybill_model::access::Action;
use waybill_model::group::{GroupLine, GroupPage, GroupQuery, GroupSort, LagSeries};
use waybill_model::judgement::Verdict;
use waybill_model::query::Page;

use super::params::Params;
use super::{Answer, AppState, found};
use crate::auth::gate::User;
use crate::clock;

const KNOWN: &[&str] = &[
    "cluster",
    "destination",
    "q",
    "state",
    "verdict",
    "sort",
    "limit",
    "cursor",
];

/// Groups as brokers tell them. A group is seen by who sees every destination that it reads.
#[utoipa::path(
    get, path = "/api/v1/groups", tag = "groups",
    params(
        ("cluster" = Option<String>, Query, description = "exact"),
        ("destination" = Option<String>, Query, description = "exact: one that it reads"),
        ("q" = Option<String>, Query, description = "part of the name"),
        ("state" = Option<String>, Query, description = "exact, in the broker's word"),
        ("verdict" = Option<String>, Query, 
            description = "ok, unknown, warning, stopped, stalled or rewound"),
        ("sort" = Option<String>, Query,
            description = "name; or lag, lag_ms, members, out, the greatest first and what is not known last"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses((status = 200, body = Page<GroupLine>)),
)]
pub async fn list_groups(
    State(state): State<AppState>,
    User(caller): User,
    RawQuery(query): RawQuery,
) -> Answer<Page<GroupLine>> {
    let params = Params::parse(query.as_deref(), KNOWN)?;
    let query = GroupQuery {
        cluster: params.owned("cluster"),
        destination: params.owned("destination"),
        q: params.owned("q"),
        state: params.owned("state"),
        verdict: params.word("verdict", Verdict::WORDS)?,
        sort: params.word("sort", GroupSort::WORDS)?.unwrap_or_default(),
        limit: params.limit()?,
        cursor: params.owned("cursor"),
        sights: caller.sights(Action::TraceRead, clock::now()),
    };
    Ok(Json(state.reads.groups(query).await?))
}

/// One group: its members, and where it stands on each partition.
#[utoipa::path(
    get, path = "/api/v1/groups/{id}", tag = "groups",
    params(("id" = String, Path, description = "from an answer")),
    responses((status = 200, body = GroupPage)),
)]
pub async fn get_group(
    State(state): State<AppState>,
    User(caller): User,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer<GroupPage> {
    Params::parse(query.as_deref(), &[])?;
    let sights = caller.sights(Action::TraceRead, clock::now());
    let asker = found::meta_asker(&caller);
    Ok(Json(state.reads.group(&id, sights, asker).await?))
}

/// Lag over time: min, max and last of each step.
#[utoipa::path(
    get, path = "/api/v1/groups/{id}/lag", tag = "groups",
    params(
        ("id" = String, Path, description = "from an answer"),
        ("from" = Option<String>, Query, description = "RFC 3339; an hour before `to` when absent"),
        ("to" = Option<String>, Query, description = "RFC 3339; now when absent"),
        ("step" = Option<String>, Query,
            description = "whole minutes or hours, such as 5m; some hundreds of points when absent"),
    ),
    responses((status = 200, body = LagSeries)),
)]
pub async fn get_group_lag(
    State(state): State<AppState>,
    User(caller): User,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer<LagSeries> {
    let params = Params::parse(query.as_deref(), &["from", "to", "step"])?;
    let now = clock::now();
    let range = crate::query::series::window(params.time("from")?, params.time("to")?, now)?;
    let step_ms = params.span_ms("step")?;
    let sights = caller.sights(Action::TraceRead, now);
    Ok(Json(
        state.reads.group_lag(&id, sights, range, step_ms).await?,
    ))
}
