//! Readings of thousands of queues of a real RabbitMQ: what they cost the broker, and us.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use lapin::options::{BasicPublishOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Connection, ConnectionProperties};
use serde_json::json;
use waybill_broker::{Cluster, Observe, Refused, registry};
use waybill_store::testing::own_cpu_seconds;
use waybill_tests::brokers::Brokers;

use crate::pages;
use crate::report::{Report, load_average};
use crate::system::{System, cpu_seconds_of};

const PATIENCE: Duration = Duration::from_secs(30);
const SIZES: [usize; 2] = [1_000, 5_000];
/// CPU is told in hundredths of a second: many calls are measured as one.
const CALLS: usize = 20;
const IDLE: Duration = Duration::from_secs(10);
const WATCHED: Duration = Duration::from_secs(60);

pub async fn measure(binary: &PathBuf, report: &mut Report) -> Result<()> {
    report.section(
        "Depths of queues, RabbitMQ",
        &format!(
            "A real node, classic queues with one message each, statistics each second. Each question is \
             put {CALLS} times in a row; CPU of the broker is that of its process, less what it takes \
             when nobody asks."
        ),
    );
    let brokers = tokio::task::block_in_place(Brokers::shared);
    let node = Node::of(brokers).await?;
    let mut declared = 0;
    for size in SIZES {
        declare(brokers, declared, size).await?;
        declared = size;
        node.wait_counted(size).await?;
        of_size(&node, size, binary, report).await?;
    }
    Ok(())
}

async fn of_size(node: &Node, size: usize, binary: &PathBuf, report: &mut Report) -> Result<()> {
    let idle = node.idle().await;
    let load = load_average();
    let plain = node.cost(idle, || node.plain("/api/queues")).await?;
    let totals = "/api/queues?disable_stats=true&enable_queue_totals=true";
    let totals = node.cost(idle, || node.plain(totals)).await?;
    let cluster = node.cluster(true)?;
    let observe = observe(&cluster)?;
    observe.topology(PATIENCE).await.map_err(failed)?;
    // The first asks for the counters as well.
    readings(observe, size).await?;
    let metrics = node.cost(idle, || readings(observe, size)).await?;
    let without = node.cluster(false)?;
    let without = self::observe(&without)?;
    let counters = node.cost(idle, || readings(without, size)).await?;
    let topology = node
        .cost(idle, || async {
            let told = observe.topology(PATIENCE).await.map_err(failed)?;
            ensure!(told.destinations.len() >= size, "queues are missing");
            let gap = told.unknown.iter().find(|gap| gap.member == "destinations");
            ensure!(gap.is_none(), "{gap:?}");
            Ok(())
        })
        .await?;
    let row = |name: &str, cost: &Cost| {
        vec![
            name.to_owned(),
            format!("{:.1}", cost.broker_ms),
            format!("{:.3}", cost.broker_ms / plain.broker_ms),
            format!("{:.1}", cost.own_ms),
            format!("{:.1}", cost.wall_ms),
        ]
    };
    report.note(&format!(
        "{size} queues, load average {load}; idle broker {:.1} % of a core:",
        idle * 100.0
    ));
    report.table(
        &[
            "question",
            "broker CPU ms",
            "÷ plain GET",
            "own CPU ms",
            "ms",
        ],
        &[
            row("GET /api/queues", &plain),
            row("the same, statistics off, totals on", &totals),
            row("reading, by the metrics endpoint", &metrics),
            row("reading with counters, each 30 s", &counters),
            row("topology, each 60 s", &topology),
        ],
    );
    let ratio = metrics.broker_ms / plain.broker_ms;
    let sentence = format!(
        "{size} queues: a reading costs the broker {ratio:.3} of one GET /api/queues (bar 0.25, better 0.025)."
    );
    report.verdict(&sentence, ratio <= 0.25);
    let mean = (5.0 * metrics.broker_ms + counters.broker_ms) / 6.0 / plain.broker_ms;
    let sentence =
        format!("{size} queues: one reading in six asks for counters: {mean:.3} in the mean.");
    report.verdict(&sentence, mean <= 0.25);
    let sentence = format!(
        "{size} queues: a topology takes {:.2} s (each answer within 5 s).",
        topology.wall_ms / 1e3
    );
    report.verdict(&sentence, topology.wall_ms <= 5_000.0);
    served(node, size, binary, report).await
}

