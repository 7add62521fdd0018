//! Reading from a broker that a test scripts: what moves, goes away and lies under the reader.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::{Buf, Bytes};
use kafka_protocol::messages::fetch_response::{FetchableTopicResponse, PartitionData};
use kafka_protocol::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsTopicResponse,
};
use kafka_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::{
    FetchRequest, FetchResponse, ListOffsetsRequest, ListOffsetsResponse, MetadataResponse,
    RequestHeader,
};
use kafka_protocol::protocol::{Decodable, StrBytes};
use serde_json::json;

use super::batch_tests::Made;
use super::topic::topic_name;
use crate::adapter::{Cluster, Reason, Refused};
use crate::browse::{Ask, Budget, Ended, Read, Shelf, Start, Stored};
use crate::kafka::wire::peer_tests::peer::{Answering, body};

/// One topic of one partition, and what a test does to it.
#[derive(Clone)]
struct Log {
    batches: Vec<(i64, Vec<u8>)>,
    low: i64,
    end: i64,
    /// Of the topic in the metadata.
    topic_error: i16,
    topic_id: u128,
    has_leader: bool,
    /// Errors of the next Fetches.
    errors: Vec<i16>,
    fetches: Vec<FetchRequest>,
}

impl Log {
    fn of(batches: &[Made]) -> Self {
        let last = batches.last().map_or(0, |made| made.end());
        Self {
            batches: batches.iter().map(|b| (b.end(), b.bytes())).collect(),
            low: 0,
            end: last,
            topic_error: 0,
            topic_id: 7,
            has_leader: true,
            errors: Vec::new(),
            fetches: Vec::new(),
        }
    }

    fn metadata(&self, port: u16) -> MetadataResponse {
        let leader = if self.has_leader { 1 } else { -1 };
        let partition = MetadataResponsePartition::default().with_leader_id(leader.into());
        let topic = MetadataResponseTopic::default()
            .with_name(Some(topic_name("orders")))
            .with_error_code(self.topic_error)
            .with_topic_id(uuid::Uuid::from_u128(self.topic_id))
            .with_topic_authorized_operations(i32::MIN)
            .with_partitions(vec![partition]);
        let broker = MetadataResponseBroker::default()
            .with_node_id(1.into())
            .with_host(StrBytes::from_static_str("127.0.0.1"))
            .with_port(port.into());
        MetadataResponse::default()
            .with_brokers(vec![broker])
            .with_topics(vec![topic])
    }

    fn offsets(&self, asked: &ListOffsetsRequest) -> ListOffsetsResponse {
        let time = asked.topics[0].partitions[0].timestamp;
        let offset = if time == -2 { self.low } else { self.end };
        let partition = ListOffsetsPartitionResponse::default().with_offset(offset);
        let topic = ListOffsetsTopicResponse::default()
            .with_name(topic_name("orders"))
            .with_partitions(vec![partition]);
        ListOffsetsResponse::default().with_topics(vec![topic])
    }

    fn fetch(&mut self, asked: FetchRequest, version: i16) -> FetchResponse {
        let from = asked.topics[0].partitions[0].fetch_offset;
        let asked_id = asked.topics[0].topic_id;
        self.fetches.push(asked);
        let scripted = if self.errors.is_empty() {
            0
        } else {
            self.errors.remove(0)
        };
        let error = match scripted {
            0 if from < self.low || from > self.end => 1,
            scripted => scripted,
        };
        let found = self.batches.iter().find(|(end, _)| *end > from);
        let records = found.filter(|_| error == 0);
        let partition = PartitionData::default()
            .with_error_code(error)
            .with_high_watermark(self.end)
            .with_last_stable_offset(self.end)
            .with_records(records.map(|(_, bytes)| Bytes::from(bytes.clone())));
        let topic = FetchableTopicResponse::default().with_partitions(vec![partition]);
        let topic = match version {
            13.. => topic.with_topic_id(asked_id),
            _ => topic.with_topic(topic_name("orders")),
        };
        FetchResponse::default().with_responses(vec![topic])
    }
}

struct Broker {
    log: Arc<Mutex<Log>>,
    cluster: Arc<dyn Cluster>,
    _answering: Answering,
}

