//! `waybill probe`: writes made-up messages into a running server and reads them back, at once and
//! later. It speaks to the server over HTTP only, as any client.

mod cycle;
mod expected;
mod random;
mod read;
mod send;
mod shape;
mod span;
mod tally;

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use waybill_model::problem::{Code, Problem};

use super::api::Api;
use super::output;
use cycle::{Pace, Probe};
use send::Sender;

#[derive(Clone, Debug, Args)]
pub struct Options {
    /// How long to go on, such as 30m; without it, for --cycles.
    #[arg(long = "for", value_name = "TIME", conflicts_with = "cycles")]
    time: Option<String>,
    /// How often to tell each story.
    #[arg(long, value_name = "N", default_value_t = 1)]
    cycles: u64,
    /// From the beginning of one cycle to the next.
    #[arg(long, value_name = "TIME", default_value = "1s")]
    every: String,
    /// How long what was acknowledged may take to be readable, before it counts as missing.
    #[arg(long, value_name = "TIME", default_value = "10s")]
    within: String,
    /// How long the server may be away, or refuse, at a stretch.
    #[arg(long, value_name = "TIME", default_value = "5m")]
    patience: String,
    /// Address of a running Waybill.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    server: String,
    /// Address of its OTLP/HTTP receiver.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:4318")]
    otlp: String,
    /// An access token; better given by the variable than on a command line.
    #[arg(long, env = "WAYBILL_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// A token for sending telemetry, where the receiver asks for one.
    #[arg(long, env = "WAYBILL_INGEST_TOKEN", hide_env_values = true)]
    ingest_token: Option<String>,
    /// Decides every id; printed, so that a run can be repeated.
    #[arg(long)]
    seed: Option<u64>,
    /// Print the summary as JSON.
    #[arg(long)]
    json: bool,
}

/// Exit 1 where an answer was missing or wrong. An interrupt ends it with the summary.
pub async fn run(options: Options) -> Result<ExitCode, Problem> {
    let time = options.time.as_deref().map(|text| span_of("--for", text));
    let time = time.transpose()?;
    let every = span_of("--every", &options.every)?;
    let within = span_of("--within", &options.within)?;
    let patience = span_of("--patience", &options.patience)?;
    let seed = match options.seed {
        Some(seed) => seed,
        None => getrandom::u64()
            .map_err(|error| super::internal("the system gives no random bytes", &error))?,
    };
    let api = Api::new(&options.server, options.token.as_deref())?;
    let sender = Sender::new(&options.otlp, options.ingest_token, patience, seed)?;
    let pace = Pace {
        every,
        within,
        patience,
    };
    let mut probe = Probe::new(api, sender, seed, pace, options.json);
    let ended = tokio::select! {
        ended = probe.run(time, options.cycles) => ended,
        () = interrupted() => Ok(()),
    };
    let resent = probe.sender.resent;
    let summary = match options.json {
        true => format!("{:#}\n", probe.tally.json(seed, resent)),
        false => probe.tally.text(seed, resent),
    };
    output::print(&summary);
    ended?;
    Ok(match probe.tally.is_good() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

fn span_of(name: &str, text: &str) -> Result<Duration, Problem> {
    crate::config::milliseconds(text)
        .and_then(|ms| u64::try_from(ms).ok())
        .map(Duration::from_millis)
        .ok_or_else(|| {
            Problem::new(
                Code::InvalidRequest,
                format!("{name} {text:?} is no span of time"),
                "Write it like 30s, 30m or 2h.",
            )
        })
}

/// By a person, or by whoever stops services.
async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut ended) => tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = ended.recv() => {}
        },
        Err(_) => drop(tokio::signal::ctrl_c().await),
    }
}
