//! The map of a window: who puts where, who takes from where and for which group, as spans tell it;
//! and beside it what brokers tell ([`super::map_broker`]).

use std::collections::BTreeMap;

use waybill_model::access::Sight;
use waybill_model::destination::{DestinationId, Window};
use waybill_model::map::{Map, MapEdgeKind, MapFlow, MapNode, MapSource};
use waybill_model::messaging::{DestinationRole, Operation};
use waybill_model::problem::Problem;
use waybill_store::Rollup;

use super::Query;
use super::window::{Minutes, Tally};
use crate::auth::store_problem;
use crate::clock;

const MOST_MINUTES: i64 = 7 * 24 * 60;

/// A map while it is drawn.
#[derive(Default)]
pub(super) struct Drawing {
    /// By id.
    pub(super) nodes: BTreeMap<String, MapNode>,
    pub(super) flows: Vec<MapFlow>,
}

impl Query {
    /// `sights`: of what brokers tell; `None`: all of it.
    ///
    /// # Errors
    /// `InvalidRequest` for a window that cannot be told, `StoreUnavailable`.
    pub async fn map(&self, window: Window, sights: Option<&[Sight]>) -> Result<Map, Problem> {
        let now = clock::now();
        let minutes = Minutes::of(window, now, MOST_MINUTES)?;
        let range = minutes.range();
        let lines = self.store.rollup_totals(range).await;
        let mut lines = lines.map_err(store_problem)?;
        lines.retain(|line| line.role != DestinationRole::Internal);
        let mut drawing = Drawing::default();
        let mut tallies: BTreeMap<Key<'_>, Tally> = BTreeMap::new();
        for line in &lines {
            let Some(kind) = edge_kind(line) else {
                continue;
            };
            for node in self.nodes(line) {
                drawing.nodes.insert(node.id().to_owned(), node);
            }
            let key = Key {
                service: &line.service,
                system: &line.system,
                destination: &line.destination,
                kind,
                group: line.group.as_deref(),
            };
            tallies.entry(key).or_default().add(line);
        }
        let flows = tallies.iter().map(|(key, tally)| key.flow(tally, minutes));
        drawing.flows = flows.collect();
        // Brokers tell how it is now.
        let with_brokers = range.to > now;
        if with_brokers {
            self.draw_brokers(&mut drawing, sights).await?;
        }
        for flow in &mut drawing.flows {
            flow.name_unknown();
        }
        Ok(Map {
            as_of: now,
            from: range.from,
            to: range.to,
            window_ms: minutes.ms(),
            edges: drawing.flows,
            nodes: drawing.nodes.into_values().collect(),
            with_brokers,
        })
    }

    fn nodes(&self, line: &Rollup) -> impl Iterator<Item = MapNode> + use<> {
        let cluster = || self.clusters.only_of(&line.system).map(str::to_owned);
        let told_by = || vec![MapSource::Spans];
        let service = MapNode::Service {
            id: service_id(&line.service),
            name: line.service.clone(),
        };
        let destination = MapNode::Destination {
            id: destination_id(&line.system, &line.destination),
            system: line.system.clone(),
            cluster: cluster(),
            name: line.destination.clone(),
            role: line.role,
            told_by: told_by(),
            in_per_s: None,
            out_per_s: None,
            depth: None,
            lag_messages: None,
        };
        let group = line.group.as_ref().map(|name| MapNode::Group {
            id: group_id(&line.system, name),
            system: line.system.clone(),
            cluster: cluster(),
            name: name.clone(),
            told_by: told_by(),
            group_id: None,
            members: None,
            lag_messages: None,
        });
        [service, destination].into_iter().chain(group)
    }
}

fn edge_kind(line: &Rollup) -> Option<MapEdgeKind> {
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
        let (from, to) = match self.kind == MapEdgeKind::Consumes {
            true => (destination, service),
            false => (service, destination),
        };
        MapFlow {
            kind: self.kind,
            from,
            to,
            via: self.group.map(|group| group_id(self.system, group)),
            service: Some(self.service.to_owned()),
            system: self.system.to_owned(),
            cluster: None,
            destination: self.destination.to_owned(),
            group: self.group.map(str::to_owned),
            told_by: vec![MapSource::Spans],
            per_s: Some(minutes.per_s(tally.spans)),
            per_s_by: Some(MapSource::Spans),
            failed_share: Some(tally.failed_share()),
            p50_ms: tally.durations.quantile_ms(0.5),
            p99_ms: tally.durations.quantile_ms(0.99),
            lag_messages: None,
            unknown: Vec::new(),
        }
    }
}

fn service_id(name: &str) -> String {
    format!("s-{}", hex::encode(name))
}

/// Of a group that no broker tells apart.
pub(super) fn group_id(system: &str, name: &str) -> String {
    format!("g-{}-{}", hex::encode(system), hex::encode(name))
}

fn destination_id(system: &str, name: &str) -> String {
    DestinationId::of_spans(system, name).to_string()
}
