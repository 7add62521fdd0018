//! One destination as lists and pages tell it.

use std::collections::HashMap;

use waybill_model::destination::{DestinationId, DestinationItem, DestinationSummary, Exact};
use waybill_model::messaging::{DestinationKind, Operation};
use waybill_model::problem::Problem;
use waybill_model::time::Timestamp;
use waybill_model::topology::DestinationKind as PlaceKind;
use waybill_store::readings::Moved;
use waybill_store::{Histogram, Rollup};

use super::Query;
use super::coverage;
use super::destinations::Found;
use super::observed::Polls;
use super::window::Minutes;
use crate::auth::store_problem;

/// Spans are told of the moment they are asked for.
const SPANS_STALE_MS: f64 = 60_000.0;

/// What is looked up for all destinations of a page at once.
pub(super) struct Around {
    polls: Polls,
    /// Processing, by place.
    durations: HashMap<DestinationId, Histogram>,
    /// By key of the broker's line.
    coverage: HashMap<i64, f64>,
}

impl Query {
    pub(super) async fn items(
        &self,
        found: Vec<Found>,
        minutes: Minutes,
        as_of: Timestamp,
    ) -> Result<Vec<DestinationItem>, Problem> {
        let around = self.around(&found, minutes, as_of).await?;
        Ok(found
            .iter()
            .map(|found| self.item(found, minutes, as_of, &around))
            .collect())
    }

    /// Durations are of the window that is told, coverage is of the last hour.
    pub(super) async fn around(
        &self,
        found: &[Found],
        minutes: Minutes,
        as_of: Timestamp,
    ) -> Result<Around, Problem> {
        let places: Vec<(String, String)> = found
            .iter()
            .filter_map(|found| found.spans.as_ref())
            .map(|line| (line.id.system.clone(), line.id.name.clone()))
            .collect();
        let mut durations: HashMap<DestinationId, Histogram> = HashMap::new();
        if !places.is_empty() {
            let spans = self.store.rollups_of(minutes.range(), &places).await;
            for line in spans.map_err(store_problem)? {
                if line.operation == Operation::Process {
                    let id = DestinationId::of_spans(&line.system, &line.destination);
                    durations.entry(id).or_default().add(&line.durations);
                }
            }
        }
        Ok(Around {
            polls: self.polls(crate::clock::now()).await?,
            durations,
            coverage: self.covered_destinations(found, &places, as_of).await?,
        })
    }

    async fn covered_destinations(
        &self,
        found: &[Found],
        places: &[(String, String)],
        now: Timestamp,
    ) -> Result<HashMap<i64, f64>, Problem> {
        // What spans name in two ways cannot be compared.
        let told = || {
            found
                .iter()
                .filter(|found| found.is_only)
                .filter_map(|f| f.broker.as_ref())
        };
        let keys: Vec<i64> = told().map(|line| line.key()).collect();
        if keys.is_empty() {
            return Ok(HashMap::new());
        }
        let range = coverage::window(now);
        let moved = self
            .store
            .moved(&keys, range)
            .await
            .map_err(store_problem)?;
        let moved: HashMap<i64, Moved> = moved.into_iter().map(|one| (one.object, one)).collect();
        let spans = match places.is_empty() {
            true => Vec::new(),
            false => self
                .store
                .rollups_of(range, places)
                .await
                .map_err(store_problem)?,
        };
        let published = published(&spans);
        let clusters = told().map(|line| line.cluster.as_str());
        let read = self.minutes_read(clusters, range).await?;
        let covered = told().filter_map(|line| {
            let moved = moved.get(&line.key())?;
            let spans = published.get(&(line.system.as_str(), line.name.as_str()));
            // Spans name the exchange that was published to: without any, nobody knows.
            if spans.is_none() && matches!(line.kind, PlaceKind::Queue | PlaceKind::Stream) {
                return None;
            }
            let spans = spans.into_iter().flatten().copied();
            let spans = read.count(&line.cluster, spans, &moved.received_unknown);
            Some((line.key(), coverage::share(spans, moved.received)?))
        });
        Ok(covered.collect())
    }

