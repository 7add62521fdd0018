//! THE list of background tasks. Each re-reads the state, is woken by a timer, and shows in the
//! status under its name.

use std::time::Duration;

use waybill_model::problem::{Code, Problem};
use waybill_model::status::ComponentState;
use waybill_store::{RetentionPolicy, Store};

use super::Core;
use crate::api::events::Event;
use crate::clock;
use crate::config::{Config, ProcessRole, Retention};
use crate::database::store_problem;
use crate::health::Health;
use crate::query::finder::Finder;
use crate::tasks::{Next, Tasks};

const PING: Duration = Duration::from_secs(1);
const PING_PATIENCE: Duration = Duration::from_secs(3);
const MERGE: Duration = Duration::from_secs(1);
const FIND: Duration = Duration::from_millis(250);
const HOUSEKEEPING: Duration = Duration::from_secs(600);

pub(super) fn start(tasks: &Tasks, config: &Config, core: &Core, health: &Health) {
    let store = core.store.clone();
    tasks.every(
        health.component("database"),
        PING,
        ComponentState::Down,
        move || ping(store.clone()),
    );
    if !config.has_role(ProcessRole::Ingest) {
        return;
    }
    let store = core.store.clone();
    tasks.every(
        health.component("partitions"),
        HOUSEKEEPING,
        ComponentState::Degraded,
        move || partitions(store.clone()),
    );
    let store = core.store.clone();
    tasks.every(
        health.component("merger"),
        MERGE,
        ComponentState::Degraded,
        move || merge(store.clone()),
    );
    let store = core.store.clone();
    let policy = policy(&config.retention);
    tasks.every(
        health.component("retention"),
        HOUSEKEEPING,
        ComponentState::Degraded,
        move || retain(store.clone(), policy),
    );
    find(tasks, core, health);
}

/// The finder keeps a memory between its steps, so it is lent to each and taken back.
fn find(tasks: &Tasks, core: &Core, health: &Health) {
    let (query, events) = (core.query.clone(), core.events.clone());
    let finder = std::sync::Arc::new(tokio::sync::Mutex::new(None));
    tasks.every(
        health.component("finder"),
        FIND,
        ComponentState::Degraded,
        move || {
            let (query, events, finder) = (query.clone(), events.clone(), finder.clone());
            async move {
                let mut finder = finder.lock().await;
                let finder: &mut Finder = match &mut *finder {
                    Some(finder) => finder,
                    none => none.insert(Finder::resume(query, clock::now()).await?),
                };
                let found = finder.step(clock::now()).await?;
                if found.blocks > 0 {
                    events.send(Event::Spans);
                }
                for id in found.journeys {
                    events.send(Event::Troubled { id });
                }
                Ok(match found.more {
                    true => Next::AtOnce,
                    false => Next::AfterPeriod,
                })
            }
        },
    );
}

/// What /readyz tells of the database.
async fn ping(store: Store) -> Result<Next, Problem> {
    match tokio::time::timeout(PING_PATIENCE, store.ping()).await {
        Ok(answer) => answer.map_err(store_problem)?,
        Err(_) => {
            return Err(Problem::new(
                Code::StoreUnavailable,
                format!("no answer in {} s", PING_PATIENCE.as_secs()),
                "Look at the database.",
            ));
        }
    }
    Ok(Next::AfterPeriod)
}

/// Tables of tomorrow, before midnight needs them.
async fn partitions(store: Store) -> Result<Next, Problem> {
    store
        .ensure_partitions(clock::now())
        .await
        .map_err(store_problem)?;
    Ok(Next::AfterPeriod)
}

async fn merge(store: Store) -> Result<Next, Problem> {
    let merged = store.merge_once().await.map_err(store_problem)?;
    Ok(match merged.segments > 0 {
        true => Next::AtOnce,
        false => Next::AfterPeriod,
    })
}

async fn retain(store: Store, policy: RetentionPolicy) -> Result<Next, Problem> {
    let retained = store.retention_once(policy).await.map_err(store_problem)?;
    if !retained.dropped_days.is_empty() {
        tracing::info!(
            days = retained.dropped_days.join(", "),
            "days dropped by retention"
        );
    }
    if retained.dropped_troubled > 0 {
        tracing::info!(
            journeys = retained.dropped_troubled,
            "rows of troubled journeys dropped by retention"
        );
    }
    Ok(match retained.more {
        true => Next::AtOnce,
        false => Next::AfterPeriod,
    })
}

fn policy(retention: &Retention) -> RetentionPolicy {
    RetentionPolicy {
        age: Some(retention.spans),
        troubled: Some(retention.troubled),
        max_disk: Some(retention.max_disk_bytes),
    }
}
