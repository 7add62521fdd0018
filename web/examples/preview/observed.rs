//! Clusters, destinations and groups, made up.

use async_trait::async_trait;
use waybill_model::cluster::{BrokerWords, Cluster, MissingRight, Refusal};
use waybill_model::destination::{
    BrokerPoint, Destination, DestinationItem, DestinationQuery, DestinationSummary, GroupItem,
    Latency, PartitionLine, Window,
};
use waybill_model::group::{
    GroupLine, GroupPage, GroupPartition, GroupQuery, GroupSummary, LagSeries,
};
use waybill_model::judgement::{Cause, LagSource, LossBy, MoreConsumers, Verdict};
use waybill_model::messaging::{DestinationKind, DestinationRole};
use waybill_model::posture::{
    Cure, CureKind, Durability, Risk, RiskCounts, RiskKind, RiskPlace, RiskQuery, RiskSetting,
    Severity, Unjudged,
};
use waybill_model::problem::{Code, Problem};
use waybill_model::query::Page;
use waybill_model::reading::{PartitionPosition, Stretch};
use waybill_model::time::TimeRange;
use waybill_model::topology::{
    DestinationKind as PlaceKind, Finding, FindingKind, Node, Partition, Setting, Unknown, Why,
};
use waybill_model::view::TrafficPoint;
use waybill_web::port::ObservedPort;

use crate::data::at;
use crate::port::Fake;

fn unknown(member: &str, why: Why) -> Unknown {
    Unknown {
        member: member.into(),
        why,
        detail: Some("Describe on Cluster".into()),
    }
}

fn cluster(name: &str, colour: &str, refused: Option<Refusal>) -> Cluster {
    let nodes = (1..=3).map(|n| Node {
        id: n.to_string(),
        address: Some(format!("10.0.0.{n}:9092")),
        running: Some(n != 3),
        leads: Some(412),
        stored_bytes: Some(84_000_000_000),
        unknown: vec![unknown("version", Why::Forbidden)],
        ..Node::default()
    });
    Cluster {
        id: name.into(),
        name: name.into(),
        broker: "kafka".into(),
        site: Some("east".into()),
        sites: vec!["east".into()],
        colour: Some(colour.into()),
        actions: "off",
        managed: true,
        configured: true,
        words: Some(BrokerWords {
            label: "Kafka".into(),
            destination: "topic".into(),
            group: "consumer group".into(),
            partition: "partition".into(),
            offset: "offset".into(),
        }),
        capabilities: vec!["journeys", "observe"],
        version: Some("4.3.0".into()),
        cluster_id: Some("MkU3OEVBNTcwNTJENDM2Qk".into()),
        controller: Some("1".into()),
        connections: Some(14),
        connection_states: Some([("running".to_owned(), 13), ("flow".to_owned(), 1)].into()),
        nodes: Some(nodes.collect()),
        destination_count: Some(1_240),
        group_count: Some(88),
        risks: Some(durability(name).counts.unwrap_or_default()),
        missing_rights: Some(vec![MissingRight {
            right: "DescribeConfigs on Topic".into(),
            blank: "Settings of topics".into(),
            grant: "kafka-acls.sh --add --allow-principal User:waybill --operation DescribeConfigs --topic '*'"
                .into(),
        }]),
        poll_interval_ms: Some(5_000),
        poll_age_ms: Some(2_100),
        stale: Some(refused.is_some()),
        refused,
        as_of: Some(at(-240_000)),
        topology_as_of: Some(at(-240_000)),
        topology_stale: Some(false),
        unknown: vec![],
        reasons: vec![unknown("connections", Why::Unsupported)],
    }
}

fn clusters() -> Vec<Cluster> {
    let refused = Refusal {
        reason: "unreachable".into(),
        detail: "10.0.1.1:9092: connection refused".into(),
        hint: "Start it, or correct its address.".into(),
        at: at(-300_000),
    };
    vec![
        cluster("orders", "#b5179e", None),
        cluster("billing", "#2a9d8f", Some(refused)),
    ]
}

fn item(n: u64) -> DestinationItem {
    DestinationItem {
        line: line(n),
        partitions: Some(12),
        consumers: None,
    }
}

fn line(n: u64) -> DestinationSummary {
    let known = !n.is_multiple_of(4);
    DestinationSummary {
        id: format!("d-{n}"),
        system: "kafka".into(),
        destination: format!("orders.stage-{n}"),
        cluster: Some(
            if n.is_multiple_of(3) {
                "billing"
            } else {
                "orders"
            }
            .into(),
        ),
        namespace: None,
        kind: Some(DestinationKind::Topic),
        role: DestinationRole::Origin,
        published_per_s: 12.4 * n as f64,
        processed_per_s: 11.9 * n as f64,
        failed: n * 3,
        p50_ms: Some(12.0),
        p99_ms: Some(240.0),
        last_at: Some(at(-2_000)),
        as_of: Some(at(-2_000)),
        stale: n.is_multiple_of(3),
        missing_since: (n == 5).then(|| at(-600_000)),
        depth: known.then_some(n * 123_456),
        lag_messages: known.then_some(n * 321),
        in_per_s: known.then_some(13.1 * n as f64),
        out_per_s: None,
        stored_bytes: known.then_some(n * 1_400_000_000),
        group_count: (n != 7).then_some(2),
        finding_count: (n != 7).then_some(n % 2),
        dead_letters: None,
        coverage: known.then_some(0.83),
        unknown: vec!["consumers", "out_per_s"],
    }
}

