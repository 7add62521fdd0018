//! A real `waybill serve` over real brokers, configured by its file as a person would, and asked over
//! HTTP.

use serde_json::Value;
use waybill_store::testing::TestDatabase;
use waybill_tests::server::{Home, Server};

/// A `[[cluster]]` of the configuration file. `settings` are the lines of its settings.
pub fn cluster(name: &str, broker: &str, every: &str, settings: &str) -> String {
    format!(
        "[[cluster]]\nname = {name:?}\nbroker = {broker:?}\npoll_interval = {every:?}\n\
         [cluster.settings]\n{settings}\n"
    )
}

pub async fn serve(clusters: &str) -> Server {
    Server::start_with(Home::Shared(TestDatabase::new().await), clusters).await
}

/// What is read seldom is read once a minute.
const LONG: std::time::Duration = std::time::Duration::from_secs(150);

/// Asks until it is told. Panics with the last answer.
pub async fn until<T>(
    server: &Server,
    what: &str,
    path: &str,
    told: impl Fn(&Value) -> Option<T>,
) -> T {
    let deadline = std::time::Instant::now() + LONG;
    loop {
        let answer = server.api(path).await;
        if let Some(told) = told(&answer) {
            return told;
        }
        assert!(
            std::time::Instant::now() < deadline,
            "gave up waiting for {what} at {path}: {answer:#}"
        );
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

pub fn items(list: &Value) -> &[Value] {
    list["items"].as_array().unwrap()
}

/// Of a list, the one whose member `key` is `name`.
pub fn one<'a>(list: &'a Value, key: &str, name: &str) -> Option<&'a Value> {
    items(list).iter().find(|item| item[key] == name)
}

/// Everything of this cluster was read, and is fresh.
pub async fn fresh(server: &Server, cluster: &str) -> Value {
    let path = format!("/clusters/{cluster}");
    until(server, "a fresh cluster", &path, |told| {
        let is_fresh =
            told["stale"] == false && told["topology_stale"] == false && told["refused"].is_null();
        is_fresh.then(|| told.clone())
    })
    .await
}

/// What `waybill check` ends with and says, on both of its outputs.
pub struct Looked {
    pub code: i32,
    pub said: String,
}

/// The real program, with a configuration on which nothing runs.
pub async fn check(database: &TestDatabase, clusters: &str) -> Looked {
    check_with(database, clusters, &[]).await
}

pub async fn check_with(database: &TestDatabase, clusters: &str, more: &[&str]) -> Looked {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("waybill.toml");
    let text = format!(
        "data_dir = {:?}\n[server]\nlisten = \"127.0.0.1:0\"\n[ingest]\notlp_grpc = \"127.0.0.1:0\"\n\
         otlp_http = \"127.0.0.1:0\"\n[database]\nurl = {:?}\n{clusters}",
        folder.path(),
        database.url()
    );
    std::fs::write(&file, text).unwrap();
    let mut command = std::process::Command::new(waybill_tests::child::program("waybill"));
    command.arg("check").args(more).arg("--config").arg(&file);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap();
    Looked {
        code: output.status.code().unwrap_or(-1),
        said: format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        ),
    }
}
