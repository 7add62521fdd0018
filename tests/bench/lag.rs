//! Polls of the lag of many groups on many partitions of a real Kafka: requests, CPU, memory.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use waybill_store::testing::own_cpu_seconds;

use crate::Plan;
use crate::kafka_cluster::{KafkaCluster, Size};
use crate::pages;
use crate::report::{Report, load_average, median};
use crate::system::{System, cpu_seconds_of};

const METADATA: i16 = 3;
const OFFSET_FETCH: i16 = 9;
const READINGS: usize = 7;
const PATIENCE: Duration = Duration::from_secs(60);
const BETWEEN: Duration = Duration::from_secs(2);
/// Nine polls, between two reads of the topology.
const QUIET: Duration = Duration::from_secs(45);
const RSS_BAR_MIB: f64 = 300.0;

/// Its bar by CPU-seconds a poll; performance.md tells which.
const SIZES: [(&str, Size, f64); 3] = [
    (
        "3 nodes, 1,000 groups × 100 partitions",
        Size {
            nodes: 3,
            topics: 10,
            partitions: 10,
            groups: 1_000,
            heap_mib: 512,
        },
        0.10,
    ),
    (
        "1 node, 100 groups × 1,000 partitions",
        Size {
            nodes: 1,
            topics: 10,
            partitions: 100,
            groups: 100,
            heap_mib: 768,
        },
        0.10,
    ),
    (
        "1 node, 200 groups × 10,000 partitions",
        Size {
            nodes: 1,
            topics: 100,
            partitions: 100,
            groups: 200,
            heap_mib: 3_072,
        },
        1.0,
    ),
];

pub async fn measure(binary: &PathBuf, plan: &Plan, report: &mut Report) -> Result<()> {
    report.section(
        "Lag of consumer groups, Kafka",
        "Real brokers; every group has committed on every partition and has no members. Requests are \
         counted by a proxy before each node that reads their keys. The adapter alone: its own CPU and \
         time a reading, in this program, past the proxies. The server: `waybill serve` with a poll \
         each 5 s, between two readings of the topology; its Postgres apart. In motion: a message a \
         second to each partition of one topic, so that every group's lag differs at each poll.",
    );
    let mut measured = Vec::new();
    let sizes = SIZES.into_iter().enumerate();
    let wanted = sizes.filter(|(at, _)| plan.size.is_none_or(|size| size == at + 1));
    for (_, (name, size, bar)) in wanted {
        println!("{name}: starting, load average {}", load_average());
        measured.push((name, size, bar, one(binary, size).await?));
    }
    let rows: Vec<Vec<String>> = measured
        .iter()
        .map(|(name, size, _, one)| one.adapter.row(name, size))
        .collect();
    report.table(
        &[
            "adapter alone",
            "pairs",
            "CPU-s a reading, median",
            "worst",
            "s a reading, median",
            "CPU-s of the topology",
        ],
        &rows,
    );
    let servers = measured.iter().flat_map(|(name, size, _, one)| {
        let rows = [("at rest", &one.rest), ("in motion", &one.motion)];
        rows.map(|(how, window)| window.row(&format!("{name}, {how}"), size))
    });
    report.table(
        &[
            "server",
            "polls",
            "requests a poll",
            "÷ (2 × brokers)",
            "keys",
            "CPU-s a poll",
            "of Postgres",
            "RSS MiB",
            "peak MiB",
            "load",
        ],
        &servers.collect::<Vec<_>>(),
    );
    for (name, size, bar, one) in &measured {
        let ratio = one.rest.ratio(size);
        let sentence = format!("{name}: {ratio:.2} × the floor of requests (bar 1.2).");
        report.verdict(&sentence, ratio <= 1.2);
        let cpu = one.rest.cpu_a_poll;
        let sentence = format!("{name}: {cpu:.3} CPU-s of the server a poll (bar {bar}).");
        report.verdict(&sentence, cpu <= *bar);
        let peak = one.motion.peak_mib;
        let sentence = format!("{name}: {peak:.0} MiB at its highest (bar {RSS_BAR_MIB}).");
        report.verdict(&sentence, peak <= RSS_BAR_MIB);
    }
    for (name, _, _, one) in measured {
        report.note(&format!("{name}, pages of the polling server:"));
        report.table(
            &["page", "status", "bytes", "median ms", "p99 ms"],
            &one.pages,
        );
    }
    Ok(())
}

struct One {
    adapter: Adapter,
    rest: Window,
    motion: Window,
    pages: Vec<Vec<String>>,
}

async fn one(binary: &PathBuf, size: Size) -> Result<One> {
    let cluster = KafkaCluster::start(size).await?;
    let adapter = adapter(&cluster, size).await?;
    println!("{:?}", adapter.row("adapter", &size));
    let system = System::start_with(binary, &cluster.configuration()).await?;
    let rest = window(&system, &cluster, size).await?;
    println!("{:?}", rest.row("at rest", &size));
    let traffic = cluster.traffic()?;
    let motion = window(&system, &cluster, size).await?;
    println!("{:?}", motion.row("in motion", &size));
    let client = reqwest::Client::new();
    let id = pages::first_id(&client, &system, "/api/v1/groups?limit=1").await?;
    let topic = pages::first_id(&client, &system, "/api/v1/destinations?limit=1").await?;
    let paths = [
        ("API: destination", format!("/api/v1/destinations/{topic}")),
        ("API: groups", "/api/v1/groups?sort=lag".to_owned()),
        ("API: group", format!("/api/v1/groups/{id}")),
        ("API: lag of a group", format!("/api/v1/groups/{id}/lag")),
        ("API: destinations", "/api/v1/destinations".to_owned()),
        ("API: clusters", "/api/v1/clusters".to_owned()),
    ];
    let (pages, _) = pages::times(&client, &system, &paths).await?;
    drop(traffic);
    Ok(One {
        adapter,
        rest,
        motion,
        pages,
    })
}

