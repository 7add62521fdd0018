//! One task a managed cluster, two cadences in it: readings often, topology seldom and on demand.
//! A cluster waits for no other; each question has a deadline; after refusals the next comes later.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, Notify, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use waybill_broker::{Cluster, Reason, Refused};
use waybill_model::cluster::{MissingRight, Refusal};
use waybill_model::status::ComponentState;
use waybill_store::{Store, StoreError};

use super::keeper::{Keeper, Question};
use super::lines::Named;
use super::pace::Pace;
use super::tenure::Tenure;
use crate::clock;
use crate::health::Component;

/// One managed cluster.
pub struct Target {
    pub named: Named,
    pub cluster: Arc<dyn Cluster>,
    pub pace: Pace,
    /// Told after each answer and each refusal that is kept.
    pub on_polled: Arc<dyn Fn(&str) + Send + Sync>,
}

pub struct Schedule {
    target: Target,
    component: Component,
    keeper: Mutex<Keeper>,
    /// Asks for the topology before its time.
    wanted: Notify,
}

impl Schedule {
    pub fn new(target: Target, store: Store, component: Component) -> Self {
        let keeper = Keeper::new(target.named.clone(), store, target.pace);
        component.set(ComponentState::Degraded, Some("not read yet".into()));
        Self {
            target,
            component,
            keeper: Mutex::new(keeper),
            wanted: Notify::new(),
        }
    }

    /// Reads the topology now.
    pub fn want_topology(&self) {
        self.wanted.notify_one();
    }

    /// Until stopped. `holder` differs between processes.
    pub async fn run(self: Arc<Self>, store: Store, holder: String, stop: CancellationToken) {
        let (held, holds) = watch::channel(false);
        let tenure = Tenure {
            store,
            name: format!("poll {}", self.target.named.cluster),
            holder,
            length: self.target.pace.lease(),
        };
        tokio::join!(
            tenure.keep(held, stop.clone()),
            self.watch_tenure(holds.clone(), stop.clone()),
            self.repeat(Question::Readings, holds.clone(), stop.clone()),
            self.repeat(Question::Topology, holds, stop.clone()),
        );
        self.component.set(ComponentState::Off, None);
    }

    /// What another process wrote meanwhile is read before this one goes on.
    async fn watch_tenure(&self, mut holds: watch::Receiver<bool>, stop: CancellationToken) {
        loop {
            let holds_now = *holds.borrow_and_update();
            if !holds_now {
                self.keeper.lock().await.forget();
                self.component.set(ComponentState::Off, None);
            }
            tokio::select! {
                () = stop.cancelled() => return,
                changed = holds.changed() => if changed.is_err() { return },
            }
        }
    }

