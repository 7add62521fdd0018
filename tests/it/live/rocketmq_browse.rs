//! Stored messages of a real RocketMQ: everything once, as it was sent, and nothing left behind.

use std::collections::BTreeMap;
use std::io::Write;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use waybill_broker::adapter::{Cluster, Reason, Refused};
use waybill_broker::browse::{Ask, Budget, Clue, Ended, Find, Price, Read, Shelf, Start, Stored};
use waybill_broker::conformance;
use waybill_broker::registry::adapters;
use waybill_model::time::Timestamp;
use waybill_tests::rocketmq::{Kind, Rocket, Site};
use waybill_tests::rocketmq_cluster::{self, Wanted};
use waybill_tests::rocketmq_wire::call;
use waybill_tests::wait::PATIENCE;

fn cluster(namesrv: &str) -> Arc<dyn Cluster> {
    let mut adapters = adapters().into_iter();
    let adapter = adapters.find(|adapter| adapter.name == "rocketmq").unwrap();
    let settings = json!({"namesrv": [namesrv]});
    let connect = adapter.connect.unwrap();
    connect
        .cluster("live", settings.as_object().unwrap())
        .unwrap()
}

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
            bytes: 64 << 20,
            time: PATIENCE,
        },
        linger: Duration::ZERO,
    }
}

async fn read(cluster: &dyn Cluster, ask: &Ask) -> Result<(Vec<Stored>, Read), Refused> {
    let mut kept = Vec::new();
    let mut keep = |message| {
        kept.push(message);
        ControlFlow::Continue(())
    };
    let read = cluster.browse().unwrap().read(ask, &mut keep).await?;
    Ok((kept, read))
}

async fn all(cluster: &dyn Cluster, topic: &str) -> Vec<Stored> {
    read(cluster, &ask(topic, Start::Earliest)).await.unwrap().0
}

async fn found(cluster: &dyn Cluster, topic: &str, clue: Clue) -> Vec<Stored> {
    let find = Find {
        shelf: shelf(topic),
        clue,
        from: None,
        patience: PATIENCE,
    };
    let mut kept = Vec::new();
    let mut keep = |message| {
        kept.push(message);
        ControlFlow::Continue(())
    };
    let browse = cluster.browse().unwrap();
    let told = browse.find(&find, &mut keep).await.unwrap().unwrap();
    assert_eq!(told.messages, kept.len() as u64);
    kept
}

fn property<'a>(message: &'a Stored, name: &str) -> Option<&'a str> {
    let mut named = message.properties.iter().filter(|(own, _)| *own == name);
    named.next().map(|(_, value)| value.as_str())
}

