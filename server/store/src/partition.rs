//! Days: a partition of each telemetry table for a UTC day of arrival.
//!
//! A day's tables are made beside their parents and then attached, which takes no lock that stops
//! writers or readers.

use sqlx::{AssertSqlSafe, PgConnection};
use time::{Date, Duration};
use waybill_model::time::Timestamp;

use crate::connect::Store;
use crate::error::{During, StoreError};
use crate::text::day_of;

statements! {
    LOCK = "SELECT pg_advisory_xact_lock(7766554401)";
    EXISTS = "SELECT to_regclass($1) IS NOT NULL";
    LIST = "SELECT c.relname::text FROM pg_inherits i
            JOIN pg_class c ON c.oid = i.inhrelid
            WHERE i.inhparent = 'span_block'::regclass ORDER BY 1";
}

/// Tables that have days, the one whose partitions are listed last: it is attached last and dropped
/// last, so its presence means that the day is whole.
pub(crate) const DAILY: [&str; 9] = [
    "term_segment",
    "term_page",
    "destination_minute",
    "signal_block",
    "group_reading",
    "reading_minute",
    "reading_hour",
    "cluster_minute",
    "span_block",
];

impl Store {
    /// Makes the tables of the day of `now` and of the next, where they are missing.
    pub async fn ensure_partitions(&self, now: Timestamp) -> Result<(), StoreError> {
        let today = day_of(now);
        self.ensure_day(today).await?;
        self.ensure_day(today + Duration::DAY).await
    }

    pub(crate) async fn ensure_day(&self, day: Date) -> Result<(), StoreError> {
        let mut tx = self.begin().await.during("make partition")?;
        make_day(&mut tx, day).await.during("make partition")?;
        tx.commit().await.during("make partition")
    }

    /// Days that have tables, oldest first.
    pub(crate) async fn days(&self) -> Result<Vec<Date>, StoreError> {
        let names: Vec<String> = sqlx::query_scalar(LIST)
            .fetch_all(&self.pool)
            .await
            .during("list partitions")?;
        Ok(names.iter().filter_map(|name| day_in(name)).collect())
    }
}

async fn make_day(tx: &mut PgConnection, day: Date) -> Result<(), sqlx::Error> {
    sqlx::query(LOCK).execute(&mut *tx).await?;
    let next = day + Duration::DAY;
    for parent in DAILY {
        let name = partition_name(parent, day);
        let exists: bool = sqlx::query_scalar(EXISTS)
            .bind(&name)
            .fetch_one(&mut *tx)
            .await?;
        if exists {
            continue;
        }
        for sql in [
            format!("CREATE TABLE {name} (LIKE {parent} INCLUDING ALL)"),
            format!(
                "ALTER TABLE {parent} ATTACH PARTITION {name} FOR VALUES FROM ('{day}') TO ('{next}')"
            ),
        ] {
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *tx).await?;
        }
    }
    Ok(())
}

/// `span_block_20261123`
pub(crate) fn partition_name(parent: &str, day: Date) -> String {
    format!(
        "{parent}_{:04}{:02}{:02}",
        day.year(),
        u8::from(day.month()),
        day.day()
    )
}

fn day_in(name: &str) -> Option<Date> {
    let digits = name.rsplit('_').next()?;
    let number: i32 = digits.parse().ok().filter(|_| digits.len() == 8)?;
    let month = time::Month::try_from(u8::try_from(number / 100 % 100).ok()?).ok()?;
    Date::from_calendar_date(number / 10_000, month, u8::try_from(number % 100).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_its_day() {
        let day = Date::from_calendar_date(2026, time::Month::November, 3).unwrap();
        let name = partition_name("span_block", day);
        assert_eq!(name, "span_block_20261103");
        assert_eq!(day_in(&name), Some(day));
        assert_eq!(day_in("span_block_x"), None);
    }
}
