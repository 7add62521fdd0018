//! OTLP in: from the wire to Postgres, or refused.
//!
//! Follow a request: `listen` accepts the connection, `otlp_grpc` or `otlp_http` reads its head,
//! `body` and `inflate` its bytes within the `budget`, `receiver` has `decode` turn them into spans
//! and the indexer find what they are to be found by, `writer` drops `duplicates` and commits many
//! requests at once. The sender hears OK only after that commit is on disk. There is no spool and
//! no "accepted": what is not committed is refused, with a status that says whether to send again
//! (`refusal`), and every record that will never be stored is counted by reason (`counters`).

mod appender;
mod body;
mod budget;
mod counters;
pub mod decode;
mod duplicates;
mod inflate;
mod limits;
mod listen;
mod otlp_grpc;
mod otlp_http;
mod receiver;
mod refusal;
mod rpc_status;
#[cfg(test)]
mod tests;
mod to_store;
mod writer;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::task::TaskTracker;
use waybill_model::problem::{Code, Problem};
use waybill_model::status::IngestCounters;
use waybill_model::time::Timestamp;

pub use appender::{Appender, Indexer, Prepared, TokenCheck};
pub use limits::{Commit, Limits, Settings};
pub use to_store::ToStore;

use counters::Counters;
use duplicates::{Duplicates, KEEP, fingerprint};
use listen::Protocol;
use receiver::Receiver;

use crate::tls;

/// Connections that are still busy when the server closes have this long.
const DRAIN: Duration = Duration::from_secs(6);

/// The database is asked at most this long for the spans that were stored lately.
const RECALL: Duration = Duration::from_secs(10);

/// The newest so many of them: what the filter could hold.
const RECALL_SPANS: usize = 1_500_000;

/// What ingest needs from the rest of the server.
pub struct Parts {
    pub appender: Arc<dyn Appender>,
    pub indexer: Arc<dyn Indexer>,
    pub tokens: Arc<dyn TokenCheck>,
}

/// The running receivers.
pub struct Ingest {
    otlp_grpc: Option<SocketAddr>,
    otlp_http: Option<SocketAddr>,
    counters: Arc<Counters>,
    budget: budget::Budget,
    closing: watch::Sender<bool>,
    /// Listeners and connections.
    serving: TaskTracker,
    writer: JoinHandle<()>,
}

/// Reads the counters of an [`Ingest`].
#[derive(Clone)]
pub struct Meter {
    counters: Arc<Counters>,
    budget: budget::Budget,
}

impl Meter {
    pub fn counters(&self) -> IngestCounters {
        self.counters.snapshot()
    }

    /// A fragment of /metrics.
    pub fn prometheus(&self) -> String {
        let mut text = self.counters.prometheus();
        text.push_str("# HELP waybill_ingest_in_flight_bytes Bytes of requests being read, decoded or committed.\n");
        text.push_str("# TYPE waybill_ingest_in_flight_bytes gauge\n");
        text.push_str(&format!(
            "waybill_ingest_in_flight_bytes {}\n",
            self.budget.held_bytes()
        ));
        text
    }
}

