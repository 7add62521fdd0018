//! `waybill serve`: starts everything, waits for a signal, stops everything.

use std::process::ExitCode;

use tokio::signal::unix::{Signal, SignalKind, signal};
use waybill_model::problem::Problem;

use super::{Source, internal, output};
use crate::app::App;
use crate::config::{Overrides, ProcessRole};
use crate::telemetry::Telemetry;

pub async fn run(
    source: Source,
    roles: Vec<ProcessRole>,
    listen: Option<String>,
) -> Result<ExitCode, Problem> {
    let overrides = Overrides {
        roles,
        listen,
        ..Overrides::default()
    };
    let config = source.load_with(overrides.clone())?;
    let telemetry = Telemetry::start(&config)?;
    let mut signals = Signals::take()?;
    // A signal during the start ends it: what was started stops with the dropped future, and the
    // watchdog sees to Postgres.
    let app = tokio::select! {
        app = App::start(config) => app?,
        () = signals.end() => return Ok(ExitCode::SUCCESS),
    };
    greet(&app);
    loop {
        match signals.next().await {
            Asked::End => break,
            Asked::Reload => reload(&source, &overrides, &telemetry, &app),
        }
    }
    tracing::info!("stopping: no new requests, those in flight finish");
    let stopped = tokio::select! {
        stopped = app.shutdown() => stopped,
        () = signals.end() => {
            tracing::warn!("told twice: leaving at once");
            return Ok(ExitCode::FAILURE);
        }
    };
    // It blocks while the last traces leave.
    let _ = tokio::task::spawn_blocking(move || telemetry.shutdown()).await;
    stopped.map(|()| ExitCode::SUCCESS)
}

fn greet(app: &App) {
    let addresses = app.addresses();
    if let Some(web) = addresses.web {
        tracing::info!(address = %web, url = app.public_url(), "console and API are open");
    }
    if let Some(address) = addresses.otlp_grpc {
        tracing::info!(%address, "OTLP over gRPC is open");
    }
    if let Some(address) = addresses.otlp_http {
        tracing::info!(%address, "OTLP over HTTP is open");
    }
    if let Some(link) = app.setup_link() {
        output::print(&format!(
            "\nNobody can sign in yet. Make the first administrator here, once:\n\n    {link}\n\n"
        ));
    }
}

/// What a running process can take over: the log filter. The rest is said to need a restart.
fn reload(source: &Source, overrides: &Overrides, telemetry: &Telemetry, app: &App) {
    let config = source.load_with(overrides.clone());
    let taken_over = config.and_then(|config| {
        telemetry.reload(&config)?;
        Ok(app.reload(&config))
    });
    match taken_over {
        Ok(waiting) if waiting.is_empty() => tracing::info!("configuration read again"),
        Ok(waiting) => {
            let keys = waiting.join(", ");
            tracing::warn!(
                keys,
                "configuration read again; a restart is needed for some keys"
            );
        }
        Err(problem) => tracing::error!(
            code = problem.code.name(),
            hint = problem.hint,
            "the configuration stays as it was: {problem}"
        ),
    }
}

#[derive(PartialEq, Eq)]
enum Asked {
    End,
    Reload,
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    fn take() -> Result<Self, Problem> {
        let take = |kind| signal(kind).map_err(|error| internal("signals cannot be taken", &error));
        Ok(Self {
            terminate: take(SignalKind::terminate())?,
            interrupt: take(SignalKind::interrupt())?,
            hangup: take(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.terminate.recv() => Asked::End,
            _ = self.interrupt.recv() => Asked::End,
            _ = self.hangup.recv() => Asked::Reload,
        }
    }

    /// Nothing is reloaded while starting or stopping.
    async fn end(&mut self) {
        while self.next().await == Asked::Reload {}
    }
}
