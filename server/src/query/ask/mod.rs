//! Asking brokers for messages that no span tells of: sampled away, or never instrumented. Bounded by
//! bytes and time, and ended with the request that asked.

mod aside;
mod found;
mod head;
mod lately;
mod place;
mod scan;
mod stored;

use std::collections::HashSet;
use std::time::{Duration, Instant};

use futures::StreamExt;
use waybill_model::access::Sight;
use waybill_model::journey::{Journey, JourneySummary};
use waybill_model::messaging::DestinationRole;
use waybill_model::problem::Problem;
use waybill_model::query::{AskedBrokers, JourneyQuery, Page};
use waybill_model::reference::Term;
use waybill_model::topology::DestinationKind;
use waybill_store::topology::{DestinationFilter, DestinationSort};

use super::Query;
use super::browse::{Place, Sought};
use super::select;
use crate::auth::store_problem;
use crate::journey::settle::nothing_aside;
use crate::journey::summary;

pub(super) use aside::KnownAside;
pub(super) use found::client_id;
pub(super) use head::{At, Record};
pub(super) use lately::Lately;
pub(super) use place::KnownPlaces;

/// Destinations asked for one question, those with most traffic first.
const DESTINATIONS: u32 = 40;
/// At the same time.
const AT_ONCE: usize = 4;
/// Of one destination, before decompression.
const BYTES: u64 = 24 << 20;
/// Of one destination.
const MATCHES: usize = 20;
const TIME: Duration = Duration::from_millis(7_000);
const ORIGIN: [DestinationRole; 1] = [DestinationRole::Origin];
const ASIDE: [DestinationRole; 2] = [DestinationRole::Retry, DestinationRole::DeadLetter];

/// Who asks, and where they may: `None` everywhere.
#[derive(Clone, Debug)]
pub struct Asker {
    pub person: String,
    pub sights: Option<Vec<Sight>>,
    /// How old an answer to the same question may be.
    pub may_be_old: Duration,
}

impl Query {
    /// Messages that lie in a broker and carry what was asked for, newest first, each as its journey:
    /// by spans where there are some, else as far as the broker tells it.
    ///
    /// # Errors
    /// `StoreUnavailable`. A broker that cannot be read is told in the page's `asked`.
    pub async fn ask_brokers(
        &self,
        query: &JourneyQuery,
        asker: &Asker,
    ) -> Result<Page<JourneySummary>, Problem> {
        let mut page = Page::new(Vec::new(), None);
        let Some(sought) = sought(query) else {
            return Ok(page);
        };
        if let Some(page) = self.lately.of(query, asker) {
            return Ok(page);
        }
        let began = Instant::now();
        let _turn = self.lately.turn().await;
        let cluster = query.cluster.as_ref();
        // What was laid aside decides what became of the others.
        let (aside, mut is_whole) = self.aside_places(cluster, asker).await?;
        let name = query.destination.as_deref();
        let origins = self.readable(cluster, &ORIGIN, name, asker).await?;
        let named = |place: &Place| {
            let asked = query.destination.as_ref();
            asked.is_none_or(|asked| *asked == place.shelf.name)
        };
        let origins = origins.into_iter().filter(named);
        let asides: HashSet<String> = aside.iter().map(Place::object).collect();
        let places: Vec<Place> = aside.into_iter().chain(origins).collect();
        let mut open = asides.len();
        let mut asked = AskedBrokers {
            destinations: places.len() as u64,
            ..AskedBrokers::default()
        };
        let reads = places.into_iter().map(|place| {
            let (sought, query) = (&sought, query);
            async move {
                let scan = scan::Scan {
                    from: query.from,
                    most: MATCHES,
                    bytes: BYTES,
                    time: TIME.saturating_sub(began.elapsed()),
                };
                let read = self.scan(&place, sought, scan, asker).await;
                (place, read)
            }
        });
        let mut reads = futures::stream::iter(reads).buffer_unordered(AT_ONCE);
        let mut records = Vec::new();
        while let Ok(Some((place, read))) =
            tokio::time::timeout(TIME.saturating_sub(began.elapsed()), reads.next()).await
        {
            let is_aside = asides.contains(&place.object());
            open -= usize::from(is_aside);
            is_whole &= !is_aside || read.as_ref().is_ok_and(|scanned| scanned.is_whole);
            match read {
                Ok(scanned) => {
                    asked.messages += scanned.told.messages;
                    asked.bytes += scanned.told.bytes;
                    asked.answered += 1;
                    asked.not_whole += u64::from(!scanned.is_whole);
                    let found = scanned.kept.into_iter();
                    records.extend(found.map(|stored| found::Record::new(&place, stored)));
                }
                Err(problem) => asked.refused.push(format!(
                    "{}/{}: {}",
                    place.cluster, place.shelf.name, problem.message
                )),
            }
        }
        drop(reads);
        asked.ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let is_whole = is_whole && open == 0;
        for journey in self.told(records, is_whole).await? {
            if select::narrows(&journey, query) {
                page.items.push(summary(&journey));
            }
        }
        page.items
            .sort_by_key(|item| std::cmp::Reverse(item.started_at));
        page.asked = Some(asked);
        self.lately.keep(query, asker, &page);
        Ok(page)
    }

