//! Everybody who has an address: name servers, brokers, controllers, proxies.

use std::collections::BTreeMap;

use waybill_model::time::Timestamp;
use waybill_model::topology::{Node, Unknown, Why};

use super::brokers::Census;
use super::controllers::Controllers;
use super::names;
use super::permissions::Wiped;
use super::replicas::Replicas;
use super::told::Told;
use crate::rocketmq::answers::runtime::Runtime;
use crate::rocketmq::wire::failure::Failure;

/// Where a broker begins to refuse what clients send, whatever its settings
/// (`DefaultMessageStore.diskSpaceWarningLevelRatio`).
const DISK_FULL: f64 = 0.90;
/// Where it begins to delete messages before their time (`diskSpaceCleanForciblyRatio`).
const DISK_CLEANED: f64 = 0.85;

/// What a broker's figures want.
pub(super) const RIGHT: &str = "Get on Cluster";

pub(super) fn name_servers(census: &Census) -> impl Iterator<Item = Node> + '_ {
    census.name_servers.iter().map(|(target, told)| {
        let silence = told.as_ref().err();
        plain(
            names::name_server(&target.address),
            &target.address,
            &["name server"],
            Some(silence),
        )
    })
}

pub(super) fn controllers(controllers: &Controllers) -> impl Iterator<Item = Node> + '_ {
    controllers.nodes.iter().map(|(address, told)| {
        let leads = controllers.leader.as_ref() == Some(address);
        let roles: &[&str] = match leads {
            true => &["controller", "leader"],
            false => &["controller"],
        };
        let told = told.as_ref().map(|told| told.as_ref().err());
        plain(names::controller(address), address, roles, told)
    })
}

/// By address: why one does not answer.
pub(super) fn proxies(told: &BTreeMap<String, Option<Failure>>) -> impl Iterator<Item = Node> + '_ {
    told.iter().map(|(address, failure)| {
        plain(
            names::proxy(address),
            address,
            &["proxy"],
            Some(failure.as_ref()),
        )
    })
}

/// One that tells nothing but that it is there. `told`: `None` where it was not asked.
fn plain(id: String, address: &str, roles: &[&str], told: Option<Option<&Failure>>) -> Node {
    let mut node = Node {
        id,
        address: Some(address.to_owned()),
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        running: told.map(|failure| failure.is_none()),
        ..Node::default()
    };
    if let Some(Some(failure)) = told {
        node.alarms.extend(failure.unknown("running", RIGHT).detail);
    }
    if node.running.is_none() {
        node.unknown.push(unknown(
            "running",
            Why::NotAsked,
            "the settings do not name it",
        ));
    }
    let why = "it tells nothing of itself";
    for member in [
        "version",
        "leads",
        "uptime_ms",
        "stored_bytes",
        "free_disk_bytes",
    ]
    .iter()
    .chain(&NEVER)
    {
        node.unknown.push(unknown(member, Why::Unsupported, why));
    }
    node
}

/// What no server of this broker tells.
const NEVER: [&str; 3] = ["rack", "used_memory_bytes", "memory_limit_bytes"];

/// The replicas of one broker name.
pub(super) fn brokers(
    told: &Told,
    replicas: &Replicas,
    census: &Census,
    wiped: &Wiped,
    now: Timestamp,
) -> Vec<Node> {
    let nodes = replicas.by_address.iter().map(|(address, replica)| {
        let mut node = Node {
            id: names::replica(&told.broker.name, address),
            address: Some(address.clone()),
            roles: vec!["broker".to_owned(), role(replica.is_master, replicas.epoch)],
            running: Some(replica.is_alive),
            leads: Some(match replica.is_master {
                true => queues(told),
                false => 0,
            }),
            alarms: replica.silence.iter().cloned().collect(),
            ..Node::default()
        };
        if !told.broker.is_listed {
            node.alarms.push("no name server lists it".to_owned());
        } else if replicas.leader.is_none() {
            let name = &told.broker.name;
            node.alarms
                .push(format!("{name} has no master that answers"));
        }
        node.alarms.extend(unlisted(told, address, census));
        if replica.is_master {
            let servers = wiped.get(&told.broker.name).into_iter().flatten();
            node.alarms.extend(servers.map(|server| {
                format!("name server {server} has it without the permission to write")
            }));
        }
        let never = "brokers do not tell it";
        for member in NEVER {
            node.unknown.push(unknown(member, Why::Unsupported, never));
        }
        figures(&mut node, told.runtimes.get(address), now);
        node
    });
    nodes.collect()
}

