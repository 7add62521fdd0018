//! Bodies of writes: JSON with known members only.

use std::convert::Infallible;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use serde::de::DeserializeOwned;
use waybill_model::problem::{Code, Problem};

use crate::error::ApiProblem;

/// A body, and its words as they came (for `Idempotency-Key`).
pub struct Input<T> {
    pub value: T,
    pub words: String,
    pub idempotency_key: Option<String>,
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Input<T> {
    type Rejection = ApiProblem;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiProblem> {
        require_json(request.headers())?;
        let idempotency_key = key_in(request.headers());
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|rejection| {
                ApiProblem(Problem::new(
                    Code::TooLarge,
                    "The body cannot be read.",
                    format!("{}; at most 256 KiB are read.", rejection.body_text()),
                ))
            })?;
        let value = serde_json::from_slice(&bytes).map_err(|error| {
            ApiProblem(Problem::new(
                Code::InvalidRequest,
                "The body is not what is expected here.",
                format!("{error}."),
            ))
        })?;
        let words = String::from_utf8_lossy(&bytes).into_owned();
        Ok(Self {
            value,
            words,
            idempotency_key,
        })
    }
}

/// The client's own key of a write that has no body.
pub struct IdempotencyKey(pub Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self(key_in(&parts.headers)))
    }
}

/// What is not ASCII is as good as empty, and refused as that.
fn key_in(headers: &HeaderMap) -> Option<String> {
    headers
        .get("idempotency-key")
        .map(|value| value.to_str().unwrap_or_default().to_owned())
}

/// A form of another site cannot send this type without asking first.
fn require_json(headers: &HeaderMap) -> Result<(), ApiProblem> {
    let json = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"));
    if json {
        return Ok(());
    }
    Err(ApiProblem(Problem::new(
        Code::UnsupportedEncoding,
        "The body must be JSON.",
        "Send Content-Type: application/json.",
    )))
}
