//! A topology: each thing once, each figure told or named as unknown.

use std::collections::HashSet;

use waybill_model::topology::{Destination, Group, Node, Topology};

use super::told::Lists;

/// What is broken in it, a line each; empty where nothing is.
pub fn topology(topology: &Topology) -> Vec<String> {
    let mut broken = Vec::new();
    let whole = Lists {
        what: "topology".into(),
        own: &topology.unknown,
        holder: (&[], ""),
    };
    whole.check(&mut broken, &[("version", topology.version.is_some())]);
    let mut seen = HashSet::new();
    for node in &topology.nodes {
        if node.id.is_empty() || !seen.insert(node.id.as_str()) {
            broken.push(format!("node {:?} stands twice, or has no id", node.id));
        }
        of_node(topology, node, &mut broken);
    }
    let mut seen = HashSet::new();
    for one in &topology.destinations {
        if !seen.insert((&one.namespace, one.kind, &one.name)) {
            broken.push(format!("{:?} {:?} stands twice", one.kind, one.name));
        }
        of_destination(topology, one, &mut broken);
    }
    let mut seen = HashSet::new();
    for group in &topology.groups {
        if !seen.insert((&group.namespace, &group.name)) {
            broken.push(format!("group {:?} stands twice", group.name));
        }
        of_group(topology, group, &mut broken);
    }
    broken
}

fn of_node(topology: &Topology, node: &Node, broken: &mut Vec<String>) {
    let lists = Lists {
        what: format!("node {:?}", node.id),
        own: &node.unknown,
        holder: (&topology.unknown, "nodes"),
    };
    lists.check(
        broken,
        &[
            ("running", node.running.is_some()),
            ("leads", node.leads.is_some()),
            ("used_memory_bytes", node.used_memory_bytes.is_some()),
            ("memory_limit_bytes", node.memory_limit_bytes.is_some()),
            ("free_disk_bytes", node.free_disk_bytes.is_some()),
            ("stored_bytes", node.stored_bytes.is_some()),
            ("uptime_ms", node.uptime_ms.is_some()),
        ],
    );
}

fn of_destination(topology: &Topology, one: &Destination, broken: &mut Vec<String>) {
    let what = format!("{:?} {:?}", one.kind, one.name);
    let lists = Lists {
        what: what.clone(),
        own: &one.unknown,
        holder: (&topology.unknown, "destinations"),
    };
    lists.check(
        broken,
        &[
            ("consumers", one.consumers.is_some()),
            ("stored_bytes", one.stored_bytes.is_some()),
        ],
    );
    let nodes: HashSet<&str> = topology.nodes.iter().map(|node| node.id.as_str()).collect();
    let mut seen = HashSet::new();
    for partition in &one.partitions {
        if !seen.insert(partition.id.as_str()) {
            broken.push(format!("{what}: partition {:?} stands twice", partition.id));
        }
        let lists = Lists {
            what: format!("{what}, partition {:?}", partition.id),
            own: &partition.unknown,
            holder: (&one.unknown, "partitions"),
        };
        lists.check(
            broken,
            &[
                ("in_sync", partition.in_sync.is_some()),
                ("stored_bytes", partition.stored_bytes.is_some()),
            ],
        );
        let named = partition.leader.iter().chain(&partition.replicas);
        for node in named.filter(|node| !nodes.contains(node.as_str())) {
            broken.push(format!(
                "{what}, partition {:?}: no node {node:?}",
                partition.id
            ));
        }
    }
}

fn of_group(topology: &Topology, group: &Group, broken: &mut Vec<String>) {
    let lists = Lists {
        what: format!("group {:?}", group.name),
        own: &group.unknown,
        holder: (&topology.unknown, "groups"),
    };
    let coordinator = ("coordinator", group.coordinator.is_some());
    lists.check(broken, &[("members", group.members.is_some()), coordinator]);
}
