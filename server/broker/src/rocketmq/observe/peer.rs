//! One server that is name server and broker of a made-up cluster: it answers in fastjson's own form,
//! and counts what it is asked.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use super::Memory;
use crate::rocketmq::client::Client;
use crate::rocketmq::cluster::RocketCluster;
use crate::rocketmq::settings::RocketSettings;
use crate::rocketmq::wire::command::Answer;
use crate::rocketmq::wire::peer_tests::peer::{answer, framed, read};

#[derive(Default)]
pub(super) struct State {
    /// By topic: where each queue ends.
    pub(super) topics: BTreeMap<String, Vec<i64>>,
    /// By group and topic: what was committed of each queue.
    pub(super) groups: BTreeMap<(String, String), Vec<i64>>,
    /// Where the log ends; every message takes a hundred bytes of it.
    pub(super) log_end: i64,
    pub(super) behind_bytes: i64,
    /// Codes that are refused for want of a right.
    pub(super) forbidden: Vec<i32>,
    /// How often each code was asked.
    pub(super) asked: BTreeMap<i32, usize>,
    /// Brokers that the name server lists besides this one: name and address.
    pub(super) others: BTreeMap<String, String>,
}

impl State {
    pub(super) fn send(&mut self, topic: &str, queue: usize) {
        self.topics.get_mut(topic).unwrap()[queue] += 1;
        self.log_end += 100;
    }
}

pub(super) struct Peer {
    pub(super) address: String,
    state: Arc<Mutex<State>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Peer {
    pub(super) async fn start(state: State) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let state = Arc::new(Mutex::new(state));
        let (shared, own) = (state.clone(), address.clone());
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, shared.clone(), own.clone()));
            }
        });
        Self {
            address,
            state,
            task,
        }
    }

    pub(super) fn cluster(&self) -> RocketCluster {
        let settings = json!({
            "namesrv": [self.address], "access_key": "reader", "secret_key": "secret",
        });
        let settings = RocketSettings::read("test", settings.as_object().unwrap()).unwrap();
        RocketCluster {
            client: Client::new(settings, None),
            memory: Memory::default(),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// What was asked since the last time, by code.
    pub(super) fn asked(&self) -> BTreeMap<i32, usize> {
        std::mem::take(&mut self.state().asked)
    }
}

async fn serve(mut stream: TcpStream, state: Arc<Mutex<State>>, own: String) {
    while let Some(asked) = read(&mut stream).await {
        let told = {
            let mut state = state.lock().unwrap();
            *state.asked.entry(asked.code).or_default() += 1;
            let topic = asked.fields.get("topic").cloned().unwrap_or_default();
            match asked.code {
                code if state.forbidden.contains(&code) => answer(
                    16,
                    &format!(
                        "User:reader has no permission to access {} from 127.0.0.1, no matched policies.",
                        if topic.is_empty() {
                            "Cluster:lab".to_owned()
                        } else {
                            format!("Topic:{topic}")
                        }
                    ),
                ),
                106 => body(cluster(&state, &own)),
                21 => body(topics(&state)),
                201 => body(groups(&state)),
                28 => body(runtime(&state)),
                43 => body(offsets(&state)),
                317 => body(consume_stats(&state)),
                26 => body(
                    "brokerRole=SYNC_MASTER\nsecretKey=s3cret\nflushDiskType=ASYNC_FLUSH\n\
                     fileReservedTime=48\n"
                        .to_owned(),
                ),
                202 => match state.topics.get(&topic) {
                    Some(ends) => body(topic_stats(&topic, ends)),
                    None => answer(17, "topic not exist"),
                },
                203 => answer(206, "the consumer group not online"),
                105 => answer(17, "No topic route info"),
                _ => answer(3, "request type not supported"),
            }
        };
        let bytes = framed(asked.opaque, true, &told);
        if stream.write_all(&bytes).await.is_err() {
            return;
        }
    }
}

fn body(text: String) -> Answer {
    Answer {
        body: text.into(),
        ..Answer::default()
    }
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(",")
}

fn cluster(state: &State, own: &str) -> String {
    let own = [("broker-a".to_owned(), own.to_owned())];
    let brokers = own.into_iter().chain(state.others.clone());
    let brokers = joined(brokers.map(|(name, address)| {
        format!(
            r#""{name}":{{"brokerAddrs":{{0:"{address}"}},"brokerName":"{name}","cluster":"lab"}}"#
        )
    }));
    format!(r#"{{"brokerAddrTable":{{{brokers}}},"clusterAddrTable":{{"lab":["broker-a"]}}}}"#)
}

fn topics(state: &State) -> String {
    let topics = state.topics.iter().map(|(name, ends)| {
        let queues = ends.len();
        format!(r#""{name}":{{"perm":6,"readQueueNums":{queues},"writeQueueNums":{queues}}}"#)
    });
    format!(r#"{{"topicConfigTable":{{{}}}}}"#, joined(topics))
}

fn groups(state: &State) -> String {
    let names: std::collections::BTreeSet<&String> =
        state.groups.keys().map(|(group, _)| group).collect();
    let groups = names
        .into_iter()
        .map(|name| format!(r#""{name}":{{"consumeEnable":true,"retryMaxTimes":16}}"#));
    format!(r#"{{"subscriptionGroupTable":{{{}}}}}"#, joined(groups))
}

fn runtime(state: &State) -> String {
    let table = json!({"table": {
        "brokerVersionDesc": "V5_5_0", "commitLogMinOffset": "0", "bootTimestamp": "1000",
        "commitLogMaxOffset": state.log_end.to_string(),
        "dispatchBehindBytes": state.behind_bytes.to_string(),
        "commitLogDirCapacity": "Total : 2.0 GiB, Free : 1.0 GiB.",
        "commitLogDiskRatio": "0.91",
    }});
    table.to_string()
}

fn offsets(state: &State) -> String {
    let table = state.groups.iter().map(|((group, topic), committed)| {
        let queues = committed.iter().enumerate();
        let queues = joined(queues.map(|(queue, offset)| format!("{queue}:{offset}")));
        format!(r#""{topic}@{group}":{{{queues}}}"#)
    });
    format!(r#"{{"offsetTable":{{{}}}}}"#, joined(table))
}

fn key(topic: &str, queue: usize) -> String {
    format!(r#"{{"brokerName":"broker-a","queueId":{queue},"topic":"{topic}"}}"#)
}

fn consume_stats(state: &State) -> String {
    let groups = state.groups.iter().map(|((group, topic), committed)| {
        let mut queues = String::new();
        for (queue, end) in state.topics[topic].iter().enumerate() {
            let comma = if queue == 0 { "" } else { "," };
            let committed = committed.get(queue).copied().unwrap_or(0);
            let key = key(topic, queue);
            let _ = write!(
                queues,
                r#"{comma}{key}:{{"brokerOffset":{end},"consumerOffset":{committed}}}"#
            );
        }
        format!(r#"{{"{group}":[{{"consumeTps":0.0,"offsetTable":{{{queues}}}}}]}}"#)
    });
    format!(r#"{{"consumeStatsList":[{}]}}"#, joined(groups))
}

fn topic_stats(topic: &str, ends: &[i64]) -> String {
    let queues = ends.iter().enumerate().map(|(queue, end)| {
        format!(
            r#"{}:{{"maxOffset":{end},"minOffset":0}}"#,
            key(topic, queue)
        )
    });
    format!(r#"{{"offsetTable":{{{}}}}}"#, joined(queues))
}
