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
use waybill_model::time::Timestamp;
use waybill_model::topology::{Readings, Topology};
use waybill_store::Store;

use super::evidence::TellsHeads;
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
    /// Who tells of single messages; `None`: nobody.
    pub heads: Option<Arc<dyn TellsHeads>>,
}

pub struct Schedule {
    target: Target,
    component: Component,
    keeper: Mutex<Keeper>,
    /// Asks for the topology before its time.
    wanted: Notify,
    /// Readings left something open.
    wondered: Notify,
}

impl Schedule {
    pub fn new(target: Target, store: Store, component: Component) -> Self {
        let keeper = Keeper::new(target.named.clone(), store, target.pace);
        Self {
            target,
            component,
            keeper: Mutex::new(keeper),
            wanted: Notify::new(),
            wondered: Notify::new(),
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
            self.look(holds.clone(), stop.clone()),
            self.ask_heads(stop.clone()),
            self.repeat(Question::Topology, holds, stop.clone()),
        );
        self.close(&mut *self.keeper.lock().await).await;
        self.component.set(ComponentState::Off, None);
    }

    /// What another process wrote meanwhile is read before this one goes on.
    async fn watch_tenure(&self, mut holds: watch::Receiver<bool>, stop: CancellationToken) {
        loop {
            let holds_now = *holds.borrow_and_update();
            if !holds_now {
                let mut keeper = self.keeper.lock().await;
                self.close(&mut keeper).await;
                keeper.forget();
                self.component.set(ComponentState::Off, None);
            }
            tokio::select! {
                () = stop.cancelled() => return,
                changed = holds.changed() => if changed.is_err() { return },
            }
        }
    }

    /// Looks now and then whether the topology is to be read before its time.
    async fn look(&self, holds: watch::Receiver<bool>, stop: CancellationToken) {
        let pace = &self.target.pace;
        let Some(observe) = self.target.cluster.observe() else {
            return;
        };
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pace.look_every) => {}
            }
            if !*holds.borrow() || self.keeper.lock().await.refused().is_some() {
                continue;
            }
            let patience = pace.readings_patience;
            let changed = tokio::select! {
                () = stop.cancelled() => return,
                changed = self.within(patience, observe.has_changed(patience)) => changed,
            };
            // A refusal is told by the questions that matter.
            if changed.unwrap_or(false) {
                self.want_topology();
            }
        }
    }

    /// Asks what readings left open, beside them: no reading waits for it.
    async fn ask_heads(&self, stop: CancellationToken) {
        let Some(heads) = &self.target.heads else {
            return;
        };
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.wondered.notified() => {}
            }
            let wonders = self.keeper.lock().await.wonders();
            let mut told = Vec::with_capacity(wonders.len());
            for wonder in wonders {
                let head = tokio::select! {
                    () = stop.cancelled() => return,
                    head = heads.head(&wonder) => head,
                };
                told.push((wonder, head));
            }
            if !told.is_empty() {
                self.keeper.lock().await.take_evidence(told, clock::now());
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
            // What is asked may be let go. What is kept may not: a transaction that is let go while it
            // begins stays open in its session, and holds up whoever takes over.
            let told = tokio::select! {
                () = stop.cancelled() => return,
                told = self.ask(question) => told,
            };
            let is_answered = told.answer.is_ok();
            self.keep(question, told, &holds).await;
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

    async fn ask(&self, question: Question) -> Told {
        let Some(observe) = self.target.cluster.observe() else {
            return Told::only(Err(unobserved()));
        };
        let pace = &self.target.pace;
        match question {
            Question::Readings => {
                let patience = pace.readings_patience;
                let told = self.within(patience, observe.readings(patience)).await;
                Told::only(told.map(Answer::Readings))
            }
            Question::Topology => {
                let patience = pace.topology_patience;
                let topology = self.within(patience, observe.topology(patience)).await;
                // Who may read nothing is told what to ask for; of whom nothing else is known, neither
                // are rights.
                let tells_rights = match &topology {
                    Ok(_) => true,
                    Err(refused) => refused.reason == Reason::Forbidden,
                };
                let rights = match tells_rights {
                    true => {
                        let rights = observe.missing_rights(patience);
                        self.within(patience, rights).await.ok()
                    }
                    false => None,
                };
                Told {
                    answer: topology.map(Answer::Topology),
                    rights,
                }
            }
        }
    }

    async fn keep(&self, question: Question, told: Told, holds: &watch::Receiver<bool>) {
        let mut keeper = self.keeper.lock().await;
        if !*holds.borrow() {
            // Another process reads the cluster by now.
            return;
        }
        let cluster = &self.target.named.cluster;
        let was_refused = keeper.refused().is_some();
        let readings_were = keeper.refuses(Question::Readings);
        let now = clock::now();
        if let Some(rights) = told.rights {
            keeper.take_rights(rights.into_iter().map(missing_right).collect());
        }
        let kept = match told.answer {
            Ok(Answer::Readings(readings)) => keeper.take_readings(readings, now).await,
            Ok(Answer::Topology(topology)) => keeper.take_topology(topology, now).await,
            Err(refused) => {
                if !was_refused {
                    let (reason, detail) = (refused.reason, &refused.detail);
                    tracing::warn!(cluster, %reason, ?detail, "cluster refuses");
                }
                keeper.take_refusal(question, refusal(refused, now)).await
            }
        };
        if question == Question::Readings {
            self.wondered.notify_one();
        }
        match kept {
            Ok(()) => (self.target.on_polled)(cluster),
            Err(error) => tracing::debug!(cluster, "what was read is not kept: {error}"),
        }
        // Back again, or telling of more than is known.
        let is_back = readings_were && !keeper.refuses(Question::Readings);
        if is_back || (question == Question::Readings && keeper.topology_is_behind(now)) {
            self.want_topology();
        }
        self.tell(&keeper);
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

    /// In the status of this process.
    fn tell(&self, keeper: &Keeper) {
        match keeper.refused() {
            Some(refused) => {
                let error = format!("{}: {}", refused.reason, refused.detail);
                self.component.set(ComponentState::Down, Some(error));
            }
            None => self.component.set(ComponentState::Ok, None),
        }
    }

    async fn close(&self, keeper: &mut Keeper) {
        if let Err(error) = keeper.close().await {
            let cluster = &self.target.named.cluster;
            tracing::debug!(cluster, "a part of a minute is lost: {error}");
        }
    }
}

/// What was told to a question.
struct Told {
    answer: Result<Answer, Refused>,
    /// `None`: what was told of them before stays.
    rights: Option<Vec<waybill_broker::MissingRight>>,
}

enum Answer {
    Readings(Readings),
    Topology(Topology),
}

impl Told {
    fn only(answer: Result<Answer, Refused>) -> Self {
        Self {
            answer,
            rights: None,
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

fn refusal(refused: Refused, at: Timestamp) -> Refusal {
    Refusal {
        reason: refused.reason.to_string().replace(' ', "_"),
        detail: refused.detail,
        hint: refused.hint,
        at,
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
