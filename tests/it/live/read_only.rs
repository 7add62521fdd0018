//! `actions = "off"` with a recorder before each door of real brokers: whatever is clicked in the
//! console or called in the API, only requests that read arrive, and the brokers are as before.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use http::Method;
use lapin::options::BasicGetOptions;
use lapin::{Connection, ConnectionProperties};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::producer::{BaseProducer, Producer};
use reqwest::header::{AUTHORIZATION, COOKIE};
use serde_json::{Value, json};
use waybill_server::auth::policy::TABLE;
use waybill_tests::kafka::{Kafka, Wanted, tool};
use waybill_tests::server::{ADMIN, Server};
use waybill_tests::tap::{Asked, Protocol, Tap, summary};
use waybill_tests::wait;

use super::kafka_lab::{TOPICS, commit, join, produce};
use super::rabbitmq::{Rabbit, number, text};
use super::scene::{cluster, fresh, items, one, serve, until};

const GROUPS: &str = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand";
const CONSUMER: &str = "org.apache.kafka.tools.consumer.ConsoleConsumer";

struct Watched {
    kafka: Kafka,
    rabbit: Rabbit,
    to_kafka: Tap,
    to_management: Tap,
    to_metrics: Tap,
    to_amqp: Tap,
}

impl Watched {
    async fn start() -> Self {
        let rabbit = Rabbit::open("watched").await;
        let ports = Kafka::ports(1, 2);
        let to_kafka = Tap::before(ports[0][1], Protocol::Kafka).await;
        let wanted = Wanted {
            nodes: 1,
            listeners: vec![("WATCHED", "PLAINTEXT")],
            advertised: vec![to_kafka.port],
            ..Wanted::default()
        };
        let kafka = tokio::task::block_in_place(|| {
            Kafka::start(tempfile::tempdir().unwrap(), &wanted, &ports)
        });
        Self {
            to_management: Tap::before(rabbit.port("RABBITMQ_MANAGEMENT"), Protocol::Http).await,
            to_metrics: Tap::before(rabbit.port("RABBITMQ_PROMETHEUS"), Protocol::Http).await,
            to_amqp: Tap::before(rabbit.port("RABBITMQ_AMQP"), Protocol::Amqp).await,
            kafka,
            rabbit,
            to_kafka,
        }
    }

    fn configuration(&self) -> String {
        let orders = format!("bootstrap = [{:?}]", self.to_kafka.address());
        let billing = format!(
            "amqp = \"amqp://{}/%2f\"\nmanagement = \"http://{}\"\nprometheus = \"http://{}\"\n\
             user = \"guest\"\npassword = \"guest\"\nvhosts = [{:?}]",
            self.to_amqp.address(),
            self.to_management.address(),
            self.to_metrics.address(),
            self.rabbit.vhost,
        );
        cluster("orders", "kafka", "1s", &orders) + &cluster("billing", "rabbitmq", "1s", &billing)
    }

    fn take(&self) -> Vec<Asked> {
        let taps = [
            &self.to_kafka,
            &self.to_management,
            &self.to_metrics,
            &self.to_amqp,
        ];
        taps.into_iter().flat_map(Tap::take).collect()
    }

    /// What stands in the brokers once they tell what was furnished: management's counters come some
    /// seconds after what they count, and a member has its partitions after a rebalance.
    async fn settled(&self) -> Value {
        let bills = format!("queues/{}/bills", self.rabbit.vhost_in_path());
        let steps = format!("queues/{}/steps", self.rabbit.vhost_in_path());
        let members = ["--describe", "--group", "reading", "--members"];
        let deadline = Instant::now() + wait::PATIENCE;
        loop {
            let told = self.rabbit.api(&bills).await;
            let steps = self.rabbit.api(&steps).await;
            let is_counted = told["messages_ready"] == 3
                && told["message_stats"]["publish"] == 3
                && steps["messages_ready"] == 2;
            let bootstrap = self.kafka.address(0, 0);
            let listed = tokio::task::block_in_place(|| {
                tool(
                    GROUPS,
                    &[&["--bootstrap-server", &bootstrap][..], &members[..]].concat(),
                )
            });
            // The last column: how many partitions it has.
            let has_both = listed.lines().any(|line| {
                line.contains("console-consumer") && line.split_whitespace().last() == Some("2")
            });
            if is_counted && has_both {
                return self.standing().await;
            }
            assert!(Instant::now() < deadline, "{told:#}\n{listed}");
        }
    }

