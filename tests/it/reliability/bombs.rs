//! Bombs: small on the wire and large within, or lying about their size. Each is refused, and none
//! costs more than twice the limit of one request.

use std::cell::Cell;
use std::io::Write;

use flate2::{Compress, Compression, FlushCompress};
use reqwest::{Client, StatusCode};
use serde_json::json;
use waybill_tests::child::{forget_peak, memory};
use waybill_tests::otlp::{self, PRODUCER, a_span, one_message, random_id};
use waybill_tests::server::Server;
use waybill_tests::wait;

/// As the configuration's default of `ingest.max_request_bytes`.
const LIMIT: u64 = 16 << 20;
const GIB: u64 = 1 << 30;
const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";

struct Bomb {
    name: &'static str,
    kind: &'static str,
    compression: Option<&'static str>,
    body: Vec<u8>,
    /// The request as a whole; else its spans are rejected by name, and the request is answered OK.
    is_refused: bool,
}

#[tokio::test(flavor = "multi_thread")]
async fn bombs_cost_at_most_twice_the_limit() {
    drop_bombs(GIB, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "make soak: bombs of 10 GiB, each twenty times"]
async fn soak_bombs_of_ten_gibibytes() {
    drop_bombs(10 * GIB, 20).await;
}

async fn drop_bombs(zeros: u64, times: usize) {
    let mut server = Server::start().await;
    let pid = server.process().id();
    // Warm: the threads that decode large bodies have been used, the connections to Postgres too.
    // Nothing of it is about messages, so that nothing follows it in the background.
    let large = (0..10_000).map(|_| a_span(&random_id::<16>(), &[], "warm", PRODUCER, Vec::new()));
    let request = otlp::request("shop", large.collect());
    for _ in 0..3 {
        assert!(otlp::post(&server.otlp_http, &request).await.is_success());
    }
    for bomb in bombs(zeros) {
        for _ in 0..times {
            weigh(pid, bomb.name, throw(&server, &bomb)).await;
            if bomb.kind == PROTOBUF {
                weigh(pid, bomb.name, throw_grpc(&server, &bomb)).await;
            }
        }
    }
    lying_lengths(&server).await;
    assert!(server.process().has_ended().is_none());
    assert!(!server.process().log_text().contains("panicked"));
    let good = one_message("kafka", "orders", "after", 1);
    let request = otlp::request("shop", vec![good.producer]);
    assert!(otlp::post(&server.otlp_http, &request).await.is_success());
}

async fn throw(server: &Server, bomb: &Bomb) {
    let refused = async || {
        let status = server.api("/status").await;
        let refused = status["ingest"]["refused_requests"].as_object().unwrap();
        refused.values().map(|n| n.as_u64().unwrap()).sum::<u64>()
    };
    let before = refused().await;
    let mut post = Client::new()
        .post(format!("{}/v1/traces", server.otlp_http))
        .header("content-type", bomb.kind)
        .body(bomb.body.clone());
    if let Some(compression) = bomb.compression {
        post = post.header("content-encoding", compression);
    }
    // Refused in the midst of sending, a client may see the connection end instead of the answer.
    match post.send().await.map(|answer| answer.status()) {
        Ok(StatusCode::OK) => assert!(!bomb.is_refused, "{}", bomb.name),
        Ok(status) => {
            let fits = [StatusCode::PAYLOAD_TOO_LARGE, StatusCode::BAD_REQUEST].contains(&status);
            assert!(fits && bomb.is_refused, "{}: {status}", bomb.name);
        }
        Err(error) => assert!(bomb.is_refused, "{}: {error:?}", bomb.name),
    }
    assert_eq!(
        refused().await - before,
        u64::from(bomb.is_refused),
        "{}",
        bomb.name
    );
}

async fn throw_grpc(server: &Server, bomb: &Bomb) {
    let mut framed = vec![u8::from(bomb.compression.is_some())];
    framed.extend(u32::try_from(bomb.body.len()).unwrap().to_be_bytes());
    framed.extend(&bomb.body);
    let status = call(server, framed, bomb.compression).await;
    let fits: &[&str] = match bomb.is_refused {
        true => &["3", "8", "cut"],
        false => &["0"],
    };
    assert!(fits.contains(&status.as_str()), "{}: {status}", bomb.name);
}

/// What it cost the server at its peak.
async fn weigh(pid: u32, name: &str, thrown: impl Future<Output = ()>) {
    quiet(pid).await;
    forget_peak(pid);
    let baseline = memory(pid).peak;
    thrown.await;
    let peak = memory(pid).peak;
    println!(
        "{name}: {} MiB over {} MiB",
        peak.saturating_sub(baseline) >> 20,
        baseline >> 20
    );
    assert!(peak <= baseline + 2 * LIMIT, "{name}: {baseline} {peak}");
}

/// Until what went before is done with: nothing is given back or taken for a moment.
async fn quiet(pid: u32) {
    let last = Cell::new(0);
    wait::until("the server is quiet", || {
        let rss = memory(pid).rss;
        let stands = last.replace(rss) == rss;
        async move { stands.then_some(()) }
    })
    .await;
}

async fn call(server: &Server, framed: Vec<u8>, compression: Option<&str>) -> String {
    let service = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
    let client = Client::builder().http2_prior_knowledge().build().unwrap();
    let mut post = client
        .post(format!("{}{service}", server.otlp_grpc))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(framed);
    if let Some(compression) = compression {
        post = post.header("grpc-encoding", compression);
    }
    match post.send().await {
        Ok(answer) => match answer.headers().get("grpc-status") {
            Some(status) => status.to_str().unwrap().to_owned(),
            None => "0".to_owned(),
        },
        Err(_) => "cut".to_owned(),
    }
}

/// Frames whose length is not that of what follows.
async fn lying_lengths(server: &Server) {
    let body = prost::Message::encode_to_vec(&otlp::request("shop", Vec::new()));
    for len in [0, 1, body.len() as u32 + 1, LIMIT as u32 * 4, u32::MAX] {
        let mut framed = vec![0];
        framed.extend(len.to_be_bytes());
        framed.extend(&body);
        let status = call(server, framed, None).await;
        assert!(["3", "8"].contains(&status.as_str()), "{len}: {status}");
    }
    // A field that claims four gibibytes.
    let lie = vec![0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f, 1, 2, 3];
    let (status, _) = otlp::post_bytes(&server.otlp_http, lie, &[]).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

fn bombs(zeros: u64) -> Vec<Bomb> {
    let bomb = |name, body, is_refused| Bomb {
        name,
        kind: PROTOBUF,
        compression: None,
        body,
        is_refused,
    };
    let packed = |name, compression, body| Bomb {
        compression: Some(compression),
        ..bomb(name, body, true)
    };
    let json = |name, body: String, is_refused| Bomb {
        kind: JSON,
        ..bomb(name, body.into_bytes(), is_refused)
    };
    let deep = "{\"arrayValue\":{\"values\":[".repeat(10_000) + &"]}}".repeat(10_000);
    let deep = format!(
        "{{\"resourceSpans\":[{{\"scopeSpans\":[{{\"spans\":[{{\"attributes\":[{{\"key\":\"k\",\"value\":{deep}}}]}}]}}]}}]}}"
    );
    let many = json!({"resourceSpans": [{"scopeSpans": [{"spans": [
        {"attributes": vec![json!({"key": "k"}); 1_000_000]}
    ]}]}]});
    vec![
        packed("zeros in gzip", "gzip", gzip_zeros(zeros)),
        packed("zeros in zstd", "zstd", zstd_zeros(zeros)),
        packed("a text of 64 MiB in gzip", "gzip", gzip_zeros(64 << 20)),
        packed(
            "a million links in gzip",
            "gzip",
            gzip(&span(&link().repeat(1_000_000))),
        ),
        bomb(
            "a text of 64 MiB",
            span(&field(5, &vec![b'x'; 64 << 20])),
            true,
        ),
        bomb(
            "a value nested 10,000 times",
            span(&field(9, &nested(10_000))),
            false,
        ),
        bomb(
            "a million attributes",
            span(&field(9, &field(1, b"k")).repeat(1_000_000)),
            false,
        ),
        bomb(
            "a million empty attributes",
            span(&[0x4a, 0].repeat(1_000_000)),
            false,
        ),
        bomb("a million links", span(&link().repeat(1_000_000)), true),
        bomb(
            "a million empty links",
            span(&[0x6a, 0].repeat(1_000_000)),
            false,
        ),
        json("JSON nested 10,000 times", deep, false),
        json("JSON with a million attributes", many.to_string(), false),
        json("JSON of brackets", "[".repeat(15 << 20), true),
    ]
}

/// A request of one span: fields 1, 2 and 2 hold each other.
fn span(content: &[u8]) -> Vec<u8> {
    let ids = [field(1, &[7; 16]), field(2, &[8; 8])].concat();
    let span = field(2, &[ids.as_slice(), content].concat());
    field(1, &field(2, &span))
}

/// A link that looks good.
fn link() -> Vec<u8> {
    field(13, &[field(1, &[7; 16]), field(2, &[8; 8])].concat())
}

/// An attribute whose value is a list in a list in a list …
fn nested(depth: usize) -> Vec<u8> {
    let mut value = Vec::new();
    for _ in 0..depth {
        value = field(5, &field(1, &value));
    }
    [field(1, b"k"), field(2, &value)].concat()
}

fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut field = vec![number << 3 | 2];
    let mut len = content.len();
    while len >= 0x80 {
        field.push(len as u8 | 0x80);
        len >>= 7;
    }
    field.push(len as u8);
    field.extend_from_slice(content);
    field
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// As gzip would write them: the same block again and again.
fn gzip_zeros(bytes: u64) -> Vec<u8> {
    const BLOCK: usize = 1 << 20;
    let mut compress = Compress::new(Compression::best(), false);
    let zeros = vec![0; BLOCK];
    let mut block = Vec::with_capacity(BLOCK);
    let mut second = Vec::with_capacity(BLOCK);
    for out in [&mut block, &mut second] {
        compress
            .compress_vec(&zeros, out, FlushCompress::Full)
            .unwrap();
    }
    // A full flush forgets what was before, so that each block stands for itself.
    assert_eq!(block, second);
    let head = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 0xff];
    let blocks = (bytes / BLOCK as u64).max(1) as usize;
    [head.to_vec(), block.repeat(blocks)].concat()
}

/// A frame of blocks that say "128 KiB of this byte". Source: RFC 8878, 3.1.1.
fn zstd_zeros(bytes: u64) -> Vec<u8> {
    const BLOCK: u32 = 128 << 10;
    // No size told; a window of 128 KiB.
    let head = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38];
    let run = (BLOCK << 3 | 1 << 1).to_le_bytes();
    let block = [run[0], run[1], run[2], 0];
    let blocks = (bytes / u64::from(BLOCK)) as usize;
    [head.to_vec(), block.repeat(blocks), vec![1, 0, 0]].concat()
}
