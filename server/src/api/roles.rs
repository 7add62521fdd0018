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
#[utoipa::path(get, path = "/api/v1/roles", tag = "access", responses((status = 200, body = Page<RoleLine>)))]
pub async fn list_roles(RawQuery(query): RawQuery) -> Answer<Page<RoleLine>> {
    Params::parse(query.as_deref(), &[])?;
    let items = Role::ALL
        .into_iter()
        .map(|role| RoleLine {
            name: role,
            actions: role.actions(),
        })
        .collect();
    Ok(Json(Page::new(items, None)))
}
