//! The order system on real Kafka, RabbitMQ and RocketMQ, seen through Waybill.

mod points;

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;
use waybill_store::testing::TestDatabase;
use waybill_tests::brokers::Brokers;
use waybill_tests::child::{Process, free_port, program};
use waybill_tests::rocketmq::Rocket;
use waybill_tests::server::{Home, Server};
use waybill_tests::wait;

use points::Points;

struct Shop {
    _process: Process,
    listen: String,
    _database: TestDatabase,
    folder: tempfile::TempDir,
}

impl Shop {
    async fn open(brokers: &Brokers, server: &Server, more: &[(&str, &str)]) -> Self {
        let database = TestDatabase::empty().await;
        let folder = tempfile::tempdir().unwrap();
        let listen = format!("127.0.0.1:{}", free_port());
        let ready = folder.path().join("ready");
        let mut command = Command::new(program("waybill-demo"));
        command
            .args(["all", "--rate", "0", "--ready-file"])
            .arg(&ready)
            .env("KAFKA_BOOTSTRAP", brokers.address("KAFKA_BOOTSTRAP"))
            .env("RABBITMQ_AMQP", brokers.address("RABBITMQ_AMQP"))
            .env("DATABASE_URL", database.url())
            .env("SHOP_LISTEN", &listen)
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", &server.otlp_grpc)
            .envs(more.iter().copied());
        let mut process = Process::spawn(command, &folder.path().join("demo.log"));
        wait::until("the order system consumes", || {
            assert!(process.has_ended().is_none(), "{}", process.log_text());
            let exists = ready.exists();
            async move { exists.then_some(()) }
        })
        .await;
        Self {
            _process: process,
            listen,
            _database: database,
            folder,
        }
    }

