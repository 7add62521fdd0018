//! What brokers add to the map: figures of destinations that spans name, destinations and groups
//! that move though no span tells of them, and where the broker itself leads messages.
//!
//! Bounded, however large the clusters are: the busiest and those that lag most, the groups that
//! lag most, and routes between what is drawn.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use waybill_model::access::{Sight, matches_pattern};
use waybill_model::destination::{DestinationId, Exact};
use waybill_model::map::{MapEdgeKind, MapFlow, MapNode, MapSource};
use waybill_model::messaging::DestinationRole;
use waybill_model::problem::Problem;
use waybill_store::topology::{
    DestinationFilter, DestinationLine, DestinationSort, GroupFilter, GroupLine, GroupSort,
    ListedDestination, place_key,
};

use super::Query;
use super::groups::id_of as group_page;
use super::map::{Drawing, group_id};
use crate::auth::store_problem;

/// Destinations of each order that are looked at beside those of spans.
const DESTINATIONS: u32 = 200;
/// Groups a cluster.
const GROUPS: u32 = 500;
/// Destinations of which groups that read others too are asked for their lag here.
const SAMPLED: usize = 40;

/// A destination that a broker tells of, and its node.
pub(super) struct Drawn {
    pub(super) line: DestinationLine,
    pub(super) id: String,
}

impl Query {
    pub(super) async fn draw_brokers(
        &self,
        drawing: &mut Drawing,
        sights: Option<&[Sight]>,
    ) -> Result<(), Problem> {
        let mut drawn = Vec::new();
        for listed in self.lines_on_map(drawing, sights).await? {
            drawn.push(add_destination(drawing, listed));
        }
        let clusters: BTreeSet<String> = drawn.iter().map(|one| one.line.cluster.clone()).collect();
        for cluster in clusters {
            let mut here: Vec<&Drawn> = drawn.iter().collect();
            here.retain(|one| one.line.cluster == cluster);
            let led = self.draw_routes(drawing, &cluster, &here, sights).await?;
            self.draw_groups(drawing, &cluster, &here, sights).await?;
            drop(here);
            drawn.extend(led);
        }
        Ok(())
    }

    /// Those that spans name and exactly one broker's can be, and those that move or lag.
    async fn lines_on_map(
        &self,
        drawing: &Drawing,
        sights: Option<&[Sight]>,
    ) -> Result<Vec<ListedDestination>, Problem> {
        let among = self.clusters.managed();
        let places: Vec<i64> = drawing.nodes.values().filter_map(place_of).collect();
        let found = self.store.destination_lines_at(&places, Some(&among)).await;
        let mut found = found.map_err(store_problem)?;
        let mut alike: HashMap<i64, usize> = HashMap::new();
        for listed in &found {
            *alike.entry(listed.line.place()).or_default() += 1;
        }
        // Of two that could be meant none is.
        found.retain(|listed| alike.get(&listed.line.place()) == Some(&1));
        found.retain(|listed| is_seen(&listed.line, sights));
        let named: BTreeSet<i64> = places.into_iter().collect();
        for sort in [DestinationSort::In, DestinationSort::Lag] {
            let filter = DestinationFilter {
                roles: Some(vec![
                    DestinationRole::Origin,
                    DestinationRole::Retry,
                    DestinationRole::DeadLetter,
                ]),
                sights: sights.map(<[Sight]>::to_vec),
                among: Some(among.clone()),
                sort,
                ..DestinationFilter::default()
            };
            let more = self.store.destination_lines(&filter, DESTINATIONS).await;
            for listed in more.map_err(store_problem)? {
                let known = |other: &ListedDestination| other.line.key() == listed.line.key();
                let is_named = named.contains(&listed.line.place());
                if moves(&listed.line) && !is_named && !found.iter().any(known) {
                    found.push(listed);
                }
            }
        }
        Ok(found)
    }

    async fn draw_groups(
        &self,
        drawing: &mut Drawing,
        cluster: &str,
        here: &[&Drawn],
        sights: Option<&[Sight]>,
    ) -> Result<(), Problem> {
        let filter = GroupFilter {
            cluster: Some(cluster.to_owned()),
            // The lag of one that reads more would tell of what is hidden.
            sights: sights.map(<[Sight]>::to_vec),
            sort: GroupSort::Lag,
            ..GroupFilter::default()
        };
        let groups = self.store.group_lines(&filter, GROUPS).await;
        let groups: Vec<GroupLine> = groups
            .map_err(store_problem)?
            .into_iter()
            .map(|(line, _)| line)
            .collect();
        let mut readers: BTreeMap<(Option<&str>, &str), Vec<&GroupLine>> = BTreeMap::new();
        for group in &groups {
            for name in &group.destinations {
                let place = (group.namespace.as_deref(), name.as_str());
                readers.entry(place).or_default().push(group);
            }
        }
        let readers = here.iter().map(|one| {
            let place = (one.line.namespace.as_deref(), one.line.name.as_str());
            let readers = readers.get(&place).map(Vec::as_slice).unwrap_or_default();
            (*one, readers)
        });
        let readers: Vec<(&Drawn, &[&GroupLine])> = readers.collect();
        let others = readers.iter().map(|(one, groups)| {
            let others = groups.iter().filter(|group| group.destinations.len() != 1);
            let others = others.map(|group| (group.key(), one.line.name.as_str()));
            others.collect::<Vec<_>>()
        });
        let others = others.filter(|others| !others.is_empty()).take(SAMPLED);
        let others: Vec<(i64, &str)> = others.flatten().collect();
        let lags = self.store.lags_on(&others).await.map_err(store_problem)?;
        for (one, groups) in readers {
            for group in groups {
                let on = (group.key(), one.line.name.as_str());
                let lag = match group.destinations.len() {
                    1 => group.lag_messages,
                    _ => lags.get(&on).copied().flatten(),
                };
                add_reader(drawing, one, group, lag);
            }
        }
        Ok(())
    }
}

