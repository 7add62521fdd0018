//! Three clusters in every state that a page must show: one that answers all, one that is gone, one
//! that may not be read whole; and one that only spans tell of. Names would like to be markup.

use std::time::Duration;

use opentelemetry_proto::tonic::trace::v1::Span;
use waybill_broker::adapter::MissingRight;
use waybill_broker::sim::{Script, Sim, SimShelf, depth, queue, stored, topic};
use waybill_model::messaging::DestinationRole;
use waybill_model::time::Timestamp;
use waybill_model::topology::{
    DestinationKind, Finding, FindingKind, Group, Member, Route, RouteKind, Setting, Unknown, Why,
};
use waybill_store::readings::{ReadingBatch, ReadingRollup};
use waybill_store::topology::{destination_key, group_key};

use crate::otlp::{self, CONSUMER, PRODUCER, a_span, random_id, text};
use crate::simulated::{Observed, SYSTEM, items, start_with};

pub const HOSTILE: &str = "<img src=x onerror=alert(1)>\u{202e}'\"&<b>x</b>";
const EVERY: Duration = Duration::from_millis(200);

pub struct Story {
    pub observed: Observed,
    /// Answers everything: `east`.
    pub east: Sim,
    /// Stopped after it was read: `west`.
    pub west: Sim,
    /// Its user may not read all: `north`.
    pub north: Sim,
}

impl Story {
    /// Once every cluster is in its state and the spans are told of.
    pub async fn begin() -> Self {
        let (east, west) = (Sim::new(shop()), Sim::new(bank()));
        let north = Sim::new(narrow());
        let clusters = [
            ("east", &east, EVERY),
            ("west", &west, EVERY),
            ("north", &north, EVERY),
        ];
        let observed = start_with(&clusters, |config| {
            let clusters = &mut config.clusters;
            for (cluster, colour) in clusters.iter_mut().zip(["#b5179e", "#2a9d8f", "#e07a1f"]) {
                cluster.colour = Some(colour.into());
                cluster.site = Some("harbour".into());
            }
            let mut unmanaged = clusters[0].clone();
            unmanaged.name = "south".into();
            unmanaged.broker = "elsewhere".into();
            unmanaged.managed = false;
            unmanaged.capabilities = vec!["journeys"];
            clusters.push(unmanaged);
        })
        .await;
        let story = Self {
            observed,
            east,
            west,
            north,
        };
        story.send(spans()).await;
        story.remember().await;
        for cluster in ["east", "west", "north"] {
            let path = format!("/clusters/{cluster}");
            story
                .observed
                .until("it was read", &path, |told| {
                    (told["as_of"].is_string() && told["topology_as_of"].is_string()).then_some(())
                })
                .await;
        }
        story
            .observed
            .until("the queue is known", "/destinations?cluster=west", |list| {
                items(list)
                    .iter()
                    .any(|line| line["depth"] == 12)
                    .then_some(())
            })
            .await;
        story.west.go_down();
        story
            .observed
            .until("west is gone", "/clusters/west", |told| {
                (told["stale"] == true && !told["refused"].is_null()).then_some(())
            })
            .await;
        story
            .observed
            .until("spans are told", "/destinations?q=drawer", |list| {
                (!items(list).is_empty()).then_some(())
            })
            .await;
        story
    }

    /// The last 50 minutes of `orders` in `east` and of its group, with some that nobody read.
    async fn remember(&self) {
        let topic = destination_key("east", None, DestinationKind::Topic, "orders");
        let group = group_key("east", None, "billing");
        let mut batch = ReadingBatch::default();
        for minutes in (2..50).filter(|minutes| !(20..26).contains(minutes)) {
            let wave = |height: f64| ((minutes as f64 / 6.0).sin() * height + 1.5 * height) as i64;
            let start = minutes_ago(minutes);
            let row = |object, last: i64, moved: i64| ReadingRollup {
                object,
                start,
                least: Some(last * 4 / 5),
                greatest: Some(last * 6 / 5),
                last: Some(last),
                received: u64::try_from(moved).ok(),
                removed: u64::try_from(moved * 9 / 10).ok(),
            };
            batch.minutes.push(row(topic, wave(60_000.0), wave(900.0)));
            batch.minutes.push(row(group, wave(140.0), wave(700.0)));
            batch.read_minutes.push((start, 12));
        }
        let store = self.observed.database.store();
        store.save_readings("east", &batch).await.unwrap();
    }

    pub async fn send(&self, spans: Vec<Span>) {
        let door = self.observed.app.addresses().otlp_http.unwrap();
        let request = otlp::request("shop", spans);
        let status = otlp::post(&format!("http://{door}"), &request).await;
        assert!(status.is_success());
    }

    /// The id of the one destination or group of this name.
    pub async fn id(&self, list: &str, cluster: &str, name: &str) -> String {
        let key = if list == "groups" {
            "name"
        } else {
            "destination"
        };
        let path = format!("/{list}?cluster={cluster}&limit=1000");
        let named = |page: &serde_json::Value| {
            let found = items(page).iter().find(|item| item[key] == name)?;
            Some(found["id"].as_str()?.to_owned())
        };
        self.observed.until(name, &path, named).await
    }
}

fn minutes_ago(minutes: i64) -> Timestamp {
    const MINUTE_MS: i64 = 60_000;
    let now = waybill_server::clock::now().unix_millis();
    Timestamp::from_unix_millis((now.div_euclid(MINUTE_MS) - minutes) * MINUTE_MS)
}

