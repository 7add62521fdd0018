//! Reads partitions forward, one answer at a time, so that no more than one answer is held and a
//! budget is overrun by no more than one. The partition that waits longest comes first; what moved
//! is followed, what fails is tried again for a while and then told.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::aborted::Aborted;
use super::batch::{Piece, Pieces};
use super::fetch::{self, Fetched, Room};
use super::messages::{self, Span};
use super::place::Place;
use super::topic::Topic;
use super::trouble::{Trouble, leaderless};
use crate::adapter::{Reason, Refused};
use crate::browse::{Budget, Ended, Stored};
use crate::kafka::client::Session;

/// What is asked for in one answer, all partitions together and each.
const ANSWER_BYTES: i32 = 4 * 1024 * 1024;
const PARTITION_BYTES: i32 = 1024 * 1024;
const MOST_PARTITIONS: usize = 500;
/// How long a broker may wait for something new. A connection answers one question at a time, so
/// this is also what one reader makes another wait.
const WAIT: Duration = Duration::from_millis(500);
const SHORTEST_WAIT: Duration = Duration::from_millis(100);
/// Left of the time for the answer to come back.
const MARGIN: Duration = Duration::from_millis(50);

pub(super) type Sink<'a> = dyn FnMut(i32, Stored) -> ControlFlow<()> + Send + 'a;

pub(super) struct Reader<'a> {
    pub(super) session: Session<'a>,
    pub(super) topic: Topic,
    pub(super) places: BTreeMap<i32, Place>,
    pub(super) budget: Budget,
    pub(super) linger: Duration,
    /// Read from the broker.
    pub(super) bytes: u64,
    pub(super) lingers_until: Option<Instant>,
    pub(super) turn: u64,
    /// Where leaders are must be asked again.
    pub(super) is_stale: bool,
}

/// Partitions to ask one leader for, with the offsets to begin at.
type Wanted = Vec<(i32, i64)>;

