//! Reading a story back, by every word that leads to it.

use std::collections::BTreeSet;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use waybill_model::journey::Journey;
use waybill_model::problem::{Code, Problem};

use super::shape::Made;
use super::span::ATTRIBUTE;
use crate::cli::api::Api;

/// What came of looking.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    pub missing: Vec<String>,
    pub wrong: Vec<String>,
}

impl Found {
    pub fn is_right(&self) -> bool {
        self.missing.is_empty() && self.wrong.is_empty()
    }
}

/// Looks for each message by key, message id, trace and attribute, and at its journey.
///
/// # Errors
/// As the server: nothing is known then.
pub async fn read(api: &Api<'_>, made: &Made) -> Result<Found, Problem> {
    let mut found = Found::default();
    let mut ids = Vec::new();
    for message in &made.messages {
        let by_key = search(api, "key", &message.key).await?;
        match by_key.as_slice() {
            [id] => ids.push(id.clone()),
            [] => {
                found.missing.push(format!("key {}", message.key));
                return Ok(found);
            }
            many => {
                let text = format!("key {} leads to {} messages", message.key, many.len());
                found.wrong.push(text);
                return Ok(found);
            }
        }
    }
    for (message, id) in made.messages.iter().zip(&ids) {
        let by_id = search(api, "message_id", &message.message_id).await?;
        found.same(
            &format!("message id {}", message.message_id),
            std::slice::from_ref(id),
            by_id,
        );
        let in_trace = search(api, "trace_id", &message.trace_id).await?;
        if !in_trace.contains(id) {
            found
                .missing
                .push(format!("{id} by trace {}", message.trace_id));
        }
        let journey = api.get(&format!("journeys/{}", encode(id))).await?;
        let journey: Journey = understood(journey)?;
        let differences = message.differences(&journey, &ids);
        let told = differences
            .iter()
            .map(|text| format!("{}: {text}", message.key));
        found.wrong.extend(told);
    }
    let attribute = format!("{ATTRIBUTE}:{}", made.id);
    let by_attribute = search(api, "attribute", &attribute).await?;
    found.same(&format!("attribute {attribute}"), &ids, by_attribute);
    for (trace_id, spans) in &made.traces {
        let trace = api.get(&format!("traces/{trace_id}")).await;
        match trace {
            Ok(trace) => found.spans(trace_id, spans, &trace),
            Err(problem) if problem.code == Code::NotFound => {
                found.missing.push(format!("trace {trace_id}"));
            }
            Err(problem) => return Err(problem),
        }
    }
    Ok(found)
}

impl Found {
    /// `by` must lead to exactly these.
    fn same(&mut self, by: &str, ids: &[String], found: Vec<String>) {
        let must: BTreeSet<&String> = ids.iter().collect();
        let is: BTreeSet<&String> = found.iter().collect();
        for id in must.difference(&is) {
            self.missing.push(format!("{id} by {by}"));
        }
        for id in is.difference(&must) {
            self.wrong.push(format!("{by} leads to {id} too"));
        }
        if found.len() != is.len() {
            self.wrong.push(format!("{by} lists one twice"));
        }
    }

    /// Each once.
    fn spans(&mut self, trace_id: &str, must: &BTreeSet<String>, trace: &Value) {
        let list = |value: &Value, name: &str| value[name].as_array().cloned().unwrap_or_default();
        let mut told = Vec::new();
        for resource in list(trace, "resourceSpans") {
            for scope in list(&resource, "scopeSpans") {
                let spans = list(&scope, "spans");
                told.extend(
                    spans
                        .iter()
                        .filter_map(|s| s["spanId"].as_str().map(str::to_owned)),
                );
            }
        }
        let is: BTreeSet<&String> = told.iter().collect();
        for span_id in must.iter().filter(|id| !is.contains(id)) {
            self.missing
                .push(format!("span {span_id} of trace {trace_id}"));
        }
        if told.len() > is.len() {
            self.wrong
                .push(format!("trace {trace_id} holds a span twice"));
        }
        if is.iter().any(|id| !must.contains(*id)) {
            self.wrong
                .push(format!("trace {trace_id} holds a strange span"));
        }
    }
}

/// Ids of the journeys that a word leads to, by spans alone: what spans do not tell yet is asked for
/// again, and would cost brokers a reading each time.
async fn search(api: &Api<'_>, word: &str, value: &str) -> Result<Vec<String>, Problem> {
    let path = format!("journeys?limit=50&brokers=false&{word}={}", encode(value));
    let page = api.get(&path).await?;
    let items = page["items"].as_array().cloned().unwrap_or_default();
    let ids = items.iter().filter_map(|item| item["id"].as_str());
    Ok(ids.map(str::to_owned).collect())
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn understood(journey: Value) -> Result<Journey, Problem> {
    serde_json::from_value(journey).map_err(|error| {
        Problem::new(
            Code::Internal,
            format!("the server's answer is not understood: {error}"),
            "Use the version of `waybill` that the server has.",
        )
    })
}