fn unknown(member: &str, why: Why) -> Unknown {
    Unknown {
        member: member.into(),
        why,
        detail: Some("Describe on Group billing".into()),
    }
}

fn shop() -> Script {
    let topics = [("orders", 6), ("orders.DLT", 1), (HOSTILE, 1)];
    let mut script = Script::of_topics(&topics, "billing");
    script.head("orders", 0, 120_345);
    script.commit("billing", "orders", 0, Some(120_000));
    script.commit("billing", "orders", 1, Some(7));
    let orders = &mut script.topology.destinations[0];
    orders.settings.push(Setting {
        name: "retention.ms".into(),
        value: Some("604800000".into()),
        source: "topic".into(),
    });
    orders.settings.push(Setting {
        name: "copies".into(),
        value: Some("1".into()),
        source: format!("topic {HOSTILE}"),
    });
    orders.findings.push(Finding {
        kind: FindingKind::UnderReplicated,
        detail: format!("partition 1 {HOSTILE}"),
    });
    for (partition, bytes) in orders
        .partitions
        .iter_mut()
        .zip([900, 300, 300, 300, 300, 300])
    {
        partition.stored_bytes = Some(bytes * 1_000_000);
        partition.replicas = vec!["n1".into(), "n2".into()];
    }
    orders.partitions[2].leader = None;
    script.shelves.push(shelf());
    script.topology.destinations[1].role = DestinationRole::DeadLetter;
    script.topology.routes.push(Route {
        kind: RouteKind::DeadLetter,
        namespace: None,
        from: "orders".into(),
        to: "orders.DLT".into(),
        to_kind: DestinationKind::Topic,
        routing_key: Some(HOSTILE.into()),
        guarantee: None,
    });
    let node = &mut script.topology.nodes[0];
    node.alarms.push(format!("disk is nearly full {HOSTILE}"));
    script.topology.groups.push(Group {
        name: HOSTILE.into(),
        kind: "simulated".into(),
        members: Some(vec![Member {
            id: HOSTILE.into(),
            client_id: Some(HOSTILE.into()),
            ..Member::default()
        }]),
        ..Group::default()
    });
    script
}

/// What `orders` stores: text of all kinds, and hostile.
fn shelf() -> SimShelf {
    const FIRST_MS: i64 = 1_795_444_000_000;
    let mut shelf = SimShelf::new(None, "orders").with_partitions(6);
    for n in 0..12 {
        let value = format!(r#"{{"order":{{"id":"{n}","lines":[1,2]}},"password":"hunter2"}}"#);
        let mut message = stored(FIRST_MS + n * 1_000, Some(&format!("k{n}")), &value);
        message.headers = vec![(HOSTILE.into(), Some(HOSTILE.into()))];
        shelf.put(&(n % 6).to_string(), message);
    }
    shelf.put("0", stored(FIRST_MS + 60_000, Some(HOSTILE), HOSTILE));
    let mut bytes = stored(FIRST_MS + 61_000, None, "");
    bytes.value = Some(vec![0xff, 0x00, 0x17, 0x80].into());
    shelf.put("1", bytes);
    let mut tombstone = stored(FIRST_MS + 62_000, Some("k1"), "");
    tombstone.value = None;
    shelf.put("2", tombstone);
    shelf
}

fn bank() -> Script {
    let mut script = Script::of_queues("/", &[("payments", 12), ("refunds", 0)]);
    let mut quiet = queue("/", "untold");
    quiet.unknown.push(unknown("state", Why::Missing));
    script.topology.destinations.push(quiet);
    script
}

fn narrow() -> Script {
    let mut script = Script::of_topics(&[("ledger", 1)], "audit");
    script.topology.destinations.push(topic("closed", 1));
    script.topology.groups[0].members = None;
    script.topology.groups[0].unknown = vec![unknown("members", Why::Forbidden)];
    script.topology.controller = None;
    script.topology.unknown = vec![
        unknown("controller", Why::Forbidden),
        unknown("connections", Why::Failed),
    ];
    script.missing_rights = vec![MissingRight {
        right: "Describe on Group".into(),
        blank: "Members of groups".into(),
        grant: "grant-tool --add --operation Describe --group '*' --user waybill".into(),
    }];
    script
}

/// What one service puts and another takes, on a cluster that nobody reads.
fn spans() -> Vec<Span> {
    let about = |system: &str, place: &str, operation: &str| {
        vec![
            text("messaging.system", system),
            text("messaging.destination.name", place),
            text("messaging.operation.type", operation),
        ]
    };
    let span = |kind, system: &str, place: &str, operation: &str| {
        let attributes = about(system, place, operation);
        let name = format!("{operation} {place}");
        a_span(&random_id::<16>(), &[], &name, kind, attributes)
    };
    vec![
        span(PRODUCER, SYSTEM, "orders", "send"),
        span(CONSUMER, SYSTEM, "orders", "process"),
        span(PRODUCER, "elsewhere", "drawer", "send"),
        span(CONSUMER, "elsewhere", "drawer", "process"),
    ]
}

/// Enough that a list has many pages.
pub fn many(count: u64) -> Script {
    let mut script = Script::default();
    for n in 0..count {
        let name = format!("queue-{n:05}");
        script.topology.destinations.push(queue("/", &name));
        script.readings.depths.push(depth("/", &name, n % 500));
    }
    script
}
