//! Brokers, brokers that are fenced, and controllers.

use std::collections::BTreeMap;

use waybill_model::topology::{Node, Unknown, Why};

use super::assembly::{Parts, led};
use super::log_dirs;
use super::metadata::address;

pub(super) fn of(parts: &Parts) -> Vec<Node> {
    let mut nodes: BTreeMap<i32, Node> = BTreeMap::new();
    let led = led(&parts.metadata);
    for broker in &parts.metadata.brokers {
        let node = nodes
            .entry(broker.node_id.0)
            .or_insert_with(|| named(broker.node_id.0));
        node.address = Some(address(&broker.host, broker.port));
        node.rack = broker.rack.as_ref().map(|rack| rack.to_string());
        node.roles.push("broker".into());
        node.running = Some(true);
        node.leads = Some(led.get(&broker.node_id.0).copied().unwrap_or(0));
        tell_disk(node, broker.node_id.0, parts);
    }
    if let Ok(cluster) = &parts.cluster {
        for broker in cluster.brokers.iter().filter(|broker| broker.is_fenced) {
            let node = nodes
                .entry(broker.broker_id.0)
                .or_insert_with(|| named(broker.broker_id.0));
            node.address = Some(address(&broker.host, broker.port));
            node.rack = broker.rack.as_ref().map(|rack| rack.to_string());
            node.roles.push("broker".into());
            node.running = Some(false);
            node.alarms
                .push("fenced: it sends the controller no heartbeats".into());
        }
    }
    if let Ok(quorum) = &parts.quorum {
        for voter in &quorum.voters {
            let node = nodes.entry(*voter).or_insert_with(|| named(*voter));
            node.roles.push("controller".into());
            if node.address.is_none() {
                node.address = quorum.addresses.get(voter).cloned();
            }
        }
    }
    let mut nodes: Vec<Node> = nodes.into_values().collect();
    nodes.iter_mut().for_each(tell_gaps);
    nodes
}

fn named(id: i32) -> Node {
    Node {
        id: id.to_string(),
        ..Node::default()
    }
}

fn tell_disk(node: &mut Node, id: i32, parts: &Parts) {
    if let Some((_, disk)) = parts.disks.answers.iter().find(|(node, _)| *node == id) {
        node.stored_bytes = Some(disk.stored_bytes);
        node.free_disk_bytes = disk.free_bytes;
        node.alarms.extend(disk.alarms.iter().cloned());
    }
    if let Some((_, failure)) = parts.disks.failures.iter().find(|(node, _)| *node == id) {
        for member in ["stored_bytes", "free_disk_bytes"] {
            node.unknown.push(failure.unknown(member, log_dirs::RIGHT));
        }
    }
}

/// Every member that is `None` has its reason.
fn tell_gaps(node: &mut Node) {
    let is_broker = node.roles.iter().any(|role| role == "broker");
    let by_protocol = [
        ("version", node.version.is_none()),
        ("used_memory_bytes", node.used_memory_bytes.is_none()),
        ("memory_limit_bytes", node.memory_limit_bytes.is_none()),
        ("uptime_ms", node.uptime_ms.is_none()),
    ];
    let by_role = [
        ("address", node.address.is_none()),
        ("running", node.running.is_none()),
        ("leads", node.leads.is_none()),
        ("stored_bytes", node.stored_bytes.is_none()),
        ("free_disk_bytes", node.free_disk_bytes.is_none()),
    ];
    let known = node.unknown.clone();
    let is_explained = |member: &str| known.iter().any(|unknown| unknown.member == member);
    let detail = match is_broker {
        true => "the broker does not tell it",
        false => "controllers are not asked themselves",
    };
    let gaps = by_protocol
        .iter()
        .map(|(member, is_gap)| {
            (
                member,
                is_gap,
                Why::Unsupported,
                "Kafka's protocol does not tell it",
            )
        })
        .chain(
            by_role
                .iter()
                .map(|(member, is_gap)| (member, is_gap, Why::Missing, detail)),
        );
    for (member, is_gap, why, detail) in gaps {
        if *is_gap && !is_explained(member) {
            node.unknown.push(Unknown {
                member: (*member).to_owned(),
                why,
                detail: Some(detail.to_owned()),
            });
        }
    }
}
