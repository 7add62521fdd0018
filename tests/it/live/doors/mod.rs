//! Every way in that clusters have, by the configuration of a real server: the right keys are let in,
//! and each wrong one is a state with a name and a hint, in the API and in `waybill check`. Nothing
//! hangs, and memory stays bounded.

mod kafka;
mod rabbitmq;

use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::net::{TcpListener, UnixStream};
use waybill_store::testing::TestDatabase;
use waybill_tests::server::Server;

use self::kafka::{astray, of_kafka};
use self::rabbitmq::Sealed;
use super::kafka_fortress::Fortress;
use super::kafka_security::{token_text, unix_now};
use super::rabbitmq::Rabbit;
use super::scene::{check_with, cluster, serve, until};

/// What the server may hold of memory, over all these clusters: of a debug build.
const MOST_KIB: u64 = 400 * 1024;
/// `waybill check` of one cluster.
const LONGEST_CHECK: Duration = Duration::from_secs(25);

struct Door {
    name: &'static str,
    broker: &'static str,
    settings: String,
    /// `None`: it opens.
    refused: Option<&'static str>,
}

fn door(
    name: &'static str,
    broker: &'static str,
    settings: String,
    refused: Option<&'static str>,
) -> Door {
    Door {
        name,
        broker,
        settings,
        refused,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn right_keys_open_and_wrong_ones_are_named() {
    let fortress = tokio::task::block_in_place(Fortress::start);
    let sealed = tokio::task::block_in_place(Sealed::start);
    let rabbit = Rabbit::open("doors").await;
    let astray = tokio::task::block_in_place(astray);
    let database = TestDatabase::new().await;
    let postgres = over_tcp(&database).await;
    let deaf = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let deaf_address = deaf.local_addr().unwrap().to_string();
    let tokens = tempfile::tempdir().unwrap();
    let token = tokens.path().join("token");
    std::fs::write(&token, token_text("carol", unix_now() + 3_600)).unwrap();

    let mut doors = of_kafka(&fortress, &token.display().to_string());
    let kafka = |at: &str| {
        format!("bootstrap = [{at:?}]\nlimits = {{ connect_ms = 2000, request_ms = 2000 }}")
    };
    let patient = |at: &str| format!("bootstrap = [{at:?}]\nlimits = {{ connect_ms = 15000 }}");
    let amqp = format!("127.0.0.1:{}", rabbit.port("RABBITMQ_AMQP"));
    let http = format!("127.0.0.1:{}", rabbit.port("RABBITMQ_MANAGEMENT"));
    doors.extend([
        door(
            "kafka-at-amqp",
            "kafka",
            kafka(&amqp),
            Some("another_protocol"),
        ),
        // It waits 5 s for the end of a line that never comes, and hangs up.
        door(
            "kafka-at-http",
            "kafka",
            patient(&http),
            Some("another_protocol"),
        ),
        door(
            "kafka-at-postgres",
            "kafka",
            kafka(&postgres),
            Some("another_protocol"),
        ),
        door(
            "kafka-at-silence",
            "kafka",
            kafka(&deaf_address),
            Some("too_slow"),
        ),
        door(
            "kafka-astray",
            "kafka",
            kafka(&astray.address(0, 1)),
            Some("unreachable"),
        ),
    ]);
    doors.extend(sealed.doors(&rabbit));
    let management =
        |at: &str| format!("management = \"http://{at}\"\nuser = \"guest\"\npassword = \"guest\"");
    let kafkas = fortress.plain();
    for (name, at, refused) in [
        ("rabbitmq-at-amqp", &amqp, "another_protocol"),
        ("rabbitmq-at-kafka", &kafkas, "another_protocol"),
        ("rabbitmq-at-postgres", &postgres, "another_protocol"),
        ("rabbitmq-at-silence", &deaf_address, "too_slow"),
    ] {
        doors.push(door(name, "rabbitmq", management(at), Some(refused)));
    }

    let all: String = doors
        .iter()
        .map(|door| cluster(door.name, door.broker, "5s", &door.settings))
        .collect();
    let mut server = serve(&all).await;
    for door in &doors {
        told_by_the_api(&server, door).await;
    }
    told_by_check(&database, &doors).await;
    let kib = resident_kib(server.process().id());
    assert!(kib < MOST_KIB, "{kib} KiB");
    // Nobody's secret is in the log.
    let log = server.process().log_text();
    for secret in ["alice-secret", "bob-secret", "opensesame", "eyJ"] {
        assert!(!log.contains(secret), "{secret}");
    }
}

/// A real Postgres listens on a socket here; this leads a port of its own to it.
async fn over_tcp(database: &TestDatabase) -> String {
    let url = database.url();
    let (_, place) = url.rsplit_once('@').unwrap();
    let (folder, rest) = place.split_once(':').unwrap();
    let (port, _) = rest.split_once('/').unwrap();
    let socket = format!("{}/.s.PGSQL.{port}", folder.replace("%2F", "/"));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut postgres = UnixStream::connect(&socket).await.unwrap();
            tokio::spawn(
                async move { tokio::io::copy_bidirectional(&mut client, &mut postgres).await },
            );
        }
    });
    address
}

async fn told_by_the_api(server: &Server, door: &Door) {
    let path = format!("/clusters/{}", door.name);
    let told = until(server, "a state", &path, |told| {
        let is_told = match door.refused {
            None => told["stale"] == false && told["topology_stale"] == false,
            Some(_) => !told["refused"].is_null(),
        };
        is_told.then(|| told.clone())
    })
    .await;
    let Some(reason) = door.refused else {
        assert_eq!(told["refused"], Value::Null, "{told:#}");
        assert_eq!(told["nodes"].as_array().unwrap().len(), 1, "{told:#}");
        return;
    };
    assert_eq!(told["refused"]["reason"], reason, "{}: {told:#}", door.name);
    assert!(!told["refused"]["hint"].as_str().unwrap().is_empty());
    assert_eq!(
        told["as_of"],
        Value::Null,
        "{}: nothing was read",
        door.name
    );
}

/// One by one, so that one that hangs is found.
async fn told_by_check(database: &TestDatabase, doors: &[Door]) {
    for door in doors {
        let configuration = cluster(door.name, door.broker, "5s", &door.settings);
        let began = Instant::now();
        let looked = check_with(database, &configuration, &["--json"]).await;
        assert!(
            began.elapsed() < LONGEST_CHECK,
            "{}: {:?}",
            door.name,
            began.elapsed()
        );
        assert_eq!(
            looked.code,
            i32::from(door.refused.is_some()),
            "{}: {}",
            door.name,
            looked.said
        );
        let told: Value = serde_json::from_str(&looked.said).unwrap();
        let findings = told["findings"].as_array().unwrap();
        let what = format!("cluster {}", door.name);
        let finding = findings
            .iter()
            .find(|one| one["what"] == what.as_str())
            .unwrap();
        let Some(reason) = door.refused else {
            assert_eq!(finding["result"], "good", "{finding:#}");
            continue;
        };
        let message = finding["message"].as_str().unwrap_or_default();
        let reason = reason.replace('_', " ");
        assert!(message.starts_with(&reason), "{}: {finding:#}", door.name);
        assert!(!finding["hint"].as_str().unwrap().is_empty(), "{finding:#}");
        for secret in ["secret", "opensesame"] {
            assert!(
                !looked.said.contains(secret),
                "{}: {}",
                door.name,
                looked.said
            );
        }
    }
}

fn resident_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
