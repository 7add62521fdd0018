//! Group commit: many requests, one transaction, and an answer to each when it is on disk.
//!
//! One commit is in flight while the next is encoded and the one after is collected. A commit that
//! fails or takes too long is not tried again here: its outcome may be unknown, its senders are
//! refused and send again; before anything more is stored, the database is asked what it holds.
//!
//! A resend may meet its first sending in any of these places: committed (acknowledged at once), in
//! the same batch (stored once, both answered together), or in the commit in flight: then it leans
//! on that commit and is refused if that fails.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout};
use waybill_store::{IndexedSpan, StoreError};

use super::appender::{Appender, Prepared};
use super::budget::Held;
use super::counters::Counters;
use super::duplicates::{Duplicates, Fingerprint, Fingerprints, fingerprint};
use super::limits::Commit;
use super::refusal::Refusal;
use crate::clock;

/// What a commit of unknown outcome may have stored arrived within this time, in milliseconds.
const DOUBT_MS: i64 = 120_000;
const DOUBT_SPANS: usize = 500_000;

/// When the database is slower than the senders, a batch grows to so many times `Commit::spans`.
const FLOOD: usize = 4;

/// The spans of one request.
pub struct Job {
    pub spans: Vec<IndexedSpan>,
    /// Given back after the commit: what waits here is what the budget bounds.
    pub held: Held,
    pub done: oneshot::Sender<Result<(), Refusal>>,
}

/// Runs until every sender of `jobs` is gone and what they sent is committed.
pub async fn run(
    jobs: mpsc::UnboundedReceiver<Job>,
    appender: Arc<dyn Appender>,
    duplicates: Arc<Mutex<Duplicates>>,
    commit: Commit,
    counters: Arc<Counters>,
) {
    let seed = lock(&duplicates).seed();
    let mut writer = Writer {
        jobs,
        appender,
        duplicates,
        commit,
        counters,
        seed,
        in_flight: None,
        in_flight_ids: Fingerprints::default(),
        last_start: None,
        doubt: Arc::default(),
    };
    while let Some(first) = writer.jobs.recv().await {
        let jobs = writer.gather(first).await;
        if !writer.settle_doubt().await {
            for job in jobs {
                // The receiver may be gone.
                let _ = job.done.send(Err(Refusal::unavailable()));
            }
            continue;
        }
        let draft = writer.sift(jobs);
        writer.commit(draft).await;
    }
    writer.settle().await;
}

struct Writer {
    jobs: mpsc::UnboundedReceiver<Job>,
    appender: Arc<dyn Appender>,
    duplicates: Arc<Mutex<Duplicates>>,
    commit: Commit,
    counters: Arc<Counters>,
    seed: u64,
    in_flight: Option<JoinHandle<bool>>,
    in_flight_ids: Fingerprints,
    last_start: Option<Instant>,
    /// A commit failed and may have stored its spans all the same.
    doubt: Arc<AtomicBool>,
}

/// A batch without what is known already.
#[derive(Default)]
struct Draft {
    spans: Vec<IndexedSpan>,
    ids: Fingerprints,
    waiters: Vec<Waiter>,
}

struct Waiter {
    accepted: u64,
    duplicates: u64,
    /// One of its spans is in the commit in flight.
    leans: bool,
    _held: Held,
    done: oneshot::Sender<Result<(), Refusal>>,
}

impl Writer {
    /// Collects until a commit is worth its fsync: enough spans, or enough time since the last
    /// commit started and none in flight.
    async fn gather(&mut self, first: Job) -> Vec<Job> {
        let not_before = self.last_start.map(|start| start + self.commit.linger);
        let mut count = first.spans.len();
        let mut jobs = vec![first];
        loop {
            while count < FLOOD * self.commit.spans {
                let Ok(job) = self.jobs.try_recv() else { break };
                count += job.spans.len();
                jobs.push(job);
            }
            let waited = not_before.is_none_or(|at| at <= Instant::now());
            if count >= self.commit.spans || (waited && self.in_flight.is_none()) {
                return jobs;
            }
            let pause = not_before.filter(|_| !waited).unwrap_or_else(Instant::now);
            tokio::select! {
                biased;
                job = self.jobs.recv() => match job {
                    Some(job) => {
                        count += job.spans.len();
                        jobs.push(job);
                    }
                    None => return jobs,
                },
                () = ended(&mut self.in_flight) => {
                    self.in_flight = None;
                    // Committed: the filter knows them. Failed: they are not known any more.
                    self.in_flight_ids.clear();
                }
                () = sleep_until(pause), if !waited => {}
            }
        }
    }

    /// After a commit of unknown outcome the database is asked what it holds before anything more
    /// is stored, so that a resend is not counted twice. False: it does not answer.
    async fn settle_doubt(&self) -> bool {
        if !self.doubt.swap(false, Ordering::AcqRel) {
            return true;
        }
        let since = clock::now().plus_ms(-DOUBT_MS);
        let asked = self.appender.recent_ids(since, DOUBT_SPANS);
        let Ok(Ok(ids)) = timeout(self.commit.deadline, asked).await else {
            self.doubt.store(true, Ordering::Release);
            return false;
        };
        let known = ids
            .into_iter()
            .map(|(trace, span)| fingerprint(self.seed, trace, span));
        lock(&self.duplicates).committed(known, Instant::now());
        true
    }