fn destination(window: Window) -> Destination {
    let to = window.to.unwrap_or(at(0));
    let minutes = window
        .from
        .map_or(60, |from| (to.ms_since(from) / 60_000.0) as i64 + 1);
    let minute = |n: i64| to.plus_ms((n - minutes) * 60_000);
    let wave = |n: i64| ((n as f64 / 9.0).sin() * 300.0 + 800.0) as u64;
    let points = (0..minutes).map(|n| {
        let read = !(20..26).contains(&n);
        let depth = read.then(|| wave(n) as i64 * 9);
        BrokerPoint {
            at: minute(n),
            depth_min: depth.map(|depth| depth - 900),
            depth_max: depth.map(|depth| depth + 700),
            depth_last: depth,
            received: read.then(|| wave(n)),
            removed: read.then(|| wave(n - 3)),
        }
    });
    let series = (0..minutes).map(|n| TrafficPoint {
        at: minute(n),
        published: wave(n) * 4 / 5,
        processed: wave(n - 2) * 4 / 5,
        failed: (n as u64 * 7) % 9,
    });
    let partition = |n: u64| Partition {
        id: n.to_string(),
        leader: (n != 4).then(|| "1".into()),
        replicas: vec!["1".into(), "2".into(), "3".into()],
        in_sync: Some(vec!["1".into(), "2".into()]),
        stored_bytes: Some(1_000_000 * (n + 1) * (n + 1)),
        ..Partition::default()
    };
    let partitions = (0..6).map(|n: u64| PartitionLine {
        partition: partition(n),
        low: Some(120),
        head: (n != 4).then_some(9_000 * n as i64),
    });
    Destination {
        line: line(2),
        consumer_count: None,
        consumer_capacity: Some(0.83),
        from: minute(0),
        to,
        window_ms: 3_600_000,
        broker_series: Some(points.collect()),
        series: series.collect(),
        publishers: vec![],
        consumers: vec![],
        groups: vec![GroupItem {
            id: Some("gr-1".into()),
            name: "billing".into(),
            services: vec!["billing".into()],
            state: Some("Stable".into()),
            members: Some(3),
            lag_messages: Some(1_204),
            lag_ms: None,
            unknown: vec!["lag_ms"],
        }],
        latency: Latency::default(),
        config: Some(vec![Setting {
            name: "retention.ms".into(),
            value: Some("604800000".into()),
            source: "topic".into(),
        }]),
        subtype: None,
        state: None,
        partitions: Some(partitions.collect()),
        findings: Some(vec![Finding {
            kind: FindingKind::UnderReplicated,
            detail: "partitions 0 to 5".into(),
        }]),
        routes: Some(vec![]),
        topology_as_of: Some(at(0)),
        topology_stale: Some(false),
        reasons: vec![
            unknown("consumers", Why::Unsupported),
            unknown("out_per_s", Why::Forbidden),
        ],
    }
}

fn summary(n: u64) -> GroupSummary {
    GroupSummary {
        id: format!("gr-{n}"),
        cluster: "orders".into(),
        system: "kafka".into(),
        namespace: None,
        name: format!("billing-{n}"),
        kind: "classic".into(),
        state: Some("Stable".into()),
        coordinator: Some("2".into()),
        destinations: vec!["orders".into(), "payments".into()],
        lag_messages: (!n.is_multiple_of(2)).then_some(n * 8_211),
        lag_known_messages: 420,
        unknown_partitions: 1 - n % 2,
        lag_ms: Some(42_000.0),
        lag_source: Some(LagSource::HeadHistory),
        verdict: Some(Verdict::Stalled),
        cause: Some(Cause::PoisonHead),
        since: Some(at(-40_000)),
        drain_ms: None,
        retention_loss_ms: Some(7_200_000.0),
        loss_by: Some(LossBy::Age),
        in_per_s: Some(45.0),
        out_per_s: Some(42.0),
        coverage: Some(0.97),
        as_of: Some(at(-3_000)),
        stale: false,
        missing_since: None,
        unknown: vec!["verdict".into()],
        reasons: vec![
            unknown("verdict", Why::NotAsked),
            unknown("lag_messages", Why::Missing),
        ],
    }
}

