//! RocketMQ clusters of a test's own, for outages: a name server, with a controller inside where
//! there are replicas, and brokers of one group. Children of the thread that starts them; they die
//! with it.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::child::{Process, free_port, root, signal};
use crate::rocketmq::Site;
use crate::rocketmq_wire::call;

/// The group that all brokers of a cluster belong to, and the cluster's name.
pub const GROUP: &str = "broker-a";
pub const CLUSTER: &str = "lab";

const PATIENCE: Duration = Duration::from_secs(180);

#[derive(Default)]
pub struct Wanted {
    /// One: a plain master. More: replicas, of which a controller elects the master.
    pub brokers: usize,
    /// Each broker is the plain master of a name of its own (`broker-a`, `broker-b` …).
    pub apart: bool,
    /// Further lines of every broker's configuration.
    pub properties: String,
    /// The older version of `setup/rocketmq/old`, which has no controller.
    pub old: bool,
}

pub struct Cluster {
    pub folder: tempfile::TempDir,
    namesrv: Node,
    controller: Option<u16>,
    brokers: Vec<Node>,
}

struct Node {
    name: String,
    port: u16,
    class: &'static str,
    jars: &'static str,
    memory: &'static [&'static str],
    process: Option<Process>,
}

impl Cluster {
    /// Returns when every broker has started and the name server lists a master.
    pub fn start(wanted: &Wanted) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("wb-rmq-")
            .tempdir_in(roomy())
            .unwrap();
        let controller = (wanted.brokers > 1 && !wanted.apart).then(free_port);
        let namesrv = Node {
            name: "namesrv".to_owned(),
            port: free_port(),
            class: "org.apache.rocketmq.namesrv.NamesrvStartup",
            jars: jars_of(wanted.old),
            memory: &["-Xmx64m"],
            process: None,
        };
        let mut text = template("namesrv.conf")
            .replace("@PORT@", &namesrv.port.to_string())
            .replace("@HOME@", &folder.path().display().to_string());
        if let Some(port) = controller {
            text.push_str(&controller_lines(port, folder.path()));
        }
        std::fs::write(folder.path().join("namesrv.conf"), text).unwrap();
        if wanted.old {
            quiet(folder.path());
        }
        let mut brokers = Vec::new();
        for index in 0..wanted.brokers {
            let name = format!("b{index}");
            let group = match wanted.apart {
                true => format!("broker-{}", char::from(b'a' + index as u8)),
                false => GROUP.to_owned(),
            };
            let port = broker_port();
            let store = folder.path().join(&name);
            let mut text = template("broker.conf")
                .replace("@CLUSTER@", CLUSTER)
                .replace("@NAME@", &group)
                .replace("@NAMESRV@", &format!("127.0.0.1:{}", namesrv.port))
                .replace("@PORT@", &port.to_string())
                .replace("@STORE@", &store.display().to_string());
            text.push_str(&match controller {
                Some(controller) => replica_lines(controller, port, &store),
                None => "brokerId=0\nbrokerRole=ASYNC_MASTER\n".to_owned(),
            });
            text.push_str(&wanted.properties);
            std::fs::create_dir_all(&store).unwrap();
            std::fs::write(folder.path().join(format!("{name}.conf")), text).unwrap();
            brokers.push(Node {
                name,
                port,
                class: "org.apache.rocketmq.broker.BrokerStartup",
                jars: jars_of(wanted.old),
                memory: &["-Xmx160m", "-XX:MaxDirectMemorySize=96m"],
                process: None,
            });
        }
        let mut cluster = Self {
            folder,
            namesrv,
            controller,
            brokers,
        };
        cluster.launch_namesrv();
        (0..wanted.brokers).for_each(|broker| cluster.launch(broker));
        (0..wanted.brokers).for_each(|broker| cluster.wait_started(broker));
        cluster.master();
        cluster
    }

    pub fn namesrv(&self) -> String {
        format!("127.0.0.1:{}", self.namesrv.port)
    }

    /// Where the controller inside the name server answers (codes 1002 to 1006).
    pub fn controller(&self) -> Option<String> {
        self.controller.map(|port| format!("127.0.0.1:{port}"))
    }

    pub fn broker(&self, broker: usize) -> String {
        format!("127.0.0.1:{}", self.brokers[broker].port)
    }

    /// The present master as the name server lists it, waited for: its place among the brokers.
    pub fn master(&self) -> usize {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = call(&self.namesrv(), 106, &[], b"");
            let text = answer.map(|answer| String::from_utf8_lossy(&answer.body).into_owned());
            let text = text.unwrap_or_default();
            let mut all = 0..self.brokers.len();
            // The keys of this map are bare numbers; a master has 0.
            if let Some(found) =
                all.find(|&one| text.contains(&format!("0:\"{}\"", self.broker(one))))
            {
                return found;
            }
            assert!(Instant::now() < deadline, "no master: {text}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// The brokers of the controller's sync-state set, as places among the brokers; none where the
    /// controller does not answer. Only these may become master without loss.
    pub fn in_sync(&self) -> Vec<usize> {
        let group = format!("[\"{GROUP}\"]");
        let answer = call(&self.controller().unwrap(), 1006, &[], group.as_bytes());
        let body = answer.map(|answer| answer.body).unwrap_or_default();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
        let set = &body["replicasInfoTable"][GROUP]["inSyncReplicas"];
        let addresses: Vec<&str> = (set.as_array().into_iter().flatten())
            .filter_map(|one| one["brokerAddress"].as_str())
            .collect();
        (0..self.brokers.len())
            .filter(|&broker| addresses.contains(&self.broker(broker).as_str()))
            .collect()
    }

    /// Waits until the sync-state set holds at least `count` brokers. After a change of roles it may
    /// stay without one of three.
    pub fn wait_in_sync(&self, count: usize) {
        let deadline = Instant::now() + PATIENCE;
        while self.in_sync().len() < count {
            assert!(Instant::now() < deadline, "in sync: {:?}", self.in_sync());
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Waits until every broker knows a topic. Replicas fetch the master's topics every three seconds:
    /// one that was made since is gone after a change of roles, its messages with it.
    pub fn wait_known(&self, topic: &str) {
        let deadline = Instant::now() + PATIENCE;
        for broker in 0..self.brokers.len() {
            let knows = || call(&self.broker(broker), 202, &[("topic", topic)], b"");
            while !knows().is_ok_and(|answer| answer.code == 0) {
                assert!(Instant::now() < deadline, "broker {broker} lacks {topic}");
                std::thread::sleep(Duration::from_millis(100));
            }
        }
    }

    /// For topics, groups and messages, at the present master.
    pub fn site(&self) -> Site {
        Site {
            namesrv: self.namesrv(),
            broker: self.broker(self.master()),
        }
    }

    pub fn launch(&mut self, broker: usize) {
        self.brokers[broker].launch(self.folder.path());
    }

    pub fn launch_namesrv(&mut self) {
        self.namesrv.launch(self.folder.path());
    }

    /// Waits until the broker says that it has started.
    pub fn wait_started(&mut self, broker: usize) {
        let process = self.brokers[broker].process.as_mut().unwrap();
        let deadline = Instant::now() + PATIENCE;
        while !process.log_text().contains("boot success") {
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
    pub fn kill(&mut self, broker: usize) {
        self.brokers[broker].kill();
    }

    /// `kill -9`, the controller inside included.
    pub fn kill_namesrv(&mut self) {
        self.namesrv.kill();
    }

    /// `STOP` pauses a broker, `CONT` lets it go on.
    pub fn signal(&self, broker: usize, name: &str) {
        signal(self.brokers[broker].process.as_ref().unwrap().id(), name);
    }

    pub fn signal_namesrv(&self, name: &str) {
        signal(self.namesrv.process.as_ref().unwrap().id(), name);
    }
}

impl Node {
    fn launch(&mut self, folder: &Path) {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "java"]);
        command
            .args(self.memory)
            .args(JAVA)
            .arg(format!("-Drocketmq.home.dir={}", folder.display()))
            .arg(format!("-Duser.home={}", folder.join(&self.name).display()))
            .arg("-cp")
            .arg(format!("{}/*", self.jars))
            .arg(self.class)
            .arg("-c")
            .arg(folder.join(format!("{}.conf", self.name)));
        let log = folder.join(format!("{}.log", self.name));
        self.process = Some(Process::spawn(command, &log));
    }

    /// Brokers take ten seconds for an orderly end, and a test has no use for it.
    fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill();
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.brokers.iter_mut().for_each(Node::kill);
        self.namesrv.kill();
    }
}

const JAVA: [&str; 3] = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xss256k"];

/// Words of RocketMQ's own `mqadmin`, some seconds a call; fails the test where the tool fails.
pub fn mqadmin(arguments: &[&str]) -> String {
    let home = tempfile::tempdir().unwrap();
    let output = Command::new("java")
        .args(JAVA)
        .arg("-Xmx128m")
        .arg(format!("-Drocketmq.home.dir={}", home.path().display()))
        .arg(format!("-Duser.home={}", home.path().display()))
        .arg("-cp")
        .arg(format!("{}/*", jars()))
        .arg("org.apache.rocketmq.tools.command.MQAdminStartup")
        .args(arguments)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "mqadmin {arguments:?}: {text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    text
}

fn controller_lines(port: u16, folder: &Path) -> String {
    format!(
        "enableControllerInNamesrv=true\ncontrollerType=DLedger\n\
         controllerDLegerGroup=lab-controller\ncontrollerDLegerPeers=n0-127.0.0.1:{port}\n\
         controllerDLegerSelfId=n0\ncontrollerStorePath={}\nenableElectUncleanMaster=false\n",
        folder.join("controller").display()
    )
}

/// A broker that is silent for five seconds counts as gone: a hung master is replaced soon.
fn replica_lines(controller: u16, port: u16, store: &Path) -> String {
    let mut text = format!(
        "enableControllerMode=true\ncontrollerAddr=127.0.0.1:{controller}\nhaListenPort={}\n\
         inSyncReplicas=2\nminInSyncReplicas=1\nenableAutoInSyncReplicas=true\n",
        port + 1
    );
    let _ = writeln!(text, "storePathEpochFile={}/epoch", store.display());
    let _ = writeln!(text, "storePathBrokerIdentity={}/identity", store.display());
    text.push_str(
        "brokerHeartbeatInterval=1000\nbrokerNotActiveTimeoutMillis=5000\n\
         syncBrokerMetadataPeriod=2000\ncheckSyncStateSetPeriod=2000\n\
         haSendHeartbeatInterval=1000\nhaMaxTimeSlaveNotCatchup=5000\n",
    );
    text
}

/// A minute after its file system is 90 % full a broker refuses every send, and no setting raises
/// that: then its messages lie in memory.
fn roomy() -> std::path::PathBuf {
    let usual = std::env::temp_dir();
    let output = Command::new("df").arg("-P").arg(&usual).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let used = text.split_whitespace().find_map(|word| {
        word.strip_suffix('%')
            .and_then(|word| word.parse::<u32>().ok())
    });
    match used {
        Some(used) if used > 88 => "/dev/shm".into(),
        _ => usual,
    }
}

/// The fourth line starts only with these files, which its archive holds and its jars do not.
fn quiet(home: &Path) {
    std::fs::create_dir_all(home.join("conf")).unwrap();
    for part in ["broker", "namesrv", "tools"] {
        let path = home.join(format!("conf/logback_{part}.xml"));
        std::fs::write(path, "<configuration/>").unwrap();
    }
}

fn template(name: &str) -> String {
    std::fs::read_to_string(root().join("setup/rocketmq").join(name)).unwrap()
}

/// A port whose neighbours, two below and one above, are free too.
fn broker_port() -> u16 {
    loop {
        let port = free_port();
        let free = |port: u16| std::net::TcpListener::bind(("127.0.0.1", port)).is_ok();
        if port > 2 && port < u16::MAX && free(port - 2) && free(port + 1) {
            return port;
        }
    }
}

/// The folder of RocketMQ's jars.
pub fn jars() -> &'static str {
    static JARS: OnceLock<String> = OnceLock::new();
    JARS.get_or_init(|| {
        let output = Command::new(root().join("setup/rocketmq.sh"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    })
}

fn jars_of(old: bool) -> &'static str {
    static OLD: OnceLock<String> = OnceLock::new();
    if !old {
        return jars();
    }
    OLD.get_or_init(|| {
        let mut command = Command::new(root().join("setup/rocketmq.sh"));
        let output = command.arg("old").output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    })
}
