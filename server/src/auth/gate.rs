//! What stands before every handler: who asks, whether they may, and whether it was asked from our
//! own pages. A handler never runs without having passed here.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::body::Body;
use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, Method};
use http_body_util::Limited;
use waybill_model::access::Caller;
use waybill_model::problem::{Code, Problem};

use super::identity::Identity;
use super::policy::{Policy, unauthenticated};
use super::{address, origin, secret};
use crate::api::AppState;
use crate::clock;
use crate::error::{self, ApiProblem};

/// The largest body that a route of console and API reads, in bytes. Telemetry has its own limit.
const LARGEST_BODY: usize = 256 * 1024;

/// Where a request comes from, once proxies are accounted for.
#[derive(Clone, Copy, Debug)]
pub struct From(pub IpAddr);

/// What a page is told instead of being refused: it shows the sign-in form, or why not.
#[derive(Clone, Debug)]
pub struct PageRefusal(pub Problem);

/// What a refusal looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    /// `application/problem+json`.
    Api,
    /// A server function's error: the problem as JSON.
    Function,
    /// The page itself, with the status of the refusal and nothing behind it.
    Page,
}

impl Surface {
    pub fn of(path: &str) -> Self {
        if path.starts_with("/fn/") {
            Self::Function
        } else if path == "/api" || path.starts_with("/api/") {
            Self::Api
        } else {
            Self::Page
        }
    }
}

/// Runs once a request, before it is routed: settles who asks and from where.
pub async fn identify(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    if let Err(problem) = refuse_token_in_address(request.uri().query()) {
        return ApiProblem(problem).into_response();
    }
    let peer = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |info| info.0.ip());
    let from = address::client_address(peer, request.headers(), &state.settings.trusted_proxies);
    // Files are the same for all, and a page asks for several: no look-up for those.
    let identified = if request.uri().path().starts_with("/pkg/") {
        Ok(Identity::Nobody)
    } else {
        state.auth.identify(request.headers()).await
    };
    let who = match identified {
        Ok(who) => who,
        Err(problem) => return ApiProblem(problem).into_response(),
    };
    request.extensions_mut().insert(From(from));
    request.extensions_mut().insert(who);
    let request = request.map(|body| Body::new(Limited::new(body, LARGEST_BODY)));
    next.run(request).await
}

/// What stands before one route.
#[derive(Clone)]
pub struct Guard {
    pub state: AppState,
    pub policy: Policy,
    /// The handler shows a refusal itself (`PageRefusal`) and gives no data with it.
    pub is_page: bool,
}

/// Runs for each route.
pub async fn enforce(State(guard): State<Guard>, mut request: Request, next: Next) -> Response {
    let who = request
        .extensions()
        .get::<Identity>()
        .cloned()
        .unwrap_or(Identity::Nobody);
    let asked = Asked::of(&request);
    if let Err(problem) = admit(&guard.state, guard.policy, &who, asked).await {
        if !guard.is_page {
            return refuse(&request, problem);
        }
        request.extensions_mut().insert(PageRefusal(problem));
    }
    next.run(request).await
}

/// The console reads a server function's error as the problem itself.
fn refuse(request: &Request, problem: Problem) -> Response {
    if Surface::of(request.uri().path()) == Surface::Function {
        return (error::status(problem.code), axum::Json(problem)).into_response();
    }
    ApiProblem(problem).into_response()
}

/// What of a request decides whether it may go on.
struct Asked {
    /// `POST /api/v1/users`.
    what: String,
    changes: bool,
    origin: HeaderMap,
    from: IpAddr,
}

impl Asked {
    fn of(request: &Request) -> Self {
        Self {
            what: format!("{} {}", request.method(), request.uri().path()),
            changes: is_change(request.method()),
            origin: request.headers().clone(),
            from: from(request.extensions()),
        }
    }
}

async fn admit(
    state: &AppState,
    policy: Policy,
    who: &Identity,
    asked: Asked,
) -> Result<(), Problem> {
    let checked = policy
        .check(who, state.settings.metrics_open, clock::now())
        .and_then(|()| match asked.changes {
            true => same_origin(state, who, &asked.origin),
            false => Ok(()),
        });
    if let (true, Err(problem)) = (asked.changes, &checked) {
        let from = asked.from.to_string();
        state
            .audit
            .denied(&who.actor(), "request.refuse", &asked.what, problem, &from)
            .await;
    }
    checked
}

/// A token is never sent by a browser on its own; all else that changes something is checked.
fn same_origin(state: &AppState, who: &Identity, headers: &HeaderMap) -> Result<(), Problem> {
    match who {
        Identity::User { session: None, .. } | Identity::Ingest { .. } => Ok(()),
        _ => origin::check(headers, &state.settings.origins),
    }
}

pub fn is_change(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

pub fn from(extensions: &http::Extensions) -> IpAddr {
    extensions
        .get::<From>()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |from| from.0)
}

/// Addresses end in histories, logs and `Referer`: a secret in one is refused, and by that shown
/// to be spoilt.
fn refuse_token_in_address(query: Option<&str>) -> Result<(), Problem> {
    let spoilt = query.unwrap_or_default().split('&').any(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        ["token", "access_token", "api_key", "apikey"].contains(&name)
            || secret::looks_like_token(value)
    });
    if spoilt {
        return Err(Problem::new(
            Code::InvalidRequest,
            "A token may not stand in an address.",
            "Send it as `Authorization: Bearer …`, and replace it: addresses are logged.",
        ));
    }
    Ok(())
}

/// The user who asks; handlers of routes for users take it as an argument.
pub struct User(pub Caller);

impl<S: Sync> FromRequestParts<S> for User {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiProblem> {
        parts
            .extensions
            .get::<Identity>()
            .and_then(Identity::caller)
            .cloned()
            .map(Self)
            .ok_or_else(|| ApiProblem(unauthenticated()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_in_an_address() {
        let token = secret::token(secret::API_PREFIX).unwrap();
        for query in ["token=x", "a=b&access_token=", &format!("find={token}")] {
            assert!(refuse_token_in_address(Some(query)).is_err(), "{query}");
        }
        assert!(refuse_token_in_address(Some("find=wb_1&key=token")).is_ok());
        assert!(refuse_token_in_address(None).is_ok());
    }

    #[test]
    fn the_surface_follows_the_path() {
        assert_eq!(Surface::of("/api/v1/x"), Surface::Api);
        assert_eq!(Surface::of("/apiary"), Surface::Page);
        assert_eq!(Surface::of("/fn/overview"), Surface::Function);
    }
}
