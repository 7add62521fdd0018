//! RabbitMQ clusters of a test's own. Each node ends with this process: its shell watches a pipe
//! that is held open here.

use std::fmt::Write as _;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::child::{free_port, root, signal};

/// What a test wants of a cluster.
#[derive(Default)]
pub struct Wanted {
    pub nodes: usize,
    /// Further lines of rabbitmq.conf; `@MANAGEMENT@` and `@PROMETHEUS@` are the ports of the node.
    pub conf: String,
    /// Management and metrics stand in `conf`, with TLS.
    pub sealed: bool,
}

pub struct RabbitMq {
    pub folder: tempfile::TempDir,
    pub nodes: Vec<Node>,
    epmd: Shell,
    /// For the command-line tools.
    tool_port: u16,
}

pub struct Node {
    pub name: String,
    pub amqp: u16,
    pub management: u16,
    pub prometheus: u16,
    distribution: u16,
    shell: Option<Shell>,
}

/// A shell that runs one program and kills it when its standard input ends.
struct Shell(Child);

const PATIENCE: Duration = Duration::from_secs(180);

impl RabbitMq {
    /// Waits until each node tells that all are running.
    pub fn start(wanted: &Wanted) -> Self {
        use std::os::unix::fs::PermissionsExt;
        // Erlang searches its folder for code: whoever runs it must be able to read it.
        let folder = tempfile::Builder::new()
            .prefix("wb-rmq-")
            .tempdir_in("/tmp")
            .unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let place = folder.path();
        for name in ["home", "log"] {
            std::fs::create_dir(place.join(name)).unwrap();
        }
        let cookie = place.join("home/.erlang.cookie");
        let mut random = [0; 16];
        getrandom::fill(&mut random).unwrap();
        std::fs::write(&cookie, hex::encode(random)).unwrap();
        std::fs::set_permissions(&cookie, std::fs::Permissions::from_mode(0o400)).unwrap();
        std::fs::write(
            place.join("enabled_plugins"),
            "[rabbitmq_management,rabbitmq_prometheus,rabbitmq_stream].\n",
        )
        .unwrap();
        let epmd_port = free_port();
        let mut epmd = Command::new("epmd");
        epmd.args(["-address", "127.0.0.1", "-port", &epmd_port.to_string()]);
        let nodes: Vec<Node> = (1..=wanted.nodes)
            .map(|number| Node {
                name: format!("lab{number}@localhost"),
                amqp: free_port(),
                management: free_port(),
                prometheus: free_port(),
                distribution: free_port(),
                shell: None,
            })
            .collect();
        let mut cluster = Self {
            epmd: Shell::run(&epmd, &place.join("log/epmd.out")),
            tool_port: free_port(),
            nodes,
            folder,
        };
        std::fs::write(cluster.folder.path().join("epmd"), epmd_port.to_string()).unwrap();
        for number in 0..wanted.nodes {
            let text = cluster.conf(wanted, number);
            std::fs::write(cluster.path(&format!("n{number}.conf")), text).unwrap();
            cluster.launch(number);
        }
        (0..wanted.nodes).for_each(|number| cluster.wait_started(number));
        if wanted.nodes > 1 {
            cluster.wait_joined();
        }
        cluster
    }

    fn wait_joined(&self) {
        let deadline = Instant::now() + PATIENCE;
        let running = ["eval", "length(rabbit_mnesia:cluster_nodes(running))."];
        loop {
            let told = self.ctl(0, &running);
            if told.as_deref().map(str::trim) == Ok(self.nodes.len().to_string().as_str()) {
                return;
            }
            assert!(Instant::now() < deadline, "the nodes do not meet: {told:?}");
        }
    }

