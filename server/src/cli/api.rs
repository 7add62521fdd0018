//! A running server as the commands ask it: over HTTP only.

use std::time::Duration;

use reqwest::{Client, StatusCode};
use serde_json::Value;
use waybill_model::problem::{Code, Problem};

use super::output;

/// One running server, asked with a token.
pub struct Api<'a> {
    client: Client,
    base: String,
    token: Option<&'a str>,
}

impl<'a> Api<'a> {
    pub fn new(server: &str, token: Option<&'a str>) -> Result<Self, Problem> {
        let client = Client::builder()
            .connect_timeout(Duration::from_secs(5))
            .timeout(Duration::from_secs(60))
            // A token must not follow a redirect to another place.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| super::internal("the HTTP client cannot start", &error))?;
        Ok(Self {
            client,
            base: format!("{}/api/v1", server.trim_end_matches('/')),
            token,
        })
    }

    /// GET below `/api/v1`.
    ///
    /// # Errors
    /// The server's own refusal; `StoreUnavailable` also where it does not answer, or breaks off.
    pub async fn get(&self, path: &str) -> Result<Value, Problem> {
        let url = format!("{}/{path}", self.base);
        let mut request = self.client.get(&url);
        if let Some(token) = self.token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.map_err(|error| {
            if error.is_builder() {
                return Problem::new(
                    Code::InvalidRequest,
                    format!("{:?} is no address of a server", self.base),
                    "Write it like http://127.0.0.1:8080.",
                );
            }
            self.away(&error)
        })?;
        let status = response.status();
        let body = response.bytes().await.map_err(|error| self.away(&error))?;
        if status.is_success() {
            return serde_json::from_slice(&body).map_err(|error| {
                Problem::new(
                    Code::Internal,
                    format!("{} did not answer with JSON: {error}", self.base),
                    "Is it a Waybill? Name another with --server.",
                )
            });
        }
        Err(refused(status, &body))
    }

    fn away(&self, error: &reqwest::Error) -> Problem {
        Problem::new(
            Code::StoreUnavailable,
            format!("{} does not answer: {}", self.base, root_cause(error)),
            "Start it with `waybill serve`, or name another with --server.",
        )
    }
}

fn refused(status: StatusCode, body: &[u8]) -> Problem {
    if status == StatusCode::UNAUTHORIZED {
        return Problem::new(
            Code::Unauthenticated,
            "the server does not know who asks",
            "Set WAYBILL_TOKEN to a token made with `waybill token create`.",
        );
    }
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let code = serde_json::from_value(answer["code"].clone()).unwrap_or(Code::Internal);
    let said = |key: &str, otherwise: String| match answer[key].as_str() {
        Some(text) => output::printable(text),
        None => otherwise,
    };
    Problem::new(
        code,
        said("detail", format!("the server answered {status}")),
        said("hint", "The server's log says more.".to_owned()),
    )
}

/// The innermost reason: the others say only that a request failed.
pub fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_keep_code_and_hint() {
        let body = br#"{"code":"forbidden","detail":"no \u001b","hint":"ask"}"#;
        let problem = refused(StatusCode::FORBIDDEN, body);
        assert_eq!(
            (problem.code, problem.hint.as_str()),
            (Code::Forbidden, "ask")
        );
        assert_eq!(problem.message, "no \\u{1b}");
        assert_eq!(
            refused(StatusCode::BAD_GATEWAY, b"<html>").code,
            Code::Internal
        );
    }
}
