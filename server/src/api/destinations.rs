use axum::Json;
use axum::extract::{RawQuery, State};
use waybill_model::messaging::DestinationRole;
use waybill_model::query::Page;
use waybill_model::view::DestinationLine;

use super::params::Params;
use super::{Answer, AppState, scope};
use crate::auth::gate::User;
use crate::clock;

const ROLES: [(&str, DestinationRole); 4] = [
    ("origin", DestinationRole::Origin),
    ("retry", DestinationRole::Retry),
    ("dead_letter", DestinationRole::DeadLetter),
    ("internal", DestinationRole::Internal),
];

#[derive(Clone, Copy, PartialEq)]
enum Sort {
    Name,
    Published,
    Processed,
    Failed,
}

/// Destinations as spans tell them; depth and partitions come from brokers and are not told here.
#[utoipa::path(
    get, path = "/api/v1/destinations", tag = "destinations",
    params(
        ("q" = Option<String>, Query, description = "part of the name"),
        ("system" = Option<String>, Query,),
        ("kind" = Option<DestinationRole>, Query,),
        ("sort" = Option<String>, Query, description = "name, published, processed, failed"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000),
        ("cursor" = Option<String>, Query,),
    ),
    responses((status = 200, body = Page<DestinationLine>)),
)]
pub async fn list_destinations(
    State(state): State<AppState>,
    User(caller): User,
    RawQuery(query): RawQuery,
) -> Answer<Page<DestinationLine>> {
    let params = Params::parse(
        query.as_deref(),
        &["q", "system", "kind", "sort", "limit", "cursor"],
    )?;
    let kind = params.word("kind", &ROLES)?;
    let sorts = [
        ("name", Sort::Name),
        ("published", Sort::Published),
        ("processed", Sort::Processed),
        ("failed", Sort::Failed),
    ];
    let sort = params.word("sort", &sorts)?.unwrap_or(Sort::Name);
    let overview = scope::narrow_overview(&caller, state.reads.overview().await?, clock::now());
    let mut lines = overview.destinations;
    lines.retain(|line| {
        params
            .text("q")
            .is_none_or(|part| line.destination.contains(part))
            && params
                .text("system")
                .is_none_or(|system| line.system == system)
            && kind.is_none_or(|kind| line.role == kind)
    });
    lines.sort_by(|a, b| (&a.destination, &a.system).cmp(&(&b.destination, &b.system)));
    match sort {
        Sort::Name => {}
        Sort::Published => lines.sort_by(|a, b| b.published_per_s.total_cmp(&a.published_per_s)),
        Sort::Processed => lines.sort_by(|a, b| b.processed_per_s.total_cmp(&a.processed_per_s)),
        Sort::Failed => lines.sort_by_key(|line| std::cmp::Reverse(line.failed)),
    }
    Ok(Json(params.page(lines)?))
}
