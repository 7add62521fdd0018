//! What can go wrong here, told apart by what the caller can do about it. No transport is known.

use sqlx::Error as SqlError;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Nothing was stored, or it is not known whether it was; asking again may help.
    #[error("the database does not answer ({operation})")]
    Unavailable {
        operation: &'static str,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A newer Waybill migrated this database.
    #[error("the database is at version {found}, this Waybill knows {known}")]
    DatabaseNewer { found: i64, known: i64 },
    /// It exists already, or a rule of the data forbids it.
    #[error("{reason}")]
    Conflict { reason: String },
    /// A defect here or damaged data: the log's business.
    #[error("the store failed ({operation})")]
    Internal {
        operation: &'static str,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl StoreError {
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    pub(crate) fn internal(
        operation: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Internal {
            operation,
            source: source.into(),
        }
    }

    pub(crate) fn conflict(reason: impl Into<String>) -> Self {
        Self::Conflict {
            reason: reason.into(),
        }
    }
}

/// Adds what was being done to an error of the driver.
pub(crate) trait During<T> {
    fn during(self, operation: &'static str) -> Result<T, StoreError>;
}

impl<T> During<T> for Result<T, SqlError> {
    fn during(self, operation: &'static str) -> Result<T, StoreError> {
        self.map_err(|error| classify(operation, error))
    }
}

fn classify(operation: &'static str, error: SqlError) -> StoreError {
    if is_unavailable(&error) {
        return StoreError::Unavailable {
            operation,
            source: error.into(),
        };
    }
    match code(&error).as_deref() {
        Some("23505") => StoreError::conflict("it exists already"),
        _ => StoreError::internal(operation, error),
    }
}

pub(crate) fn code(error: &SqlError) -> Option<String> {
    Some(error.as_database_error()?.code()?.into_owned())
}

/// Classes of SQLSTATE: connection (08), authorization (28), no such database (3D), rollback (40),
/// read-only (25006), out of resources (53, disk full among them), locked (55P03), ended by an
/// operator (57), system (58).
/// Source: PostgreSQL documentation, appendix A.
fn is_unavailable(error: &SqlError) -> bool {
    match error {
        SqlError::Io(_)
        | SqlError::Tls(_)
        | SqlError::Protocol(_)
        | SqlError::PoolTimedOut
        | SqlError::PoolClosed
        | SqlError::WorkerCrashed => true,
        _ => code(error).is_some_and(|code| {
            ["08", "28", "3D", "40", "53", "57", "58"]
                .iter()
                .any(|class| code.starts_with(class))
                || code == "25006"
                || code == "55P03"
        }),
    }
}
