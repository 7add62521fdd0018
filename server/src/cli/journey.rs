//! `waybill journey FIND`: asks a running server and prints what happened to the message.

use std::process::ExitCode;
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Client, StatusCode};
use serde_json::Value;
use waybill_model::journey::Journey;
use waybill_model::problem::{Code, Problem};

use super::{output, timeline};

/// More are named by their number.
const SHOWN: usize = 20;

/// Exit 1 when nothing was found.
pub async fn run(
    find: &str,
    server: &str,
    token: Option<&str>,
    json: bool,
) -> Result<ExitCode, Problem> {
    let api = Api::new(server, token)?;
    let page = api
        .get(&format!(
            "journeys?limit={}&find={}",
            SHOWN + 1,
            utf8_percent_encode(find, NON_ALPHANUMERIC)
        ))
        .await?;
    let ids: Vec<&str> = page["items"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|item| item["id"].as_str())
        .collect();
    let mut journeys = Vec::new();
    for id in ids.iter().take(SHOWN) {
        let path = format!("journeys/{}", utf8_percent_encode(id, NON_ALPHANUMERIC));
        journeys.push(api.get(&path).await?);
    }
    if json {
        let mut text = serde_json::json!({ "items": journeys, "next": page["next"] });
        if page["truncated"] == true {
            text["truncated"] = true.into();
        }
        output::print(&format!("{text:#}\n"));
    } else {
        let more = ids.len() > SHOWN || page["truncated"] == true;
        print_text(find, journeys, more)?;
    }
    Ok(match ids.is_empty() {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    })
}

fn print_text(find: &str, journeys: Vec<Value>, more: bool) -> Result<(), Problem> {
    if journeys.is_empty() {
        output::print(&format!("No journey fits {}.\n", output::printable(find)));
    }
    for (at, journey) in journeys.into_iter().enumerate() {
        let journey: Journey = serde_json::from_value(journey).map_err(|error| {
            Problem::new(
                Code::Internal,
                format!("the server's answer is not understood: {error}"),
                "Use the version of `waybill` that the server has, or --json.",
            )
        })?;
        if at > 0 {
            output::print("\n");
        }
        output::print(&timeline::text(&journey));
    }
    if more {
        output::print(&format!("\nOnly the newest {SHOWN} are shown.\n"));
    }
    Ok(())
}

struct Api<'a> {
    client: Client,
    base: String,
    token: Option<&'a str>,
}

impl<'a> Api<'a> {
    fn new(server: &str, token: Option<&'a str>) -> Result<Self, Problem> {
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

    async fn get(&self, path: &str) -> Result<Value, Problem> {
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
            Problem::new(
                Code::StoreUnavailable,
                format!("{} does not answer: {}", self.base, root_cause(&error)),
                "Start it with `waybill serve`, or name another with --server.",
            )
        })?;
        let status = response.status();
        let body = response.bytes().await.unwrap_or_default();
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
fn root_cause(error: &dyn std::error::Error) -> String {
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
