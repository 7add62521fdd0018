//! Asks a cluster: whichever name server or controller answers, or the very broker that must.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::settings::RocketSettings;
use super::wire::command::{Answer, Request, said};
use super::wire::connection::Access;
use super::wire::dial::{Role, Target};
use super::wire::failure::Failure;
use super::wire::pool::Pool;
use crate::adapter::{Reason, refuse};
use crate::tls::Tls;

pub(super) struct Client {
    pub(super) namesrv: Vec<Target>,
    pub(super) controllers: Vec<Target>,
    /// Remoting ports of proxies.
    pub(super) proxies: Vec<Target>,
    /// Where clients without OpenTelemetry leave their traces.
    pub(super) trace_topic: String,
    access: Arc<Access>,
    /// Three connections a server: a long answer about topology must not hold up a reading, and who
    /// looks at messages must not hold up either.
    quick: Pool,
    slow: Pool,
    look: Pool,
    known: Mutex<Known>,
}

#[derive(Clone, Default)]
struct Known {
    /// Replaced as a whole, so that who reads holds no lock.
    brokers: Option<Arc<Brokers>>,
    /// Who answered the last question that any of them could answer.
    answering: BTreeMap<&'static str, Target>,
}

/// The brokers that name servers tell of, by name and id; the master has id 0, and a group without a
/// master is not told at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Brokers {
    pub(super) groups: BTreeMap<String, BTreeMap<i64, String>>,
}

impl Brokers {
    pub(super) fn all(&self) -> impl Iterator<Item = Target> + '_ {
        self.groups.iter().flat_map(|(name, replicas)| {
            let replicas = replicas.iter();
            replicas.map(|(id, address)| Target::broker(name, *id, address))
        })
    }
}

impl Client {
    pub(super) fn new(settings: RocketSettings, tls: Option<Tls>) -> Self {
        let access = Arc::new(Access {
            tls,
            account: settings.account,
            limits: settings.limits,
        });
        let targets = |role: Role, addresses: &[String]| {
            let addresses = addresses.iter();
            addresses
                .map(|address| Target::new(role.clone(), address))
                .collect()
        };
        Self {
            namesrv: targets(Role::NameServer, &settings.namesrv),
            controllers: targets(Role::Controller, &settings.controllers),
            proxies: targets(Role::Proxy, &settings.proxies),
            trace_topic: settings.trace_topic,
            quick: Pool::new(access.clone()),
            slow: Pool::new(access.clone()),
            look: Pool::new(access.clone()),
            access,
            known: Mutex::default(),
        }
    }

    /// For readings.
    pub(super) fn quickly(&self, patience: Duration) -> Session<'_> {
        self.session(&self.quick, patience)
    }

    /// For topology.
    pub(super) fn slowly(&self, patience: Duration) -> Session<'_> {
        self.session(&self.slow, patience)
    }

    /// For stored messages.
    pub(super) fn browsing(&self, patience: Duration) -> Session<'_> {
        self.session(&self.look, patience)
    }

    /// Who the cluster takes us for, where the settings tell.
    pub(super) fn user(&self) -> Option<&str> {
        let account = self.access.account.as_ref();
        account.map(|account| account.access_key.as_str())
    }

    /// As they were told last; `None`: never yet.
    pub(super) fn brokers(&self) -> Option<Arc<Brokers>> {
        self.locked().brokers.clone()
    }

    /// Connections to addresses that nobody tells of any more are closed.
    pub(super) fn learn_brokers(&self, brokers: Arc<Brokers>) {
        let listed = [&self.namesrv, &self.controllers, &self.proxies];
        let stays = |address: &str| {
            let of_settings = listed.iter().flat_map(|targets| targets.iter());
            of_settings
                .map(|t| t.address.as_str())
                .any(|a| a == address)
                || brokers
                    .groups
                    .values()
                    .flat_map(BTreeMap::values)
                    .any(|a| a == address)
        };
        for pool in [&self.quick, &self.slow, &self.look] {
            pool.retain(stays);
        }
        self.locked().brokers = Some(brokers);
    }

    fn session<'a>(&'a self, pool: &'a Pool, patience: Duration) -> Session<'a> {
        Session {
            client: self,
            pool,
            deadline: Instant::now() + patience,
        }
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

    /// This server, no other; an answer that says anything but success is a failure.
    pub(super) async fn ask(&self, target: &Target, request: &Request) -> Result<Answer, Failure> {
        let answer = self.ask_plainly(target, request).await?;
        match answer.code {
            said::SUCCESS => Ok(answer),
            _ => Err(Failure::said(&answer)),
        }
    }

    /// This server, no other; whatever code it answers with, but for those that are about who we
    /// are, what we may and what it knows at all.
    pub(super) async fn ask_plainly(
        &self,
        target: &Target,
        request: &Request,
    ) -> Result<Answer, Failure> {
        self.pool.ask(target, self.deadline, request).await
    }

    /// Whichever name server answers.
    ///
    /// # Errors
    /// As [`Self::ask`], the most telling of what they said.
    pub(super) async fn ask_name_server(&self, request: &Request) -> Result<Answer, Failure> {
        self.ask_any("namesrv", &self.client.namesrv, request).await
    }

    /// The one that answered last comes first, so that one that hangs is not waited for again. Wrong
    /// credentials are told at once: trying them everywhere would lock users out where somebody
    /// counts. A code that a server gives is its answer: all of them are told the same.
    async fn ask_any(
        &self,
        setting: &'static str,
        targets: &[Target],
        request: &Request,
    ) -> Result<Answer, Failure> {
        let answering = self.client.locked().answering.get(setting).cloned();
        let mut candidates: Vec<&Target> = targets.iter().collect();
        candidates.sort_by_key(|target| answering.as_ref() != Some(target));
        let mut told: Option<Failure> = None;
        for (at, target) in candidates.iter().enumerate() {
            // One that does not answer must leave time for the others.
            let is_last = at + 1 == candidates.len();
            let share = if is_last { 1.0 } else { 0.5 };
            let failure = match self.within(share).ask(target, request).await {
                Ok(answer) => {
                    let mut known = self.client.locked();
                    known.answering.insert(setting, (*target).clone());
                    return Ok(answer);
                }
                Err(failure) => failure,
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
            let detail = format!("there is no address to ask: `{setting}` is empty");
            let hint = "Name them in the settings of the cluster.";
            refuse(Reason::Unreachable, detail, hint).into()
        }))
    }
}

/// Says less than a refusal by somebody who is there.
fn is_mere_silence(failure: &Failure) -> bool {
    matches!(
        failure,
        Failure::Refused(refused) if matches!(refused.reason, Reason::Unreachable | Reason::TooSlow)
    )
}
