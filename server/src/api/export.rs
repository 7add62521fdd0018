//! Lists of journeys as files: all that a search finds, page after page, while it is read.
//!
//! What is cut says so at its end. A search whose first page fails answers with the problem; one
//! that fails later breaks off the transfer, so that no half file passes for a whole one.

mod row;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use futures::stream;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use tokio::sync::OwnedSemaphorePermit;
use waybill_model::access::Caller;
use waybill_model::journey::JourneySummary;
use waybill_model::problem::{Code, Problem};
use waybill_model::query::{JourneyQuery, Page};

use super::params::Params;
use super::{AppState, found, journeys};
use crate::auth::gate::User;
use crate::error::ApiProblem;

const USUAL_ROWS: usize = 10_000;
const MOST_ROWS: usize = 100_000;
/// Journeys looked for at once.
const PAGE: usize = 500;
/// From the request to the last row.
const BUDGET: Duration = Duration::from_secs(120);
/// Files written at once, over all callers.
pub(super) const AT_ONCE: usize = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Csv,
    Json,
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
    let formats = [("csv", Format::Csv), ("json", Format::Json)];
    let format = params.word("format", &formats)?.unwrap_or(Format::Csv);
    let limit = params.count("limit", USUAL_ROWS, MOST_ROWS)?;
    let query = journeys::asked(&params)?;
    Ok(write(state, caller, query, format, limit).await?)
}

/// # Errors
/// As the list; `Overloaded` where as many files as may be are being written.
pub(super) async fn write(
    state: AppState,
    caller: Caller,
    query: JourneyQuery,
    format: Format,
    limit: usize,
) -> Result<Response, Problem> {
    let place = state.exports.clone().try_acquire_owned().map_err(|_| {
        Problem::new(
            Code::Overloaded,
            "As many exports run as may run at once.",
            "Try again when one of them has ended.",
        )
    })?;
    let mut file = File {
        state,
        caller,
        query,
        format,
        left: limit,
        until: Instant::now() + BUDGET,
        is_first: true,
        ready: VecDeque::new(),
        step: Step::Read,
        _place: place,
    };
    let first = file.read().await?;
    file.take(first);
    let body = Body::from_stream(stream::try_unfold(file, File::next));
    Ok((head(format), body).into_response())
}

fn head(format: Format) -> [(http::HeaderName, HeaderValue); 4] {
    let (kind, name) = match format {
        Format::Csv => ("text/csv; charset=utf-8; header=present", "csv"),
        Format::Json => ("application/json", "json"),
    };
    let name = match name {
        "csv" => "attachment; filename=\"waybill-messages.csv\"",
        _ => "attachment; filename=\"waybill-messages.json\"",
    };
    let value = HeaderValue::from_static;
    [
        (CONTENT_TYPE, value(kind)),
        (CONTENT_DISPOSITION, value(name)),
        (X_CONTENT_TYPE_OPTIONS, value("nosniff")),
        (CACHE_CONTROL, value("no-store")),
    ]
}

/// A file while it is written.
struct File {
    state: AppState,
    caller: Caller,
    query: JourneyQuery,
    format: Format,
    /// Rows that may still be written.
    left: usize,
    until: Instant,
    is_first: bool,
    ready: VecDeque<Bytes>,
    step: Step,
    _place: OwnedSemaphorePermit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Read,
    Done,
}

impl File {
    async fn next(mut self) -> Result<Option<(Bytes, Self)>, Problem> {
        loop {
            if let Some(piece) = self.ready.pop_front() {
                return Ok(Some((piece, self)));
            }
            if self.step == Step::Done {
                return Ok(None);
            }
            let page = self.read().await.inspect_err(|problem| {
                tracing::warn!(code = problem.code.name(), "an export broke off: {problem}");
            })?;
            self.take(page);
        }
    }

    /// The next page, with what the caller may see.
    async fn read(&mut self) -> Result<Page<JourneySummary>, Problem> {
        let limit = self.left.min(PAGE);
        self.query.limit = u32::try_from(limit).ok();
        found::journeys(&self.state, &self.caller, self.query.clone(), journeys::AGE).await
    }

    fn take(&mut self, page: Page<JourneySummary>) {
        self.left = self.left.saturating_sub(page.items.len());
        let rows = row::rows(self.format, &page.items, self.is_first);
        self.is_first = false;
        self.ready.push_back(rows);
        let cut = self.left == 0 || Instant::now() >= self.until;
        match page.next {
            Some(next) if !cut => self.query.cursor = Some(next),
            next => {
                let end = row::end(
                    self.format,
                    next.as_deref(),
                    page.truncated,
                    page.searched_back_to,
                );
                self.ready.push_back(end);
                self.step = Step::Done;
            }
        }
    }
}
