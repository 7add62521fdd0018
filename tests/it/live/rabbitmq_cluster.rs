//! Three real nodes of RabbitMQ through the API of a real server: figures are those of the broker's
//! own API at the same moment; lost nodes take no figure to zero and no queue away.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use lapin::options::{
    BasicConsumeOptions, BasicPublishOptions, BasicQosOptions, ConfirmSelectOptions,
    ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties, ExchangeKind};
use serde_json::{Value, json};
use waybill_tests::rabbitmq::{RabbitMq, Wanted};
use waybill_tests::server::Server;
use waybill_tests::wait;

use super::kafka_site::{Expected, Watch};
use super::rabbitmq::text;
use super::read_only::in_path;
use super::scene::{cluster, fresh, items, one, serve};

const LONG: Duration = Duration::from_secs(150);
/// A topology is asked for when figures are left out, a quarter of its minute after the last.
const NODE_TOLD: Duration = Duration::from_secs(40);
/// Of one node, as brokers that are busy or moved are.
const PAUSE: Duration = Duration::from_secs(30);
/// By name: what each holds.
const QUEUES: [(&str, u64); 4] = [("bills", 7), ("bills.dlq", 2), ("classic", 4), ("steps", 3)];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "make soak: three nodes that are killed and started again take minutes"]
async fn soak_three_nodes_are_told_as_they_tell_it_and_survive_losses() {
    let wanted = Wanted {
        nodes: 3,
        ..Wanted::default()
    };
    let mut nodes = tokio::task::block_in_place(|| RabbitMq::start(&wanted));
    let furniture = furnish(&nodes).await;
    let server = serve(&configuration(&nodes)).await;
    fresh(&server, "billing").await;
    all_told(&server).await;
    until_queue(&server, "bills", |bills| bills["consumers"] == 1).await;
    agrees(&nodes, &server).await;
    one_copy(&server).await;
    drop(furniture);

    let expected = Expected {
        depths: QUEUES.map(|(name, depth)| (name.to_owned(), depth)).into(),
        // For some seconds after an election nobody knows, and nobody says zero.
        may_be_unknown: true,
        ..Expected::default()
    };
    let watch = Watch::over(&server, expected);
    let leader = leader_of(&nodes, "bills").await;
    nodes.kill(leader);
    let name = nodes.nodes[leader].name.clone();
    let killed_at = Instant::now();
    until_cluster(&server, "a lost node", |told| {
        runs(told, &name) == Some(false)
    })
    .await;
    assert!(killed_at.elapsed() < NODE_TOLD, "{:?}", killed_at.elapsed());
    until_queue(&server, "bills", |bills| {
        bills["depth"] == 7 && bills["stale"] == false
    })
    .await;
    watch.check("a node killed");
    nodes.launch(leader);
    tokio::task::block_in_place(|| nodes.wait_started(leader));
    until_cluster(&server, "the node again", |told| {
        runs(told, &name) == Some(true)
    })
    .await;
    all_told(&server).await;
    watch.check("a node started again");

    let paused = (leader + 1) % 3;
    nodes.signal(paused, "STOP");
    tokio::time::sleep(PAUSE).await;
    nodes.signal(paused, "CONT");
    all_told(&server).await;
    watch.check("a node paused");

    (0..3).for_each(|node| nodes.kill(node));
    let down = until_cluster(&server, "all down", |told| {
        told["stale"] == true && !told["refused"].is_null()
    })
    .await;
    assert_eq!(down["refused"]["reason"], "unreachable", "{down:#}");
    assert_eq!(down["nodes"].as_array().unwrap().len(), 3, "{down:#}");
    (0..3).for_each(|node| nodes.launch(node));
    tokio::task::block_in_place(|| (0..3).for_each(|node| nodes.wait_started(node)));
    until_cluster(&server, "all again", |told| {
        told["stale"] == false && told["refused"].is_null()
    })
    .await;
    all_told(&server).await;
    watch.check("all nodes started again");
}

/// The only queue without members on other nodes.
async fn one_copy(server: &Server) {
    let told = server
        .api("/clusters/billing/durability?risk=one_copy")
        .await;
    let alone: Vec<&Value> = items(&told)
        .iter()
        .map(|risk| &risk["place"]["destination"])
        .collect();
    assert_eq!(alone, ["classic"], "{told:#}");
    assert_eq!(told["counts"]["unjudged"], 0, "{told:#}");
}

fn configuration(nodes: &RabbitMq) -> String {
    let urls = |port: fn(&waybill_tests::rabbitmq::Node) -> u16| -> Vec<String> {
        let urls = nodes
            .nodes
            .iter()
            .map(|node| format!("http://127.0.0.1:{}", port(node)));
        urls.collect()
    };
    let settings = format!(
        "management = {:?}\nprometheus = {:?}\nuser = \"guest\"\npassword = \"guest\"",
        urls(|node| node.management),
        urls(|node| node.prometheus),
    );
    cluster("billing", "rabbitmq", "1s", &settings)
}

