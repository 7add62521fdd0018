//! Answers of the management API, as far as they are used. Every member may be missing, null or of
//! another type than expected: it is then not told. Members that are not named here are ignored.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

pub(super) type Arguments = BTreeMap<String, Value>;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Whoami {
    #[serde(deserialize_with = "told")]
    pub name: Option<String>,
    /// A list from 3.9 on, before it one text with commas.
    #[serde(deserialize_with = "words")]
    pub tags: Vec<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Overview {
    #[serde(deserialize_with = "told")]
    pub cluster_name: Option<String>,
    #[serde(deserialize_with = "told")]
    pub product_version: Option<String>,
    #[serde(deserialize_with = "told")]
    pub rabbitmq_version: Option<String>,
    #[serde(deserialize_with = "told")]
    pub object_totals: Option<ObjectTotals>,
    /// Only for users with the tag monitoring.
    #[serde(deserialize_with = "told")]
    pub listeners: Option<Vec<Listener>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ObjectTotals {
    #[serde(deserialize_with = "count")]
    pub connections: Option<u64>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Listener {
    #[serde(deserialize_with = "told")]
    pub node: Option<String>,
    #[serde(deserialize_with = "told")]
    pub protocol: Option<String>,
    #[serde(deserialize_with = "told")]
    pub ip_address: Option<String>,
    #[serde(deserialize_with = "count")]
    pub port: Option<u64>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Node {
    #[serde(deserialize_with = "told")]
    pub name: Option<String>,
    /// `disc` or `ram`.
    #[serde(rename = "type", deserialize_with = "told")]
    pub kind: Option<String>,
    #[serde(deserialize_with = "told")]
    pub running: Option<bool>,
    #[serde(deserialize_with = "told")]
    pub being_drained: Option<bool>,
    /// Milliseconds.
    #[serde(deserialize_with = "count")]
    pub uptime: Option<u64>,
    #[serde(deserialize_with = "count")]
    pub mem_used: Option<u64>,
    #[serde(deserialize_with = "count")]
    pub mem_limit: Option<u64>,
    #[serde(deserialize_with = "told")]
    pub mem_alarm: Option<bool>,
    #[serde(deserialize_with = "count")]
    pub disk_free: Option<u64>,
    #[serde(deserialize_with = "told")]
    pub disk_free_alarm: Option<bool>,
    /// Nodes that it lost sight of.
    #[serde(deserialize_with = "told")]
    pub partitions: Option<Vec<String>>,
    #[serde(deserialize_with = "told")]
    pub applications: Option<Vec<Application>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Application {
    pub name: String,
    pub version: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Vhost {
    #[serde(deserialize_with = "told")]
    pub name: Option<String>,
    /// By node: `running`, `stopped`, `nodedown`, ….
    #[serde(deserialize_with = "told")]
    pub cluster_state: Option<BTreeMap<String, String>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Exchange {
    #[serde(deserialize_with = "told")]
    pub name: Option<String>,
    #[serde(deserialize_with = "told")]
    pub vhost: Option<String>,
    #[serde(rename = "type", deserialize_with = "told")]
    pub kind: Option<String>,
    #[serde(deserialize_with = "told")]
    pub durable: Option<bool>,
    #[serde(deserialize_with = "told")]
    pub auto_delete: Option<bool>,
    #[serde(deserialize_with = "told")]
    pub internal: Option<bool>,
    #[serde(deserialize_with = "arguments")]
    pub arguments: Arguments,
    #[serde(deserialize_with = "told")]
    pub policy: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Queue {
    #[serde(deserialize_with = "told")]
    pub name: Option<String>,
    #[serde(deserialize_with = "told")]
    pub vhost: Option<String>,
    /// `classic`, `quorum`, `stream` or what a plugin brings; missing before 3.8.
    #[serde(rename = "type", deserialize_with = "told")]
    pub kind: Option<String>,
    /// Where a classic queue lives.
    #[serde(deserialize_with = "told")]
    pub node: Option<String>,
    #[serde(deserialize_with = "told")]
    pub state: Option<String>,
    #[serde(deserialize_with = "told")]
    pub durable: Option<bool>,
    #[serde(deserialize_with = "told")]
    pub auto_delete: Option<bool>,
    #[serde(deserialize_with = "told")]
    pub exclusive: Option<bool>,
    #[serde(deserialize_with = "arguments")]
    pub arguments: Arguments,
    #[serde(deserialize_with = "told")]
    pub policy: Option<String>,
    #[serde(deserialize_with = "told")]
    pub operator_policy: Option<String>,
    /// Both policies merged by the broker. `None` in the first seconds of a quorum queue.
    #[serde(deserialize_with = "told")]
    pub effective_policy_definition: Option<Arguments>,
    #[serde(deserialize_with = "told")]
    pub leader: Option<String>,
    #[serde(deserialize_with = "told")]
    pub members: Option<Vec<String>>,
    #[serde(deserialize_with = "told")]
    pub online: Option<Vec<String>>,
    /// Mirrors of a classic queue, until 3.13.
    #[serde(deserialize_with = "told")]
    pub slave_nodes: Option<Vec<String>>,
    #[serde(deserialize_with = "told")]
    pub synchronised_slave_nodes: Option<Vec<String>>,
    #[serde(deserialize_with = "count")]
    pub consumers: Option<u64>,
    #[serde(deserialize_with = "count")]
    pub message_bytes: Option<u64>,
    #[serde(deserialize_with = "told")]
    pub single_active_consumer_tag: Option<String>,
    /// The same of a quorum queue before 4.0.
    #[serde(deserialize_with = "told")]
    pub single_active_consumer_ctag: Option<String>,
    /// Share of the time; from 3.8.10 on, and under the name before it. Of a queue without consumers
    /// missing, empty or 0.
    #[serde(deserialize_with = "told")]
    pub consumer_capacity: Option<f64>,
    #[serde(deserialize_with = "told")]
    pub consumer_utilisation: Option<f64>,
}

/// A queue's figures.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Counts {
    #[serde(deserialize_with = "told")]
    pub name: Option<String>,
    #[serde(deserialize_with = "told")]
    pub vhost: Option<String>,
    #[serde(rename = "type", deserialize_with = "told")]
    pub kind: Option<String>,
    /// Of a quorum queue.
    #[serde(deserialize_with = "told")]
    pub leader: Option<String>,
    #[serde(deserialize_with = "count")]
    pub messages_ready: Option<u64>,
    #[serde(deserialize_with = "count")]
    pub messages_unacknowledged: Option<u64>,
    #[serde(deserialize_with = "count")]
    pub consumers: Option<u64>,
    /// Unix seconds; only where publishers set the property.
    #[serde(deserialize_with = "count")]
    pub head_message_timestamp: Option<u64>,
    /// Missing until the first event.
    #[serde(deserialize_with = "told")]
    pub message_stats: Option<MessageStats>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct MessageStats {
    #[serde(deserialize_with = "count")]
    pub publish: Option<u64>,
    /// Deliveries of all kinds, with and without acknowledgement.
    #[serde(deserialize_with = "count")]
    pub deliver_get: Option<u64>,
    #[serde(deserialize_with = "count")]
    pub ack: Option<u64>,
    /// Taken by consumers that acknowledge nothing: gone with the delivery.
    #[serde(deserialize_with = "count")]
    pub deliver_no_ack: Option<u64>,
    #[serde(deserialize_with = "count")]
    pub get_no_ack: Option<u64>,
    #[serde(deserialize_with = "count")]
    pub redeliver: Option<u64>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Binding {
    #[serde(deserialize_with = "told")]
    pub source: Option<String>,
    #[serde(deserialize_with = "told")]
    pub vhost: Option<String>,
    #[serde(deserialize_with = "told")]
    pub destination: Option<String>,
    /// `queue` or `exchange`.
    #[serde(deserialize_with = "told")]
    pub destination_type: Option<String>,
    #[serde(deserialize_with = "told")]
    pub routing_key: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Policy {
    #[serde(deserialize_with = "told")]
    pub vhost: Option<String>,
    #[serde(deserialize_with = "told")]
    pub name: Option<String>,
    #[serde(deserialize_with = "arguments")]
    pub definition: Arguments,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Consumer {
    #[serde(deserialize_with = "told")]
    pub queue: Option<QueueName>,
    #[serde(deserialize_with = "told")]
    pub consumer_tag: Option<String>,
    #[serde(deserialize_with = "count")]
    pub prefetch_count: Option<u64>,
    #[serde(deserialize_with = "told")]
    pub channel_details: Option<ChannelDetails>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Connection {
    /// `running`, `flow`, `blocking`, `blocked`, and what comes before and after.
    #[serde(deserialize_with = "told")]
    pub state: Option<String>,
}

/// Who reads a stream by the stream protocol.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct StreamConsumer {
    #[serde(deserialize_with = "told")]
    pub queue: Option<QueueName>,
    #[serde(deserialize_with = "count")]
    pub subscription_id: Option<u64>,
    #[serde(deserialize_with = "count")]
    pub offset: Option<u64>,
    /// Behind the last committed offset.
    #[serde(deserialize_with = "count")]
    pub offset_lag: Option<u64>,
    #[serde(deserialize_with = "told")]
    pub connection_details: Option<ConnectionDetails>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ConnectionDetails {
    #[serde(deserialize_with = "told")]
    pub name: Option<String>,
    #[serde(deserialize_with = "told")]
    pub peer_host: Option<String>,
    #[serde(deserialize_with = "count")]
    pub peer_port: Option<u64>,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct QueueName {
    pub name: String,
    pub vhost: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ChannelDetails {
    #[serde(deserialize_with = "told")]
    pub name: Option<String>,
    #[serde(deserialize_with = "told")]
    pub connection_name: Option<String>,
    #[serde(deserialize_with = "told")]
    pub peer_host: Option<String>,
    #[serde(deserialize_with = "count")]
    pub peer_port: Option<u64>,
}

/// Of the wrong type: not told.
fn told<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).ok())
}

/// Never negative; Erlang writes some counts as `12.0`.
fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Ok(whole(&Value::deserialize(deserializer)?))
}

pub(super) fn whole(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| {
        let number = value.as_f64()?;
        let fits = (0.0..9e15).contains(&number) && number.fract() == 0.0;
        fits.then_some(number as u64)
    })
}

/// An empty table comes as `{}` or as `[]`.
fn arguments<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arguments, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Object(map) => map.into_iter().collect(),
        _ => Arguments::new(),
    })
}

fn words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let words = match Value::deserialize(deserializer)? {
        Value::String(text) => text.split(',').map(|w| w.trim().to_owned()).collect(),
        Value::Array(items) => items
            .iter()
            .filter_map(|item| item.as_str().map(str::to_owned))
            .collect(),
        _ => Vec::new(),
    };
    Ok(words.into_iter().filter(|w| !w.is_empty()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_null_or_odd_is_not_told_and_never_zero() {
        let text = r#"[
            {"name":"fresh","vhost":"/"},
            {"name":"odd","vhost":"/","messages_ready":"many","messages_unacknowledged":-1,
             "consumers":null,"message_stats":[],"head_message_timestamp":"","extra":{"a":[1]}},
            {"name":"told","vhost":"/","messages_ready":3.0,"messages_unacknowledged":0,
             "message_stats":{"publish":7}}
        ]"#;
        let queues: Vec<Counts> = serde_json::from_str(text).unwrap();
        for queue in &queues[..2] {
            assert_eq!(queue.messages_ready, None, "{queue:?}");
            assert_eq!(queue.messages_unacknowledged, None);
            assert_eq!(
                (queue.consumers, queue.head_message_timestamp),
                (None, None)
            );
        }
        assert_eq!(queues[2].messages_ready, Some(3));
        assert_eq!(queues[2].messages_unacknowledged, Some(0));
        let stats = queues[2].message_stats.clone().unwrap();
        assert_eq!((stats.publish, stats.ack), (Some(7), None));
    }

    #[test]
    fn tags_of_old_and_new_versions() {
        for (text, tags) in [
            (r#"{"tags":"administrator,monitoring"}"#, 2),
            (r#"{"tags":["monitoring"]}"#, 1),
            (r#"{"tags":""}"#, 0),
            (r#"{}"#, 0),
        ] {
            let whoami: Whoami = serde_json::from_str(text).unwrap();
            assert_eq!(whoami.tags.len(), tags, "{text}");
        }
    }
}