impl Ingest {
    /// Binds the receivers that are on and starts to serve. Fails with `Code::PortInUse`, and with
    /// `Code::ConfigInvalid` for a certificate that cannot be used.
    /// `now` and `seed` (random) key the memory of recent spans.
    pub async fn start(
        settings: Settings,
        parts: Parts,
        now: Timestamp,
        seed: u64,
    ) -> Result<Self, Problem> {
        let grpc_tls = acceptor(&settings, tls::GRPC)?;
        let http_tls = acceptor(&settings, tls::WEB)?;
        let grpc = bind(settings.otlp_grpc, "ingest.otlp_grpc").await?;
        let http = bind(settings.otlp_http, "ingest.otlp_http").await?;

        let counters = Arc::new(Counters::default());
        let budget = budget::Budget::new(settings.in_flight_bytes);
        let duplicates = Arc::new(Mutex::new(recall(&*parts.appender, now, seed).await));
        let (jobs, waiting) = mpsc::unbounded_channel();
        let (closing, closes) = watch::channel(false);
        let writer = tokio::spawn(writer::run(
            waiting,
            parts.appender.clone(),
            duplicates,
            settings.commit.clone(),
            counters.clone(),
        ));
        let decoders = std::thread::available_parallelism().map_or(1, usize::from);
        let receiver = Arc::new(Receiver {
            settings,
            budget: budget.clone(),
            counters: counters.clone(),
            appender: parts.appender,
            indexer: parts.indexer,
            tokens: parts.tokens,
            jobs,
            decoders: Semaphore::new(decoders),
            closing: closes,
        });

        let serving = TaskTracker::new();
        let mut addresses = [None, None];
        let listeners = [
            (grpc, Protocol::Grpc, grpc_tls),
            (http, Protocol::Http, http_tls),
        ];
        for (address, (listener, protocol, tls)) in addresses.iter_mut().zip(listeners) {
            if let Some(listener) = listener {
                *address = listener.local_addr().ok();
                let door = listen::Door {
                    protocol,
                    tls,
                    receiver: receiver.clone(),
                };
                serving.spawn(listen::serve(listener, door, serving.clone()));
            }
        }
        let [otlp_grpc, otlp_http] = addresses;
        Ok(Self {
            otlp_grpc,
            otlp_http,
            counters,
            budget,
            closing,
            serving,
            writer,
        })
    }

    /// Where OTLP/gRPC is taken; `None`: it is off.
    pub fn otlp_grpc(&self) -> Option<SocketAddr> {
        self.otlp_grpc
    }

    /// Where OTLP/HTTP is taken; `None`: it is off.
    pub fn otlp_http(&self) -> Option<SocketAddr> {
        self.otlp_http
    }

    pub fn counters(&self) -> IngestCounters {
        self.counters.snapshot()
    }

    /// A fragment of /metrics.
    pub fn prometheus(&self) -> String {
        self.meter().prometheus()
    }

    /// Reads what was counted; outlives the receivers.
    pub fn meter(&self) -> Meter {
        Meter {
            counters: self.counters.clone(),
            budget: self.budget.clone(),
        }
    }

    /// Takes no new requests, finishes those under way, commits what was taken.
    pub async fn shutdown(self) {
        let _ = self.closing.send(true);
        self.serving.close();
        if timeout(DRAIN, self.serving.wait()).await.is_err() {
            tracing::warn!("some senders did not finish in time; they will send again");
        }
        // The writer ends when the last connection has dropped its sender.
        let mut writer = self.writer;
        if timeout(Duration::from_secs(2), &mut writer).await.is_err() {
            writer.abort();
        }
    }
}

fn acceptor(settings: &Settings, alpn: &[&str]) -> Result<Option<TlsAcceptor>, Problem> {
    let files = settings.tls.as_ref();
    files
        .map(|files| tls::acceptor("ingest.tls", files, alpn))
        .transpose()
}

async fn bind(address: Option<SocketAddr>, key: &str) -> Result<Option<TcpListener>, Problem> {
    let Some(address) = address else {
        return Ok(None);
    };
    TcpListener::bind(address).await.map(Some).map_err(|error| {
        Problem::new(
            Code::PortInUse,
            format!("Telemetry cannot be received at {address}: {error}."),
            format!("Stop what listens there, or set {key} to another address."),
        )
    })
}

/// A filter that cannot be filled costs space, not correctness: ingest starts without it.
async fn recall(appender: &dyn Appender, now: Timestamp, seed: u64) -> Duplicates {
    let start = Instant::now();
    let mut duplicates = Duplicates::new(seed, start);
    let since = now.plus_ms(-(KEEP.as_millis() as i64));
    match timeout(RECALL, appender.recent_ids(since, RECALL_SPANS)).await {
        Ok(Ok(ids)) => {
            let ids = ids.into_iter();
            let ids = ids.map(|(trace, span)| fingerprint(seed, trace, span));
            duplicates.committed(ids, start);
        }
        Ok(Err(error)) => {
            let error: &(dyn std::error::Error + 'static) = &error;
            tracing::warn!(
                error,
                "recent spans could not be read; resends may be stored twice"
            );
        }
        Err(_) => tracing::warn!("reading recent spans took too long; resends may be stored twice"),
    }
    duplicates
}