    /// Retry and dead-letter destinations that may be looked at, and whether these are all there are.
    async fn aside_places(
        &self,
        cluster: Option<&String>,
        asker: &Asker,
    ) -> Result<(Vec<Place>, bool), Problem> {
        let places = self.readable(cluster, &ASIDE, None, asker).await?;
        let anybody = Asker {
            sights: None,
            ..asker.clone()
        };
        let all = self.readable(cluster, &ASIDE, None, &anybody).await?;
        let is_whole = places.len() == all.len() && all.len() < DESTINATIONS as usize;
        Ok((places, is_whole))
    }

    /// Destinations that keep messages and may be looked at.
    async fn readable(
        &self,
        cluster: Option<&String>,
        roles: &[DestinationRole],
        part_of_name: Option<&str>,
        asker: &Asker,
    ) -> Result<Vec<Place>, Problem> {
        let mut places = Vec::new();
        for kind in [DestinationKind::Topic, DestinationKind::Stream] {
            let filter = DestinationFilter {
                cluster: cluster.cloned(),
                kind: Some(kind),
                roles: Some(roles.to_vec()),
                q: part_of_name.map(str::to_owned),
                sights: asker.sights.clone(),
                among: Some(self.clusters.managed()),
                sort: DestinationSort::In,
                ..DestinationFilter::default()
            };
            let lines = self.store.destination_lines(&filter, DESTINATIONS).await;
            let lines = lines.map_err(store_problem)?.into_iter();
            places.extend(lines.map(|listed| place::of_line(listed.line)));
        }
        places.retain(|place| self.shelved(place).is_ok());
        places.truncate(DESTINATIONS as usize);
        Ok(places)
    }

    /// By spans where there are some: a record that these tell of is not told again.
    async fn told(
        &self,
        records: Vec<found::Record>,
        nothing_else_aside: bool,
    ) -> Result<Vec<Journey>, Problem> {
        let mut known: HashSet<Term> = HashSet::new();
        let terms: Vec<Term> = records.iter().flat_map(found::Record::terms).collect();
        let spans = self.spans_by(&terms, None, 256).await?.spans;
        for span in &spans {
            known.insert(Term::trace(span.trace_id));
            known.extend(self.terms_of(span));
        }
        let mut journeys: Vec<Journey> = Vec::new();
        let mut dark = Vec::new();
        for record in records {
            match record.terms().into_iter().any(|term| known.contains(&term)) {
                false => dark.push(record),
                true => {
                    let seen = self.of_record(&record).await?;
                    let is_new = |journey: &Journey| journeys.iter().all(|j| j.id != journey.id);
                    match seen {
                        Some(journey) if is_new(&journey) => journeys.push(journey),
                        Some(_) => {}
                        None => dark.push(record),
                    }
                }
            }
        }
        let mut told = found::journeys(dark, &self.dialects);
        self.settle(told.iter_mut()).await?;
        if nothing_else_aside {
            told.iter_mut()
                .filter(|journey| journey.hops.len() == 1)
                .for_each(nothing_aside);
        }
        journeys.extend(told);
        Ok(journeys)
    }

    async fn of_record(&self, record: &found::Record) -> Result<Option<Journey>, Problem> {
        for reference in record.references() {
            if let Ok(page) = self.journey(&reference.to_string(), None).await {
                return Ok(Some(page.journey));
            }
        }
        Ok(None)
    }
}

/// What a stored message must carry.
fn sought(query: &JourneyQuery) -> Option<Sought> {
    let bytes = |text: &str| text.as_bytes().to_vec();
    if let Some(key) = &query.key {
        return Some(Sought::Key(bytes(key)));
    }
    if let Some(id) = &query.message_id {
        return Some(Sought::Word {
            name: None,
            value: bytes(id),
        });
    }
    if let Some(trace_id) = query.trace_id.as_ref().and_then(|id| id.parse().ok()) {
        return Some(Sought::Trace(trace_id));
    }
    let text = query.attribute.as_deref().or(query.find.as_deref())?.trim();
    if let Ok(trace_id) = text.to_lowercase().parse() {
        return Some(Sought::Trace(trace_id));
    }
    let (name, value) = match text.split_once([':', '=']) {
        Some((name, value)) => (Some(name.trim().to_owned()), value.trim()),
        None => (None, text),
    };
    (!value.is_empty()).then(|| Sought::Word {
        name,
        value: bytes(value),
    })
}
