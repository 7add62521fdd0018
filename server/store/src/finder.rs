//! How far the finder of exceptional messages has read.

use crate::blocks::BlockId;
use crate::connect::Store;
use crate::error::{During, StoreError};

statements! {
    READ = "SELECT block FROM finder_position WHERE name = $1";
    WRITE = "INSERT INTO finder_position (name, block) VALUES ($1, $2)
            ON CONFLICT (name) DO UPDATE SET block = EXCLUDED.block, updated_at = now()";
}

impl Store {
    pub async fn finder_position(&self, name: &str) -> Result<Option<BlockId>, StoreError> {
        let block: Option<i64> = sqlx::query_scalar(READ)
            .bind(name)
            .fetch_optional(&self.pool)
            .await
            .during("read finder position")?;
        Ok(block.map(BlockId))
    }

    /// To be written after the rows that it covers: a crash between repeats work, and rows are
    /// replaced by id.
    pub async fn set_finder_position(&self, name: &str, block: BlockId) -> Result<(), StoreError> {
        sqlx::query(WRITE)
            .bind(name)
            .bind(block.0)
            .execute(&self.pool)
            .await
            .during("write finder position")
            .map(|_| ())
    }
}