    fn run(&self, arguments: &[&str]) -> String {
        let output = Command::new(program("waybill-demo"))
            .args(arguments)
            .env("SHOP_LISTEN", &self.listen)
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Ids of the acknowledged ones.
    fn burst(&self, orders: usize, at_once: usize) -> Vec<String> {
        let ids = self.folder.path().join("ids");
        let (orders, at_once) = (orders.to_string(), at_once.to_string());
        self.run(&[
            "burst",
            "--orders",
            &orders,
            "--concurrency",
            &at_once,
            "--ids-file",
            ids.to_str().unwrap(),
        ]);
        let ids = std::fs::read_to_string(&ids).unwrap();
        ids.split_whitespace().map(str::to_owned).collect()
    }

    fn order(&self) -> String {
        self.run(&["order", "place"])
            .split_whitespace()
            .last()
            .unwrap()
            .to_owned()
    }
}

fn items(page: &Value) -> Vec<Value> {
    page["items"].as_array().cloned().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_order_system_is_seen_whole() {
    // Side by side: each takes half a minute on a busy machine.
    let start = || {
        let rocket = std::thread::spawn(Rocket::shared);
        (Brokers::shared(), rocket.join().unwrap().site())
    };
    let (brokers, rocket) = tokio::task::spawn_blocking(start).await.unwrap();
    // As `make demo` has it: some clients tell the broker's own id, others an address.
    let clusters = format!(
        "[[cluster]]\nname = \"orders\"\nbroker = \"kafka\"\n[cluster.settings]\nbootstrap = [{:?}]\n\
         [[cluster]]\nname = \"billing\"\nbroker = \"rabbitmq\"\n[cluster.settings]\namqp = {:?}\n\
         [[cluster]]\nname = \"points\"\nbroker = \"rocketmq\"\n[cluster.settings]\nnamesrv = [{:?}]\n",
        brokers.address("KAFKA_BOOTSTRAP"),
        brokers.address("RABBITMQ_AMQP"),
        rocket.namesrv,
    );
    let home = Home::Shared(TestDatabase::new().await);
    let server = Server::start_with(home, &clusters).await;
    let shop = Shop::open(brokers, &server, &[]).await;

    an_order_is_followed_without_points(&server, &shop).await;
    a_declined_payment_goes_into_the_dead_letters(&server, &shop).await;
    a_slow_database_runs_the_inventory_out_of_connections(&server, &shop).await;
    let points = Points::open(brokers, &server, &shop).await;
    points::an_order_is_followed_over_three_brokers(&server, &shop).await;
    points::points_that_are_down_leave_dead_letters(&server, &shop, &points).await;
    drop(points);
    a_burst_loses_no_acknowledged_order(&server, &shop).await;
    drop(shop);

    let one_in_a_hundred = [
        ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
        ("OTEL_TRACES_SAMPLER_ARG", "0.01"),
    ];
    let sampled = Shop::open(brokers, &server, &one_in_a_hundred).await;
    orders_whose_traces_were_dropped_are_found_by_key(&server, &sampled).await;
}

async fn an_order_is_followed_without_points(server: &Server, shop: &Shop) {
    let order = shop.order();
    let path = format!("/journeys?attribute=order.id:{order}");
    let journeys = wait::until("the whole chain of the order is delivered", || async {
        let found = items(&server.api(&path).await);
        let delivered = found.iter().filter(|j| j["state"] == "delivered").count();
        (found.len() >= 4 && delivered == found.len()).then_some(found)
    })
    .await;
    let systems: std::collections::BTreeSet<_> = journeys
        .iter()
        .filter_map(|j| j["message"]["system"].as_str())
        .collect();
    assert_eq!(
        systems.into_iter().collect::<Vec<_>>(),
        ["kafka", "rabbitmq"]
    );
    let root = journeys
        .iter()
        .find(|j| j["message"]["destination"] == "orders")
        .unwrap();
    let root = server
        .api(&format!("/journeys/{}", root["id"].as_str().unwrap()))
        .await;
    assert_eq!(root["caused_by"], Value::Null);
    assert_eq!(root["caused"].as_array().unwrap().len(), 1, "{root}");
    assert!(root["gaps"].as_array().unwrap().is_empty(), "{root}");
}

async fn a_declined_payment_goes_into_the_dead_letters(server: &Server, shop: &Shop) {
    shop.run(&["fault", "set", "payment-declines"]);
    // The services hear of a fault within a second or so: orders are placed until one is declined.
    let dead = wait::until("a declined payment is dead-lettered", || async {
        shop.order();
        items(
            &server
                .api("/journeys?state=dead_lettered&destination=payments")
                .await,
        )
        .into_iter()
        .next()
    })
    .await;
    shop.run(&["fault", "clear", "payment-declines"]);
    let journey = server
        .api(&format!("/journeys/{}", dead["id"].as_str().unwrap()))
        .await;
    let hops: Vec<_> = journey["hops"]
        .as_array()
        .unwrap()
        .iter()
        .map(|hop| hop["role"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        hops,
        ["origin", "retry", "retry", "retry", "dead_letter"],
        "{journey}"
    );
    let attempts = journey["deliveries"][0]["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 4, "one try and three again: {journey}");
    assert!(
        attempts
            .iter()
            .all(|a| a["outcome"] == "failed" && a["error"]["type"].is_string())
    );
    let backoff: Vec<_> = attempts
        .iter()
        .map(|a| a["backoff_ms"].as_f64().unwrap())
        .collect();
    assert!(
        backoff[1] > 900.0 && backoff[2] > 1_800.0 && backoff[3] > 3_600.0,
        "{backoff:?}"
    );
}

/// Four connections, each in use for 3 s a reservation, and twelve orders in hand: some wait in vain.
async fn a_slow_database_runs_the_inventory_out_of_connections(server: &Server, shop: &Shop) {
    shop.run(&["fault", "set", "inventory-slow", "--delay-ms", "3000"]);
    // The service hears of a fault within a second or so; its orders are placed all at once.
    shop.run(&["burst", "--orders", "36", "--concurrency", "36"]);
    let (by_error, by_metrics) = wait::until(
        "the exhausted pool is named by its error and by its metrics",
        || async {
            let page = server.api("/journeys?destination=orders&limit=50").await;
            let mut found = Vec::new();
            for item in items(&page) {
                let id = item["id"].as_str().unwrap().to_owned();
                found.push(server.api(&format!("/journeys/{id}")).await);
            }
            let told = |text: &str| {
                let causes = |journey: &&Value| {
                    let attempts = journey["deliveries"][0]["attempts"].as_array();
                    let mut attempts = attempts.into_iter().flatten();
                    attempts.any(|attempt| {
                        let sentence = attempt["cause"]["sentence"].as_str().unwrap_or_default();
                        attempt["cause"]["rule"] == "connection_pool_exhausted"
                            && sentence.contains(text)
                    })
                };
                found.iter().find(causes).cloned()
            };
            let error = told("pool timed out while waiting for an open connection");
            let metrics =
                told("of processing waits for a database connection (pool stock: 4 of 4 in use");
            Some((error?, metrics?))
        },
    )
    .await;
    shop.run(&["fault", "clear", "inventory-slow"]);
    for journey in [&by_error, &by_metrics] {
        let diagnosis = journey["diagnosis"].as_str().unwrap();
        assert!(diagnosis.contains("connection"), "{journey}");
    }
    // What the service wrote of it stands beside; it may arrive a little later.
    let path = format!("/journeys/{}", by_error["id"].as_str().unwrap());
    let line = wait::until("the error is logged", || async {
        let journey = server.api(&path).await;
        let lines = journey["logs"]["items"].as_array().cloned();
        let mut lines = lines.into_iter().flatten();
        lines.find(|line| line["severity"] == "error")
    })
    .await;
    assert_eq!(line["service"], "inventory", "{line}");
    assert!(line["attempt"]["n"].is_number(), "{line}");
    let body = line["body"].as_str().unwrap();
    assert!(body.contains("pool timed out"), "{line}");
}

/// The brokers are asked: of nearly all of them no span was kept.
async fn orders_whose_traces_were_dropped_are_found_by_key(server: &Server, shop: &Shop) {
    const ORDERS: usize = 60;
    const SOON: Duration = Duration::from_secs(10);
    let ids = shop.burst(ORDERS, 20);
    let (mut dark, mut right) = (0, 0);
    for id in &ids {
        let began = Instant::now();
        let (mut told, mut answer) = (Value::Null, Value::Null);
        while told != "delivered" && began.elapsed() < SOON {
            answer = server.api(&format!("/journeys?key={id}")).await;
            let of_orders = items(&answer)
                .into_iter()
                .find(|journey| journey["message"]["destination"] == "orders");
            told = of_orders.map_or(Value::Null, |journey| journey["state"].clone());
            assert!(
                [
                    Value::Null,
                    "delivered".into(),
                    "in_flight".into(),
                    "unknown".into()
                ]
                .contains(&told),
                "{answer}"
            );
        }
        dark += usize::from(!answer["asked"].is_null());
        right += usize::from(told == "delivered");
    }
    assert!(
        dark >= ids.len() * 8 / 10,
        "{dark} of {} were dark",
        ids.len()
    );
    assert!(
        right * 100 >= ids.len() * 95,
        "{right} of {} were found with their state",
        ids.len()
    );
}

async fn a_burst_loses_no_acknowledged_order(server: &Server, shop: &Shop) {
    let ids = shop.burst(300, 100);
    assert!(
        ids.len() >= 290,
        "{} of 300 orders were acknowledged",
        ids.len()
    );
    for id in ids {
        wait::until("an acknowledged order is found", || async {
            let page = server
                .api(&format!("/journeys?attribute=order.id:{id}"))
                .await;
            (!items(&page).is_empty()).then_some(())
        })
        .await;
    }
}
