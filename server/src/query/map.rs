//! The map of a window: who puts where, who takes from where and for which group.

use std::collections::{BTreeMap, BTreeSet};

use waybill_model::destination::{DestinationId, Window};
use waybill_model::map::{Map, MapFlow, MapNode};
use waybill_model::messaging::{DestinationRole, Operation};
use waybill_model::problem::Problem;
use waybill_model::view::MapEdgeKind;
use waybill_store::Rollup;

use super::Query;
use super::window::{Minutes, Tally};
use crate::auth::store_problem;
use crate::clock;

const MOST_MINUTES: i64 = 7 * 24 * 60;

impl Query {
    /// # Errors
    /// `InvalidRequest` for a window that cannot be told, `StoreUnavailable`.
    pub async fn map(&self, window: Window) -> Result<Map, Problem> {
        let now = clock::now();
        let minutes = Minutes::of(window, now, MOST_MINUTES)?;
        let range = minutes.range();
        let lines = self.store.rollup_totals(range).await;
        let mut lines = lines.map_err(store_problem)?;
        lines.retain(|line| line.role != DestinationRole::Internal);
        let mut nodes = BTreeSet::new();
        let mut tallies: BTreeMap<Key<'_>, Tally> = BTreeMap::new();
        for line in &lines {
            let Some(kind) = edge_kind(line) else {
                continue;
            };
            nodes.extend(self.nodes(line));
            let key = Key {
                service: &line.service,
                system: &line.system,
                destination: &line.destination,
                kind,
                group: line.group.as_deref(),
            };
            tallies.entry(key).or_default().add(line);
        }
        let edges = tallies.iter().map(|(key, tally)| key.flow(tally, minutes));
        Ok(Map {
            as_of: now,
            from: range.from,
            to: range.to,
            window_ms: minutes.ms(),
            edges: edges.collect(),
            nodes: nodes.into_iter().collect(),
        })
    }

    fn nodes(&self, line: &Rollup) -> impl Iterator<Item = MapNode> + use<> {
        let cluster = || self.clusters.only_of(&line.system).map(str::to_owned);
        let service = MapNode::Service {
            id: service_id(&line.service),
            name: line.service.clone(),
        };
        let destination = MapNode::Destination {
            id: destination_id(&line.system, &line.destination),
            system: line.system.clone(),
            cluster: cluster(),
            name: line.destination.clone(),
        };
        let group = line.group.as_ref().map(|name| MapNode::Group {
            id: group_id(&line.system, name),
            system: line.system.clone(),
            cluster: cluster(),
            name: name.clone(),
        });
        [service, destination].into_iter().chain(group)
    }
}

pub(super) fn edge_kind(line: &Rollup) -> Option<MapEdgeKind> {
    match (line.operation, line.role) {
        (Operation::Send, DestinationRole::Retry) => Some(MapEdgeKind::Retries),
        (Operation::Send, DestinationRole::DeadLetter) => Some(MapEdgeKind::DeadLetters),
        (Operation::Send, _) => Some(MapEdgeKind::Publishes),
        (Operation::Process, _) => Some(MapEdgeKind::Consumes),
        _ => None,
    }
}

/// What flows are told apart by.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Key<'a> {
    service: &'a str,
    system: &'a str,
    destination: &'a str,
    kind: MapEdgeKind,
    group: Option<&'a str>,
}

impl Key<'_> {
    fn flow(&self, tally: &Tally, minutes: Minutes) -> MapFlow {
        let service = service_id(self.service);
        let destination = destination_id(self.system, self.destination);
        let consumes = self.kind == MapEdgeKind::Consumes;
        let (from, to) = match consumes {
            true => (destination, service),
            false => (service, destination),
        };
        let durations = &tally.durations;
        let (p50_ms, p99_ms) = (durations.quantile_ms(0.5), durations.quantile_ms(0.99));
        let untold = [
            ("via", consumes && self.group.is_none()),
            ("group", consumes && self.group.is_none()),
            ("p50_ms", p50_ms.is_none()),
            ("p99_ms", p99_ms.is_none()),
            // Only brokers tell it, and only groups lag.
            ("lag_messages", consumes),
        ];
        let untold = untold
            .into_iter()
            .filter_map(|(name, untold)| untold.then_some(name));
        MapFlow {
            kind: self.kind,
            from,
            to,
            via: self.group.map(|group| group_id(self.system, group)),
            service: self.service.to_owned(),
            system: self.system.to_owned(),
            destination: self.destination.to_owned(),
            group: self.group.map(str::to_owned),
            per_s: minutes.per_s(tally.spans),
            failed_share: tally.failed_share(),
            p50_ms,
            p99_ms,
            lag_messages: None,
            unknown: untold.collect(),
        }
    }
}

fn service_id(name: &str) -> String {
    format!("s-{}", hex::encode(name))
}

fn group_id(system: &str, name: &str) -> String {
    format!("g-{}-{}", hex::encode(system), hex::encode(name))
}

fn destination_id(system: &str, name: &str) -> String {
    DestinationId::of_spans(system, name).to_string()
}
