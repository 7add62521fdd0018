//! What its broker adds to one destination: settings, partitions, findings, routes, groups.

use std::collections::HashMap;

use waybill_model::access::Sight;
use waybill_model::destination::{Destination, GroupItem, PartitionLine};
use waybill_model::problem::Problem;
use waybill_model::reading::PartitionEnds;
use waybill_model::time::Timestamp;
use waybill_model::topology::{self, DestinationKind, Partition, RouteKind, Topology, Why};
use waybill_store::topology::{DestinationLine, GroupFilter, GroupLine, GroupSort};

use super::Query;
use super::groups::id_of;
use crate::auth::store_problem;

/// Told of one destination.
const GROUPS: u32 = 200;
/// Of groups that read other destinations too, whose positions are read for their lag on this one.
const SAMPLES: usize = 50;

impl Query {
    pub(super) async fn with_broker(
        &self,
        mut destination: Destination,
        line: Option<&DestinationLine>,
        now: Timestamp,
        sights: Option<&[Sight]>,
    ) -> Result<Destination, Problem> {
        if let Some(line) = line {
            let topology = self.topology_of(&line.cluster).await?;
            if let Some(topology) = &topology {
                let ends = self.store.destination_ends(line.key()).await;
                let ends = ends.map_err(store_problem)?;
                fill(&mut destination, line, topology, ends);
            }
            let polls = self.polls(now).await?;
            if let Some(state) = polls.of(&line.cluster) {
                destination.topology_as_of = state.topology_at;
                destination.topology_stale = Some(state.topology_is_stale(now));
                if line.depth_messages.is_none()
                    && destination
                        .reasons
                        .iter()
                        .all(|reason| reason.member != "depth")
                {
                    destination.reasons.push(polls.why(&line.cluster, "depth"));
                }
            }
            if line.kind != DestinationKind::Exchange {
                let groups = &mut destination.groups;
                self.add_groups(groups, line, sights).await?;
            }
        }
        // The list's counts, which here are lists.
        let told = |name: &&str| !["partitions", "consumers"].contains(name);
        destination.line.unknown.retain(told);
        let untold = [
            ("consumer_count", destination.consumer_count.is_none()),
            ("consumer_capacity", destination.consumer_capacity.is_none()),
            ("broker_series", destination.broker_series.is_none()),
            ("config", destination.config.is_none()),
            ("subtype", destination.subtype.is_none()),
            ("state", destination.state.is_none()),
            ("partitions", destination.partitions.is_none()),
            ("findings", destination.findings.is_none()),
            ("routes", destination.routes.is_none()),
            ("topology_as_of", destination.topology_as_of.is_none()),
            ("topology_stale", destination.topology_stale.is_none()),
        ];
        let untold = untold
            .into_iter()
            .filter_map(|(name, untold)| untold.then_some(name));
        destination.line.unknown.extend(untold);
        Ok(destination)
    }

    async fn add_groups(
        &self,
        groups: &mut Vec<GroupItem>,
        line: &DestinationLine,
        sights: Option<&[Sight]>,
    ) -> Result<(), Problem> {
        let filter = GroupFilter {
            cluster: Some(line.cluster.clone()),
            destination: Some(line.name.clone()),
            sort: GroupSort::Lag,
            // The lag of one that reads more would tell of what is hidden.
            sights: sights.map(<[Sight]>::to_vec),
            ..GroupFilter::default()
        };
        let found = self
            .store
            .group_lines(&filter, GROUPS)
            .await
            .map_err(store_problem)?;
        // Of those that read nothing else, the whole lag is that on this one.
        let on = |group: &GroupLine| (group.key(), line.name.as_str());
        let others: Vec<(i64, &str)> = found
            .iter()
            .filter(|(group, _)| group.destinations.len() != 1)
            .map(|(group, _)| on(group))
            .take(SAMPLES)
            .collect();
        let lags = self.store.lags_on(&others).await;
        let lags = lags.map_err(store_problem)?;
        for (group, _) in found {
            if group.namespace != line.namespace {
                continue;
            }
            let lag_messages = match group.destinations.len() {
                1 => group.lag_messages,
                _ => lags.get(&on(&group)).copied().flatten(),
            };
            let item = item(&group, lag_messages);
            match groups.iter_mut().find(|known| known.name == group.name) {
                Some(known) => {
                    let services = std::mem::take(&mut known.services);
                    *known = GroupItem { services, ..item };
                }
                None => groups.push(item),
            }
        }
        Ok(())
    }
}

fn item(group: &GroupLine, lag_messages: Option<u64>) -> GroupItem {
    let untold = [
        ("state", group.state.is_none()),
        ("members", group.members.is_none()),
        ("lag_messages", lag_messages.is_none()),
        ("lag_ms", true),
    ];
    GroupItem {
        id: Some(id_of(group)),
        name: group.name.clone(),
        services: Vec::new(),
        state: group.state.clone(),
        members: group.members,
        lag_messages,
        lag_ms: None,
        unknown: untold
            .into_iter()
            .filter_map(|(name, untold)| untold.then_some(name))
            .collect(),
    }
}

fn fill(
    destination: &mut Destination,
    line: &DestinationLine,
    topology: &Topology,
    ends: Vec<PartitionEnds>,
) {
    let same = |one: &&topology::Destination| {
        one.name == line.name && one.namespace == line.namespace && one.kind == line.kind
    };
    let Some(one) = topology.destinations.iter().find(same) else {
        return;
    };
    let is_told =
        |list: &[topology::Unknown], member: &str| list.iter().all(|u| u.member != member);
    destination.subtype.clone_from(&one.subtype);
    destination.state.clone_from(&one.state);
    let settings = Some(one.settings.clone());
    destination.config = settings.filter(|_| is_told(&one.unknown, "settings"));
    if !one.partitions.is_empty() {
        let ends: HashMap<String, PartitionEnds> = ends
            .into_iter()
            .map(|ends| (ends.partition.clone(), ends))
            .collect();
        let partition = |partition: &Partition| {
            let ends = ends.get(&partition.id);
            PartitionLine {
                partition: partition.clone(),
                low: ends.and_then(|ends| ends.low),
                head: ends.and_then(|ends| ends.head),
            }
        };
        destination.partitions = Some(one.partitions.iter().map(partition).collect());
    }
    destination.findings = Some(one.findings.clone());
    // A queue and an exchange may share a name: bindings begin at exchanges, all else at queues.
    let is_exchange = one.kind == DestinationKind::Exchange;
    let routes = topology.routes.iter().filter(|route| {
        let from = route.from == one.name && (route.kind == RouteKind::Binding) == is_exchange;
        let to_exchange = route.to_kind == DestinationKind::Exchange;
        let to = route.to == one.name && to_exchange == is_exchange;
        route.namespace == one.namespace && (from || to)
    });
    let routes: Vec<_> = routes.cloned().collect();
    let known = is_told(&topology.unknown, "routes") || !routes.is_empty();
    destination.routes = known.then_some(routes);
    destination.reasons.clone_from(&one.unknown);
    let own = |group: &&topology::Group| {
        group.name == one.name && group.namespace == one.namespace && !is_exchange
    };
    if let Some(group) = topology.groups.iter().find(own) {
        destination.consumer_capacity = group.consumer_capacity;
        let about = |unknown: &&topology::Unknown| unknown.member == "consumer_capacity";
        let reason = group.unknown.iter().find(about);
        destination.reasons.extend(reason.cloned());
    }
    if one.partitions.is_empty() {
        destination.reasons.push(topology::Unknown {
            member: "partitions".to_owned(),
            why: Why::Unsupported,
            detail: None,
        });
    }
}
