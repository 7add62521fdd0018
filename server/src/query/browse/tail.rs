//! Messages as they arrive. Reading never waits for who watches: what they cannot take, or what
//! comes faster than is shown, is counted and left out.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, sleep_until, timeout};
use waybill_broker::browse::{Ask, Budget, Ended, Read, Start, Stored};
use waybill_model::problem::Problem;
use waybill_model::stored::{StoredMessage, Unread};

use super::spent::unread;
use super::turns::Turn;
use super::{GRACE, Place, Shelved, Sight, Wanted, place, price, refusal, show, sieve};
use crate::filter::Verdict;
use crate::query::Query;

/// Shown in a second; more are skipped.
const SHOWN_PER_S: u32 = 20;
/// Read and not yet looked at: messages, and their bytes.
const BACKLOG: usize = 64;
const BACKLOG_BYTES: u64 = 8 << 20;
/// What one question may take; a tail asks at most one a second, so this is its rate in bytes.
const READ_BYTES: u64 = 1 << 20;
const LINGER: Duration = Duration::from_secs(5);
const PACE: Duration = Duration::from_secs(1);
const SCHEMA: Duration = Duration::from_secs(2);

/// What is watched.
#[derive(Clone, Debug)]
pub struct Watch {
    pub person: String,
    pub place: Place,
    pub partition: Option<String>,
    pub wanted: Wanted,
    pub sight: Sight,
}

#[derive(Debug)]
pub enum Told {
    Message(Box<StoredMessage>),
    /// Since the last of its kind.
    Skipped(u64),
    Unread(Vec<Unread>),
    /// It ends with this.
    Refused(Problem),
}

/// Has what was seen counted on.
type Count<'a> = dyn Fn(&dyn Fn(&mut Seen)) + Sync + 'a;

/// What a tail came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    pub shown: u64,
    pub read: u64,
    pub bytes: u64,
    pub skipped: u64,
}

/// Between reading and showing.
#[derive(Default)]
struct Backlog {
    bytes: AtomicU64,
    /// Messages left out and not yet told.
    skipped: AtomicU64,
}

/// A tail that may begin.
pub struct Tail {
    watch: Watch,
    shelved: Shelved,
    _turn: Turn,
}

impl Query {
    /// # Errors
    /// As [`Query::messages`].
    pub async fn tail(&self, watch: Watch) -> Result<Tail, Problem> {
        let shelved = self.shelved(&watch.place)?;
        let browse = place::browse(&shelved, &watch.place)?;
        let turn = self.shelves.turns.take_tail(&watch.person, &watch.place)?;
        if let Some(disturbance) = &price(browse, &watch.place).await?.disturbs {
            return Err(refusal::disturbs(disturbance));
        }
        Ok(Tail {
            watch,
            shelved,
            _turn: turn,
        })
    }
}

