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
    let addresses = addresses(&cluster.settings);
    if addresses.is_empty() {
        return Err(Problem::new(
            Code::ConfigInvalid,
            "its settings name no address",
            "Give the addresses of its brokers in [cluster.settings], or set managed = false.",
        ));
    }
    let mut silent = Vec::new();
    for address in &addresses {
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

/// Every `host:port` and every `scheme://…host:port…` among the values; what a setting is called
/// is the adapter's business.
fn addresses(settings: &toml::Table) -> Vec<String> {
    let mut found = Vec::new();
    for value in settings.values() {
        match value {
            toml::Value::String(text) => found.extend(address(text)),
            toml::Value::Array(items) => {
                found.extend(items.iter().filter_map(|item| address(item.as_str()?)));
            }
            _ => {}
        }
    }
    found
}

fn address(text: &str) -> Option<String> {
    let authority = match text.split_once("://") {
        Some((_, rest)) => {
            let authority = rest.split(['/', '?', '#']).next()?;
            authority
                .rsplit_once('@')
                .map_or(authority, |(_, host)| host)
        }
        None => text,
    };
    let (host, port) = authority.rsplit_once(':')?;
    port.parse::<u16>().ok()?;
    let plausible = |c: char| c.is_ascii_alphanumeric() || ".-_:[]".contains(c);
    (!host.is_empty() && host.chars().all(plausible)).then(|| authority.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_whatever_their_key() {
        let settings: toml::Table = toml::from_str(
            r#"
            many = ["127.0.0.1:9092", "b.example:9093"]
            url = "amqp://user:p%40ss@c.example:5672/%2f"
            web = "http://[::1]:15672"
            user = "waybill"
            password = { env = "X" }
            count = 7
            "#,
        )
        .unwrap();
        let mut found = addresses(&settings);
        found.sort();
        let expected = [
            "127.0.0.1:9092",
            "[::1]:15672",
            "b.example:9093",
            "c.example:5672",
        ];
        assert_eq!(found, expected);
    }

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
            settings: toml::Table::from_iter([("at".into(), live.clone().into())]),
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
