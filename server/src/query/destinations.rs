//! Destinations: what brokers tell, from their lines in the store, joined with what spans tell, from
//! roll-ups. A page is merged of two sorted parts: lines of brokers, paged in SQL, and destinations
//! of spans in memory.
//!
//! A list of many thousands stays cheap: the database adds up the spans, the durations of one page's
//! destinations alone are read. Its pages are all of one window of spans, which the cursor carries.

use std::collections::{BTreeMap, HashMap};

use waybill_model::access::{Sight, matches_pattern};
use waybill_model::destination::{
    DestinationId, DestinationItem, DestinationQuery, DestinationSort as Sort, KindFilter,
};
use waybill_model::messaging::{DestinationKind, DestinationRole, Operation};
use waybill_model::problem::Problem;
use waybill_model::query::Page;
use waybill_model::time::Timestamp;
use waybill_model::topology::DestinationKind as PlaceKind;
use waybill_store::DestinationSum;
use waybill_store::topology::{
    DestinationFilter, DestinationLine, DestinationPlace, DestinationSort, ListedDestination,
    place_key,
};

use super::Query;
use super::destination_item::kind_of;
use super::destination_place::{Place, order};
use super::window::Minutes;
use crate::auth::store_problem;
use crate::clock;

/// A destination's spans of one window.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) id: DestinationId,
    pub(super) role: DestinationRole,
    pub(super) published: u64,
    pub(super) processed: u64,
    pub(super) failed: u64,
    pub(super) last_at: Timestamp,
}

/// A destination on its way into a page: told by spans, by a broker, or by both.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) spans: Option<Line>,
    pub(super) broker: Option<DestinationLine>,
    /// Spans name it so that it cannot be another.
    pub(super) is_only: bool,
    place: DestinationPlace,
}

impl Query {
    /// # Errors
    /// `InvalidRequest` for a cursor that is not one of ours, `StoreUnavailable`.
    pub async fn destinations(
        &self,
        query: DestinationQuery,
    ) -> Result<Page<DestinationItem>, Problem> {
        let after = query.cursor.as_deref().map(Place::read).transpose()?;
        let as_of = match &after {
            Some(place) => place.as_of.min(clock::now()),
            None => clock::now(),
        };
        let after = after.map(|place| place.at);
        let minutes = Minutes::until(as_of);
        let limit = query.limit.max(1) as usize;
        let (joined, alone) = self.joined(self.lines(minutes).await?).await?;
        let mut found = match by_spans(query.sort) {
            true => {
                let without = joined
                    .iter()
                    .map(|found| place_of(&found.place_id()))
                    .collect();
                let all = joined.into_iter().chain(alone);
                let mut found = self.of_spans(all, &query, after.as_ref());
                found.extend(
                    self.of_brokers(&query, after, without, &HashMap::new())
                        .await?,
                );
                found
            }
            false => {
                let mut found = self.of_spans(alone, &query, after.as_ref());
                let spans = joined.into_iter().filter_map(|found| {
                    let place = place_of(&found.place_id());
                    found.spans.map(|line| (place, line))
                });
                let spans = spans.collect();
                found.extend(self.of_brokers(&query, after, Vec::new(), &spans).await?);
                found
            }
        };
        found.sort_by(|a, b| order(&a.place, &b.place));
        let more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(|last| {
            let at = last.place.clone();
            Place { as_of, at }.write()
        });
        Ok(Page::new(self.items(found, minutes, as_of).await?, next))
    }

    /// Systems that spans of the last hour name.
    pub async fn systems(&self) -> Result<Vec<String>, Problem> {
        let lines = self.lines(Minutes::until(clock::now())).await?;
        let mut systems: Vec<String> = lines.into_iter().map(|line| line.id.system).collect();
        systems.sort();
        systems.dedup();
        Ok(systems)
    }

    async fn lines(&self, minutes: Minutes) -> Result<Vec<Line>, Problem> {
        let sums = self.store.destination_sums(minutes.range()).await;
        let mut lines: BTreeMap<DestinationId, Vec<DestinationSum>> = BTreeMap::new();
        for sum in sums.map_err(store_problem)? {
            if sum.role != DestinationRole::Internal {
                let id = DestinationId::of_spans(&sum.system, &sum.destination);
                lines.entry(id).or_default().push(sum);
            }
        }
        Ok(lines
            .into_iter()
            .map(|(id, sums)| line(id, &sums))
            .collect())
    }

