use axum::Json;
use axum::extract::{RawQuery, State};
use waybill_model::audit::AuditLine;
use waybill_model::query::Page;

use super::params::Params;
use super::{Answer, AppState};
use crate::audit::{AuditQuery, parse_cursor};

/// Who did what, and what was refused; newest first.
#[utoipa::path(
    get, path = "/api/v1/audit", tag = "access",
    params(
        ("actor" = Option<String>, Query, description = "exact"),
        ("action" = Option<String>, Query, description = "exact, such as token.create"),
        ("object" = Option<String>, Query, description = "part of it"),
        ("from" = Option<String>, Query, description = "RFC 3339; inside"),
        ("to" = Option<String>, Query, description = "RFC 3339; outside"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000),
        ("cursor" = Option<String>, Query,),
    ),
    responses((status = 200, body = Page<AuditLine>)),
)]
pub async fn list_audit(
    State(state): State<AppState>,
    RawQuery(query): RawQuery,
) -> Answer<Page<AuditLine>> {
    let known = ["actor", "action", "object", "from", "to", "limit", "cursor"];
    let params = Params::parse(query.as_deref(), &known)?;
    let query = AuditQuery {
        actor: params.owned("actor"),
        action: params.owned("action"),
        object: params.owned("object"),
        range: params.range()?,
        before: params.text("cursor").map(parse_cursor).transpose()?,
        limit: params.limit()?,
    };
    Ok(Json(state.audit.lines(query).await?))
}
