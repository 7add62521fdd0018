//! The payment points: a Java program over RocketMQ, seen by the spans of its agent and, where it has
//! none, by what its broker keeps.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use waybill_tests::child::{Process, root};
use waybill_tests::rocketmq::{Rocket, Site};
use waybill_tests::rocketmq_wire::Stored;
use waybill_tests::server::Server;
use waybill_tests::wait;

use super::{Brokers, Shop, items};

pub(super) struct Points {
    site: Site,
    _services: [Process; 2],
    _folder: tempfile::TempDir,
}

impl Points {
    /// Returns when both services consume.
    pub(super) async fn open(brokers: &Brokers, server: &Server, shop: &Shop) -> Self {
        let (site, program) = tokio::task::spawn_blocking(|| (Rocket::shared().site(), program()))
            .await
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let start = |service: &str| {
            let home = folder.path().join(service);
            let [classes, jars, agent] = &program;
            let mut command = Command::new("setpriv");
            command.args(["--pdeathsig", "KILL", "java"]);
            if service == "points" {
                command.arg(format!("-javaagent:{agent}"));
            }
            command
                .args(["-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"])
                .arg(format!("-Duser.home={}", home.display()))
                .arg("-cp")
                .arg(format!("{classes}:{jars}/*"))
                .args(["Main", service])
                .env("KAFKA_BOOTSTRAP", brokers.address("KAFKA_BOOTSTRAP"))
                .env("ROCKETMQ_NAMESRV", &site.namesrv)
                .env("SHOP_URL", format!("http://{}", shop.listen))
                .env("READY_FILE", ready(folder.path(), service))
                .env("OTEL_SERVICE_NAME", service)
                .env("OTEL_EXPORTER_OTLP_ENDPOINT", &server.otlp_grpc)
                .env("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
                .env("OTEL_SEMCONV_STABILITY_OPT_IN", "messaging")
                .env("OTEL_INSTRUMENTATION_JAVA_HTTP_CLIENT_ENABLED", "false");
            Process::spawn(command, &folder.path().join(format!("{service}.log")))
        };
        let mut services = [start("points"), start("reminders")];
        for (process, service) in services.iter_mut().zip(["points", "reminders"]) {
            let ready = ready(folder.path(), service);
            wait::until("the payment points consume", || {
                assert!(process.has_ended().is_none(), "{}", process.log_text());
                let exists = ready.exists();
                async move { exists.then_some(()) }
            })
            .await;
        }
        Self {
            site,
            _services: services,
            _folder: folder,
        }
    }

    /// The first message of a topic's first queue that fits.
    async fn stored(&self, topic: &'static str, fits: impl Fn(&Stored) -> bool) -> Stored {
        wait::until(topic, || async {
            let site = self.site.clone();
            let all = tokio::task::spawn_blocking(move || site.all(topic));
            all.await.unwrap().into_iter().find(&fits)
        })
        .await
    }
}

/// Its classes, its jars, its agent.
fn program() -> [String; 3] {
    let output = Command::new(root().join("setup/points.sh"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.try_into().unwrap()
}

fn ready(folder: &Path, service: &str) -> std::path::PathBuf {
    folder.join(format!("{service}.ready"))
}

/// Seven messages of one order. Nobody with OpenTelemetry reads the reminder.
pub(super) async fn an_order_is_followed_over_three_brokers(server: &Server, shop: &Shop) {
    let order = shop.order();
    let path = format!("/journeys?attribute=order.id:{order}");
    let journeys = wait::until("the order is delivered over three brokers", || async {
        let found = items(&server.api(&path).await);
        let mut seen =
            (found.iter()).filter(|one| one["message"]["destination"] != "points-reminder");
        let delivered = seen.all(|one| one["state"] == "delivered");
        (found.len() >= 7 && delivered).then_some(found)
    })
    .await;
    let places: BTreeSet<_> = journeys
        .iter()
        .map(|one| {
            let word = |name: &str| one["message"][name].as_str().unwrap().to_owned();
            (word("system"), word("destination"))
        })
        .collect();
    let expected = [
        ("kafka", "orders"),
        ("kafka", "payments.captured"),
        ("rabbitmq", "notifications"),
        ("rabbitmq", "payments"),
        ("rocketmq", "points-awarded"),
        ("rocketmq", "points-reminder"),
        ("rocketmq", "points-statement"),
    ];
    let told: Vec<_> = (places.iter())
        .map(|(system, destination)| (system.as_str(), destination.as_str()))
        .collect();
    assert_eq!(told, expected);

    // The award is caused by the captured payment, and the reminder by the award.
    let of = |destination: &str| {
        let one = journeys
            .iter()
            .find(|one| one["message"]["destination"] == destination);
        one.unwrap()["id"].as_str().unwrap().to_owned()
    };
    let award = server
        .api(&format!("/journeys/{}", of("points-awarded")))
        .await;
    assert_eq!(award["caused_by"], of("payments.captured"), "{award}");
    let caused: BTreeSet<_> = (award["caused"].as_array().unwrap().iter())
        .map(|one| one.as_str().unwrap().to_owned())
        .collect();
    let expected = ["points-reminder", "points-statement"].map(of);
    assert_eq!(caused, BTreeSet::from(expected), "{award}");
    assert_eq!(award["deliveries"][0]["group"], "points-accounts");
    assert_eq!(award["message"]["cluster"], "points", "{award}");

    // Whoever reads the reminder has no OpenTelemetry: its broker's own trace tells of it.
    let path = format!("/journeys/{}", of("points-reminder"));
    let reminder = wait::until("the reminder is read", || async {
        let one = server.api(&path).await;
        (one["state"] == "delivered").then_some(one)
    })
    .await;
    let read = &reminder["deliveries"][0];
    assert_eq!(read["group"], "points-reminders", "{reminder}");
    assert_eq!(read["attempts"][0]["joined_by"], "native_trace");
    assert_eq!(reminder["producer"]["service"], "points");
    // Neither has who writes the letter, nor who reads it.
    let path = format!("/journeys?key={order}&destination=points-letter");
    let letter = wait::until("the letter", || async {
        let found = items(&server.api(&path).await);
        let [one] = found.as_slice() else { return None };
        let path = format!("/journeys/{}", one["id"].as_str().unwrap());
        let one = server.api(&path).await;
        // Until the trace comes the broker alone tells of it.
        let is_told = one["state"] == "delivered" && !one["producer"].is_null();
        is_told.then_some(one)
    })
    .await;
    assert_eq!(
        letter["deliveries"][0]["group"], "points-letters",
        "{letter}"
    );
    assert!(
        letter["producer"]["trace_id"].is_string(),
        "told by its own trace: {letter}"
    );
}

/// One try and two again, then the broker puts it aside.
pub(super) async fn points_that_are_down_leave_dead_letters(
    server: &Server,
    shop: &Shop,
    points: &Points,
) {
    shop.run(&["fault", "set", "points-down"]);
    // The points hear of a fault within a second or so: orders are placed until one fails.
    let failed = wait::until("an award failed three times", || async {
        shop.order();
        let page = server
            .api("/journeys?destination=points-awarded&limit=20")
            .await;
        let mut found = Vec::new();
        for item in items(&page) {
            let id = item["id"].as_str().unwrap().to_owned();
            found.push(server.api(&format!("/journeys/{id}")).await);
        }
        found.into_iter().find(|one| {
            let attempts = one["deliveries"][0]["attempts"].as_array();
            attempts.is_some_and(|attempts| attempts.len() == 3)
        })
    })
    .await;
    shop.run(&["fault", "clear", "points-down"]);
    let attempts = failed["deliveries"][0]["attempts"].as_array().unwrap();
    let outcome = |one: &Value| one["outcome"] == "failed" && one["error"]["type"].is_string();
    assert!(attempts.iter().all(outcome), "{failed}");
    let id = failed["message"]["message_id"].as_str().unwrap().to_owned();
    let dead = points
        .stored("%DLQ%points-accounts", |one| {
            one.properties["UNIQ_KEY"] == id
        })
        .await;
    assert_eq!(dead.properties["RETRY_TOPIC"], "points-awarded");
    // No span tells that it was laid aside: its broker does.
    let path = format!("/journeys/{}", failed["id"].as_str().unwrap());
    let told = wait::until("the dead letter is told", || async {
        let one = server.api(&path).await;
        (one["state"] == "dead_lettered").then_some(one)
    })
    .await;
    assert_eq!(told["dead_letter"]["destination"], "%DLQ%points-accounts");
}
