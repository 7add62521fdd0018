//! One router over all surfaces. A route enters only through [`Routes::add`], which takes its
//! policy from the one table: there is no other way in.

use std::panic::AssertUnwindSafe;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use futures::FutureExt;
use http::{Method, StatusCode};
use waybill_model::problem::{Code, Problem};

use super::state::AppState;
use super::{openapi, process, resources};
use crate::auth::gate::{self, Guard, Surface};
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
    /// `handler` answers `method` only; others of the same template are added apart. Whoever may
    /// not pass is answered with the problem, and the handler does not run.
    pub fn add(&mut self, method: Method, template: &str, handler: MethodRouter<AppState>) {
        self.guarded(method, template, handler, false);
    }

    /// A page is shown in any case: refused, as the sign-in form or the reason, with no data.
    pub fn add_page(&mut self, template: &str, handler: MethodRouter<AppState>) {
        self.guarded(Method::GET, template, handler, true);
    }

    fn guarded(
        &mut self,
        method: Method,
        template: &str,
        handler: MethodRouter<AppState>,
        is_page: bool,
    ) {
        let policy = policy::of(&method, template);
        let guard = Guard {
            state: self.state.clone(),
            policy,
            is_page,
        };
        let gate = from_fn_with_state(guard, gate::enforce);
        self.router = std::mem::take(&mut self.router).route(template, handler.route_layer(gate));
        self.added.push((method, template.to_owned(), policy));
    }
}

/// The whole console and API. Serve it with
/// `into_make_service_with_connect_info::<SocketAddr>()`: addresses of clients come from there.
pub fn router(state: AppState) -> Router {
    // Pages spawn by this; it may be set already.
    let _ = any_spawner::Executor::init_tokio();
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
    ApiProblem(problem).wrong_method()
}

/// Refusals that the framework words itself (a path that is not UTF-8, say) become problems, and so
/// does a panic: its neighbours are unharmed, and the log says where.
async fn explain(request: Request, next: Next) -> Response {
    let surface = Surface::of(request.uri().path());
    let run = AssertUnwindSafe(next.run(request)).catch_unwind();
    let Ok(response) = run.await else {
        tracing::error!("a handler panicked");
        return ApiProblem(Problem::new(
            Code::Internal,
            "Something broke here.",
            "The log of the server says what.",
        ))
        .into_response();
    };
    let plain = response
        .headers()
        .get(http::header::CONTENT_TYPE)
        .is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"));
    if surface != Surface::Api || !plain || !response.status().is_client_error() {
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
