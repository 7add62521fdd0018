//! Asks a cluster: whichever node answers, or the very one that must.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::cluster_map::{ClusterMap, GroupMap, Lows};
use super::settings::KafkaSettings;
use super::wire::allowed::ReadOnly;
use super::wire::connection::Access;
use super::wire::dial::Target;
use super::wire::failure::Failure;
use super::wire::pool::Pool;
use crate::adapter::{Reason, Refused};
use crate::tls::Tls;

pub(super) struct Client {
    pub(super) bootstrap: Vec<String>,
    access: Arc<Access>,
    /// Three connections a node: a long answer about topology must not hold up a reading, and who
    /// looks at messages must not hold up either.
    quick: Pool,
    slow: Pool,
    look: Pool,
    known: Mutex<Known>,
}

/// Replaced as wholes, so that who reads holds no lock.
#[derive(Clone, Default)]
pub(super) struct Known {
    pub(super) map: Option<Arc<ClusterMap>>,
    pub(super) groups: Option<Arc<GroupMap>>,
    pub(super) lows: Arc<Lows>,
    /// Who answered the last question that any node could answer.
    answering: Option<Target>,
}

impl Client {
    pub(super) fn new(settings: KafkaSettings, tls: Option<Tls>) -> Self {
        let access = Arc::new(Access {
            client_id: settings.client_id,
            tls,
            sasl: settings.sasl,
            limits: settings.limits,
        });
        Self {
            bootstrap: settings.bootstrap,
            quick: Pool::new(access.clone()),
            slow: Pool::new(access.clone()),
            look: Pool::new(access.clone()),
            access,
            known: Mutex::default(),
        }
    }

    pub(super) fn quickly(&self, patience: Duration) -> Session<'_> {
        self.session(&self.quick, patience)
    }

    pub(super) fn slowly(&self, patience: Duration) -> Session<'_> {
        self.session(&self.slow, patience)
    }

    /// For stored messages.
    pub(super) fn browsing(&self, patience: Duration) -> Session<'_> {
        self.session(&self.look, patience)
    }

    /// What one request may take.
    pub(super) fn longest_request(&self) -> Duration {
        self.access.limits.request
    }

    fn session<'a>(&'a self, pool: &'a Pool, patience: Duration) -> Session<'a> {
        Session {
            client: self,
            pool,
            deadline: Instant::now() + patience,
        }
    }

    /// Who the broker takes us for, where the settings tell.
    pub(super) fn user(&self) -> Option<&str> {
        self.access.sasl.as_ref().and_then(|sasl| sasl.user())
    }

    pub(super) fn known(&self) -> Known {
        self.locked().clone()
    }

    pub(super) fn learn_map(&self, map: Arc<ClusterMap>) {
        for pool in [&self.quick, &self.slow, &self.look] {
            pool.retain_nodes(|node| map.nodes.contains_key(&node));
        }
        self.locked().map = Some(map);
    }

    pub(super) fn learn_groups(&self, groups: Arc<GroupMap>) {
        self.locked().groups = Some(groups);
    }

    pub(super) fn learn_lows(&self, lows: Lows) {
        self.locked().lows = Arc::new(lows);
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Several questions under one deadline.
#[derive(Clone, Copy)]
pub(super) struct Session<'a> {
    pub(super) client: &'a Client,
    pool: &'a Pool,
    deadline: Instant,
}

impl Session<'_> {
    pub(super) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// The same with only a share of what time is left.
    pub(super) fn within(self, share: f64) -> Self {
        let left = self.deadline.saturating_duration_since(Instant::now());
        Self {
            deadline: Instant::now() + left.mul_f64(share),
            ..self
        }
    }

    /// One node, no other.
    pub(super) async fn ask<R: ReadOnly>(
        &self,
        target: &Target,
        build: impl Fn(i16) -> R,
    ) -> Result<R::Answer, Failure> {
        self.pool.ask(target, self.deadline, build).await
    }

    pub(super) async fn version<R: ReadOnly>(&self, target: &Target) -> Result<i16, Failure> {
        self.pool.version::<R>(target, self.deadline).await
    }

    /// The node of `map`, or a failure that says that the cluster no longer has it.
    pub(super) fn node(&self, map: &ClusterMap, node: i32) -> Result<Target, Failure> {
        map.target(node).ok_or_else(|| {
            Failure::Refused(Refused {
                reason: Reason::Unreachable,
                detail: format!("node {node} is not among the nodes of the cluster now"),
                hint: "It is down, or was removed.".into(),
            })
        })
    }

    /// Whichever node answers: those that are known, then the addresses of the settings.
    ///
    /// # Errors
    /// The most telling of what the nodes said. Wrong credentials are told at once: trying them on
    /// every node would lock users out where somebody counts.
    pub(super) async fn ask_any<R: ReadOnly>(
        &self,
        build: impl Fn(i16) -> R,
    ) -> Result<R::Answer, Failure> {
        let mut told: Option<Failure> = None;
        let candidates = self.candidates();
        for (at, target) in candidates.iter().enumerate() {
            // One that does not answer must leave time for the others.
            let is_last = at + 1 == candidates.len();
            let share = if is_last { 1.0 } else { 0.5 };
            let answer = self.within(share).ask(target, &build).await;
            let Err(failure) = answer else {
                self.client.locked().answering = Some(target.clone());
                return answer;
            };
            match &failure {
                Failure::Refused(refused) if refused.reason != Reason::WrongCredentials => {}
                _ => return Err(failure),
            }
            if told.as_ref().is_none_or(is_mere_silence) {
                told = Some(failure);
            }
        }
        Err(told.unwrap_or_else(|| {
            Failure::Refused(Refused {
                reason: Reason::Unreachable,
                detail: "there is no address to ask".into(),
                hint: "Set `bootstrap` in the settings of the cluster.".into(),
            })
        }))
    }

    /// The one that answered last comes first, so that a node that hangs is not waited for again.
    fn candidates(&self) -> Vec<Target> {
        let known = self.client.known();
        let nodes = known
            .map
            .iter()
            .flat_map(|map| map.nodes.keys().filter_map(|node| map.target(*node)));
        let listed = self.client.bootstrap.iter().map(|address| Target {
            node: None,
            address: address.clone(),
        });
        let mut candidates: Vec<Target> = nodes.chain(listed).collect();
        candidates.sort_by_key(|target| known.answering.as_ref() != Some(target));
        candidates
    }
}

/// Says less than a refusal by somebody who is there.
fn is_mere_silence(failure: &Failure) -> bool {
    matches!(
        failure,
        Failure::Refused(refused) if matches!(refused.reason, Reason::Unreachable | Reason::TooSlow)
    )
}
