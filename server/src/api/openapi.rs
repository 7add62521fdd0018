//! `/api/openapi.json`, from the same list that the router is built of.

use axum::Json;
use axum::routing::get;
use http::Method;
use utoipa::OpenApi;
use utoipa::openapi::path::PathItem;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;

use super::routes::Routes;
use super::{AppState, resources};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Waybill",
        description = "Lists answer {items, next}; unknown is null; errors are RFC 9457 problems with code, hint and doc."
    ),
    security(("token" = []))
)]
struct Described;

pub fn add(routes: &mut Routes) {
    let described = description();
    routes.add(
        Method::GET,
        "/api/openapi.json",
        get(move || std::future::ready(Json(described.clone()))),
    );
}

pub fn description() -> utoipa::openapi::OpenApi {
    let mut router = OpenApiRouter::<AppState>::with_openapi(Described::openapi());
    for resource in resources() {
        router = router.routes(resource);
    }
    let mut described = router.into_openapi();
    described.info.version = env!("CARGO_PKG_VERSION").to_owned();
    described
        .components
        .get_or_insert_default()
        .add_security_scheme(
            "token",
            SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)),
        );
    described
}

/// Each resource is listed with one handler, so its item has one method.
pub fn only_method(item: &PathItem) -> Method {
    if item.get.is_some() {
        Method::GET
    } else if item.post.is_some() {
        Method::POST
    } else if item.put.is_some() {
        Method::PUT
    } else if item.patch.is_some() {
        Method::PATCH
    } else {
        Method::DELETE
    }
}
