//! OTLP/gRPC: three unary calls, spoken directly on HTTP/2.
//!
//! tonic bounds what it decompresses, but it holds the compressed message besides, decompresses on
//! the thread that serves the connection, answers a message over its limit with OUT_OF_RANGE or
//! RESOURCE_EXHAUSTED by where it noticed, and hands the decoder a buffer of its own. Unary calls
//! are a prefix and a trailer; here they share every limit with OTLP/HTTP.
//! Source: grpc.io, "gRPC over HTTP2"; OTLP specification 1.10, "OTLP/gRPC".

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, Full};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use prost::Message;

use super::body;
use super::decode::{Encoding, Rejected};
use super::inflate::Compression;
use super::receiver::{Receiver, Signal};
use super::refusal::{Kind, Refusal};
use super::rpc_status;

type Reply = Response<UnsyncBoxBody<Bytes, Infallible>>;

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const GRPC_DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");
const GRPC_ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
const GRPC_ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");
const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

const ENCODINGS: HeaderValue = HeaderValue::from_static("identity,gzip,zstd");

/// What the status message may not hold as it is; bytes beyond ASCII are always encoded.
const MESSAGE: &AsciiSet = &CONTROLS.add(b'%');

pub async fn serve<B>(receiver: Arc<Receiver>, request: Request<B>) -> Result<Reply, Infallible>
where
    B: Body<Data = Bytes> + Unpin,
{
    Ok(match receive(&receiver, request).await {
        Ok((signal, rejected)) => stored(signal, &rejected),
        Err(refusal) => {
            receiver.counters.refused(refusal.kind);
            refused(&refusal)
        }
    })
}

async fn receive<B>(
    receiver: &Arc<Receiver>,
    request: Request<B>,
) -> Result<(Signal, Rejected), Refusal>
where
    B: Body<Data = Bytes> + Unpin,
{
    if request.method() != Method::POST {
        return Err(Refusal::wrong_method());
    }
    let content_type = text(request.headers(), &CONTENT_TYPE);
    if !is_grpc(content_type) {
        return Err(Refusal::wrong_type(
            content_type,
            "This port speaks OTLP/gRPC; OTLP/HTTP has its own.",
        ));
    }
    let signal = match request.uri().path() {
        "/opentelemetry.proto.collector.trace.v1.TraceService/Export" => Signal::Traces,
        "/opentelemetry.proto.collector.logs.v1.LogsService/Export" => Signal::Logs,
        "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export" => Signal::Metrics,
        path => return Err(Refusal::no_such_path(path)),
    };
    receiver.admit(request.headers()).await?;
    let compression = text(request.headers(), &GRPC_ENCODING);
    let compression = Compression::named(compression)
        .ok_or_else(|| Refusal::wrong_type(compression, "Send gzip, zstd or identity."))?;
    let patience = deadline(text(request.headers(), &GRPC_TIMEOUT));
    let body = body::unary(request.into_body(), compression, receiver).await?;
    let rejected = receiver
        .take(signal, body, Encoding::Protobuf, patience)
        .await?;
    Ok((signal, rejected))
}

/// `application/grpc`, with `+proto` or parameters; not `grpc-web`, whose framing differs.
fn is_grpc(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    let essence = essence.to_ascii_lowercase();
    essence == "application/grpc" || essence == "application/grpc+proto"
}

/// At most eight digits and a unit; anything else is as if absent.
fn deadline(value: &str) -> Option<Duration> {
    let (digits, unit) = value.split_at_checked(value.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(number * 3_600),
        "M" => Duration::from_secs(number * 60),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    })
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

fn stored(signal: Signal, rejected: &Rejected) -> Reply {
    let message = rpc_status::export_response(signal, rejected, Encoding::Protobuf);
    let mut framed = Vec::with_capacity(5 + message.len());
    framed.push(0);
    framed.extend_from_slice(
        &u32::try_from(message.len())
            .unwrap_or(u32::MAX)
            .to_be_bytes(),
    );
    framed.extend_from_slice(&message);
    let mut trailers = HeaderMap::new();
    trailers.insert(GRPC_STATUS, HeaderValue::from_static("0"));
    let body = Full::new(Bytes::from(framed))
        .with_trailers(std::future::ready(Some(Ok(trailers))))
        .boxed_unsync();
    reply(StatusCode::OK, body)
}

/// Trailers only: the status stands in the headers and there is no body.
fn refused(refusal: &Refusal) -> Reply {
    let http = match refusal.kind {
        // Not a gRPC client: it understands HTTP's own words.
        Kind::WrongMethod => StatusCode::METHOD_NOT_ALLOWED,
        _ => StatusCode::OK,
    };
    let mut reply = reply(http, Empty::new().boxed_unsync());
    let status = rpc_status::status(refusal);
    let message = utf8_percent_encode(&status.message, MESSAGE).to_string();
    let headers = reply.headers_mut();
    headers.insert(GRPC_STATUS, HeaderValue::from(status.code));
    if let Ok(message) = HeaderValue::try_from(message) {
        headers.insert(GRPC_MESSAGE, message);
    }
    let details = STANDARD_NO_PAD.encode(status.encode_to_vec());
    if let Ok(details) = HeaderValue::try_from(details) {
        headers.insert(GRPC_DETAILS, details);
    }
    reply
}

fn reply(status: StatusCode, body: UnsyncBoxBody<Bytes, Infallible>) -> Reply {
    let mut reply = Response::new(body);
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert(GRPC_ACCEPT_ENCODING, ENCODINGS);
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_and_content_types() {
        assert_eq!(deadline("10S"), Some(Duration::from_secs(10)));
        assert_eq!(
            deadline("99999999n"),
            Some(Duration::from_nanos(99_999_999))
        );
        for odd in ["", "S", "1", "999999999S", "-1S", "1.5S", "1é"] {
            assert_eq!(deadline(odd), None, "{odd}");
        }
        assert!(is_grpc("application/grpc") && is_grpc("application/grpc+proto; v=1"));
        assert!(!is_grpc("application/grpc-web") && !is_grpc("application/json"));
    }
}