    /// Those that exactly one broker's destination can be, and the others. Of two that could be meant
    /// none is.
    async fn joined(&self, lines: Vec<Line>) -> Result<(Vec<Found>, Vec<Found>), Problem> {
        let places: Vec<i64> = lines.iter().map(|line| place_of(&line.id)).collect();
        let mut at: HashMap<i64, Vec<ListedDestination>> = HashMap::new();
        let found = self
            .store
            .destination_lines_at(&places, Some(&self.clusters.managed()))
            .await;
        for listed in found.map_err(store_problem)? {
            at.entry(listed.line.place()).or_default().push(listed);
        }
        let (mut joined, mut alone) = (Vec::new(), Vec::new());
        for (line, place) in lines.into_iter().zip(places) {
            match at.remove(&place).as_deref() {
                Some([one]) => joined.push(Found::joined(line, one.line.clone())),
                _ => alone.push(Found::of_spans(line)),
            }
        }
        Ok((joined, alone))
    }

    fn of_spans(
        &self,
        all: impl IntoIterator<Item = Found>,
        query: &DestinationQuery,
        after: Option<&DestinationPlace>,
    ) -> Vec<Found> {
        let mut fitting: Vec<Found> = all
            .into_iter()
            .filter(|found| self.fits(found, query))
            .collect();
        for found in &mut fitting {
            found.place.value = found.value(query.sort);
        }
        fitting.retain(|found| after.is_none_or(|after| order(after, &found.place).is_lt()));
        fitting
    }

    /// Lines of brokers, one more than a page has; `spans` by place.
    async fn of_brokers(
        &self,
        query: &DestinationQuery,
        after: Option<DestinationPlace>,
        without: Vec<i64>,
        spans: &HashMap<i64, Line>,
    ) -> Result<Vec<Found>, Problem> {
        // To what is sorted by spans those without any come last, by name.
        let after = after.filter(|after| !by_spans(query.sort) || after.value == 0.0);
        let (kind, roles) = kinds(query.kind);
        let filter = DestinationFilter {
            cluster: query.cluster.clone(),
            system: query.system.clone(),
            q: query.q.clone(),
            kind,
            roles: Some(roles),
            sights: query.sights.clone(),
            among: Some(self.clusters.managed()),
            without: (!without.is_empty()).then_some(without),
            sort: match query.sort {
                Sort::Name | Sort::Published | Sort::Processed | Sort::Failed => {
                    DestinationSort::Name
                }
                Sort::Depth => DestinationSort::Depth,
                Sort::Lag => DestinationSort::Lag,
                Sort::In => DestinationSort::In,
                Sort::Out => DestinationSort::Out,
                Sort::Partitions => DestinationSort::Partitions,
                Sort::Bytes => DestinationSort::Bytes,
            },
            after,
        };
        let limit = query.limit.max(1).saturating_add(1);
        let found = self.store.destination_lines(&filter, limit).await;
        let listed = found.map_err(store_problem)?.into_iter();
        Ok(listed
            .map(|listed| Found::of_broker(listed, spans))
            .collect())
    }

    fn fits(&self, found: &Found, query: &DestinationQuery) -> bool {
        let DestinationId { system, name, .. } = found.place_id();
        let broker = found.broker.as_ref();
        let cluster = || match broker {
            Some(broker) => Some(broker.cluster.as_str()),
            None => self.clusters.only_of(&system),
        };
        let role = found.role();
        query.q.as_ref().is_none_or(|part| name.contains(part))
            && query.system.as_ref().is_none_or(|asked| *asked == system)
            && (query.cluster.as_deref()).is_none_or(|asked| cluster() == Some(asked))
            && match query.kind {
                None => role != DestinationRole::Internal,
                Some(KindFilter::Kind(kind)) => self.kind(found) == Some(kind),
                Some(KindFilter::Role(asked)) => role == asked,
            }
            && found.is_seen(query.sights.as_deref())
    }

    pub(super) fn kind(&self, found: &Found) -> Option<DestinationKind> {
        match (found.role(), &found.broker) {
            (DestinationRole::Retry, _) => Some(DestinationKind::Retry),
            (DestinationRole::DeadLetter, _) => Some(DestinationKind::DeadLetter),
            (_, Some(broker)) => Some(kind_of(broker.kind)),
            (_, None) => {
                let id = found.place_id();
                self.dialects.destination_kind(&id.system, &id.name)
            }
        }
    }
}

fn by_spans(sort: Sort) -> bool {
    matches!(sort, Sort::Published | Sort::Processed | Sort::Failed)
}

fn place_of(id: &DestinationId) -> i64 {
    place_key(&id.system, &id.name)
}

