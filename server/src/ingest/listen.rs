//! Connections: how many, how long, and how they end.
//!
//! A head that does not come within `Settings::idle` ends its connection, also a TLS handshake, the
//! first byte and HTTP/2's preface; so does a connection over which no request is ever made. Idle
//! HTTP/2 connections that were used live on, and are pinged so that a vanished peer is noticed.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::task::TaskTracker;

use super::receiver::Receiver;
use super::{otlp_grpc, otlp_http};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/2 only, as gRPC has it.
    Grpc,
    /// HTTP/1.1, and HTTP/2 with prior knowledge.
    Http,
}

/// Pause after the system refuses a new connection (out of files).
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

const HEAD_BYTES: usize = 32 << 10;
const HEADERS: usize = 64;
const STREAMS: u32 = 128;
const STREAM_WINDOW: u32 = 512 << 10;
const CONNECTION_WINDOW: u32 = 1 << 20;

/// What a listener speaks, and who takes what it reads.
#[derive(Clone)]
pub struct Door {
    pub protocol: Protocol,
    /// `None`: plain.
    pub tls: Option<TlsAcceptor>,
    pub receiver: Arc<Receiver>,
}

/// A connection has this long to end by itself once the server ends: longer than a commit may take.
const AT_END: Duration = Duration::from_millis(5_500);

/// Accepts until `closing`, then lets the connections finish their requests.
pub async fn serve(listener: TcpListener, door: Door, connections: TaskTracker) {
    let mut closing = door.receiver.closing.clone();
    let room = Arc::new(Semaphore::new(door.receiver.settings.connections));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = closed(&mut closing) => return,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        // Too many: closed at once, which an exporter takes for a refusal and tries again.
        let Ok(place) = room.clone().try_acquire_owned() else {
            continue;
        };
        let door = door.clone();
        connections.spawn(async move {
            door.connection(stream).await;
            drop(place);
        });
    }
}

impl Door {
    async fn connection(self, stream: TcpStream) {
        // Answers are small; without this they wait for the peer's acknowledgement.
        let _ = stream.set_nodelay(true);
        let idle = self.receiver.settings.idle;
        match (self.tls, self.protocol) {
            (None, Protocol::Grpc) => talk(stream, self.protocol, true, self.receiver).await,
            (None, Protocol::Http) => {
                let mut closing = self.receiver.closing.clone();
                let spoken = tokio::select! {
                    spoken = timeout(idle, speaks_http2(&stream)) => spoken,
                    () = closed(&mut closing) => return,
                };
                if let Ok(Some(is_http2)) = spoken {
                    talk(stream, self.protocol, is_http2, self.receiver).await;
                }
            }
            (Some(tls), protocol) => {
                let mut closing = self.receiver.closing.clone();
                let shaken = tokio::select! {
                    shaken = timeout(idle, tls.accept(stream)) => shaken,
                    () = closed(&mut closing) => return,
                };
                match shaken {
                    Ok(Ok(stream)) => {
                        let is_http2 = protocol == Protocol::Grpc
                            || stream.get_ref().1.alpn_protocol() == Some(b"h2");
                        talk(stream, protocol, is_http2, self.receiver).await;
                    }
                    Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
                    Err(_) => tracing::debug!("a TLS handshake did not end in time"),
                }
            }
        }
    }
}

async fn talk<S>(stream: S, protocol: Protocol, is_http2: bool, receiver: Arc<Receiver>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let idle = receiver.settings.idle;
    let closing = receiver.closing.clone();
    let used = Arc::new(AtomicBool::new(false));
    let io = TokioIo::new(stream);
    match (protocol, is_http2) {
        (Protocol::Grpc, _) => {
            let service = used_service(receiver, used.clone(), otlp_grpc::serve);
            let connection = http2_builder(idle).serve_connection(io, service);
            drive(
                connection,
                http2::Connection::graceful_shutdown,
                closing,
                idle,
                used,
            )
            .await;
        }
        (Protocol::Http, true) => {
            let service = used_service(receiver, used.clone(), otlp_http::serve);
            let connection = http2_builder(idle).serve_connection(io, service);
            drive(
                connection,
                http2::Connection::graceful_shutdown,
                closing,
                idle,
                used,
            )
            .await;
        }
        (Protocol::Http, false) => {
            let service = used_service(receiver, used.clone(), otlp_http::serve);
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(idle)
                .max_headers(HEADERS)
                .max_buf_size(HEAD_BYTES.max(64 << 10))
                .serve_connection(io, service);
            drive(
                connection,
                http1::Connection::graceful_shutdown,
                closing,
                idle,
                used,
            )
            .await;
        }
    }
}

fn used_service<F, R, B>(
    receiver: Arc<Receiver>,
    used: Arc<AtomicBool>,
    serve: F,
) -> impl hyper::service::Service<
    Request<Incoming>,
    Response = Response<B>,
    Error = Infallible,
    Future = R,
>
where
    F: Fn(Arc<Receiver>, Request<Incoming>) -> R,
    R: Future<Output = Result<Response<B>, Infallible>>,
    B: http_body::Body,
{
    service_fn(move |request| {
        used.store(true, Ordering::Relaxed);
        serve(receiver.clone(), request)
    })
}

fn http2_builder(idle: Duration) -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .keep_alive_interval(idle)
        .keep_alive_timeout(idle)
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEAD_BYTES as u32)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(64 << 10);
    builder
}

/// Runs the connection to its end, or to a graceful one when we close or nothing is ever asked.
async fn drive<C, E>(
    connection: C,
    graceful: fn(std::pin::Pin<&mut C>),
    mut closing: watch::Receiver<bool>,
    idle: Duration,
    used: Arc<AtomicBool>,
) where
    C: Future<Output = Result<(), E>>,
    E: std::fmt::Display,
{
    let mut connection = std::pin::pin!(connection);
    let mut first_request = std::pin::pin!(sleep(idle));
    let mut waiting_for_first = true;
    let mut ending = false;
    let mut cut = std::pin::pin!(sleep(idle));
    loop {
        tokio::select! {
            ended = &mut connection => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "a connection ended early");
                }
                return;
            }
            () = closed(&mut closing), if !ending => {
                graceful(connection.as_mut());
                ending = true;
                cut.as_mut().reset(Instant::now() + AT_END);
            }
            // A peer that neither sends nor reads: what it sent is not acknowledged.
            () = &mut cut, if ending => return,
            () = &mut first_request, if waiting_for_first => {
                waiting_for_first = false;
                if !used.load(Ordering::Relaxed) {
                    graceful(connection.as_mut());
                    // A peer that did not even finish its handshake gets no second period.
                    let _ = timeout(Duration::from_secs(1), &mut connection).await;
                    return;
                }
            }
        }
    }
}

/// Returns when the server closes.
pub(super) async fn closed(closing: &mut watch::Receiver<bool>) {
    // An error means that whoever could say so is gone, which is the same.
    let _ = closing.wait_for(|closing| *closing).await;
}

/// Looks at the first bytes without taking them; `None` when the peer hangs up.
async fn speaks_http2(stream: &TcpStream) -> Option<bool> {
    let mut first = [0; 3];
    loop {
        match stream.peek(&mut first).await {
            Ok(0) | Err(_) => return None,
            Ok(3) => return Some(&first == b"PRI"),
            Ok(len) if !b"PRI".starts_with(&first[..len]) => return Some(false),
            // Two bytes of a preface: readiness does not change until they are taken.
            Ok(_) => sleep(Duration::from_millis(5)).await,
        }
    }
}
