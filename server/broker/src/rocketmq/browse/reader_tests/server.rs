//! One server that is name server and brokers, for what no real one does when it is asked to.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use crate::rocketmq::client::Client;
use crate::rocketmq::cluster::RocketCluster;
use crate::rocketmq::observe::Memory;
use crate::rocketmq::settings::RocketSettings;
use crate::rocketmq::stored::written::Written;
use crate::rocketmq::wire::command::Answer;
use crate::rocketmq::wire::peer_tests::peer::{answer, framed, read};

#[derive(Default)]
pub(super) struct State {
    /// By queue of the one broker; the offset of the first that is kept.
    pub(super) queues: BTreeMap<i32, (i64, Vec<Written>)>,
    /// Given in place of the next answers to pulls.
    pub(super) scripted: VecDeque<Answer>,
    pub(super) perm: i32,
    /// Replicas besides the server itself, by id.
    pub(super) replicas: BTreeMap<i64, String>,
    pub(super) pulls: usize,
}

pub(super) struct Server {
    pub(super) address: String,
    pub(super) state: Arc<Mutex<State>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub(super) async fn start(queues: &[(i32, i64, usize)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let queues = queues.iter().map(|(queue, low, count)| {
            let messages = (0..*count as i64).map(|at| message(*queue, low + at));
            (*queue, (*low, messages.collect()))
        });
        let state = Arc::new(Mutex::new(State {
            queues: queues.collect(),
            perm: 6,
            ..State::default()
        }));
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
        let settings = json!({"namesrv": [self.address], "limits": {"request_ms": 1000}});
        let settings = settings.as_object().unwrap();
        let settings = RocketSettings::read("test", settings).unwrap();
        RocketCluster {
            client: Client::new(settings, None),
            memory: Memory::default(),
        }
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap());
    }
}

/// Two messages a second.
pub(super) fn message(queue: i32, offset: i64) -> Written {
    Written {
        queue,
        offset,
        stored_at: 1_795_443_000_000 + offset * 500,
        body: format!("{queue}/{offset}").into_bytes(),
        ..Written::default()
    }
}

async fn serve(mut stream: TcpStream, state: Arc<Mutex<State>>, own: String) {
    while let Some(asked) = read(&mut stream).await {
        let field = |name: &str| asked.fields.get(name).cloned().unwrap_or_default();
        let number = |name: &str| field(name).parse::<i64>().unwrap_or(0);
        let told = {
            let mut state = state.lock().unwrap();
            let queue = number("queueId") as i32;
            match asked.code {
                105 if field("topic") == "orders" => route(&state, &own),
                105 => answer(17, "No topic route info"),
                29..=31 => {
                    let (low, messages) = &state.queues[&queue];
                    let end = low + messages.len() as i64;
                    let at = messages.iter();
                    let mut at = at.filter(|m| m.stored_at >= number("timestamp"));
                    offset(match asked.code {
                        30 => end,
                        31 => *low,
                        // By the chunk: two too early.
                        _ => (at.next().map_or(end, |m| m.offset) - 2).max(*low),
                    })
                }
                11 => {
                    state.pulls += 1;
                    let scripted = state.scripted.pop_front();
                    scripted.unwrap_or_else(|| pull(&state, queue, number("queueOffset")))
                }
                _ => answer(3, "request type not supported"),
            }
        };
        if stream
            .write_all(&framed(asked.opaque, true, &told))
            .await
            .is_err()
        {
            return;
        }
    }
}

fn route(state: &State, own: &str) -> Answer {
    let mut replicas = state.replicas.clone();
    replicas.insert(0, own.to_owned());
    let body = json!({
        "brokerDatas": [{"brokerName": "broker-a", "cluster": "lab", "brokerAddrs": replicas}],
        "queueDatas": [{
            "brokerName": "broker-a",
            "readQueueNums": state.queues.len(),
            "writeQueueNums": 1,
            "perm": state.perm,
        }],
    });
    Answer {
        body: body.to_string().into(),
        ..Answer::default()
    }
}

fn offset(offset: i64) -> Answer {
    Answer {
        fields: BTreeMap::from([("offset".into(), offset.to_string())]),
        ..Answer::default()
    }
}

/// At most four messages an answer.
pub(super) fn pull(state: &State, queue: i32, from: i64) -> Answer {
    let (low, messages) = &state.queues[&queue];
    let end = low + messages.len() as i64;
    if from < *low {
        return pulled(21, *low, *low, end);
    }
    if from > end {
        return pulled(21, end, *low, end);
    }
    let found = messages.iter().filter(|m| m.offset >= from).take(4);
    let body: Vec<u8> = found.flat_map(Written::bytes).collect();
    if body.is_empty() {
        return pulled(19, from, *low, end);
    }
    Answer {
        body: body.into(),
        ..pulled(0, (from + 4).min(end), *low, end)
    }
}

pub(super) fn pulled(code: i32, next: i64, low: i64, end: i64) -> Answer {
    let fields = [
        ("nextBeginOffset", next),
        ("minOffset", low),
        ("maxOffset", end),
        ("suggestWhichBrokerId", 0),
    ];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_string()));
    Answer {
        code,
        fields: fields.into(),
        ..Answer::default()
    }
}
