//! One file, from its first page to its end.

use std::collections::VecDeque;
use std::time::Instant;

use axum::body::Bytes;
use futures::{Stream, stream};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use waybill_model::access::Caller;
use waybill_model::journey::JourneySummary;
use waybill_model::problem::{Code, Problem};
use waybill_model::query::{JourneyQuery, Page};

use super::{BUDGET, Format, PAGE, row};
use crate::api::{AppState, found, journeys};
use crate::audit::Open;

/// Pieces that wait for a slow reader.
const WAITING: usize = 1;

/// A file while it is written.
pub(super) struct File {
    state: AppState,
    caller: Caller,
    query: JourneyQuery,
    format: Format,
    /// Rows that may still be written.
    left: usize,
    until: Instant,
    is_first: bool,
    /// Of one of the pages so far.
    truncated: bool,
    /// With the rows in each.
    ready: VecDeque<(Bytes, usize)>,
    ended: Option<Ended>,
    /// Rows that were handed over.
    sent: usize,
    _place: OwnedSemaphorePermit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    Whole,
    Cut,
    /// Nobody reads any more.
    Left,
}

enum Piece {
    Rows(Bytes),
    End,
    Broken(Problem),
}

impl File {
    /// With its first page.
    ///
    /// # Errors
    /// As the list.
    pub async fn begin(
        state: AppState,
        caller: Caller,
        query: JourneyQuery,
        format: Format,
        limit: usize,
        place: OwnedSemaphorePermit,
    ) -> Result<Self, Problem> {
        let mut file = Self {
            state,
            caller,
            query,
            format,
            left: limit,
            until: Instant::now() + BUDGET,
            is_first: true,
            truncated: false,
            ready: VecDeque::new(),
            ended: None,
            sent: 0,
            _place: place,
        };
        let first = file.read().await?;
        file.take(first);
        Ok(file)
    }

    /// Its bytes, as they are read. Apart from whoever reads them, so that the line is closed also
    /// where the reader leaves; before the last byte, so that who has the file finds it told.
    pub fn send(mut self, line: Open) -> impl Stream<Item = Result<Bytes, Problem>> + use<> {
        let (out, inbox) = mpsc::channel(WAITING);
        tokio::spawn(async move {
            let written = self.write(&out).await;
            let told = written.as_ref().map(|ended| self.told(*ended));
            line.close(told).await;
            let last = match written {
                Ok(_) => Piece::End,
                Err(problem) => Piece::Broken(problem),
            };
            // Nobody may be there.
            let _ = out.send(last).await;
        });
        stream::unfold(Some(inbox), |inbox| async {
            let mut inbox = inbox?;
            match inbox.recv().await {
                Some(Piece::Rows(piece)) => Some((Ok(piece), Some(inbox))),
                Some(Piece::End) => None,
                Some(Piece::Broken(problem)) => Some((Err(problem), None)),
                None => Some((Err(broken()), None)),
            }
        })
    }

    async fn write(&mut self, out: &mpsc::Sender<Piece>) -> Result<Ended, Problem> {
        loop {
            while let Some((piece, rows)) = self.ready.pop_front() {
                if out.send(Piece::Rows(piece)).await.is_err() {
                    return Ok(Ended::Left);
                }
                self.sent += rows;
            }
            if let Some(ended) = self.ended {
                return Ok(ended);
            }
            let page = tokio::select! {
                page = self.read() => page.inspect_err(|problem| {
                    tracing::warn!(code = problem.code.name(), "an export broke off: {problem}");
                })?,
                () = out.closed() => return Ok(Ended::Left),
            };
            self.take(page);
        }
    }

    fn told(&self, ended: Ended) -> String {
        let ended = match ended {
            Ended::Whole => "whole",
            Ended::Cut => "cut",
            Ended::Left => "its reader left",
        };
        format!(", {} rows, {ended}", self.sent)
    }

    /// The next page, with what the caller may see.
    async fn read(&mut self) -> Result<Page<JourneySummary>, Problem> {
        let limit = self.left.min(PAGE);
        self.query.limit = u32::try_from(limit).ok();
        found::journeys(&self.state, &self.caller, self.query.clone(), journeys::AGE).await
    }

    fn take(&mut self, page: Page<JourneySummary>) {
        let rows = page.items.len();
        self.left = self.left.saturating_sub(rows);
        let text = row::rows(self.format, &page.items, self.is_first);
        self.is_first = false;
        self.ready.push_back((text, rows));
        self.truncated |= page.truncated;
        let cut = self.left == 0 || Instant::now() >= self.until;
        match page.next {
            Some(next) if !cut => self.query.cursor = Some(next),
            next => {
                let back_to = page.searched_back_to;
                let end = row::end(self.format, next.as_deref(), self.truncated, back_to);
                self.ready.push_back((end, 0));
                let whole = next.is_none() && !self.truncated && back_to.is_none();
                self.ended = Some(if whole { Ended::Whole } else { Ended::Cut });
            }
        }
    }
}

/// Whoever wrote it is gone: half a file must not pass for a whole one.
fn broken() -> Problem {
    Problem::new(
        Code::Internal,
        "The export broke off.",
        "Ask for it again; the server's log has the reason.",
    )
}
