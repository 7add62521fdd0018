//! The one place that reads the time of day.

use std::time::{SystemTime, UNIX_EPOCH};

use waybill_model::time::Timestamp;

/// Now, as this machine's clock says.
pub fn now() -> Timestamp {
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_unix_nanos(i64::try_from(since_epoch.as_nanos()).unwrap_or(i64::MAX))
}
