//! Pages and server functions: one port and one nonce a request.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT_LANGUAGE, CONTENT_SECURITY_POLICY, COOKIE};
use http::{HeaderMap, HeaderValue, StatusCode};
use leptos::prelude::provide_context;
use waybill_web::data::outcome::PageOutcome;
use waybill_web::data::redirect::PageRedirect;
use waybill_web::look::Look;
use waybill_web::port::Port;
use waybill_web::shell::shell;

use super::assets::bundle;
use super::port::Bound;
use super::redirect;
use crate::api::AppState;
use crate::auth::gate::PageRefusal;
use crate::auth::headers::page_policy;
use crate::auth::identity::Identity;
use crate::error;

/// Renders the page of the address. A refused page is rendered too, with the status of the
/// refusal: it shows the sign-in form, or why not; its port gives no data.
pub async fn show(State(state): State<AppState>, mut request: Request) -> Response {
    let refusal = request.extensions_mut().remove::<PageRefusal>();
    let outcome = PageOutcome::default();
    let nonce = leptos::nonce::Nonce::new();
    let policy = page_policy(&nonce.to_string());
    let look = look(request.headers());
    let context = {
        let (port, outcome) = (port(state, &request), outcome.clone());
        move || {
            provide_context(nonce.clone());
            provide_context(look);
            provide_context(outcome.clone());
            provide_context(port.clone());
        }
    };
    let app = move || shell(bundle(), look);
    let mut response = leptos_axum::render_app_async_with_context(context, app)(request).await;
    let code = refusal
        .map(|refusal| refusal.0.code)
        .or_else(|| outcome.code());
    if let Some(code) = code {
        *response.status_mut() = error::status(code);
    }
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response
            .headers_mut()
            .insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// Answers a server function; its error is a problem as JSON, under the problem's status.
pub async fn function(State(state): State<AppState>, request: Request) -> Response {
    let outcome = PageOutcome::default();
    let look = look(request.headers());
    let context = {
        let (port, outcome) = (port(state, &request), outcome.clone());
        move || {
            provide_context(look);
            provide_context(outcome.clone());
            provide_context(port.clone());
            provide_context(PageRedirect::new(|path| {
                leptos_axum::redirect(redirect::local(Some(path)));
            }));
        }
    };
    let mut response = leptos_axum::handle_server_fns_with_context(context, request)
        .await
        .into_response();
    // The answer to a plain form is a redirect, and stays one.
    if response.status() == StatusCode::INTERNAL_SERVER_ERROR {
        let status = outcome
            .code()
            .map_or(StatusCode::BAD_REQUEST, error::status);
        *response.status_mut() = status;
    }
    response
}

fn port(state: AppState, request: &Request<Body>) -> Arc<dyn Port> {
    let who = request.extensions().get::<Identity>().cloned();
    Arc::new(Bound::new(state, who.unwrap_or(Identity::Nobody)))
}

fn look(headers: &HeaderMap) -> Look {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    Look::read(text(COOKIE), text(ACCEPT_LANGUAGE))
}
