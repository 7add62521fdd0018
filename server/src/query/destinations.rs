//! Destinations from roll-ups: the list, paged by what it is sorted by, and one in full.
//!
//! A list of many thousands stays cheap: the database adds up the spans, the durations of one page's
//! destinations alone are read. Its pages are all of one window, which the cursor carries, so that
//! what is sorted by does not move between them.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};

use waybill_model::access::matches_pattern;
use waybill_model::destination::{
    DestinationId, DestinationItem, DestinationQuery, DestinationSort, KindFilter,
};
use waybill_model::messaging::{DestinationKind, DestinationRole, Operation};
use waybill_model::problem::{Code, Problem};
use waybill_model::query::Page;
use waybill_model::time::{TimeRange, Timestamp};
use waybill_store::{DestinationSum, Histogram};

use super::Query;
use super::window::Minutes;
use crate::auth::store_problem;
use crate::clock;

/// Figures are of the moment they are asked for; those of a later page are of the first one's.
const STALE_MS: f64 = 60_000.0;
/// What only a broker tells of every destination.
const OF_BROKERS: [&str; 4] = ["depth", "partitions", "dead_letters", "coverage"];

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
        let minutes = Minutes::until(as_of);
        let mut lines = self.lines(minutes).await?;
        lines.retain(|line| self.fits(line, &query));
        lines.sort_by(|a, b| order(key(a, query.sort), key(b, query.sort)));
        if let Some(after) = &after {
            let after = (after.value, &after.id);
            lines.retain(|line| order(after, key(line, query.sort)) == Ordering::Less);
        }
        let limit = query.limit.max(1) as usize;
        let more = lines.len() > limit;
        lines.truncate(limit);
        let next = lines.last().filter(|_| more).map(|last| {
            let (value, id) = key(last, query.sort);
            let id = id.clone();
            Place { as_of, value, id }.write()
        });
        let durations = self.durations(&lines, minutes.range()).await?;
        let item = |line: Line| {
            let durations = durations.get(&line.id);
            self.item(line, minutes, as_of, durations)
        };
        Ok(Page::new(lines.into_iter().map(item).collect(), next))
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
                let id = DestinationId {
                    system: sum.system.clone(),
                    name: sum.destination.clone(),
                };
                lines.entry(id).or_default().push(sum);
            }
        }
        Ok(lines
            .into_iter()
            .map(|(id, sums)| line(id, &sums))
            .collect())
    }

    fn fits(&self, line: &Line, query: &DestinationQuery) -> bool {
        let DestinationId { system, name } = &line.id;
        let cluster = || self.clusters.only_of(system);
        query.q.as_ref().is_none_or(|part| name.contains(part))
            && query.system.as_ref().is_none_or(|asked| asked == system)
            && (query.cluster.as_deref()).is_none_or(|asked| cluster() == Some(asked))
            && query.kind.is_none_or(|kind| match kind {
                KindFilter::Kind(kind) => self.kind(line) == Some(kind),
                KindFilter::Role(role) => line.role == role,
            })
            && (query.visible.as_ref())
                .is_none_or(|patterns| patterns.iter().any(|p| matches_pattern(p, name)))
    }

    fn kind(&self, line: &Line) -> Option<DestinationKind> {
        match line.role {
            DestinationRole::Retry => Some(DestinationKind::Retry),
            DestinationRole::DeadLetter => Some(DestinationKind::DeadLetter),
            _ => (self.dialects).destination_kind(&line.id.system, &line.id.name),
        }
    }

    /// Of processing, for one page.
    async fn durations(
        &self,
        lines: &[Line],
        range: TimeRange,
    ) -> Result<HashMap<DestinationId, Histogram>, Problem> {
        let mut durations: HashMap<DestinationId, Histogram> = HashMap::new();
        if lines.is_empty() {
            return Ok(durations);
        }
        let places: Vec<(String, String)> = lines
            .iter()
            .map(|line| (line.id.system.clone(), line.id.name.clone()))
            .collect();
        let found = self.store.rollups_of(range, &places).await;
        for line in found.map_err(store_problem)? {
            if line.operation == Operation::Process {
                let id = DestinationId {
                    system: line.system,
                    name: line.destination,
                };
                durations.entry(id).or_default().add(&line.durations);
            }
        }
        Ok(durations)
    }

    pub(super) fn item(
        &self,
        line: Line,
        minutes: Minutes,
        as_of: Timestamp,
        durations: Option<&Histogram>,
    ) -> DestinationItem {
        let quantile = |q| durations.and_then(|durations| durations.quantile_ms(q));
        let mut item = DestinationItem {
            id: line.id.to_string(),
            cluster: self.clusters.only_of(&line.id.system).map(str::to_owned),
            kind: self.kind(&line),
            role: line.role,
            published_per_s: minutes.per_s(line.published),
            processed_per_s: minutes.per_s(line.processed),
            failed: line.failed,
            p50_ms: quantile(0.5),
            p99_ms: quantile(0.99),
            last_at: line.last_at,
            as_of,
            stale: clock::now().ms_since(as_of) > STALE_MS,
            system: line.id.system,
            destination: line.id.name,
            depth: None,
            partitions: None,
            dead_letters: None,
            coverage: None,
            unknown: Vec::new(),
        };
        let untold = [
            ("cluster", item.cluster.is_none()),
            ("kind", item.kind.is_none()),
            ("p50_ms", item.p50_ms.is_none()),
            ("p99_ms", item.p99_ms.is_none()),
        ];
        let untold = untold
            .into_iter()
            .filter_map(|(name, untold)| untold.then_some(name));
        item.unknown = untold.chain(OF_BROKERS).collect();
        item
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

/// What a line is sorted by.
fn key(line: &Line, sort: DestinationSort) -> (u64, &DestinationId) {
    let value = match sort {
        DestinationSort::Name => 0,
        DestinationSort::Published => line.published,
        DestinationSort::Processed => line.processed,
        DestinationSort::Failed => line.failed,
    };
    (value, &line.id)
}

/// Greatest value first, then by name, then by system.
fn order(a: (u64, &DestinationId), b: (u64, &DestinationId)) -> Ordering {
    let names = |id: &DestinationId, other: &DestinationId| {
        (&id.name, &id.system).cmp(&(&other.name, &other.system))
    };
    b.0.cmp(&a.0).then_with(|| names(a.1, b.1))
}

/// A place in the sorted list, and the window that it is of.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    as_of: Timestamp,
    /// What is sorted by; 0 where that is the name.
    value: u64,
    id: DestinationId,
}

