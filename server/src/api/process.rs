//! `/healthz`, `/readyz`, `/metrics`: what machines ask of the process.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::CONTENT_TYPE;
use http::{Method, StatusCode};
use serde_json::json;

use super::AppState;
use super::routes::Routes;

pub fn add(routes: &mut Routes) {
    routes.add(Method::GET, "/healthz", get(|| std::future::ready("ok\n")));
    routes.add(Method::GET, "/readyz", get(ready));
    routes.add(Method::GET, "/metrics", get(metrics));
}

/// Public, so it says what is missing only to those who could see it anyway: by name.
async fn ready(State(state): State<AppState>) -> Response {
    let missing = state.process.not_ready();
    if missing.is_empty() {
        return "ready\n".into_response();
    }
    let names: Vec<&str> = missing
        .iter()
        .map(|m| m.split(':').next().unwrap_or(m))
        .collect();
    (
        StatusCode::SERVICE_UNAVAILABLE,
        Json(json!({ "not_ready": names })),
    )
        .into_response()
}

async fn metrics(State(state): State<AppState>) -> Response {
    let text = state.process.metrics().await;
    (
        [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
        text,
    )
        .into_response()
}
