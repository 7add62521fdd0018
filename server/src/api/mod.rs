//! The HTTP API under `/api/v1`: one router list, one file a resource, described from the code at
//! `/api/openapi.json`. Names are those of the interface; rights are in `auth::policy`.

mod audit;
pub(crate) mod clusters;
mod destinations;
pub(crate) mod durability;
pub mod events;
pub mod export;
mod failures;
pub mod found;
mod groups;
mod idempotency;
mod input;
mod journeys;
pub(crate) mod map;
pub mod messages;
mod openapi;
mod otlp_json;
mod params;
mod process;
mod roles;
mod routes;
pub mod scope;
pub(crate) mod searches;
mod state;
mod status;
mod tokens;
mod traces;
mod users;

use utoipa_axum::router::UtoipaMethodRouter;
use utoipa_axum::routes;

pub use events::Events;
pub use routes::{Routes, list, router};
pub use state::{AppState, Parts, Process, Reads, Settings};

use crate::error::ApiProblem;

type Answer<T> = Result<axum::Json<T>, ApiProblem>;

/// Every resource of the API. A new endpoint is a line here and a row in `auth::policy`.
fn resources() -> Vec<UtoipaMethodRouter<AppState>> {
    vec![
        routes!(status::get_status),
        routes!(clusters::list_clusters),
        routes!(clusters::get_cluster),
        routes!(durability::get_durability),
        routes!(destinations::list_destinations),
        routes!(destinations::get_destination),
        routes!(messages::list_messages),
        routes!(messages::tail::tail_messages),
        routes!(groups::list_groups),
        routes!(groups::get_group),
        routes!(groups::get_group_lag),
        routes!(journeys::list_journeys),
        routes!(export::export_journeys),
        routes!(journeys::get_journey),
        routes!(failures::list_failures),
        routes!(failures::get_failure),
        routes!(failures::change_failure),
        routes!(traces::get_trace),
        routes!(searches::list_searches),
        routes!(searches::save_search),
        routes!(searches::get_search),
        routes!(searches::change_search),
        routes!(searches::remove_search),
        routes!(map::get_map),
        routes!(audit::list_audit),
        routes!(users::list_users),
        routes!(users::add_user),
        routes!(users::change_user),
        routes!(users::remove_user),
        routes!(users::set_password),
        routes!(tokens::list_tokens),
        routes!(tokens::create_token),
        routes!(tokens::revoke_token),
        routes!(roles::list_roles),
        routes!(events::stream),
    ]
}
