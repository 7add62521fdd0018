//! `waybill journey FIND`: asks a running server and prints what happened to the message.

use std::process::ExitCode;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use waybill_model::journey::Journey;
use waybill_model::problem::{Code, Problem};

use super::api::Api;
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
