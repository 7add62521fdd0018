//! What Waybill tells about itself: a log, and traces where an endpoint is named.

mod traces;

use std::io::IsTerminal;

use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt, reload};
use waybill_model::problem::{Code, Problem};

use crate::config::{Config, LogFormat};

/// The driver of the database tells of every notice at `info`.
const DEFAULT_FILTER: &str = "info,sqlx=warn";

/// Held until the process ends, then shut down: the last traces leave with it.
pub struct Telemetry {
    filter: reload::Handle<EnvFilter, Registry>,
    traces: Option<SdkTracerProvider>,
}

impl Telemetry {
    /// Once a process, before anything else runs.
    pub fn start(config: &Config) -> Result<Self, Problem> {
        let (filter, handle) = reload::Layer::new(filter(config)?);
        let human = match config.telemetry.log_format {
            LogFormat::Auto => std::io::stderr().is_terminal(),
            LogFormat::Human => true,
            LogFormat::Json => false,
        };
        let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let log = if human {
            fmt::layer()
                .with_writer(std::io::stderr)
                .with_ansi(std::io::stderr().is_terminal() && !no_colour)
                .with_target(false)
                .boxed()
        } else {
            fmt::layer()
                .json()
                .flatten_event(true)
                .with_writer(std::io::stderr)
                .boxed()
        };
        let (traces, skipped) = traces::provider(config)?;
        let exported = traces
            .as_ref()
            .map(|provider| traces::layer(provider.tracer("waybill")));
        tracing_subscriber::registry()
            .with(filter)
            .with(log)
            .with(exported)
            .try_init()
            .map_err(|error| {
                Problem::new(
                    Code::Internal,
                    format!("the log cannot be started: {error}"),
                    "It was started before in this process.",
                )
            })?;
        if let Some(why) = skipped {
            tracing::warn!("{why}");
        }
        Ok(Self {
            filter: handle,
            traces,
        })
    }

    /// Takes over the log filter of a configuration that was read again.
    pub fn reload(&self, config: &Config) -> Result<(), Problem> {
        self.filter.reload(filter(config)?).map_err(|error| {
            Problem::new(
                Code::Internal,
                format!("the log filter cannot be changed: {error}"),
                "Restart to change it.",
            )
        })
    }

    /// Blocks until the last traces are sent, or a few seconds have passed.
    pub fn shutdown(self) {
        if let Some(provider) = self.traces
            && let Err(error) = provider.shutdown()
        {
            tracing::warn!(%error, "the last traces could not be sent");
        }
    }
}

/// For commands that do one thing: what went wrong, on standard error.
pub fn warnings_only() {
    let started = tracing_subscriber::registry()
        .with(EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn")))
        .with(
            fmt::layer()
                .with_writer(std::io::stderr)
                .with_ansi(false)
                .with_target(false)
                .without_time(),
        )
        .try_init();
    // Only a second start in one process fails, and the first one does as well.
    drop(started);
}

/// Configuration, else `RUST_LOG`, else `info`.
fn filter(config: &Config) -> Result<EnvFilter, Problem> {
    let text = config
        .telemetry
        .log
        .clone()
        .or_else(|| std::env::var("RUST_LOG").ok())
        .filter(|text| !text.is_empty())
        .unwrap_or_else(|| DEFAULT_FILTER.to_owned());
    EnvFilter::try_new(&text).map_err(|error| {
        Problem::new(
            Code::ConfigInvalid,
            format!("telemetry.log: {text:?}: {error}"),
            "Write it like `info` or `info,waybill_server=debug`.",
        )
    })
}