fn place_of(node: &MapNode) -> Option<i64> {
    match node {
        MapNode::Destination { system, name, .. } => Some(place_key(system, name)),
        _ => None,
    }
}

pub(super) fn is_seen(line: &DestinationLine, sights: Option<&[Sight]>) -> bool {
    sights.is_none_or(|sights| {
        sights.iter().any(|sight| {
            matches_pattern(&sight.cluster, &line.cluster)
                && matches_pattern(&sight.resource, &line.name)
        })
    })
}

fn moves(line: &DestinationLine) -> bool {
    let flows = |rate: Option<f64>| rate.is_some_and(|rate| rate > 0.0);
    flows(line.in_per_s) || flows(line.out_per_s) || line.lag_messages.is_some_and(|lag| lag > 0)
}

/// Fills the node that spans made, or makes one.
pub(super) fn add_destination(drawing: &mut Drawing, listed: ListedDestination) -> Drawn {
    let line = listed.line;
    let mut id = DestinationId::of_spans(&line.system, &line.name);
    let spans = id.to_string();
    let is_named = drawing.nodes.contains_key(&spans);
    if !is_named && listed.alike != 1 {
        id.exact = Some(Exact {
            cluster: line.cluster.clone(),
            kind: line.kind,
            namespace: line.namespace.clone(),
        });
    }
    let id = id.to_string();
    let mut told_by = vec![MapSource::Broker];
    if is_named {
        told_by.insert(0, MapSource::Spans);
    }
    let node = MapNode::Destination {
        id: id.clone(),
        system: line.system.clone(),
        cluster: Some(line.cluster.clone()),
        name: line.name.clone(),
        role: line.role,
        told_by,
        in_per_s: line.in_per_s,
        out_per_s: line.out_per_s,
        depth: line.depth_messages,
        lag_messages: line.lag_messages,
    };
    drawing.nodes.insert(id.clone(), node);
    Drawn { line, id }
}

/// Lag and rate beside what spans tell of this group here; an edge of its own where they do not.
fn add_reader(drawing: &mut Drawing, one: &Drawn, group: &GroupLine, lag: Option<u64>) {
    let reads_only_this = group.destinations.len() == 1;
    let per_s = group.out_per_s.filter(|_| reads_only_this);
    let mut told: Vec<&mut MapFlow> = drawing
        .flows
        .iter_mut()
        .filter(|flow| {
            flow.kind == MapEdgeKind::Consumes
                && flow.from == one.id
                && flow.group.as_deref() == Some(&group.name)
        })
        .collect();
    let is_idle = group.members.unwrap_or_default() == 0
        && per_s.unwrap_or_default() <= 0.0
        && lag.unwrap_or_default() == 0;
    if told.is_empty() && is_idle {
        return;
    }
    let page = group_page(group);
    let by_name = group_id(&group.system, &group.name);
    // Spans name a group and no cluster: what they name is this one where no other can be meant.
    let is_meant = |node: &MapNode| match node {
        MapNode::Group { cluster, .. } => cluster.as_deref() == Some(&group.cluster),
        _ => false,
    };
    let is_named = !told.is_empty() || drawing.nodes.get(&by_name).is_some_and(is_meant);
    let id = if is_named { by_name } else { page.clone() };
    let by_spans = told.iter().filter_map(|flow| flow.per_s).sum::<f64>();
    let alone = told.len() == 1;
    for flow in &mut told {
        flow.lag_messages = lag;
        flow.cluster = Some(group.cluster.clone());
        flow.told_by = vec![MapSource::Spans, MapSource::Broker];
        // One service reads for it: what the group takes is what the service takes.
        if let Some(rate) = per_s.filter(|rate| alone && by_spans < rate / 2.0) {
            flow.per_s = Some(rate);
            flow.per_s_by = Some(MapSource::Broker);
        }
    }
    let is_told = !told.is_empty();
    if !is_told {
        drawing.flows.push(MapFlow {
            group: Some(group.name.clone()),
            per_s,
            per_s_by: per_s.map(|_| MapSource::Broker),
            lag_messages: lag,
            ..of_broker(MapEdgeKind::Consumes, one, &id)
        });
    }
    let mut told_by = vec![MapSource::Broker];
    if is_named {
        told_by.insert(0, MapSource::Spans);
    }
    let node = MapNode::Group {
        id: id.clone(),
        system: group.system.clone(),
        cluster: Some(group.cluster.clone()),
        name: group.name.clone(),
        told_by,
        group_id: Some(page),
        members: group.members,
        lag_messages: group.lag_messages,
    };
    drawing.nodes.insert(id, node);
}

/// An edge of which no span tells.
pub(super) fn of_broker(kind: MapEdgeKind, from: &Drawn, to: &str) -> MapFlow {
    MapFlow {
        kind,
        from: from.id.clone(),
        to: to.to_owned(),
        via: None,
        service: None,
        system: from.line.system.clone(),
        cluster: Some(from.line.cluster.clone()),
        destination: from.line.name.clone(),
        group: None,
        told_by: vec![MapSource::Broker],
        per_s: None,
        per_s_by: None,
        failed_share: None,
        p50_ms: None,
        p99_ms: None,
        lag_messages: None,
        unknown: Vec::new(),
    }
}
