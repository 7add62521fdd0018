//! Real consumers of Kafka that do what a test says, each a group of one on a topic of one partition,
//! with the spans that an instrumented one sends.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use rdkafka::Message;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::{Offset, TopicPartitionList};
use tokio::sync::mpsc;
use waybill_tests::otlp;
use waybill_tests::wait;

/// What a consumer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Does {
    Keep,
    /// So few a second.
    Slow,
    /// Fails at one message again and again.
    Fail,
    Pause,
    /// Goes back so many, and takes what comes from there on.
    GoBack,
    Leave,
}

pub const RATE: u32 = 50;
pub const SLOW: u32 = 15;
pub const BACK: i64 = 200;

/// One attempt of a group at a message.
struct Tried {
    topic: String,
    offset: i64,
    failed: bool,
}

pub struct Worker {
    does: Arc<AtomicU8>,
}

impl Worker {
    /// A group and its topic of this name, that commits so often.
    pub fn start(bootstrap: &str, name: &str, commits_every: Duration, spans: &Spans) -> Self {
        let does = Arc::new(AtomicU8::new(Does::Keep as u8));
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", bootstrap)
            .set("group.id", name)
            .set("enable.auto.commit", "false")
            .set("auto.offset.reset", "earliest")
            .set("session.timeout.ms", "10000")
            .create()
            .unwrap();
        consumer.subscribe(&[name]).unwrap();
        let mut work = Work {
            name: name.to_owned(),
            consumer,
            commits_every,
            committed_at: Instant::now(),
            next: None,
            may_take_at: Instant::now(),
            spans: spans.0.clone(),
        };
        let told = does.clone();
        std::thread::spawn(move || work.run(&told));
        Self { does }
    }

    pub fn now_does(&self, does: Does) {
        self.does.store(does as u8, Ordering::SeqCst);
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.now_does(Does::Leave);
    }
}

struct Work {
    name: String,
    consumer: BaseConsumer,
    commits_every: Duration,
    committed_at: Instant,
    /// After the last one that was processed.
    next: Option<i64>,
    may_take_at: Instant,
    spans: mpsc::UnboundedSender<Tried>,
}

impl Work {
    fn run(&mut self, told: &AtomicU8) {
        let mut before = Does::Keep as u8;
        loop {
            let does = told.load(Ordering::SeqCst);
            let changed = does != before;
            before = does;
            if does == Does::Leave as u8 {
                self.commit();
                return;
            }
            if changed && does == Does::Pause as u8 {
                self.commit();
                let assigned = self.consumer.assignment().unwrap();
                self.consumer.pause(&assigned).unwrap();
            }
            if changed && does == Does::GoBack as u8 {
                self.go_back();
            }
            if does != Does::Pause as u8 && self.committed_at.elapsed() >= self.commits_every {
                self.commit();
            }
            let per_s = match does {
                does if does == Does::Slow as u8 => SLOW,
                does if does == Does::GoBack as u8 => RATE,
                _ => 10 * RATE,
            };
            if Instant::now() < self.may_take_at {
                // Heartbeats need no poll; a message that waits is not taken.
                std::thread::sleep(Duration::from_millis(2));
                continue;
            }
            let Some(Ok(message)) = self.consumer.poll(Duration::from_millis(50)) else {
                continue;
            };
            let offset = message.offset();
            drop(message);
            self.may_take_at = Instant::now() + Duration::from_secs(1) / per_s;
            let failed = does == Does::Fail as u8;
            let _ = self.spans.send(Tried {
                topic: self.name.clone(),
                offset,
                failed,
            });
            if failed {
                self.may_take_at = Instant::now() + Duration::from_millis(300);
                self.seek(offset);
            } else {
                self.next = Some(offset + 1);
            }
        }
    }

    fn go_back(&mut self) {
        if let Some(next) = self.next {
            self.next = Some(next - BACK);
            self.seek(next - BACK);
            self.commit();
        }
    }

    fn seek(&self, offset: i64) {
        let offset = Offset::Offset(offset);
        let patience = Duration::from_secs(10);
        self.consumer.seek(&self.name, 0, offset, patience).unwrap();
    }

    fn commit(&mut self) {
        self.committed_at = Instant::now();
        let Some(next) = self.next else { return };
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(&self.name, 0, Offset::Offset(next))
            .unwrap();
        // One that is refused while members change is made good by the next.
        let _ = self.consumer.commit(&list, CommitMode::Sync);
    }
}

/// Where attempts go, to be sent as spans.
pub struct Spans(mpsc::UnboundedSender<Tried>);

impl Spans {
    pub fn to(otlp_http: &str) -> Self {
        let (sender, mut receiver) = mpsc::unbounded_channel::<Tried>();
        let door = otlp_http.to_owned();
        tokio::spawn(async move {
            let mut tried = Vec::new();
            while receiver.recv_many(&mut tried, 200).await > 0 {
                let spans = tried.drain(..).flat_map(spans).collect();
                let _ = otlp::post(&door, &otlp::request("shop", spans)).await;
            }
        });
        Self(sender)
    }
}

fn spans(tried: Tried) -> Vec<opentelemetry_proto::tonic::trace::v1::Span> {
    let order = format!("order-{}", tried.offset);
    let one = otlp::one_message("kafka", &tried.topic, &order, tried.offset);
    let mut consumer = one.consumer;
    for attribute in &mut consumer.attributes {
        if attribute.key == "messaging.kafka.consumer.group" {
            *attribute = otlp::text("messaging.kafka.consumer.group", &tried.topic);
        }
    }
    if tried.failed {
        consumer = otlp::failed(consumer, "PriceMissing", "no price");
        // Sent once, tried often.
        return vec![consumer];
    }
    vec![one.producer, consumer]
}

/// Messages come at [`RATE`] into each topic until it is dropped.
pub struct Producing(tokio::task::JoinHandle<()>);

impl Producing {
    pub fn start(bootstrap: &str, topics: &[&str]) -> Self {
        let producer: FutureProducer = ClientConfig::new()
            .set("bootstrap.servers", bootstrap)
            .set("linger.ms", "5")
            .create()
            .unwrap();
        let topics: Vec<String> = topics.iter().map(|topic| (*topic).to_owned()).collect();
        Self(tokio::spawn(async move {
            let mut tick = tokio::time::interval(Duration::from_secs(1) / RATE);
            tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Burst);
            loop {
                tick.tick().await;
                for topic in &topics {
                    let record = FutureRecord::<(), str>::to(topic)
                        .partition(0)
                        .payload("{}");
                    drop(producer.send_result(record));
                }
            }
        }))
    }

    pub async fn stop(self) {
        self.0.abort();
        // Everything that was handed over is stored.
        let ended = self.0.await;
        assert!(ended.is_err_and(|error| error.is_cancelled()));
        tokio::time::timeout(wait::PATIENCE, tokio::task::yield_now())
            .await
            .unwrap();
    }
}
