//! Every service as a process of its own, started again when one dies; all end with this one.
//!
//! A child reads a pipe that only this process holds open: however this process ends, the pipe ends too, and the
//! child stops in good order.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::cli::Settings;
use crate::database;
use crate::service::{READY, ServiceName};

/// How long a child may take to finish what it has in hand and export its spans.
const GRACE: Duration = Duration::from_secs(15);
const PAUSE: Duration = Duration::from_secs(1);

pub async fn run(
    settings: Settings,
    rate: f64,
    ready_file: Option<PathBuf>,
    stop: CancellationToken,
) -> Result<()> {
    // Once here, so that the children do not race to create and migrate it.
    drop(database::open(settings.database_url()?, 1, database::PATIENCE, &stop).await?);
    let (ready, mut readies) = mpsc::channel(ServiceName::ALL.len());
    let mut children = JoinSet::new();
    for service in ServiceName::ALL {
        let arguments = vec![service.as_str().to_owned()];
        children.spawn(keep(
            arguments,
            settings.clone(),
            Some(ready.clone()),
            stop.clone(),
        ));
    }
    for _ in ServiceName::ALL {
        tokio::select! {
            () = stop.cancelled() => break,
            _ = readies.recv() => {}
        }
    }
    if !stop.is_cancelled() {
        tracing::info!(
            shop = settings.shop_url(),
            rate,
            "every service is consuming"
        );
        if let Some(path) = &ready_file {
            write_whole(path, &format!("{}\n", settings.shop_url())).await?;
        }
        if rate > 0.0 {
            let arguments = vec!["traffic".to_owned(), "--rate".to_owned(), rate.to_string()];
            children.spawn(keep(arguments, settings, None, stop.clone()));
        }
    }
    while let Some(ended) = children.join_next().await {
        ended.context("a child's keeper")?;
    }
    if let Some(path) = &ready_file {
        // It may never have been written.
        let _ = tokio::fs::remove_file(path).await;
    }
    Ok(())
}

/// A reader sees nothing or all of it.
async fn write_whole(path: &PathBuf, text: &str) -> Result<()> {
    let draft = path.with_extension("draft");
    tokio::fs::write(&draft, text)
        .await
        .with_context(|| format!("write {}", draft.display()))?;
    tokio::fs::rename(&draft, path)
        .await
        .with_context(|| format!("write {}", path.display()))
}

async fn keep(
    arguments: Vec<String>,
    settings: Settings,
    ready: Option<mpsc::Sender<()>>,
    stop: CancellationToken,
) {
    let mut ready = ready;
    while !stop.is_cancelled() {
        match start(&arguments, &settings) {
            Ok(child) => live(child, &arguments, &mut ready, &stop).await,
            Err(error) => tracing::error!(
                ?arguments,
                error = format!("{error:#}"),
                "child not started"
            ),
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

fn start(arguments: &[String], settings: &Settings) -> Result<Child> {
    let program = std::env::current_exe().context("find this program")?;
    let mut command = Command::new(program);
    command
        .arg("--under-parent")
        .args(arguments)
        .env("KAFKA_BOOTSTRAP", &settings.kafka_bootstrap)
        .env("RABBITMQ_AMQP", &settings.rabbitmq_amqp)
        .env("SHOP_LISTEN", settings.shop_listen.to_string())
        .env("SHOP_URL", settings.shop_url())
        .envs(
            settings
                .database_url
                .iter()
                .map(|url| ("DATABASE_URL", url)),
        )
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    command.spawn().context("start a child")
}

async fn live(
    mut child: Child,
    arguments: &[String],
    ready: &mut Option<mpsc::Sender<()>>,
    stop: &CancellationToken,
) {
    let pipe = child.stdin.take();
    let output = child.stdout.take();
    let listen = async {
        let Some(output) = output else { return };
        let mut lines = BufReader::new(output).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            if line == READY
                && let Some(ready) = ready.take()
            {
                // The receiver is gone only when everything stops.
                let _ = ready.send(()).await;
            }
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        status = child.wait() => {
            if !stop.is_cancelled() {
                tracing::error!(?arguments, status = status.map_or_else(|error| error.to_string(), |status| status.to_string()), "child ended, starting it again");
            }
            return;
        }
        () = listen => {}
        () = stop.cancelled() => {}
    }
    drop(pipe);
    if tokio::time::timeout(GRACE, child.wait()).await.is_err() {
        tracing::warn!(?arguments, "child did not stop in time");
        let _ = child.kill().await;
    }
}
