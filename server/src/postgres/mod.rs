//! The private Postgres of a start without `database.url`: found, made, run as an unprivileged
//! child, watched, stopped. It listens on a Unix socket only.

mod account;
mod binaries;
mod init;
mod inspect;
mod layout;
mod postmaster;
mod process;
mod settings;
mod socket;

use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};
use waybill_model::problem::{Code, Problem};
use waybill_model::status::ComponentState;

use account::Account;
use binaries::Binaries;
pub use inspect::{DataDir, Inspection, inspect};
use layout::Lock;
pub use layout::{Layout, make_dir, unusable, write_private};
use postmaster::Postmaster;
use process::{Launch, Running};

use crate::config::{Config, Secret};
use crate::health::Component;

/// How to reach it.
#[derive(Clone, Debug)]
pub struct Address {
    pub socket_dir: PathBuf,
    pub user: &'static str,
    pub database: &'static str,
    pub password: Secret,
}

/// Runs until stopped or dropped. When the process dies, a watchdog asks Postgres for a fast
/// shutdown.
#[derive(Debug)]
pub struct PrivatePostgres {
    address: Address,
    pid: watch::Receiver<Option<u32>>,
    stop: DropGuard,
    supervisor: JoinHandle<Result<(), Problem>>,
    lock: Lock,
}

impl PrivatePostgres {
    /// Takes the data directory, makes a cluster in it if there is none, and starts it; returns
    /// when it takes connections.
    pub async fn start(config: &Config, component: Component) -> Result<Self, Problem> {
        let layout = Layout::new(&config.data_dir);
        let account = Account::find()?;
        layout.prepare(&account)?;
        let lock = layout.lock()?;
        let binaries = Binaries::find(config.database.bin_dir.as_deref(), layout.major())?;
        if layout.major().is_none() {
            tracing::info!(data_dir = %layout.root().display(), "making a private database");
            init::initialise(&layout, &binaries, &account).await?;
        }
        let launch = Launch {
            socket_dir: socket::make(layout.root(), &account)?,
            layout,
            binaries,
            account,
        };
        let running = launch.bring_up().await?;
        let address = address(&launch.layout, running.socket_dir.clone())?;
        component.set(ComponentState::Ok, None);
        let stop = CancellationToken::new();
        let stopping = stop.clone();
        let (pid_sender, pid) = watch::channel(Some(running.pid()));
        let supervisor = tokio::spawn(supervise(launch, running, stopping, pid_sender, component));
        Ok(Self {
            address,
            pid,
            stop: stop.drop_guard(),
            supervisor,
            lock,
        })
    }

    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Of the postmaster; `None` while there is none.
    pub fn pid(&self) -> Option<u32> {
        *self.pid.borrow()
    }

    /// Fast shutdown; the data directory is free for others afterwards.
    pub async fn stop(self) -> Result<(), Problem> {
        drop(self.stop);
        let stopped = self.supervisor.await;
        drop(self.lock);
        stopped.unwrap_or_else(|error| {
            Err(Problem::new(
                Code::Internal,
                format!("the task that watches Postgres failed: {error}"),
                "The log says more.",
            ))
        })
    }
}

/// Whether another server holds the data directory: told before its ports are found in use.
pub fn refuse_if_in_use(config: &Config) -> Result<(), Problem> {
    let layout = Layout::new(&config.data_dir);
    if config.database.url.is_none() && layout.is_locked() {
        layout.lock()?;
    }
    Ok(())
}

/// The private Postgres that another Waybill runs on this data directory, if one does.
pub fn running(config: &Config) -> Result<Option<Address>, Problem> {
    let layout = Layout::new(&config.data_dir);
    if !layout.is_locked() {
        return Ok(None);
    }
    let data_dir = layout.postgres();
    let found = Postmaster::read(&data_dir).filter(|found| found.is_alive(&data_dir));
    match found {
        Some(found) => address(&layout, found.socket_dir).map(Some),
        None => Err(Problem::new(
            Code::StoreUnavailable,
            "a Waybill holds the data directory, but its Postgres does not run",
            "It is starting or stopping: try again shortly.",
        )),
    }
}

fn address(layout: &Layout, socket_dir: PathBuf) -> Result<Address, Problem> {
    Ok(Address {
        socket_dir,
        user: init::USER,
        database: init::DATABASE,
        password: layout.read_password()?,
    })
}

/// Restarts what ends by itself, with growing pauses, until told to stop.
async fn supervise(
    launch: Launch,
    mut running: Running,
    stopping: CancellationToken,
    pid: watch::Sender<Option<u32>>,
    component: Component,
) -> Result<(), Problem> {
    const FIRST_PAUSE: Duration = Duration::from_millis(200);
    const LONGEST_PAUSE: Duration = Duration::from_secs(10);
    loop {
        tokio::select! {
            () = stopping.cancelled() => return launch.stop(running).await,
            () = running.ended(&launch.layout) => {}
        }
        pid.send_replace(None);
        running.dismiss_watchdog().await;
        component.set(
            ComponentState::Down,
            Some("Postgres ended by itself".into()),
        );
        tracing::error!("Postgres ended by itself; starting it again");
        let mut pause = FIRST_PAUSE;
        running = loop {
            tokio::select! {
                () = stopping.cancelled() => return Ok(()),
                () = tokio::time::sleep(pause) => {}
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
            match launch.bring_up().await {
                Ok(running) => break running,
                Err(problem) => {
                    tracing::error!(code = problem.code.name(), hint = problem.hint, "{problem}");
                    component.set(ComponentState::Down, Some(problem.message));
                }
            }
        };
        pid.send_replace(Some(running.pid()));
        component.set(ComponentState::Ok, None);
        tracing::info!("Postgres serves again");
    }
}

/// The last lines that say something, as one.
fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    lines[lines.len().saturating_sub(count)..].join("; ")
}
