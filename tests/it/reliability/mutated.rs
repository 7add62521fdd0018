//! Damaged telemetry over every way in: each gets an answer that fits, nothing breaks, memory stays
//! within bounds.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use reqwest::Client;
use waybill_tests::child::{forget_peak, memory};
use waybill_tests::history::{Random, seed};
use waybill_tests::otlp::{self, one_message};
use waybill_tests::server::Server;

use super::mutation::{Corpus, Signal};

const SENDERS: u64 = 8;
/// Over what it took when it was warm. The bound of all requests together is the larger part.
const GROWTH_BYTES: u64 = 192 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn mutated_payloads_get_an_answer_that_fits() {
    throw(20_000).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "make fuzz: a million payloads, some minutes"]
async fn fuzz_a_million_mutated_payloads() {
    throw(1_000_000).await;
}

async fn throw(payloads: u64) {
    let mut server = Server::start().await;
    let warm = one_message("kafka", "orders", "warm", 1);
    let request = otlp::request("shop", vec![warm.producer, warm.consumer]);
    assert!(otlp::post(&server.otlp_http, &request).await.is_success());
    server.api("/journeys").await;
    let pid = server.process().id();
    forget_peak(pid);
    let before = memory(pid).rss;

    let seed = seed();
    let corpus = Arc::new(Corpus::read());
    let began = Instant::now();
    let senders: Vec<_> = (0..SENDERS)
        .map(|n| {
            let thrower = Thrower {
                random: Random(seed ^ n.rotate_left(40)),
                corpus: corpus.clone(),
                plain: Client::new(),
                http2: Client::builder().http2_prior_knowledge().build().unwrap(),
                http: server.otlp_http.clone(),
                grpc: server.otlp_grpc.clone(),
            };
            tokio::spawn(thrower.run(payloads / SENDERS))
        })
        .collect();
    let mut answers: BTreeMap<String, u64> = BTreeMap::new();
    let mut times = Vec::new();
    for sender in senders {
        let (told, took) = sender.await.unwrap();
        for (answer, count) in told {
            *answers.entry(answer).or_default() += count;
        }
        times.extend(took);
    }
    times.sort_unstable();
    let p99 = times[times.len() * 99 / 100];
    let peak = memory(pid).peak;
    println!(
        "{payloads} payloads in {:?}, p99 {p99:?}; {} MiB before, at most {} MiB; {answers:?}",
        began.elapsed(),
        before >> 20,
        peak >> 20
    );
    assert!(peak <= before + GROWTH_BYTES, "{before} {peak}");
    assert!(server.process().has_ended().is_none());
    assert!(!server.process().log_text().contains("panicked"));
    // What was stored of it can be read.
    for path in [
        "/journeys?limit=200",
        "/map",
        "/destinations",
        "/journeys?state=failed",
    ] {
        let (status, body) = server.api_status(path).await;
        assert!(status.is_success(), "{path}: {body}");
    }
    let good = one_message("kafka", "orders", "after", 2);
    let request = otlp::request("shop", vec![good.producer]);
    assert!(otlp::post(&server.otlp_http, &request).await.is_success());
    let found = server.api("/journeys?key=after").await;
    assert_eq!(found["items"].as_array().unwrap().len(), 1, "{found}");
}

struct Thrower {
    random: Random,
    corpus: Arc<Corpus>,
    plain: Client,
    http2: Client,
    http: String,
    grpc: String,
}

impl Thrower {
    async fn run(mut self, payloads: u64) -> (BTreeMap<String, u64>, Vec<Duration>) {
        let mut answers: BTreeMap<String, u64> = BTreeMap::new();
        let mut times = Vec::new();
        for _ in 0..payloads {
            let began = Instant::now();
            let answer = match self.random.below(3) {
                0 => self.grpc().await,
                1 => self.http(true).await,
                _ => self.http(false).await,
            };
            times.push(began.elapsed());
            *answers.entry(answer).or_default() += 1;
        }
        (answers, times)
    }

    async fn http(&mut self, json: bool) -> String {
        let (signal, body) = match json {
            true => self.corpus.json(&mut self.random),
            false => self.corpus.protobuf(&mut self.random),
        };
        let (body, compression) = self.compressed(body);
        let kind = match json {
            true => "application/json",
            false => "application/x-protobuf",
        };
        let body = Bytes::from(body);
        let sent = Hex(body.clone());
        let mut post = self
            .plain
            .post(format!("{}{}", self.http, signal.path()))
            .header("content-type", kind)
            .body(body);
        if let Some(compression) = compression {
            post = post.header("content-encoding", compression);
        }
        let answer = post.send().await;
        let answer = answer.unwrap_or_else(|e| panic!("{signal:?} {kind}: {e:?}: {sent}"));
        let status = answer.status().as_u16();
        assert!(
            [200, 400, 413, 429, 503].contains(&status),
            "{status}: {signal:?} {kind}: {sent}"
        );
        answer.bytes().await.unwrap();
        format!("http {status}")
    }

    async fn grpc(&mut self) -> String {
        let (signal, body) = self.corpus.protobuf(&mut self.random);
        let (body, compression) = self.compressed(body);
        let mut framed = vec![u8::from(compression.is_some())];
        framed.extend(u32::try_from(body.len()).unwrap().to_be_bytes());
        framed.extend(&body);
        // The frame itself lies now and then.
        if self.random.below(20) == 0 {
            let at = self.random.below(5) as usize;
            framed[at] = self.random.word() as u8;
        }
        let framed = Bytes::from(framed);
        let sent = Hex(framed.clone());
        let mut post = self
            .http2
            .post(format!("{}{}", self.grpc, Signal::method(signal)))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(framed);
        if let Some(compression) = compression {
            post = post.header("grpc-encoding", compression);
        }
        let answer = post.send().await;
        let answer = answer.unwrap_or_else(|e| panic!("gRPC {signal:?}: {e:?}: {sent}"));
        assert_eq!(answer.status(), 200, "gRPC {signal:?}: {sent}");
        let refused = answer.headers().get("grpc-status").cloned();
        let body = answer.bytes().await.unwrap();
        let status = match &refused {
            Some(status) => status.to_str().unwrap().to_owned(),
            // It stands in the trailers, after a message.
            None if !body.is_empty() => "0".to_owned(),
            None => panic!("no status: {sent}"),
        };
        let fits = ["0", "3", "8", "14"].contains(&status.as_str());
        assert!(fits, "grpc-status {status}: {signal:?}: {sent}");
        format!("grpc {status}")
    }

    /// Seldom, and then spoiled now and again.
    fn compressed(&mut self, body: Vec<u8>) -> (Vec<u8>, Option<&'static str>) {
        let (mut body, name) = match self.random.below(12) {
            0 => (gzip(&body), "gzip"),
            1 => (zstd::encode_all(&body[..], 1).unwrap(), "zstd"),
            _ => return (body, None),
        };
        if self.random.below(4) == 0 && !body.is_empty() {
            let at = self.random.below(body.len() as u64) as usize;
            body[at] ^= 1 << self.random.below(8);
        }
        (body, Some(name))
    }
}

/// What was sent, as a failing test tells it: it becomes a fixture.
struct Hex(Bytes);

impl std::fmt::Display for Hex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
