//! Searches that people keep and share.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SavedSearch {
    pub id: i64,
    /// One of its kind among its owner's.
    pub name: String,
    /// The name of the user who made it.
    pub owner: String,
    /// Seen by everybody, else by its owner alone.
    pub shared: bool,
    /// Of the page's address: `/search?` and this is the search.
    pub query: String,
    pub created_at: Timestamp,
    pub changed_at: Timestamp,
    /// Whether who asks may change it.
    pub may_change: bool,
}

/// What of it a person chooses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SearchToSave {
    pub name: String,
    /// As in the page's address, percent-encoded: `destination=orders&state=failed`.
    pub query: String,
    #[serde(default)]
    pub shared: bool,
}
