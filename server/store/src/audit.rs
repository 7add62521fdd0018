//! The audit log: lines are only ever added, and each carries the hash of the one before.
//!
//! `hash` is SHA-256 over the hash before (32 zero bytes for the first line) and, each preceded by
//! its length as u64 LE: id (i64 LE), instant (microseconds since 1970, i64 LE), actor, action,
//! object, decision, detail. Ids have no gaps.

use sha2::{Digest, Sha256};
use sqlx::Row;
use sqlx::postgres::PgRow;
use time::OffsetDateTime;
use waybill_model::audit::{AuditEntry, AuditLine, Decision};
use waybill_model::time::Timestamp;

use crate::connect::Store;
use crate::error::{During, StoreError};
use crate::text::{instant, like_anywhere, storable};

statements! {
    LOCK = "SELECT pg_advisory_xact_lock(7766554405)";
    LAST = "SELECT id, hash FROM audit_line ORDER BY id DESC LIMIT 1";
    ADD = "INSERT INTO audit_line (id, at, actor, action, object, decision, detail, hash)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    LIST = "SELECT id, at, actor, action, object, decision, detail, hash FROM audit_line
            WHERE id < $1 AND at >= $2 AND at < $3
            AND ($4::text IS NULL OR actor = $4) AND ($5::text IS NULL OR action = $5)
            AND ($6::text IS NULL OR object ILIKE $6)
            ORDER BY id DESC LIMIT $7";
    CHAIN = "SELECT id, at, actor, action, object, decision, detail, hash FROM audit_line
            WHERE id > $1 ORDER BY id LIMIT 1000";
}

/// Everything is optional; what is given must all fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    pub actor: Option<String>,
    pub action: Option<String>,
    /// Found anywhere in the object.
    pub object: Option<String>,
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
    /// Only lines with a smaller id: the last of the page before.
    pub before: Option<i64>,
}

/// Where the chain does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenLine {
    pub id: i64,
    pub reason: &'static str,
}

impl Store {
    pub async fn append_audit(
        &self,
        entry: &AuditEntry,
        at: Timestamp,
    ) -> Result<AuditLine, StoreError> {
        let mut tx = self.begin().await.during("append audit")?;
        sqlx::query(LOCK)
            .execute(&mut *tx)
            .await
            .during("append audit")?;
        let last = sqlx::query(LAST)
            .fetch_optional(&mut *tx)
            .await
            .during("append audit")?;
        let (id, before) = match last {
            Some(row) => {
                let id: i64 = row.try_get(0).during("append audit")?;
                (id + 1, row.try_get(1).during("append audit")?)
            }
            None => (1, vec![0; 32]),
        };
        let text = |text: &str| storable(text).into_owned();
        let entry = AuditEntry {
            actor: text(&entry.actor),
            action: text(&entry.action),
            object: text(&entry.object),
            decision: entry.decision,
            detail: text(&entry.detail),
        };
        // Postgres keeps microseconds: the hash is over what will be read back.
        let at = Timestamp::from_unix_nanos(at.unix_micros().saturating_mul(1_000));
        let hash = hash(&before, id, at, &entry);
        sqlx::query(ADD)
            .bind(id)
            .bind(at.to_offset_date_time())
            .bind(&entry.actor)
            .bind(&entry.action)
            .bind(&entry.object)
            .bind(decision_name(entry.decision))
            .bind(&entry.detail)
            .bind(&hash)
            .execute(&mut *tx)
            .await
            .during("append audit")?;
        tx.commit().await.during("append audit")?;
        Ok(AuditLine {
            id,
            at,
            entry,
            hash: hex::encode(hash),
        })
    }

    /// Newest first, at most `limit`.
    pub async fn audit(
        &self,
        filter: &AuditFilter,
        limit: u32,
    ) -> Result<Vec<AuditLine>, StoreError> {
        let from = filter.from.unwrap_or(Timestamp::from_unix_nanos(i64::MIN));
        let to = filter.to.unwrap_or(Timestamp::from_unix_nanos(i64::MAX));
        let rows = sqlx::query(LIST)
            .bind(filter.before.unwrap_or(i64::MAX))
            .bind(from.to_offset_date_time())
            .bind(to.to_offset_date_time())
            .bind(filter.actor.as_deref().map(storable))
            .bind(filter.action.as_deref().map(storable))
            .bind(filter.object.as_deref().map(like_anywhere))
            .bind(i64::from(limit))
            .fetch_all(&self.pool)
            .await
            .during("list audit")?;
        rows.iter()
            .map(|row| line(row).map(|(line, _)| line))
            .collect()
    }

    /// Reads the whole chain; the first line that does not fit. Lines cut off at the end cannot
    /// show here: keep the last hash elsewhere.
    pub async fn verify_audit(&self) -> Result<Option<BrokenLine>, StoreError> {
        let mut before = vec![0; 32];
        let mut last = 0;
        loop {
            let rows = sqlx::query(CHAIN)
                .bind(last)
                .fetch_all(&self.pool)
                .await
                .during("verify audit")?;
            if rows.is_empty() {
                return Ok(None);
            }
            for row in &rows {
                let (line, stored) = line(row)?;
                let broken = |reason| {
                    let id = line.id;
                    Ok(Some(BrokenLine { id, reason }))
                };
                if line.id != last + 1 {
                    return broken("a line before it is missing");
                }
                if hash(&before, line.id, line.at, &line.entry) != stored {
                    return broken("it was changed, or the one before it");
                }
                (last, before) = (line.id, stored);
            }
        }
    }
}

fn hash(before: &[u8], id: i64, at: Timestamp, entry: &AuditEntry) -> Vec<u8> {
    let mut hasher = Sha256::new();
    hasher.update(before);
    let parts: [&[u8]; 7] = [
        &id.to_le_bytes(),
        &at.unix_micros().to_le_bytes(),
        entry.actor.as_bytes(),
        entry.action.as_bytes(),
        entry.object.as_bytes(),
        decision_name(entry.decision).as_bytes(),
        entry.detail.as_bytes(),
    ];
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hasher.finalize().to_vec()
}

fn line(row: &PgRow) -> Result<(AuditLine, Vec<u8>), StoreError> {
    let read = || -> Result<(AuditLine, Vec<u8>), sqlx::Error> {
        let hash: Vec<u8> = row.try_get("hash")?;
        let line = AuditLine {
            id: row.try_get("id")?,
            at: instant(row.try_get::<OffsetDateTime, _>("at")?),
            entry: AuditEntry {
                actor: row.try_get("actor")?,
                action: row.try_get("action")?,
                object: row.try_get("object")?,
                decision: match row.try_get("decision")? {
                    "allowed" => Decision::Allowed,
                    _ => Decision::Denied,
                },
                detail: row.try_get("detail")?,
            },
            hash: hex::encode(&hash),
        };
        Ok((line, hash))
    };
    read().during("read audit")
}

fn decision_name(decision: Decision) -> &'static str {
    match decision {
        Decision::Allowed => "allowed",
        Decision::Denied => "denied",
    }
}
