use axum::Json;
use axum::extract::{Path, RawQuery, State};
use http::StatusCode;
use serde_json::{Value as JsonValue, json};
use waybill_model::problem::{Code, Problem};
use waybill_model::query::Page;
use waybill_model::saved_search::{SavedSearch, SearchToSave};
use waybill_web::data::search::{self, Search};

use super::input::{IdempotencyKey, Input};
use super::params::{Params, invalid};
use super::{Answer, AppState};
use crate::auth::accept_name;
use crate::auth::gate::User;
use crate::clock;
use crate::error::ApiProblem;

/// A form leads back to the search, and such an address has at most 2,048 bytes.
const LONGEST_QUERY: usize = 2_000;

/// The caller's own searches and the shared ones, by name.
#[utoipa::path(
    get, path = "/api/v1/searches", tag = "searches",
    params(
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000),
        ("cursor" = Option<String>, Query,),
    ),
    responses((status = 200, body = Page<SavedSearch>)),
)]
pub async fn list_searches(
    State(state): State<AppState>,
    User(caller): User,
    RawQuery(query): RawQuery,
) -> Answer<Page<SavedSearch>> {
    let params = Params::parse(query.as_deref(), &["limit", "cursor"])?;
    Ok(Json(params.page(state.searches.list(&caller).await?)?))
}

/// One of them.
#[utoipa::path(
    get, path = "/api/v1/searches/{id}", tag = "searches",
    params(("id" = i64, Path)),
    responses((status = 200, body = SavedSearch)),
)]
pub async fn get_search(
    State(state): State<AppState>,
    User(caller): User,
    Path(id): Path<i64>,
) -> Answer<SavedSearch> {
    Ok(Json(state.searches.get(&caller, id).await?))
}

/// Keeps a search under a name. At most 100 a user.
#[utoipa::path(
    post, path = "/api/v1/searches", tag = "searches",
    request_body = SearchToSave,
    params(("Idempotency-Key" = Option<String>, Header,)),
    responses((status = 201, body = SavedSearch)),
)]
pub async fn save_search(
    State(state): State<AppState>,
    User(caller): User,
    input: Input<SearchToSave>,
) -> Result<(StatusCode, Json<JsonValue>), ApiProblem> {
    let work = async {
        let search = accept(&input.value)?;
        Ok(json!(state.searches.add(&caller, &search).await?))
    };
    let (route, key) = ("POST /searches", input.idempotency_key.as_deref());
    let (user_id, now) = (caller.user_id, clock::now());
    let answer = state
        .idempotency
        .once(user_id, route, key, &input.words, now, work)
        .await?;
    Ok((StatusCode::CREATED, Json(answer)))
}

/// Replaces name, query and who sees it. For its owner and for administrators.
#[utoipa::path(
    put, path = "/api/v1/searches/{id}", tag = "searches",
    request_body = SearchToSave,
    params(("id" = i64, Path), ("Idempotency-Key" = Option<String>, Header,)),
    responses((status = 200, body = SavedSearch)),
)]
pub async fn change_search(
    State(state): State<AppState>,
    User(caller): User,
    Path(id): Path<i64>,
    input: Input<SearchToSave>,
) -> Answer<JsonValue> {
    let work = async {
        let search = accept(&input.value)?;
        Ok(json!(state.searches.change(&caller, id, &search).await?))
    };
    let (route, key) = ("PUT /searches", input.idempotency_key.as_deref());
    let (user_id, now) = (caller.user_id, clock::now());
    let words = format!("{id} {}", input.words);
    let answer = state
        .idempotency
        .once(user_id, route, key, &words, now, work)
        .await?;
    Ok(Json(answer))
}

/// For its owner and for administrators.
#[utoipa::path(
    delete, path = "/api/v1/searches/{id}", tag = "searches",
    params(("id" = i64, Path), ("Idempotency-Key" = Option<String>, Header,)),
    responses((status = 204)),
)]
pub async fn remove_search(
    State(state): State<AppState>,
    User(caller): User,
    Path(id): Path<i64>,
    IdempotencyKey(key): IdempotencyKey,
) -> Result<StatusCode, ApiProblem> {
    let (route, key) = ("DELETE /searches", key.as_deref());
    let work = state.searches.remove(&caller, id);
    state
        .idempotency
        .once_on(id, caller.user_id, route, key, "", work)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The search as it is kept: a name that can be shown, and a query that the page can ask, without
/// the place in its list.
///
/// # Errors
/// [`Code::InvalidRequest`], with the wrong word and the nearest known one.
pub fn accept(search: &SearchToSave) -> Result<SearchToSave, Problem> {
    let name = accept_name(&search.name)?;
    let query = search.query.trim_start_matches('?');
    if query.len() > LONGEST_QUERY {
        return Err(Problem::new(
            Code::InvalidRequest,
            "The search is too long to be kept.",
            format!("query: at most {LONGEST_QUERY} bytes."),
        ));
    }
    Params::parse(Some(query), &Search::NAMES)?;
    let asked = Search::read(query);
    search::query(asked.clone(), clock::now())?;
    let kept = asked.address_query("");
    if kept.is_empty() {
        return Err(invalid("query", "asks for nothing"));
    }
    Ok(SearchToSave {
        name: name.to_owned(),
        query: kept,
        shared: search.shared,
    })
}