fn role(is_master: bool, epoch: Option<i64>) -> String {
    match (is_master, epoch) {
        (true, Some(epoch)) => format!("MASTER (epoch {epoch})"),
        (true, None) => "MASTER".to_owned(),
        (false, _) => "SLAVE".to_owned(),
    }
}

fn queues(told: &Told) -> u64 {
    let topics = told.topics.told.iter().flat_map(|topics| topics.values());
    topics.map(|topic| u64::from(topic.queues())).sum()
}

/// Name servers that answer and do not know this replica, while others do.
fn unlisted(told: &Told, address: &str, census: &Census) -> Vec<String> {
    let name = &told.broker.name;
    let is_replica = told.broker.replicas.values().any(|one| one == address);
    let answered = census
        .name_servers
        .iter()
        .filter_map(|(target, told)| Some((target, told.as_ref().ok()?)));
    let silent = answered.filter(|(_, info)| {
        let data = info.broker_addr_table.get(name);
        data.is_none_or(|data| data.broker_addrs.values().all(|one| one != address))
    });
    match told.broker.is_listed && is_replica {
        true => silent
            .map(|(target, _)| format!("name server {} does not list it", target.address))
            .collect(),
        false => Vec::new(),
    }
}

fn figures(node: &mut Node, told: Option<&Result<Runtime, Failure>>, now: Timestamp) {
    let runtime = match told {
        Some(Ok(runtime)) => runtime,
        other => {
            for member in ["version", "uptime_ms", "stored_bytes", "free_disk_bytes"] {
                node.unknown.push(match other {
                    Some(Err(failure)) => failure.unknown(member, RIGHT),
                    _ => unknown(member, Why::NotAsked, "no name server tells its address"),
                });
            }
            return;
        }
    };
    node.version = runtime.version();
    node.free_disk_bytes = runtime.free_disk_bytes();
    node.stored_bytes = runtime.stored_bytes();
    node.uptime_ms = runtime.booted_at_ms().and_then(|booted| {
        let up = now.ms_since(Timestamp::from_unix_millis(booted));
        (up >= 0.0).then_some(up as u64)
    });
    for (member, is_told) in [
        ("version", node.version.is_some()),
        ("free_disk_bytes", node.free_disk_bytes.is_some()),
        ("stored_bytes", node.stored_bytes.is_some()),
        ("uptime_ms", node.uptime_ms.is_some()),
    ] {
        if !is_told {
            node.unknown
                .push(unknown(member, Why::Missing, "it left it out"));
        }
    }
    if let Some(ratio) = runtime.disk_ratio() {
        let percent = (ratio * 100.0).floor();
        if ratio >= DISK_FULL {
            node.alarms
                .push(format!("disk {percent} % full: it takes no messages"));
        } else if ratio >= DISK_CLEANED {
            node.alarms.push(format!(
                "disk {percent} % full: messages are deleted before their time"
            ));
        }
    }
    if runtime.is_active() == Some(false) {
        node.alarms.push("not active".to_owned());
    }
}

fn unknown(member: &str, why: Why, detail: &str) -> Unknown {
    Unknown {
        member: member.to_owned(),
        why,
        detail: Some(detail.to_owned()),
    }
}
