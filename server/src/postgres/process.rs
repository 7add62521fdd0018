//! One running postmaster: started as a child, or found alive and adopted.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::process::Child;
use waybill_model::problem::{Code, Problem};

use super::account::Account;
use super::binaries::Binaries;
use super::init::failed;
use super::layout::{Layout, unusable};
use super::postmaster::{Answer, Postmaster, knock, processes_in, socket_in};
use super::settings;

const LOG_LIMIT_BYTES: u64 = 10_000_000;
/// Until the first answer of any kind.
const START_DEADLINE: Duration = Duration::from_secs(60);
/// While it says that it recovers: replaying 2 GB of WAL takes its time.
const RECOVERY_DEADLINE: Duration = Duration::from_secs(600);
/// A postmaster that accepts connections for so long is not on its way out.
const ADOPT_AFTER: Duration = Duration::from_millis(1500);
const STOP_DEADLINE_S: u32 = 8;
const TRIES: u32 = 5;

/// Asks for a fast shutdown when its standard input ends, which it does whenever Waybill ends.
/// The id is checked against the pid file, for it may be another process's by then.
const WATCHDOG: &str = r#"
trap '' INT TERM HUP
read -r _
read -r pid <"$2/postmaster.pid" 2>/dev/null || exit 0
[ "$pid" = "$1" ] && kill -INT "$1"
"#;

/// What is needed to start one.
#[derive(Clone, Debug)]
pub struct Launch {
    pub layout: Layout,
    pub binaries: Binaries,
    pub account: Account,
    pub socket_dir: PathBuf,
}

#[derive(Debug)]
pub struct Running {
    pid: u32,
    /// `None`: adopted, so its end can only be looked for.
    child: Option<Child>,
    /// Holding its standard input open is what keeps the watchdog waiting.
    watchdog: Child,
    pub socket_dir: PathBuf,
}

impl Launch {
    /// Waits for or adopts a postmaster that an earlier Waybill left, else starts one; returns
    /// when it takes connections.
    pub async fn bring_up(&self) -> Result<Running, Problem> {
        let mut tries = 0;
        loop {
            if let Some(left) = self.wait_for_earlier().await? {
                tracing::info!(pid = left.pid, "adopted the running Postgres");
                return Ok(Running {
                    watchdog: self.watch(left.pid)?,
                    pid: left.pid,
                    child: None,
                    socket_dir: left.socket_dir,
                });
            }
            tries += 1;
            match self.start().await {
                // One that an earlier Waybill had started a moment before it was killed got there
                // first: it is looked at again.
                Err(_) if tries < TRIES && !processes_in(&self.layout.postgres()).is_empty() => {}
                other => return other,
            }
        }
    }

