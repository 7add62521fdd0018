//! The history of what was acknowledged, and the check that it was kept, once.
//!
//! Senders behave as exporters do: what was refused for now or cut off is sent again, unchanged, until
//! it is acknowledged. Every request is one trace, whose spans the history remembers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use reqwest::Client;
use serde_json::Value;
use tokio::task::JoinHandle;

use crate::otlp::{self, CONSUMER, PRODUCER, a_span, int, text};
use crate::server::Server;

pub const DESTINATION: &str = "history";
const GROUP: &str = "history-readers";

/// SplitMix64.
pub struct Random(pub u64);

impl Random {
    pub fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, end: u64) -> u64 {
        self.word() % end.max(1)
    }
}

/// The seed of a test: `WAYBILL_SEED`, else a random one; printed.
pub fn seed() -> u64 {
    let given = std::env::var("WAYBILL_SEED").ok();
    let seed = given.map_or_else(
        || getrandom::u64().unwrap(),
        |text| text.parse().expect("WAYBILL_SEED is a number"),
    );
    println!("WAYBILL_SEED={seed}");
    seed
}

/// How much is sent.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    pub senders: usize,
    pub spans_a_request: usize,
    /// Of each sender, from the beginning of one request to the next.
    pub every: Duration,
}

#[derive(Default)]
struct Told {
    /// Ids of spans by trace.
    acknowledged: BTreeMap<String, BTreeSet<String>>,
    /// By status.
    answers: BTreeMap<u16, u64>,
    cut_off: u64,
    last: Option<Instant>,
}

/// Senders under way, and what they were told.
pub struct History {
    told: Arc<Mutex<Told>>,
    end: Arc<AtomicBool>,
    senders: Vec<JoinHandle<()>>,
}

impl History {
    pub fn begin(otlp_http: &str, seed: u64, load: Load) -> Self {
        let told = Arc::new(Mutex::new(Told::default()));
        let end = Arc::new(AtomicBool::new(false));
        let senders = (0..load.senders)
            .map(|n| {
                let sender = Sender {
                    url: format!("{otlp_http}/v1/traces"),
                    random: Random(seed ^ (n as u64).rotate_left(40)),
                    load,
                    told: told.clone(),
                    end: end.clone(),
                };
                tokio::spawn(sender.run())
            })
            .collect();
        Self { told, end, senders }
    }

    pub fn acknowledged_spans(&self) -> usize {
        let told = self.told.lock().unwrap();
        told.acknowledged.values().map(BTreeSet::len).sum()
    }

    /// When something was acknowledged last.
    pub fn last(&self) -> Option<Instant> {
        self.told.lock().unwrap().last
    }

    /// Answers so far, by status.
    pub fn answers(&self) -> BTreeMap<u16, u64> {
        self.told.lock().unwrap().answers.clone()
    }

    /// Waits until what is under way is acknowledged; the server must be there.
    pub async fn end(&mut self) {
        self.end.store(true, Ordering::Relaxed);
        for sender in self.senders.drain(..) {
            sender.await.unwrap();
        }
    }

    /// Compares with what the server tells: each trace, and the counts of its roll-ups.
    pub async fn check(&self, server: &Server, from: &str) -> Verdict {
        let (acknowledged, answers, cut_off) = {
            let told = self.told.lock().unwrap();
            (
                told.acknowledged.clone(),
                told.answers.clone(),
                told.cut_off,
            )
        };
        let mut verdict = Verdict {
            answers,
            cut_off,
            ..Verdict::default()
        };
        for (trace_id, spans) in &acknowledged {
            let (status, trace) = server.api_status(&format!("/traces/{trace_id}")).await;
            let kept = match status.is_success() {
                true => span_ids(&trace),
                false => Vec::new(),
            };
            let distinct: BTreeSet<&String> = kept.iter().collect();
            verdict.acknowledged += spans.len();
            verdict.twice += kept.len() - distinct.len();
            let missing = spans.iter().filter(|id| !distinct.contains(id));
            verdict.missing += missing.count();
        }
        let map = server.api(&format!("/map?from={from}")).await;
        let seconds = map["window_ms"].as_f64().unwrap() / 1_000.0;
        let flows = map["edges"].as_array().unwrap().iter();
        let ours = flows.filter(|flow| flow["destination"] == DESTINATION);
        let counted: f64 = ours
            .map(|flow| flow["per_s"].as_f64().unwrap() * seconds)
            .sum();
        verdict.counted = counted.round() as usize;
        verdict
    }
}

