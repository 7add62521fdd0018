//! Kafka clusters of a test's own, and Kafka's own tools. The brokers are children of the thread
//! that starts them and die with it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::child::{Process, free_port, root};

/// What a test wants of a cluster, in the words of server.properties.
#[derive(Default)]
pub struct Wanted {
    pub nodes: usize,
    /// Name and protocol of listeners beside PLAINTEXT, such as `("SECURE", "SASL_SSL")`.
    pub listeners: Vec<(&'static str, &'static str)>,
    /// Further lines; `@DIR@` is the folder of the cluster.
    pub properties: String,
    /// Further words for `kafka.tools.StorageTool format`.
    pub format: Vec<String>,
    /// Where clients of the second listener are sent instead, a port a node: a proxy. Not of the
    /// first, which brokers use among themselves.
    pub advertised: Vec<u16>,
    /// Heap of each node, in MiB; 0: the usual 256.
    pub heap_mib: u32,
}

pub struct Kafka {
    pub folder: tempfile::TempDir,
    heap_mib: u32,
    nodes: Vec<KafkaNode>,
}

struct KafkaNode {
    properties: PathBuf,
    /// By listener, PLAINTEXT first.
    ports: Vec<u16>,
    process: Option<Process>,
}

const PATIENCE: Duration = Duration::from_secs(120);
const HEAP_MIB: u32 = 256;

impl Kafka {
    /// Waits until every node has started.
    pub fn start(folder: tempfile::TempDir, wanted: &Wanted, ports: &[Vec<u16>]) -> Self {
        let controllers: Vec<u16> = (0..wanted.nodes).map(|_| free_port()).collect();
        let voters: Vec<String> = (1..)
            .zip(&controllers)
            .map(|(id, port)| format!("{id}@127.0.0.1:{port}"))
            .collect();
        let mut nodes = Vec::new();
        for (index, controller) in controllers.iter().enumerate() {
            let text = properties(
                wanted,
                index,
                &ports[index],
                *controller,
                &voters.join(","),
                folder.path(),
            );
            let path = folder.path().join(format!("n{}.properties", index + 1));
            std::fs::write(&path, text).unwrap();
            let formatted = java("kafka.tools.StorageTool")
                .args(["format", "-t", "AAAAAAAAAAAAAAAAAAAAAQ", "-c"])
                .arg(&path)
                .args(&wanted.format)
                .output()
                .unwrap();
            assert!(formatted.status.success(), "{formatted:?}");
            nodes.push(KafkaNode {
                properties: path,
                ports: ports[index].clone(),
                process: None,
            });
        }
        let heap_mib = match wanted.heap_mib {
            0 => HEAP_MIB,
            heap_mib => heap_mib,
        };
        let mut kafka = Self {
            folder,
            heap_mib,
            nodes,
        };
        (0..wanted.nodes).for_each(|index| kafka.launch(index));
        (0..wanted.nodes).for_each(|index| kafka.wait_started(index));
        kafka
    }

    /// Free ports for `listeners` listeners of each node.
    pub fn ports(nodes: usize, listeners: usize) -> Vec<Vec<u16>> {
        (0..nodes)
            .map(|_| (0..listeners).map(|_| free_port()).collect())
            .collect()
    }

