//! Bombs, lies and senders that never finish. Neighbours are served all the while.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::support::*;

#[tokio::test]
async fn bombs_are_refused_for_good() {
    let memory = Arc::new(Memory::default());
    let ingest = start(settings(), &memory).await;
    let zeros = vec![0; 64 << 20];
    let bombs = [
        ("gzip", gzip(&zeros)),
        ("zstd", zstd::encode_all(&zeros[..], 1).unwrap()),
    ];
    for (name, bomb) in bombs {
        let headers = [
            ("content-type", "application/x-protobuf"),
            ("content-encoding", name),
        ];
        let answer = post(&ingest, "/v1/traces", &headers, bomb.clone()).await;
        assert_eq!(
            (answer.status, answer.header("retry-after")),
            (413, ""),
            "{name}"
        );
        let answer = call(&ingest, &[("grpc-encoding", name)], 1, bomb).await;
        assert_eq!(answer.grpc_status(), 8, "{name}");
        assert!(answer.header("grpc-message").starts_with("too_large"));
        let details = answer.header("grpc-status-details-bin");
        assert!(!String::from_utf8_lossy(&decode64(details)).contains("RetryInfo"));
    }
    assert_eq!(
        call_raw(&ingest, &[], vec![0, 0xff, 0xff, 0xff, 0xff, 1])
            .await
            .grpc_status(),
        8
    );
    assert_eq!(post_traces(&ingest, body(0..1)).await.status, 200);
}

fn decode64(text: &str) -> Vec<u8> {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD_NO_PAD
        .decode(text)
        .unwrap()
}

#[tokio::test]
async fn whoever_does_not_finish_is_let_go() {
    let memory = Arc::new(Memory::default());
    let ingest = start(settings(), &memory).await;
    let http = ingest.otlp_http().unwrap();
    let grpc = ingest.otlp_grpc().unwrap();
    let starts: [(std::net::SocketAddr, &[u8]); 6] = [
        (http, b""),
        (http, b"PR"),
        (http, b"POST /v1/traces HTTP/1.1\r\nhost: w\r\nx-slow: "),
        (http, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        (grpc, b""),
        (grpc, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ];
    for (address, start) in starts {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(start).await.unwrap();
        let started = Instant::now();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
        assert!(started.elapsed() < Duration::from_secs(5), "{start:?}");
    }
    let mut stream = TcpStream::connect(http).await.unwrap();
    let head = b"POST /v1/traces HTTP/1.1\r\nhost: w\r\ncontent-type: application/x-protobuf\r\ncontent-length: 9\r\n\r\n1";
    stream.write_all(head).await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 408");
    assert_eq!(post_traces(&ingest, body(0..1)).await.status, 200);
}

#[tokio::test]
async fn connections_and_heads_are_bounded() {
    let memory = Arc::new(Memory::default());
    let mut few = settings();
    few.connections = 4;
    few.idle = Duration::from_secs(60);
    let ingest = start(few, &memory).await;
    let address = ingest.otlp_http().unwrap();
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(TcpStream::connect(address).await.unwrap());
    }
    let mut fifth = TcpStream::connect(address).await.unwrap();
    assert_eq!(fifth.read(&mut [0; 1]).await.unwrap_or(0), 0);
    drop(held);
    // The places are free again once the server has seen them go.
    let started = Instant::now();
    let served = loop {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let many = "x: y\r\n".repeat(500);
        let head = format!("POST /v1/traces HTTP/1.1\r\nhost: w\r\n{many}\r\n");
        let _ = stream.write_all(head.as_bytes()).await;
        let mut answer = [0; 12];
        if stream.read_exact(&mut answer).await.is_ok() {
            break answer;
        }
        assert!(started.elapsed() < Duration::from_secs(10));
    };
    assert_eq!(&served, b"HTTP/1.1 431");
}

/// Mutated requests over both transports: never a panic, never a 5xx but 503.
#[tokio::test]
async fn mutated_bodies_get_an_answer_that_fits() {
    let memory = Arc::new(Memory::default());
    let ingest = start(settings(), &memory).await;
    let whole = gzip(&body(0..20));
    let mut seed = 0x5eed_u64;
    println!("seed {seed:#x}");
    for _ in 0..150 {
        let mut bytes = whole.clone();
        for _ in 0..3 {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let at = (seed >> 33) as usize % bytes.len();
            bytes[at] ^= (seed >> 20) as u8;
        }
        let headers = [
            ("content-type", "application/x-protobuf"),
            ("content-encoding", "gzip"),
        ];
        let status = post(&ingest, "/v1/traces", &headers, bytes.clone())
            .await
            .status;
        assert!([200, 400, 413].contains(&status), "{status}");
        let status = call(&ingest, &[("grpc-encoding", "gzip")], 1, bytes)
            .await
            .grpc_status();
        assert!([0, 3, 8].contains(&status), "{status}");
    }
}