impl Broker {
    async fn start(log: Log) -> Self {
        Self::speaking(log, (4, 17)).await
    }

    /// Which versions of Fetch.
    async fn speaking(log: Log, fetch: (i16, i16)) -> Self {
        let log = Arc::new(Mutex::new(log));
        let shared = log.clone();
        let offered = [(1, fetch.0, fetch.1), (2, 1, 10), (3, 0, 12)];
        let answering = Answering::start(&offered, move |port, key, version, frame| {
            let mut log = shared.lock().unwrap();
            let mut frame = Bytes::copy_from_slice(frame);
            let flexible = match key {
                1 => version >= 12,
                2 => version >= 6,
                _ => version >= 9,
            };
            RequestHeader::decode(&mut frame, if flexible { 2 } else { 1 }).unwrap();
            let told = match key {
                1 => {
                    let asked = FetchRequest::decode(&mut frame, version).unwrap();
                    body(&log.fetch(asked, version), version)
                }
                2 => {
                    let asked = ListOffsetsRequest::decode(&mut frame, version).unwrap();
                    body(&log.offsets(&asked), version)
                }
                _ => {
                    frame.advance(frame.remaining());
                    body(&log.metadata(port), version)
                }
            };
            assert_eq!(frame.remaining(), 0);
            told
        })
        .await;
        let settings = json!({
            "bootstrap": [answering.address()],
            "limits": { "request_ms": 2000, "connect_ms": 2000 },
        });
        let connect = crate::kafka::adapter().connect.unwrap();
        let cluster = connect.cluster("c", settings.as_object().unwrap()).unwrap();
        Self {
            log,
            cluster,
            _answering: answering,
        }
    }

    fn change(&self, change: impl FnOnce(&mut Log)) {
        change(&mut self.log.lock().unwrap());
    }

    async fn read(&self, ask: &Ask) -> Result<(Vec<i64>, Read), Refused> {
        self.watch(ask, |_| {}).await
    }

    async fn watch(
        &self,
        ask: &Ask,
        mut each: impl FnMut(&Stored) + Send,
    ) -> Result<(Vec<i64>, Read), Refused> {
        let mut offsets = Vec::new();
        let mut keep = |message: Stored| {
            each(&message);
            offsets.push(message.offset);
            ControlFlow::Continue(())
        };
        let read = self.cluster.browse().unwrap().read(ask, &mut keep).await?;
        Ok((offsets, read))
    }
}

fn ask(start: Start) -> Ask {
    Ask {
        shelf: Shelf {
            namespace: None,
            name: "orders".into(),
        },
        partition: None,
        start,
        budget: Budget {
            bytes: 1 << 20,
            time: Duration::from_secs(20),
        },
        linger: Duration::ZERO,
    }
}

fn three() -> Log {
    Log::of(&[
        Made::of(0, &["a", "b", "c"]),
        Made::of(3, &["d"]),
        Made::of(10, &["e", "f"]),
    ])
}

#[tokio::test]
async fn every_version_is_spoken_and_asks_as_a_reader_without_a_session() {
    for highest in [10, 11, 12, 17] {
        let broker = Broker::speaking(three(), (0, highest)).await;
        let (offsets, read) = broker.read(&ask(Start::Offset(1))).await.unwrap();
        assert_eq!(offsets, [1, 2, 3, 10, 11], "{highest}");
        assert_eq!((read.ended, read.next["0"]), (Ended::End, 12));
        assert_eq!((read.lows["0"], read.ends["0"]), (0, 12));
        for fetch in &broker.log.lock().unwrap().fetches {
            assert_eq!((fetch.session_id, fetch.session_epoch), (0, -1));
            assert_eq!((fetch.replica_id.0, fetch.isolation_level), (-1, 1));
        }
    }
    let old = Broker::speaking(three(), (0, 9)).await;
    let refused = old.read(&ask(Start::Earliest)).await.unwrap_err();
    assert!(refused.detail.contains("offers no Fetch"), "{refused}");
}

#[tokio::test]
async fn a_leader_that_moved_is_followed_and_nothing_is_read_twice() {
    let broker = Broker::start(three()).await;
    broker.change(|log| log.errors = vec![0, 6, 5, 0, 74]);
    let (offsets, read) = broker.read(&ask(Start::Earliest)).await.unwrap();
    assert_eq!(offsets, [0, 1, 2, 3, 10, 11]);
    assert_eq!(read.unread, []);
}

