//! The facet against a scripted peer: contracts of other versions, and bad answers of every kind.

mod bad_answers;
mod contracts;
mod metrics;
mod pages;
mod tls;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::adapter;
use super::peer::{Answer, Peer};
use crate::adapter::Cluster;

const PATIENCE: Duration = Duration::from_secs(20);

pub(super) fn cluster(settings: Value) -> Arc<dyn Cluster> {
    let Value::Object(table) = settings else {
        panic!("a table")
    };
    adapter().connect.unwrap().cluster("shop", &table).unwrap()
}

pub(super) fn at(peer: &Peer) -> Arc<dyn Cluster> {
    cluster(json!({
        "management": format!("http://127.0.0.1:{}", peer.port), "user": "waybill", "password": "hunter2",
    }))
}

/// A healthy single node without queues, with some answers replaced. Keys are last parts of paths.
pub(super) fn healthy(replaced: &[(&str, Answer)]) -> impl Fn(&str) -> Answer + use<> {
    let mut answers: BTreeMap<String, Answer> = [
        ("whoami", json!({"name": "waybill", "tags": ["monitoring"]})),
        (
            "overview",
            json!({"cluster_name": "shop@mq1", "rabbitmq_version": "3.10.8"}),
        ),
        ("nodes", json!([{"name": "shop@mq1", "running": true}])),
        ("vhosts", json!([{"name": "/"}])),
        (
            "exchanges",
            json!([{"name": "amq.topic", "vhost": "/", "type": "topic"}]),
        ),
        ("queues", json!([])),
        ("bindings", json!([])),
        ("policies", json!([])),
        ("operator-policies", json!([])),
        ("consumers", json!([])),
        ("connections", json!([])),
    ]
    .into_iter()
    .map(|(path, body)| (path.to_owned(), Answer::json(body.to_string())))
    .collect();
    for (path, answer) in replaced {
        answers.insert((*path).to_owned(), answer.clone());
    }
    move |target| {
        let path = target.split('?').next().unwrap_or_default();
        let last = path.rsplit('/').next().unwrap_or_default();
        let missing = Answer::Http(404, "", b"{\"error\":\"Object Not Found\"}".to_vec());
        answers.get(last).cloned().unwrap_or(missing)
    }
}
