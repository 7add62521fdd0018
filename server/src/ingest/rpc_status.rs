//! `google.rpc.Status` and the export responses, the few messages that are sent and not received.

use prost::Message;
use serde_json::json;

use super::decode::{Encoding, Rejected};
use super::receiver::Signal;
use super::refusal::Refusal;

/// Source: googleapis, `google/rpc/status.proto`.
#[derive(Clone, PartialEq, Message)]
pub struct Status {
    #[prost(uint32, tag = "1")]
    pub code: u32,
    #[prost(string, tag = "2")]
    pub message: String,
    #[prost(message, repeated, tag = "3")]
    pub details: Vec<Any>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Any {
    #[prost(string, tag = "1")]
    pub type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    pub value: Vec<u8>,
}

/// Source: googleapis, `google/rpc/error_details.proto`.
#[derive(Clone, PartialEq, Message)]
pub struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    pub retry_delay: Option<Duration>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Duration {
    #[prost(int64, tag = "1")]
    pub seconds: i64,
    #[prost(int32, tag = "2")]
    pub nanos: i32,
}

/// One shape for the three signals: their responses differ in names only.
#[derive(Clone, PartialEq, Message)]
pub struct ExportResponse {
    #[prost(message, optional, tag = "1")]
    pub partial_success: Option<PartialSuccess>,
}

#[derive(Clone, PartialEq, Message)]
pub struct PartialSuccess {
    #[prost(int64, tag = "1")]
    pub rejected: i64,
    #[prost(string, tag = "2")]
    pub error_message: String,
}

pub const RETRY_INFO: &str = "type.googleapis.com/google.rpc.RetryInfo";

pub fn status(refusal: &Refusal) -> Status {
    let retry = refusal.kind.retry_after().map(|delay| Any {
        type_url: RETRY_INFO.to_owned(),
        value: RetryInfo {
            retry_delay: Some(Duration {
                seconds: delay.as_secs() as i64,
                nanos: delay.subsec_nanos() as i32,
            }),
        }
        .encode_to_vec(),
    });
    Status {
        code: refusal.kind.grpc_status(),
        message: refusal.message(),
        details: retry.into_iter().collect(),
    }
}

pub fn status_body(refusal: &Refusal, encoding: Encoding) -> Vec<u8> {
    let status = status(refusal);
    match encoding {
        Encoding::Protobuf => status.encode_to_vec(),
        Encoding::Json => {
            let details: Vec<_> = refusal
                .kind
                .retry_after()
                .map(|delay| {
                    json!({"@type": RETRY_INFO, "retryDelay": format!("{}s", delay.as_secs())})
                })
                .into_iter()
                .collect();
            json!({"code": status.code, "message": status.message, "details": details})
                .to_string()
                .into_bytes()
        }
    }
}

pub fn export_response(signal: Signal, rejected: &Rejected, encoding: Encoding) -> Vec<u8> {
    let Some(message) = rejected.message() else {
        return match encoding {
            Encoding::Protobuf => Vec::new(),
            Encoding::Json => b"{}".to_vec(),
        };
    };
    let count = i64::try_from(rejected.total()).unwrap_or(i64::MAX);
    match encoding {
        Encoding::Protobuf => ExportResponse {
            partial_success: Some(PartialSuccess {
                rejected: count,
                error_message: message,
            }),
        }
        .encode_to_vec(),
        Encoding::Json => {
            let name = match signal {
                Signal::Traces => "rejectedSpans",
                Signal::Logs => "rejectedLogRecords",
                Signal::Metrics => "rejectedDataPoints",
            };
            // 64-bit integers are text in protobuf's JSON mapping.
            json!({"partialSuccess": {name: count.to_string(), "errorMessage": message}})
                .to_string()
                .into_bytes()
        }
    }
}