async fn furnish(nodes: &RabbitMq) -> (Connection, Channel, lapin::Consumer) {
    let url = format!("amqp://guest:guest@127.0.0.1:{}/%2f", nodes.nodes[0].amqp);
    let connection = Connection::connect(&url, ConnectionProperties::default())
        .await
        .unwrap();
    let channel = connection.create_channel().await.unwrap();
    channel
        .confirm_select(ConfirmSelectOptions::default())
        .await
        .unwrap();
    let exchange = ExchangeDeclareOptions {
        durable: true,
        ..ExchangeDeclareOptions::default()
    };
    channel
        .exchange_declare(
            "shop".into(),
            ExchangeKind::Topic,
            exchange,
            FieldTable::default(),
        )
        .await
        .unwrap();
    let of_type = |kind: &str| vec![("x-queue-type", text(kind))];
    let to_dlq = [
        ("x-dead-letter-exchange", text("")),
        ("x-dead-letter-routing-key", text("bills.dlq")),
    ];
    declare(
        &channel,
        "bills",
        &[of_type("quorum"), to_dlq.into()].concat(),
    )
    .await;
    declare(&channel, "bills.dlq", &of_type("quorum")).await;
    declare(&channel, "classic", &[]).await;
    declare(&channel, "steps", &of_type("stream")).await;
    channel
        .queue_bind(
            "bills".into(),
            "shop".into(),
            "bill.*".into(),
            QueueBindOptions::default(),
            FieldTable::default(),
        )
        .await
        .unwrap();
    for (name, count) in QUEUES {
        for _ in 0..count {
            let durable = BasicProperties::default().with_delivery_mode(2);
            let options = BasicPublishOptions::default();
            let sent = channel
                .basic_publish("".into(), name.into(), options, b"x", durable)
                .await;
            sent.unwrap().await.unwrap();
        }
    }
    let policy = json!({ "pattern": "^classic$", "definition": { "max-length": 1000 }, "apply-to": "queues" });
    let url = format!(
        "http://127.0.0.1:{}/api/policies/%2F/limit",
        nodes.nodes[0].management
    );
    let put = reqwest::Client::new()
        .put(url)
        .basic_auth("guest", Some("guest"))
        .json(&policy);
    put.send().await.unwrap().error_for_status().unwrap();
    channel
        .basic_qos(2, BasicQosOptions::default())
        .await
        .unwrap();
    let options = BasicConsumeOptions::default();
    let consumer = channel
        .basic_consume(
            "bills".into(),
            "reader".into(),
            options,
            FieldTable::default(),
        )
        .await
        .unwrap();
    (connection, channel, consumer)
}

async fn declare(channel: &Channel, name: &str, arguments: &[(&str, AMQPValue)]) {
    let durable = QueueDeclareOptions {
        durable: true,
        ..QueueDeclareOptions::default()
    };
    let mut table = FieldTable::default();
    for (name, value) in arguments {
        table.insert((*name).into(), value.clone());
    }
    channel
        .queue_declare(name.into(), durable, table)
        .await
        .unwrap();
}

/// What a node that lives tells by its own API.
async fn raw(nodes: &RabbitMq, node: usize, path: &str) -> Value {
    let url = format!(
        "http://127.0.0.1:{}/api/{path}",
        nodes.nodes[node].management
    );
    let get = reqwest::Client::new()
        .get(url)
        .basic_auth("guest", Some("guest"));
    get.send()
        .await
        .unwrap()
        .error_for_status()
        .unwrap()
        .json()
        .await
        .unwrap()
}

async fn leader_of(nodes: &RabbitMq, queue: &str) -> usize {
    let told = raw(nodes, 0, &format!("queues/%2F/{queue}")).await;
    let leader = told["leader"].as_str().unwrap();
    nodes
        .nodes
        .iter()
        .position(|node| node.name == leader)
        .unwrap()
}

