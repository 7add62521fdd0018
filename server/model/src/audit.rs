//! One line of the audit log. Lines are only ever added, and each carries the hash of the one
//! before, so a changed or missing line shows.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// What is about to be recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditEntry {
    /// The user's name, `system` for Waybill itself, `anonymous` before sign-in.
    pub actor: String,
    /// What was tried, as `noun.verb`: `session.open`, `token.create`.
    pub action: String,
    /// What it was tried on.
    pub object: String,
    pub decision: Decision,
    /// Before and after, reason, address; never a secret.
    pub detail: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    Allowed,
    Denied,
}

/// A recorded line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditLine {
    pub id: i64,
    pub at: Timestamp,
    #[serde(flatten)]
    pub entry: AuditEntry,
    /// SHA-256 over the hash before and this line, as hex.
    pub hash: String,
}