    /// `Some`: one that lives and stays.
    async fn wait_for_earlier(&self) -> Result<Option<Postmaster>, Problem> {
        let data_dir = self.layout.postgres();
        let deadline = Instant::now() + START_DEADLINE;
        let mut accepting_since: Option<Instant> = None;
        loop {
            let found = Postmaster::read(&data_dir).filter(|found| found.is_alive(&data_dir));
            let Some(found) = found else {
                let left = processes_in(&data_dir);
                if left.is_empty() {
                    self.forget_dead();
                    return Ok(None);
                }
                // Ending, or orphans of a killed postmaster: two servers on one directory would
                // destroy it, so the last one is waited for.
                if Instant::now() > deadline {
                    let what = format!("processes {left:?} of an earlier one do not end");
                    return Err(failed(&data_dir, &what));
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            if knock(&found.socket()).await == Answer::Accepting {
                let since = *accepting_since.get_or_insert_with(Instant::now);
                if since.elapsed() >= ADOPT_AFTER {
                    return Ok(Some(found));
                }
            } else {
                accepting_since = None;
            }
            if Instant::now() > deadline {
                return Err(failed(
                    &data_dir,
                    &format!("process {} neither serves nor ends", found.pid),
                ));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Lock files of a server that is gone, with all its processes. Postgres itself would take an
    /// id that is reused, or not yet collected, for a live server.
    fn forget_dead(&self) {
        let socket = socket_in(&self.socket_dir);
        let lock = self.socket_dir.join(".s.PGSQL.5432.lock");
        for path in [self.layout.postgres().join("postmaster.pid"), lock, socket] {
            let _ = std::fs::remove_file(path);
        }
    }

    async fn start(&self) -> Result<Running, Problem> {
        let data_dir = self.layout.postgres();
        let log_path = self.layout.log();
        rotate(&log_path);
        let log = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&log_path)
            .map_err(|error| unusable(&log_path, &error))?;
        let log_before = log.metadata().map_or(0, |meta| meta.len());
        let arguments = settings::arguments(
            &self.socket_dir,
            settings::memory_bytes(),
            self.wal_compression().await,
        );
        let mut child = self
            .account
            .command(self.binaries.program("postgres"))
            .arg("-D")
            .arg(&data_dir)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(|error| failed(&data_dir, &error.to_string()))?;
        let pid = child
            .id()
            .ok_or_else(|| failed(&data_dir, "it ended at once"))?;
        let watchdog = self.watch(pid)?;
        self.wait_ready(&mut child, &log_path, log_before).await?;
        Ok(Running {
            pid,
            child: Some(child),
            watchdog,
            socket_dir: self.socket_dir.clone(),
        })
    }

    async fn wait_ready(
        &self,
        child: &mut Child,
        log: &Path,
        log_before: u64,
    ) -> Result<(), Problem> {
        let socket = socket_in(&self.socket_dir);
        let started = Instant::now();
        let mut said_so = false;
        loop {
            let ended = child
                .try_wait()
                .map_err(|error| failed(&self.layout.postgres(), &error.to_string()))?;
            if ended.is_some() {
                return Err(failed(&self.layout.postgres(), &log_tail(log, log_before)));
            }
            let deadline = match knock(&socket).await {
                Answer::Accepting => return Ok(()),
                Answer::NotNow => RECOVERY_DEADLINE,
                Answer::None => START_DEADLINE,
            };
            if started.elapsed() > deadline {
                let what = format!(
                    "it does not serve after {} s; {}",
                    started.elapsed().as_secs(),
                    log_tail(log, log_before)
                );
                return Err(failed(&self.layout.postgres(), &what));
            }
            if !said_so && started.elapsed() > Duration::from_secs(5) {
                tracing::info!("Postgres is still starting; it may be recovering from a crash");
                said_so = true;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }

    /// The best method that this build knows: `postgres -C` refuses a value that it does not.
    async fn wal_compression(&self) -> Option<&'static str> {
        for method in ["lz4", "zstd"] {
            let known = self
                .account
                .command(self.binaries.program("postgres"))
                .arg("-D")
                .arg(self.layout.postgres())
                .args(["-C", "wal_compression", "-c"])
                .arg(format!("wal_compression={method}"))
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .await;
            if known.is_ok_and(|status| status.success()) {
                return Some(method);
            }
        }
        None
    }

    fn watch(&self, pid: u32) -> Result<Child, Problem> {
        self.account
            .command("/bin/sh")
            .args(["-c", WATCHDOG, "waybill-watchdog", &pid.to_string()])
            .arg(self.layout.postgres())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| {
                Problem::new(
                    Code::Internal,
                    format!("/bin/sh, which watches over Postgres, cannot be started: {error}"),
                    "Check the limits on processes.",
                )
            })
    }

    /// Fast first: open transactions are rolled back, everything is written. Then at once, which
    /// costs a recovery at the next start and nothing else.
    pub async fn stop(&self, mut running: Running) -> Result<(), Problem> {
        for mode in ["fast", "immediate"] {
            let status = self
                .account
                .command(self.binaries.program("pg_ctl"))
                .args(["stop", "--wait", "--mode", mode, "--timeout"])
                .arg(STOP_DEADLINE_S.to_string())
                .arg("--pgdata")
                .arg(self.layout.postgres())
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .await;
            if status.is_ok_and(|status| status.success()) || !running.is_alive(&self.layout) {
                if let Some(child) = &mut running.child {
                    // It has ended: this only takes its exit status.
                    let _ = child.wait().await;
                }
                running.dismiss_watchdog().await;
                return Ok(());
            }
            tracing::warn!(mode, "Postgres did not stop in time");
        }
        Err(failed(&self.layout.postgres(), "it does not stop"))
    }
}

impl Running {
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Resolves when the postmaster has ended, whoever ended it.
    pub async fn ended(&mut self, layout: &Layout) {
        match &mut self.child {
            Some(child) => {
                // An error means that there is no such child any more.
                let _ = child.wait().await;
            }
            None => {
                while self.is_alive(layout) {
                    tokio::time::sleep(Duration::from_millis(250)).await;
                }
            }
        }
    }

    pub async fn dismiss_watchdog(mut self) {
        drop(self.watchdog.stdin.take());
        let _ = self.watchdog.wait().await;
    }

    fn is_alive(&self, layout: &Layout) -> bool {
        let data_dir = layout.postgres();
        Postmaster::read(&data_dir)
            .is_some_and(|found| found.pid == self.pid && found.is_alive(&data_dir))
    }
}

fn rotate(log: &Path) {
    if std::fs::metadata(log).is_ok_and(|meta| meta.len() > LOG_LIMIT_BYTES) {
        // A log that stays long is a smaller harm than a server that does not start.
        let _ = std::fs::rename(log, log.with_extension("log.1"));
    }
}

fn log_tail(log: &Path, from: u64) -> String {
    let bytes = std::fs::read(log).unwrap_or_default();
    let new = bytes.get(from as usize..).unwrap_or_default();
    super::last_lines(&String::from_utf8_lossy(new), 4)
}