    async fn repeat(
        &self,
        question: Question,
        mut holds: watch::Receiver<bool>,
        stop: CancellationToken,
    ) {
        let mut refusals = 0;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                holding = holds.wait_for(|holds| *holds) => if holding.is_err() { return },
            }
            let began = Instant::now();
            let is_answered = tokio::select! {
                () = stop.cancelled() => return,
                is_answered = self.ask(question, &holds) => is_answered,
            };
            refusals = if is_answered { 0 } else { refusals + 1 };
            let wait = self.wait(question, refusals);
            let wanted = async {
                match question {
                    Question::Topology => self.wanted.notified().await,
                    Question::Readings => std::future::pending().await,
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = wanted => {}
                () = tokio::time::sleep_until(began + wait) => {}
            }
        }
    }

    fn wait(&self, question: Question, refusals: u32) -> Duration {
        let pace = &self.target.pace;
        match (question, refusals) {
            (Question::Readings, 0) => pace.readings_every,
            (Question::Topology, 0) => pace.topology_every,
            _ => pace.after_refusals(refusals, dice()),
        }
    }

    /// Whether it was answered.
    async fn ask(&self, question: Question, holds: &watch::Receiver<bool>) -> bool {
        let outcome = match question {
            Question::Readings => self.readings(holds).await,
            Question::Topology => self.topology(holds).await,
        };
        let is_answered = matches!(outcome, Ok(None));
        let saved = match outcome {
            Ok(None) => Ok(()),
            Ok(Some(refused)) => self.note_refusal(question, refused, holds).await,
            Err(error) => Err(error),
        };
        let cluster = &self.target.named.cluster;
        match saved {
            Ok(()) if *holds.borrow() => (self.target.on_polled)(cluster),
            Ok(()) => {}
            Err(error) => tracing::debug!(cluster, "what was read is not kept: {error}"),
        }
        self.tell().await;
        is_answered
    }

    /// `Some`: refused.
    async fn readings(&self, holds: &watch::Receiver<bool>) -> Result<Option<Refused>, StoreError> {
        let Some(observe) = self.target.cluster.observe() else {
            return Ok(Some(unobserved()));
        };
        let patience = self.target.pace.readings_patience;
        let told = self.within(patience, observe.readings(patience)).await;
        let readings = match told {
            Ok(readings) => readings,
            Err(refused) => return Ok(Some(refused)),
        };
        let mut keeper = self.keeper.lock().await;
        if *holds.borrow() {
            let was_refused = keeper.refused().is_some();
            keeper.take_readings(readings, clock::now()).await?;
            if was_refused || keeper.topology_is_behind() {
                self.want_topology();
            }
        }
        Ok(None)
    }

    async fn topology(&self, holds: &watch::Receiver<bool>) -> Result<Option<Refused>, StoreError> {
        let Some(observe) = self.target.cluster.observe() else {
            return Ok(Some(unobserved()));
        };
        let patience = self.target.pace.topology_patience;
        let told = self.within(patience, observe.topology(patience)).await;
        let topology = match told {
            Ok(topology) => topology,
            Err(refused) => return Ok(Some(refused)),
        };
        // Beside the topology: a refusal here leaves what was told of rights before.
        let rights = self
            .within(patience, observe.missing_rights(patience))
            .await;
        let mut keeper = self.keeper.lock().await;
        if *holds.borrow() {
            if let Ok(rights) = rights {
                keeper.take_rights(rights.into_iter().map(missing_right).collect());
            }
            keeper.take_topology(topology, clock::now()).await?;
        }
        Ok(None)
    }

    /// An adapter keeps its own deadline; one that does not costs its own cluster alone.
    async fn within<T>(
        &self,
        patience: Duration,
        told: impl Future<Output = Result<T, Refused>>,
    ) -> Result<T, Refused> {
        let longest = patience + self.target.pace.grace;
        match tokio::time::timeout(longest, told).await {
            Ok(told) => told,
            Err(_) => Err(Refused {
                reason: Reason::TooSlow,
                detail: format!("no answer in {} ms", longest.as_millis()),
                hint: "Look at what keeps the broker busy, or the way to it.".into(),
            }),
        }
    }

    async fn note_refusal(
        &self,
        question: Question,
        refused: Refused,
        holds: &watch::Receiver<bool>,
    ) -> Result<(), StoreError> {
        let mut keeper = self.keeper.lock().await;
        if !*holds.borrow() {
            return Ok(());
        }
        if keeper.refused().is_none() {
            let cluster = &self.target.named.cluster;
            tracing::warn!(cluster, reason = %refused.reason, detail = ?refused.detail, "cluster refuses");
        }
        keeper.take_refusal(question, refusal(refused)).await
    }

    /// In the status of this process.
    async fn tell(&self) {
        let keeper = self.keeper.lock().await;
        match keeper.refused() {
            Some(refused) => {
                let error = format!("{}: {}", refused.reason, refused.detail);
                self.component.set(ComponentState::Degraded, Some(error));
            }
            None => self.component.set(ComponentState::Ok, None),
        }
    }
}

fn unobserved() -> Refused {
    Refused {
        reason: Reason::Forbidden,
        detail: "its adapter does not read clusters".into(),
        hint: "Set managed = false: spans alone tell of it.".into(),
    }
}

fn refusal(refused: Refused) -> Refusal {
    Refusal {
        reason: refused.reason.to_string().replace(' ', "_"),
        detail: refused.detail,
        hint: refused.hint,
        at: clock::now(),
    }
}

fn missing_right(right: waybill_broker::MissingRight) -> MissingRight {
    MissingRight {
        right: right.right,
        blank: right.blank,
        grant: right.grant,
    }
}

/// 0 to 1.
fn dice() -> f64 {
    getrandom::u32().map_or(0.5, |number| f64::from(number) / f64::from(u32::MAX))
}

#[cfg(test)]
#[path = "schedule_tests/mod.rs"]
mod tests;