    /// A tap that was just closed may be told for a moment longer; what was changed, for ever.
    async fn stands_again(&self, before: &Value) {
        let deadline = Instant::now() + wait::PATIENCE;
        loop {
            let now = self.standing().await;
            if now == *before {
                return;
            }
            let parts = now.as_array().into_iter().flatten();
            let differ = parts.zip(before.as_array().into_iter().flatten());
            let differ: Vec<_> = differ.filter(|(now, before)| now != before).collect();
            assert!(
                Instant::now() < deadline,
                "the brokers are not as before: {differ:#?}"
            );
        }
    }

    /// What stands in the brokers, asked past the recorders.
    async fn standing(&self) -> Value {
        let bootstrap = self.kafka.address(0, 0);
        let (topics, groups) = tokio::task::block_in_place(|| {
            let topics = tool(TOPICS, &["--bootstrap-server", &bootstrap, "--describe"]);
            let all = [
                "--bootstrap-server",
                &bootstrap,
                "--describe",
                "--all-groups",
            ];
            (topics, tool(GROUPS, &all))
        });
        let vhost = self.rabbit.vhost_in_path();
        let counts = "name,messages_ready,messages_unacknowledged,consumers,message_stats.publish,\
                      message_stats.get,message_stats.deliver_get,message_stats.ack,message_stats.redeliver";
        let paths = [
            format!("definitions/{vhost}"),
            format!("queues/{vhost}?columns={counts}"),
            format!("bindings/{vhost}"),
            format!("vhosts/{vhost}/connections?columns=name,channels"),
        ];
        let mut told = vec![json!(sorted(&topics)), json!(sorted(&groups))];
        for path in paths {
            let mut answer = self.rabbit.api(&path).await;
            // Of a stream each look is counted, and nothing is taken away.
            for queue in answer.as_array_mut().into_iter().flatten() {
                if queue["name"] == "steps" {
                    queue["message_stats"] = json!(null);
                }
            }
            told.push(answer);
        }
        json!(told)
    }
}

fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|l| !l.is_empty())
        .collect();
    lines.sort_unstable();
    lines
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_clicked_brokers_are_only_read() {
    let watched = Watched::start().await;
    let mut server = serve(&watched.configuration()).await;
    fresh(&server, "orders").await;
    fresh(&server, "billing").await;
    nothing_was_made(&watched).await;

    let _standing = furnish(&watched).await;
    // A new process reads everything from the beginning.
    server.process().terminate();
    server.start_again().await;
    let is_read = |list: &Value| {
        let told = |name: &str| one(list, "name", name).map(|group| group["lag_messages"].clone());
        (told("idle") == Some(json!(17)) && told("bills") == Some(json!(3))).then_some(())
    };
    until(&server, "the furniture", "/groups", is_read).await;

    let before = watched.settled().await;
    let clicked = click_everything(&server).await;
    assert!(clicked > TABLE.len(), "{clicked}");
    let (_, said, _) = server.command(&["check"], "");
    for name in ["orders", "billing"] {
        assert!(
            said.contains(&format!("ok       cluster {name}: answers")),
            "{said}"
        );
    }
    several_polls(&server).await;
    watched.stands_again(&before).await;

    let asked = watched.take();
    let writing: Vec<&Asked> = asked.iter().filter(|one| !one.reads).collect();
    assert!(writing.is_empty(), "{writing:#?}");
    let known = BTreeSet::from(["idle", "reading"]);
    for one in asked
        .iter()
        .filter(|one| one.name.starts_with("FindCoordinator"))
    {
        let groups = one.detail.split(' ').filter(|group| !group.is_empty());
        assert!(groups.clone().all(|group| known.contains(group)), "{one:?}");
    }
    // The recorders saw it all: each kind of door was asked.
    for part in [
        "Metadata 3",
        "request 9",
        "request 2 ",
        "GET /api/queues",
        "GET /metrics/detailed",
    ] {
        let seen = asked.iter().any(|one| one.name.contains(part));
        assert!(seen, "{part} is not among {:#?}", summary(&asked));
    }
    the_recorders_see_what_writes(&watched).await;
}

