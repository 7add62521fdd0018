//! `waybill check`: reads the configuration, reaches what it names, says what is missing. Nothing
//! is changed, nothing is started.

mod reach;

use std::process::ExitCode;

use serde::Serialize;
use waybill_broker::registry;
use waybill_model::problem::Problem;

use self::reach::Reached;
use super::{Source, output};
use crate::config::{Config, ProcessRole};
use crate::database::{connect, store_problem};
use crate::listener;
use crate::postgres::{DataDir, inspect};
use crate::tls;

/// One thing looked at.
#[derive(Debug, Serialize)]
struct Finding {
    what: String,
    #[serde(flatten)]
    result: Outcome,
}

#[derive(Debug, Serialize)]
#[serde(tag = "result", rename_all = "snake_case")]
enum Outcome {
    Good(Reached),
    Missing(Problem),
}

/// A wrong configuration is exit 2 before anything is reached; something missing, be it a right that
/// leaves something blank, is exit 1.
pub async fn run(source: &Source, json: bool) -> Result<ExitCode, Problem> {
    let config = source.load()?;
    let mut findings = vec![found("configuration", Ok(described(&config)))];
    let own = database(&config, &mut findings).await;
    listeners(&config, own, &mut findings).await;
    let adapters = registry::adapters();
    for cluster in &config.clusters {
        findings.push(Finding {
            what: format!("cluster {}", cluster.name),
            result: reach::cluster(cluster, &adapters).await.into(),
        });
    }
    let all_good = findings.iter().all(|one| match &one.result {
        Outcome::Good(reached) => reached.missing_rights.is_empty(),
        Outcome::Missing(_) => false,
    });
    output::print(&if json {
        format!(
            "{:#}\n",
            serde_json::json!({ "ok": all_good, "findings": findings })
        )
    } else {
        text(&findings)
    });
    Ok(match all_good {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// Whether a Waybill of ours runs on the data directory.
async fn database(config: &Config, findings: &mut Vec<Finding>) -> bool {
    if config.database.url.is_some() {
        findings.push(found("database", reached(config, None).await));
        return false;
    }
    let inspection = inspect(config);
    let programs = inspection
        .programs
        .map(|(dir, major)| format!("Postgres {major} in {}", dir.display()));
    findings.push(found("database programs", programs));
    let place = config.data_dir.display();
    let present = matches!(inspection.data_dir, Ok(DataDir::Present { .. }));
    let data_dir = inspection.data_dir.map(|found| match found {
        DataDir::Missing => format!("{place} is made at the first start"),
        DataDir::Present { major } => format!("{place} holds a Postgres {major}"),
    });
    findings.push(found("data directory", data_dir));
    match inspection.running {
        Ok(None) => {
            if present {
                let detail = "not looked at: it does not run; a start compares its schema first";
                findings.push(found("database", Ok(detail.to_owned())));
            }
            false
        }
        Ok(Some(address)) => {
            let how = format!(
                "PGPASSWORD=$(cat {place}/keys/postgres-password) psql -h {} -U {} {}",
                address.socket_dir.display(),
                address.user,
                address.database
            );
            let reached = reached(config, Some(&address)).await;
            findings.push(found(
                "database",
                reached.map(|detail| format!("{detail}; connect: {how}")),
            ));
            true
        }
        Err(problem) => {
            findings.push(found("database", Err(problem)));
            true
        }
    }
}

async fn reached(
    config: &Config,
    address: Option<&crate::postgres::Address>,
) -> Result<String, Problem> {
    let store = connect(config, address).await?;
    let pending = store.pending_migrations().await.map_err(store_problem);
    store.close().await;
    let pending = pending?;
    Ok(match pending.len() {
        0 => "answers, its schema is of this version".to_owned(),
        count => format!("answers; {count} migrations are applied at the next start"),
    })
}

/// Free, or held by the server that runs on this data directory.
async fn listeners(config: &Config, own: bool, findings: &mut Vec<Finding>) {
    let ingest = &config.ingest;
    for (role, key, address) in [
        (ProcessRole::Web, "server.listen", config.server.listen),
        (ProcessRole::Ingest, "ingest.otlp_grpc", ingest.otlp_grpc),
        (ProcessRole::Ingest, "ingest.otlp_http", ingest.otlp_http),
    ] {
        if !config.has_role(role) {
            continue;
        }
        let outcome = match listener::bind(key, address).await {
            Ok(_) => Ok(format!("{address} is free")),
            Err(_) if own => Ok(format!("{address} is in use while a Waybill runs here")),
            Err(problem) => Err(problem),
        };
        findings.push(found(key, outcome));
    }
    let certificates = [
        ("server.tls", &config.server.tls),
        ("ingest.tls", &ingest.tls),
    ];
    for (key, files) in certificates {
        if let Some(files) = files {
            let outcome = tls::acceptor(key, files, tls::WEB);
            let outcome = outcome.map(|_| files.cert.display().to_string());
            findings.push(found(key, outcome));
        }
    }
}

fn described(config: &Config) -> String {
    let clusters = config.clusters.len();
    match &config.file {
        Some(file) => format!("{}, clusters: {clusters}", file.display()),
        None => "defaults and environment".to_owned(),
    }
}

fn found(what: &str, outcome: Result<String, Problem>) -> Finding {
    Finding {
        what: what.to_owned(),
        result: outcome.map(Reached::plainly).into(),
    }
}

impl From<Result<Reached, Problem>> for Outcome {
    fn from(outcome: Result<Reached, Problem>) -> Self {
        match outcome {
            Ok(reached) => Self::Good(reached),
            Err(problem) => Self::Missing(problem),
        }
    }
}

fn text(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let what = output::printable(&finding.what);
        match &finding.result {
            Outcome::Good(reached) => {
                let detail = output::printable(&reached.detail);
                text.push_str(&format!("ok       {what}: {detail}\n"));
                for right in &reached.missing_rights {
                    text.push_str(&format!(
                        "lacks    {what}: {}, so that blank stay: {}\n         grant: {}\n",
                        output::printable(&right.right),
                        output::printable(&right.blank),
                        output::printable(&right.grant)
                    ));
                }
            }
            Outcome::Missing(problem) => text.push_str(&format!(
                "missing  {what}: [{}] {}\n         hint: {}\n",
                problem.code.name(),
                output::printable(&problem.message),
                output::printable(&problem.hint)
            )),
        }
    }
    text
}
