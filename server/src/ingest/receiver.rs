//! What both transports do with a body once it is read: decode, index, hand to the writer, wait.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use http::header::AUTHORIZATION;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::time::{Instant, timeout_at};
use waybill_model::problem::Problem;

use super::appender::{Appender, Indexer, TokenCheck};
use super::body::Whole;
use super::budget::{Budget, Held};
use super::counters::Counters;
use super::decode::{self, Decoded, Encoding, Rejected};
use super::limits::Settings;
use super::refusal::Refusal;
use super::writer::Job;

type Decode<T> = fn(&[u8], Encoding, &super::limits::Limits) -> Result<Decoded<T>, Problem>;

/// Larger bodies are decoded off the threads that serve connections.
const LARGE: usize = 512 << 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    Traces,
    Logs,
    Metrics,
}

pub struct Receiver {
    pub settings: Settings,
    pub budget: Budget,
    pub counters: Arc<Counters>,
    pub appender: Arc<dyn Appender>,
    pub indexer: Arc<dyn Indexer>,
    pub tokens: Arc<dyn TokenCheck>,
    pub jobs: mpsc::UnboundedSender<Job>,
    /// Large bodies being decoded at once.
    pub decoders: Semaphore,
    pub closing: watch::Receiver<bool>,
}

impl Receiver {
    /// Before a body is read: may this sender send, and are we open?
    pub async fn admit(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        if *self.closing.borrow() {
            return Err(Refusal::shutting_down());
        }
        if !self.settings.require_token {
            return Ok(());
        }
        let token = headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(bearer)
            .ok_or_else(Refusal::unauthenticated)?;
        if self.tokens.allows(token).await {
            Ok(())
        } else {
            Err(Refusal::unauthenticated())
        }
    }

    /// Stores what `body` holds; answers what of it never will be.
    pub async fn take(
        self: &Arc<Self>,
        signal: Signal,
        body: Whole,
        encoding: Encoding,
        patience: Option<Duration>,
    ) -> Result<Rejected, Refusal> {
        self.counters.request(body.bytes.len());
        let patience = patience.map_or(self.settings.answer, |p| p.min(self.settings.answer));
        let deadline = Instant::now() + patience;
        let taken = match signal {
            Signal::Traces => self.traces(body, encoding, deadline).await,
            Signal::Logs => self.logs(body, encoding, deadline).await,
            Signal::Metrics => self.metrics(body, encoding, deadline).await,
        };
        if let Ok(rejected) = &taken {
            self.counters.rejected(rejected);
        }
        taken
    }

    async fn traces(
        self: &Arc<Self>,
        body: Whole,
        encoding: Encoding,
        deadline: Instant,
    ) -> Result<Rejected, Refusal> {
        let this = self.clone();
        let (spans, rejected, held) = self
            .on_cpu(body.bytes.len(), move || {
                let (decoded, held) = this.decode(body, encoding, decode::decode_traces)?;
                let indexed = decoded
                    .records
                    .into_iter()
                    .map(|span| this.indexer.index(span));
                Ok((indexed.collect::<Vec<_>>(), decoded.rejected, held))
            })
            .await?;
        if spans.is_empty() {
            return Ok(rejected);
        }
        let (done, stored) = oneshot::channel();
        self.jobs
            .send(Job { spans, held, done })
            .map_err(|_| Refusal::shutting_down())?;
        // Without an answer the outcome is unknown, which a sender hears as "send it again".
        match timeout_at(deadline, stored).await {
            Ok(Ok(outcome)) => outcome.map(|()| rejected),
            Ok(Err(_)) | Err(_) => Err(Refusal::unavailable()),
        }
    }

    async fn logs(
        self: &Arc<Self>,
        body: Whole,
        encoding: Encoding,
        deadline: Instant,
    ) -> Result<Rejected, Refusal> {
        let this = self.clone();
        let (decoded, _held) = self
            .on_cpu(body.bytes.len(), move || {
                this.decode(body, encoding, decode::decode_logs)
            })
            .await?;
        if !decoded.records.is_empty() {
            let count = decoded.records.len() as u64;
            let append = self.appender.append_logs(decoded.records);
            stored(timeout_at(deadline, append).await)?;
            self.counters.accepted_logs(count);
        }
        Ok(decoded.rejected)
    }

    async fn metrics(
        self: &Arc<Self>,
        body: Whole,
        encoding: Encoding,
        deadline: Instant,
    ) -> Result<Rejected, Refusal> {
        let this = self.clone();
        let (decoded, _held) = self
            .on_cpu(body.bytes.len(), move || {
                this.decode(body, encoding, decode::decode_metrics)
            })
            .await?;
        if !decoded.records.is_empty() {
            let points = decoded
                .records
                .iter()
                .map(|metric| metric.points.len() as u64);
            let count = points.sum();
            let append = self.appender.append_metrics(decoded.records);
            stored(timeout_at(deadline, append).await)?;
            self.counters.accepted_metric_points(count);
        }
        Ok(decoded.rejected)
    }

    fn decode<T>(
        &self,
        body: Whole,
        encoding: Encoding,
        decode: Decode<T>,
    ) -> Result<(Decoded<T>, Held), Refusal> {
        let Whole { bytes, mut held } = body;
        let decoded =
            decode(&bytes, encoding, &self.settings.limits).map_err(Refusal::undecodable)?;
        drop(bytes);
        held.at_least(decoded.bytes)?;
        Ok((decoded, held))
    }

    async fn on_cpu<T: Send + 'static>(
        &self,
        bytes: usize,
        work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        if bytes < LARGE {
            return work();
        }
        let _slot = self.decoders.acquire().await;
        tokio::task::spawn_blocking(work)
            .await
            .unwrap_or_else(|_| Err(Refusal::unavailable()))
    }
}

fn stored(
    outcome: Result<Result<(), waybill_store::StoreError>, tokio::time::error::Elapsed>,
) -> Result<(), Refusal> {
    match outcome {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => {
            let error: &(dyn std::error::Error + 'static) = &error;
            tracing::warn!(error, "telemetry was not stored; its sender is refused");
            Err(Refusal::unavailable())
        }
        Err(_) => Err(Refusal::unavailable()),
    }
}

/// The scheme is case-insensitive (RFC 9110, 11.1).
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
