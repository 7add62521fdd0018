//! Why a whole request is turned away, and how the two transports say it. This is the only place
//! where ingest knows status numbers.
//!
//! Retryable is what passes by itself: overload (429, `RESOURCE_EXHAUSTED` with `RetryInfo`) and a
//! database that does not answer (503, `UNAVAILABLE`). A request that is too large is
//! `RESOURCE_EXHAUSTED` *without* `RetryInfo`, which the OTLP specification defines as permanent,
//! and 413 over HTTP.
//! Source: OTLP specification 1.10, "Failures" of OTLP/gRPC and OTLP/HTTP.

use std::time::Duration;

use waybill_model::problem::{Code, Problem};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub kind: Kind,
    pub problem: Problem,
}

macro_rules! kinds {
    ($($variant:ident $name:literal $http:literal $grpc:literal),* $(,)?) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kind { $($variant),* }

        impl Kind {
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// A counter's label.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            pub fn http_status(self) -> u16 {
                match self { $(Self::$variant => $http),* }
            }

            /// google.rpc.Code.
            pub fn grpc_status(self) -> u32 {
                match self { $(Self::$variant => $grpc),* }
            }
        }
    };
}

kinds! {
    Undecodable "undecodable" 400 3,
    Unauthenticated "unauthenticated" 401 16,
    NoSuchPath "no_such_path" 404 12,
    WrongMethod "wrong_method" 405 12,
    Slow "slow" 408 4,
    TooLarge "too_large" 413 8,
    WrongType "wrong_type" 415 12,
    Overloaded "overloaded" 429 8,
    Unavailable "unavailable" 503 14,
    ShuttingDown "shutting_down" 503 14,
}

impl Kind {
    /// When to send the same request again; `None`: never.
    pub fn retry_after(self) -> Option<Duration> {
        match self {
            Self::Overloaded | Self::Unavailable | Self::ShuttingDown => {
                Some(Duration::from_secs(1))
            }
            _ => None,
        }
    }
}

impl Refusal {
    fn new(kind: Kind, code: Code, message: impl Into<String>, hint: &str) -> Self {
        Self {
            kind,
            problem: Problem::new(code, message, hint),
        }
    }

    pub fn undecodable(problem: Problem) -> Self {
        Self {
            kind: Kind::Undecodable,
            problem,
        }
    }

    pub fn broken_body(message: impl Into<String>) -> Self {
        Self::new(
            Kind::Undecodable,
            Code::DecodeFailed,
            message,
            "Check the compression and that the body is sent whole.",
        )
    }

    pub fn unauthenticated() -> Self {
        Self::new(
            Kind::Unauthenticated,
            Code::Unauthenticated,
            "This receiver wants an ingest token.",
            "Send the header `Authorization: Bearer <ingest token>`; tokens are made in Settings.",
        )
    }

    pub fn no_such_path(path: &str) -> Self {
        let path: String = path.chars().take(80).collect();
        Self::new(
            Kind::NoSuchPath,
            Code::NotFound,
            format!("Nothing is received at {path:?}."),
            "OTLP/HTTP is taken at /v1/traces, /v1/logs and /v1/metrics; OTLP/gRPC on its own port.",
        )
    }

    pub fn wrong_method() -> Self {
        Self::new(
            Kind::WrongMethod,
            Code::InvalidRequest,
            "Telemetry is sent with POST.",
            "Use an OTLP exporter.",
        )
    }

    pub fn slow() -> Self {
        Self::new(
            Kind::Slow,
            Code::InvalidRequest,
            "The body did not come in time.",
            "Send the body at once; a pause of ten seconds ends the request.",
        )
    }

    pub fn too_large(limit: usize) -> Self {
        Self::new(
            Kind::TooLarge,
            Code::TooLarge,
            format!("The request is larger than {limit} bytes once decompressed."),
            "Send smaller batches, or raise ingest.max_request_bytes.",
        )
    }

    pub fn wrong_type(what: &str, allowed: &str) -> Self {
        let what: String = what.chars().take(80).collect();
        Self::new(
            Kind::WrongType,
            Code::UnsupportedEncoding,
            format!("{what:?} is not spoken here."),
            allowed,
        )
    }

    pub fn overloaded() -> Self {
        Self::new(
            Kind::Overloaded,
            Code::Overloaded,
            "More is arriving than can be stored; nothing of this request was kept.",
            "Send it again after the time given; exporters do so by themselves.",
        )
    }

    pub fn unavailable() -> Self {
        Self::new(
            Kind::Unavailable,
            Code::StoreUnavailable,
            "The database did not confirm; the request counts as not stored.",
            "Send it again; what was stored all the same is recognised.",
        )
    }

    pub fn shutting_down() -> Self {
        Self::new(
            Kind::ShuttingDown,
            Code::StoreUnavailable,
            "Waybill is shutting down.",
            "Send it again in a moment.",
        )
    }

    /// One line for the status message: stable code, sentence, way out.
    pub fn message(&self) -> String {
        format!(
            "{}: {} {}",
            self.problem.code.name(),
            self.problem.message,
            self.problem.hint
        )
    }
}