    fn sift(&self, jobs: Vec<Job>) -> Draft {
        let mut draft = Draft::default();
        let committed = lock(&self.duplicates);
        for job in jobs {
            let mut waiter = Waiter {
                accepted: 0,
                duplicates: 0,
                leans: false,
                _held: job.held,
                done: job.done,
            };
            for indexed in job.spans {
                let id = self.id_of(&indexed);
                let in_flight = self.in_flight_ids.contains(&id);
                if in_flight || committed.contains(id) || !draft.ids.insert(id) {
                    waiter.duplicates += 1;
                    waiter.leans |= in_flight;
                } else {
                    waiter.accepted += 1;
                    draft.spans.push(indexed);
                }
            }
            draft.waiters.push(waiter);
        }
        draft
    }

    fn id_of(&self, indexed: &IndexedSpan) -> Fingerprint {
        fingerprint(self.seed, indexed.span.trace_id, indexed.span.span_id)
    }

    async fn commit(&mut self, draft: Draft) {
        let Draft {
            spans,
            ids,
            mut waiters,
        } = draft;
        let prepared = if spans.is_empty() {
            None
        } else {
            Some(self.prepare(spans).await)
        };
        let before = self.settle().await;
        if !before {
            let (leaning, standing) = waiters.into_iter().partition(|waiter| waiter.leans);
            refuse(leaning);
            waiters = standing;
        }
        let commit = Running {
            waiters,
            counters: self.counters.clone(),
        };
        match prepared {
            None => commit.stored(),
            Some(Err(error)) => commit.failed("encode", &error),
            Some(Ok(prepared)) => {
                self.last_start = Some(Instant::now());
                self.in_flight_ids = ids.clone();
                let duplicates = self.duplicates.clone();
                let deadline = self.commit.deadline;
                let doubt = self.doubt.clone();
                self.in_flight = Some(tokio::spawn(async move {
                    match timeout(deadline, prepared.commit()).await {
                        Ok(Ok(())) => {
                            lock(&duplicates).committed(ids, Instant::now());
                            commit.counters.commit();
                            commit.stored();
                            true
                        }
                        Ok(Err(error)) => {
                            // Before the senders hear of it, and send again.
                            doubt.store(true, Ordering::Release);
                            commit.failed("commit", &error);
                            false
                        }
                        Err(_) => {
                            doubt.store(true, Ordering::Release);
                            tracing::warn!(?deadline, "a commit did not end in time");
                            refuse(commit.waiters);
                            false
                        }
                    }
                }));
            }
        }
    }

    async fn prepare(&self, spans: Vec<IndexedSpan>) -> Result<Box<dyn Prepared>, StoreError> {
        let appender = self.appender.clone();
        tokio::task::spawn_blocking(move || appender.prepare(&spans))
            .await
            .unwrap_or_else(|panic| {
                Err(StoreError::Internal {
                    operation: "encode block",
                    source: panic.into(),
                })
            })
    }

    /// Waits for the commit in flight; whether it succeeded. None in flight counts as success: what
    /// leaned on it was answered then.
    async fn settle(&mut self) -> bool {
        let stored = match self.in_flight.take() {
            Some(commit) => commit.await.unwrap_or(false),
            None => true,
        };
        self.in_flight_ids.clear();
        stored
    }
}

/// Waits for the commit in flight; for ever when there is none.
async fn ended(in_flight: &mut Option<JoinHandle<bool>>) {
    match in_flight {
        Some(commit) => drop(commit.await),
        None => std::future::pending().await,
    }
}

/// A commit on its way, with those who wait for it.
struct Running {
    waiters: Vec<Waiter>,
    counters: Arc<Counters>,
}

impl Running {
    fn stored(self) {
        for waiter in self.waiters {
            self.counters.accepted_spans(waiter.accepted);
            self.counters.duplicate_spans(waiter.duplicates);
            // A sender that has gone away sends again and is told so by the filter.
            let _ = waiter.done.send(Ok(()));
        }
    }

    fn failed(self, operation: &'static str, error: &StoreError) {
        let error: &(dyn std::error::Error + 'static) = error;
        tracing::warn!(
            error,
            operation,
            "spans were not stored; their senders are refused"
        );
        refuse(self.waiters);
    }
}

fn refuse(waiters: Vec<Waiter>) {
    for waiter in waiters {
        let _ = waiter.done.send(Err(Refusal::unavailable()));
    }
}

/// The filter holds no invariant that a panic elsewhere could break.
fn lock(duplicates: &Mutex<Duplicates>) -> std::sync::MutexGuard<'_, Duplicates> {
    duplicates.lock().unwrap_or_else(PoisonError::into_inner)
}
