//! Answers of a moment ago: a page that is asked again for each event must not ask brokers each time.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use waybill_model::journey::JourneySummary;
use waybill_model::query::{JourneyQuery, Page};

use super::Asker;

/// The longest that anybody takes an old answer.
const HOLDS: Duration = Duration::from_secs(120);
const KEPT: usize = 100;

type Answers = HashMap<String, (Instant, Page<JourneySummary>)>;

#[derive(Clone, Default)]
pub(in crate::query) struct Lately {
    answers: Arc<Mutex<Answers>>,
    asked: Arc<AtomicU64>,
    turns: Turns,
}

/// Each question holds what it finds.
const AT_ONCE: usize = 3;

#[derive(Clone)]
struct Turns(Arc<Semaphore>);

impl Default for Turns {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

impl Lately {
    /// To ask: a few questions at once, the others wait. Given back when dropped.
    pub(super) async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        self.turns.0.clone().acquire_owned().await.ok()
    }

    /// A name of its own for one question: those of one person wait for no other of theirs.
    pub(super) fn asker(&self, person: &str) -> String {
        let number = self.asked.fetch_add(1, Ordering::Relaxed);
        format!("{person} asks {number}")
    }

    pub(super) fn of(&self, query: &JourneyQuery, asker: &Asker) -> Option<Page<JourneySummary>> {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, page) = answers.get(&name(query, asker))?;
        (at.elapsed() < asker.may_be_old).then(|| page.clone())
    }

    pub(super) fn keep(&self, query: &JourneyQuery, asker: &Asker, page: &Page<JourneySummary>) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.retain(|_, (at, _)| at.elapsed() < HOLDS);
        if answers.len() < KEPT {
            answers.insert(name(query, asker), (Instant::now(), page.clone()));
        }
    }
}

/// Whoever may see other things asks another question.
fn name(query: &JourneyQuery, asker: &Asker) -> String {
    format!("{} {:?} {query:?}", asker.person, asker.sights)
}
