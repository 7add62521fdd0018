//! The plain forms: signing in and out, the first administrator, language and theme. They work
//! without scripts; what goes wrong is told by the page they came from.

use axum::Extension;
use axum::Form;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use http::header::{LOCATION, RETRY_AFTER, SET_COOKIE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Deserialize;
use waybill_model::problem::Problem;
use waybill_web::i18n::Lang;
use waybill_web::look::Theme;

use super::{page, redirect};
use crate::api::AppState;
use crate::auth::gate::{From, PageRefusal};
use crate::auth::identity::Identity;
use crate::auth::{ABSOLUTE_S, SignInRefused, session_cookie};
use crate::clock;

/// A year.
const LOOK_S: u32 = 31_536_000;

#[derive(Deserialize)]
pub struct SignIn {
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
    next: Option<String>,
}

pub async fn sign_in(
    State(state): State<AppState>,
    Extension(From(from)): Extension<From>,
    headers: HeaderMap,
    Form(form): Form<SignIn>,
) -> Response {
    let next = redirect::local(form.next.as_deref()).to_owned();
    let before = state.auth.session_secret(&headers).map(str::to_owned);
    let opened = state
        .auth
        .sign_in(
            &form.name,
            form.password,
            from,
            before.as_deref(),
            clock::now(),
        )
        .await;
    match opened {
        Ok(secret) => see_other(
            &next,
            Some(session_cookie(
                state.settings.https,
                Some(&secret),
                ABSOLUTE_S,
            )),
        ),
        Err(SignInRefused {
            problem,
            retry_after_s,
        }) => {
            let mut response = again(state, "/sign-in", Some(&next), problem).await;
            if let Some(seconds) = retry_after_s {
                response
                    .headers_mut()
                    .insert(RETRY_AFTER, HeaderValue::from(seconds));
            }
            response
        }
    }
}

pub async fn sign_out(
    State(state): State<AppState>,
    Extension(who): Extension<Identity>,
    headers: HeaderMap,
) -> Response {
    if let Some(secret) = state.auth.session_secret(&headers)
        && let Err(problem) = state.auth.sign_out(&who, secret).await
    {
        return again(state, "/", None, problem).await;
    }
    see_other("/", Some(session_cookie(state.settings.https, None, 0)))
}

#[derive(Deserialize)]
pub struct SetUp {
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
}

pub async fn set_up(
    State(state): State<AppState>,
    Extension(From(from)): Extension<From>,
    Path(secret): Path<String>,
    Form(form): Form<SetUp>,
) -> Response {
    match state
        .auth
        .set_up(&secret, &form.name, form.password, from, clock::now())
        .await
    {
        Ok(session) => see_other(
            "/",
            Some(session_cookie(
                state.settings.https,
                Some(&session),
                ABSOLUTE_S,
            )),
        ),
        Err(problem) => {
            let path = format!("/setup/{}", waybill_web::routes::link::encode(&secret));
            again(state, &path, None, problem).await
        }
    }
}

/// A link that has ended says so before anything is typed.
pub async fn setup_page(
    State(state): State<AppState>,
    Path(secret): Path<String>,
    request: Request,
) -> Response {
    let told = request
        .uri()
        .query()
        .is_some_and(|query| query.contains("error="));
    match state.auth.check_setup_link(&secret).await {
        Err(problem) if !told => {
            let path = format!("/setup/{}", waybill_web::routes::link::encode(&secret));
            again(state, &path, None, problem).await
        }
        _ => page::show(State(state), request).await,
    }
}

#[derive(Deserialize)]
pub struct Look {
    lang: Option<String>,
    theme: Option<String>,
    next: Option<String>,
}

/// Words that are not known change nothing.
pub async fn look(State(state): State<AppState>, Form(form): Form<Look>) -> Response {
    let mut response = see_other(redirect::local(form.next.as_deref()), None);
    let lang = form
        .lang
        .as_deref()
        .and_then(Lang::from_name)
        .map(|lang| ("lang", lang.name()));
    let theme = form
        .theme
        .as_deref()
        .and_then(Theme::from_name)
        .map(|theme| ("theme", theme.name()));
    let secure = if state.settings.https { "; Secure" } else { "" };
    for (name, word) in lang.into_iter().chain(theme) {
        let cookie =
            format!("{name}={word}; Path=/; HttpOnly; SameSite=Lax; Max-Age={LOOK_S}{secure}");
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
    }
    response
}

/// The page of the form again, under the problem's status, with `?error=CODE`.
async fn again(state: AppState, path: &str, next: Option<&str>, problem: Problem) -> Response {
    let mut address = redirect::with_error(path, problem.code.name());
    if let Some(next) = next.filter(|next| *next != "/") {
        address.push_str("&next=");
        address.push_str(&waybill_web::routes::link::encode(next));
    }
    let mut request = Request::new(axum::body::Body::empty());
    match address.parse() {
        Ok(uri) => *request.uri_mut() = uri,
        Err(_) => return StatusCode::BAD_REQUEST.into_response(),
    }
    request.extensions_mut().insert(Identity::Nobody);
    request.extensions_mut().insert(PageRefusal(problem));
    page::show(State(state), request).await
}

fn see_other(to: &str, cookie: Option<String>) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    let to = HeaderValue::from_str(to).unwrap_or(HeaderValue::from_static("/"));
    headers.insert(LOCATION, to);
    if let Some(cookie) = cookie.and_then(|cookie| HeaderValue::from_str(&cookie).ok()) {
        headers.append(SET_COOKIE, cookie);
    }
    response
}