#[derive(Clone, Debug, Default)]
pub struct Verdict {
    pub acknowledged: usize,
    pub missing: usize,
    pub twice: usize,
    /// Spans by the roll-ups.
    pub counted: usize,
    pub answers: BTreeMap<u16, u64>,
    pub cut_off: u64,
}

impl Verdict {
    /// Everything that was sent was acknowledged in the end, so counts are equal too.
    pub fn assert_kept_once(&self) {
        println!("{self:?}");
        assert!(self.acknowledged > 0);
        assert_eq!((self.missing, self.twice), (0, 0), "{self:?}");
        assert_eq!(self.counted, self.acknowledged, "{self:?}");
        for status in self.answers.keys() {
            assert!([200, 429, 503].contains(status), "{self:?}");
        }
    }
}

pub fn span_ids(trace: &Value) -> Vec<String> {
    let list = |value: &Value, name: &str| value[name].as_array().cloned().unwrap_or_default();
    let resources = list(trace, "resourceSpans");
    let scopes = resources.iter().flat_map(|r| list(r, "scopeSpans"));
    scopes
        .flat_map(|scope| list(&scope, "spans"))
        .map(|span| span["spanId"].as_str().unwrap().to_owned())
        .collect()
}

struct Sender {
    url: String,
    random: Random,
    load: Load,
    told: Arc<Mutex<Told>>,
    end: Arc<AtomicBool>,
}

impl Sender {
    async fn run(mut self) {
        let client = Client::builder()
            .timeout(Duration::from_secs(15))
            .build()
            .unwrap();
        while !self.end.load(Ordering::Relaxed) {
            let began = Instant::now();
            let (trace_id, spans) = self.trace();
            let ids = spans
                .iter()
                .map(|span| hex::encode(&span.span_id))
                .collect();
            let body = otlp::request("history", spans).encode_to_vec();
            self.deliver(&client, body).await;
            self.acknowledged(trace_id, ids);
            tokio::time::sleep(self.load.every.saturating_sub(began.elapsed())).await;
        }
    }

    fn acknowledged(&self, trace_id: String, ids: BTreeSet<String>) {
        let mut told = self.told.lock().unwrap();
        told.acknowledged.insert(trace_id, ids);
        told.last = Some(Instant::now());
    }

    async fn deliver(&mut self, client: &Client, body: Vec<u8>) {
        loop {
            let post = client
                .post(&self.url)
                .header("content-type", "application/x-protobuf")
                .body(body.clone());
            match post.send().await {
                Ok(answer) => {
                    let status = answer.status().as_u16();
                    // Only an answer that came whole is an acknowledgement.
                    let whole = answer.bytes().await.is_ok();
                    let mut told = self.told.lock().unwrap();
                    *told.answers.entry(status).or_default() += 1;
                    if status == 200 && whole {
                        return;
                    }
                }
                Err(_) => self.told.lock().unwrap().cut_off += 1,
            }
            let pause = 20 + self.random.below(80);
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
    }

    /// Messages of one trace, each put and processed.
    fn trace(&mut self) -> (String, Vec<Span>) {
        let trace_id = [self.random.word(), self.random.word()];
        let trace_id: Vec<u8> = trace_id.iter().flat_map(|n| n.to_be_bytes()).collect();
        let mut spans = Vec::new();
        for n in 0..self.load.spans_a_request / 2 {
            let about = |operation: &str| {
                vec![
                    text("messaging.system", "examplemq"),
                    text("messaging.destination.name", DESTINATION),
                    text("messaging.operation.type", operation),
                    text("messaging.message.id", &format!("m{:x}", self.random.0)),
                    int("messaging.batch.position", n as i64),
                ]
            };
            let name = format!("send {DESTINATION}");
            let mut put = a_span(&trace_id, &[], &name, PRODUCER, about("send"));
            let mut attributes = about("process");
            attributes.push(text("messaging.consumer.group.name", GROUP));
            let name = format!("process {DESTINATION}");
            put.span_id = self.random.word().to_be_bytes().to_vec();
            let mut got = a_span(&trace_id, &put.span_id, &name, CONSUMER, attributes);
            got.span_id = self.random.word().to_be_bytes().to_vec();
            spans.extend([put, got]);
        }
        (hex::encode(&trace_id), spans)
    }
}