    pub(super) fn item(
        &self,
        found: &Found,
        minutes: Minutes,
        as_of: Timestamp,
        around: &Around,
    ) -> DestinationItem {
        let spans = found.spans.as_ref();
        let broker = found.broker.as_ref();
        let id = found.place_id();
        let durations = around.durations.get(&id);
        let quantile = |q| durations.and_then(|durations| durations.quantile_ms(q));
        let age = broker.map(|line| around.polls.age(&line.cluster, line.figures_at));
        let missing_since = broker.and_then(|line| line.missing_since);
        let mut line = DestinationSummary {
            id: match broker {
                Some(line) if !found.is_only => DestinationId {
                    exact: Some(Exact {
                        cluster: line.cluster.clone(),
                        kind: line.kind,
                        namespace: line.namespace.clone(),
                    }),
                    ..id.clone()
                },
                _ => id.clone(),
            }
            .to_string(),
            cluster: match broker {
                Some(line) => Some(line.cluster.clone()),
                None => self.clusters.only_of(&id.system).map(str::to_owned),
            },
            namespace: broker.and_then(|line| line.namespace.clone()),
            kind: self.kind(found),
            role: found.role(),
            system: id.system,
            destination: id.name,
            published_per_s: minutes.per_s(spans.map_or(0, |line| line.published)),
            processed_per_s: minutes.per_s(spans.map_or(0, |line| line.processed)),
            failed: spans.map_or(0, |line| line.failed),
            p50_ms: quantile(0.5),
            p99_ms: quantile(0.99),
            last_at: spans.map(|line| line.last_at),
            as_of: match age {
                Some(age) => age.as_of,
                None => Some(as_of),
            },
            stale: match age {
                Some(age) => age.stale || missing_since.is_some(),
                // Later pages tell the spans of the first one's moment.
                None => around.polls.now.ms_since(as_of) > SPANS_STALE_MS,
            },
            missing_since,
            depth: broker.and_then(|line| line.depth_messages),
            lag_messages: broker.and_then(|line| line.lag_messages),
            in_per_s: broker.and_then(|line| line.in_per_s),
            out_per_s: broker.and_then(|line| line.out_per_s),
            stored_bytes: broker.and_then(|line| line.stored_bytes),
            group_count: broker.map(|line| line.groups),
            finding_count: broker.map(|line| line.findings),
            dead_letters: broker.and_then(|line| line.dead_letters.clone()),
            coverage: broker.and_then(|line| around.coverage.get(&line.key()).copied()),
            unknown: Vec::new(),
        };
        line.unknown = untold(&line);
        let mut item = DestinationItem {
            line,
            partitions: broker.and_then(|line| line.partitions),
            consumers: broker.and_then(|line| line.consumers),
        };
        let untold = [
            ("partitions", item.partitions.is_none()),
            ("consumers", item.consumers.is_none()),
        ];
        item.line.unknown.extend(names(untold));
        item
    }
}

fn untold(item: &DestinationSummary) -> Vec<&'static str> {
    let members = [
        ("cluster", item.cluster.is_none()),
        ("kind", item.kind.is_none()),
        ("p50_ms", item.p50_ms.is_none()),
        ("p99_ms", item.p99_ms.is_none()),
        ("last_at", item.last_at.is_none()),
        ("as_of", item.as_of.is_none()),
        ("depth", item.depth.is_none()),
        ("lag_messages", item.lag_messages.is_none()),
        ("in_per_s", item.in_per_s.is_none()),
        ("out_per_s", item.out_per_s.is_none()),
        ("stored_bytes", item.stored_bytes.is_none()),
        ("group_count", item.group_count.is_none()),
        ("finding_count", item.finding_count.is_none()),
        ("dead_letters", item.dead_letters.is_none()),
        ("coverage", item.coverage.is_none()),
    ];
    names(members).collect()
}

/// Of those that are not told.
fn names<const N: usize>(members: [(&'static str, bool); N]) -> impl Iterator<Item = &'static str> {
    let members = members.into_iter();
    members.filter_map(|(name, untold)| untold.then_some(name))
}

pub(super) fn kind_of(kind: PlaceKind) -> DestinationKind {
    match kind {
        PlaceKind::Topic => DestinationKind::Topic,
        PlaceKind::Queue => DestinationKind::Queue,
        PlaceKind::Exchange => DestinationKind::Exchange,
        PlaceKind::Stream => DestinationKind::Stream,
    }
}

/// By system and name.
fn published(spans: &[Rollup]) -> HashMap<(&str, &str), Vec<(Timestamp, u64)>> {
    let mut places: HashMap<(&str, &str), Vec<(Timestamp, u64)>> = HashMap::new();
    for line in spans
        .iter()
        .filter(|line| line.operation == Operation::Send)
    {
        let minutes = places.entry((&line.system, &line.destination)).or_default();
        minutes.push((line.minute, line.spans));
    }
    places
}