fn text(message: &Stored) -> String {
    String::from_utf8_lossy(message.value.as_deref().unwrap_or_default()).into_owned()
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

async fn site() -> Site {
    blocking(|| Rocket::shared().site()).await
}

/// As a producer sends, with flags of its own: the broker stores it as it is. Answers the code.
fn send_plainly(site: &Site, topic: &str, flags: i32, body: &[u8]) -> i64 {
    let fields = [
        ("producerGroup", "waybill-tests"),
        ("topic", topic),
        ("defaultTopic", "TBW102"),
        ("defaultTopicQueueNums", "4"),
        ("queueId", "0"),
        ("sysFlag", &flags.to_string()),
        ("bornTimestamp", "1700000000000"),
        ("flag", "0"),
        ("properties", ""),
        ("reconsumeTimes", "0"),
    ];
    call(&site.broker, 10, &fields, body).unwrap().code
}

/// Groups with their offsets and settings, but for where the group of tools pulled last.
fn groups(site: &Site) -> (String, String) {
    let body = |code| {
        let answer = call(&site.broker, code, &[], b"").unwrap();
        assert_eq!(answer.code, 0, "{answer:?}");
        String::from_utf8_lossy(&answer.body).into_owned()
    };
    let offsets = body(43);
    let (_, offsets) = offsets.split_once("\"offsetTable\"").unwrap();
    let (offsets, _) = offsets.split_once("\"pullOffsetTable\"").unwrap();
    // Other tests commit at the same time: of this test's own topics alone.
    let own = offsets.split('}').filter(|part| part.contains("browse-"));
    let configs = body(201);
    let own_groups = configs.split('{').filter(|part| part.contains("browse-"));
    (own.collect(), own_groups.collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_read_once_and_nothing_is_left_behind() {
    let site = site().await;
    let own = site.clone();
    let before = blocking(move || {
        own.topic("browse-orders", 3, Kind::Normal);
        own.group("browse-group", 2);
        for at in 0..90 {
            let properties = format!(
                "KEYS\u{1}order-{at} customer-{}\u{2}UNIQ_KEY\u{1}UNIQ{at:028}\u{2}TAGS\u{1}paid\u{2}order.id\u{1}{at}\u{2}",
                at % 7
            );
            let body = format!("order {at}");
            own.send("browse-orders", at % 3, &properties, body.as_bytes());
        }
        groups(&own)
    })
    .await;
    let cluster = cluster(&site.namesrv);
    let read = conformance::reads(&*cluster, &shelf("browse-orders"), PATIENCE)
        .await
        .unwrap();
    assert_eq!(read.len(), 90);
    for message in &read {
        let (_, queue) = message
            .partition
            .as_deref()
            .unwrap()
            .rsplit_once(':')
            .unwrap();
        let at = 3 * message.offset + queue.parse::<i64>().unwrap();
        assert_eq!(text(message), format!("order {at}"));
        assert_eq!(
            message.key.as_deref(),
            Some(format!("order-{at}").as_bytes())
        );
        let id = format!("UNIQ{at:028}");
        assert_eq!(property(message, "message_id"), Some(id.as_str()));
        assert_eq!(message.headers[0].0, "order.id");
    }
    let price = cluster
        .browse()
        .unwrap()
        .price(&shelf("browse-orders"), PATIENCE)
        .await
        .unwrap();
    assert!(
        matches!(
            price,
            Price::Free {
                messages: Some(90),
                ..
            }
        ),
        "{price:?}"
    );

    // By key, by the client's id and by the broker's, each exactly.
    let by_key = found(&*cluster, "browse-orders", Clue::Key("order-41".into())).await;
    assert_eq!(by_key.len(), 1);
    assert_eq!(text(&by_key[0]), "order 41");
    let of_customer = found(&*cluster, "browse-orders", Clue::Key("customer-3".into())).await;
    assert_eq!(of_customer.len(), (0..90).filter(|at| at % 7 == 3).count());
    let id = property(&by_key[0], "message_id").unwrap().to_owned();
    let by_id = found(&*cluster, "browse-orders", Clue::Id(id)).await;
    assert_eq!(by_id, by_key);
    let id = property(&by_key[0], "offset_message_id")
        .unwrap()
        .to_owned();
    let by_place = found(&*cluster, "browse-orders", Clue::Id(id)).await;
    assert_eq!(by_place, by_key);
    for nothing in [
        "order-",
        "ORDER-41",
        "customer-9",
        "7F000001000051AF0000000000000007",
    ] {
        for clue in [Clue::Key(nothing.into()), Clue::Id(nothing.into())] {
            let none = found(&*cluster, "browse-orders", clue).await;
            assert!(none.is_empty(), "{nothing}: {none:?}");
        }
    }

    let own = site.clone();
    assert_eq!(blocking(move || groups(&own)).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn times_begin_where_they_were_asked() {
    let site = site().await;
    let own = site.clone();
    blocking(move || {
        own.topic("browse-times", 1, Kind::Normal);
        for at in 0..40 {
            own.send("browse-times", 0, "", format!("{at}").as_bytes());
        }
    })
    .await;
    let cluster = cluster(&site.namesrv);
    let all = all(&*cluster, "browse-times").await;
    for at in [0, 1, 13, 26, 39] {
        let time = all[at].at.unwrap();
        let (from, _) = read(&*cluster, &ask("browse-times", Start::Time(time)))
            .await
            .unwrap();
        let first = all.iter().position(|message| message.at == Some(time));
        assert_eq!(from[..], all[first.unwrap()..], "{at}");
    }
    let later = Timestamp::from_unix_millis(all[39].at.unwrap().unix_millis() + 60_000);
    let (none, read) = read(&*cluster, &ask("browse-times", Start::Time(later)))
        .await
        .unwrap();
    assert!(none.is_empty() && read.ended == Ended::End, "{none:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn compressed_bodies_are_unfolded() {
    let site = site().await;
    let own = site.clone();
    let body = "order line; ".repeat(400);
    let plain = body.clone();
    blocking(move || {
        own.topic("browse-packed", 1, Kind::Normal);
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        zlib.write_all(plain.as_bytes()).unwrap();
        let zlib = zlib.finish().unwrap();
        let zstd = zstd::encode_all(plain.as_bytes(), 3).unwrap();
        let none = b"no compression at all".to_vec();
        for (flags, body) in [(0x301, zlib), (0x201, zstd), (0x301, none)] {
            assert_eq!(send_plainly(&own, "browse-packed", flags, &body), 0);
        }
    })
    .await;
    let read = all(&*cluster(&site.namesrv), "browse-packed").await;
    let codecs: Vec<_> = read.iter().map(|m| property(m, "compression")).collect();
    assert_eq!(codecs, [Some("zlib"), Some("zstd"), Some("zlib")]);
    assert_eq!(text(&read[0]), body);
    assert_eq!(text(&read[1]), body);
    assert_eq!(text(&read[2]), "no compression at all");
    assert!(property(&read[2], "body").unwrap().contains("broken"));
}

/// What a consumer sends back is retried and then laid aside, under topics of the group.
#[tokio::test(flavor = "multi_thread")]
async fn retries_dead_letters_and_delays_are_read_where_they_lie() {
    let site = site().await;
    let own = site.clone();
    blocking(move || {
        own.topic("browse-failing", 1, Kind::Normal);
        own.group("browse-failing-group", 1);
        let keys = "KEYS\u{1}poison\u{2}UNIQ_KEY\u{1}UNIQPOISON\u{2}";
        own.send("browse-failing", 0, keys, b"poison");
    })
    .await;
    let cluster = cluster(&site.namesrv);
    let origin = all(&*cluster, "browse-failing").await.remove(0);
    let id = property(&origin, "offset_message_id").unwrap().to_owned();
    let log_offset = i64::from_str_radix(&id[16..], 16).unwrap().to_string();
    let own = site.clone();
    blocking(move || {
        // 3: wait by the third level, a second; -1: lay aside at once.
        for level in ["3", "-1"] {
            let fields = [
                ("group", "browse-failing-group"),
                ("originTopic", "browse-failing"),
                ("originMsgId", id.as_str()),
                ("offset", &log_offset),
                ("delayLevel", level),
                ("maxReconsumeTimes", "16"),
            ];
            let answer = call(&own.broker, 36, &fields, b"").unwrap();
            assert_eq!(answer.code, 0, "{answer:?}");
        }
        let properties = "KEYS\u{1}later\u{2}DELAY\u{1}18\u{2}";
        own.send("browse-failing", 0, properties, b"later");
    })
    .await;

    let mut tail = ask("%RETRY%browse-failing-group", Start::Earliest);
    tail.linger = PATIENCE;
    let mut retried = None;
    let mut keep = |message| {
        retried = Some(message);
        ControlFlow::Break(())
    };
    let browse = cluster.browse().unwrap();
    let read = browse.read(&tail, &mut keep).await.unwrap();
    assert_eq!(read.ended, Ended::Enough);
    let retried = retried.unwrap();
    assert_eq!(property(&retried, "retry_topic"), Some("browse-failing"));
    assert_eq!(property(&retried, "reconsume_times"), Some("1"));

    let dead = all(&*cluster, "%DLQ%browse-failing-group").await.remove(0);
    assert_eq!(text(&dead), "poison");
    let id = property(&origin, "offset_message_id");
    assert_eq!(property(&dead, "origin_message_id"), id);
    for topic in ["%DLQ%browse-failing-group", "%RETRY%browse-failing-group"] {
        let by_id = found(&*cluster, topic, Clue::Id("UNIQPOISON".into())).await;
        assert_eq!(by_id.len(), 1, "{topic}");
    }

    let waiting = all(&*cluster, "SCHEDULE_TOPIC_XXXX").await;
    let waits = |message: &&Stored| message.key.as_deref() == Some(b"later");
    let waiting: BTreeMap<_, _> = waiting
        .iter()
        .filter(waits)
        .map(|message| (property(message, "real_topic"), text(message)))
        .collect();
    assert_eq!(waiting[&Some("browse-failing")], "later");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_said_not_to_be() {
    let site = site().await;
    let cluster = cluster(&site.namesrv);
    let refused = read(&*cluster, &ask("browse-nowhere", Start::Earliest))
        .await
        .unwrap_err();
    assert_eq!(refused.reason, Reason::NotThere, "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reading_goes_on_when_the_master_is_killed() {
    let started = blocking(|| {
        let lab = rocketmq_cluster::Cluster::start(&Wanted {
            brokers: 2,
            ..Wanted::default()
        });
        lab.wait_in_sync(2);
        let site = lab.site();
        site.topic("browse-outage", 2, Kind::Normal);
        for at in 0..60 {
            site.send("browse-outage", at % 2, "", format!("{at}").as_bytes());
        }
        lab.wait_known("browse-outage");
        lab
    });
    let mut lab = started.await;
    let cluster = cluster(&lab.namesrv());
    assert_eq!(all(&*cluster, "browse-outage").await.len(), 60);
    let mut tail = ask("browse-outage", Start::Newest(1));
    tail.linger = PATIENCE;
    tail.budget.time = 2 * PATIENCE;
    let (sender, receiver) = std::sync::mpsc::channel();
    let mut kept = Vec::new();
    let mut keep = |message: Stored| {
        kept.push(text(&message));
        if kept.len() == 2 {
            sender.send(()).unwrap();
        }
        match kept.len() {
            3 => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    };
    let outage = tokio::task::spawn_blocking(move || {
        receiver.recv().unwrap();
        let first = lab.master();
        lab.kill(first);
        let other = 1 - first;
        while lab.master() != other {
            std::thread::sleep(Duration::from_millis(100));
        }
        let site = Site {
            namesrv: lab.namesrv(),
            broker: lab.broker(other),
        };
        // 12: stored, but no second replica is there to have it too.
        let code = send_plainly(&site, "browse-outage", 0, b"after");
        assert!([0, 12].contains(&code), "{code}");
        lab
    });
    let read = cluster
        .browse()
        .unwrap()
        .read(&tail, &mut keep)
        .await
        .unwrap();
    outage.await.unwrap();
    assert_eq!(read.ended, Ended::Enough);
    assert_eq!(kept, ["58", "59", "after"]);
}
