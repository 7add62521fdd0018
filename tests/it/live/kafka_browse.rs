//! Stored messages of real nodes, behind proxies that count: everything once, as it was produced,
//! within its budget, and nothing left behind.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Duration;

use rdkafka::config::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, FutureProducer, FutureRecord, Producer, ThreadedProducer};
use waybill_broker::adapter::{Reason, Refused};
use waybill_broker::browse::{Ask, Budget, Ended, Price, Read, Shelf, Start, Stored};
use waybill_broker::conformance;
use waybill_model::time::Timestamp;
use waybill_tests::kafka::tool;
use waybill_tests::wait;

use super::kafka_lab::Lab;
use super::kafka_observed::PATIENCE;

const DELETE_RECORDS: &str = "org.apache.kafka.tools.DeleteRecordsCommand";
/// ListOffsets, Metadata, DescribeLogDirs, ApiVersions and Fetch.
const BROWSING: [i16; 5] = [1, 2, 3, 18, 35];
const CODECS: [&str; 5] = ["none", "gzip", "snappy", "lz4", "zstd"];
/// Of each codec.
const EACH: usize = 25;
const BIG: usize = 1024 * 1024;
const FIRST_MS: i64 = 1_700_000_000_000;

fn shelf(name: &str) -> Shelf {
    Shelf {
        namespace: None,
        name: name.to_owned(),
    }
}

fn ask(topic: &str, start: Start) -> Ask {
    Ask {
        shelf: shelf(topic),
        partition: None,
        start,
        budget: Budget {
            bytes: 64 * 1024 * 1024,
            time: PATIENCE,
        },
        linger: Duration::ZERO,
    }
}

async fn read(lab: &Lab, ask: &Ask, enough: usize) -> Result<(Vec<Stored>, Read), Refused> {
    let mut kept = Vec::new();
    let mut keep = |message| {
        kept.push(message);
        match kept.len() >= enough {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    };
    let browse = lab.observed.cluster().browse().unwrap();
    let read = browse.read(ask, &mut keep).await?;
    Ok((kept, read))
}

async fn all(lab: &Lab, ask: &Ask) -> (Vec<Stored>, Read) {
    read(lab, ask, usize::MAX).await.unwrap()
}

fn values(messages: &[Stored], partition: &str) -> Vec<String> {
    let of = messages
        .iter()
        .filter(|message| message.partition.as_deref() == Some(partition));
    of.map(|message| String::from_utf8_lossy(message.value.as_deref().unwrap_or_default()).into())
        .collect()
}

fn producer(lab: &Lab, more: &[(&str, &str)]) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", lab.bootstrap());
    config.set("message.max.bytes", "4000000");
    for (key, value) in more {
        config.set(*key, *value);
    }
    config
}

/// What partition 0 of `orders` is given, in order: value, and whether there is one.
async fn produce_orders(lab: &Lab) -> Vec<Option<String>> {
    let mut produced = Vec::new();
    for codec in CODECS {
        // Batches, so that there is something to compress.
        let more = [("compression.type", codec), ("linger.ms", "50")];
        let producer: FutureProducer = producer(lab, &more).create().unwrap();
        let mut sent = Vec::new();
        for n in 0..EACH {
            let value = format!("{codec} {n} {}", "order ".repeat(20));
            let at = FIRST_MS + produced.len() as i64;
            let headers = OwnedHeaders::new()
                .insert(Header {
                    key: "traceparent",
                    value: Some("one"),
                })
                .insert(Header {
                    key: "traceparent",
                    value: Some("two"),
                })
                .insert(Header {
                    key: "none",
                    value: None::<&[u8]>,
                });
            let record = FutureRecord::to("orders")
                .partition(0)
                .key(codec)
                .payload(&value)
                .timestamp(at)
                .headers(headers);
            sent.push(producer.send_result(record).unwrap());
            produced.push(Some(value));
        }
        for sent in sent {
            sent.await.unwrap().unwrap();
        }
    }
    let producer: FutureProducer = producer(lab, &[]).create().unwrap();
    let big = "b".repeat(BIG);
    for value in [None, Some(""), Some(big.as_str())] {
        let mut record = FutureRecord::<str, str>::to("orders")
            .partition(0)
            .key("odd")
            .timestamp(FIRST_MS + produced.len() as i64);
        record.payload = value;
        producer.send(record, wait::PATIENCE).await.unwrap();
        produced.push(value.map(str::to_owned));
    }
    produced
}

