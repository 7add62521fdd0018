//! Later messages of the same key that were finished first (`journey::overtaken`): looked up by the
//! key, and told only of what was read whole.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use waybill_model::id::TraceId;
use waybill_model::journey::Journey;
use waybill_model::problem::Problem;
use waybill_model::reference::Term;
use waybill_model::span::Span;
use waybill_model::time::TimeRange;

use super::Query;
use super::gather::{Reach, Seeds};
use super::select::Pick;
use crate::journey::overtaken;

/// Frames read for all keys of one question.
const MAX_FRAMES: usize = 200;
/// Messages that one question is about.
const MAX_ASKED: usize = 50;
/// Traces that are rebuilt for one key, the first that began.
const MAX_TRACES: usize = 50;
/// Spans arrive so much after they began; asked only where a key has more frames than are read.
const LATE_MS: i64 = 60 * 60_000;
const EARLY_MS: i64 = 60_000;

/// A message that may have been overtaken, and when the others began.
struct Asked {
    key: Term,
    began: TimeRange,
}

impl Query {
    /// Fills `overtaken_by` of the first [`MAX_ASKED`] that were in trouble and have a key.
    pub(super) async fn add_overtaken(&self, journeys: Vec<&mut Journey>) -> Result<(), Problem> {
        let (asked, mut journeys): (Vec<Asked>, Vec<&mut Journey>) = journeys
            .into_iter()
            .filter_map(|journey| Some((asked(journey)?, journey)))
            .take(MAX_ASKED)
            .unzip();
        let spans = self.began_later(&asked).await?;
        if spans.is_empty() {
            return Ok(());
        }
        let touched = spans.iter().map(|span| (span.trace_id, span.span_id));
        let pick = Pick::Touched(touched.collect());
        let gathered = self
            .gather(
                Seeds::spans(spans),
                Reach::Messages,
                None,
                |rebuilt, spans| pick.of(rebuilt, spans),
            )
            .await?;
        // An attempt that is missing would be the one that was finished later.
        if gathered.truncated {
            return Ok(());
        }
        let mut others = gathered.rebuilt.journeys;
        others.retain(|other| gathered.wanted.contains(&other.id));
        for journey in &mut journeys {
            journey.overtaken_by = overtaken::by(journey, &others);
        }
        Ok(())
    }

    /// Spans with one of the keys that began in its stretch of time.
    async fn began_later(&self, asked: &[Asked]) -> Result<Vec<Arc<Span>>, Problem> {
        let keys: HashSet<Term> = asked.iter().map(|one| one.key).collect();
        let keys: Vec<Term> = keys.into_iter().collect();
        let mut found = self.spans_by(&keys, None, MAX_FRAMES).await?;
        // The newest frames of a busy key are not those of the time that is asked about.
        if found.truncated
            && let Some(arrival) = arrival(asked)
        {
            found = self.spans_by(&keys, Some(arrival), MAX_FRAMES).await?;
        }
        let mut spans = found.spans;
        spans.sort_by_key(|span| (span.started_at, span.span_id));
        let mut traces: HashMap<Term, HashSet<TraceId>> = HashMap::new();
        spans.retain(|span| {
            let terms = self.terms_of(span);
            let mut meant = asked
                .iter()
                .filter(|one| one.began.from <= span.started_at && span.started_at < one.began.to)
                .filter(|one| terms.contains(&one.key));
            meant.any(|one| {
                let traces = traces.entry(one.key).or_default();
                let has_room = traces.len() < MAX_TRACES;
                traces.contains(&span.trace_id) || (has_room && traces.insert(span.trace_id))
            })
        });
        Ok(spans)
    }
}

fn asked(journey: &Journey) -> Option<Asked> {
    Some(Asked {
        began: overtaken::stretch(journey)?,
        key: Term::message_key(journey.message.key.as_deref()?),
    })
}

fn arrival(asked: &[Asked]) -> Option<TimeRange> {
    let from = asked.iter().map(|one| one.began.from).min()?;
    let to = asked.iter().map(|one| one.began.to).max()?;
    Some(TimeRange {
        from: from.plus_ms(-EARLY_MS),
        to: to.plus_ms(LATE_MS),
    })
}
