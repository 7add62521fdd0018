//! Answers of a moment ago: a page that is asked again for each event must not ask brokers each time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use waybill_model::journey::JourneySummary;
use waybill_model::query::{JourneyQuery, Page};

use super::Asker;

const HOLDS: Duration = Duration::from_secs(15);
const KEPT: usize = 100;

type Answers = HashMap<String, (Instant, Page<JourneySummary>)>;

#[derive(Clone, Default)]
pub(in crate::query) struct Lately(Arc<Mutex<Answers>>);

impl Lately {
    pub(super) fn of(&self, query: &JourneyQuery, asker: &Asker) -> Option<Page<JourneySummary>> {
        let answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, page) = answers.get(&name(query, asker))?;
        (at.elapsed() < HOLDS).then(|| page.clone())
    }

    pub(super) fn keep(&self, query: &JourneyQuery, asker: &Asker, page: &Page<JourneySummary>) {
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        answers.retain(|_, (at, _)| at.elapsed() < HOLDS);
        if answers.len() < KEPT {
            answers.insert(name(query, asker), (Instant::now(), page.clone()));
        }
    }
}

/// Whoever may see other things asks another question.
fn name(query: &JourneyQuery, asker: &Asker) -> String {
    format!("{asker:?} {query:?}")
}
