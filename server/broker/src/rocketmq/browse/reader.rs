//! Reads queues forward, one answer at a time, so that no more than one answer is held and a budget is
//! overrun by no more than one. The queue that waits longest comes first; what fails is tried again
//! for a while and then told.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::place::Place;
use super::pull::{self, Pulled};
use super::told;
use super::topic::{self, Topic};
use super::trouble::Trouble;
use crate::adapter::{Reason, Refused, refuse};
use crate::browse::{Budget, Ended, Keep};
use crate::rocketmq::client::Session;
use crate::rocketmq::queue::Queue;
use crate::rocketmq::stored::message::Messages;

/// Who waits for something new asks a queue so often.
const TAIL: Duration = Duration::from_millis(200);
/// Where brokers are is asked again no more often than this.
const LOOK: Duration = Duration::from_secs(1);

pub(super) struct Reader<'a> {
    pub(super) session: Session<'a>,
    pub(super) topic: Topic,
    pub(super) places: BTreeMap<Queue, Place>,
    pub(super) budget: Budget,
    pub(super) linger: Duration,
    /// Read from the broker.
    pub(super) bytes: u64,
    pub(super) lingers_until: Option<Instant>,
    pub(super) turn: u64,
    pub(super) looked: Instant,
    /// Where brokers are must be asked again.
    pub(super) is_stale: bool,
}

impl Reader<'_> {
    /// # Errors
    /// The topic may not be read. That it was deleted is told of its queues.
    pub(super) async fn run(&mut self, keep: &mut Keep<'_>) -> Result<Ended, Refused> {
        loop {
            let now = Instant::now();
            if now >= self.session.deadline() {
                return Ok(Ended::Time);
            }
            let lingers = self.lingers_until.is_some();
            if !self.places.values().any(|place| place.wants(lingers)) {
                if lingers || self.linger.is_zero() {
                    return Ok(Ended::End);
                }
                self.lingers_until = Some(now + self.linger);
                continue;
            }
            if self.lingers_until.is_some_and(|until| now >= until) {
                return Ok(Ended::End);
            }
            if self.bytes >= self.budget.bytes {
                return Ok(Ended::Bytes);
            }
            if self.is_stale && now >= self.looked + LOOK {
                self.look_again().await?;
            }
            let Some(queue) = self.choose(now, lingers) else {
                sleep_until(self.next_ready(lingers).min(self.stops())).await;
                continue;
            };
            if self.ask(&queue, keep).await?.is_break() {
                return Ok(Ended::Enough);
            }
        }
    }

    /// When reading ends, whatever comes.
    fn stops(&self) -> Instant {
        let deadline = self.session.deadline();
        self.lingers_until
            .map_or(deadline, |until| until.min(deadline))
    }

    /// When the first queue that is wanted may be asked.
    fn next_ready(&self, lingers: bool) -> Instant {
        let wanted = self.places.values().filter(|place| place.wants(lingers));
        let now = Instant::now();
        wanted
            .map(|place| place.rests_until.unwrap_or(now))
            .min()
            .unwrap_or(now)
    }

    fn choose(&self, now: Instant, lingers: bool) -> Option<Queue> {
        let is_ready =
            |place: &Place| place.wants(lingers) && place.rests_until.is_none_or(|at| at <= now);
        let ready = self.places.iter().filter(|(_, place)| is_ready(place));
        let (queue, _) = ready.min_by_key(|(_, place)| place.served)?;
        Some(queue.clone())
    }

    async fn ask(
        &mut self,
        queue: &Queue,
        keep: &mut Keep<'_>,
    ) -> Result<ControlFlow<()>, Refused> {
        self.turn += 1;
        let lingers = self.lingers_until.is_some();
        let Some(place) = self.places.get_mut(queue) else {
            return Ok(ControlFlow::Continue(()));
        };
        place.served = self.turn;
        match pull::pull(&self.session, &self.topic, queue, place.next).await {
            Ok(pulled) => {
                self.bytes += pulled.messages.len() as u64;
                Ok(take(place, queue, pulled, lingers, keep))
            }
            Err(Trouble::Lasting(refused)) if refused.reason == Reason::Forbidden => Err(refused),
            // Others have used up the time: that says nothing about this queue.
            Err(_) if Instant::now() >= self.session.deadline() => Ok(ControlFlow::Continue(())),
            Err(trouble) => {
                self.is_stale = true;
                place.meet(trouble, lingers);
                Ok(ControlFlow::Continue(()))
            }
        }
    }

    async fn look_again(&mut self) -> Result<(), Refused> {
        self.looked = Instant::now();
        self.is_stale = false;
        let lingers = self.lingers_until.is_some();
        match topic::look(&self.session, &self.topic.name).await {
            Ok(fresh) => self.topic = fresh,
            // Without a master its brokers are not told either: it may come back.
            Err(refused) if refused.reason == Reason::NotThere => {
                for place in self
                    .places
                    .values_mut()
                    .filter(|place| place.wants(lingers))
                {
                    place.meet(Trouble::Passing(refused.clone()), lingers);
                }
                self.is_stale = true;
            }
            Err(refused) if refused.reason == Reason::Forbidden => return Err(refused),
            // Its queues are in trouble already, and asked again after their rest.
            Err(_) => self.is_stale = true,
        }
        Ok(())
    }
}

/// Hands over what came and moves on.
fn take(
    place: &mut Place,
    queue: &Queue,
    pulled: Pulled,
    lingers: bool,
    keep: &mut Keep<'_>,
) -> ControlFlow<()> {
    let before = place.next;
    let until = if lingers { i64::MAX } else { place.until };
    place.end = pulled.end;
    let brought_nothing = pulled.messages.is_empty();
    for message in Messages::of(pulled.messages) {
        let message = match message {
            Ok(message) => message,
            Err(why) => {
                place.skip(&why);
                continue;
            }
        };
        if message.offset < place.next {
            continue;
        }
        if message.offset >= until {
            place.next = until;
            break;
        }
        place.next = message.offset.saturating_add(1);
        if place.is_too_early(message.stored_at) {
            continue;
        }
        if keep(told::stored(&message, queue)).is_break() {
            return ControlFlow::Break(());
        }
    }
    // What is not kept any more is passed over; what was cut off behind the reader is not there.
    let moved = pulled.next.max(place.next).max(pulled.low);
    place.next = match brought_nothing && pulled.end < before {
        true => pulled.end,
        false => moved.min(until),
    };
    place.until = place.until.min(pulled.end.max(place.next));
    if place.next > before {
        place.is_well();
    } else if place.wants(false) {
        place.meet(Trouble::Passing(gives_nothing(queue, place)), lingers);
    } else {
        place.is_well();
        place.rests_until = Some(Instant::now() + TAIL);
    }
    ControlFlow::Continue(())
}

fn gives_nothing(queue: &Queue, place: &Place) -> Refused {
    refuse(
        Reason::BadAnswer,
        format!(
            "broker {} gives nothing at offset {}, below the end at {}",
            queue.broker, place.next, place.end
        ),
        "Look at the broker's own log.",
    )
}
