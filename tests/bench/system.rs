//! The system under test: a Postgres of its own, `waybill serve` on free ports, and what both cost.

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use waybill_store::Store;
use waybill_store::testing::{PostgresServer, ServerOptions};

/// Linux counts CPU time for /proc in hundredths of a second.
const TICKS_A_SECOND: f64 = 100.0;
const DATABASE: &str = "postgres";

pub struct System {
    server: Child,
    postgres: PostgresServer,
    folder: tempfile::TempDir,
    pub grpc: SocketAddr,
    pub http: SocketAddr,
    pub console: SocketAddr,
    /// Straight to the same database, for what is measured against.
    pub store: Store,
    /// Reads through the API.
    pub token: String,
}

impl System {
    /// Ready when it returns. `binary`: a built `waybill`.
    pub async fn start(binary: &PathBuf) -> Result<Self> {
        Self::start_with(binary, "").await
    }

    /// `clusters`: further lines of the configuration.
    pub async fn start_with(binary: &PathBuf, clusters: &str) -> Result<Self> {
        let postgres = PostgresServer::start(ServerOptions { fsync: true })?;
        let folder = tempfile::tempdir()?;
        let [grpc, http, console] = free_addresses()?;
        let config = folder.path().join("waybill.toml");
        let data = folder.path().join("data");
        std::fs::write(
            &config,
            format!(
                "data_dir = {data:?}\n[server]\nlisten = \"{console}\"\npublic_url = \"http://{console}\"\n\
                 [ingest]\notlp_grpc = \"{grpc}\"\notlp_http = \"{http}\"\n\
                 [database]\nurl = {:?}\n{clusters}",
                postgres.url(DATABASE),
            ),
        )?;
        let log = std::fs::File::create(folder.path().join("log"))?;
        let server = Command::new(binary)
            .arg("serve")
            .arg("--config")
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("{} does not start", binary.display()))?;
        let mut system = Self {
            server,
            store: Store::connect(postgres.connect_options(DATABASE)).await?,
            postgres,
            folder,
            grpc,
            http,
            console,
            token: String::new(),
        };
        system.wait_ready().await?;
        let config = config.to_string_lossy();
        run(
            binary,
            &[
                "user",
                "add",
                "--config",
                &config,
                "bench",
                "--role",
                "admin",
                "--password-stdin",
            ],
            "a long pass phrase for the bench\n",
        )?;
        let token = run(
            binary,
            &[
                "token", "create", "--config", &config, "--name", "bench", "--role", "viewer",
            ],
            "",
        )?;
        system.token = token
            .split_whitespace()
            .find(|word| word.starts_with("wb_"))
            .context("no token was printed")?
            .to_owned();
        Ok(system)
    }

    async fn wait_ready(&mut self) -> Result<()> {
        let started = Instant::now();
        let url = format!("http://{}/readyz", self.console);
        loop {
            if let Ok(answer) = reqwest::get(&url).await
                && answer.status().is_success()
            {
                return Ok(());
            }
            if let Some(status) = self.server.try_wait()? {
                let log = std::fs::read_to_string(self.folder.path().join("log"));
                bail!(
                    "the server ended with {status}: {}",
                    log.unwrap_or_default()
                );
            }
            ensure!(
                started.elapsed() < Duration::from_secs(60),
                "the server is not ready"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub fn pid(&self) -> u32 {
        self.server.id()
    }

    /// CPU seconds of server and database together, and of the database alone.
    pub fn cpu_seconds(&self) -> (f64, f64) {
        let postgres = self.postgres.cpu_seconds();
        (cpu_seconds_of(self.server.id()) + postgres, postgres)
    }

    /// MiB: the server's resident memory at its highest, Postgres not counted.
    pub fn peak_rss_mib(&self) -> f64 {
        self.memory_mib("VmHWM:")
    }

    /// MiB: what it is now.
    pub fn rss_mib(&self) -> f64 {
        self.memory_mib("VmRSS:")
    }

    fn memory_mib(&self, name: &str) -> f64 {
        let path = format!("/proc/{}/status", self.server.id());
        let status = std::fs::read_to_string(path).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok());
        kib.unwrap_or(0.0) / 1_024.0
    }
}

impl Drop for System {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// `WAYBILL_BIN`, else the packaged build, else the release build.
pub fn binary() -> Result<PathBuf> {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    let candidates = [
        std::env::var_os("WAYBILL_BIN").map(PathBuf::from),
        Some(target.join("dist/waybill")),
        Some(target.join("release/waybill")),
    ];
    let found = candidates.into_iter().flatten().find(|path| path.is_file());
    found.context("no server was built: run `make build` first")
}

/// Source: proc(5), `/proc/pid/stat`, fields 14 and 15.
pub fn cpu_seconds_of(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let Some((_, rest)) = stat.rsplit_once(')') else {
        return 0.0;
    };
    let ticks = rest.split_whitespace().skip(11).take(2);
    ticks.filter_map(|t| t.parse::<f64>().ok()).sum::<f64>() / TICKS_A_SECOND
}

fn free_addresses() -> Result<[SocketAddr; 3]> {
    let bind = || TcpListener::bind(("127.0.0.1", 0));
    let held = [bind()?, bind()?, bind()?];
    Ok([
        held[0].local_addr()?,
        held[1].local_addr()?,
        held[2].local_addr()?,
    ])
}

fn run(binary: &PathBuf, arguments: &[&str], input: &str) -> Result<String> {
    let mut child = Command::new(binary)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes())?;
    }
    let output = child.wait_with_output()?;
    ensure!(
        output.status.success(),
        "waybill {} failed",
        arguments[..2].join(" ")
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
