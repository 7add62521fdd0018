//! Whether a cluster answers, and what its user may not read: asked through its adapter. Where that
//! does not read clusters, a TCP connection to each address that its settings name.

use std::time::Duration;

use serde::Serialize;
use tokio::net::TcpStream;
use waybill_broker::{BrokerAdapter, Observe, Reason, Refused};
use waybill_model::cluster::MissingRight;
use waybill_model::problem::{Code, Problem};
use waybill_model::topology::Topology;

use crate::config::Cluster;

const CONNECT: Duration = Duration::from_secs(3);
const ANSWER: Duration = Duration::from_secs(10);

/// A cluster that answers.
#[derive(Debug, Serialize)]
pub struct Reached {
    pub detail: String,
    /// What stays blank, and the commands that grant the least.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing_rights: Vec<MissingRight>,
}

impl Reached {
    pub fn plainly(detail: String) -> Self {
        Self {
            detail,
            missing_rights: Vec::new(),
        }
    }
}

pub async fn cluster(cluster: &Cluster, adapters: &[BrokerAdapter]) -> Result<Reached, Problem> {
    if !cluster.managed {
        return Ok(Reached::plainly(
            "not managed: only spans name it".to_owned(),
        ));
    }
    let adapter = adapters
        .iter()
        .find(|adapter| adapter.name == cluster.broker);
    match adapter.and_then(|adapter| adapter.connect.as_ref()) {
        Some(connect) => {
            let connected = connect.cluster(&cluster.name, &cluster.resolved.0)?;
            match connected.observe() {
                Some(observe) => observed(observe).await,
                None => doors(&cluster.addresses).await,
            }
        }
        None => doors(&cluster.addresses).await,
    }
}

async fn observed(observe: &dyn Observe) -> Result<Reached, Problem> {
    let rights = observe.missing_rights(ANSWER).await.map_err(problem)?;
    let told = match observe.topology(ANSWER).await {
        // Positions may be told by nodes that only the topology names.
        Ok(topology) => observe.readings(ANSWER).await.map(|_| described(&topology)),
        Err(refused) => Err(refused),
    };
    let detail = match told {
        Ok(detail) => detail,
        // The commands are worth more than the refusal that they end.
        Err(refused) if refused.reason == Reason::Forbidden && !rights.is_empty() => {
            format!("answers, and tells this user nothing: {}", refused.detail)
        }
        Err(refused) => return Err(problem(refused)),
    };
    Ok(Reached {
        detail,
        missing_rights: rights
            .into_iter()
            .map(|right| MissingRight {
                right: right.right,
                blank: right.blank,
                grant: right.grant,
            })
            .collect(),
    })
}

fn described(topology: &Topology) -> String {
    let version = match &topology.version {
        Some(version) => format!("version {version}"),
        None => "its version is not told".to_owned(),
    };
    format!(
        "answers; {version}, nodes: {}, destinations: {}, groups: {}",
        topology.nodes.len(),
        topology.destinations.len(),
        topology.groups.len()
    )
}

fn problem(refused: Refused) -> Problem {
    let code = match refused.reason {
        Reason::WrongCredentials | Reason::WrongCertificate => Code::ConfigInvalid,
        _ => Code::ClusterUnreachable,
    };
    Problem::new(code, refused.to_string(), refused.hint)
}

/// One address that answers is enough for a cluster; those that do not are named.
async fn doors(addresses: &[String]) -> Result<Reached, Problem> {
    if addresses.is_empty() {
        return Err(Problem::new(
            Code::ConfigInvalid,
            "its settings name no address",
            "Give the addresses of its brokers in [cluster.settings], or set managed = false.",
        ));
    }
    let mut silent = Vec::new();
    for address in addresses {
        let connected = tokio::time::timeout(CONNECT, TcpStream::connect(address)).await;
        match connected {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => silent.push(format!("{address} ({error})")),
            Err(_) => silent.push(format!("{address} (no answer in {} s)", CONNECT.as_secs())),
        }
    }
    if silent.is_empty() {
        return Ok(Reached::plainly(format!(
            "{} answers",
            addresses.join(", ")
        )));
    }
    Err(Problem::new(
        Code::ClusterUnreachable,
        format!("no connection to {}", silent.join(", ")),
        "Start it, open the way to it, or correct its settings.",
    ))
}

#[cfg(test)]
mod tests {
    use waybill_broker::sim::{self, Script, Sim, Sims};

    use super::*;

    fn configured(name: &str, addresses: Vec<String>) -> Cluster {
        Cluster {
            name: name.into(),
            broker: "made-up".into(),
            site: None,
            colour: None,
            schema_registry: None,
            poll_interval: Duration::from_secs(5),
            actions: crate::config::ActionLevel::Off,
            managed: true,
            settings: toml::Table::new(),
            resolved: crate::config::Resolved::default(),
            addresses,
            capabilities: Vec::new(),
        }
    }

    #[tokio::test]
    async fn what_does_not_answer_is_named() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let live = listener.local_addr().unwrap().to_string();
        let mut one = configured("orders", vec![live.clone()]);
        assert!(cluster(&one, &[]).await.unwrap().detail.contains(&live));
        drop(listener);
        let problem = cluster(&one, &[]).await.unwrap_err();
        assert_eq!(problem.code, Code::ClusterUnreachable);
        assert!(problem.message.contains(&live));
        one.managed = false;
        assert!(cluster(&one, &[]).await.is_ok());
    }

    #[tokio::test]
    async fn an_adapter_tells_what_is_there_and_what_is_missing() {
        let (sims, sim) = (
            Sims::default(),
            Sim::new(Script::of_topics(&[("orders", 2)], "billing")),
        );
        sims.add("orders", &sim);
        let adapters = [sim::adapter("made-up", &sims)];
        let one = configured("orders", Vec::new());
        let reached = cluster(&one, &adapters).await.unwrap();
        assert_eq!(
            reached.detail,
            "answers; version 1.0, nodes: 1, destinations: 1, groups: 1"
        );
        assert!(reached.missing_rights.is_empty());
        sim.change(|script| {
            script.missing_rights.push(waybill_broker::MissingRight {
                right: "Describe on Cluster".into(),
                blank: "nodes".into(),
                grant: "acls --add --operation Describe --cluster".into(),
            });
        });
        let reached = cluster(&one, &adapters).await.unwrap();
        assert_eq!(reached.missing_rights[0].right, "Describe on Cluster");
        sim.go_down();
        let problem = cluster(&one, &adapters).await.unwrap_err();
        assert_eq!(problem.code, Code::ClusterUnreachable);
        assert!(
            problem.message.starts_with("unreachable: 127.0.0.1:1"),
            "{problem}"
        );
        assert!(!problem.hint.is_empty());
    }
}
