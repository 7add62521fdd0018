//! Where a message lies, by the context that it carries or by its own id.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use waybill_broker::browse::{Ask, Budget, Ended, Read, Shelf, Start, Stored};
use waybill_model::access::matches_pattern;
use waybill_model::id::{SpanId, TraceId};
use waybill_model::journey::{Hop, Journey};
use waybill_model::problem::Problem;
use waybill_model::reference::MessageRef;
use waybill_store::topology::{DestinationLine, place_key};

use super::Asker;
use crate::auth::store_problem;
use crate::journey::carrier;
use crate::query::Query;
use crate::query::browse::Place;

/// Messages of one page whose places are looked for.
const HOPS: usize = 3;
const BUDGET: Budget = Budget {
    bytes: 4 << 20,
    time: Duration::from_millis(1_500),
};
/// Clocks of producers and brokers differ; a message may be stored so long before its span began …
const EARLY_MS: i64 = 2_000;
/// … and after.
const LATE_MS: i64 = 60_000;
/// Messages of later than that which are passed over.
const MOST_LATE: usize = 5_000;
/// How long it is remembered that a place was not found.
const ASK_AGAIN: Duration = Duration::from_secs(30);
/// And that it was: a topic may be made again.
const HOLDS: Duration = Duration::from_secs(600);
const REMEMBERED: usize = 10_000;

type Known = HashMap<(TraceId, SpanId), (Instant, Option<(String, i64)>)>;

/// Places that brokers told, by the span that put the message there: a message never moves.
#[derive(Clone, Default)]
pub(in crate::query) struct KnownPlaces(Arc<Mutex<Known>>);

impl KnownPlaces {
    fn of(&self, span: (TraceId, SpanId)) -> Option<Option<(String, i64)>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, place) = known.get(&span)?;
        let holds = if place.is_some() { HOLDS } else { ASK_AGAIN };
        (at.elapsed() < holds).then(|| place.clone())
    }

    fn keep(&self, span: (TraceId, SpanId), place: Option<(String, i64)>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(span, (Instant::now(), place));
    }
}

pub(super) fn of_line(line: DestinationLine) -> Place {
    Place {
        id: String::new(),
        cluster: line.cluster,
        system: line.system,
        shelf: Shelf {
            namespace: line.namespace,
            name: line.name,
        },
        partitions: line.partitions,
    }
}

