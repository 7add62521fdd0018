//! Real brokers, started once a run by `setup/brokers.sh`, shared by all tests, and ended with this
//! process: the script watches the pipe that is held open here.

use std::collections::HashMap;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::child::root;

/// Addresses by the names that the script writes: `KAFKA_BOOTSTRAP`, `RABBITMQ_AMQP`, ….
pub struct Brokers {
    addresses: HashMap<String, String>,
    /// Held open for the life of this process; its end is the script's sign to clean up.
    _pipe: Option<ChildStdin>,
    _script: Child,
}

static SHARED: OnceLock<Brokers> = OnceLock::new();

impl Brokers {
    /// Kafka and RabbitMQ of this run, started by the first test that asks.
    pub fn shared() -> &'static Self {
        SHARED.get_or_init(|| Self::start(&["kafka", "rabbitmq"]))
    }

    /// Those that are named as `setup/brokers.sh` names them.
    pub(crate) fn start(parts: &[&str]) -> Self {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::Builder::new()
            .prefix("wb-brokers-")
            .tempdir_in("/tmp")
            .unwrap()
            .keep();
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).unwrap();
        let log = folder.join("brokers.log");
        let output = std::fs::File::create(&log).unwrap();
        let mut script = Command::new(root().join("setup/brokers.sh"))
            .arg("run")
            .arg(&folder)
            .args(parts)
            .stdin(Stdio::piped())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap();
        let pipe = script.stdin.take();
        let file = folder.join("brokers.env");
        let deadline = Instant::now() + Duration::from_secs(180);
        let text = loop {
            if let Ok(text) = std::fs::read_to_string(&file) {
                break text;
            }
            let ended = script.try_wait().unwrap();
            let said = std::fs::read_to_string(&log).unwrap_or_default();
            assert!(
                ended.is_none() && Instant::now() < deadline,
                "the brokers do not start:\n{said}"
            );
            std::thread::sleep(Duration::from_millis(100));
        };
        let addresses = text
            .lines()
            .filter_map(|line| line.split_once('='))
            .map(|(name, value)| {
                (
                    name.trim().to_owned(),
                    value.trim().trim_matches(['"', '\'']).to_owned(),
                )
            })
            .collect();
        Self {
            addresses,
            _pipe: pipe,
            _script: script,
        }
    }

    pub fn address(&self, name: &str) -> &str {
        self.addresses
            .get(name)
            .unwrap_or_else(|| panic!("the brokers have no address {name}"))
    }
}
