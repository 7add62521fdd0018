//! Writing the failed attempts of troubled journeys, with them and as they replace each other.

use std::collections::BTreeMap;

use sqlx::PgConnection;
use time::OffsetDateTime;

use super::{failure_key, state_code};
use crate::error::{During, StoreError};
use crate::text::storable;
use crate::troubled::{Troubled, TroubledAttempt};

statements! {
    DROP = "DELETE FROM failed_attempt WHERE key = ANY($1)";
    PLACES = "INSERT INTO failure_place (place, failure, fingerprint, evidence, error_type, first_frame, system,
                cluster, destination, group_name, service, version, cause, cause_sentence, message, seen_at)
            SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[],
                $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[],
                $14::text[], $15::text[], $16::timestamptz[])
            ON CONFLICT (place) DO UPDATE SET seen_at = EXCLUDED.seen_at, message = EXCLUDED.message,
                cause_sentence = EXCLUDED.cause_sentence
            WHERE failure_place.seen_at <= EXCLUDED.seen_at";
    ATTEMPTS = "INSERT INTO failed_attempt (key, position, place, failure, journey, state, at)
            SELECT * FROM unnest($1::bytea[], $2::integer[], $3::bigint[], $4::bigint[], $5::bigint[],
                $6::smallint[], $7::timestamptz[])";
}

/// Characters of a message: an example, not the history.
const MESSAGE: usize = 512;

/// Each row with its key, in the transaction that writes the journeys.
pub(crate) async fn save(
    tx: &mut PgConnection,
    rows: &[(Vec<u8>, &Troubled)],
) -> Result<(), StoreError> {
    let keys: Vec<&[u8]> = rows.iter().map(|(key, _)| key.as_slice()).collect();
    let dropped = sqlx::query(DROP).bind(keys).execute(&mut *tx).await;
    dropped.during("save failed attempts")?;
    let failed: Vec<Failed<'_>> = rows
        .iter()
        .flat_map(|(key, row)| failed_of(key, row))
        .collect();
    if failed.is_empty() {
        return Ok(());
    }
    // One order for all writers, so that two cannot wait for each other.
    let mut places: BTreeMap<i64, &Failed<'_>> = BTreeMap::new();
    for one in &failed {
        let known = places.entry(one.place).or_insert(one);
        if known.at <= one.at {
            *known = one;
        }
    }
    save_places(&mut *tx, &places.into_values().collect::<Vec<_>>()).await?;
    save_attempts(tx, &failed).await
}

struct Failed<'a> {
    key: &'a [u8],
    position: i32,
    row: &'a Troubled,
    /// `None`: the message failed without one.
    attempt: Option<&'a TroubledAttempt>,
    fingerprint: &'a str,
    place: i64,
    at: OffsetDateTime,
}

/// Attempts that count in a failure; where none does, the message itself by its own evidence.
fn failed_of<'a>(key: &'a [u8], row: &'a Troubled) -> Vec<Failed<'a>> {
    let of = |position, attempt: Option<&'a TroubledAttempt>, fingerprint: &'a str| {
        let at = attempt.map_or(row.summary.started_at, |a| a.started_at);
        let mut failed = Failed {
            key,
            position,
            row,
            attempt,
            fingerprint,
            place: 0,
            at: at.to_offset_date_time(),
        };
        failed.place = failed.place();
        failed
    };
    let attempts = (1..).zip(&row.attempts);
    let mut failed: Vec<Failed<'a>> = attempts
        .filter_map(|(position, attempt)| {
            let fingerprint = attempt.fingerprint.as_deref()?;
            Some(of(position, Some(attempt), fingerprint))
        })
        .collect();
    if failed.is_empty()
        && row.evidence.is_some()
        && let Some(fingerprint) = row.fingerprint.as_deref()
    {
        failed.push(of(0, None, fingerprint));
    }
    failed
}

