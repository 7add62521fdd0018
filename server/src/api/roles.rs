use axum::Json;
use axum::extract::RawQuery;
use serde::Serialize;
use utoipa::ToSchema;
use waybill_model::access::{Action, Role};
use waybill_model::query::Page;

use super::Answer;
use super::params::Params;

#[derive(Serialize, ToSchema)]
pub struct RoleLine {
    pub name: Role,
    pub actions: Vec<Action>,
}

/// Roles and the rights that each bundles.
#[utoipa::path(
    get, path = "/api/v1/roles", tag = "access",
    params(
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000),
        ("cursor" = Option<String>, Query,),
    ),
    responses((status = 200, body = Page<RoleLine>)),
)]
pub async fn list_roles(RawQuery(query): RawQuery) -> Answer<Page<RoleLine>> {
    let params = Params::parse(query.as_deref(), &["limit", "cursor"])?;
    let line = |role: Role| RoleLine {
        name: role,
        actions: role.actions(),
    };
    Ok(Json(params.page(Role::ALL.map(line).into())?))
}
