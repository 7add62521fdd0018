//! A server on free ports, a store in memory that can fail, and clients.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1 as trace;
use prost::Message;
use tokio::sync::watch;
use waybill_model::id::{SpanId, TraceId};
use waybill_model::span::Span;
use waybill_model::time::Timestamp;
use waybill_store::{IndexedSpan, StoreError};

use super::super::decode::{Log, Metric};
use super::super::{Appender, Indexer, Ingest, Parts, Prepared, Settings, TokenCheck};

/// What commits do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mood {
    Store,
    Refuse,
    /// Store, and lose the answer, as a Postgres killed after its COMMIT does.
    StoreAndFail,
    /// Hang until the mood changes, as a stopped Postgres does.
    Hang,
}

pub struct Memory {
    mood: watch::Sender<Mood>,
    pub stored: Arc<Mutex<Vec<(TraceId, SpanId)>>>,
    pub commits: Arc<AtomicUsize>,
    pub logs: Arc<AtomicUsize>,
    pub metrics: Arc<AtomicUsize>,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            mood: watch::channel(Mood::Store).0,
            stored: Arc::default(),
            commits: Arc::default(),
            logs: Arc::default(),
            metrics: Arc::default(),
        }
    }
}

impl Memory {
    pub fn be(&self, mood: Mood) {
        self.mood.send_replace(mood);
    }

    pub fn stored(&self) -> usize {
        self.stored.lock().unwrap().len()
    }
}

struct Batch {
    ids: Vec<(TraceId, SpanId)>,
    mood: watch::Receiver<Mood>,
    stored: Arc<Mutex<Vec<(TraceId, SpanId)>>>,
    commits: Arc<AtomicUsize>,
}

fn unavailable() -> StoreError {
    StoreError::Unavailable {
        operation: "append block",
        source: "the test says no".into(),
    }
}

#[async_trait]
impl Prepared for Batch {
    async fn commit(&self) -> Result<(), StoreError> {
        let mut mood = self.mood.clone();
        let mood = *mood.wait_for(|mood| *mood != Mood::Hang).await.unwrap();
        if mood == Mood::Refuse {
            return Err(unavailable());
        }
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.stored.lock().unwrap().extend(&self.ids);
        if mood == Mood::StoreAndFail {
            return Err(unavailable());
        }
        Ok(())
    }
}

#[async_trait]
impl Appender for Memory {
    fn prepare(&self, batch: &[IndexedSpan]) -> Result<Box<dyn Prepared>, StoreError> {
        let ids = batch.iter().map(|i| (i.span.trace_id, i.span.span_id));
        Ok(Box::new(Batch {
            ids: ids.collect(),
            mood: self.mood.subscribe(),
            stored: self.stored.clone(),
            commits: self.commits.clone(),
        }))
    }

    async fn append_logs(&self, logs: Vec<Log>) -> Result<(), StoreError> {
        self.logs.fetch_add(logs.len(), Ordering::Relaxed);
        Ok(())
    }

    async fn append_metrics(&self, metrics: Vec<Metric>) -> Result<(), StoreError> {
        self.metrics.fetch_add(metrics.len(), Ordering::Relaxed);
        Ok(())
    }

    async fn recent_ids(
        &self,
        _since: Timestamp,
        _most: usize,
    ) -> Result<Vec<(TraceId, SpanId)>, StoreError> {
        Ok(self.stored.lock().unwrap().clone())
    }
}

pub struct Plain;

impl Indexer for Plain {
    fn index(&self, span: Span) -> IndexedSpan {
        IndexedSpan {
            span,
            terms: Vec::new(),
            rollup: None,
            troubled: false,
            tried: Vec::new(),
        }
    }
}

pub struct OneToken;

#[async_trait]
impl TokenCheck for OneToken {
    async fn allows(&self, token: &str) -> bool {
        token == "wb_good"
    }
}

/// Free ports; no patience to speak of.
pub fn settings() -> Settings {
    let any = Some(([127, 0, 0, 1], 0).into());
    let mut settings = Settings {
        otlp_grpc: any,
        otlp_http: any,
        idle: Duration::from_millis(400),
        ..Settings::default()
    };
    settings.commit.deadline = Duration::from_millis(300);
    settings.answer = Duration::from_millis(1_000);
    settings
}