impl Query {
    /// Fills in where messages lie whose spans do not say. With an asker the broker is asked, else only
    /// what it told before is used.
    pub(in crate::query) async fn fill_places<'j>(
        &self,
        journeys: impl Iterator<Item = &'j mut Journey>,
        asker: Option<&Asker>,
    ) -> Result<(), Problem> {
        let mut left = HOPS;
        for journey in journeys {
            let system = journey.message.system.clone();
            let Some(cluster) = journey.message.cluster.clone() else {
                continue;
            };
            if !self.dialects.habits(&system).positions {
                continue;
            }
            for at in 0..journey.hops.len() {
                let hop = &journey.hops[at];
                let (None, Some(span)) = (hop.offset, hop.trace_id.zip(hop.span_id)) else {
                    continue;
                };
                let found = match (self.known_places.of(span), asker) {
                    (Some(known), _) => known,
                    (None, Some(asker)) if left > 0 => {
                        left -= 1;
                        let found = self.place_of(&system, &cluster, hop, asker).await?;
                        self.known_places.keep(span, found.clone());
                        found
                    }
                    _ => None,
                };
                let Some((partition, offset)) = found else {
                    continue;
                };
                if at == 0 {
                    journey.message.partition = Some(partition.clone());
                    journey.message.offset = Some(offset);
                }
                let hop = &mut journey.hops[at];
                (hop.partition, hop.offset) = (Some(partition), Some(offset));
            }
        }
        Ok(())
    }

    /// The one message of its time that carries the hop's context, or the only one of its trace.
    async fn place_of(
        &self,
        system: &str,
        cluster: &str,
        hop: &Hop,
        asker: &Asker,
    ) -> Result<Option<(String, i64)>, Problem> {
        let (Some(destination), Some(at)) = (&hop.destination, hop.at) else {
            return Ok(None);
        };
        let Some((trace_id, span_id)) = hop.trace_id.zip(hop.span_id) else {
            return Ok(None);
        };
        let among = [cluster.to_owned()];
        let place = self.only_place(system, destination, &among, asker).await?;
        let Some(place) = place else { return Ok(None) };
        let (mut exact, mut of_trace, mut late) = (None, Vec::new(), 0);
        let last = at.plus_ms(LATE_MS);
        let mut keep = |stored: Stored| {
            let here = || (stored.partition.clone().unwrap_or_default(), stored.offset);
            let carried = carrier::contexts(&stored.headers).pop();
            if let Some(carried) = carried.filter(|carried| carried.trace_id == trace_id) {
                if carried.span_id == span_id {
                    exact = Some(here());
                    return ControlFlow::Break(());
                }
                of_trace.push(here());
            }
            // Other partitions may not have come so far.
            late += usize::from(stored.at.is_some_and(|at| at > last));
            match late > MOST_LATE {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        };
        let start = Start::Time(at.plus_ms(-EARLY_MS));
        let read = self
            .look(&place, hop.partition.clone(), start, &mut keep)
            .await;
        // Whatever keeps the broker from answering: it is not known then, as before.
        let Some(read) = read else {
            return Ok(None);
        };
        let only = (is_whole(&read) && of_trace.len() == 1).then(|| of_trace.pop());
        Ok(exact.or(only.flatten()))
    }

    /// The message that lies where the reference says, where one cluster alone can be meant.
    pub(super) async fn stored_at(
        &self,
        reference: &MessageRef,
        asker: &Asker,
    ) -> Result<Option<(Place, Stored)>, Problem> {
        let MessageRef::Place {
            system,
            destination,
            partition,
            offset,
        } = reference
        else {
            return Ok(None);
        };
        let managed = self.clusters.managed();
        let place = self
            .only_place(system, destination, &managed, asker)
            .await?;
        let Some(place) = place else { return Ok(None) };
        let mut found = None;
        let mut keep = |stored: Stored| {
            if stored.offset == *offset {
                found = Some(stored);
            }
            ControlFlow::Break(())
        };
        let partition = Some(partition.clone()).filter(|name| !name.is_empty());
        self.look(&place, partition, Start::Offset(*offset), &mut keep)
            .await;
        Ok(found.map(|stored| (place, stored)))
    }

    pub(super) async fn only_place(
        &self,
        system: &str,
        destination: &str,
        among: &[String],
        asker: &Asker,
    ) -> Result<Option<Place>, Problem> {
        let key = place_key(system, destination);
        let lines = self.store.destination_lines_at(&[key], Some(among)).await;
        let mut lines = lines.map_err(store_problem)?.into_iter();
        let (Some(one), None) = (lines.next(), lines.next()) else {
            return Ok(None);
        };
        let sees = |line: &DestinationLine| {
            asker.sights.as_ref().is_none_or(|sights| {
                sights.iter().any(|sight| {
                    matches_pattern(&sight.cluster, &line.cluster)
                        && matches_pattern(&sight.resource, &line.name)
                })
            })
        };
        Ok(Some(one.line).filter(sees).map(of_line))
    }

    /// `None` where nothing answered.
    pub(super) async fn look(
        &self,
        place: &Place,
        partition: Option<String>,
        start: Start,
        keep: &mut waybill_broker::browse::Keep<'_>,
    ) -> Option<Read> {
        let shelved = self.shelved(place).ok()?;
        let browse = shelved.cluster.browse()?;
        let ask = Ask {
            shelf: place.shelf.clone(),
            partition,
            start,
            budget: BUDGET,
            linger: Duration::ZERO,
        };
        let answered = tokio::time::timeout(BUDGET.time * 2, browse.read(&ask, keep)).await;
        answered.ok()?.ok()
    }
}

/// Whether all that lay there was read.
pub(super) fn is_whole(read: &Read) -> bool {
    read.ended == Ended::End && read.unread.is_empty()
}
