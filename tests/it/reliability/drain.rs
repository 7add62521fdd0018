//! Told to end under load, with senders that stall: it ends in time, well, and loses nothing.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use waybill_tests::history::{History, seed};
use waybill_tests::server::{Home, Server};

use super::{LIGHT, more, start};

/// What a service manager and senders wait for.
const DRAIN: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_ends_in_time_and_loses_nothing() {
    let mut server = Server::start_with(Home::Private, "").await;
    let from = start();
    let mut history = History::begin(&server.otlp_http, seed(), LIGHT);
    more(&history, 1_000).await;
    let stalled = stall(&server).await;
    let began = Instant::now();
    let status = server.process().terminate();
    let took = began.elapsed();
    println!("ended after {took:?}");
    assert_eq!(status.code(), Some(0), "{}", server.process().log_text());
    assert!(took <= DRAIN, "{took:?}");
    assert!(upload_answer(stalled).await.starts_with("HTTP/1.1 503"));
    server.start_again().await;
    more(&history, 1_000).await;
    history.end().await;
    history.check(&server, &from).await.assert_kept_once();
}

/// Connections that will never finish: an upload first.
async fn stall(server: &Server) -> Vec<TcpStream> {
    let upload = b"POST /v1/traces HTTP/1.1\r\nhost: w\r\ncontent-type: application/x-protobuf\r\ncontent-length: 900000\r\n\r\nhalf";
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    let (http, grpc) = (&server.otlp_http, &server.otlp_grpc);
    let starts: [(&String, &[u8]); 7] = [
        (http, upload),
        (http, b"POST /v1/traces HTTP/1.1\r\nx-slow: "),
        (http, b"PR"),
        (http, b""),
        (grpc, preface),
        (grpc, b""),
        (&server.console, b"GET /healthz HTTP/1.1\r\nx-slow: "),
    ];
    let mut stalled = Vec::new();
    for (address, start) in starts {
        let address = address.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(start).await.unwrap();
        stalled.push(stream);
    }
    // Served: the server knows all of the connections that were made before.
    let healthy = server.client.get(format!("{}/healthz", server.console));
    assert!(healthy.send().await.unwrap().status().is_success());
    stalled
}

async fn upload_answer(stalled: Vec<TcpStream>) -> String {
    let mut text = Vec::new();
    let upload = stalled.into_iter().next().unwrap();
    let _ = upload.take(4_096).read_to_end(&mut text).await;
    String::from_utf8_lossy(&text).into_owned()
}
