//! A RocketMQ of this run (name server, one broker, proxy), shared by all tests, each with topics
//! and groups of its own names; and the few administrative calls that set a scene on any RocketMQ.
//!
//! ```ignore
//! let rocket = tokio::task::spawn_blocking(Rocket::shared).await.unwrap();
//! let site = rocket.site();
//! site.topic("orders", 2, Kind::Normal);
//! site.group("billing", 2);
//! site.send("orders", 0, "KEYS\u{1}order-1\u{2}", b"one");
//! assert_eq!(site.pull("orders", 0, 0)[0].body, b"one");
//! ```

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::brokers::Brokers;
use crate::rocketmq_wire::{Answer, Stored, call, stored};

pub struct Rocket {
    brokers: Brokers,
}

static SHARED: OnceLock<Rocket> = OnceLock::new();

impl Rocket {
    /// Started by the first test that asks; blocks until it answers.
    pub fn shared() -> &'static Self {
        SHARED.get_or_init(|| Self {
            brokers: Brokers::start(&["rocketmq"]),
        })
    }

    pub fn site(&self) -> Site {
        Site {
            namesrv: self.brokers.address("ROCKETMQ_NAMESRV").to_owned(),
            broker: self.brokers.address("ROCKETMQ_BROKER").to_owned(),
        }
    }

    /// Where clients of the remoting protocol reach the proxy.
    pub fn proxy(&self) -> &str {
        self.brokers.address("ROCKETMQ_PROXY")
    }

    /// Where gRPC clients reach the proxy.
    pub fn proxy_grpc(&self) -> &str {
        self.brokers.address("ROCKETMQ_PROXY_GRPC")
    }
}

/// What a topic is for; the proxy refuses messages of another kind.
#[derive(Clone, Copy)]
pub enum Kind {
    Normal,
    Delay,
    Fifo,
    Transaction,
}

/// A name server and the broker that is asked, each `host:port`. All calls block.
#[derive(Clone)]
pub struct Site {
    pub namesrv: String,
    pub broker: String,
}

impl Site {
    /// A topic that the name server routes to when this returns.
    pub fn topic(&self, name: &str, queues: u32, kind: Kind) {
        let queues = queues.to_string();
        let kind = match kind {
            Kind::Normal => "NORMAL",
            Kind::Delay => "DELAY",
            Kind::Fifo => "FIFO",
            Kind::Transaction => "TRANSACTION",
        };
        let attributes = format!("+message.type={kind}");
        // A retry topic has no such attribute.
        let attributes = (!name.starts_with('%')).then_some(("attributes", attributes.as_str()));
        let mut fields = vec![
            ("topic", name),
            ("defaultTopic", "TBW102"),
            ("readQueueNums", &queues),
            ("writeQueueNums", &queues),
            ("perm", "6"),
            ("topicFilterType", "SINGLE_TAG"),
            ("topicSysFlag", "0"),
            ("order", "false"),
        ];
        fields.extend(attributes);
        self.ask(17, &fields, b"");
        let deadline = Instant::now() + Duration::from_secs(30);
        while call(&self.namesrv, 105, &[("topic", name)], b"")
            .unwrap()
            .code
            != 0
        {
            assert!(Instant::now() < deadline, "no route to {name}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// A consumer group, and its retry topic: born with the first consumer, it would be heard of by
    /// that consumer 30 s later. `retries` counts for gRPC consumers; remoting ones bring their own.
    pub fn group(&self, name: &str, retries: u32) {
        let config = serde_json::json!({
            "groupName": name, "consumeEnable": true, "retryQueueNums": 1,
            "retryMaxTimes": retries,
            // Of gRPC consumers; the last one holds for all that follow.
            "groupRetryPolicy": {
                "type": "CUSTOMIZED", "customizedRetryPolicy": { "next": [1000] },
            },
        });
        self.ask(200, &[], config.to_string().as_bytes());
        self.topic(&format!("%RETRY%{name}"), 1, Kind::Normal);
    }

    /// `properties` are `NAME \x01 value \x02` repeated. Answers the offset in the queue.
    pub fn send(&self, topic: &str, queue: u32, properties: &str, body: &[u8]) -> i64 {
        let born = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap()
            .as_millis()
            .to_string();
        let fields = [
            ("producerGroup", "waybill-tests"),
            ("topic", topic),
            ("defaultTopic", "TBW102"),
            ("defaultTopicQueueNums", "4"),
            ("queueId", &queue.to_string()),
            ("sysFlag", "0"),
            ("bornTimestamp", &born),
            ("flag", "0"),
            ("properties", properties),
            ("reconsumeTimes", "0"),
            ("unitMode", "false"),
            ("batch", "false"),
        ];
        self.ask(10, &fields, body).fields["queueOffset"]
            .parse()
            .unwrap()
    }

    /// Up to 32 messages from `offset` on; none where there are none yet, or no such topic. No group is touched.
    pub fn pull(&self, topic: &str, queue: u32, offset: i64) -> Vec<Stored> {
        let answer = call(
            &self.broker,
            11,
            &[
                ("consumerGroup", "TOOLS_CONSUMER"),
                ("topic", topic),
                ("queueId", &queue.to_string()),
                ("queueOffset", &offset.to_string()),
                ("maxMsgNums", "32"),
                ("sysFlag", "4"),
                ("commitOffset", "0"),
                ("suspendTimeoutMillis", "0"),
                ("subscription", "*"),
                ("subVersion", "0"),
                ("expressionType", "TAG"),
            ],
            b"",
        )
        .unwrap();
        match answer.code {
            0 => stored(&answer.body),
            // No such topic; nothing there yet; the offset lies outside what is there.
            17 | 19..=21 => Vec::new(),
            _ => panic!("pull of {topic}: {answer:?}"),
        }
    }

    /// Every message of queue 0, the oldest first; for topics that a test alone fills.
    pub fn all(&self, topic: &str) -> Vec<Stored> {
        let mut all: Vec<Stored> = Vec::new();
        loop {
            let next = all.last().map_or(0, |last| last.queue_offset + 1);
            let more = self.pull(topic, 0, next);
            if more.is_empty() {
                return all;
            }
            all.extend(more);
        }
    }

    /// Where the group stands in a queue; `None` where it never committed.
    pub fn committed(&self, group: &str, topic: &str, queue: u32) -> Option<i64> {
        let queue = queue.to_string();
        let fields = [
            ("consumerGroup", group),
            ("topic", topic),
            ("queueId", &queue),
            // Else a group that never committed stands at 0 where a queue is whole.
            ("setZeroIfNotFound", "false"),
        ];
        let answer = call(&self.broker, 14, &fields, b"").unwrap();
        (answer.code == 0).then(|| answer.fields["offset"].parse().unwrap())
    }

    /// Where the next message of a queue will lie.
    pub fn max_offset(&self, topic: &str, queue: u32) -> i64 {
        let fields = [("topic", topic), ("queueId", &queue.to_string())];
        self.ask(30, &fields, b"").fields["offset"].parse().unwrap()
    }

    fn ask(&self, code: u16, fields: &[(&str, &str)], body: &[u8]) -> Answer {
        let answer = call(&self.broker, code, fields, body).unwrap();
        assert_eq!(answer.code, 0, "code {code} {fields:?}: {answer:?}");
        answer
    }
}
