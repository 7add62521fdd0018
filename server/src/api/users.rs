use axum::Json;
use axum::extract::{Path, RawQuery, State};
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value as JsonValue;
use utoipa::ToSchema;
use waybill_model::access::Role;
use waybill_model::query::Page;
use waybill_model::view::UserLine;

use super::input::{IdempotencyKey, Input};
use super::params::Params;
use super::{Answer, AppState};
use crate::auth::gate::User;
use crate::clock;
use crate::error::ApiProblem;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    name: String,
    /// At least 8 characters.
    password: String,
    role: Role,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserChange {
    role: Role,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPassword {
    /// At least 8 characters.
    password: String,
}

#[utoipa::path(
    get, path = "/api/v1/users", tag = "access",
    params(
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000),
        ("cursor" = Option<String>, Query,),
    ),
    responses((status = 200, body = Page<UserLine>)),
)]
pub async fn list_users(
    State(state): State<AppState>,
    User(caller): User,
    RawQuery(query): RawQuery,
) -> Answer<Page<UserLine>> {
    let params = Params::parse(query.as_deref(), &["limit", "cursor"])?;
    Ok(Json(params.page(state.auth.users(&caller).await?)?))
}

#[utoipa::path(
    post, path = "/api/v1/users", tag = "access",
    request_body = NewUser,
    params(("Idempotency-Key" = Option<String>, Header,)),
    responses((status = 201, body = UserLine)),
)]
pub async fn add_user(
    State(state): State<AppState>,
    User(caller): User,
    input: Input<NewUser>,
) -> Result<(StatusCode, Json<JsonValue>), ApiProblem> {
    let Input {
        value,
        words,
        idempotency_key,
    } = input;
    let work = async {
        let line = state
            .auth
            .add_user(&caller, &value.name, value.password, value.role)
            .await?;
        Ok(serde_json::json!(line))
    };
    let answer = state
        .idempotency
        .once(
            caller.user_id,
            "POST /users",
            idempotency_key.as_deref(),
            &words,
            clock::now(),
            work,
        )
        .await?;
    Ok((StatusCode::CREATED, Json(answer)))
}

/// Gives another role, at once.
#[utoipa::path(
    patch, path = "/api/v1/users/{id}", tag = "access",
    params(("id" = i64, Path), ("Idempotency-Key" = Option<String>, Header,)),
    request_body = UserChange,
    responses((status = 204)),
)]
pub async fn change_user(
    State(state): State<AppState>,
    User(caller): User,
    Path(id): Path<i64>,
    input: Input<UserChange>,
) -> Result<StatusCode, ApiProblem> {
    let (route, key) = ("PATCH /users", input.idempotency_key.as_deref());
    let work = state.auth.set_role(&caller, id, input.value.role);
    state
        .idempotency
        .once_on(id, caller.user_id, route, key, &input.words, work)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes the user with all sessions and tokens.
#[utoipa::path(
    delete, path = "/api/v1/users/{id}", tag = "access",
    params(("id" = i64, Path), ("Idempotency-Key" = Option<String>, Header,)),
    responses((status = 204)),
)]
pub async fn remove_user(
    State(state): State<AppState>,
    User(caller): User,
    Path(id): Path<i64>,
    IdempotencyKey(key): IdempotencyKey,
) -> Result<StatusCode, ApiProblem> {
    let (route, key) = ("DELETE /users", key.as_deref());
    let work = state.auth.remove_user(&caller, id);
    state
        .idempotency
        .once_on(id, caller.user_id, route, key, "", work)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sets a password; the user's sessions end.
#[utoipa::path(
    post, path = "/api/v1/users/{id}/password", tag = "access",
    params(("id" = i64, Path), ("Idempotency-Key" = Option<String>, Header,)),
    request_body = NewPassword,
    responses((status = 204)),
)]
pub async fn set_password(
    State(state): State<AppState>,
    User(caller): User,
    Path(id): Path<i64>,
    input: Input<NewPassword>,
) -> Result<StatusCode, ApiProblem> {
    let (route, key) = ("POST /users/password", input.idempotency_key.as_deref());
    let work = state.auth.reset_password(&caller, id, input.value.password);
    state
        .idempotency
        .once_on(id, caller.user_id, route, key, &input.words, work)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
