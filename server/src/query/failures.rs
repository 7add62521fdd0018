//! Kinds of failure: lists, single ones, and what people say of them.

use waybill_model::access::Sight;
use waybill_model::destination::Window;
use waybill_model::failure::{FailureGroup, FailurePage, FailureQuery, FailureSort, RetryAttempt};
use waybill_model::problem::{Code, Problem};
use waybill_model::query::Page;
use waybill_model::time::Timestamp;
use waybill_store::failures::{
    Among, Failure, FailureAfter, FailureFilter, FailureOrder, failure_key,
};
use waybill_store::troubled::TroubledAttempt;

use super::Query;
use super::cursor::not_ours;
use super::failure_group::{self, Steps};
use super::search::QUIET;
use crate::auth::store_problem;
use crate::clock;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
/// Messages on the page of one.
const RECENT: u32 = 20;
impl Query {
    /// # Errors
    /// `InvalidRequest` for a cursor of another list, `StoreUnavailable`.
    pub async fn failures(&self, query: FailureQuery) -> Result<Page<FailureGroup>, Problem> {
        let now = clock::now();
        let limit = query.limit.clamp(1, 1_000) as usize;
        let filter = filter(&query, now)?;
        let mut found = self
            .store
            .failures(&filter, limit as u32 + 1)
            .await
            .map_err(store_problem)?;
        let more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(|last| {
            let FailureAfter { value, fingerprint } = FailureAfter {
                value: last.value,
                fingerprint: last.fingerprint.clone(),
            };
            format!("{value}.{fingerprint}")
        });
        let steps = steps(query.from, query.to, now);
        let items = self.grouped(found, &filter, steps).await?;
        Ok(Page::new(items, next))
    }

    /// `window` is that of the trend; everything else is told of all that is kept.
    ///
    /// # Errors
    /// `NotFound` where none is kept, or none that `sights` show.
    pub async fn failure(
        &self,
        id: &str,
        window: Window,
        sights: Option<Vec<Sight>>,
    ) -> Result<FailurePage, Problem> {
        let now = clock::now();
        let query = FailureQuery {
            sights,
            ..FailureQuery::default()
        };
        let filter = FailureFilter {
            fingerprint: Some(id.to_owned()),
            ..filter(&query, now)?
        };
        let found = self.store.failures(&filter, 1).await;
        let mut found = found.map_err(store_problem)?;
        let Some(failure) = found.pop() else {
            return Err(no_failure());
        };
        let ids: Vec<i64> = failure.places.iter().map(|place| place.id).collect();
        let among = Among {
            fingerprint: Some(id),
            places: &ids,
            from: filter.from,
            to: filter.to,
        };
        let recent = self.store.recently_failed(&among, RECENT).await;
        let recent = recent.map_err(store_problem)?;
        let history = match recent.first() {
            Some(newest) => self.history(&newest.id).await?,
            None => Vec::new(),
        };
        let places = failure_group::places(&failure);
        let steps = steps(window.from, window.to, now);
        let mut groups = self.grouped(vec![failure], &filter, steps).await?;
        let group = groups.pop().ok_or_else(no_failure)?;
        Ok(FailurePage {
            group,
            places,
            recent,
            history,
        })
    }

    /// Muted kinds of failure that messages in trouble, begun since then, are of.
    pub(super) async fn muted_since(&self, from: Timestamp) -> Result<u64, Problem> {
        self.store
            .muted_failures(from, clock::now(), &QUIET)
            .await
            .map_err(store_problem)
    }

    async fn history(&self, id: &str) -> Result<Vec<RetryAttempt>, Problem> {
        let row = self.store.troubled_journey(id).await;
        let row = row.map_err(store_problem)?;
        let attempts = row.map(|row| row.attempts).unwrap_or_default();
        Ok(attempts.into_iter().map(retry).collect())
    }

    /// With what the page alone needs: journeys by state, and the trend.
    async fn grouped(
        &self,
        found: Vec<Failure>,
        filter: &FailureFilter,
        steps: Steps,
    ) -> Result<Vec<FailureGroup>, Problem> {
        let places = found.iter().flat_map(|failure| &failure.places);
        let ids: Vec<i64> = places.map(|place| place.id).collect();
        let all = Among {
            fingerprint: filter.fingerprint.as_deref(),
            places: &ids,
            from: filter.from,
            to: filter.to,
        };
        let stepped = Among {
            from: steps.from.max(filter.from),
            to: steps.to.min(filter.to),
            ..all.clone()
        };
        let (journeys, counted) = tokio::try_join!(
            self.store.failed_journeys(&all),
            self.store.failed_steps(&stepped, steps.step_ms as u64),
        )
        .map_err(store_problem)?;
        let group = |failure: Failure| {
            let key = failure_key(&failure.fingerprint);
            let owner = failure.places.iter().find_map(|place| {
                let services: Vec<&str> = place.service.as_deref().into_iter().collect();
                self.owners.of_place(
                    place.cluster.as_deref(),
                    place.destination.as_deref(),
                    &services,
                )
            });
            let mut group = failure_group::group(failure, owner);
            group.journeys = failure_group::journeys(&journeys, key);
            group.trend = steps.trend(&counted, key);
            group
        };
        Ok(found.into_iter().map(group).collect())
    }
}

