use axum::Json;
use axum::extract::{Path, RawQuery, State};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value as JsonValue;
use utoipa::ToSchema;
use waybill_model::access::Role;
use waybill_model::query::Page;
use waybill_model::view::{TokenLine, TokenPurpose};

use super::input::{IdempotencyKey, Input};
use super::params::Params;
use super::{Answer, AppState};
use crate::auth::gate::User;
use crate::clock;
use crate::error::ApiProblem;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    name: String,
    #[serde(default = "api")]
    purpose: TokenPurpose,
    /// At most the caller's own; an ingest token has none.
    role: Option<Role>,
}

fn api() -> TokenPurpose {
    TokenPurpose::Api
}

#[derive(Serialize, ToSchema)]
pub struct CreatedToken {
    #[serde(flatten)]
    pub line: TokenLine,
    /// Shown this once.
    pub secret: String,
}

/// The caller's own tokens; all of them for whoever administers users.
#[utoipa::path(
    get, path = "/api/v1/tokens", tag = "access",
    params(
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000),
        ("cursor" = Option<String>, Query,),
    ),
    responses((status = 200, body = Page<TokenLine>)),
)]
pub async fn list_tokens(
    State(state): State<AppState>,
    User(caller): User,
    RawQuery(query): RawQuery,
) -> Answer<Page<TokenLine>> {
    let params = Params::parse(query.as_deref(), &["limit", "cursor"])?;
    Ok(Json(params.page(state.auth.tokens(&caller).await?)?))
}

/// The secret stands in this answer and nowhere else.
#[utoipa::path(
    post, path = "/api/v1/tokens", tag = "access",
    request_body = NewToken,
    params(("Idempotency-Key" = Option<String>, Header,)),
    responses((status = 201, body = CreatedToken)),
)]
pub async fn create_token(
    State(state): State<AppState>,
    User(caller): User,
    input: Input<NewToken>,
) -> Result<(StatusCode, Json<JsonValue>), ApiProblem> {
    let Input {
        value,
        words,
        idempotency_key,
    } = input;
    let work = async {
        let role = value.role.unwrap_or(Role::Viewer);
        let (line, secret) = state
            .auth
            .create_token(&caller, &value.name, value.purpose, role)
            .await?;
        Ok(serde_json::json!(CreatedToken { line, secret }))
    };
    let answer = state
        .idempotency
        .once(
            caller.user_id,
            "POST /tokens",
            idempotency_key.as_deref(),
            &words,
            clock::now(),
            work,
        )
        .await?;
    Ok((StatusCode::CREATED, Json(answer)))
}

/// Ends a token at once.
#[utoipa::path(
    delete, path = "/api/v1/tokens/{id}", tag = "access",
    params(("id" = i64, Path), ("Idempotency-Key" = Option<String>, Header,)),
    responses((status = 204)),
)]
pub async fn revoke_token(
    State(state): State<AppState>,
    User(caller): User,
    Path(id): Path<i64>,
    IdempotencyKey(key): IdempotencyKey,
) -> Result<StatusCode, ApiProblem> {
    let (route, key) = ("DELETE /tokens", key.as_deref());
    let work = state.auth.revoke_token(&caller, id);
    state
        .idempotency
        .once_on(id, caller.user_id, route, key, "", work)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
