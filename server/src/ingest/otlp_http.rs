//! OTLP/HTTP. Source: OTLP specification 1.10, "OTLP/HTTP".

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::Full;

use super::body;
use super::decode::{Encoding, Rejected};
use super::inflate::Compression;
use super::receiver::{Receiver, Signal};
use super::refusal::{Kind, Refusal};
use super::rpc_status;

pub async fn serve<B>(
    receiver: Arc<Receiver>,
    request: Request<B>,
) -> Result<Response<Full<Bytes>>, Infallible>
where
    B: Body<Data = Bytes> + Unpin,
{
    // What cannot be mirrored is said in JSON, which a person can read.
    let encoding = content_type(request.headers());
    let answer = encoding.unwrap_or(Encoding::Json);
    Ok(match receive(&receiver, request, encoding).await {
        Ok((signal, rejected)) => {
            let body = rpc_status::export_response(signal, &rejected, answer);
            respond(StatusCode::OK, answer, body)
        }
        Err(refusal) => {
            receiver.counters.refused(refusal.kind);
            refused(&refusal, answer)
        }
    })
}

async fn receive<B>(
    receiver: &Arc<Receiver>,
    request: Request<B>,
    encoding: Option<Encoding>,
) -> Result<(Signal, Rejected), Refusal>
where
    B: Body<Data = Bytes> + Unpin,
{
    let signal = match request.uri().path() {
        "/v1/traces" => Signal::Traces,
        "/v1/logs" => Signal::Logs,
        "/v1/metrics" => Signal::Metrics,
        path => return Err(Refusal::no_such_path(path)),
    };
    if request.method() != Method::POST {
        return Err(Refusal::wrong_method());
    }
    receiver.admit(request.headers()).await?;
    let encoding = encoding.ok_or_else(|| {
        Refusal::wrong_type(
            text(request.headers(), &CONTENT_TYPE),
            "Send application/x-protobuf or application/json.",
        )
    })?;
    let compression = text(request.headers(), &CONTENT_ENCODING);
    let compression = Compression::named(compression).ok_or_else(|| {
        Refusal::wrong_type(compression, "Send gzip, zstd or no content-encoding.")
    })?;
    let body = body::plain(request.into_body(), compression, receiver).await?;
    let rejected = receiver.take(signal, body, encoding, None).await?;
    Ok((signal, rejected))
}

fn content_type(headers: &HeaderMap) -> Option<Encoding> {
    let value = text(headers, &CONTENT_TYPE);
    let essence = value.split(';').next().unwrap_or_default().trim();
    match essence.to_ascii_lowercase().as_str() {
        "application/x-protobuf" | "application/protobuf" => Some(Encoding::Protobuf),
        "application/json" => Some(Encoding::Json),
        _ => None,
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &http::HeaderName) -> &'a str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

fn refused(refusal: &Refusal, encoding: Encoding) -> Response<Full<Bytes>> {
    let status =
        StatusCode::from_u16(refusal.kind.http_status()).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    let body = rpc_status::status_body(refusal, encoding);
    let mut response = respond(status, encoding, body);
    if let Some(delay) = refusal.kind.retry_after() {
        let seconds = HeaderValue::from(delay.as_secs().max(1));
        response.headers_mut().insert(RETRY_AFTER, seconds);
    }
    if refusal.kind == Kind::WrongMethod {
        response
            .headers_mut()
            .insert(ALLOW, HeaderValue::from_static("POST"));
    }
    response
}

fn respond(status: StatusCode, encoding: Encoding, body: Vec<u8>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let content_type = match encoding {
        Encoding::Protobuf => "application/x-protobuf",
        Encoding::Json => "application/json",
    };
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
