//! What the store holds, for the health page.

use sqlx::Row;
use time::OffsetDateTime;
use waybill_model::status::StoreFigures;

use crate::connect::Store;
use crate::error::{During, StoreError};
use crate::text::instant;

statements! {
    FIGURES = "SELECT count(*), coalesce(sum(spans), 0)::bigint, min(received_at), max(received_at)
            FROM span_block";
}

impl Store {
    /// Times are those of arrival.
    pub async fn figures(&self) -> Result<StoreFigures, StoreError> {
        let row = sqlx::query(FIGURES)
            .fetch_one(&self.pool)
            .await
            .during("read figures")?;
        let read = || -> Result<StoreFigures, sqlx::Error> {
            Ok(StoreFigures {
                bytes_on_disk: None,
                blocks: Some(row.try_get::<i64, _>(0)? as u64),
                spans: Some(row.try_get::<i64, _>(1)? as u64),
                oldest_span_at: row.try_get::<Option<OffsetDateTime>, _>(2)?.map(instant),
                newest_span_at: row.try_get::<Option<OffsetDateTime>, _>(3)?.map(instant),
            })
        };
        let mut figures = read().during("read figures")?;
        figures.bytes_on_disk = Some(self.bytes_on_disk().await?);
        Ok(figures)
    }
}