/// What the store filters by. A broker's own bookkeeping shows only where it is asked for.
fn kinds(filter: Option<KindFilter>) -> (Option<PlaceKind>, Vec<DestinationRole>) {
    use DestinationRole::{DeadLetter, Internal, Origin, Retry};
    let plain = |kind| (Some(kind), vec![Origin, Internal]);
    match filter {
        None => (None, vec![Origin, Retry, DeadLetter]),
        Some(KindFilter::Role(role)) => (None, vec![role]),
        Some(KindFilter::Kind(kind)) => match kind {
            DestinationKind::Topic => plain(PlaceKind::Topic),
            DestinationKind::Queue => plain(PlaceKind::Queue),
            DestinationKind::Exchange => plain(PlaceKind::Exchange),
            DestinationKind::Stream => plain(PlaceKind::Stream),
            DestinationKind::Retry => (None, vec![Retry]),
            DestinationKind::DeadLetter => (None, vec![DeadLetter]),
        },
    }
}

impl Found {
    pub(super) fn of_spans(line: Line) -> Self {
        Self {
            place: DestinationPlace {
                value: 0.0,
                name: line.id.name.clone(),
                key: place_of(&line.id),
            },
            spans: Some(line),
            broker: None,
            is_only: true,
        }
    }

    fn joined(line: Line, broker: DestinationLine) -> Self {
        Self::of_line(Some(line), broker, true)
    }

    pub(super) fn of_line(spans: Option<Line>, broker: DestinationLine, is_only: bool) -> Self {
        Self {
            place: DestinationPlace {
                value: 0.0,
                name: broker.name.clone(),
                key: broker.key(),
            },
            spans,
            broker: Some(broker),
            is_only,
        }
    }

    fn of_broker(listed: ListedDestination, spans: &HashMap<i64, Line>) -> Self {
        let is_only = listed.alike <= 1;
        let spans = spans.get(&listed.line.place()).filter(|_| is_only).cloned();
        Self {
            spans,
            is_only,
            place: listed.place,
            broker: Some(listed.line),
        }
    }

    /// As spans name it.
    pub(super) fn place_id(&self) -> DestinationId {
        match (&self.broker, &self.spans) {
            (Some(broker), _) => DestinationId::of_spans(&broker.system, &broker.name),
            (None, Some(line)) => line.id.clone(),
            (None, None) => DestinationId::of_spans("", ""),
        }
    }

    /// What no broker tells of counts as of a cluster without a name.
    pub(super) fn is_seen(&self, sights: Option<&[Sight]>) -> bool {
        let cluster = self
            .broker
            .as_ref()
            .map_or("", |broker| broker.cluster.as_str());
        let name = &self.place.name;
        sights.is_none_or(|sights| {
            sights.iter().any(|sight| {
                matches_pattern(&sight.cluster, cluster) && matches_pattern(&sight.resource, name)
            })
        })
    }

    /// The broker's word counts more than what a name tells.
    pub(super) fn role(&self) -> DestinationRole {
        let told = self.broker.as_ref().map(|broker| broker.role);
        let by_name = self.spans.as_ref().map(|line| line.role);
        match (told, by_name) {
            (Some(DestinationRole::Origin), Some(role)) => role,
            (Some(role), _) | (None, Some(role)) => role,
            (None, None) => DestinationRole::Origin,
        }
    }

    /// What it is sorted by, of those that spans tell.
    fn value(&self, sort: Sort) -> f64 {
        let Some(line) = &self.spans else { return 0.0 };
        match sort {
            Sort::Name => 0.0,
            Sort::Published => line.published as f64,
            Sort::Processed => line.processed as f64,
            Sort::Failed => line.failed as f64,
            // Only brokers tell it: not known, and last.
            _ => -1.0,
        }
    }
}

/// The role that most spans tell: a queue's name may tell it where its exchange's does not.
pub(super) fn line(id: DestinationId, sums: &[DestinationSum]) -> Line {
    let mut line = Line {
        id,
        role: DestinationRole::Origin,
        published: 0,
        processed: 0,
        failed: 0,
        last_at: Timestamp::from_unix_nanos(i64::MIN),
    };
    let mut roles: HashMap<DestinationRole, u64> = HashMap::new();
    for sum in sums {
        line.last_at = line.last_at.max(sum.last_at);
        *roles.entry(sum.role).or_default() += sum.spans;
        match sum.operation {
            Operation::Send => line.published += sum.spans,
            Operation::Process => {
                line.processed += sum.spans;
                line.failed += sum.failed;
            }
            _ => {}
        }
    }
    let most = roles
        .into_iter()
        .max_by_key(|(role, spans)| (*spans, *role as u8));
    line.role = most.map_or(DestinationRole::Origin, |(role, _)| role);
    line
}