pub fn no_failure() -> Problem {
    Problem::new(
        Code::NotFound,
        "No failure is known by this id.",
        "Ids come from an answer of GET /api/v1/failures; failures older than the retention are gone.",
    )
}

fn filter(query: &FailureQuery, now: Timestamp) -> Result<FailureFilter, Problem> {
    let open = FailureFilter::default();
    Ok(FailureFilter {
        fingerprint: None,
        cluster: query.cluster.clone(),
        destination: query.destination.clone(),
        group: query.group.clone(),
        q: query.q.clone(),
        from: query.from.unwrap_or(open.from),
        to: query.to.unwrap_or(open.to),
        muted: query.muted.map(|muted| (muted, now)),
        sights: query.sights.clone(),
        sort: match query.sort {
            FailureSort::Last => FailureOrder::Last,
            FailureSort::Attempts => FailureOrder::Attempts,
            FailureSort::First => FailureOrder::First,
        },
        after: query.cursor.as_deref().map(after).transpose()?,
    })
}

fn after(cursor: &str) -> Result<FailureAfter, Problem> {
    let parse = || {
        let (value, fingerprint) = cursor.split_once('.')?;
        Some(FailureAfter {
            value: value.parse().ok()?,
            fingerprint: fingerprint.to_owned(),
        })
    };
    parse().ok_or_else(not_ours)
}

/// Minutes where an hour or less was asked for, else the hours of a day.
fn steps(from: Option<Timestamp>, to: Option<Timestamp>, now: Timestamp) -> Steps {
    let to = to.unwrap_or(now).min(now);
    let asked = from.map(|from| to.ms_since(from));
    let (step_ms, length_ms) = match asked {
        Some(ms) if ms <= HOUR_MS as f64 => (MINUTE_MS, ms.max(0.0) as i64),
        _ => (HOUR_MS, 24 * HOUR_MS),
    };
    // The step of the end is one of them.
    let last = to.unix_millis().div_euclid(step_ms) * step_ms;
    let count = length_ms.div_euclid(step_ms).max(1);
    Steps {
        from: Timestamp::from_unix_millis(last - (count - 1) * step_ms),
        to: Timestamp::from_unix_millis(last + step_ms),
        step_ms,
    }
}

fn retry(attempt: TroubledAttempt) -> RetryAttempt {
    RetryAttempt {
        group: attempt.group,
        n: attempt.n,
        started_at: attempt.started_at,
        destination: attempt.destination,
        service: attempt.service,
        instance: attempt.instance,
        version: attempt.version,
        error_type: attempt.error_type,
        first_frame: attempt.first_frame,
        message: attempt.message,
        backoff_ms: attempt.delay_before_ms,
        fingerprint: attempt.fingerprint,
        evidence: attempt.evidence,
        cause: attempt.cause.map(|cause| cause.rule),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_is_told_by_the_minute_and_a_day_by_the_hour() {
        // 2026-11-23T12:34:56Z
        let now = Timestamp::from_unix_millis(1_795_437_296_000);
        let day = steps(None, None, now);
        assert_eq!((day.step_ms, day.count()), (HOUR_MS, 24));
        assert_eq!(day.to.to_string(), "2026-11-23T13:00:00.000Z");
        let hour = steps(Some(now.plus_ms(-HOUR_MS)), None, now);
        assert_eq!((hour.step_ms, hour.count()), (MINUTE_MS, 60));
        assert_eq!(hour.to.to_string(), "2026-11-23T12:35:00.000Z");
        let week = steps(Some(now.plus_ms(-7 * 24 * HOUR_MS)), None, now);
        assert_eq!((week.step_ms, week.count()), (HOUR_MS, 24));
    }

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        let read = after("-12.ab.c").unwrap();
        assert_eq!((read.value, read.fingerprint.as_str()), (-12, "ab.c"));
        assert!(after("7").is_err() && after("x.y").is_err());
    }
}
