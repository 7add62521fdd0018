//! A cluster that does what a test says: topology, readings, stored messages, delays and refusals,
//! changed while it is asked. It keeps to the contracts of [`Observe`] and [`Browse`] unless the
//! script says otherwise.

mod adapter;
pub(crate) mod posture;
mod read;
mod script;
mod shelf;
mod traces;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use waybill_model::time::Timestamp;
use waybill_model::topology::{Readings, Topology};

use crate::adapter::{Cluster, MissingRight, Observe, Reason, Refused};
use crate::browse::Browse;
use crate::traces::NativeTraces;

pub use adapter::{Sims, adapter};
pub use script::{Asked, Flow, Script, depth, partition, queue, topic};
pub use shelf::{SimPartition, SimShelf, stored};

/// Cheap to clone: all clones are one cluster.
#[derive(Clone, Default)]
pub struct Sim {
    state: Arc<Mutex<State>>,
    /// For readings that wait at the end.
    changed: Arc<tokio::sync::Notify>,
}

#[derive(Default)]
struct State {
    script: Script,
    asked: Asked,
    /// As last told.
    told: Option<Topology>,
}

impl Sim {
    pub fn new(script: Script) -> Self {
        Self {
            state: Arc::new(Mutex::new(State {
                script,
                ..State::default()
            })),
            changed: Arc::default(),
        }
    }

    /// From the next question on. A question that waits has its answer already; a reading of stored
    /// messages sees it at its next message.
    pub fn change(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.state().script);
        self.changed.notify_waiters();
    }

    /// How often it was asked, refusals counted.
    pub fn asked(&self) -> Asked {
        self.state().asked
    }

    /// Refuses everything from now on, as a broker that is gone.
    pub fn go_down(&self) {
        self.change(|script| {
            script.refusal = Some(Refused {
                reason: Reason::Unreachable,
                detail: "127.0.0.1:1: connection refused".into(),
                hint: "Start it, or correct its address.".into(),
            });
        });
    }

    pub fn come_back(&self) {
        self.change(|script| {
            script.refusal = None;
            script.delay = Duration::ZERO;
            script.hangs = false;
        });
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer<T>(
        &self,
        patience: Duration,
        take: impl FnOnce(&mut State) -> T,
    ) -> Result<T, Refused> {
        let (answer, delay, refusal, hangs) = {
            let mut state = self.state();
            let answer = take(&mut state);
            let script = &state.script;
            (answer, script.delay, script.refusal.clone(), script.hangs)
        };
        if hangs {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(delay.min(patience)).await;
        match refusal {
            Some(refusal) => Err(refusal),
            None if delay > patience => Err(Refused {
                reason: Reason::TooSlow,
                detail: format!("127.0.0.1:1: no answer in {} ms", patience.as_millis()),
                hint: "Look at what keeps the broker busy.".into(),
            }),
            None => Ok(answer),
        }
    }
}

impl Cluster for Sim {
    fn addresses(&self) -> Vec<String> {
        vec!["127.0.0.1:1".to_owned()]
    }

    fn observe(&self) -> Option<&dyn Observe> {
        Some(self)
    }

    fn browse(&self) -> Option<&dyn Browse> {
        Some(self)
    }

    fn native_traces(&self) -> Option<&dyn NativeTraces> {
        let writes = self.state().script.native_traces.is_some();
        writes.then_some(self as &dyn NativeTraces)
    }
}

#[async_trait]
impl Observe for Sim {
    async fn topology(&self, patience: Duration) -> Result<Topology, Refused> {
        self.answer(patience, |state| {
            state.asked.topology += 1;
            state.told = Some(state.script.topology.clone());
            state.script.topology.clone()
        })
        .await
    }

    async fn has_changed(&self, patience: Duration) -> Result<bool, Refused> {
        self.answer(patience, |state| {
            state.asked.looks += 1;
            state
                .told
                .as_ref()
                .is_some_and(|told| *told != state.script.topology)
        })
        .await
    }

    /// Each reading is of now, commits before heads, whatever time the script gave it.
    async fn readings(&self, patience: Duration) -> Result<Readings, Refused> {
        let told = self.answer(patience, |state| {
            state.asked.readings += 1;
            state.script.flow(std::time::Instant::now());
            state.script.readings.clone()
        });
        let mut readings = told.await?;
        let at = now();
        readings.commits.set_time(at);
        let at = now();
        readings.heads.iter_mut().for_each(|head| head.at = at);
        readings.depths.iter_mut().for_each(|depth| depth.at = at);
        Ok(readings)
    }

    async fn missing_rights(&self, patience: Duration) -> Result<Vec<MissingRight>, Refused> {
        self.answer(patience, |state| {
            state.asked.missing_rights += 1;
            state.script.missing_rights.clone()
        })
        .await
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_unix_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
