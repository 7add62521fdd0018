//! Folding the lines that commits carry into `destination_minute`. Runs inside the merger's
//! transaction, and the merger runs alone: nobody else writes these rows.

use sqlx::PgConnection;
use time::{Date, OffsetDateTime};

use super::{Rollup, operation_code, role_code, sum};
use crate::error::{During, StoreError};

statements! {
    EXISTING = "SELECT minute, system, destination, role, service, operation, group_name, spans, failed,
                last_at, durations
            FROM destination_minute
            WHERE day = $1 AND (minute, key) IN (SELECT * FROM unnest($2::timestamptz[], $3::bigint[]))";
    UPSERT = "INSERT INTO destination_minute
                (day, minute, key, system, destination, role, service, operation, spans, failed, last_at,
                durations, group_name)
            SELECT $1, u.* FROM unnest($2::timestamptz[], $3::bigint[], $4::text[], $5::text[], $6::smallint[],
                $7::text[], $8::smallint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bytea[], $13::text[]) AS u
            ON CONFLICT (minute, key, day) DO UPDATE SET spans = EXCLUDED.spans,
                failed = EXCLUDED.failed, last_at = EXCLUDED.last_at, durations = EXCLUDED.durations";
}

/// Adds `lines` to what the day already holds; returns how many rows were written.
pub(crate) async fn fold(
    connection: &mut PgConnection,
    day: Date,
    lines: Vec<Rollup>,
) -> Result<usize, StoreError> {
    let new = sum(lines);
    if new.is_empty() {
        return Ok(0);
    }
    let (minutes, keys) = identities(&new);
    let rows = sqlx::query(EXISTING)
        .bind(day)
        .bind(minutes)
        .bind(keys)
        .fetch_all(&mut *connection)
        .await
        .during("fold roll-ups")?;
    let existing = rows
        .iter()
        .map(super::read::line)
        .collect::<Result<Vec<_>, _>>()?;
    let all = sum(existing.into_iter().chain(new));
    let durations = all
        .iter()
        .map(|line| postcard::to_stdvec(&line.durations))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| StoreError::internal("fold roll-ups", error))?;
    let (minutes, keys) = identities(&all);
    let texts = |pick: fn(&Rollup) -> &String| all.iter().map(pick).cloned().collect::<Vec<_>>();
    let numbers = |pick: fn(&Rollup) -> i64| all.iter().map(pick).collect::<Vec<_>>();
    let codes = |pick: fn(&Rollup) -> i16| all.iter().map(pick).collect::<Vec<_>>();
    sqlx::query(UPSERT)
        .bind(day)
        .bind(minutes)
        .bind(keys)
        .bind(texts(|line| &line.system))
        .bind(texts(|line| &line.destination))
        .bind(codes(|line| role_code(line.role)))
        .bind(texts(|line| &line.service))
        .bind(codes(|line| operation_code(line.operation)))
        .bind(numbers(|line| line.spans as i64))
        .bind(numbers(|line| line.failed as i64))
        .bind(numbers(|line| line.last_at.unix_nanos()))
        .bind(durations)
        .bind(
            all.iter()
                .map(|line| line.group.clone())
                .collect::<Vec<_>>(),
        )
        .execute(&mut *connection)
        .await
        .during("fold roll-ups")?;
    Ok(all.len())
}

fn identities(lines: &[Rollup]) -> (Vec<OffsetDateTime>, Vec<i64>) {
    lines
        .iter()
        .map(|line| (line.minute.to_offset_date_time(), line.key()))
        .unzip()
}
