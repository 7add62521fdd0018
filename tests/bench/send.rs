//! Sends ready-made requests over gRPC and HTTP, many at once.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Result, ensure};
use bytes::{Buf, BufMut, Bytes};
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::{Request, Status};

use crate::load::{SPANS_A_REQUEST, Template};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    Grpc,
    Http,
}

#[derive(Clone)]
pub enum Sender {
    Grpc(tonic::transport::Channel),
    Http(reqwest::Client, String),
}

impl Sender {
    pub async fn connect(transport: Transport, grpc: SocketAddr, http: SocketAddr) -> Result<Self> {
        Ok(match transport {
            Transport::Grpc => {
                let endpoint = tonic::transport::Endpoint::new(format!("http://{grpc}"))?;
                Self::Grpc(endpoint.connect().await?)
            }
            Transport::Http => {
                Self::Http(reqwest::Client::new(), format!("http://{http}/v1/traces"))
            }
        })
    }

    /// Whether the request was acknowledged; `false`: refused, to be sent again.
    pub async fn send(&self, body: Bytes) -> Result<bool> {
        match self {
            Self::Grpc(channel) => {
                let mut client = tonic::client::Grpc::new(channel.clone());
                client.ready().await?;
                let path = http::uri::PathAndQuery::from_static(
                    "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
                );
                match client.unary(Request::new(body), path, Raw).await {
                    Ok(_) => Ok(true),
                    Err(status) if is_retryable(&status) => Ok(false),
                    Err(status) => Err(status.into()),
                }
            }
            Self::Http(client, url) => {
                let request = client
                    .post(url)
                    .header("content-type", "application/x-protobuf");
                let status = request.body(body).send().await?.status().as_u16();
                ensure!([200, 429, 503].contains(&status), "answered {status}");
                Ok(status == 200)
            }
        }
    }
}

fn is_retryable(status: &Status) -> bool {
    matches!(
        status.code(),
        tonic::Code::ResourceExhausted | tonic::Code::Unavailable
    )
}

/// What a period of sending came to.
#[derive(Debug, Default)]
pub struct Sent {
    pub acknowledged_spans: u64,
    pub refused_requests: u64,
    pub seconds: f64,
}

/// Sends for `period`, `at_once` requests in flight; `cycle` counts on over calls, so that no id
/// is ever sent twice.
pub async fn flood(
    sender: &Sender,
    templates: &Arc<Vec<Template>>,
    cycle: &Arc<AtomicU64>,
    at_once: usize,
    period: Duration,
) -> Result<Sent> {
    let started = Instant::now();
    let end = started + period;
    let tasks: Vec<_> = (0..at_once)
        .map(|_| {
            let (sender, templates, cycle) = (sender.clone(), templates.clone(), cycle.clone());
            tokio::spawn(async move {
                let mut sent = Sent::default();
                while Instant::now() < end {
                    let number = cycle.fetch_add(1, Ordering::Relaxed);
                    let turn = templates.len() as u64;
                    let template = &templates[(number % turn) as usize];
                    let body = template.request(number / turn, unix_nanos());
                    if sender.send(body).await? {
                        sent.acknowledged_spans += SPANS_A_REQUEST as u64;
                    } else {
                        sent.refused_requests += 1;
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                }
                anyhow::Ok(sent)
            })
        })
        .collect();
    let mut total = Sent::default();
    for task in tasks {
        let sent = task.await??;
        total.acknowledged_spans += sent.acknowledged_spans;
        total.refused_requests += sent.refused_requests;
    }
    total.seconds = started.elapsed().as_secs_f64();
    Ok(total)
}

pub fn unix_nanos() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_nanos() as u64)
}

/// Bytes that are encoded already; the answer is not looked at.
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = ();
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = ();
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<()>, Status> {
        buffer.advance(buffer.remaining());
        Ok(Some(()))
    }
}
