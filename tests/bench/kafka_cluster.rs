//! A real Kafka with many partitions and many groups that have committed and have no members, a
//! proxy before each node that counts what is asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::producer::{BaseRecord, Producer, ThreadedProducer};
use rdkafka::{Offset, TopicPartitionList};
use waybill_broker::{Cluster, registry};
use waybill_tests::kafka::{Kafka, Wanted};
use waybill_tests::kafka_proxy::{Asked, proxy};

#[derive(Clone, Copy)]
pub struct Size {
    pub nodes: usize,
    pub topics: usize,
    /// Of each topic.
    pub partitions: usize,
    /// Each has committed on every partition.
    pub groups: usize,
    pub heap_mib: u32,
}

impl Size {
    pub fn pairs(&self) -> usize {
        self.topics * self.partitions * self.groups
    }
}

pub struct KafkaCluster {
    size: Size,
    _kafka: Kafka,
    pub asked: Asked,
    /// Past the proxies.
    direct: String,
    proxied: Vec<String>,
}

/// Commits in one request: a batch of the offsets topic takes a megabyte.
const COMMITS_AT_ONCE: usize = 2_000;
/// Groups that commit at the same time.
const WRITERS: usize = 4;
const EACH: i64 = 2;
const PATIENCE: Duration = Duration::from_secs(180);

impl KafkaCluster {
    pub async fn start(size: Size) -> Result<Self> {
        let asked = Asked::default();
        let ports = Kafka::ports(size.nodes, 2);
        let mut advertised = Vec::new();
        for node in &ports {
            advertised.push(proxy(node[1], &asked).await);
        }
        let wanted = Wanted {
            nodes: size.nodes,
            listeners: vec![("WATCHED", "PLAINTEXT")],
            advertised: advertised.clone(),
            heap_mib: size.heap_mib,
            ..Wanted::default()
        };
        let folder = tempfile::tempdir()?;
        let kafka = tokio::task::block_in_place(|| Kafka::start(folder, &wanted, &ports));
        let cluster = Self {
            size,
            asked,
            direct: kafka.address(0, 0),
            proxied: advertised
                .iter()
                .map(|port| format!("127.0.0.1:{port}"))
                .collect(),
            _kafka: kafka,
        };
        cluster.create_topics().await?;
        let direct = cluster.direct.clone();
        tokio::task::spawn_blocking(move || produce(&direct, size)).await??;
        cluster.commit().await?;
        Ok(cluster)
    }

    /// As the adapter sees it, past the proxies.
    pub fn direct(&self) -> Result<Arc<dyn Cluster>> {
        connect(std::slice::from_ref(&self.direct))
    }

    /// The configuration of a server that polls it through the proxies.
    pub fn configuration(&self) -> String {
        format!(
            "[[cluster]]\nname = \"bench\"\nbroker = \"kafka\"\npoll_interval = \"5s\"\n\
             [cluster.settings]\nbootstrap = {:?}\n",
            self.proxied
        )
    }

    /// One message a second to each partition of the first topic, until it is dropped: every group's
    /// lag moves with each reading.
    pub fn traffic(&self) -> Result<Traffic> {
        let producer: ThreadedProducer<_> = self.client().create()?;
        let partitions = i32::try_from(self.size.partitions)?;
        let task = tokio::spawn(async move {
            let mut tick = tokio::time::interval(Duration::from_secs(1));
            loop {
                tick.tick().await;
                for partition in 0..partitions {
                    let record = BaseRecord::<(), str>::to("topic-0000")
                        .partition(partition)
                        .payload("moved");
                    // A full queue is no reason to stop.
                    let _ = producer.send(record);
                }
            }
        });
        Ok(Traffic(task))
    }

    fn client(&self) -> ClientConfig {
        client(&self.direct)
    }

    async fn create_topics(&self) -> Result<()> {
        let admin: AdminClient<DefaultClientContext> = self.client().create()?;
        let names: Vec<String> = (0..self.size.topics).map(topic).collect();
        let partitions = i32::try_from(self.size.partitions)?;
        let options = AdminOptions::new().request_timeout(Some(PATIENCE));
        for names in names.chunks(20) {
            let topics = names
                .iter()
                .map(|name| NewTopic::new(name, partitions, TopicReplication::Fixed(1)));
            let topics: Vec<NewTopic<'_>> = topics.collect();
            for made in admin.create_topics(&topics, &options).await? {
                made.map_err(|(name, code)| anyhow::anyhow!("{name}: {code}"))?;
            }
        }
        Ok(())
    }

    async fn commit(&self) -> Result<()> {
        let next = Arc::new(AtomicUsize::new(0));
        let writers = (0..WRITERS).map(|_| {
            let (next, direct, size) = (next.clone(), self.direct.clone(), self.size);
            tokio::task::spawn_blocking(move || -> Result<()> {
                loop {
                    let group = next.fetch_add(1, Ordering::Relaxed);
                    if group >= size.groups {
                        return Ok(());
                    }
                    commit(&direct, group, size)?;
                }
            })
        });
        for writer in futures::future::join_all(writers).await {
            writer??;
        }
        Ok(())
    }
}

pub struct Traffic(tokio::task::JoinHandle<()>);

impl Drop for Traffic {
    fn drop(&mut self) {
        self.0.abort();
    }
}

pub fn connect(bootstrap: &[String]) -> Result<Arc<dyn Cluster>> {
    let settings = serde_json::json!({ "bootstrap": bootstrap });
    let adapter = registry::adapters()
        .into_iter()
        .find(|adapter| adapter.name == "kafka");
    let connect = adapter.and_then(|adapter| adapter.connect);
    let connect = connect.context("the adapter does not connect")?;
    let settings = settings.as_object().context("settings")?;
    let cluster = connect.cluster("bench", settings);
    cluster.map_err(|problem| anyhow::anyhow!("{problem:?}"))
}

fn client(bootstrap: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", bootstrap);
    config
}

fn topic(number: usize) -> String {
    format!("topic-{number:04}")
}

fn produce(bootstrap: &str, size: Size) -> Result<()> {
    let producer: ThreadedProducer<_> = client(bootstrap)
        .set("queue.buffering.max.messages", "1000000")
        .create()?;
    for number in 0..size.topics {
        let name = topic(number);
        for partition in 0..i32::try_from(size.partitions)? {
            for _ in 0..EACH {
                let record = BaseRecord::<(), str>::to(&name)
                    .partition(partition)
                    .payload("one of many");
                producer.send(record).map_err(|(error, _)| error)?;
            }
        }
    }
    producer.flush(PATIENCE)?;
    Ok(())
}

/// One message behind on each partition.
fn commit(bootstrap: &str, group: usize, size: Size) -> Result<()> {
    let consumer: BaseConsumer = client(bootstrap)
        .set("group.id", format!("group-{group:04}"))
        .create()?;
    let mut places = Vec::with_capacity(size.topics * size.partitions);
    for number in 0..size.topics {
        for partition in 0..i32::try_from(size.partitions)? {
            places.push((topic(number), partition));
        }
    }
    for places in places.chunks(COMMITS_AT_ONCE) {
        let mut list = TopicPartitionList::with_capacity(places.len());
        for (name, partition) in places {
            list.add_partition_offset(name, *partition, Offset::Offset(EACH - 1))?;
        }
        // The offsets topic may have to be made first.
        let deadline = std::time::Instant::now() + PATIENCE;
        while let Err(error) = consumer.commit(&list, CommitMode::Sync) {
            ensure!(std::time::Instant::now() < deadline, "{error}");
        }
    }
    Ok(())
}
