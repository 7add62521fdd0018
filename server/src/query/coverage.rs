//! How much of what brokers moved spans tell of.

use std::collections::{HashMap, HashSet};

use waybill_model::messaging::Operation;
use waybill_model::problem::Problem;
use waybill_model::time::{TimeRange, Timestamp};
use waybill_store::Rollup;
use waybill_store::readings::Moved;
use waybill_store::topology::GroupLine;

use super::Query;
use super::series::MINUTE_MS;
use crate::auth::store_problem;

const WINDOW_MINUTES: i64 = 60;

/// Spans over messages, 0 to 1; `None` where nothing moved, or it is not known. A batch that one
/// span sends counts as one, and spans of more than there are messages count as all.
pub(super) fn share(spans: u64, messages: Option<u64>) -> Option<f64> {
    let messages = messages.filter(|messages| *messages > 0)?;
    Some((spans as f64 / messages as f64).min(1.0))
}

/// Whole minutes that are over: those of the brokers are written when they end.
pub(super) fn window(now: Timestamp) -> TimeRange {
    let end = now.unix_millis().div_euclid(MINUTE_MS);
    TimeRange {
        from: Timestamp::from_unix_millis((end - WINDOW_MINUTES) * MINUTE_MS),
        to: Timestamp::from_unix_millis(end * MINUTE_MS),
    }
}

/// Minutes in which clusters were read.
#[derive(Default)]
pub(super) struct ReadMinutes(HashMap<String, HashSet<Timestamp>>);

impl ReadMinutes {
    /// Spans of the minutes in which the broker told how much moved: the rest has nothing to be
    /// compared with.
    pub(super) fn count(
        &self,
        cluster: &str,
        spans: impl Iterator<Item = (Timestamp, u64)>,
        unknown: &[Timestamp],
    ) -> u64 {
        let read = self.0.get(cluster);
        let comparable = |minute: &Timestamp| {
            read.is_some_and(|read| read.contains(minute)) && !unknown.contains(minute)
        };
        spans
            .filter(|(minute, _)| comparable(minute))
            .map(|(_, count)| count)
            .sum()
    }
}

impl Query {
    pub(super) async fn minutes_read(
        &self,
        clusters: impl Iterator<Item = &str>,
        range: TimeRange,
    ) -> Result<ReadMinutes, Problem> {
        let mut read = ReadMinutes::default();
        for cluster in clusters.collect::<HashSet<&str>>() {
            let minutes = self.store.read_minutes(cluster, range).await;
            let minutes = minutes.map_err(store_problem)?;
            read.0
                .insert(cluster.to_owned(), minutes.into_iter().collect());
        }
        Ok(read)
    }

    /// By key of the group; of the last hour.
    pub(super) async fn covered_groups(
        &self,
        lines: &[GroupLine],
        now: Timestamp,
    ) -> Result<HashMap<i64, f64>, Problem> {
        let range = window(now);
        let keys: Vec<i64> = lines.iter().map(GroupLine::key).collect();
        let mut places: Vec<(String, String)> = Vec::new();
        for line in lines {
            places.extend(
                line.destinations
                    .iter()
                    .map(|name| (line.system.clone(), name.clone())),
            );
        }
        places.sort();
        places.dedup();
        if places.is_empty() {
            return Ok(HashMap::new());
        }
        let moved = self
            .store
            .moved(&keys, range)
            .await
            .map_err(store_problem)?;
        let moved: HashMap<i64, Moved> = moved
            .into_iter()
            .map(|moved| (moved.object, moved))
            .collect();
        let spans = self
            .store
            .rollups_of(range, &places)
            .await
            .map_err(store_problem)?;
        let clusters = lines.iter().map(|line| line.cluster.as_str());
        let read = self.minutes_read(clusters, range).await?;
        let processed = processed(&spans);
        let covered = lines.iter().filter_map(|line| {
            let moved = moved.get(&line.key())?;
            let group = (line.system.as_str(), line.name.as_str());
            let minutes = processed.get(&group);
            // Its spans may name what its messages were published to.
            if minutes.is_none() && line.namespace.is_some() {
                return None;
            }
            let minutes = minutes.into_iter().flatten().copied();
            let spans = read.count(&line.cluster, minutes, &moved.removed_unknown);
            Some((line.key(), share(spans, moved.removed)?))
        });
        Ok(covered.collect())
    }
}

type ByMinute = Vec<(Timestamp, u64)>;

/// By system and group.
fn processed(spans: &[Rollup]) -> HashMap<(&str, &str), ByMinute> {
    let mut groups: HashMap<(&str, &str), ByMinute> = HashMap::new();
    for line in spans
        .iter()
        .filter(|line| line.operation == Operation::Process)
    {
        if let Some(group) = &line.group {
            let minutes = groups.entry((&line.system, group)).or_default();
            minutes.push((line.minute, line.spans));
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_known_where_something_moved() {
        for (spans, messages, expected) in [
            (5, Some(10), Some(0.5)),
            (0, Some(10), Some(0.0)),
            (12, Some(10), Some(1.0)),
            (5, Some(0), None),
            (5, None, None),
        ] {
            assert_eq!(share(spans, messages), expected, "{spans} {messages:?}");
        }
    }

    #[test]
    fn the_minute_that_goes_on_is_not_counted() {
        let range = window(Timestamp::from_unix_millis(1_795_435_230_000));
        assert_eq!(range.to, Timestamp::from_unix_millis(1_795_435_200_000));
        assert_eq!(range.to.ms_since(range.from), 3_600_000.0);
    }
}