/// Committed and aborted by turns, so that the end of partition 1 is aborted messages and markers.
async fn produce_transactions(lab: &Lab) -> Vec<String> {
    let config = producer(
        lab,
        &[("transactional.id", "t1"), ("compression.type", "lz4")],
    );
    tokio::task::spawn_blocking(move || {
        let producer: ThreadedProducer<rdkafka::producer::DefaultProducerContext> =
            config.create().unwrap();
        producer.init_transactions(wait::PATIENCE).unwrap();
        let mut committed = Vec::new();
        for round in 0..8 {
            producer.begin_transaction().unwrap();
            for n in 0..10 {
                let value = format!("round {round} {n}");
                let record = BaseRecord::<str, str>::to("orders")
                    .partition(1)
                    .payload(&value);
                producer.send(record).unwrap();
                if round % 2 == 0 {
                    committed.push(value);
                }
            }
            producer.flush(wait::PATIENCE).unwrap();
            match round % 2 {
                0 => producer.commit_transaction(wait::PATIENCE).unwrap(),
                _ => producer.abort_transaction(wait::PATIENCE).unwrap(),
            }
        }
        committed
    })
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_stored_is_read_once_and_nothing_is_left_behind() {
    let mut lab = Lab::start().await;
    let more = ["--partitions", "2", "--replication-factor", "3"];
    let room = ["--config", "max.message.bytes=4000000"];
    lab.create("orders", &[&more[..], &room].concat()).await;
    let orders = produce_orders(&lab).await;
    let committed = produce_transactions(&lab).await;
    let before = lab.observed.topology().await.unwrap();
    lab.asked.take();

    everything_is_as_produced(&lab, &orders, &committed).await;
    conformance::reads(lab.observed.cluster(), &shelf("orders"), PATIENCE)
        .await
        .unwrap();
    every_start_begins_where_it_says(&lab, &orders, &committed).await;
    budgets_hold(&lab).await;
    a_tail_sees_what_comes_later(&lab).await;

    let asked = lab.asked.take();
    assert!(asked.contains(&1), "a Fetch went through the proxies");
    assert!(asked.iter().all(|key| BROWSING.contains(key)), "{asked:?}");
    let after = lab.observed.topology().await.unwrap();
    assert_eq!(before.groups, after.groups);
    let names = |topology: &waybill_model::topology::Topology| {
        let names = topology.destinations.iter().map(|one| one.name.clone());
        names.collect::<Vec<_>>()
    };
    assert_eq!(names(&before), names(&after));

    retention_moves_the_beginning(&lab).await;
    a_lost_leader_is_followed(&mut lab, &committed).await;
}

async fn everything_is_as_produced(lab: &Lab, orders: &[Option<String>], committed: &[String]) {
    let (messages, read) = all(lab, &ask("orders", Start::Earliest)).await;
    assert_eq!((read.ended, &read.unread[..]), (Ended::End, &[][..]));
    let first: Vec<&Stored> = messages
        .iter()
        .filter(|message| message.partition.as_deref() == Some("0"))
        .collect();
    assert_eq!(first.len(), orders.len());
    for (n, (message, expected)) in first.iter().zip(orders).enumerate() {
        assert_eq!(message.offset, n as i64);
        let value = message.value.as_deref().map(String::from_utf8_lossy);
        assert_eq!(value.as_deref(), expected.as_deref(), "{n}");
        let at = Timestamp::from_unix_millis(FIRST_MS + n as i64);
        assert_eq!((message.at, message.is_broker_time), (Some(at), false));
    }
    for (codec, messages) in CODECS.iter().zip(first.chunks(EACH)) {
        for message in messages {
            assert_eq!(message.key.as_deref(), Some(codec.as_bytes()));
            let told = message
                .properties
                .iter()
                .find(|(name, _)| *name == "compression");
            let told = told.map_or("none", |(_, value)| value.as_str());
            assert_eq!(told, *codec);
            let headers: Vec<(&str, Option<&[u8]>)> = message
                .headers
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_deref()))
                .collect();
            let expected = [
                ("traceparent", Some(&b"one"[..])),
                ("traceparent", Some(&b"two"[..])),
                ("none", None),
            ];
            assert_eq!(headers, expected);
        }
    }
    assert_eq!(values(&messages, "1"), committed);
    let browse = lab.observed.cluster().browse().unwrap();
    let price = browse.price(&shelf("orders"), PATIENCE).await.unwrap();
    let Price::Free {
        messages: Some(offsets),
        bytes: Some(bytes),
    } = price
    else {
        panic!("{price:?}")
    };
    // Eight rounds of ten, a marker each.
    assert_eq!(offsets, orders.len() as u64 + 88);
    assert!(bytes as usize > BIG, "{bytes}");
}

