//! A listener for console and API: takes an address, serves a router, lets requests in flight
//! finish when told to stop.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use http::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use waybill_model::problem::{Code, Problem};

/// Further connections wait in the kernel's queue.
const CONNECTIONS: usize = 2_048;
/// For a TLS handshake, and for the head of a request.
const PATIENCE: Duration = Duration::from_secs(10);

/// Takes an address; `key` is the configuration's word for it.
pub async fn bind(key: &str, address: SocketAddr) -> Result<TcpListener, Problem> {
    TcpListener::bind(address).await.map_err(|error| {
        let (code, hint) = match error.kind() {
            ErrorKind::AddrInUse => (
                Code::PortInUse,
                format!("Stop what listens there (ss -ltnp names it), or set {key} to another."),
            ),
            ErrorKind::PermissionDenied => (
                Code::ConfigInvalid,
                format!("Ports below 1024 need a right of their own: set {key} to another."),
            ),
            _ => (
                Code::ConfigInvalid,
                format!("Set {key} to an address of this machine."),
            ),
        };
        Problem::new(code, format!("cannot listen on {address}: {error}"), hint)
    })
}

/// Runs until `stop`, then waits up to `drain` for requests in flight.
pub async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
    stop: CancellationToken,
    drain: Duration,
) {
    let graceful = GracefulShutdown::new();
    let slots = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(slot) = slots.clone().acquire_owned().await else {
            break;
        };
        let (stream, peer) = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of descriptors, most likely: the connections that end free some.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
        };
        let connection = Connection {
            peer,
            router: router.clone(),
            watcher: graceful.watcher(),
        };
        let tls = tls.clone();
        tokio::spawn(async move {
            let _slot = slot;
            // Answers are small and whole: nothing is gained by waiting for more to send.
            let _ = stream.set_nodelay(true);
            match tls {
                None => connection.run(stream, false).await,
                Some(tls) => {
                    let handshake = tokio::time::timeout(PATIENCE, tls.accept(stream));
                    if let Ok(Ok(stream)) = handshake.await {
                        let is_h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                        connection.run(stream, is_h2).await;
                    }
                }
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(drain, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("requests still ran at the end of the drain and were cut");
    }
}

struct Connection {
    peer: SocketAddr,
    router: Router,
    watcher: Watcher,
}

impl Connection {
    /// Handlers find the other end as `ConnectInfo<SocketAddr>`.
    async fn run(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, is_h2: bool) {
        let peer = self.peer;
        let service = self
            .router
            .map_request(move |mut request: Request<Incoming>| {
                request.extensions_mut().insert(ConnectInfo(peer));
                request
            });
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(PATIENCE);
        builder
            .http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(PATIENCE)
            .keep_alive_timeout(PATIENCE)
            .max_concurrent_streams(64);
        // Without TLS, telling the versions apart would wait for bytes without a limit of time.
        let builder = match is_h2 {
            true => builder.http2_only(),
            false => builder.http1_only(),
        };
        let serving = builder
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
            .into_owned();
        if let Err(error) = self.watcher.watch(serving).await {
            // Whoever went away is nobody's fault here.
            tracing::debug!(%peer, error, "a connection ended early");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;
    use tokio::sync::Notify;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";

    #[tokio::test]
    async fn a_taken_port_is_named() {
        let first = bind("server.listen", "127.0.0.1:0".parse().unwrap())
            .await
            .unwrap();
        let address = first.local_addr().unwrap();
        let problem = bind("server.listen", address).await.unwrap_err();
        assert_eq!(problem.code, Code::PortInUse);
        assert!(problem.message.contains(&address.to_string()));
        assert!(problem.hint.contains("server.listen"));
    }

    #[tokio::test]
    async fn requests_in_flight_finish_and_new_ones_are_not_taken() {
        let entered = Arc::new(Notify::new());
        let release = Arc::new(Notify::new());
        let (enter, leave) = (entered.clone(), release.clone());
        let router = Router::new().route(
            "/",
            get(
                move |ConnectInfo(peer): ConnectInfo<SocketAddr>| async move {
                    enter.notify_one();
                    leave.notified().await;
                    format!("for {}", peer.ip())
                },
            ),
        );
        let listener = bind("server.listen", "127.0.0.1:0".parse().unwrap())
            .await
            .unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let drain = Duration::from_secs(30);
        let server = tokio::spawn(serve(listener, None, router, stop.clone(), drain));

        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(REQUEST).await.unwrap();
        entered.notified().await;
        stop.cancel();
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
        release.notify_one();
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.ends_with("for 127.0.0.1"), "{answer}");
        server.await.unwrap();
    }
}
