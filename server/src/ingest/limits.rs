//! Every bound that a sender can meet, in one place, with its unit and its reason to exist.

use std::net::SocketAddr;
use std::time::Duration;

use crate::config::Tls;

/// What one request and one record may hold. A record beyond a limit is rejected by name and its
/// neighbours are stored; only a request beyond `request_bytes` is refused as a whole.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of one request after decompression.
    pub request_bytes: usize,
    /// Bytes that the records of one request may take once decoded. Honest spans take about three
    /// times their bytes on the wire, a hostile mass of empty attributes fourteen times.
    pub decoded_bytes: usize,
    /// Of one span, event, link, resource, scope or log record.
    pub attributes: usize,
    /// Of one record, counting every element of every list and map.
    pub values: usize,
    /// Bytes of one name, key or text.
    pub string_bytes: usize,
    /// Lists and maps within one attribute's value.
    pub depth: usize,
    pub events: usize,
    pub links: usize,
    /// Whether log records that belong to no trace are kept.
    pub logs_without_trace: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request_bytes: 16 << 20,
            decoded_bytes: 64 << 20,
            attributes: 1_024,
            values: 8_192,
            string_bytes: 256 << 10,
            depth: 32,
            events: 1_024,
            links: 4_096,
            logs_without_trace: false,
        }
    }
}

/// How the receivers listen and how much they hold at once.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `None`: this receiver is off.
    pub otlp_grpc: Option<SocketAddr>,
    pub otlp_http: Option<SocketAddr>,
    /// PEM files: both receivers speak TLS and nothing else.
    pub tls: Option<Tls>,
    pub require_token: bool,
    pub limits: Limits,
    /// Bytes of requests being read, decoded or waiting for their commit, over all senders.
    /// What arrives beyond is refused with a retryable status.
    pub in_flight_bytes: usize,
    /// Connections to each receiver; further ones are closed at once.
    pub connections: usize,
    /// A request whose head or next part of the body does not come for so long is given up.
    pub idle: Duration,
    /// A whole body must have come within this time.
    pub body: Duration,
    /// A request unanswered after this time is refused; senders give up after ten seconds.
    pub answer: Duration,
    pub commit: Commit,
}

/// When collected spans are committed.
#[derive(Clone, Debug)]
pub struct Commit {
    /// So many spans are committed without waiting for more.
    pub spans: usize,
    /// A commit starts at least this long after the one before it, unless `spans` are waiting. A
    /// lone span after a quiet moment is therefore committed at once.
    pub linger: Duration,
    /// Postgres has this long to commit. Afterwards the outcome is unknown and the senders are
    /// asked to send again; what was committed all the same is recognised as a duplicate.
    pub deadline: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            otlp_grpc: Some(SocketAddr::from(([127, 0, 0, 1], 4317))),
            otlp_http: Some(SocketAddr::from(([127, 0, 0, 1], 4318))),
            tls: None,
            require_token: false,
            limits: Limits::default(),
            in_flight_bytes: 96 << 20,
            connections: 1_024,
            idle: Duration::from_secs(10),
            body: Duration::from_secs(60),
            answer: Duration::from_secs(8),
            commit: Commit::default(),
        }
    }
}

impl Default for Commit {
    fn default() -> Self {
        Self {
            spans: 1_000,
            linger: Duration::from_millis(20),
            deadline: Duration::from_secs(5),
        }
    }
}
