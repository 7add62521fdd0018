//! What a consumer is handed, and what it answers.

use std::future::Future;

use opentelemetry::logs::Severity;
use serde::de::DeserializeOwned;

use crate::headers::Headers;
use crate::trace::{Failed, Work};

/// One delivery of a message, over whichever broker it came.
#[derive(Debug)]
pub struct Incoming {
    pub headers: Headers,
    pub body: Vec<u8>,
}

impl Incoming {
    /// The body from JSON; a body that is not is the message's own fault.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_slice(&self.body).map_err(|error| Failure::Refused {
            kind: "MalformedMessage",
            reason: format!("body is not readable: {error}"),
        })
    }
}

/// How handling ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handled {
    Done,
    /// The same message was handled before; nothing was done.
    Again,
}

/// How handling failed.
#[derive(Debug)]
pub enum Failure {
    /// This message cannot be handled now: counts as a try.
    Refused { kind: &'static str, reason: String },
    /// The service is short of something of its own, such as connections: the message is tried again where it is.
    Busy { kind: &'static str, reason: String },
    /// A broker or the database is away: the message stays where it is.
    Unavailable(anyhow::Error),
}

impl Failure {
    /// On the span and in the log.
    pub fn record(&self, headers: &Headers, work: &Work) {
        let message = match self {
            Failure::Refused { reason, .. } | Failure::Busy { reason, .. } => reason.clone(),
            Failure::Unavailable(error) => format!("{error:#}"),
        };
        let order = [("order.id", headers.order_id())];
        work.log(Severity::Error, format!("not processed: {message}"), &order);
        work.fail(Failed {
            kind: self.kind(),
            message: &message,
        });
    }

    /// `error.type`.
    pub fn kind(&self) -> &'static str {
        match self {
            Failure::Refused { kind, .. } | Failure::Busy { kind, .. } => kind,
            Failure::Unavailable(_) => "DependencyUnavailable",
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Failure::Unavailable(error)
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        if matches!(error, sqlx::Error::PoolTimedOut) {
            return Failure::Busy {
                kind: "sqlx::Error::PoolTimedOut",
                reason: error.to_string(),
            };
        }
        Failure::Unavailable(anyhow::Error::new(error).context("database"))
    }
}

/// The work of one service on one message. May see a message more than once.
pub trait Handler: Send + Sync {
    fn handle(
        &self,
        incoming: &Incoming,
        work: &Work,
    ) -> impl Future<Output = Result<Handled, Failure>> + Send;
}
