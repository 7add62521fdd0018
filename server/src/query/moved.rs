//! What moved through one destination minute by minute, as its broker tells it. Pure but for the
//! two readings of the store.

use std::collections::{HashMap, HashSet};

use waybill_model::destination::BrokerPoint;
use waybill_model::problem::Problem;
use waybill_model::time::{TimeRange, Timestamp};
use waybill_store::readings::ReadingRollup;
use waybill_store::topology::DestinationLine;

use super::Query;
use super::series::{self, HOUR_MS};
use crate::auth::store_problem;

impl Query {
    /// Every minute of `range`, oldest first.
    pub(super) async fn broker_series(
        &self,
        line: &DestinationLine,
        range: TimeRange,
    ) -> Result<Vec<BrokerPoint>, Problem> {
        // The first minute of each hour is always written: an hour before tells what stands.
        let before = TimeRange {
            from: range.from.plus_ms(-HOUR_MS),
            to: range.to,
        };
        let rows = self.store.reading_minutes(line.key(), before).await;
        let rows = rows.map_err(store_problem)?;
        let read = self.store.read_minutes(&line.cluster, before).await;
        let read = read.map_err(store_problem)?;
        Ok(points(range, &rows, &read))
    }
}

/// A minute without a row moved nothing, where the last row told what moved and the cluster was
/// read; else it is not known.
fn points(range: TimeRange, rows: &[ReadingRollup], read: &[Timestamp]) -> Vec<BrokerPoint> {
    let by_start: HashMap<Timestamp, &ReadingRollup> =
        rows.iter().map(|row| (row.start, row)).collect();
    let depths = series::minutes(range, rows, read);
    let read: HashSet<&Timestamp> = read.iter().collect();
    let first = depths.first().map(|stretch| stretch.at);
    let last = rows
        .iter()
        .filter(|row| first.is_some_and(|first| row.start < first))
        .max_by_key(|row| row.start);
    let mut told = last.map_or((false, false), counts);
    depths
        .into_iter()
        .map(|depth| {
            let (received, removed) = match by_start.get(&depth.at) {
                Some(row) => {
                    told = counts(row);
                    (row.received, row.removed)
                }
                None if read.contains(&depth.at) => (told.0.then_some(0), told.1.then_some(0)),
                None => (None, None),
            };
            BrokerPoint {
                at: depth.at,
                depth_min: depth.min,
                depth_max: depth.max,
                depth_last: depth.last,
                received,
                removed,
            }
        })
        .collect()
}

fn counts(row: &ReadingRollup) -> (bool, bool) {
    (row.received.is_some(), row.removed.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-23T12:00:00Z and minutes after it.
    fn minute(n: i64) -> Timestamp {
        Timestamp::from_unix_millis(1_795_435_200_000 + n * series::MINUTE_MS)
    }

    fn row(n: i64, depth: i64, received: Option<u64>) -> ReadingRollup {
        ReadingRollup {
            object: 1,
            start: minute(n),
            least: Some(depth),
            greatest: Some(depth),
            last: Some(depth),
            received,
            removed: None,
        }
    }

    #[test]
    fn quiet_minutes_are_zero_only_where_somebody_looked() {
        let range = TimeRange {
            from: minute(2),
            to: minute(7),
        };
        let rows = [row(0, 5, Some(1)), row(3, 9, Some(4))];
        let read: Vec<Timestamp> = [0, 1, 2, 3, 4, 6].map(minute).into();
        let points = points(range, &rows, &read);
        let told: Vec<_> = points.iter().map(|p| (p.depth_last, p.received)).collect();
        assert_eq!(
            told,
            [
                (Some(5), Some(0)),
                (Some(9), Some(4)),
                (Some(9), Some(0)),
                (None, None),
                (Some(9), Some(0)),
            ]
        );
        assert!(
            points.iter().all(|point| point.removed.is_none()),
            "what was never told is no zero"
        );
    }
}
