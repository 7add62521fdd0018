//! A connection a node, opened when it is needed and again after it broke, not more often than a
//! broker in trouble can bear.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::allowed::ReadOnly;
use super::connection::{Access, Connection};
use super::dial::Target;
use super::failure::Failure;
use super::transport_failure;
use crate::adapter::{Reason, Refused};
use crate::pause;

/// Silence of a node that was given less than this says nothing about it: its asker had spent the
/// time on others.
const FAIR: Duration = Duration::from_millis(500);

pub(in crate::kafka) struct Pool {
    access: Arc<Access>,
    slots: Mutex<HashMap<Key, Arc<tokio::sync::Mutex<Slot>>>>,
    first_pause: Duration,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Node(i32),
    Address(String),
}

/// Held while a request is under way: one at a time.
#[derive(Default)]
struct Slot {
    connection: Option<Connection>,
    failures: u32,
    last: Option<Broken>,
    /// Where somebody has answered as a broker does.
    proven: Option<String>,
}

struct Broken {
    address: String,
    refused: Refused,
    not_before: Instant,
}

impl Pool {
    pub(in crate::kafka) fn new(access: Arc<Access>) -> Self {
        Self {
            access,
            slots: Mutex::new(HashMap::new()),
            first_pause: pause::FIRST,
        }
    }

    /// For a test that must be sure that a node still rests.
    #[cfg(test)]
    pub(super) fn resting(self, first_pause: Duration) -> Self {
        Self {
            first_pause,
            ..self
        }
    }

    /// # Errors
    /// As [`Connection::ask`]. While a node rests after a failure, that failure again.
    pub(in crate::kafka) async fn ask<R: ReadOnly>(
        &self,
        target: &Target,
        deadline: Instant,
        build: impl Fn(i16) -> R,
    ) -> Result<R::Answer, Failure> {
        let given = deadline.saturating_duration_since(Instant::now());
        if given.is_zero() {
            return Err(transport_failure::no_time_left(target, R::API.name).into());
        }
        let slot = self.slot(target);
        let mut slot = self.turn(&slot, target, deadline).await?;
        let kept = slot.take_kept(target);
        let was_kept = kept.is_some();
        let mut connection = match kept {
            Some(connection) => connection,
            None => self.open(&mut slot, target, deadline).await?,
        };
        let mut answer = connection.ask(deadline, &build).await;
        // A kept connection may have been closed long ago; that tells nothing about the broker.
        if was_kept
            && matches!(&answer, Err(Failure::Refused(r)) if r.reason == Reason::Unreachable)
        {
            connection = self.open(&mut slot, target, deadline).await?;
            answer = connection.ask(deadline, &build).await;
        }
        match &answer {
            Err(Failure::Refused(refused)) if is_fair(refused, given) => {
                slot.rest(target, refused.clone(), self.first_pause);
            }
            // What it may still answer is nobody's: the connection is not used again.
            Err(Failure::Refused(_)) => {}
            _ => slot.keep(connection),
        }
        answer
    }

    /// Which version of a request a node and we agree on.
    pub(in crate::kafka) async fn version<R: ReadOnly>(
        &self,
        target: &Target,
        deadline: Instant,
    ) -> Result<i16, Failure> {
        let slot = self.slot(target);
        let mut slot = self.turn(&slot, target, deadline).await?;
        let connection = match slot.take_kept(target) {
            Some(connection) => connection,
            None => self.open(&mut slot, target, deadline).await?,
        };
        let version = connection.version(R::API);
        slot.keep(connection);
        version
    }

    /// Forgets nodes that the cluster no longer has.
    pub(in crate::kafka) fn retain_nodes(&self, has: impl Fn(i32) -> bool) {
        self.lock().retain(|key, _| match key {
            Key::Node(node) => has(*node),
            Key::Address(_) => true,
        });
    }

    fn slot(&self, target: &Target) -> Arc<tokio::sync::Mutex<Slot>> {
        let key = match target.node {
            Some(node) => Key::Node(node),
            None => Key::Address(target.address.clone()),
        };
        self.lock().entry(key).or_default().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Arc<tokio::sync::Mutex<Slot>>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn turn<'a>(
        &self,
        slot: &'a tokio::sync::Mutex<Slot>,
        target: &Target,
        deadline: Instant,
    ) -> Result<tokio::sync::MutexGuard<'a, Slot>, Refused> {
        let began = Instant::now();
        timeout_at(deadline, slot.lock()).await.map_err(|_| {
            transport_failure::too_slow(target, "the requests before", began.elapsed())
        })
    }

    async fn open(
        &self,
        slot: &mut Slot,
        target: &Target,
        deadline: Instant,
    ) -> Result<Connection, Refused> {
        if let Some(broken) = &slot.last
            && broken.address == target.address
            && Instant::now() < broken.not_before
        {
            return Err(broken.refused.clone());
        }
        let given = deadline.saturating_duration_since(Instant::now());
        let opened = Connection::open(self.access.clone(), target.clone(), deadline).await;
        let opened = opened.map_err(|refused| slot.in_hindsight(target, refused));
        if let Err(refused) = &opened
            && is_fair(refused, given)
        {
            slot.rest(target, refused.clone(), self.first_pause);
        }
        opened
    }
}

impl Slot {
    /// Out of the slot while in use: if the caller is cancelled, it is gone and not half read.
    fn take_kept(&mut self, target: &Target) -> Option<Connection> {
        self.connection
            .take()
            .filter(|kept| kept.target.address == target.address && kept.lasts())
    }

    /// Where a broker has answered before, silence is no other protocol: the broker is down, and
    /// what stands before it (a proxy, a balancer) accepts connections all the same.
    fn in_hindsight(&self, target: &Target, refused: Refused) -> Refused {
        let was_here = self.proven.as_ref() == Some(&target.address);
        match refused.reason {
            Reason::NotThisProtocol if was_here => Refused {
                reason: Reason::Unreachable,
                hint:
                    "A broker answered here before: it is down, or no longer behind this address."
                        .into(),
                ..refused
            },
            _ => refused,
        }
    }

    fn keep(&mut self, connection: Connection) {
        if self.proven.as_ref() != Some(&connection.target.address) {
            self.proven = Some(connection.target.address.clone());
        }
        self.connection = Some(connection);
        self.failures = 0;
        self.last = None;
    }

    fn rest(&mut self, target: &Target, refused: Refused, first: Duration) {
        self.last = Some(Broken {
            address: target.address.clone(),
            refused,
            not_before: Instant::now() + pause::after(first, self.failures),
        });
        self.failures = self.failures.saturating_add(1);
    }
}

fn is_fair(refused: &Refused, given: Duration) -> bool {
    refused.reason != Reason::TooSlow || given >= FAIR
}