/// Kinds, depths, consumers, leaders, members, policies, bindings and ways of dead letters.
async fn agrees(nodes: &RabbitMq, server: &Server) {
    // What is read once a minute may have been read before a new queue told its state.
    for (name, _) in QUEUES {
        wait::until_within(LONG, &format!("the state of {name}"), || async {
            let told = destination(server, name).await["state"].is_string();
            told.then_some(())
        })
        .await;
    }
    // By each node's words: all tell the same of the whole.
    for node in 0..3 {
        // Each of them knows figures of its own queues first.
        let queues = wait::until_within(LONG, "figures of every queue", || async {
            let queues = raw(nodes, node, "queues").await.as_array().unwrap().clone();
            let told =
                |queue: &Value| queue["messages_ready"].is_u64() && queue["state"].is_string();
            queues.iter().all(told).then_some(queues)
        })
        .await;
        assert_eq!(queues.len(), QUEUES.len());
        for queue in &queues {
            let name = queue["name"].as_str().unwrap();
            let ours = destination(server, name).await;
            let both = queue["messages_ready"].as_u64().unwrap()
                + queue["messages_unacknowledged"].as_u64().unwrap();
            assert_eq!(ours["depth"], both, "{name}");
            // The page's own `consumers` are services that spans name.
            let list = server.api("/destinations?cluster=billing").await;
            let line = one(&list, "destination", name).unwrap();
            assert_eq!(line["consumers"], queue["consumers"], "{name}");
            assert_eq!(ours["subtype"], queue["type"], "{name}");
            assert_eq!(ours["state"], queue["state"], "{name}");
            let partition = &ours["partitions"][0];
            let leader = queue.get("leader").unwrap_or(&queue["node"]);
            assert_eq!(&partition["leader"], leader, "{name}");
            if let Some(members) = queue.get("members") {
                assert_eq!(names(&partition["replicas"]), names(members), "{name}");
                assert_eq!(partition["offline"], json!([]), "{name}");
            }
        }
    }
    let classic = destination(server, "classic").await;
    let limit = classic["config"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["name"] == "max-length");
    assert_eq!(
        limit,
        Some(&json!({"name": "max-length", "value": "1000", "source": "policy limit"}))
    );
    let bills = destination(server, "bills").await;
    assert_eq!(bills["dead_letters"], json!(["bills.dlq"]));
    let routes = bills["routes"].as_array().unwrap();
    let is_bound = |route: &&Value| {
        (&route["kind"], &route["from"], &route["routing_key"])
            == (&json!("binding"), &json!("shop"), &json!("bill.*"))
    };
    assert!(routes.iter().any(|route| is_bound(&route)), "{routes:#?}");
    let dead = destination(server, "bills.dlq").await;
    assert_eq!(dead["role"], "dead_letter", "{dead:#}");

    let list = server.api("/groups?cluster=billing").await;
    let id = one(&list, "name", "bills").unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let group = server.api(&format!("/groups/{}", in_path(&id))).await;
    let told = raw(nodes, 1, "consumers").await;
    assert_eq!(group["members"][0]["id"], told[0]["consumer_tag"]);
    assert_eq!(group["members"][0]["prefetch"], told[0]["prefetch_count"]);
    assert_eq!(group["lag_messages"], 7);
    let ours = server.api("/clusters/billing").await;
    let told = raw(nodes, 2, "nodes").await;
    let running = |list: &Value, name: &str| {
        let nodes = list.as_array().unwrap().iter();
        let running = nodes.filter(|node| node["running"] == true);
        running
            .map(|node| node[name].as_str().unwrap().to_owned())
            .collect::<BTreeSet<_>>()
    };
    assert_eq!(running(&ours["nodes"], "id"), running(&told, "name"));
    assert_eq!(
        ours["version"],
        raw(nodes, 0, "overview").await["rabbitmq_version"]
    );
}

fn names(list: &Value) -> BTreeSet<&str> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap())
        .collect()
}

async fn destination(server: &Server, name: &str) -> Value {
    let list = server.api("/destinations?cluster=billing").await;
    let id = one(&list, "destination", name).unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    server.api(&format!("/destinations/{}", in_path(&id))).await
}

fn runs(cluster: &Value, node: &str) -> Option<bool> {
    let nodes = cluster["nodes"].as_array()?;
    nodes.iter().find(|one| one["id"] == node)?["running"].as_bool()
}

/// Everything with its figures, and fresh.
async fn all_told(server: &Server) {
    for (name, depth) in QUEUES {
        until_queue(server, name, |queue| {
            queue["depth"] == depth && queue["stale"] == false
        })
        .await;
    }
}

async fn until_queue(server: &Server, name: &str, is_so: impl Fn(&Value) -> bool) {
    wait::until_within(LONG, &format!("queue {name}"), || async {
        let list = server.api("/destinations?cluster=billing").await;
        items(&list)
            .iter()
            .any(|one| one["destination"] == name && is_so(one))
            .then_some(())
    })
    .await;
}

async fn until_cluster(server: &Server, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + LONG;
    loop {
        let told = server.api("/clusters/billing").await;
        if is_so(&told) {
            return told;
        }
        assert!(
            Instant::now() < deadline,
            "gave up waiting for {what}: {told:#}"
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
