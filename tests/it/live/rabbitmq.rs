//! The shared RabbitMQ of this run: a virtual host a test, its own tools, and a recording proxy.

use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lapin::options::{
    BasicPublishOptions, ConfirmSelectOptions, ExchangeDeclareOptions, QueueBindOptions,
    QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties, ExchangeKind};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use waybill_broker::adapter::Cluster;
use waybill_model::topology::{Destination, Topology};
use waybill_tests::brokers::Brokers;

pub const PATIENCE: Duration = Duration::from_secs(30);

/// A virtual host of its own, and who looks at it.
pub struct Rabbit {
    pub vhost: String,
    pub management: String,
    pub channel: Channel,
    brokers: &'static Brokers,
    _connection: Connection,
}

impl Rabbit {
    pub async fn open(name: &str) -> Self {
        let brokers = tokio::task::spawn_blocking(Brokers::shared).await.unwrap();
        let mut random = [0; 4];
        getrandom::fill(&mut random).unwrap();
        let vhost = format!("{name}-{}", hex::encode(random));
        rabbitmqctl(brokers, &["add_vhost", &vhost]).await;
        rabbitmqctl(
            brokers,
            &["set_permissions", "-p", &vhost, "guest", ".*", ".*", ".*"],
        )
        .await;
        let amqp = brokers.address("RABBITMQ_AMQP");
        let root = amqp.strip_suffix("/%2f").unwrap();
        let encoded: String = vhost.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let url = format!("{root}/{encoded}");
        let connection = Connection::connect(&url, ConnectionProperties::default())
            .await
            .unwrap();
        let channel = connection.create_channel().await.unwrap();
        channel
            .confirm_select(ConfirmSelectOptions::default())
            .await
            .unwrap();
        Self {
            vhost,
            management: brokers.address("RABBITMQ_MANAGEMENT").to_owned(),
            channel,
            brokers,
            _connection: connection,
        }
    }

    /// The broker's own tool; panics where it fails.
    pub async fn ctl(&self, arguments: &[&str]) -> String {
        rabbitmqctl(self.brokers, arguments).await
    }

    /// What the shell makes of a command as a person would paste it.
    pub async fn paste(&self, command: &str) {
        let tool = self.brokers.address("RABBITMQ_CTL").to_owned();
        let command = format!("rabbitmqctl() {{ {tool:?} \"$@\"; }}\n{command}");
        let output = tokio::task::spawn_blocking(move || {
            Command::new("bash")
                .args(["-c", &command])
                .output()
                .unwrap()
        })
        .await
        .unwrap();
        assert!(output.status.success(), "{output:?}");
    }

    /// This virtual host by way of the adapter, with settings over the usual ones.
    pub fn cluster(&self, settings: Value) -> Arc<dyn Cluster> {
        let mut all = json!({
            "amqp": self.brokers.address("RABBITMQ_AMQP"),
            "management": self.management,
            "vhosts": [self.vhost],
        });
        let all = all.as_object_mut().unwrap();
        all.extend(settings.as_object().unwrap().clone());
        let adapters = waybill_broker::registry::adapters();
        let adapter = adapters.into_iter().find(|a| a.name == "rabbitmq").unwrap();
        adapter.connect.unwrap().cluster("live", all).unwrap()
    }

    /// Without user and password.
    pub fn plain_amqp(&self) -> String {
        let address = self.brokers.address("RABBITMQ_AMQP");
        let (_, host) = address.split_once('@').unwrap();
        format!("amqp://{host}")
    }

    pub fn metrics(&self) -> &str {
        self.brokers.address("RABBITMQ_PROMETHEUS")
    }

    /// Of one of the node's doors, by the name of its address.
    pub fn port(&self, door: &str) -> u16 {
        let address = self.brokers.address(door).trim_end_matches("/%2f");
        let port = address.rsplit(':').next().unwrap_or_default();
        port.parse().unwrap()
    }

    pub fn amqp(&self) -> &str {
        self.brokers.address("RABBITMQ_AMQP")
    }

    /// As one part of a path.
    pub fn vhost_in_path(&self) -> String {
        super::read_only::in_path(&self.vhost)
    }

    /// What the management API tells the administrator, below /api.
    pub async fn api(&self, path: &str) -> Value {
        let url = format!("{}/api/{path}", self.management);
        let request = reqwest::Client::new().get(url);
        let answer = request.basic_auth("guest", Some("guest")).send().await;
        let answer = answer.unwrap().error_for_status().unwrap();
        answer.json().await.unwrap()
    }

    pub async fn queue(&self, name: &str, arguments: &[(&str, AMQPValue)]) {
        let durable = QueueDeclareOptions {
            durable: true,
            ..QueueDeclareOptions::default()
        };
        self.channel
            .queue_declare(name.into(), durable, table(arguments))
            .await
            .unwrap();
    }

    pub async fn exchange(&self, name: &str, kind: ExchangeKind) {
        let options = ExchangeDeclareOptions::default();
        self.channel
            .exchange_declare(name.into(), kind, options, FieldTable::default())
            .await
            .unwrap();
    }

    pub async fn bind(&self, queue: &str, exchange: &str, key: &str) {
        let options = QueueBindOptions::default();
        self.channel
            .queue_bind(
                queue.into(),
                exchange.into(),
                key.into(),
                options,
                FieldTable::default(),
            )
            .await
            .unwrap();
    }

    /// To a queue by name, each confirmed.
    pub async fn publish(&self, queue: &str, count: usize) {
        for _ in 0..count {
            let confirm = self
                .channel
                .basic_publish(
                    "".into(),
                    queue.into(),
                    BasicPublishOptions::default(),
                    b"x",
                    BasicProperties::default().with_delivery_mode(2),
                )
                .await
                .unwrap();
            confirm.await.unwrap();
        }
    }
}

pub fn queue<'a>(topology: &'a Topology, name: &str) -> &'a Destination {
    let mut destinations = topology.destinations.iter();
    destinations.find(|d| d.name == name).unwrap()
}

pub fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}

pub fn number(value: i64) -> AMQPValue {
    AMQPValue::LongLongInt(value)
}

fn table(arguments: &[(&str, AMQPValue)]) -> FieldTable {
    let mut table = FieldTable::default();
    for (name, value) in arguments {
        table.insert((*name).into(), value.clone());
    }
    table
}

async fn rabbitmqctl(brokers: &'static Brokers, arguments: &[&str]) -> String {
    let mut command = Command::new(brokers.address("RABBITMQ_CTL"));
    command.arg("-q").args(arguments);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Passes everything on and notes the first line of each request.
pub struct Recorder {
    pub url: String,
    requests: Arc<Mutex<Vec<String>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Recorder {
    pub async fn before(url: &str) -> Self {
        let target = url.strip_prefix("http://").unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let noted = requests.clone();
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&target).await.unwrap();
                tokio::spawn(pass(client, server, noted.clone()));
            }
        });
        Self {
            url,
            requests,
            task,
        }
    }

    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

async fn pass(client: TcpStream, server: TcpStream, noted: Arc<Mutex<Vec<String>>>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
    let mut held = Vec::new();
    let mut buffer = [0; 16 * 1024];
    while let Ok(count @ 1..) = from_client.read(&mut buffer).await {
        held.extend_from_slice(&buffer[..count]);
        // A body would show as a line that is no request: the test then fails, as it should.
        while let Some(end) = held.windows(4).position(|w| w == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&held[..end]).into_owned();
            let line = head.lines().next().unwrap_or_default().to_owned();
            noted.lock().unwrap().push(line);
            held.drain(..end + 4);
        }
        if to_server.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}