async fn served(node: &Node, size: usize, binary: &PathBuf, report: &mut Report) -> Result<()> {
    let system = System::start_with(binary, &node.configuration()).await?;
    let client = reqwest::Client::new();
    let began = Instant::now();
    while pages::first_id(&client, &system, "/api/v1/destinations?limit=1&sort=depth")
        .await
        .is_err()
    {
        ensure!(began.elapsed() < PATIENCE, "no queue is told");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let (own, postgres) = (cpu_seconds_of(system.pid()), system.cpu_seconds().1);
    tokio::time::sleep(WATCHED).await;
    let polls = WATCHED.as_secs_f64() / 5.0;
    let own = (cpu_seconds_of(system.pid()) - own) / polls;
    let postgres = (system.cpu_seconds().1 - postgres) / polls;
    report.note(&format!(
        "{size} queues, `waybill serve` with a poll each 5 s over {} s, topologies and counters included: \
         {own:.3} CPU-s a poll, of its Postgres {postgres:.3}; RSS {:.0} MiB, at its highest {:.0}.",
        WATCHED.as_secs(),
        system.rss_mib(),
        system.peak_rss_mib(),
    ));
    let id = pages::first_id(&client, &system, "/api/v1/destinations?limit=1&sort=depth").await?;
    let paths = [
        (
            "API: destinations",
            "/api/v1/destinations?sort=depth".to_owned(),
        ),
        ("API: destination", format!("/api/v1/destinations/{id}")),
        ("API: groups", "/api/v1/groups?sort=lag".to_owned()),
        ("API: clusters", "/api/v1/clusters".to_owned()),
    ];
    let worst = pages::ask(&client, &system, &paths, report).await?;
    let sentence = format!(
        "{size} queues: slowest page, p99: {worst:.1} ms (bar {} ms).",
        pages::BAR_MS
    );
    report.verdict(&sentence, worst <= pages::BAR_MS);
    Ok(())
}

/// Of one call.
struct Cost {
    broker_ms: f64,
    own_ms: f64,
    wall_ms: f64,
}

struct Node {
    management: String,
    prometheus: String,
    pid: u32,
    client: reqwest::Client,
}

impl Node {
    async fn of(brokers: &Brokers) -> Result<Self> {
        let mut node = Self {
            management: brokers.address("RABBITMQ_MANAGEMENT").to_owned(),
            prometheus: brokers.address("RABBITMQ_PROMETHEUS").to_owned(),
            pid: 0,
            client: reqwest::Client::new(),
        };
        let began = Instant::now();
        // Its statistics come some seconds after it answers.
        loop {
            let nodes = node.get("/api/nodes").await?;
            let nodes: serde_json::Value = serde_json::from_slice(&nodes)?;
            if let Some(pid) = nodes[0]["os_pid"].as_str() {
                node.pid = pid.parse()?;
                return Ok(node);
            }
            ensure!(began.elapsed() < PATIENCE, "the node does not tell its pid");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    async fn get(&self, path: &str) -> Result<Vec<u8>> {
        let request = self.client.get(format!("{}{path}", self.management));
        let answer = request.basic_auth("guest", Some("guest")).send().await?;
        Ok(answer.error_for_status()?.bytes().await?.to_vec())
    }

    async fn plain(&self, path: &str) -> Result<()> {
        self.get(path).await.map(drop)
    }

    /// Until statistics tell the message of each queue.
    async fn wait_counted(&self, size: usize) -> Result<()> {
        let began = Instant::now();
        loop {
            let overview = self.get("/api/overview").await?;
            let overview: serde_json::Value = serde_json::from_slice(&overview)?;
            let ready = overview["queue_totals"]["messages_ready"].as_u64();
            if ready.is_some_and(|ready| ready >= size as u64) {
                return Ok(());
            }
            ensure!(began.elapsed() < 4 * PATIENCE, "the node does not count");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Cores.
    async fn idle(&self) -> f64 {
        tokio::time::sleep(Duration::from_secs(3)).await;
        let before = cpu_seconds_of(self.pid);
        tokio::time::sleep(IDLE).await;
        (cpu_seconds_of(self.pid) - before) / IDLE.as_secs_f64()
    }

    async fn cost<F: Future<Output = Result<()>>>(
        &self,
        idle: f64,
        ask: impl Fn() -> F,
    ) -> Result<Cost> {
        let (broker, own, began) = (cpu_seconds_of(self.pid), own_cpu_seconds(), Instant::now());
        for _ in 0..CALLS {
            ask().await?;
        }
        let seconds = began.elapsed().as_secs_f64();
        let each = |seconds: f64| seconds.max(0.0) * 1e3 / CALLS as f64;
        Ok(Cost {
            broker_ms: each(cpu_seconds_of(self.pid) - broker - idle * seconds),
            own_ms: each(own_cpu_seconds() - own),
            wall_ms: each(seconds),
        })
    }

    fn cluster(&self, with_metrics: bool) -> Result<Arc<dyn Cluster>> {
        let mut settings =
            json!({"management": self.management, "user": "guest", "password": "guest"});
        if with_metrics {
            settings["prometheus"] = json!(self.prometheus);
        }
        let adapter = registry::adapters()
            .into_iter()
            .find(|adapter| adapter.name == "rabbitmq");
        let connect = adapter.and_then(|adapter| adapter.connect);
        let connect = connect.context("the adapter does not connect")?;
        let settings = settings.as_object().context("settings")?;
        let cluster = connect.cluster("bench", settings);
        cluster.map_err(|problem| anyhow::anyhow!("{problem:?}"))
    }

    fn configuration(&self) -> String {
        format!(
            "[[cluster]]\nname = \"bench\"\nbroker = \"rabbitmq\"\npoll_interval = \"5s\"\n\
             [cluster.settings]\nmanagement = {:?}\nprometheus = {:?}\nuser = \"guest\"\npassword = \"guest\"\n",
            self.management, self.prometheus
        )
    }
}

fn observe(cluster: &Arc<dyn Cluster>) -> Result<&dyn Observe> {
    cluster.observe().context("it observes")
}

fn failed(refused: Refused) -> anyhow::Error {
    anyhow::anyhow!("{refused}")
}

async fn readings(observe: &dyn Observe, size: usize) -> Result<()> {
    let told = observe.readings(PATIENCE).await.map_err(failed)?;
    let full = told.depths.iter().filter(|depth| depth.ready == Some(1));
    ensure!(full.count() >= size, "queues are missing");
    Ok(())
}

/// Queues from `first` on, and a message into each.
async fn declare(brokers: &Brokers, first: usize, size: usize) -> Result<()> {
    let address = brokers.address("RABBITMQ_AMQP");
    let connection = Connection::connect(address, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    for number in first..size {
        let name = format!("bench.queue-{number:05}");
        let options = QueueDeclareOptions::default();
        channel
            .queue_declare(name.as_str().into(), options, FieldTable::default())
            .await?;
        channel
            .basic_publish(
                "".into(),
                name.as_str().into(),
                BasicPublishOptions::default(),
                b"one of many",
                BasicProperties::default(),
            )
            .await?;
    }
    connection.close(0, "".into()).await?;
    Ok(())
}