#[tokio::test]
async fn retention_that_overtakes_the_reader_is_followed() {
    let broker = Broker::start(three()).await;
    let log = broker.log.clone();
    let move_on = move |message: &Stored| {
        if message.offset == 2 {
            log.lock().unwrap().low = 10;
        }
    };
    let (offsets, read) = broker.watch(&ask(Start::Earliest), move_on).await.unwrap();
    assert_eq!(offsets, [0, 1, 2, 10, 11]);
    assert_eq!((read.ended, read.next["0"]), (Ended::End, 12));
}

#[tokio::test]
async fn a_topic_that_goes_away_is_told_of_its_partitions() {
    type Change = fn(&mut Log);
    let cases: [(Change, &str); 2] = [
        (|log| log.topic_error = 3, "has no topic"),
        (|log| log.topic_id = 8, "another of its name"),
    ];
    for (change, words) in cases {
        let broker = Broker::start(three()).await;
        let log = broker.log.clone();
        let go = move |message: &Stored| {
            if message.offset == 2 {
                let mut log = log.lock().unwrap();
                log.errors = vec![3];
                change(&mut log);
            }
        };
        let (offsets, read) = broker.watch(&ask(Start::Earliest), go).await.unwrap();
        assert_eq!(offsets, [0, 1, 2]);
        assert!(read.unread[0].1.contains(words), "{:?}", read.unread);
        assert_eq!(read.next["0"], 3);
    }
}

#[tokio::test]
async fn what_may_not_be_read_says_how_it_may() {
    let broker = Broker::start(three()).await;
    broker.change(|log| log.errors = vec![29]);
    let refused = broker.read(&ask(Start::Earliest)).await.unwrap_err();
    assert_eq!(refused.reason, Reason::Forbidden);
    let command = "--operation Read --topic 'orders'";
    assert!(refused.hint.contains(command), "{refused:?}");
}

#[tokio::test]
async fn a_partition_without_a_leader_is_unread() {
    let broker = Broker::start(three()).await;
    broker.change(|log| log.has_leader = false);
    let (offsets, read) = broker.read(&ask(Start::Earliest)).await.unwrap();
    assert_eq!((offsets.len(), read.ended), (0, Ended::End));
    assert!(read.unread[0].1.contains("no leader"), "{:?}", read.unread);
    assert_eq!(read.next, BTreeMap::from([("0".to_owned(), 0)]));
}

#[tokio::test]
async fn batches_that_cannot_be_read_are_left_out_by_name() {
    let mut log = three();
    let last = log.batches[1].1.len() - 1;
    log.batches[1].1[last] ^= 1;
    let broker = Broker::start(log).await;
    let (offsets, read) = broker.read(&ask(Start::Earliest)).await.unwrap();
    assert_eq!(offsets, [0, 1, 2, 10, 11]);
    let told = &read.unread[0].1;
    assert!(
        told.contains("3 to 3") && told.contains("checksum"),
        "{told}"
    );

    let mut log = three();
    log.batches[1].1 = vec![0xff; 100];
    let broker = Broker::start(log).await;
    let (offsets, read) = broker.read(&ask(Start::Earliest)).await.unwrap();
    assert_eq!((offsets, read.next["0"]), (vec![0, 1, 2], 3));
    assert!(read.unread[0].1.contains("no batch"), "{:?}", read.unread);
}

#[tokio::test]
async fn a_broker_that_gives_the_same_again_and_again_does_not_hold_the_reader() {
    let mut log = three();
    // Below what is asked for, whatever is asked for.
    log.batches = vec![(i64::MAX, Made::of(0, &["a"]).bytes())];
    let broker = Broker::start(log).await;
    let mut short = ask(Start::Offset(5));
    short.budget.time = Duration::from_secs(2);
    let (offsets, read) = broker.read(&short).await.unwrap();
    assert_eq!((offsets.len(), read.ended), (0, Ended::Time));
    let asked = broker.log.lock().unwrap().fetches.len();
    assert!(asked < 20, "{asked} Fetches in 2 s");
}
