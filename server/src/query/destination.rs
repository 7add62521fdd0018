//! One destination in full: its figures, its minutes, and who puts and takes.

use std::collections::{BTreeMap, BTreeSet};

use waybill_model::access::Sight;
use waybill_model::destination::{
    Consumer, Destination, DestinationId, GroupItem, Latency, Percentiles, Publisher, Window,
};
use waybill_model::messaging::{DestinationRole, Operation};
use waybill_model::problem::{Code, Problem};
use waybill_model::view::TrafficPoint;
use waybill_store::topology::{DestinationLine, destination_key, place_key};
use waybill_store::{DestinationSum, Histogram, Rollup};

use super::Query;
use super::destinations::{self, Found};
use super::window::{Minutes, Tally};
use crate::auth::store_problem;
use crate::clock;

const MOST_MINUTES: i64 = 24 * 60;

impl Query {
    /// # Errors
    /// `NotFound` where no broker and no span of the window names it, or `sights` do not show it,
    /// `InvalidRequest` for a window that cannot be told, `StoreUnavailable`.
    pub async fn destination(
        &self,
        id: &str,
        window: Window,
        sights: Option<&[Sight]>,
    ) -> Result<Destination, Problem> {
        let id: DestinationId = id.parse().map_err(|_| no_destination())?;
        let now = clock::now();
        let minutes = Minutes::of(window, now, MOST_MINUTES)?;
        let range = minutes.range();
        let broker = self.broker_line(&id).await?;
        let is_only = broker.as_ref().is_none_or(|(_, is_only)| *is_only);
        let mut lines = Vec::new();
        if is_only {
            let place = (id.system.clone(), id.name.clone());
            let found = self.store.rollups_of(range, &[place]).await;
            lines = found.map_err(store_problem)?;
            lines.retain(|line| line.role != DestinationRole::Internal);
        }
        let of_spans = DestinationId::of_spans(&id.system, &id.name);
        let sums: Vec<DestinationSum> = lines.iter().cloned().map(DestinationSum::from).collect();
        let spans = (!lines.is_empty()).then(|| destinations::line(of_spans, &sums));
        let found = match (spans, broker.map(|(line, _)| line)) {
            (None, None) => return Err(no_destination()),
            (Some(spans), None) => Found::of_spans(spans),
            (spans, Some(line)) => Found::of_line(spans, line, is_only),
        };
        if !found.is_seen(sights) {
            return Err(no_destination());
        }
        let around = self
            .around(std::slice::from_ref(&found), minutes, now)
            .await?;
        let item = self.item(&found, minutes, now, &around);
        let destination = Destination {
            line: item.line,
            consumer_count: item.consumers,
            consumer_capacity: None,
            from: range.from,
            to: range.to,
            window_ms: minutes.ms(),
            series: series(&lines, minutes),
            broker_series: match &found.broker {
                Some(line) => Some(self.broker_series(line, range).await?),
                None => None,
            },
            publishers: publishers(&lines, minutes),
            consumers: consumers(&lines, minutes),
            groups: groups(&lines),
            latency: latency(&lines),
            config: None,
            subtype: None,
            state: None,
            partitions: None,
            findings: None,
            routes: None,
            topology_as_of: None,
            topology_stale: None,
            reasons: Vec::new(),
        };
        self.with_broker(destination, found.broker.as_ref(), now, sights)
            .await
    }

    /// The one that is meant, and whether spans can mean no other.
    pub(super) async fn broker_line(
        &self,
        id: &DestinationId,
    ) -> Result<Option<(DestinationLine, bool)>, Problem> {
        let managed = self.clusters.managed();
        if let Some(exact) = &id.exact {
            let namespace = exact.namespace.as_deref();
            let key = destination_key(&exact.cluster, namespace, exact.kind, &id.name);
            let listed = self
                .store
                .destination_line(key, Some(&managed))
                .await
                .map_err(store_problem)?;
            return Ok(listed.map(|listed| (listed.line, listed.alike <= 1)));
        }
        let place = place_key(&id.system, &id.name);
        let mut at = self
            .store
            .destination_lines_at(&[place], Some(&managed))
            .await
            .map_err(store_problem)?;
        Ok(match (at.pop(), at.is_empty()) {
            (Some(one), true) => Some((one.line, true)),
            _ => None,
        })
    }
}

