//! A whole `waybill serve` as a child process, spoken to as a user would.

use std::path::{Path, PathBuf};
use std::process::Command;

use reqwest::header::{AUTHORIZATION, COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use reqwest::{Client, StatusCode};
use serde_json::Value;
use tempfile::TempDir;
use waybill_store::testing::TestDatabase;

use crate::child::{self, Process, free_port};
use crate::wait;

pub const ADMIN: (&str, &str) = ("ada", "correct horse battery staple");

/// Where a server keeps its data.
pub enum Home {
    /// A database of its own in the run's shared Postgres: quick, not durable.
    Shared(TestDatabase),
    /// The private Postgres of a zero-configuration start: durable.
    Private,
}

pub struct Server {
    process: Process,
    config: PathBuf,
    pub folder: TempDir,
    pub data_dir: PathBuf,
    home: Home,
    pub console: String,
    pub otlp_grpc: String,
    pub otlp_http: String,
    pub client: Client,
    /// An API token of the first administrator.
    pub token: String,
}

impl Server {
    pub async fn start() -> Self {
        Self::start_with(Home::Shared(TestDatabase::new().await), "").await
    }

    /// With its private Postgres in this folder.
    pub async fn start_at(data_dir: &Path) -> Self {
        Self::start_in(
            short_temp_folder(),
            data_dir.to_path_buf(),
            Home::Private,
            "",
        )
        .await
    }

    /// `ingest` is what the configuration file says of it besides its addresses.
    pub async fn start_ingesting(home: Home, ingest: &str) -> Self {
        let folder = short_temp_folder();
        let data_dir = folder.path().join("data");
        Self::start_as(folder, data_dir, home, ingest, "").await
    }

    /// `extra` is appended to the configuration file.
    pub async fn start_with(home: Home, extra: &str) -> Self {
        let folder = short_temp_folder();
        let data_dir = folder.path().join("data");
        Self::start_in(folder, data_dir, home, extra).await
    }

    async fn start_in(folder: TempDir, data_dir: PathBuf, home: Home, extra: &str) -> Self {
        Self::start_as(folder, data_dir, home, "", extra).await
    }

    async fn start_as(
        folder: TempDir,
        data_dir: PathBuf,
        home: Home,
        ingest: &str,
        extra: &str,
    ) -> Self {
        let ports = [free_port(), free_port(), free_port()];
        let config = folder.path().join("waybill.toml");
        let database = match &home {
            Home::Shared(database) => format!("[database]\nurl = {:?}\n", database.url()),
            Home::Private => String::new(),
        };
        let text = format!(
            "data_dir = {data_dir:?}\n[server]\nlisten = \"127.0.0.1:{}\"\npublic_url = \"http://127.0.0.1:{}\"\n\
             [ingest]\notlp_grpc = \"127.0.0.1:{}\"\notlp_http = \"127.0.0.1:{}\"\n{ingest}\n{database}{extra}\n",
            ports[0], ports[0], ports[1], ports[2]
        );
        std::fs::write(&config, text).unwrap();
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let mut server = Self {
            process: spawn(&config, folder.path()),
            config,
            folder,
            data_dir,
            home,
            console: format!("http://127.0.0.1:{}", ports[0]),
            otlp_grpc: format!("http://127.0.0.1:{}", ports[1]),
            otlp_http: format!("http://127.0.0.1:{}", ports[2]),
            client,
            token: String::new(),
        };
        server.ready().await;
        server.add_admin();
        server
    }

    pub async fn ready(&mut self) {
        let url = format!("{}/readyz", self.console);
        let client = self.client.clone();
        let process = &mut self.process;
        let log = process.log.clone();
        let told = format!("the server is ready; its log is {}", log.display());
        wait::until(&told, || {
            let ended = process.has_ended();
            assert!(
                ended.is_none(),
                "the server ended with {ended:?}:\n{}",
                process.log_text()
            );
            let request = client.get(&url).send();
            async move {
                request
                    .await
                    .ok()
                    .filter(|a| a.status() == StatusCode::OK)
                    .map(drop)
            }
        })
        .await;
    }

    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// The process id that the private Postgres wrote into its data directory.
    pub fn postmaster(&self) -> u32 {
        self.find_postmaster()
            .unwrap_or_else(|| panic!("no postmaster.pid below {}", self.data_dir.display()))
    }

    /// `None` while there is none.
    pub fn find_postmaster(&self) -> Option<u32> {
        let folder = self.data_dir.join("postgres");
        let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        let nested = entries.map(|entry| entry.path().join("postmaster.pid"));
        let text = [folder.join("postmaster.pid")]
            .into_iter()
            .chain(nested)
            .find_map(|path| std::fs::read_to_string(path).ok())?;
        text.lines().next()?.trim().parse().ok()
    }

    /// Starts again on the same configuration and data.
    pub async fn start_again(&mut self) {
        self.process = spawn(&self.config, self.folder.path());
        self.ready().await;
    }

    /// Runs a subcommand on the same configuration.
    pub fn command(&self, arguments: &[&str], stdin: &str) -> (i32, String, String) {
        use std::io::Write;
        let mut child = Command::new(child::program("waybill"))
            .args(arguments)
            .arg("--config")
            .arg(&self.config)
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
        let output = child.wait_with_output().unwrap();
        (
            output.status.code().unwrap_or(-1),
            String::from_utf8_lossy(&output.stdout).into_owned(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    }

    fn add_admin(&mut self) {
        let (name, password) = ADMIN;
        let added = self.command(
            &["user", "add", name, "--role", "admin", "--password-stdin"],
            password,
        );
        assert_eq!(added.0, 0, "{added:?}");
        let made = self.command(
            &[
                "token", "create", "--role", "admin", "--name", "tests", "--user", name,
            ],
            "",
        );
        assert_eq!(made.0, 0, "{made:?}");
        let token = made
            .1
            .split_whitespace()
            .find(|word| word.starts_with("wb_"));
        self.token = token
            .unwrap_or_else(|| panic!("no token in {made:?}"))
            .to_owned();
    }

    /// Partitions of the tables of telemetry, by name.
    pub async fn partitions(&self) -> Vec<String> {
        let Home::Shared(database) = &self.home else {
            panic!("only a shared Postgres is asked");
        };
        let names = "SELECT inhrelid::regclass::text FROM pg_inherits ORDER BY 1";
        sqlx::query_scalar(names)
            .fetch_all(database.store().pool())
            .await
            .unwrap()
    }

    /// GET below /api/v1 as the administrator.
    pub async fn api(&self, path: &str) -> Value {
        let (status, body) = self.api_status(path).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    pub async fn api_status(&self, path: &str) -> (StatusCode, Value) {
        let answer = self
            .client
            .get(format!("{}/api/v1{path}", self.console))
            .header(AUTHORIZATION, format!("Bearer {}", self.token))
            .send()
            .await
            .unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        (
            status,
            serde_json::from_str(&text).unwrap_or(Value::String(text)),
        )
    }

    /// Signs in through the form, as a browser without scripts would; the cookie as `name=value`.
    pub async fn sign_in(&self, name: &str, password: &str) -> Option<String> {
        let answer = self
            .client
            .post(format!("{}/sign-in", self.console))
            .header(ORIGIN, &self.console)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!(
                "name={name}&password={}&next=/",
                password.replace(' ', "+")
            ))
            .send()
            .await
            .unwrap();
        let cookie = answer
            .headers()
            .get(SET_COOKIE)?
            .to_str()
            .ok()?
            .split(';')
            .next()?
            .to_owned();
        answer.headers().get(LOCATION).map(|_| cookie)
    }

    /// A page as the bearer of this cookie sees it.
    pub async fn page(&self, path: &str, cookie: &str) -> (StatusCode, String) {
        let answer = self
            .client
            .get(format!("{}{path}", self.console))
            .header(COOKIE, cookie)
            .header("accept", "text/html")
            .send()
            .await
            .unwrap();
        (answer.status(), answer.text().await.unwrap())
    }
}

fn spawn(config: &Path, folder: &Path) -> Process {
    let mut command = Command::new(child::program("waybill"));
    command
        .arg("serve")
        .arg("--config")
        .arg(config)
        .env("RUST_LOG", "info");
    Process::spawn(command, &folder.join("server.log"))
}

/// Postgres runs as another user and its socket's path must be short: below /tmp, traversable.
fn short_temp_folder() -> TempDir {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::Builder::new()
        .prefix("wb-")
        .tempdir_in("/tmp")
        .unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o711)).unwrap();
    folder
}
