//! The console: mounts the pages of `waybill-web`, gives them their port, and answers the plain
//! forms and the files that pages need.

mod assets;
mod failures;
mod forms;
mod issued;
mod observed;
mod page;
mod port;
mod redirect;
mod stored;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, get, on, post};
use http::Method;
use waybill_model::problem::{Code, Problem};

pub use issued::Issued;

use crate::api::{AppState, Routes};
use crate::auth::gate::{PageRefusal, Surface};
use crate::auth::identity::Identity;
use crate::auth::policy::unauthenticated;
use crate::error::ApiProblem;

pub fn add(routes: &mut Routes) {
    for (template, _) in waybill_web::routes::PAGES {
        let handler = match *template {
            "/setup/{secret}" => get(forms::setup_page),
            _ => get(page::show),
        };
        routes.add_page(template, handler);
    }
    for (path, method) in server_fn::axum::server_fn_paths() {
        // A method that the router does not know stays without a route.
        if let Ok(filter) = MethodFilter::try_from(method.clone()) {
            routes.add(method, path, on(filter, page::function));
        }
    }
    routes.add(Method::POST, "/sign-in", post(forms::sign_in));
    routes.add(Method::POST, "/sign-out", post(forms::sign_out));
    routes.add(Method::POST, "/setup/{secret}", post(forms::set_up));
    routes.add(Method::POST, "/look", post(forms::look));
    routes.add(Method::GET, "/pkg/{*file}", get(assets::serve));
}

/// No route has this address: told below /api to everybody, elsewhere to those who are signed in.
pub async fn unknown(State(state): State<AppState>, mut request: Request) -> Response {
    let signed_in = request
        .extensions()
        .get::<Identity>()
        .and_then(Identity::caller)
        .is_some();
    let problem = if signed_in || Surface::of(request.uri().path()) == Surface::Api {
        nothing_here()
    } else {
        unauthenticated()
    };
    if Surface::of(request.uri().path()) != Surface::Page || *request.method() != Method::GET {
        return ApiProblem(problem).into_response();
    }
    request.extensions_mut().insert(PageRefusal(problem));
    page::show(State(state), request).await
}

fn nothing_here() -> Problem {
    Problem::new(
        Code::NotFound,
        "There is nothing at this address.",
        "GET /api/openapi.json lists what is.",
    )
}

#[cfg(test)]
mod tests {
    use waybill_model::access::Action;
    use waybill_web::routes::{FUNCTIONS, PAGES, PUBLIC_PAGES};

    use super::*;
    use crate::auth::policy::{self, Policy};

    /// What the console believes of rights is what the one table says.
    #[test]
    fn pages_and_functions_agree_with_the_policy() {
        let expected = |right: Option<Action>| right.map_or(Policy::SignedIn, Policy::Right);
        for (template, right) in PAGES {
            let policy = policy::of(&Method::GET, template);
            if PUBLIC_PAGES.contains(template) {
                assert_eq!(policy, Policy::Public, "{template}");
            } else {
                assert_eq!(policy, expected(*right), "{template}");
            }
        }
        for (path, right) in FUNCTIONS {
            let policy = policy::of(&Method::POST, path);
            assert_eq!(policy, expected(*right), "{path}");
        }
    }
}
