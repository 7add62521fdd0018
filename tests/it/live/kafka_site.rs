//! Three real nodes of Kafka, each behind a tap, beside a real RabbitMQ, as one server sees them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use reqwest::header::AUTHORIZATION;
use serde_json::Value;
use waybill_tests::kafka::{Kafka, Wanted};
use waybill_tests::server::Server;
use waybill_tests::tap::{Behaviour, Protocol, Tap};
use waybill_tests::wait;

use super::rabbitmq::Rabbit;
use super::scene::{cluster, items};

pub struct Site {
    pub kafka: Kafka,
    pub taps: Vec<Tap>,
    pub rabbit: Rabbit,
}

impl Site {
    pub async fn start() -> Self {
        let rabbit = Rabbit::open("beside").await;
        let ports = Kafka::ports(3, 2);
        let mut taps = Vec::new();
        for node in &ports {
            taps.push(Tap::before(node[1], Protocol::Kafka).await);
        }
        let wanted = Wanted {
            nodes: 3,
            listeners: vec![("WATCHED", "PLAINTEXT")],
            advertised: taps.iter().map(|tap| tap.port).collect(),
            ..Wanted::default()
        };
        let kafka = tokio::task::block_in_place(|| {
            Kafka::start(tempfile::tempdir().unwrap(), &wanted, &ports)
        });
        Self {
            kafka,
            taps,
            rabbit,
        }
    }

    /// Kafka is read each second, RabbitMQ each five.
    pub fn configuration(&self) -> String {
        let addresses: Vec<String> = self.taps.iter().map(Tap::address).collect();
        let orders = format!("bootstrap = {addresses:?}");
        let billing = format!(
            "amqp = {:?}\nmanagement = {:?}\nuser = \"guest\"\npassword = \"guest\"\nvhosts = [{:?}]",
            self.rabbit.amqp(),
            self.rabbit.management,
            self.rabbit.vhost,
        );
        cluster("orders", "kafka", "1s", &orders) + &cluster("billing", "rabbitmq", "5s", &billing)
    }

    pub fn behave(&self, behaviour: Behaviour) {
        for tap in &self.taps {
            tap.behave(behaviour);
        }
    }

    /// Past the taps.
    pub fn bootstrap(&self) -> String {
        let all: Vec<String> = (0..3).map(|node| self.kafka.address(node, 0)).collect();
        all.join(",")
    }
}

/// Figures that must stand in every answer, whatever happens to the brokers.
#[derive(Clone, Default)]
pub struct Expected {
    /// Lag by group.
    pub groups: BTreeMap<String, u64>,
    /// What a destination holds.
    pub depths: BTreeMap<String, u64>,
    /// Clusters that are stale at no time.
    pub fresh: Vec<String>,
    /// A figure may be null, with a reason, at some times: never another one.
    pub may_be_unknown: bool,
}

/// Asks the API again and again beside a test, and notes each answer that is not as expected.
pub struct Watch {
    expected: Arc<Mutex<Expected>>,
    seen: Arc<Mutex<(usize, Vec<String>)>>,
    task: tokio::task::JoinHandle<()>,
}

impl Watch {
    pub fn over(server: &Server, expected: Expected) -> Self {
        let expected = Arc::new(Mutex::new(expected));
        let seen = Arc::new(Mutex::new((0, Vec::new())));
        let (client, token) = (server.client.clone(), server.token.clone());
        let root = format!("{}/api/v1", server.console);
        let (wanted, noted) = (expected.clone(), seen.clone());
        let task = tokio::spawn(async move {
            loop {
                let mut told = Vec::new();
                for list in ["groups", "destinations", "clusters"] {
                    let request = client.get(format!("{root}/{list}?limit=1000"));
                    let request = request.header(AUTHORIZATION, format!("Bearer {token}"));
                    // The test itself may be ending the server.
                    let Ok(answer) = request.send().await else {
                        break;
                    };
                    told.push(answer.json::<Value>().await.unwrap());
                }
                if told.len() < 3 {
                    tokio::time::sleep(Duration::from_millis(250)).await;
                    continue;
                }
                let wrong = wanted.lock().unwrap().wrong(&told[0], &told[1], &told[2]);
                note(&noted, wrong);
                tokio::time::sleep(Duration::from_millis(250)).await;
            }
        });
        Self {
            expected,
            seen,
            task,
        }
    }

    pub fn expect(&self, change: impl FnOnce(&mut Expected)) {
        change(&mut self.expected.lock().unwrap());
    }

    /// Panics with what was wrong since the last time.
    pub fn check(&self, phase: &str) {
        // A phase may be over before anything was asked in it.
        let deadline = Instant::now() + wait::PATIENCE;
        tokio::task::block_in_place(|| {
            while self.seen.lock().unwrap().0 == 0 && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        let (rounds, wrong) = std::mem::take(&mut *self.seen.lock().unwrap());
        assert!(wrong.is_empty(), "{phase}: {wrong:#?}");
        assert!(rounds > 0, "{phase}: nothing was asked");
    }
}

fn note(noted: &Mutex<(usize, Vec<String>)>, wrong: Vec<String>) {
    let mut noted = noted.lock().unwrap();
    noted.0 += 1;
    if noted.1.len() < 20 {
        noted.1.extend(wrong);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Expected {
    fn wrong(&self, groups: &Value, destinations: &Value, clusters: &Value) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut compare =
            |list: &Value, key: &str, figure: &str, wanted: &BTreeMap<String, u64>| {
                for (name, value) in wanted {
                    let found = items(list).iter().find(|item| item[key] == name.as_str());
                    match found {
                        None => wrong.push(format!("{name} is gone")),
                        Some(item) if self.may_be_unknown && is_unknown(item, figure) => {}
                        Some(item) if item[figure] != *value => wrong.push(format!(
                            "{name}: {figure} is {} and not {value}: {} {}",
                            item[figure], item["unknown"], item["reasons"]
                        )),
                        Some(item) if item["as_of"].is_null() => {
                            wrong.push(format!("{name} has no age"));
                        }
                        Some(_) => {}
                    }
                }
            };
        compare(groups, "name", "lag_messages", &self.groups);
        compare(destinations, "destination", "depth", &self.depths);
        for name in &self.fresh {
            let found = items(clusters)
                .iter()
                .find(|one| one["name"] == name.as_str());
            if found.is_none_or(|one| one["stale"] != false || !one["refused"].is_null()) {
                wrong.push(format!("{name} is not fresh: {found:?}"));
            }
        }
        wrong
    }
}

fn is_unknown(item: &Value, figure: &str) -> bool {
    let unknown = item["unknown"].as_array().unwrap();
    item[figure].is_null() && unknown.iter().any(|member| member == figure)
}
