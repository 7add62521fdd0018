//! A whole application in this process whose brokers are simulated: clusters that do what a test
//! says, read by the pollers, shown by API and console.

use std::time::Duration;

use crate::wait;
use axum::http::Method;
use axum::http::StatusCode;
use serde_json::{Value, json};
use waybill_broker::sim::{Script, Sim, Sims, adapter};
use waybill_broker::{BrokerAdapter, registry};
use waybill_server::app::App;
use waybill_server::config::{self, Cluster, Config, Environment, Overrides, Resolved};
use waybill_store::testing::TestDatabase;

pub const SYSTEM: &str = "simulated";
const PASSWORD: &str = "correct+horse+battery";

pub struct Observed {
    pub app: App,
    pub console: String,
    pub client: reqwest::Client,
    /// Of the administrator.
    pub cookie: String,
    pub database: TestDatabase,
}

/// Each cluster by its name, with how often it is read.
pub async fn start(clusters: &[(&str, &Sim, Duration)]) -> Observed {
    start_with(clusters, |_| ()).await
}

/// The same with a configuration that is changed before.
pub async fn start_with(
    clusters: &[(&str, &Sim, Duration)],
    change: impl FnOnce(&mut Config),
) -> Observed {
    run(TestDatabase::new().await, clusters, change).await
}

/// On the database of one that was stopped.
pub async fn start_on(database: TestDatabase, clusters: &[(&str, &Sim, Duration)]) -> Observed {
    run(database, clusters, |_| ()).await
}

async fn run(
    database: TestDatabase,
    clusters: &[(&str, &Sim, Duration)],
    change: impl FnOnce(&mut Config),
) -> Observed {
    let sims = Sims::default();
    let mut config = configuration(&database);
    for (name, sim, interval) in clusters {
        sims.add(name, sim);
        config.clusters.push(configured(name, *interval));
    }
    change(&mut config);
    let mut adapters = registry::adapters();
    adapters.push(adapter(SYSTEM, &sims));
    serve(config, adapters, database).await
}

/// With these adapters alone; signed in as the first administrator.
pub async fn serve(
    config: Config,
    adapters: Vec<BrokerAdapter>,
    database: TestDatabase,
) -> Observed {
    let app = App::start_with(config, adapters).await.unwrap();
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .unwrap();
    let console = app.public_url().to_owned();
    let link = app.setup_link().map(str::to_owned);
    let mut observed = Observed {
        app,
        console,
        client,
        cookie: String::new(),
        database,
    };
    // Once there is an administrator no link makes one.
    let door = link.unwrap_or_else(|| format!("{}/sign-in", observed.console));
    observed.cookie = observed
        .form(&door, &format!("name=ada&password={PASSWORD}"))
        .await;
    observed
}

fn configuration(database: &TestDatabase) -> Config {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("waybill.toml");
    let text = format!(
        "data_dir = {:?}\n[server]\nlisten = \"127.0.0.1:0\"\n[ingest]\notlp_grpc = \"127.0.0.1:0\"\n\
         otlp_http = \"127.0.0.1:0\"\n[database]\nurl = {:?}\n",
        folder.path(),
        database.url()
    );
    std::fs::write(&file, text).unwrap();
    config::load(Some(&file), &Environment::new(), &Overrides::default()).unwrap()
}

fn configured(name: &str, interval: Duration) -> Cluster {
    Cluster {
        name: name.into(),
        broker: SYSTEM.into(),
        site: None,
        colour: None,
        schema_registry: None,
        poll_interval: interval,
        actions: Default::default(),
        managed: true,
        settings: Default::default(),
        resolved: Resolved::default(),
        addresses: Vec::new(),
        capabilities: vec!["observe"],
    }
}

impl Observed {
    /// The cookie that the answer gives.
    pub async fn form(&self, link: &str, form: &str) -> String {
        let answer = self
            .client
            .post(link)
            .header("origin", &self.console)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.to_owned())
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        cookie.split(';').next().unwrap().to_owned()
    }

    pub async fn api(&self, path: &str) -> Value {
        let (status, body) = self.api_as(&self.cookie, path).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    pub async fn api_as(&self, cookie: &str, path: &str) -> (StatusCode, Value) {
        let request = self.client.get(format!("{}/api/v1{path}", self.console));
        let answer = request.header("cookie", cookie).send().await.unwrap();
        let status = StatusCode::from_u16(answer.status().as_u16()).unwrap();
        (status, answer.json().await.unwrap())
    }

    /// A page as the administrator sees it, rendered by the server alone.
    pub async fn page(&self, path: &str) -> (StatusCode, String) {
        let request = self.client.get(format!("{}{path}", self.console));
        let answer = request.header("cookie", &self.cookie).send().await.unwrap();
        let status = StatusCode::from_u16(answer.status().as_u16()).unwrap();
        (status, answer.text().await.unwrap())
    }

    /// A new user's cookie.
    pub async fn user(&self, name: &str, role: &str) -> String {
        let user = json!({"name": name, "password": PASSWORD.replace('+', " "), "role": role});
        let request = self
            .client
            .request(Method::POST, format!("{}/api/v1/users", self.console))
            .header("cookie", &self.cookie)
            .header("origin", &self.console);
        let answer = request.json(&user).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::CREATED);
        self.form(
            &format!("{}/sign-in", self.console),
            &format!("name={name}&password={PASSWORD}"),
        )
        .await
    }

    /// Lines of the audit log about messages, oldest first.
    pub async fn audited(&self) -> Vec<(String, String, String)> {
        let lines = self.api("/audit?limit=1000").await;
        let about = items(&lines)
            .iter()
            .rev()
            .filter(|line| line["action"].as_str().unwrap().starts_with("message."));
        let text = |line: &Value, name: &str| line[name].as_str().unwrap().to_owned();
        about
            .map(|line| {
                (
                    text(line, "actor"),
                    text(line, "decision"),
                    text(line, "detail"),
                )
            })
            .collect()
    }

    /// A page as the owner of this cookie sees it.
    pub async fn html(&self, cookie: &str, path: &str) -> (StatusCode, String) {
        let request = self.client.get(format!("{}{path}", self.console));
        let request = request
            .header("cookie", cookie)
            .header("accept", "text/html");
        let answer = request.send().await.unwrap();
        let status = StatusCode::from_u16(answer.status().as_u16()).unwrap();
        (status, answer.text().await.unwrap())
    }

    /// Asks until the answer is told.
    pub async fn until<T>(&self, what: &str, path: &str, told: impl Fn(&Value) -> Option<T>) -> T {
        wait::until(what, || async { told(&self.api(path).await) }).await
    }

    /// The process ends; its database stays.
    pub async fn stop(self) -> TestDatabase {
        self.app.shutdown().await.unwrap();
        self.database
    }

    pub async fn end(self) {
        self.app.shutdown().await.unwrap();
        drop(self.database);
    }
}

pub fn items(list: &Value) -> &Vec<Value> {
    list["items"].as_array().unwrap()
}

/// A group with this lag, one topic of two partitions.
pub fn orders(lag: i64) -> Sim {
    let mut script = Script::of_topics(&[("orders", 2)], "billing");
    script.head("orders", 1, lag);
    Sim::new(script)
}