pub async fn start(settings: Settings, memory: &Arc<Memory>) -> Ingest {
    let parts = Parts {
        appender: memory.clone(),
        indexer: Arc::new(Plain),
        tokens: Arc::new(OneToken),
    };
    let now = Timestamp::from_unix_millis(1_795_444_307_046);
    Ingest::start(settings, parts, now, 7).await.unwrap()
}

pub fn span(number: u32) -> trace::Span {
    let mut id = vec![1; 16];
    id[..4].copy_from_slice(&number.to_be_bytes());
    trace::Span {
        span_id: id[..8].to_vec(),
        trace_id: id,
        name: "send".to_owned(),
        ..Default::default()
    }
}

pub fn request(spans: Vec<trace::Span>) -> ExportTraceServiceRequest {
    ExportTraceServiceRequest {
        resource_spans: vec![trace::ResourceSpans {
            scope_spans: vec![trace::ScopeSpans {
                spans,
                ..Default::default()
            }],
            ..Default::default()
        }],
    }
}

pub fn body(numbers: std::ops::Range<u32>) -> Vec<u8> {
    request(numbers.map(span).collect()).encode_to_vec()
}

pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub trailers: HeaderMap,
}

impl Answer {
    /// Of the trailers, or of the headers where there is no body.
    pub fn grpc_status(&self) -> i32 {
        let value = self
            .trailers
            .get("grpc-status")
            .or_else(|| self.headers.get("grpc-status"));
        value.unwrap().to_str().unwrap().parse().unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

/// One request over its own connection.
pub async fn send(
    address: std::net::SocketAddr,
    http2: bool,
    request: Request<Full<Bytes>>,
) -> Answer {
    use hyper_util::rt::{TokioExecutor, TokioIo};
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let io = TokioIo::new(stream);
    let response = if http2 {
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), io)
                .await
                .unwrap();
        tokio::spawn(connection);
        sender.send_request(request).await.unwrap()
    } else {
        let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
        tokio::spawn(connection);
        sender.send_request(request).await.unwrap()
    };
    let (head, body) = response.into_parts();
    let whole = body.collect().await.unwrap();
    Answer {
        status: head.status.as_u16(),
        headers: head.headers,
        trailers: whole.trailers().cloned().unwrap_or_default(),
        body: whole.to_bytes(),
    }
}

pub async fn post(ingest: &Ingest, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
    let address = ingest.otlp_http().unwrap();
    let mut request = Request::post(path).header("host", "waybill");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    send(
        address,
        false,
        request.body(Full::new(body.into())).unwrap(),
    )
    .await
}

pub async fn post_traces(ingest: &Ingest, body: Vec<u8>) -> Answer {
    post(
        ingest,
        "/v1/traces",
        &[("content-type", "application/x-protobuf")],
        body,
    )
    .await
}

pub async fn call(ingest: &Ingest, headers: &[(&str, &str)], flag: u8, message: Vec<u8>) -> Answer {
    let mut framed = vec![flag];
    framed.extend((message.len() as u32).to_be_bytes());
    framed.extend(message);
    call_raw(ingest, headers, framed).await
}

pub async fn call_raw(ingest: &Ingest, headers: &[(&str, &str)], framed: Vec<u8>) -> Answer {
    let address = ingest.otlp_grpc().unwrap();
    let path = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
    let mut request = Request::post(format!("http://waybill{path}"))
        .header("te", "trailers")
        .header("content-type", "application/grpc");
    for (name, value) in headers {
        request.headers_mut().unwrap().insert(
            http::HeaderName::try_from(*name).unwrap(),
            value.parse().unwrap(),
        );
    }
    send(
        address,
        true,
        request.body(Full::new(framed.into())).unwrap(),
    )
    .await
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Polls until it holds, for at most ten seconds.
pub async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let started = std::time::Instant::now();
    while !holds() {
        assert!(started.elapsed() < Duration::from_secs(10), "{what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