async fn every_start_begins_where_it_says(
    lab: &Lab,
    orders: &[Option<String>],
    committed: &[String],
) {
    // The newest offsets of partition 1 are aborted messages and markers.
    for n in [1, 5, 25, 1000] {
        let (messages, read) = all(lab, &ask("orders", Start::Newest(n))).await;
        let skip = |all: usize| all.saturating_sub(n as usize);
        assert_eq!(
            values(&messages, "1"),
            committed[skip(committed.len())..],
            "{n}"
        );
        assert_eq!(
            values(&messages, "0").len(),
            orders.len().min(n as usize),
            "{n}"
        );
        assert_eq!(read.next, read.ends, "{n}");
    }
    let at = Timestamp::from_unix_millis(FIRST_MS + 30);
    for (start, expected) in [
        (Start::Offset(30), 30),
        (Start::Time(at), 30),
        // In the middle of a millisecond the next one counts.
        (
            Start::Time(Timestamp::from_unix_nanos(at.unix_nanos() + 1)),
            31,
        ),
        (Start::Offset(-5), 0),
        (Start::At(BTreeMap::from([("0".to_owned(), 40)])), 40),
    ] {
        let only = Ask {
            partition: Some("0".into()),
            ..ask("orders", start.clone())
        };
        let (messages, _) = read(lab, &only, 1).await.unwrap();
        assert_eq!(messages[0].offset, expected, "{start:?}");
    }
    let later = Start::Time(Timestamp::from_unix_millis(i64::MAX / 2_000_000));
    assert_eq!(all(lab, &ask("orders", later)).await.0, []);
    let beyond = all(lab, &ask("orders", Start::Offset(1_000_000))).await;
    assert_eq!((beyond.0.len(), beyond.1.ended), (0, Ended::End));
    let refused = read(lab, &ask("nobody", Start::Earliest), 1)
        .await
        .unwrap_err();
    assert_eq!(refused.reason, Reason::NotThere);
}

async fn budgets_hold(lab: &Lab) {
    let mut small = ask("orders", Start::Earliest);
    small.budget.bytes = 10_000;
    let (messages, read) = all(lab, &small).await;
    assert_eq!(read.ended, Ended::Bytes);
    // One batch comes whole, whatever was asked for.
    assert!(read.bytes < 10_000 + 2 * BIG as u64, "{}", read.bytes);
    assert!(!messages.is_empty());
    let rest = all(lab, &ask("orders", Start::At(read.next))).await.0;
    let whole = all(lab, &ask("orders", Start::Earliest)).await.0;
    assert_eq!(messages.len() + rest.len(), whole.len());
}

async fn a_tail_sees_what_comes_later(lab: &Lab) {
    let mut tail = ask("orders", Start::Newest(1));
    tail.linger = PATIENCE;
    let producer: FutureProducer = producer(lab, &[]).create().unwrap();
    let mut kept: Vec<Stored> = Vec::new();
    let mut keep = |message| {
        kept.push(message);
        if kept.len() == 2 {
            // Both partitions told their newest: only now is the next one made.
            let record = FutureRecord::<str, str>::to("orders")
                .partition(0)
                .payload("late");
            drop(producer.send_result(record).unwrap());
        }
        match kept.len() {
            3 => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    };
    let browse = lab.observed.cluster().browse().unwrap();
    let read = browse.read(&tail, &mut keep).await.unwrap();
    assert_eq!(read.ended, Ended::Enough);
    assert_eq!(kept[2].value.as_deref(), Some(&b"late"[..]));
}

async fn retention_moves_the_beginning(lab: &Lab) {
    let file = lab.kafka.path("delete.json");
    let text = r#"{"version":1,"partitions":[{"topic":"orders","partition":0,"offset":60}]}"#;
    std::fs::write(&file, text).unwrap();
    let bootstrap = lab.bootstrap();
    let file = file.to_str().unwrap();
    let arguments = ["--bootstrap-server", &bootstrap, "--offset-json-file", file];
    tokio::task::block_in_place(|| tool(DELETE_RECORDS, &arguments));
    for start in [Start::Earliest, Start::Offset(3)] {
        let only = Ask {
            partition: Some("0".into()),
            ..ask("orders", start)
        };
        let (messages, _) = read(lab, &only, 1).await.unwrap();
        assert_eq!(messages[0].offset, 60);
    }
}

/// The leader of partition 1 dies between two pages and in the middle of reading.
async fn a_lost_leader_is_followed(lab: &mut Lab, committed: &[String]) {
    let mut paged = ask("orders", Start::Earliest);
    paged.partition = Some("1".into());
    let (mut messages, first) = read(lab, &paged, 7).await.unwrap();
    let topology = lab.observed.topology().await.unwrap();
    let is_it = |one: &&waybill_model::topology::Destination| one.name == "orders";
    let topic = topology.destinations.iter().find(is_it).unwrap();
    let leader = topic.partitions[1].leader.as_ref().unwrap();
    lab.kafka.kill(leader.parse::<usize>().unwrap() - 1);
    paged.start = Start::At(first.next);
    let (rest, read) = all(lab, &paged).await;
    assert_eq!((read.ended, &read.unread[..]), (Ended::End, &[][..]));
    messages.extend(rest);
    assert_eq!(values(&messages, "1"), committed);
}
