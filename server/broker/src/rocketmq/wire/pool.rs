//! A connection an address, opened when it is needed and again after it broke, not more often than a
//! server in trouble can bear. Servers close what was silent for two minutes
//! (`serverChannelMaxIdleTimeSeconds`): a kept connection that is gone tells nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::command::{Answer, Request};
use super::connection::{Access, Connection};
use super::dial::Target;
use super::failure::Failure;
use super::transport_failure::{self, Stage};
use crate::adapter::{Reason, Refused};
use crate::pause;

/// Silence of a server that was given less than this says nothing about it: its asker had spent the
/// time on others.
const FAIR: Duration = Duration::from_millis(500);

pub(in crate::rocketmq) struct Pool {
    access: Arc<Access>,
    slots: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Slot>>>>,
    first_pause: Duration,
}

/// Held while a request is under way: one at a time.
#[derive(Default)]
struct Slot {
    connection: Option<Connection>,
    failures: u32,
    last: Option<Broken>,
    /// Somebody has answered here in our protocol.
    is_proven: bool,
}

struct Broken {
    refused: Refused,
    not_before: Instant,
}

impl Pool {
    pub(in crate::rocketmq) fn new(access: Arc<Access>) -> Self {
        Self {
            access,
            slots: Mutex::new(HashMap::new()),
            first_pause: pause::FIRST,
        }
    }

    /// For a test that must be sure that a server still rests.
    #[cfg(test)]
    pub(super) fn resting(self, first_pause: Duration) -> Self {
        Self {
            first_pause,
            ..self
        }
    }

    /// The answer with whatever code it has, but for one that says that we or our rights are not
    /// accepted.
    ///
    /// # Errors
    /// There was no answer, or it was such a code. While a server rests after a failure, that failure
    /// again.
    pub(in crate::rocketmq) async fn ask(
        &self,
        target: &Target,
        deadline: Instant,
        request: &Request,
    ) -> Result<Answer, Failure> {
        let given = deadline.saturating_duration_since(Instant::now());
        if given.is_zero() {
            return Err(transport_failure::no_time_left(target, request.code.name).into());
        }
        let slot = self.slot(&target.address);
        let mut slot = self.turn(&slot, target, deadline).await?;
        // Out of the slot while in use: if the caller is cancelled, it is gone and not half read.
        let kept = slot.connection.take();
        let was_kept = kept.is_some();
        let mut connection = match kept {
            Some(connection) => connection,
            None => self.open(&mut slot, target, deadline).await?,
        };
        let mut answer = connection.ask(deadline, request).await;
        if was_kept && matches!(&answer, Err(refused) if refused.reason == Reason::Unreachable) {
            connection = self.open(&mut slot, target, deadline).await?;
            answer = connection.ask(deadline, request).await;
        }
        match answer {
            Ok(answer) => {
                slot.keep(connection);
                match Failure::of(request.code, target, &answer) {
                    Failure::Said { .. } => Ok(answer),
                    failure => Err(failure),
                }
            }
            Err(refused) => {
                let refused = slot.in_hindsight(refused);
                // What it may still answer is nobody's: the connection is not used again.
                if is_fair(&refused, given) && refused.reason != Reason::Forbidden {
                    slot.rest(refused.clone(), self.first_pause);
                }
                Err(refused.into())
            }
        }
    }

    /// Forgets addresses that the cluster no longer has.
    pub(in crate::rocketmq) fn retain(&self, has: impl Fn(&str) -> bool) {
        self.lock().retain(|address, _| has(address));
    }

    fn slot(&self, address: &str) -> Arc<tokio::sync::Mutex<Slot>> {
        self.lock().entry(address.to_owned()).or_default().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<tokio::sync::Mutex<Slot>>>> {
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
            let what = "the requests before";
            transport_failure::too_slow(target, Stage::Request, what, began.elapsed())
        })
    }

    async fn open(
        &self,
        slot: &mut Slot,
        target: &Target,
        deadline: Instant,
    ) -> Result<Connection, Refused> {
        if let Some(broken) = &slot.last
            && Instant::now() < broken.not_before
        {
            return Err(broken.refused.clone());
        }
        let given = deadline.saturating_duration_since(Instant::now());
        let opened = Connection::open(self.access.clone(), target.clone(), deadline).await;
        let opened = opened.map_err(|refused| slot.in_hindsight(refused));
        if let Err(refused) = &opened
            && is_fair(refused, given)
        {
            slot.rest(refused.clone(), self.first_pause);
        }
        opened
    }
}

impl Slot {
    /// Where a server has answered before, silence is no other protocol: it is down, and what stands
    /// before it (a proxy, a balancer) accepts connections all the same.
    fn in_hindsight(&self, refused: Refused) -> Refused {
        match refused.reason {
            Reason::NotThisProtocol if self.is_proven => Refused {
                reason: Reason::Unreachable,
                hint:
                    "A server answered here before: it is down, or no longer behind this address."
                        .into(),
                ..refused
            },
            _ => refused,
        }
    }

    fn keep(&mut self, connection: Connection) {
        self.connection = Some(connection);
        self.is_proven = true;
        self.failures = 0;
        self.last = None;
    }

    fn rest(&mut self, refused: Refused, first: Duration) {
        self.last = Some(Broken {
            refused,
            not_before: Instant::now() + pause::after(first, self.failures),
        });
        self.failures = self.failures.saturating_add(1);
    }
}

fn is_fair(refused: &Refused, given: Duration) -> bool {
    refused.reason != Reason::TooSlow || given >= FAIR
}
