//! Lists of journeys as files: all that a search finds, page after page, while it is read.
//!
//! What is cut says so at its end. A search whose first page fails answers with the problem; one
//! that fails later breaks off the transfer, so that no half file passes for a whole one.

mod file;
mod row;

use std::time::Duration;

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use waybill_model::access::Caller;
use waybill_model::journey::JourneySummary;
use waybill_model::problem::{Code, Problem};
use waybill_model::query::{JourneyQuery, Page};

use self::file::File;
use super::params::Params;
use super::{AppState, journeys};
use crate::auth::gate::User;
use crate::auth::identity::actor;
use crate::error::ApiProblem;

const EXPORT: &str = "journey.export";

const USUAL_ROWS: usize = 10_000;
const MOST_ROWS: usize = 100_000;
/// Journeys looked for at once.
const PAGE: usize = 500;
/// From the request to the last row.
const BUDGET: Duration = Duration::from_secs(120);
/// Files written at once, over all callers.
pub(super) const AT_ONCE: usize = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Csv,
    Json,
}

impl Format {
    fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
        }
    }
}

/// All journeys that a list with the same parameters finds, as a file. CSV follows RFC 4180, with a
/// line of names first; a cell that a spreadsheet would take for a formula begins with an
/// apostrophe. JSON is an object as the list answers it. At `limit` rows, or after two minutes, it
/// ends and says where it goes on: JSON in `next`, CSV in a last line that begins with `# `.
#[utoipa::path(
    get, path = "/api/v1/journeys/export", tag = "journeys",
    params(
        ("format" = String, Query, description = "csv or json"),
        ("message_id" = Option<String>, Query,),
        ("key" = Option<String>, Query,),
        ("trace_id" = Option<String>, Query,),
        ("attribute" = Option<String>, Query, description = "name:value, such as order.id:1001"),
        ("text" = Option<String>, Query, description = "found in the text of an error"),
        ("find" = Option<String>, Query, description = "journey id, trace id, message id, key or name=value"),
        ("cluster" = Option<String>, Query,),
        ("destination" = Option<String>, Query,),
        ("group" = Option<String>, Query,),
        ("service" = Option<String>, Query, description = "put the message, or tried it"),
        ("state" = Option<String>, Query, description = "one of the states of a journey, or several with commas between"),
        ("overtaken" = Option<bool>, Query, description = "true: only messages in trouble that a later message of their key overtook"),
        ("min_ms" = Option<f64>, Query, description = "took at least this long"),
        ("max_ms" = Option<f64>, Query, description = "took at most this long"),
        ("from" = Option<String>, Query, description = "RFC 3339; inside"),
        ("to" = Option<String>, Query, description = "RFC 3339; outside"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100000, description = "rows; 10,000 when absent"),
        ("cursor" = Option<String>, Query, description = "where the file before ended"),
    ),
    responses((status = 200, content(
        (Page<JourneySummary> = "application/json"), (String = "text/csv"),
    ))),
)]
pub async fn export_journeys(
    State(state): State<AppState>,
    User(caller): User,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiProblem> {
    let known = [journeys::KNOWN, &["format"]].concat();
    let params = Params::parse(query.as_deref(), &known)?;
    let formats = [Format::Csv, Format::Json].map(|format| (format.name(), format));
    let format = params.word("format", &formats)?.unwrap_or(Format::Csv);
    let limit = params.count("limit", USUAL_ROWS, MOST_ROWS)?;
    let query = journeys::asked(&params)?;
    let detail = told(&params, format, limit);
    Ok(write(state, caller, query, format, limit, detail).await?)
}

/// Words by their names alone: a key may be somebody's.
fn told(params: &Params, format: Format, limit: usize) -> String {
    let names = params.names();
    let words: Vec<&str> = names.filter(|n| !["format", "limit"].contains(n)).collect();
    let by = match words.is_empty() {
        true => String::new(),
        false => format!(", by {}", words.join(", ")),
    };
    format!("{}, at most {limit} rows{by}", format.name())
}

/// What is sent has a line of the audit, opened before the first row leaves and closed after the
/// last.
///
/// # Errors
/// As the list; `Overloaded` where as many files as may be are being written.
async fn write(
    state: AppState,
    caller: Caller,
    query: JourneyQuery,
    format: Format,
    limit: usize,
    detail: String,
) -> Result<Response, Problem> {
    let place = state.exports.clone().try_acquire_owned().map_err(|_| {
        Problem::new(
            Code::Overloaded,
            "As many exports run as may run at once.",
            "Try again when one of them has ended.",
        )
    })?;
    let audit = state.audit.clone();
    let actor = actor(&caller);
    let object = query.destination.clone().unwrap_or_else(|| "*".to_owned());
    let file = File::begin(state, caller, query, format, limit, place).await?;
    let line = audit.open(&actor, EXPORT, &object, detail).await?;
    Ok((head(format), Body::from_stream(file.send(line))).into_response())
}

fn head(format: Format) -> [(http::HeaderName, HeaderValue); 4] {
    let (kind, name) = match format {
        Format::Csv => (
            "text/csv; charset=utf-8; header=present",
            "attachment; filename=\"waybill-messages.csv\"",
        ),
        Format::Json => (
            "application/json",
            "attachment; filename=\"waybill-messages.json\"",
        ),
    };
    let value = HeaderValue::from_static;
    [
        (CONTENT_TYPE, value(kind)),
        (CONTENT_DISPOSITION, value(name)),
        (X_CONTENT_TYPE_OPTIONS, value("nosniff")),
        (CACHE_CONTROL, value("no-store")),
    ]
}