/// A cluster without any group has no offsets topic: looking at it makes none.
async fn nothing_was_made(watched: &Watched) {
    let bootstrap = watched.kafka.address(0, 0);
    let topics =
        tokio::task::block_in_place(|| tool(TOPICS, &["--bootstrap-server", &bootstrap, "--list"]));
    assert_eq!(topics.trim(), "", "a topic was made by looking");
}

/// Groups, queues, bindings and consumers, past the recorders.
async fn furnish(watched: &Watched) -> Vec<Box<dyn std::any::Any>> {
    let bootstrap = watched.kafka.address(0, 0);
    tokio::task::block_in_place(|| {
        let topic = ["--create", "--topic", "orders", "--partitions", "2"];
        let at = ["--bootstrap-server", &bootstrap];
        tool(TOPICS, &[&at[..], &topic[..]].concat())
    });
    produce(&bootstrap, "orders", 2, 10).await;
    commit(&bootstrap, "idle", "orders", &[(0, 4)]).await;
    let no_commit = ["--consumer-property", "enable.auto.commit=false"];
    let reading = join(&watched.kafka, CONSUMER, "reading", "orders", &no_commit);
    let rabbit = &watched.rabbit;
    rabbit.exchange("shop", lapin::ExchangeKind::Topic).await;
    let arguments = [
        ("x-message-ttl", number(3_600_000)),
        ("x-dead-letter-exchange", text("")),
        ("x-dead-letter-routing-key", text("bills.dlq")),
    ];
    rabbit.queue("bills", &arguments).await;
    rabbit.queue("bills.dlq", &[]).await;
    rabbit
        .queue("steps", &[("x-queue-type", text("stream"))])
        .await;
    rabbit.bind("bills", "shop", "bill.*").await;
    rabbit.publish("bills", 3).await;
    rabbit.publish("steps", 2).await;
    let members = [
        "--bootstrap-server",
        &bootstrap,
        "--describe",
        "--all-groups",
        "--members",
    ];
    let deadline = Instant::now() + wait::PATIENCE;
    while !tokio::task::block_in_place(|| tool(GROUPS, &members)).contains("console-consumer") {
        assert!(Instant::now() < deadline, "the member does not join");
    }
    watched.take();
    vec![Box::new(reading)]
}

/// Every address of the API and every page, each with every id that lists tell; and every other
/// method of the API with nothing to say. How many were asked.
async fn click_everything(server: &Server) -> usize {
    let cookie = server.sign_in(ADMIN.0, ADMIN.1).await.unwrap();
    let mut clicked = 0;
    for row in TABLE {
        if row.template.contains("sign-out")
            || row.template.contains("tokens") && row.method != Method::GET
        {
            // They would end what we click with.
            continue;
        }
        for address in addresses(server, row.template).await {
            let url = format!("{}{address}", server.console);
            let request = server.client.request(row.method.clone(), url);
            let request = match row.template.starts_with("/api/") {
                true => request.header(AUTHORIZATION, format!("Bearer {}", server.token)),
                false => request
                    .header(COOKIE, &cookie)
                    .header("origin", &server.console),
            };
            let request = match row.method {
                Method::GET => request,
                _ => request
                    .header("content-type", "application/json")
                    .body("{}"),
            };
            let answer = request.send().await.unwrap();
            let status = answer.status();
            assert!(
                !status.is_server_error(),
                "{} {address}: {status}",
                row.method
            );
            // Some answers never end: of these, what comes first.
            let mut answer = answer;
            match row.template {
                "/api/v1/events" => {}
                template if template.ends_with("/tail") => {
                    let first = tokio::time::timeout(Duration::from_secs(2), answer.chunk());
                    drop(first.await);
                }
                _ => drop(answer.bytes().await.unwrap()),
            }
            clicked += 1;
        }
    }
    clicked
}