struct Adapter {
    cpu: Vec<f64>,
    seconds: Vec<f64>,
    topology_cpu: f64,
}

async fn adapter(cluster: &KafkaCluster, size: Size) -> Result<Adapter> {
    let direct = cluster.direct()?;
    let observe = direct.observe().ok_or(anyhow::anyhow!("it observes"))?;
    let failed = |refused: waybill_broker::Refused| anyhow::anyhow!("{refused}");
    let before = own_cpu_seconds();
    observe.topology(PATIENCE).await.map_err(failed)?;
    let topology_cpu = own_cpu_seconds() - before;
    let (mut cpu, mut seconds) = (Vec::new(), Vec::new());
    for _ in 0..READINGS {
        let (before, began) = (own_cpu_seconds(), Instant::now());
        let readings = observe.readings(PATIENCE).await.map_err(failed)?;
        seconds.push(began.elapsed().as_secs_f64());
        cpu.push(own_cpu_seconds() - before);
        let told = readings.commits.iter().count();
        ensure!(told >= size.pairs(), "{told} positions were told");
        ensure!(readings.unknown.is_empty(), "{:?}", readings.unknown);
    }
    Ok(Adapter {
        cpu,
        seconds,
        topology_cpu,
    })
}

impl Adapter {
    fn row(&self, name: &str, size: &Size) -> Vec<String> {
        let worst = self.cpu.iter().copied().fold(0.0, f64::max);
        vec![
            name.to_owned(),
            size.pairs().to_string(),
            format!("{:.2}", median(&self.cpu)),
            format!("{worst:.2}"),
            format!("{:.2}", median(&self.seconds)),
            format!("{:.2}", self.topology_cpu),
        ]
    }
}

/// The server between two readings of the topology.
struct Window {
    polls: f64,
    keys: BTreeMap<i16, usize>,
    cpu_a_poll: f64,
    postgres_a_poll: f64,
    rss_mib: f64,
    peak_mib: f64,
    load: String,
}

async fn window(system: &System, cluster: &KafkaCluster, size: Size) -> Result<Window> {
    // The first readings of all are over, and then a topology.
    wait_for(cluster, OFFSET_FETCH, 3 * size.nodes).await?;
    wait_for(cluster, METADATA, 1).await?;
    wait_for(cluster, OFFSET_FETCH, 2 * size.nodes).await?;
    // Between two polls, so that the window holds whole ones.
    tokio::time::sleep(BETWEEN).await;
    let load = load_average();
    cluster.asked.take();
    let postgres = system.cpu_seconds().1;
    let own = cpu_seconds_of(system.pid());
    tokio::time::sleep(QUIET).await;
    let keys = counts(&cluster.asked.take());
    let server = cpu_seconds_of(system.pid()) - own;
    let postgres = system.cpu_seconds().1 - postgres;
    let polls = keys.get(&OFFSET_FETCH).copied().unwrap_or(0) as f64 / size.nodes as f64;
    ensure!(polls >= 1.0, "nothing was polled");
    Ok(Window {
        polls,
        keys,
        cpu_a_poll: server / polls,
        postgres_a_poll: postgres / polls,
        rss_mib: system.rss_mib(),
        peak_mib: system.peak_rss_mib(),
        load,
    })
}

/// Until so many of a kind were asked since.
async fn wait_for(cluster: &KafkaCluster, key: i16, count: usize) -> Result<()> {
    let (began, mut seen) = (Instant::now(), 0);
    while seen < count {
        let asked = cluster.asked.take();
        seen += asked.iter().filter(|asked| **asked == key).count();
        ensure!(
            began.elapsed() < Duration::from_secs(150),
            "the server does not ask"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

fn counts(asked: &[i16]) -> BTreeMap<i16, usize> {
    let mut counts = BTreeMap::new();
    for key in asked {
        *counts.entry(*key).or_default() += 1;
    }
    counts
}

impl Window {
    fn ratio(&self, size: &Size) -> f64 {
        let requests: usize = self.keys.values().sum();
        requests as f64 / self.polls / (2 * size.nodes) as f64
    }

    fn row(&self, name: &str, size: &Size) -> Vec<String> {
        let requests: usize = self.keys.values().sum();
        let keys: Vec<String> = self
            .keys
            .iter()
            .map(|(key, count)| format!("{key}: {count}"))
            .collect();
        vec![
            name.to_owned(),
            format!("{:.0}", self.polls),
            format!("{:.2}", requests as f64 / self.polls),
            format!("{:.2}", self.ratio(size)),
            keys.join(", "),
            format!("{:.3}", self.cpu_a_poll),
            format!("{:.3}", self.postgres_a_poll),
            format!("{:.0}", self.rss_mib),
            format!("{:.0}", self.peak_mib),
            self.load.clone(),
        ]
    }
}
