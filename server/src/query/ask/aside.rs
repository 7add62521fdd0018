//! Dead letters and retries that no span tells of, of messages whose spans leave their end open.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use waybill_model::journey::{
    DeadLetter, DeliveryState, Evidence, EvidenceKind, Hop, HopRole, Journey, JourneyState,
};
use waybill_model::problem::Problem;
use waybill_model::reference::MessageRef;

use super::found::Record;
use super::scan::Scan;
use super::{Asker, Query};
use crate::clock;
use crate::journey::settle::{conclude, nothing_aside};
use crate::query::browse::Sought;

/// Messages of one page that are looked for.
const MESSAGES: usize = 2;
/// How long an answer holds: pages ask often.
const HOLDS: Duration = Duration::from_secs(20);
const KEPT: usize = 1_000;
/// A message that is looked for by its id: where brokers keep an index, a few kilobytes.
const BYTES: u64 = 2 << 20;
const TIME: Duration = Duration::from_millis(1_500);
/// Clocks of producers and brokers differ.
const EARLY_MS: i64 = 60_000;

type Known = HashMap<String, (Instant, Aside)>;

#[derive(Clone, Default)]
struct Aside {
    hops: Vec<Hop>,
    /// Everything was read, and it is nowhere.
    nothing: bool,
}

/// What lay aside of a message, by its reference.
#[derive(Clone, Default)]
pub(in crate::query) struct KnownAside(Arc<Mutex<Known>>);

impl KnownAside {
    fn of(&self, reference: &str) -> Option<Aside> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, aside) = known.get(reference)?;
        (at.elapsed() < HOLDS).then(|| aside.clone())
    }

    fn keep(&self, reference: String, aside: Aside) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, (at, _)| at.elapsed() < HOLDS);
        if known.len() < KEPT {
            known.insert(reference, (Instant::now(), aside));
        }
    }
}

impl Query {
    /// Adds what brokers hold of them in retry and dead-letter destinations.
    ///
    /// # Errors
    /// `StoreUnavailable`.
    pub(in crate::query) async fn add_aside<'j>(
        &self,
        journeys: impl Iterator<Item = &'j mut Journey>,
        asker: &Asker,
    ) -> Result<(), Problem> {
        let is_open = |journey: &&mut Journey| {
            matches!(journey.state, JourneyState::Failed | JourneyState::Unknown)
                && journey.hops.len() == 1
        };
        for journey in journeys.filter(is_open).take(MESSAGES) {
            let found = match place(journey) {
                None => self.place_by_id(journey, asker).await?,
                told => told,
            };
            let Some(reference) = found else {
                continue;
            };
            // Whoever may see less learns less.
            let name = format!("{reference} {:?}", asker.sights);
            let aside = match self.known_aside.of(&name) {
                Some(aside) => aside,
                None => {
                    let told = self.stored_journey(&reference, asker).await?;
                    let aside = told.map(|told| Aside {
                        nothing: told.nothing_aside,
                        hops: told.journey.hops.into_iter().skip(1).collect(),
                    });
                    let aside = aside.unwrap_or_default();
                    self.known_aside.keep(name, aside.clone());
                    aside
                }
            };
            if aside.nothing {
                nothing_aside(journey);
            }
            if aside.hops.is_empty() {
                continue;
            }
            add(journey, aside.hops);
            // What lies in a retry destination may have been read there.
            self.settle(std::iter::once(journey)).await?;
        }
        Ok(())
    }
}

impl Query {
    /// Where a message lies whose spans name it by its id and by no place.
    async fn place_by_id(
        &self,
        journey: &Journey,
        asker: &Asker,
    ) -> Result<Option<MessageRef>, Problem> {
        let message = &journey.message;
        if self.dialects.habits(&message.system).positions {
            return Ok(None);
        }
        let (Some(cluster), Some(destination), Some(id)) =
            (&message.cluster, &message.destination, &message.message_id)
        else {
            return Ok(None);
        };
        let among = [cluster.clone()];
        let place = self.only_place(&message.system, destination, &among, asker);
        let Some(place) = place.await? else {
            return Ok(None);
        };
        let sought = Sought::Word {
            name: None,
            value: id.as_bytes().to_vec(),
        };
        let scan = Scan {
            from: message.created_at.map(|at| at.plus_ms(-EARLY_MS)),
            most: 1,
            bytes: BYTES,
            time: TIME,
        };
        // What cannot be read now is not known.
        let Ok(scanned) = self.scan(&place, &sought, scan, asker).await else {
            return Ok(None);
        };
        let stored = scanned.kept.into_iter().next();
        Ok(stored.map(|stored| Record::new(&place, stored).reference()))
    }
}

fn place(journey: &Journey) -> Option<MessageRef> {
    let hop = journey.hops.first()?;
    Some(MessageRef::Place {
        system: journey.message.system.clone(),
        destination: hop.destination.clone()?,
        partition: hop.partition.clone()?,
        offset: hop.offset?,
    })
}

fn add(journey: &mut Journey, hops: Vec<Hop>) {
    let Some(last) = hops.last() else { return };
    let (role, at) = (last.role, last.at);
    let destination = last.destination.clone().unwrap_or_default();
    let now = clock::now();
    for hop in hops {
        journey.evidence.push(Evidence {
            kind: EvidenceKind::Stored,
            cluster: journey.message.cluster.clone().unwrap_or_default(),
            hop: journey.hops.len(),
            group: None,
            detail: format!(
                "it lies in {} at {}",
                hop.destination.as_deref().unwrap_or_default(),
                hop.offset.unwrap_or_default()
            ),
            as_of: now,
        });
        journey.hops.push(hop);
    }
    let (whole, part) = match role {
        HopRole::DeadLetter => (JourneyState::DeadLettered, DeliveryState::DeadLettered),
        _ => (JourneyState::Retrying, DeliveryState::Retrying),
    };
    // Whose failure it was is told where there is one that it can have been.
    if let [delivery] = journey.deliveries.as_mut_slice() {
        delivery.state = part;
    }
    journey.state = whole;
    // It is told again, of all places.
    journey
        .evidence
        .retain(|one| one.kind == EvidenceKind::Stored);
    if role == HopRole::DeadLetter {
        journey.dead_letter = Some(DeadLetter {
            destination,
            at,
            evidence: "the broker holds it there".to_owned(),
        });
    }
    conclude(journey);
}
