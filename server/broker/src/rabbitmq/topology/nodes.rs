//! The cluster and its nodes.

use std::collections::BTreeMap;

use waybill_model::topology::{Node, Topology, Unknown, Why};

use super::super::answers::{self, Connection, Listener, Overview, Queue, Vhost};
use super::super::failure::{Failure, printable};
use super::{Told, missing, unsupported};

pub(super) fn cluster(overview: &Result<Overview, Failure>, topology: &mut Topology) {
    topology.unknown.push(unsupported("controller"));
    let overview = match overview {
        Ok(overview) => overview,
        Err(failure) => {
            for member in ["cluster_id", "version", "connections"] {
                topology.unknown.push(failure.unknown(member));
            }
            return;
        }
    };
    topology.cluster_id.clone_from(&overview.cluster_name);
    topology.version = overview
        .product_version
        .clone()
        .or_else(|| overview.rabbitmq_version.clone());
    topology.connections = overview.object_totals.as_ref().and_then(|t| t.connections);
    for (member, told) in [
        ("cluster_id", topology.cluster_id.is_some()),
        ("version", topology.version.is_some()),
        ("connections", topology.connections.is_some()),
    ] {
        if !told {
            topology.unknown.push(missing(member));
        }
    }
}

pub(super) fn nodes(told: &Told, topology: &mut Topology) {
    let listeners = told
        .overview
        .as_ref()
        .ok()
        .and_then(|overview| overview.listeners.as_deref())
        .unwrap_or_default();
    match &told.nodes {
        Ok(nodes) => {
            let vhosts = told.vhosts.as_deref().unwrap_or_default();
            let nodes = nodes
                .iter()
                .filter_map(|told| node(told, listeners, vhosts));
            topology.nodes.extend(nodes);
            topology.nodes.sort_by(|a, b| a.id.cmp(&b.id));
        }
        Err(failure) => topology.unknown.push(failure.unknown("nodes")),
    }
}

/// How many connections are in each state: `flow` slows a publisher down, `blocked` stops it.
pub(super) fn connections(
    told: &Option<Result<Vec<Connection>, Failure>>,
    topology: &mut Topology,
) {
    const MEMBER: &str = "connection_states";
    let connections = match told {
        Some(Ok(connections)) => connections,
        Some(Err(failure)) => return topology.unknown.push(failure.unknown(MEMBER)),
        None => {
            return topology.unknown.push(Unknown {
                member: MEMBER.to_owned(),
                why: Why::Forbidden,
                detail: Some("the tag monitoring shows other users' connections".to_owned()),
            });
        }
    };
    let mut states = BTreeMap::new();
    for connection in connections {
        // One that is only just there tells no state yet.
        let state = connection.state.as_deref().unwrap_or("starting");
        *states.entry(printable(state)).or_default() += 1;
    }
    topology.connection_states = Some(states);
}

/// Queues by the node that leads them; nothing where a queue does not tell.
pub(super) fn leads(queues: &[Queue], nodes: &mut [Node]) {
    let mut leads: BTreeMap<&str, u64> = BTreeMap::new();
    for queue in queues {
        if let Some(node) = queue.leader.as_deref().or(queue.node.as_deref()) {
            *leads.entry(node).or_default() += 1;
        }
    }
    for node in nodes {
        node.leads = Some(leads.get(node.id.as_str()).copied().unwrap_or_default());
        node.unknown.retain(|unknown| unknown.member != "leads");
    }
}

fn node(told: &answers::Node, listeners: &[Listener], vhosts: &[Vhost]) -> Option<Node> {
    let id = told.name.clone()?;
    let mine: Vec<&Listener> = listeners
        .iter()
        .filter(|listener| listener.node.as_deref() == Some(id.as_str()))
        .collect();
    let applications = told.applications.iter().flatten();
    let version = applications
        .filter(|application| application.name == "rabbit")
        .map(|application| application.version.clone())
        .next();
    let mut node = Node {
        address: mine
            .iter()
            .find(|listener| listener.protocol.as_deref().is_some_and(is_amqp))
            .and_then(|listener| address(listener, &id)),
        listeners: mine
            .iter()
            .filter_map(|listener| {
                let protocol = listener.protocol.as_deref()?;
                Some(format!("{protocol} {}", address(listener, &id)?))
            })
            .collect(),
        roles: told.kind.iter().cloned().collect(),
        running: told.running,
        version,
        used_memory_bytes: told.mem_used,
        memory_limit_bytes: told.mem_limit,
        free_disk_bytes: told.disk_free,
        uptime_ms: told.uptime,
        alarms: alarms(told, vhosts),
        unknown: Vec::new(),
        id,
        ..Node::default()
    };
    node.unknown = unknown(&node);
    Some(node)
}

fn is_amqp(protocol: &str) -> bool {
    matches!(protocol, "amqp" | "amqp/ssl")
}

/// A listener on all addresses is reached by the host in the node's name.
fn address(listener: &Listener, node: &str) -> Option<String> {
    let port = listener.port?;
    let ip = listener.ip_address.as_deref()?;
    let host = match ip {
        "::" | "0.0.0.0" => node.split_once('@').map_or(node, |(_, host)| host),
        ip => ip,
    };
    Some(if host.contains(':') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    })
}

fn alarms(told: &answers::Node, vhosts: &[Vhost]) -> Vec<String> {
    let mut alarms = Vec::new();
    if told.running == Some(false) {
        alarms.push("not running".to_owned());
    }
    if told.mem_alarm == Some(true) {
        alarms.push("memory: publishers are blocked".to_owned());
    }
    if told.disk_free_alarm == Some(true) {
        alarms.push("disk: publishers are blocked".to_owned());
    }
    if told.being_drained == Some(true) {
        alarms.push("being drained".to_owned());
    }
    for other in told.partitions.iter().flatten() {
        alarms.push(format!("partition: lost sight of {other}"));
    }
    // Of a node that is down, none runs anyway.
    if told.running == Some(true) {
        for vhost in vhosts {
            let state = vhost.cluster_state.as_ref();
            let here = state.and_then(|state| state.get(told.name.as_deref()?));
            if let (Some(vhost), Some(here)) = (&vhost.name, here.filter(|s| *s != "running")) {
                alarms.push(format!("virtual host {vhost}: {here}"));
            }
        }
    }
    alarms
}

fn unknown(node: &Node) -> Vec<Unknown> {
    let mut unknown = vec![
        unsupported("rack"),
        unsupported("stored_bytes"),
        Unknown {
            member: "leads".to_owned(),
            why: Why::Missing,
            detail: Some("queues could not be read".to_owned()),
        },
    ];
    for (member, told) in [
        ("address", node.address.is_some()),
        ("running", node.running.is_some()),
        ("version", node.version.is_some()),
        ("used_memory_bytes", node.used_memory_bytes.is_some()),
        ("memory_limit_bytes", node.memory_limit_bytes.is_some()),
        ("free_disk_bytes", node.free_disk_bytes.is_some()),
        ("uptime_ms", node.uptime_ms.is_some()),
    ] {
        if !told {
            unknown.push(missing(member));
        }
    }
    unknown
}