impl Tail {
    /// Ends when nobody listens any more, or the broker refuses. Drop it to end it before.
    pub async fn run(&self, out: &mpsc::Sender<Told>, seen: &std::sync::Mutex<Seen>) {
        let (raw, inbox) = mpsc::channel(BACKLOG);
        let backlog = Backlog::default();
        let count = |add: &dyn Fn(&mut Seen)| {
            add(&mut seen
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner));
        };
        let read = self.read(raw, out, &backlog, &count);
        let show = self.show(inbox, out, &backlog, &count);
        tokio::join!(read, show);
    }

    async fn read(
        &self,
        raw: mpsc::Sender<Stored>,
        out: &mpsc::Sender<Told>,
        backlog: &Backlog,
        count: &Count<'_>,
    ) {
        let mut start = Start::Newest(0);
        let mut told_unread = Vec::new();
        while !out.is_closed() {
            let began = tokio::time::Instant::now();
            let read = match self.ask(start, &raw, out, backlog).await {
                Ok(read) => read,
                Err(problem) => {
                    let _ = out.send(Told::Refused(problem)).await;
                    return;
                }
            };
            count(&|seen: &mut Seen| {
                seen.read += read.messages;
                seen.bytes += read.bytes;
            });
            if read.unread != told_unread {
                let _ = out.try_send(Told::Unread(unread(&read.unread)));
                told_unread.clone_from(&read.unread);
            }
            start = match read.ended {
                // More arrives than is read: what lies between is left out.
                Ended::Bytes => {
                    backlog.skipped.fetch_add(behind(&read), Ordering::Relaxed);
                    Start::Newest(0)
                }
                _ => Start::At(read.next),
            };
            tokio::select! {
                () = sleep_until(began + PACE) => {}
                () = out.closed() => return,
            }
        }
    }

    async fn ask(
        &self,
        start: Start,
        raw: &mpsc::Sender<Stored>,
        out: &mpsc::Sender<Told>,
        backlog: &Backlog,
    ) -> Result<Read, Problem> {
        let browse = place::browse(&self.shelved, &self.watch.place)?;
        let ask = Ask {
            shelf: self.watch.place.shelf.clone(),
            partition: self.watch.partition.clone(),
            start,
            budget: Budget {
                bytes: READ_BYTES,
                time: LINGER + GRACE,
            },
            linger: LINGER,
        };
        let mut keep = |stored: Stored| {
            let size = stored.weight_bytes();
            let held = backlog.bytes.fetch_add(size, Ordering::Relaxed);
            if held.saturating_add(size) > BACKLOG_BYTES || raw.try_send(stored).is_err() {
                backlog.bytes.fetch_sub(size, Ordering::Relaxed);
                backlog.skipped.fetch_add(1, Ordering::Relaxed);
            }
            match out.is_closed() {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        };
        let asked = browse.read(&ask, &mut keep);
        match timeout(LINGER + GRACE + GRACE, asked).await {
            Ok(Ok(read)) => Ok(read),
            Ok(Err(refused)) => Err(refusal::problem(&self.watch.place, refused)),
            Err(_) => Err(refusal::too_slow(&self.watch.place)),
        }
    }

    async fn show(
        &self,
        mut inbox: mpsc::Receiver<Stored>,
        out: &mpsc::Sender<Told>,
        backlog: &Backlog,
        count: &Count<'_>,
    ) {
        let mut tick = interval(PACE);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut left = SHOWN_PER_S;
        loop {
            tokio::select! {
                () = out.closed() => return,
                _ = tick.tick() => {
                    left = SHOWN_PER_S;
                    self.tell_skipped(out, backlog, count);
                }
                stored = inbox.recv() => {
                    let Some(stored) = stored else {
                        self.tell_skipped(out, backlog, count);
                        return;
                    };
                    let size = stored.weight_bytes();
                    backlog.bytes.fetch_sub(size, Ordering::Relaxed);
                    if !self.is_wanted(&stored).await {
                        continue;
                    }
                    let item = show::one(&stored, &self.shelved.decoder, self.watch.sight);
                    let fits = left > 0 && out.try_send(Told::Message(Box::new(item))).is_ok();
                    match fits {
                        true => {
                            left -= 1;
                            count(&|seen: &mut Seen| seen.shown += 1);
                        }
                        false => {
                            backlog.skipped.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                }
            }
        }
    }

    fn tell_skipped(&self, out: &mpsc::Sender<Told>, backlog: &Backlog, count: &Count<'_>) {
        let number = backlog.skipped.swap(0, Ordering::Relaxed);
        if number == 0 {
            return;
        }
        match out.try_send(Told::Skipped(number)) {
            Ok(()) => count(&|seen: &mut Seen| seen.skipped += number),
            // Told with the next ones.
            Err(_) => {
                backlog.skipped.fetch_add(number, Ordering::Relaxed);
            }
        }
    }

    async fn is_wanted(&self, stored: &Stored) -> bool {
        let decoder = &self.shelved.decoder;
        if self.watch.sight.bodies {
            for id in show::missing(std::slice::from_ref(stored), decoder) {
                decoder.learn(id, SCHEMA).await;
            }
        }
        let key = self.watch.wanted.key.as_deref();
        if key.is_some_and(|key| stored.key.as_deref() != Some(key)) {
            return false;
        }
        let filter = self.watch.wanted.filter.as_ref();
        filter.is_none_or(|filter| {
            sieve::verdict(filter, stored, decoder, self.watch.sight) == Verdict::Yes
        })
    }
}

/// Messages between where reading stopped and what is stored.
fn behind(read: &Read) -> u64 {
    let of = |(partition, end): (&String, &i64)| {
        let next = read.next.get(partition).copied().unwrap_or(*end);
        u64::try_from(end.saturating_sub(next)).unwrap_or(0)
    };
    read.ends.iter().map(of).sum()
}