    fn conf(&self, wanted: &Wanted, number: usize) -> String {
        let node = &self.nodes[number];
        let mut text = format!(
            "loopback_users = none\nlisteners.tcp.default = 127.0.0.1:{}\n\
             stream.listeners.tcp.1 = 127.0.0.1:{}\n\
             vm_memory_high_watermark.absolute = 256MB\ndisk_free_limit.absolute = 50MB\n\
             collect_statistics_interval = 1000\nmanagement.rates_mode = basic\nlog.console = false\n\
             cluster_formation.randomized_startup_delay_range.min = 0\n\
             cluster_formation.randomized_startup_delay_range.max = 1\n\
             cluster_formation.peer_discovery_backend = classic_config\n",
            node.amqp,
            free_port(),
        );
        for (at, node) in (1..).zip(&self.nodes) {
            let _ = writeln!(
                text,
                "cluster_formation.classic_config.nodes.{at} = {}",
                node.name
            );
        }
        if !wanted.sealed {
            let _ = write!(
                text,
                "management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = @MANAGEMENT@\n\
                 prometheus.tcp.ip = 127.0.0.1\nprometheus.tcp.port = @PROMETHEUS@\n"
            );
        }
        (text + &wanted.conf)
            .replace("@MANAGEMENT@", &node.management.to_string())
            .replace("@PROMETHEUS@", &node.prometheus.to_string())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn launch(&mut self, number: usize) {
        let node = &self.nodes[number];
        let mut command = Command::new(programs().join("rabbitmq-server"));
        self.surround(&mut command, &node.name);
        command
            .env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1")
            .env("RABBITMQ_NODE_PORT", node.amqp.to_string())
            .env("RABBITMQ_DIST_PORT", node.distribution.to_string())
            .env("RABBITMQ_MNESIA_BASE", self.path("mnesia"))
            .env("RABBITMQ_LOG_BASE", self.path("log"))
            .env("RABBITMQ_CONFIG_FILE", self.path(&format!("n{number}.conf")))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", self.path("enabled_plugins"))
            .env("RABBITMQ_PID_FILE", self.path(&format!("n{number}.pid")))
            .env(
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
                "-kernel inet_dist_use_interface {127,0,0,1} +S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none",
            );
        let log = self.path(&format!("log/n{number}.out"));
        self.nodes[number].shell = Some(Shell::run(&command, &log));
    }

    fn surround(&self, command: &mut Command, node: &str) {
        let epmd = std::fs::read_to_string(self.path("epmd")).unwrap();
        command
            .current_dir(self.folder.path())
            .env("HOME", self.path("home"))
            .env("LANG", "C.UTF-8")
            .env("RABBITMQ_NODENAME", node)
            .env("RABBITMQ_CONF_ENV_FILE", "/dev/null")
            .env("ERL_EPMD_ADDRESS", "127.0.0.1")
            .env("ERL_EPMD_PORT", epmd)
            .env("RABBITMQ_CTL_DIST_PORT_MIN", self.tool_port.to_string())
            .env("RABBITMQ_CTL_DIST_PORT_MAX", self.tool_port.to_string());
    }

    pub fn wait_started(&mut self, number: usize) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let ended = self.nodes[number]
                .shell
                .as_mut()
                .unwrap()
                .0
                .try_wait()
                .unwrap();
            let said = std::fs::read_to_string(self.path(&format!("log/n{number}.out")));
            let said = said.unwrap_or_default();
            assert!(
                ended.is_none() && Instant::now() < deadline,
                "node {number} does not start: {ended:?}\n{said}"
            );
            if said.contains("completed with") {
                return;
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// One of the node's own tools; what it says, or what is wrong. One at a time.
    pub fn ctl(&self, number: usize, arguments: &[&str]) -> Result<String, String> {
        let mut command = Command::new(programs().join("rabbitmqctl"));
        self.surround(&mut command, &self.nodes[number].name);
        let output = command.arg("-q").args(arguments).output().unwrap();
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }

    /// `kill -9`.
    pub fn kill(&mut self, number: usize) {
        self.signal(number, "KILL");
        if let Some(mut shell) = self.nodes[number].shell.take() {
            // Whoever the node's file named: the end of this pipe ends all that was started.
            drop(shell.0.stdin.take());
            let _ = shell.0.wait();
        }
    }

    /// To the node itself, by the id that it wrote.
    pub fn signal(&self, number: usize, name: &str) {
        let pid = std::fs::read_to_string(self.path(&format!("n{number}.pid"))).unwrap();
        signal(pid.trim().parse().unwrap(), name);
    }
}

impl Drop for RabbitMq {
    fn drop(&mut self) {
        for number in 0..self.nodes.len() {
            if self.nodes[number].shell.is_some() {
                self.kill(number);
            }
        }
        self.epmd.end();
    }
}

impl Shell {
    fn run(command: &Command, log: &Path) -> Self {
        // The program's whole group: the server is a script whose child is the node.
        let script = "set -m; \"$@\" </dev/null & child=$!\n\
                      { while read -r _; do :; done; kill -9 -- -$child; } 2>/dev/null & watch=$!\n\
                      exec 0</dev/null; wait $child; kill $watch 2>/dev/null";
        let output = File::create(log).unwrap();
        let mut shell = Command::new("bash");
        shell
            .arg("-c")
            .arg(script)
            .arg("bash")
            .arg(command.get_program());
        shell.args(command.get_args());
        for (name, value) in command.get_envs() {
            shell.env(name, value.unwrap_or_default());
        }
        if let Some(folder) = command.get_current_dir() {
            shell.current_dir(folder);
        }
        let child = shell
            .stdin(Stdio::piped())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap();
        Self(child)
    }

    fn end(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

fn programs() -> PathBuf {
    let output = Command::new(root().join("setup/rabbitmq.sh"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
}
