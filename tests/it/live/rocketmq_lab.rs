//! That the RocketMQ which other tests stand on is a real one, and does what its helpers say.

use std::time::{Duration, Instant};

use waybill_tests::rocketmq::{Kind, Rocket};
use waybill_tests::rocketmq_cluster::{Cluster, Wanted};
use waybill_tests::wait::PATIENCE;

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_was_sent_is_read_and_the_route_names_the_broker() {
    tokio::task::spawn_blocking(|| {
        let site = Rocket::shared().site();
        site.topic("lab-read", 2, Kind::Normal);
        site.group("lab-readers", 2);
        let offset = site.send(
            "lab-read",
            1,
            "KEYS\u{1}order-1\u{2}TAGS\u{1}paid\u{2}",
            b"one",
        );
        // A message is in its queue a moment after the broker took it.
        let deadline = Instant::now() + PATIENCE;
        let read = loop {
            let read = site.pull("lab-read", 1, offset);
            if !read.is_empty() {
                break read;
            }
            assert!(Instant::now() < deadline, "what was sent is not read");
        };
        assert_eq!(read.len(), 1);
        assert_eq!(
            (read[0].topic.as_str(), read[0].body.as_slice()),
            ("lab-read", &b"one"[..])
        );
        assert_eq!(read[0].properties["KEYS"], "order-1");
        assert_eq!(read[0].queue_offset, offset);
        assert_eq!(site.max_offset("lab-read", 1), offset + 1);
        assert!(site.pull("lab-read", 0, 0).is_empty());
        assert_eq!(site.committed("lab-readers", "lab-read", 1), None);
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_takes_over_when_the_master_is_killed() {
    tokio::task::spawn_blocking(|| {
        let mut cluster = Cluster::start(&Wanted {
            brokers: 2,
            ..Wanted::default()
        });
        cluster.wait_in_sync(2);
        let site = cluster.site();
        site.topic("lab-outage", 1, Kind::Normal);
        let offset = site.send("lab-outage", 0, "", b"kept");
        cluster.wait_known("lab-outage");
        let first = cluster.master();
        cluster.kill(first);
        let other = 1 - first;
        let deadline = Instant::now() + PATIENCE;
        while cluster.master() != other {
            assert!(Instant::now() < deadline, "broker {first} is still master");
            std::thread::sleep(Duration::from_millis(100));
        }
        let kept = loop {
            if let [kept, ..] = cluster.site().pull("lab-outage", 0, offset).as_slice() {
                break kept.body.clone();
            }
            assert!(Instant::now() < deadline, "the message is not there");
        };
        assert_eq!(kept, b"kept");
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "make soak: fetches an older broker"]
async fn soak_an_older_broker_starts_and_keeps_a_message() {
    tokio::task::spawn_blocking(|| {
        let cluster = Cluster::start(&Wanted {
            brokers: 1,
            old: true,
            ..Wanted::default()
        });
        let site = cluster.site();
        site.topic("lab-old", 1, Kind::Normal);
        site.group("lab-old-readers", 1);
        let offset = site.send("lab-old", 0, "KEYS\u{1}order-1\u{2}", b"old");
        assert_eq!(site.pull("lab-old", 0, offset)[0].body, b"old");
    })
    .await
    .unwrap();
}