impl Place {
    fn write(&self) -> String {
        format!("{}.{}.{}", self.as_of.unix_millis(), self.value, self.id)
    }

    fn read(text: &str) -> Result<Self, Problem> {
        let parse = || {
            let mut parts = text.splitn(3, '.');
            Some(Self {
                as_of: Timestamp::from_unix_millis(parts.next()?.parse().ok()?),
                value: parts.next()?.parse().ok()?,
                id: parts.next()?.parse().ok()?,
            })
        };
        parse().ok_or_else(|| {
            Problem::new(
                Code::InvalidRequest,
                "The cursor is not one of ours.",
                "Take `next` from the page before, or leave `cursor` out to begin again.",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_survives_being_written_and_orders() {
        let place = |value, name: &str| Place {
            as_of: Timestamp::from_unix_millis(1_795_435_200_000),
            value,
            id: DestinationId {
                system: "examplemq".into(),
                name: name.into(),
            },
        };
        let mut all = [place(3, "b"), place(7, "c.d"), place(3, "a"), place(0, "")];
        for one in &all {
            assert_eq!(Place::read(&one.write()).as_ref(), Ok(one));
        }
        all.sort_by(|a, b| order((a.value, &a.id), (b.value, &b.id)));
        let names: Vec<&str> = all.iter().map(|place| place.id.name.as_str()).collect();
        assert_eq!(names, ["c.d", "a", "b", ""]);
        for text in ["", "1", "1.2", "x.2.d-00-00", "1.2.zz"] {
            assert!(Place::read(text).is_err(), "{text}");
        }
    }
}
