//! Where a topic is: its brokers and their queues, as a name server tells.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::adapter::{Reason, Refused, refuse};
use crate::rocketmq::client::Session;
use crate::rocketmq::queue::Queue;
use crate::rocketmq::wire::command::{GET_ROUTEINFO_BY_TOPIC, Request, said};
use crate::rocketmq::wire::dial::Target;
use crate::rocketmq::wire::failure::printable;

/// `PermName.PERM_READ`.
const READ: i32 = 4;
/// More queues than anybody makes; a number alone must cost no memory.
const MOST_QUEUES: i32 = 16_384;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Topic {
    pub(super) name: String,
    /// Replicas by broker and id; the master has 0.
    brokers: BTreeMap<String, BTreeMap<i64, String>>,
    /// All that may hold messages, with what is permitted there.
    pub(super) queues: BTreeMap<Queue, i32>,
}

impl Topic {
    /// Who is asked about a queue, one after the other.
    pub(super) fn replicas(&self, broker: &str) -> Vec<Target> {
        let replicas = self.brokers.get(broker).into_iter().flatten();
        replicas
            .map(|(id, address)| Target::broker(broker, *id, address))
            .collect()
    }

    pub(super) fn brokers(&self) -> impl Iterator<Item = &str> {
        self.brokers.keys().map(String::as_str)
    }

    /// Why a queue cannot be read, where its broker does not let anybody.
    pub(super) fn closed(&self, queue: &Queue) -> Option<Refused> {
        let permission = *self.queues.get(queue)?;
        (permission & READ == 0).then(|| {
            refuse(
                Reason::NotThere,
                format!(
                    "broker {} lets nobody read this topic (its permission is {permission})",
                    queue.broker
                ),
                "Set the permission of the topic to 6 (read and write) or 4 (read).",
            )
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Route {
    #[serde(default)]
    broker_datas: Vec<BrokerData>,
    #[serde(default)]
    queue_datas: Vec<QueueData>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BrokerData {
    broker_name: String,
    #[serde(default)]
    broker_addrs: BTreeMap<i64, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct QueueData {
    broker_name: String,
    #[serde(default)]
    read_queue_nums: i32,
    #[serde(default)]
    write_queue_nums: i32,
    #[serde(default)]
    perm: i32,
}

/// # Errors
/// The topic is not there, may not be seen, or no name server answers.
pub(super) async fn look(session: &Session<'_>, name: &str) -> Result<Topic, Refused> {
    let request = Request::new(GET_ROUTEINFO_BY_TOPIC)
        .with("topic", name)
        .with("acceptStandardJsonOnly", true);
    let answer = match session.ask_name_server(&request).await {
        Ok(answer) => answer,
        Err(failure) if failure.code() == Some(said::TOPIC_NOT_EXIST) => {
            return Err(not_there(name));
        }
        Err(failure) => return Err(failure.into_refused(&rights(name))),
    };
    let route: Route = serde_json::from_slice(&answer.body).map_err(|error| {
        refuse(
            Reason::BadAnswer,
            format!("the route of topic {:?}: {error}", printable(name)),
            "Something between may change answers; it is tried again.",
        )
    })?;
    let brokers = route.broker_datas.into_iter();
    let brokers = brokers.map(|data| (data.broker_name, data.broker_addrs));
    let mut queues = BTreeMap::new();
    for data in route.queue_datas {
        // Queues beyond those that are read, or written, may hold messages of before.
        let count = data.read_queue_nums.max(data.write_queue_nums);
        for id in 0..count.clamp(0, MOST_QUEUES) {
            queues.insert(Queue::new(&data.broker_name, id), data.perm);
        }
    }
    Ok(Topic {
        name: name.to_owned(),
        brokers: brokers.collect(),
        queues,
    })
}

/// In the words of RocketMQ's access control.
pub(super) fn rights(topic: &str) -> String {
    format!("Get and Sub on Topic:{}", printable(topic))
}

pub(super) fn not_there(name: &str) -> Refused {
    refuse(
        Reason::NotThere,
        format!("the cluster has no topic {:?}", printable(name)),
        "It was deleted, is called otherwise, or no master of its brokers is known now.",
    )
}

pub(super) fn no_queue(name: &str, partition: &str) -> Refused {
    let (name, partition) = (printable(name), printable(partition));
    refuse(
        Reason::NotThere,
        format!("the topic {name:?} has no queue {partition:?}"),
        "Queues are named by their broker and number, such as broker-a:0.",
    )
}
