//! The page of one journey: the chain it stands in, and the raw spans.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use waybill_model::id::TraceId;
use waybill_model::journey::{Gap, GapKind, Journey, Message};
use waybill_model::problem::{Code, Problem};
use waybill_model::reference::MessageRef;
use waybill_model::span::{Attribute, Span, StatusCode, Value};
use waybill_model::view::{JourneyPage, SpanLine};

use super::Query;
use super::ask::Asker;
use super::gather::{Reach, Seeds};
use super::search::reference_terms;
use super::select::Pick;
use crate::clock;
use crate::journey::began_at;
use crate::journey::masking::masked;

/// Journeys shown of one chain.
const MAX_CHAIN: usize = 200;
/// Raw spans shown on one page.
const MAX_LINES: usize = 2_000;
const MAX_FRAMES: usize = 256;

impl Query {
    /// # Errors
    /// `NotFound` where no span knows this message, `StoreUnavailable`.
    /// With an `asker`, brokers are asked where a message lies, and for one that no span tells of.
    pub async fn journey(&self, id: &str, asker: Option<&Asker>) -> Result<JourneyPage, Problem> {
        let reference: MessageRef = id.parse().map_err(|_| no_journey())?;
        let found = self
            .spans_by(&reference_terms(&reference), None, MAX_FRAMES)
            .await?;
        if found.spans.is_empty() {
            let stored = self.stored_page(&reference, asker).await?;
            let Some(by_id) = self.told_by_id(&stored.journey.message).await? else {
                return Ok(stored);
            };
            // Spans of its deliveries alone may not name its destination: they tell less.
            return match Box::pin(self.journey(&by_id.to_string(), asker)).await {
                Err(problem) if problem.code == Code::NotFound => Ok(stored),
                told => told,
            };
        }
        let pick = Pick::Named(reference.clone());
        let mut gathered = self
            .gather(
                Seeds::spans(found.spans),
                Reach::Chains,
                None,
                |rebuilt, spans| pick.of(rebuilt, spans),
            )
            .await?;
        self.fill_places(gathered.meant(), asker).await?;
        self.settle(gathered.meant()).await?;
        if let Some(asker) = asker {
            self.add_aside(gathered.meant(), asker).await?;
        }
        let rebuilt = &mut gathered.rebuilt;
        if gathered.truncated || found.truncated {
            for journey in &mut rebuilt.journeys {
                journey.gaps.push(Gap {
                    kind: GapKind::Truncated,
                    detail: "More spans belong here than one page assembles.".into(),
                });
            }
        }
        let position = rebuilt.position(&reference).or_else(|| {
            let picked = pick.of(rebuilt, &gathered.spans);
            rebuilt
                .journeys
                .iter()
                .position(|journey| picked.contains(&journey.id))
        });
        let journey = rebuilt.journeys[position.ok_or_else(no_journey)?].clone();
        let mut chain = chain_of(&rebuilt.journeys, &journey);
        self.add_causes(&mut chain, clock::now()).await?;
        let own = chain.iter_mut().filter(|told| told.id == journey.id);
        self.add_overtaken(own.collect()).await?;
        let told = chain.iter().find(|told| told.id == journey.id);
        let journey = told.cloned().unwrap_or(journey);
        let traces: HashSet<TraceId> = chain.iter().flat_map(|j| j.trace_ids.clone()).collect();
        let mut spans: Vec<&Arc<Span>> = gathered
            .spans
            .iter()
            .filter(|span| traces.contains(&span.trace_id))
            .collect();
        spans.sort_by_key(|span| (span.started_at, span.span_id));
        let spans = spans
            .into_iter()
            .take(MAX_LINES)
            .map(|span| line(span))
            .collect();
        Ok(JourneyPage {
            journey,
            chain,
            spans,
        })
    }
}

impl Query {
    /// A message that was known by its place alone until its spans came, where those name it by its
    /// id and by no place. `None`: there are none.
    async fn told_by_id(&self, message: &Message) -> Result<Option<MessageRef>, Problem> {
        if self.dialects.habits(&message.system).positions {
            return Ok(None);
        }
        let Some(id) = message.message_id.clone() else {
            return Ok(None);
        };
        let reference = MessageRef::Id {
            system: message.system.clone(),
            destination: message.destination.clone(),
            id,
        };
        let found = self
            .spans_by(&reference_terms(&reference), None, MAX_FRAMES)
            .await?;
        Ok((!found.spans.is_empty()).then_some(reference))
    }

    /// Of a message that the broker alone tells of.
    async fn stored_page(
        &self,
        reference: &MessageRef,
        asker: Option<&Asker>,
    ) -> Result<JourneyPage, Problem> {
        let Some(asker) = asker else {
            return Err(no_journey());
        };
        let stored = self.stored_journey(reference, asker).await?;
        let journey = stored.ok_or_else(no_journey)?.journey;
        Ok(JourneyPage {
            chain: vec![journey.clone()],
            journey,
            spans: Vec::new(),
        })
    }
}

fn no_journey() -> Problem {
    Problem::new(
        Code::NotFound,
        "No message is known by this id.",
        "Take ids from a list of journeys; spans older than the retention are gone.",
    )
}

/// From the root of `caused_by` down, in order of creation.
fn chain_of(journeys: &[Journey], journey: &Journey) -> Vec<Journey> {
    let by_id: HashMap<&str, &Journey> = journeys.iter().map(|j| (j.id.as_str(), j)).collect();
    let mut root = journey;
    let mut above = HashSet::from([root.id.as_str()]);
    while let Some(cause) = root
        .caused_by
        .as_deref()
        .and_then(|id| by_id.get(id).copied())
    {
        if !above.insert(cause.id.as_str()) {
            break;
        }
        root = cause;
    }
    let mut seen = HashSet::from([root.id.as_str()]);
    let mut open = vec![root];
    let mut chain = Vec::new();
    while let Some(next) = open.pop() {
        chain.push(next.clone());
        for caused in next
            .caused
            .iter()
            .filter_map(|id| by_id.get(id.as_str()).copied())
        {
            if chain.len() + open.len() < MAX_CHAIN && seen.insert(caused.id.as_str()) {
                open.push(caused);
            }
        }
    }
    if !chain.iter().any(|j| j.id == journey.id) {
        chain.push(journey.clone());
    }
    chain.sort_by(|a, b| (began_at(a), &a.id).cmp(&(began_at(b), &b.id)));
    chain
}

fn line(span: &Span) -> SpanLine {
    SpanLine {
        trace_id: span.trace_id,
        span_id: span.span_id,
        parent_id: span.parent_id,
        service: span.service().to_owned(),
        name: span.name.clone(),
        kind: span.kind,
        started_at: span.started_at,
        duration_ms: span.duration_nanos() as f64 / 1e6,
        failed: span.status.code == StatusCode::Error,
        attributes: span.attributes.iter().map(shown).collect(),
        events: span
            .events
            .iter()
            .map(|event| {
                let detail: Vec<String> = event
                    .attributes
                    .iter()
                    .map(|a| shown(a).1)
                    .filter(|t| !t.is_empty())
                    .collect();
                format!("{}: {}", event.name, detail.join(" · "))
            })
            .collect(),
    }
}

/// Key and value as text; what looks like a secret is masked.
pub(super) fn shown(attribute: &Attribute) -> (String, String) {
    (attribute.key.clone(), plain(&masked(attribute)))
}

pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        Value::Map(entries) => entries
            .iter()
            .map(|entry| format!("{}={}", entry.key, plain(&entry.value)))
            .collect::<Vec<_>>()
            .join(", "),
        other => other.to_text().unwrap_or_default(),
    }
}