    /// The real address of a listener, past any proxy.
    pub fn address(&self, node: usize, listener: usize) -> String {
        format!("127.0.0.1:{}", self.nodes[node].ports[listener])
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn launch(&mut self, node: usize) {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]);
        let java = java_with(self.heap_mib, "kafka.Kafka");
        command.arg(java.get_program()).args(java.get_args());
        command.arg(&self.nodes[node].properties);
        let log = self.folder.path().join(format!("n{}.log", node + 1));
        self.nodes[node].process = Some(Process::spawn(command, &log));
    }

    pub fn wait_started(&mut self, node: usize) {
        let process = self.nodes[node].process.as_mut().unwrap();
        let deadline = Instant::now() + PATIENCE;
        while !process.log_text().contains("Kafka Server started") {
            let ended = process.has_ended();
            assert!(
                ended.is_none() && Instant::now() < deadline,
                "{}",
                process.log_text()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// `kill -9`.
    pub fn kill(&mut self, node: usize) {
        if let Some(mut process) = self.nodes[node].process.take() {
            process.kill();
        }
    }

    pub fn signal(&self, node: usize, name: &str) {
        let process = self.nodes[node].process.as_ref().unwrap();
        crate::child::signal(process.id(), name);
    }
}

impl Drop for Kafka {
    fn drop(&mut self) {
        // Of three that are asked to end, the last waits for a quorum that is gone.
        (0..self.nodes.len()).for_each(|node| self.kill(node));
    }
}

fn properties(
    wanted: &Wanted,
    index: usize,
    ports: &[u16],
    controller: u16,
    voters: &str,
    folder: &Path,
) -> String {
    let names =
        || std::iter::once(("PLAINTEXT", "PLAINTEXT")).chain(wanted.listeners.iter().copied());
    let listeners: Vec<String> = names()
        .zip(ports)
        .map(|((name, _), port)| format!("{name}://127.0.0.1:{port}"))
        .collect();
    let mut advertised = listeners.clone();
    if let (Some(port), Some((name, _))) = (wanted.advertised.get(index), wanted.listeners.first())
    {
        advertised[1] = format!("{name}://127.0.0.1:{port}");
    }
    let protocols: Vec<String> = names()
        .map(|(name, protocol)| format!("{name}:{protocol}"))
        .collect();
    let replicas = wanted.nodes.min(3);
    let mut text = format!(
        "process.roles=broker,controller\nnode.id={id}\nbroker.rack=rack-{id}\n\
         controller.quorum.voters={voters}\n\
         listeners={},CONTROLLER://127.0.0.1:{controller}\nadvertised.listeners={}\n\
         controller.listener.names=CONTROLLER\n\
         listener.security.protocol.map=CONTROLLER:PLAINTEXT,{}\n\
         inter.broker.listener.name=PLAINTEXT\nlog.dirs={}/data-{id}\n\
         default.replication.factor={replicas}\nmin.insync.replicas={}\n",
        listeners.join(","),
        advertised.join(","),
        protocols.join(","),
        folder.display(),
        replicas.min(2),
        id = index + 1,
    );
    for topic in [
        "offsets.topic",
        "transaction.state.log",
        "share.coordinator.state.topic",
    ] {
        let _ = writeln!(
            text,
            "{topic}.num.partitions=3\n{topic}.replication.factor={replicas}"
        );
    }
    let min = replicas.min(2);
    let _ = write!(
        text,
        "transaction.state.log.min.isr={min}\nshare.coordinator.state.topic.min.isr={min}\n\
         group.initial.rebalance.delay.ms=0\nnum.network.threads=2\nnum.io.threads=2\n\
         log.cleaner.dedupe.buffer.size=2097152\nauto.create.topics.enable=false\n\
         auto.leader.rebalance.enable=false\nbroker.session.timeout.ms=6000\n"
    );
    text.push_str(
        &wanted
            .properties
            .replace("@DIR@", &folder.display().to_string()),
    );
    text
}

/// Words of one of Kafka's own tools; fails the test where the tool fails.
pub fn tool(class: &str, arguments: &[&str]) -> String {
    let output = java(class).args(arguments).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{class} {arguments:?}: {text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    text
}

pub fn java(class: &str) -> Command {
    java_with(HEAP_MIB, class)
}

fn java_with(heap_mib: u32, class: &str) -> Command {
    let mut command = Command::new("java");
    command
        .arg(format!("-Xmx{heap_mib}m"))
        .args(["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"])
        .arg(format!(
            "-Dlog4j2.configurationFile={}",
            root().join("setup/kafka/log4j2.properties").display()
        ))
        .arg("-cp")
        .arg(format!("{}/*", jars()))
        .arg(class);
    command
}

fn jars() -> &'static str {
    static JARS: OnceLock<String> = OnceLock::new();
    JARS.get_or_init(|| {
        let output = Command::new(root().join("setup/kafka.sh"))
            .arg("tools")
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    })
}
