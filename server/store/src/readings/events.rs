//! What happened to groups.

use sqlx::Row;
use sqlx::postgres::PgRow;
use time::OffsetDateTime;
use waybill_model::judgement::{GroupEvent, GroupEventKind};
use waybill_model::time::TimeRange;

use crate::connect::Store;
use crate::error::{During, StoreError};
use crate::text::{instant, storable};

statements! {
    SAVE = "INSERT INTO group_event (group_key, at, kind, destination, partition, from_offset, to_offset)
            SELECT * FROM unnest($1::bigint[], $2::timestamptz[], $3::text[], $4::text[], $5::text[],
                $6::bigint[], $7::bigint[])";
    DROP_OLD = "DELETE FROM group_event WHERE at < now() - interval '30 days'";
    READ = "SELECT at, kind, destination, partition, from_offset, to_offset FROM group_event
            WHERE group_key = $1 AND at >= $2 AND at < $3 ORDER BY at DESC LIMIT $4";
}

impl Store {
    /// By key of the group.
    pub async fn save_group_events(&self, events: &[(i64, GroupEvent)]) -> Result<(), StoreError> {
        if events.is_empty() {
            return Ok(());
        }
        let text = |pick: fn(&GroupEvent) -> Option<&str>| -> Vec<Option<String>> {
            let all = events.iter().map(|(_, event)| pick(event));
            all.map(|text| text.map(|text| storable(text).into_owned()))
                .collect()
        };
        let times: Vec<OffsetDateTime> = events
            .iter()
            .map(|(_, event)| event.at.to_offset_date_time())
            .collect();
        sqlx::query(SAVE)
            .bind(events.iter().map(|(key, _)| *key).collect::<Vec<i64>>())
            .bind(times)
            .bind(text(|event| Some(event.kind.word())))
            .bind(text(|event| event.destination.as_deref()))
            .bind(text(|event| event.partition.as_deref()))
            .bind(
                events
                    .iter()
                    .map(|(_, event)| event.from)
                    .collect::<Vec<_>>(),
            )
            .bind(events.iter().map(|(_, event)| event.to).collect::<Vec<_>>())
            .execute(&self.pool)
            .await
            .during("save events of groups")?;
        let old = sqlx::query(DROP_OLD).execute(&self.pool).await;
        old.map(drop).during("remove old events of groups")
    }

    /// The newest first.
    pub async fn group_events(
        &self,
        group: i64,
        range: TimeRange,
        limit: u32,
    ) -> Result<Vec<GroupEvent>, StoreError> {
        let rows = sqlx::query(READ)
            .bind(group)
            .bind(range.from.to_offset_date_time())
            .bind(range.to.to_offset_date_time())
            .bind(i64::from(limit))
            .fetch_all(&self.pool)
            .await
            .during("read events of a group")?;
        let events: Result<Vec<GroupEvent>, sqlx::Error> = rows.iter().map(event).collect();
        events.during("read events of a group")
    }
}

fn event(row: &PgRow) -> Result<GroupEvent, sqlx::Error> {
    let word: String = row.try_get("kind")?;
    let mut kinds = GroupEventKind::WORDS.iter();
    let kind = kinds
        .find(|(known, _)| *known == word)
        .map(|(_, kind)| *kind);
    let unknown = || sqlx::Error::Decode(format!("an event of kind {word}").into());
    Ok(GroupEvent {
        at: instant(row.try_get("at")?),
        kind: kind.ok_or_else(unknown)?,
        destination: row.try_get("destination")?,
        partition: row.try_get("partition")?,
        from: row.try_get("from_offset")?,
        to: row.try_get("to_offset")?,
    })
}
