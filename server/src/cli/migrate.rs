//! `waybill migrate`: applies what waits, or lists it.

use std::process::ExitCode;

use waybill_model::problem::Problem;

use super::{Source, output};
use crate::database::{Database, store_problem};

pub async fn run(source: &Source, check: bool) -> Result<ExitCode, Problem> {
    let database = Database::open(&source.load()?).await?;
    let done = match check {
        true => list(&database).await,
        false => apply(&database).await,
    };
    database.close().await?;
    done
}

async fn list(database: &Database) -> Result<ExitCode, Problem> {
    let pending = database
        .store()
        .pending_migrations()
        .await
        .map_err(store_problem)?;
    for name in &pending {
        output::print(&format!("{name}\n"));
    }
    Ok(match pending.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

async fn apply(database: &Database) -> Result<ExitCode, Problem> {
    let migrated = database.store().migrate().await.map_err(store_problem)?;
    for name in &migrated.applied {
        output::print(&format!("applied {name}\n"));
    }
    output::print(&format!(
        "the database is at version {}\n",
        migrated.version
    ));
    Ok(ExitCode::SUCCESS)
}