async fn addresses(server: &Server, template: &str) -> Vec<String> {
    let Some((before, rest)) = template.split_once('{') else {
        return vec![template.to_owned()];
    };
    let after = rest
        .split_once('}')
        .map(|(_, after)| after)
        .unwrap_or_default();
    let kind = before
        .trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or_default();
    let list = match kind {
        "clusters" | "destinations" | "groups" | "journeys" => {
            server.api(&format!("/{kind}?limit=100")).await
        }
        _ => json!({ "items": [{ "id": "none" }] }),
    };
    let ids = items(&list).iter().map(|item| item["id"].as_str().unwrap());
    ids.map(|id| format!("{before}{}{after}", in_path(id)))
        .collect()
}

pub(super) fn in_path(text: &str) -> String {
    let mut path = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                path.push(char::from(byte))
            }
            _ => path.push_str(&format!("%{byte:02X}")),
        }
    }
    path
}

async fn several_polls(server: &Server) {
    for cluster in ["orders", "billing"] {
        for _ in 0..3 {
            let path = format!("/clusters/{cluster}");
            let before = server.api(&path).await["as_of"].clone();
            until(server, "another poll", &path, |told| {
                (told["as_of"] != before).then_some(())
            })
            .await;
        }
    }
}

/// By way of the same recorders: so that "nothing was seen" says something.
async fn the_recorders_see_what_writes(watched: &Watched) {
    let bootstrap = watched.to_kafka.address();
    let admin: AdminClient<DefaultClientContext> = ClientConfig::new()
        .set("bootstrap.servers", &bootstrap)
        .create()
        .unwrap();
    let topic = NewTopic::new("made", 1, TopicReplication::Fixed(1));
    admin
        .create_topics([&topic], &AdminOptions::new())
        .await
        .unwrap();
    let named = bootstrap.clone();
    tokio::task::spawn_blocking(move || {
        // A producer asks for a topic by name and would have it made.
        let producer: BaseProducer = ClientConfig::new()
            .set("bootstrap.servers", &named)
            .create()
            .unwrap();
        let _ = producer
            .client()
            .fetch_metadata(Some("by-asking"), wait::PATIENCE);
    })
    .await
    .unwrap();
    commit(&bootstrap, "stranger", "orders", &[(0, 1)]).await;

    let vhost = watched.rabbit.vhost_in_path();
    let http = reqwest::Client::new();
    let root = format!("http://{}/api", watched.to_management.address());
    let get = json!({"count": 1, "ackmode": "ack_requeue_true", "encoding": "auto"});
    for request in [
        http.post(format!("{root}/queues/{vhost}/bills/get"))
            .json(&get),
        http.get(format!("{root}/aliveness-test/{vhost}")),
    ] {
        let answer = request
            .basic_auth("guest", Some("guest"))
            .send()
            .await
            .unwrap();
        assert!(answer.status().is_success(), "{answer:?}");
    }
    let url = format!("amqp://guest:guest@{}/{vhost}", watched.to_amqp.address());
    let connection = Connection::connect(&url, ConnectionProperties::default())
        .await
        .unwrap();
    let channel = connection.create_channel().await.unwrap();
    channel
        .basic_get("bills".into(), BasicGetOptions::default())
        .await
        .unwrap();

    let seen: Vec<Asked> = watched
        .take()
        .into_iter()
        .filter(|one| !one.reads)
        .collect();
    for part in [
        "request 19 ", // CreateTopics
        "request 8 ",  // OffsetCommit
        "Metadata 3",  // creates topics: true
        "POST /api/queues/",
        "GET /api/aliveness-test/",
        "basic.get",
    ] {
        let is_seen = seen.iter().any(|one| one.name.starts_with(part));
        assert!(is_seen, "{part} is not among {:#?}", summary(&seen));
    }
}
