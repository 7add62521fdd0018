//! Three real nodes, a proxy before each that counts what Waybill asks, and clients.

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::{Offset, TopicPartitionList};
use serde_json::json;
use waybill_model::topology::{Group, Topology};
use waybill_tests::child::Process;
use waybill_tests::kafka::{Kafka, Wanted, java, tool};
use waybill_tests::kafka_proxy::{Asked, proxy};
use waybill_tests::wait;

use super::kafka_observed::Observed;

pub const TOPICS: &str = "org.apache.kafka.tools.TopicCommand";

pub struct Lab {
    pub kafka: Kafka,
    pub asked: Asked,
    pub observed: Observed,
}

impl Lab {
    pub async fn start() -> Self {
        let asked = Asked::default();
        let ports = Kafka::ports(3, 2);
        let mut advertised = Vec::new();
        for node in &ports {
            advertised.push(proxy(node[1], &asked).await);
        }
        let bootstrap: Vec<String> = advertised
            .iter()
            .map(|port| format!("127.0.0.1:{port}"))
            .collect();
        let wanted = Wanted {
            nodes: 3,
            listeners: vec![("WATCHED", "PLAINTEXT")],
            advertised,
            ..Wanted::default()
        };
        let kafka = tokio::task::block_in_place(|| {
            Kafka::start(tempfile::tempdir().unwrap(), &wanted, &ports)
        });
        Self {
            kafka,
            asked,
            observed: Observed::new(json!({
                "bootstrap": bootstrap,
                "limits": { "request_ms": 2000, "connect_ms": 2000 },
            })),
        }
    }

    pub fn bootstrap(&self) -> String {
        self.kafka.address(0, 0)
    }

    pub async fn create(&self, topic: &str, more: &[&str]) {
        let bootstrap = self.bootstrap();
        let mut arguments = vec![
            "--bootstrap-server",
            &bootstrap,
            "--create",
            "--topic",
            topic,
        ];
        arguments.extend(more);
        tokio::task::block_in_place(|| tool(TOPICS, &arguments));
    }

    pub async fn produce(&self, topic: &str, partitions: i32, each: usize) {
        produce(&self.bootstrap(), topic, partitions, each).await;
    }

    pub async fn commit(&self, group: &str, topic: &str, offsets: &[(i32, i64)]) {
        commit(&self.bootstrap(), group, topic, offsets).await;
    }

    pub fn join(&self, class: &str, group: &str, topic: &str, more: &[&str]) -> Process {
        join(&self.kafka, class, group, topic, more)
    }

    pub async fn group(&self, name: &str, is_so: impl Fn(&Group) -> bool) -> Topology {
        wait::until(&format!("group {name}"), || async {
            let topology = self.observed.topology().await.ok()?;
            let group = topology.groups.iter().find(|group| group.name == name)?;
            is_so(group).then_some(topology)
        })
        .await
    }
}

/// `each` messages in the first partition, one more in each next one.
pub async fn produce(bootstrap: &str, topic: &str, partitions: i32, each: usize) {
    let producer: FutureProducer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .create()
        .unwrap();
    for partition in 0..partitions {
        for n in 0..each + partition as usize {
            let payload = n.to_string();
            let record = FutureRecord::<(), str>::to(topic)
                .partition(partition)
                .payload(&payload);
            producer.send(record, wait::PATIENCE).await.unwrap();
        }
    }
}

/// A group that has committed and has no members.
pub async fn commit(bootstrap: &str, group: &str, topic: &str, offsets: &[(i32, i64)]) {
    let bootstrap = bootstrap.to_owned();
    let (group, topic, offsets) = (group.to_owned(), topic.to_owned(), offsets.to_vec());
    tokio::task::spawn_blocking(move || {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", bootstrap)
            .set("group.id", group)
            .create()
            .unwrap();
        let mut list = TopicPartitionList::new();
        for (partition, offset) in offsets {
            list.add_partition_offset(&topic, partition, Offset::Offset(offset))
                .unwrap();
        }
        // The offsets topic may have to be made first.
        let deadline = std::time::Instant::now() + wait::PATIENCE;
        while let Err(error) = consumer.commit(&list, CommitMode::Sync) {
            assert!(std::time::Instant::now() < deadline, "{error}");
        }
    })
    .await
    .unwrap();
}

/// A member that reads and never commits.
pub fn join(kafka: &Kafka, class: &str, group: &str, topic: &str, more: &[&str]) -> Process {
    let mut command = java(class);
    let bootstrap = kafka.address(0, 0);
    command.args([
        "--bootstrap-server",
        &bootstrap,
        "--topic",
        topic,
        "--group",
        group,
    ]);
    command.args(more);
    Process::spawn(command, &kafka.path(&format!("{group}.log")))
}
