//! Telemetry on its way out, as a good exporter sends it: what is refused for now is sent again.

use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use prost::Message;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode};
use waybill_model::problem::{Code, Problem};

use super::random::next;
use crate::cli::api::root_cause;

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

pub struct Sender {
    client: Client,
    url: String,
    token: Option<String>,
    /// How long a server may be away or refuse.
    patience: Duration,
    jitter: u64,
    /// Requests that had to be sent again.
    pub resent: u64,
}

impl Sender {
    pub fn new(
        otlp: &str,
        token: Option<String>,
        patience: Duration,
        seed: u64,
    ) -> Result<Self, Problem> {
        let client = Client::builder()
            .connect_timeout(Duration::from_secs(5))
            .timeout(Duration::from_secs(15))
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| crate::cli::internal("the HTTP client cannot start", &error))?;
        Ok(Self {
            client,
            url: format!("{}/v1/traces", otlp.trim_end_matches('/')),
            token,
            patience,
            jitter: seed,
            resent: 0,
        })
    }

    /// Returns when it was acknowledged.
    ///
    /// # Errors
    /// What can never be taken, and a server that is away for too long.
    pub async fn send(&mut self, request: &ExportTraceServiceRequest) -> Result<(), Problem> {
        let body = request.encode_to_vec();
        let began = Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            let mut post = self
                .client
                .post(&self.url)
                .header(CONTENT_TYPE, "application/x-protobuf")
                .body(body.clone());
            if let Some(token) = &self.token {
                post = post.bearer_auth(token);
            }
            let (why, wanted) = match post.send().await {
                Ok(answer) if answer.status() == StatusCode::OK => match accepted(answer).await {
                    Ok(()) => return Ok(()),
                    Err(Lost::Rejected(problem)) => return Err(problem),
                    Err(Lost::Answer(why)) => (why, None),
                },
                Ok(answer) if is_retryable(answer.status()) => {
                    (answer.status().to_string(), retry_after(&answer))
                }
                Ok(answer) => return Err(refused(answer.status())),
                Err(error) if error.is_builder() => {
                    return Err(Problem::new(
                        Code::InvalidRequest,
                        format!("{:?} is no address of a receiver", self.url),
                        "Write it like http://127.0.0.1:4318.",
                    ));
                }
                Err(error) => (root_cause(&error), None),
            };
            if began.elapsed() > self.patience {
                return Err(Problem::new(
                    Code::StoreUnavailable,
                    format!("{} takes nothing: {why}", self.url),
                    "Is the server running? Name another with --otlp.",
                ));
            }
            self.resent += 1;
            let random = next(&mut self.jitter) % 1_000;
            let jittered = pause.mul_f64(0.5 + random as f64 / 2_000.0);
            tokio::time::sleep(wanted.unwrap_or(jittered).min(LONGEST_PAUSE)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

enum Lost {
    Rejected(Problem),
    /// Whether it was taken is not known: it is sent again, and must be kept once.
    Answer(String),
}

async fn accepted(answer: Response) -> Result<(), Lost> {
    let body = answer.bytes().await;
    let body = body.map_err(|error| Lost::Answer(root_cause(&error)))?;
    let told = ExportTraceServiceResponse::decode(body);
    let told = told.map_err(|error| Lost::Answer(error.to_string()))?;
    match told.partial_success {
        Some(partial) if partial.rejected_spans > 0 => Err(Lost::Rejected(Problem::new(
            Code::DecodeFailed,
            format!(
                "the server rejected {} good spans: {}",
                partial.rejected_spans,
                super::output::printable(&partial.error_message)
            ),
            "This is a defect; report it with the seed.",
        ))),
        _ => Ok(()),
    }
}

/// Source: the OTLP specification, "Failures" of OTLP/HTTP.
fn is_retryable(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT
    )
}

fn retry_after(answer: &Response) -> Option<Duration> {
    let seconds = answer.headers().get(RETRY_AFTER)?.to_str().ok()?;
    seconds.trim().parse().ok().map(Duration::from_secs)
}

fn refused(status: StatusCode) -> Problem {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Problem::new(
            Code::Unauthenticated,
            "the receiver does not know who sends",
            "Give --ingest-token a token made with `waybill token create --for ingest`.",
        ),
        _ => Problem::new(
            Code::DecodeFailed,
            format!("the receiver refuses good telemetry for good: {status}"),
            "Is it a Waybill? This is a defect otherwise; report it with the seed.",
        ),
    }
}