impl Reader<'_> {
    /// # Errors
    /// The topic may not be read. That it was deleted is told of its partitions.
    pub(super) async fn run(&mut self, sink: &mut Sink<'_>) -> Result<Ended, Refused> {
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
            if self.is_stale && self.next_ready(lingers) <= now {
                self.refresh().await?;
            }
            match self.choose(now, lingers) {
                Some((leader, wanted)) => {
                    if self.ask(leader, wanted, sink).await?.is_break() {
                        return Ok(Ended::Enough);
                    }
                }
                None => sleep_until(self.next_ready(lingers).min(self.stops())).await,
            }
        }
    }

    /// When reading ends, whatever comes.
    fn stops(&self) -> Instant {
        let deadline = self.session.deadline();
        self.lingers_until
            .map_or(deadline, |until| until.min(deadline))
    }

    /// When the first partition that is wanted may be asked.
    fn next_ready(&self, lingers: bool) -> Instant {
        let wanted = self.places.values().filter(|place| place.wants(lingers));
        let now = Instant::now();
        wanted
            .map(|place| place.rests_until().unwrap_or(now))
            .min()
            .unwrap_or(now)
    }

    fn choose(&mut self, now: Instant, lingers: bool) -> Option<(i32, Wanted)> {
        let is_ready =
            |place: &Place| place.wants(lingers) && place.rests_until().is_none_or(|at| at <= now);
        let ready: Vec<i32> = self
            .places
            .iter()
            .filter(|(_, place)| is_ready(place))
            .map(|(partition, _)| *partition)
            .collect();
        for partition in &ready {
            if self
                .topic
                .leaders
                .get(partition)
                .copied()
                .flatten()
                .is_none()
            {
                self.rest(*partition, leaderless());
            }
        }
        let served = |partition: &i32| self.places.get(partition).map_or(0, |place| place.served);
        let led = self.topic.led(ready.into_iter());
        let (leader, mut partitions) = led
            .into_iter()
            .min_by_key(|(_, partitions)| partitions.iter().map(&served).min())?;
        partitions.sort_by_key(|partition| served(partition));
        partitions.truncate(MOST_PARTITIONS);
        let wanted = partitions
            .into_iter()
            .filter_map(|partition| Some((partition, self.places.get(&partition)?.next)));
        Some((leader, wanted.collect()))
    }

    async fn ask(
        &mut self,
        leader: i32,
        wanted: Wanted,
        sink: &mut Sink<'_>,
    ) -> Result<ControlFlow<()>, Refused> {
        self.turn += 1;
        let room = self.room();
        let answer = match self.session.node(&self.topic.map, leader) {
            Ok(target) => {
                let build = |version| fetch::request(version, &self.topic, &wanted, room);
                self.session.ask(&target, build).await
            }
            Err(failure) => Err(failure),
        };
        let told = answer
            .map_err(Trouble::of_failure)
            .and_then(|answer| fetch::told(answer, &self.topic, &wanted));
        let told = match told {
            Ok(told) => told,
            Err(trouble) => {
                for (partition, _) in wanted {
                    self.meet(partition, trouble.clone()).await?;
                }
                return Ok(ControlFlow::Continue(()));
            }
        };
        let brought: usize = told.iter().map(|one| one.records.len()).sum();
        self.bytes += brought as u64;
        if brought == 0 {
            let is_troubled = |partition: i32| {
                let mut troubled = told.iter().filter(|one| one.trouble.is_some());
                troubled.any(|one| one.partition == partition)
            };
            let calm = wanted.iter().filter(|(p, _)| !is_troubled(*p));
            self.brought_nothing(&calm.copied().collect::<Wanted>());
        }
        for one in told {
            if let Some(trouble) = one.trouble.clone() {
                self.meet(one.partition, trouble).await?;
            } else if self.take(one, sink).await.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    async fn take(&mut self, fetched: Fetched, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let lingers = self.lingers_until.is_some();
        let deadline = self.session.deadline();
        let partition = fetched.partition;
        let name = partition.to_string();
        let Some(place) = self.places.get_mut(&partition) else {
            return ControlFlow::Continue(());
        };
        place.end = fetched.end.unwrap_or(place.end);
        let until = if lingers { i64::MAX } else { place.until };
        let before = place.next;
        let is_empty = fetched.records.is_empty();
        let mut aborted = Aborted::of(&fetched.aborted);
        for piece in Pieces::of(fetched.records) {
            if place.next >= until || Instant::now() >= deadline {
                break;
            }
            match piece {
                Err(_) => {
                    place.unread = Some(no_batch());
                    break;
                }
                Ok(Piece::Unreadable { first, last, why }) => {
                    if last >= place.next {
                        place.skip(first, last, &why);
                        place.next = last.saturating_add(1).min(until);
                    }
                }
                Ok(Piece::Batch(batch)) => {
                    let is_hidden = aborted.hides(&batch);
                    if batch.last < place.next {
                        continue;
                    }
                    if !is_hidden {
                        let from = place.next;
                        let mut each = |message| sink(partition, message);
                        match messages::hand(&batch, &name, Span { from, until }, &mut each) {
                            Ok(ControlFlow::Continue(())) => {}
                            Ok(ControlFlow::Break(next)) => {
                                place.next = next;
                                return ControlFlow::Break(());
                            }
                            Err((from, why)) => place.skip(from, batch.last, &why),
                        }
                        // What unfolds to much must not keep others from their turn.
                        tokio::task::yield_now().await;
                    }
                    place.next = batch.last.saturating_add(1).min(until);
                }
            }
        }
        if place.next > before {
            place.trouble = None;
            place.served = self.turn;
        } else if !is_empty && place.next < until && Instant::now() < deadline {
            // Less than one batch, or what was before: not asked for again at once.
            self.rest_without_anything(partition);
        }
        ControlFlow::Continue(())
    }

    fn room(&self) -> Room {
        let left = self.budget.bytes.saturating_sub(self.bytes).max(1);
        let bytes = i32::try_from(left).unwrap_or(i32::MAX).min(ANSWER_BYTES);
        // Leaders are asked in turn: together they take no longer than one.
        let leaders = self.topic.led(self.places.keys().copied()).len().max(1);
        let wait = (WAIT / u32::try_from(leaders).unwrap_or(u32::MAX)).max(SHORTEST_WAIT);
        let left = self.stops().saturating_duration_since(Instant::now());
        let longest = self.session.client.longest_request() / 2;
        Room {
            bytes,
            bytes_per_partition: bytes.min(PARTITION_BYTES),
            wait: wait.min(left.saturating_sub(MARGIN)).min(longest),
        }
    }
}

fn no_batch() -> Refused {
    Refused {
        reason: Reason::BadAnswer,
        detail: "what the broker gave is no batch of records".into(),
        hint: "Something between may change answers, or the log is damaged there.".into(),
    }
}
