//! Texts, counts and instants on their way into columns and out of them.

use std::borrow::Cow;

use sha2::{Digest, Sha256};
use sqlx::Row;
use sqlx::postgres::PgRow;
use time::{Date, OffsetDateTime};
use waybill_model::time::Timestamp;

/// Postgres' `text` takes everything but NUL.
pub(crate) fn storable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        Cow::Owned(text.replace('\0', "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

pub(crate) fn sha256(secret: &[u8]) -> Vec<u8> {
    Sha256::digest(secret).to_vec()
}

/// What a `%…%` pattern needs so that the text stands for itself.
pub(crate) fn like_anywhere(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for c in storable(text).chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// A pattern in which `*` stands for any run of characters, as LIKE takes it.
pub(crate) fn like_pattern(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for c in storable(text).chars() {
        match c {
            '*' => pattern.push('%'),
            '%' | '_' | '\\' => pattern.extend(['\\', c]),
            _ => pattern.push(c),
        }
    }
    pattern
}

pub(crate) fn now() -> Timestamp {
    Timestamp::from_offset_date_time(OffsetDateTime::now_utc())
}

/// A count that may be null.
pub(crate) fn count(row: &PgRow, name: &str) -> Result<Option<u64>, sqlx::Error> {
    let count: Option<i64> = row.try_get(name)?;
    Ok(count.map(|count| count.max(0) as u64))
}

/// An instant that may be null.
pub(crate) fn time(row: &PgRow, name: &str) -> Result<Option<Timestamp>, sqlx::Error> {
    Ok(row.try_get::<Option<OffsetDateTime>, _>(name)?.map(instant))
}

/// The UTC day.
pub(crate) fn day_of(at: Timestamp) -> Date {
    at.to_offset_date_time().date()
}

pub(crate) fn instant(at: OffsetDateTime) -> Timestamp {
    Timestamp::from_offset_date_time(at)
}