fn durability(cluster: &str) -> Durability {
    let place = |destination: &str| RiskPlace {
        id: "d-61-62".into(),
        namespace: None,
        destination: destination.into(),
        kind: PlaceKind::Topic,
        role: DestinationRole::Origin,
    };
    let risk = |destination: &str, severity, risk, name: &str, value: &str| Risk {
        place: place(destination),
        severity,
        risk,
        setting: RiskSetting {
            name: name.into(),
            value: Some(value.into()),
            source: Some("default".into()),
        },
        how: "what it holds is lost with its broker's disk".into(),
        cure: Cure {
            kind: CureKind::Alter,
            change: format!("{name}=3"),
        },
    };
    let items = vec![
        risk("orders", Severity::High, RiskKind::OneCopy, "replicas", "1"),
        risk(
            "orders.retry",
            Severity::Medium,
            RiskKind::OneConfirms,
            "min.insync.replicas",
            "1",
        ),
    ];
    Durability {
        cluster: cluster.into(),
        as_of: Some(at(-9_000)),
        stale: Some(false),
        counts: Some(RiskCounts {
            high: 1,
            medium: 1,
            low: 0,
            unjudged: 1,
        }),
        items,
        next: None,
        unjudged: vec![Unjudged {
            place: place("ledger"),
            unknown: vec![unknown("settings", Why::Forbidden)],
        }],
        unknown: Vec::new(),
    }
}

#[async_trait]
impl ObservedPort for Fake {
    async fn durability(&self, id: String, _: RiskQuery) -> Result<Durability, Problem> {
        Ok(durability(&id))
    }

    async fn destinations(&self, _: DestinationQuery) -> Result<Page<DestinationItem>, Problem> {
        Ok(Page::new((1..12).map(item).collect(), Some("next".into())))
    }

    async fn destination(&self, _: String, window: Window) -> Result<Destination, Problem> {
        Ok(destination(window))
    }

    async fn groups(&self, _: GroupQuery) -> Result<Page<GroupLine>, Problem> {
        let line = |n| GroupLine {
            group: summary(n),
            members: Some(3),
            partitions: 24,
        };
        Ok(Page::new((1..9).map(line).collect(), None))
    }

    async fn group(&self, _: String) -> Result<GroupPage, Problem> {
        let position = |n: i64| PartitionPosition {
            destination: "orders".into(),
            partition: n.to_string(),
            committed: Some(1_000 * n),
            head: Some(1_100 * n),
            lag_messages: Some(100 * n as u64),
            gap: None,
        };
        let line = |n: i64| GroupPartition {
            position: position(n),
            verdict: Some(if n == 3 {
                Verdict::Stalled
            } else {
                Verdict::Ok
            }),
            cause: None,
            since: Some(at(-40_000)),
            back_from: None,
            member: Some("m-1".into()),
            lag_ms: Some(42_000.0),
            lag_source: Some(LagSource::RecordTime),
            in_per_s: Some(4.0),
            out_per_s: Some(3.0),
            drain_ms: None,
            retention_loss_ms: None,
            head_of_line: None,
        };
        Ok(GroupPage {
            group: summary(2),
            members: Some(vec![]),
            config: vec![],
            partitions: Some((0..8).map(line).collect()),
            more_consumers: Some(MoreConsumers::Help),
            hot: None,
            rebalances: 0,
            head_of_line: Vec::new(),
            consumer_capacity: None,
            changed_at: Some(at(-3_000)),
        })
    }

    async fn group_lag(
        &self,
        id: String,
        range: TimeRange,
        step_ms: Option<i64>,
    ) -> Result<LagSeries, Problem> {
        let step_ms = step_ms.unwrap_or(60_000);
        let count = (range.to.ms_since(range.from) as i64 / step_ms).max(1);
        let stretch = |n: i64| {
            let value =
                (!(30..38).contains(&n)).then(|| ((n as f64 / 7.0).cos() * 90.0 + 100.0) as i64);
            Stretch {
                at: range.from.plus_ms(n * step_ms),
                min: value.map(|value| value / 2),
                max: value.map(|value| value * 3 / 2),
                last: value,
            }
        };
        Ok(LagSeries {
            id,
            from: range.from,
            to: range.to,
            step_ms: step_ms.unsigned_abs(),
            as_of: Some(at(0)),
            stale: false,
            points: (0..count).map(stretch).collect(),
            events: Vec::new(),
        })
    }

    async fn clusters(&self) -> Result<Vec<Cluster>, Problem> {
        Ok(clusters())
    }

    async fn cluster(&self, id: String) -> Result<Cluster, Problem> {
        let found = clusters().into_iter().find(|cluster| cluster.id == id);
        found.ok_or_else(|| {
            Problem::new(
                Code::NotFound,
                "There is no such cluster.",
                "Look at the list.",
            )
        })
    }
}
