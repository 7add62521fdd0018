//! One router over all surfaces. A route enters only through [`Routes::add`], which takes its
//! policy from the one table: there is no other way in.

use axum::Router;
use axum::extract::Request;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use http::{Method, StatusCode};
use waybill_model::problem::{Code, Problem};

use super::state::AppState;
use super::{openapi, process, resources};
use crate::auth::gate::{self, Surface};
use crate::auth::headers;
use crate::auth::identity::Identity;
use crate::auth::policy::{self, Policy};
use crate::error::ApiProblem;
use crate::ui;

pub struct Routes {
    state: AppState,
    router: Router<AppState>,
    added: Vec<(Method, String, Policy)>,
}

impl Routes {
    /// `handler` answers `method` only; others of the same template are added apart.
    pub fn add(&mut self, method: Method, template: &str, handler: MethodRouter<AppState>) {
        let policy = policy::of(&method, template);
        let gate = from_fn_with_state((self.state.clone(), policy), gate::enforce);
        self.router = std::mem::take(&mut self.router).route(template, handler.route_layer(gate));
        self.added.push((method, template.to_owned(), policy));
    }
}

/// The whole console and API. Serve it with
/// `into_make_service_with_connect_info::<SocketAddr>()`: addresses of clients come from there.
pub fn router(state: AppState) -> Router {
    let https = state.settings.https;
    let routes = all(state.clone());
    routes
        .router
        .method_not_allowed_fallback(wrong_method)
        .fallback(ui::unknown)
        .layer(from_fn(explain))
        .layer(from_fn_with_state(state.clone(), gate::identify))
        .layer(from_fn_with_state(https, headers::strict))
        .with_state(state)
}

/// Every route with its policy, as the router has them.
pub fn list(state: AppState) -> Vec<(Method, String, Policy)> {
    all(state).added
}

fn all(state: AppState) -> Routes {
    let mut routes = Routes {
        state,
        router: Router::new(),
        added: Vec::new(),
    };
    process::add(&mut routes);
    ui::add(&mut routes);
    openapi::add(&mut routes);
    for (_, paths, handler) in resources() {
        for (template, item) in paths.paths {
            let method = openapi::only_method(&item);
            routes.add(method, &template, handler.clone());
        }
    }
    routes
}

/// Only who may come in learns that the address exists.
async fn wrong_method(request: Request) -> Response {
    let known = request
        .extensions()
        .get::<Identity>()
        .and_then(Identity::caller)
        .is_some();
    if !known {
        return ApiProblem(policy::unauthenticated()).into_response();
    }
    let problem = Problem::new(
        Code::InvalidRequest,
        format!("{} is not spoken here.", request.method()),
        "GET /api/openapi.json lists what is.",
    );
    let mut response = ApiProblem(problem).into_response();
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    response
}

/// Refusals that the framework words itself (a path that is not UTF-8, say) become problems.
async fn explain(request: Request, next: axum::middleware::Next) -> Response {
    let api = Surface::of(request.uri().path()) == Surface::Api;
    let response = next.run(request).await;
    let plain = response
        .headers()
        .get(http::header::CONTENT_TYPE)
        .is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"));
    if !(api && plain && response.status().is_client_error()) {
        return response;
    }
    let code = match response.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Code::TooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::UnsupportedEncoding,
        _ => Code::InvalidRequest,
    };
    ApiProblem(Problem::new(
        code,
        "The request cannot be read.",
        "GET /api/openapi.json says what is expected.",
    ))
    .into_response()
}