impl Failed<'_> {
    fn evidence(&self) -> Option<&'static str> {
        let evidence = match self.attempt {
            Some(attempt) => attempt.evidence,
            None => self.row.evidence,
        };
        evidence.map(|evidence| evidence.name())
    }

    fn of_attempt<'b>(
        &'b self,
        pick: fn(&'b TroubledAttempt) -> Option<&'b str>,
    ) -> Option<&'b str> {
        self.attempt.and_then(pick)
    }

    /// In the order of the columns.
    fn words(&self) -> [Option<&str>; 11] {
        let message = &self.row.summary.message;
        [
            Some(self.fingerprint),
            self.evidence(),
            self.of_attempt(|a| a.error_type.as_deref()),
            self.of_attempt(|a| a.first_frame.as_deref()),
            Some(&message.system),
            message.cluster.as_deref(),
            message.destination.as_deref(),
            self.of_attempt(|a| a.group.as_deref()),
            self.of_attempt(|a| Some(&a.service)),
            self.of_attempt(|a| a.version.as_deref()),
            self.of_attempt(|a| Some(&a.cause.as_ref()?.rule)),
        ]
    }

    fn place(&self) -> i64 {
        let words = self.words();
        let told = words
            .iter()
            .flat_map(|word| [if word.is_some() { "t" } else { "" }, word.unwrap_or("")]);
        crate::topology::hash(&told.collect::<Vec<_>>())
    }
}

async fn save_places(tx: &mut PgConnection, places: &[&Failed<'_>]) -> Result<(), StoreError> {
    let ids: Vec<i64> = places.iter().map(|one| one.place).collect();
    let failures: Vec<i64> = places
        .iter()
        .map(|one| failure_key(one.fingerprint))
        .collect();
    let seen: Vec<OffsetDateTime> = places
        .iter()
        .map(|one| one.row.updated_at.to_offset_date_time())
        .collect();
    let mut query = sqlx::query(PLACES).bind(ids).bind(failures);
    for column in 0..11 {
        let words = places.iter().map(|one| one.words()[column]);
        query = query.bind(words.map(|word| word.map(text)).collect::<Vec<_>>());
    }
    let sentences = places.iter().map(|one| {
        one.of_attempt(|a| Some(&a.cause.as_ref()?.sentence))
            .map(text)
    });
    let messages = places.iter().map(|one| {
        let message = one.of_attempt(|a| a.message.as_deref())?;
        Some(text(message).chars().take(MESSAGE).collect::<String>())
    });
    query
        .bind(sentences.collect::<Vec<_>>())
        .bind(messages.collect::<Vec<_>>())
        .bind(seen)
        .execute(tx)
        .await
        .during("save places of failures")
        .map(|_| ())
}

async fn save_attempts(tx: &mut PgConnection, failed: &[Failed<'_>]) -> Result<(), StoreError> {
    let journeys: Vec<i64> = failed.iter().map(|one| journey_number(one.key)).collect();
    let failures: Vec<i64> = failed
        .iter()
        .map(|one| failure_key(one.fingerprint))
        .collect();
    let states: Vec<i16> = failed
        .iter()
        .map(|one| state_code(one.row.summary.state))
        .collect();
    sqlx::query(ATTEMPTS)
        .bind(failed.iter().map(|one| one.key).collect::<Vec<_>>())
        .bind(failed.iter().map(|one| one.position).collect::<Vec<_>>())
        .bind(failed.iter().map(|one| one.place).collect::<Vec<_>>())
        .bind(failures)
        .bind(journeys)
        .bind(states)
        .bind(failed.iter().map(|one| one.at).collect::<Vec<_>>())
        .execute(tx)
        .await
        .during("save failed attempts")
        .map(|_| ())
}

fn journey_number(key: &[u8]) -> i64 {
    let mut first = [0; 8];
    first.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    i64::from_be_bytes(first)
}

fn text(word: &str) -> String {
    storable(word).into_owned()
}
