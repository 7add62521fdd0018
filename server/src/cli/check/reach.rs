//! Whether a cluster answers at all: a TCP connection to each address that its settings name.

use std::time::Duration;

use tokio::net::TcpStream;
use waybill_model::problem::{Code, Problem};

use crate::config::Cluster;

const PATIENCE: Duration = Duration::from_secs(3);

/// One address that answers is enough for a cluster; those that do not are named.
pub async fn cluster(cluster: &Cluster) -> Result<String, Problem> {
    if !cluster.managed {
        return Ok("not managed: only spans name it".to_owned());
    }
    let addresses = &cluster.addresses;
    if addresses.is_empty() {
        return Err(Problem::new(
            Code::ConfigInvalid,
            "its settings name no address",
            "Give the addresses of its brokers in [cluster.settings], or set managed = false.",
        ));
    }
    let mut silent = Vec::new();
    for address in addresses {
        let connected = tokio::time::timeout(PATIENCE, TcpStream::connect(address)).await;
        match connected {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => silent.push(format!("{address} ({error})")),
            Err(_) => silent.push(format!("{address} (no answer in {} s)", PATIENCE.as_secs())),
        }
    }
    if silent.is_empty() {
        return Ok(format!("{} answers", addresses.join(", ")));
    }
    Err(Problem::new(
        Code::ClusterUnreachable,
        format!("no connection to {}", silent.join(", ")),
        "Start it, open the way to it, or correct its settings.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_does_not_answer_is_named() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let live = listener.local_addr().unwrap().to_string();
        let mut one = Cluster {
            name: "orders".into(),
            broker: "made-up".into(),
            site: None,
            colour: None,
            poll_interval: Duration::from_secs(5),
            actions: crate::config::ActionLevel::Off,
            managed: true,
            settings: toml::Table::new(),
            resolved: crate::config::Resolved::default(),
            addresses: vec![live.clone()],
            capabilities: Vec::new(),
        };
        assert!(cluster(&one).await.unwrap().contains(&live));
        drop(listener);
        let problem = cluster(&one).await.unwrap_err();
        assert_eq!(problem.code, Code::ClusterUnreachable);
        assert!(problem.message.contains(&live));
        one.managed = false;
        assert!(cluster(&one).await.is_ok());
    }
}