pub fn no_destination() -> Problem {
    Problem::new(
        Code::NotFound,
        "No broker and no span of the window names this destination.",
        "Take ids from GET /api/v1/destinations; `from` and `to` ask for another window.",
    )
}

fn of(lines: &[Rollup], operation: Operation) -> Histogram {
    let mut durations = Histogram::default();
    let lines = lines.iter().filter(|line| line.operation == operation);
    lines.for_each(|line| durations.add(&line.durations));
    durations
}

fn latency(lines: &[Rollup]) -> Latency {
    let percentiles = |operation| {
        let durations = of(lines, operation);
        Some(Percentiles {
            p50_ms: durations.quantile_ms(0.5)?,
            p90_ms: durations.quantile_ms(0.9)?,
            p95_ms: durations.quantile_ms(0.95)?,
            p99_ms: durations.quantile_ms(0.99)?,
        })
    };
    Latency {
        publish: percentiles(Operation::Send),
        process: percentiles(Operation::Process),
    }
}

fn series(lines: &[Rollup], minutes: Minutes) -> Vec<TrafficPoint> {
    let point = |at| TrafficPoint {
        at,
        published: 0,
        processed: 0,
        failed: 0,
    };
    let mut points: Vec<TrafficPoint> = minutes.each().map(point).collect();
    for line in lines {
        let place = minutes.place(line.minute);
        let Some(point) = place.and_then(|place| points.get_mut(place)) else {
            continue;
        };
        match line.operation {
            Operation::Send => point.published += line.spans,
            Operation::Process => {
                point.processed += line.spans;
                point.failed += line.failed;
            }
            _ => {}
        }
    }
    points
}

fn publishers(lines: &[Rollup], minutes: Minutes) -> Vec<Publisher> {
    let mut services: BTreeMap<&str, Tally> = BTreeMap::new();
    for line in lines
        .iter()
        .filter(|line| line.operation == Operation::Send)
    {
        services.entry(&line.service).or_default().add(line);
    }
    let publisher = |(service, tally): (&str, Tally)| Publisher {
        service: service.to_owned(),
        per_s: minutes.per_s(tally.spans),
        failed: tally.failed,
        failed_share: tally.failed_share(),
        p50_ms: tally.durations.quantile_ms(0.5),
        p99_ms: tally.durations.quantile_ms(0.99),
        last_at: tally.last_at,
    };
    services.into_iter().map(publisher).collect()
}

/// Some clients tell only that they received: they count where none of their spans processes.
fn consumers(lines: &[Rollup], minutes: Minutes) -> Vec<Consumer> {
    type Key<'a> = (&'a str, Option<&'a str>);
    let mut services: BTreeMap<Key<'_>, [Tally; 2]> = BTreeMap::new();
    for line in lines {
        let at = match line.operation {
            Operation::Process => 0,
            Operation::Receive => 1,
            _ => continue,
        };
        let key = (line.service.as_str(), line.group.as_deref());
        services.entry(key).or_default()[at].add(line);
    }
    let consumer = |((service, group), [processed, received]): (Key<'_>, [Tally; 2])| {
        let processes = processed.spans > 0;
        let tally = if processes { &processed } else { &received };
        let durations = Some(&tally.durations).filter(|_| processes);
        Consumer {
            service: service.to_owned(),
            group: group.map(str::to_owned),
            processes,
            per_s: minutes.per_s(tally.spans),
            failed: tally.failed,
            failed_share: tally.failed_share(),
            p50_ms: durations.and_then(|durations| durations.quantile_ms(0.5)),
            p99_ms: durations.and_then(|durations| durations.quantile_ms(0.99)),
            last_at: tally.last_at,
        }
    };
    services.into_iter().map(consumer).collect()
}

fn groups(lines: &[Rollup]) -> Vec<GroupItem> {
    let mut groups: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for line in lines {
        if let Some(group) = &line.group {
            groups.entry(group).or_default().insert(&line.service);
        }
    }
    let group = |(name, services): (&str, BTreeSet<&str>)| GroupItem {
        id: None,
        name: name.to_owned(),
        services: services.into_iter().map(str::to_owned).collect(),
        state: None,
        members: None,
        lag_messages: None,
        lag_ms: None,
        unknown: vec!["id", "state", "members", "lag_messages", "lag_ms"],
    };
    groups.into_iter().map(group).collect()
}
