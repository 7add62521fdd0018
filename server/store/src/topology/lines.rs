//! Writing lines: what changed is replaced, what is gone is removed, in one transaction.

use sqlx::PgConnection;
use time::OffsetDateTime;
use waybill_model::time::Timestamp;

use super::{DestinationLine, GroupLine, ends, kind_code};
use crate::connect::Store;
use crate::error::{During, StoreError};
use crate::rollup::role_code;
use crate::text::storable;

statements! {
    /// Lists arrive joined by U+001F.
    DESTINATIONS = "INSERT INTO destination_line (key, place, cluster, system, namespace, name, kind, role,
                partitions, depth_messages, lag_messages, in_per_s, out_per_s, consumers, stored_bytes,
                groups, findings, dead_letters, figures_at, missing_since, received_at, taken_at,
                held_since, all_taken)
            SELECT key, place, cluster, system, namespace, name, kind, role, partitions, depth_messages,
                lag_messages, in_per_s, out_per_s, consumers, stored_bytes, groups, findings,
                string_to_array(dead_letters, E'\\x1f'), figures_at, missing_since, received_at, taken_at,
                held_since, all_taken
            FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[],
                $7::smallint[], $8::smallint[], $9::bigint[], $10::bigint[], $11::bigint[],
                $12::double precision[], $13::double precision[], $14::bigint[], $15::bigint[],
                $16::bigint[], $17::bigint[], $18::text[], $19::timestamptz[], $20::timestamptz[],
                $21::timestamptz[], $22::timestamptz[], $23::timestamptz[], $24::boolean[])
                AS u(key, place, cluster, system, namespace, name, kind, role, partitions, depth_messages,
                    lag_messages, in_per_s, out_per_s, consumers, stored_bytes, groups, findings,
                    dead_letters, figures_at, missing_since, received_at, taken_at, held_since, all_taken)
            ON CONFLICT (key) DO UPDATE SET role = EXCLUDED.role, partitions = EXCLUDED.partitions,
                depth_messages = EXCLUDED.depth_messages, lag_messages = EXCLUDED.lag_messages,
                in_per_s = EXCLUDED.in_per_s, out_per_s = EXCLUDED.out_per_s,
                consumers = EXCLUDED.consumers, stored_bytes = EXCLUDED.stored_bytes,
                groups = EXCLUDED.groups, findings = EXCLUDED.findings,
                dead_letters = EXCLUDED.dead_letters, figures_at = EXCLUDED.figures_at,
                missing_since = EXCLUDED.missing_since, received_at = EXCLUDED.received_at,
                taken_at = EXCLUDED.taken_at, held_since = EXCLUDED.held_since,
                all_taken = EXCLUDED.all_taken";
    GROUPS = "INSERT INTO group_line (key, cluster, system, namespace, name, kind, state, coordinator, members,
                destinations, partitions, lag_messages, lag_known_messages, unknown_partitions, out_per_s,
                figures_at, missing_since, verdict, behind_since, drain_ms, loss_at, judgement,
                judged_partitions)
            SELECT key, cluster, system, namespace, name, kind, state, coordinator, members,
                string_to_array(destinations, E'\\x1f'), partitions, lag_messages, lag_known_messages,
                unknown_partitions, out_per_s, figures_at, missing_since, verdict, behind_since, drain_ms,
                loss_at, judgement, judged_partitions
            FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                $8::text[], $9::bigint[], $10::text[], $11::bigint[], $12::bigint[], $13::bigint[],
                $14::bigint[], $15::double precision[], $16::timestamptz[], $17::timestamptz[],
                $18::text[], $19::timestamptz[], $20::double precision[], $21::timestamptz[], $22::text[], $23::text[])
                AS u(key, cluster, system, namespace, name, kind, state, coordinator, members, destinations,
                    partitions, lag_messages, lag_known_messages, unknown_partitions, out_per_s,
                    figures_at, missing_since, verdict, behind_since, drain_ms, loss_at, judgement,
                    judged_partitions)
            ON CONFLICT (key) DO UPDATE SET kind = EXCLUDED.kind, state = EXCLUDED.state,
                coordinator = EXCLUDED.coordinator, members = EXCLUDED.members,
                destinations = EXCLUDED.destinations, partitions = EXCLUDED.partitions,
                lag_messages = EXCLUDED.lag_messages, lag_known_messages = EXCLUDED.lag_known_messages,
                unknown_partitions = EXCLUDED.unknown_partitions, out_per_s = EXCLUDED.out_per_s,
                figures_at = EXCLUDED.figures_at, missing_since = EXCLUDED.missing_since,
                verdict = EXCLUDED.verdict, behind_since = EXCLUDED.behind_since,
                drain_ms = EXCLUDED.drain_ms, loss_at = EXCLUDED.loss_at,
                judgement = EXCLUDED.judgement, judged_partitions = EXCLUDED.judged_partitions";
    DROP_DESTINATIONS = "DELETE FROM destination_line WHERE cluster = $1 AND key = ANY($2)";
    DROP_GROUPS = "DELETE FROM group_line WHERE cluster = $1 AND key = ANY($2)";
}

/// What differs from what was written before.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LineChanges {
    pub destinations: Vec<DestinationLine>,
    pub groups: Vec<GroupLine>,
    /// Keys of lines of this cluster that go.
    pub gone_destinations: Vec<i64>,
    pub gone_groups: Vec<i64>,
}

impl LineChanges {
    pub fn is_empty(&self) -> bool {
        self.destinations.is_empty()
            && self.groups.is_empty()
            && self.gone_destinations.is_empty()
            && self.gone_groups.is_empty()
    }
}

impl Store {
    /// All or none.
    pub async fn save_lines(&self, cluster: &str, changes: &LineChanges) -> Result<(), StoreError> {
        if changes.is_empty() {
            return Ok(());
        }
        let mut tx = self.begin().await.during("save lines")?;
        save(&mut tx, cluster, changes).await.during("save lines")?;
        tx.commit().await.during("save lines")
    }
}

async fn save(
    tx: &mut PgConnection,
    cluster: &str,
    changes: &LineChanges,
) -> Result<(), sqlx::Error> {
    for (sql, gone) in [
        (DROP_DESTINATIONS, &changes.gone_destinations),
        (DROP_GROUPS, &changes.gone_groups),
    ] {
        if !gone.is_empty() {
            let drop = sqlx::query(sql).bind(storable(cluster)).bind(gone);
            drop.execute(&mut *tx).await?;
        }
    }
    if !changes.destinations.is_empty() {
        destinations(tx, &changes.destinations).await?;
        ends::save(tx, &changes.destinations).await?;
    }
    if !changes.groups.is_empty() {
        groups(tx, &changes.groups).await?;
    }
    Ok(())
}

async fn destinations(tx: &mut PgConnection, lines: &[DestinationLine]) -> Result<(), sqlx::Error> {
    let column = Column(lines);
    sqlx::query(DESTINATIONS)
        .bind(column.of(DestinationLine::key))
        .bind(column.of(DestinationLine::place))
        .bind(column.text(|line| Some(&line.cluster)))
        .bind(column.text(|line| Some(&line.system)))
        .bind(column.text(|line| line.namespace.as_deref()))
        .bind(column.text(|line| Some(&line.name)))
        .bind(column.of(|line| kind_code(line.kind)))
        .bind(column.of(|line| role_code(line.role)))
        .bind(column.count(|line| line.partitions))
        .bind(column.count(|line| line.depth_messages))
        .bind(column.count(|line| line.lag_messages))
        .bind(column.of(|line| line.in_per_s))
        .bind(column.of(|line| line.out_per_s))
        .bind(column.count(|line| line.consumers))
        .bind(column.count(|line| line.stored_bytes))
        .bind(column.count(|line| Some(line.groups)))
        .bind(column.count(|line| Some(line.findings)))
        .bind(column.of(|line| line.dead_letters.as_deref().map(join)))
        .bind(column.time(|line| line.figures_at))
        .bind(column.time(|line| line.missing_since))
        .bind(column.time(|line| line.received_at))
        .bind(column.time(|line| line.taken_at))
        .bind(column.time(|line| line.held_since))
        .bind(column.of(|line| line.all_taken))
        .execute(tx)
        .await
        .map(drop)
}

async fn groups(tx: &mut PgConnection, lines: &[GroupLine]) -> Result<(), sqlx::Error> {
    let column = Column(lines);
    let (mut judged, mut partitions) = (Vec::new(), Vec::new());
    for line in lines {
        let (all, parts) = judgement(line).map_err(|error| sqlx::Error::Encode(error.into()))?;
        judged.push(all);
        partitions.push(parts);
    }
    sqlx::query(GROUPS)
        .bind(column.of(GroupLine::key))
        .bind(column.text(|line| Some(&line.cluster)))
        .bind(column.text(|line| Some(&line.system)))
        .bind(column.text(|line| line.namespace.as_deref()))
        .bind(column.text(|line| Some(&line.name)))
        .bind(column.text(|line| Some(&line.kind)))
        .bind(column.text(|line| line.state.as_deref()))
        .bind(column.text(|line| line.coordinator.as_deref()))
        .bind(column.count(|line| line.members))
        .bind(column.of(|line| join(&line.destinations)))
        .bind(column.count(|line| Some(line.partitions)))
        .bind(column.count(|line| line.lag_messages))
        .bind(column.count(|line| Some(line.lag_known_messages)))
        .bind(column.count(|line| Some(line.unknown_partitions)))
        .bind(column.of(|line| line.out_per_s))
        .bind(column.time(|line| line.figures_at))
        .bind(column.time(|line| line.missing_since))
        .bind(column.text(|line| line.judged.as_ref().map(|judged| judged.verdict.word())))
        .bind(column.time(|line| line.judged.as_ref()?.behind_since))
        .bind(column.of(|line| line.judged.as_ref()?.drain_ms))
        .bind(column.time(|line| line.judged.as_ref()?.loss_at))
        .bind(judged)
        .bind(partitions)
        .execute(tx)
        .await
        .map(drop)
}

/// What is judged without its partitions, and these.
fn judgement(line: &GroupLine) -> Result<(Option<String>, Option<String>), serde_json::Error> {
    let Some(judged) = &line.judged else {
        return Ok((None, None));
    };
    let partitions = serde_json::to_string(&judged.partitions)?;
    let mut all = serde_json::to_value(judged)?;
    if let Some(members) = all.as_object_mut() {
        members.remove("partitions");
    }
    Ok((Some(all.to_string()), Some(partitions)))
}

/// Rows turned into the arrays that `unnest` takes.
struct Column<'a, T>(&'a [T]);

impl<T> Column<'_, T> {
    fn of<V>(&self, pick: impl Fn(&T) -> V) -> Vec<V> {
        self.0.iter().map(pick).collect()
    }

    fn text(&self, pick: impl Fn(&T) -> Option<&str>) -> Vec<Option<String>> {
        self.of(|row| pick(row).map(|text| storable(text).into_owned()))
    }

    fn count(&self, pick: impl Fn(&T) -> Option<u64>) -> Vec<Option<i64>> {
        self.of(|row| pick(row).map(|count| i64::try_from(count).unwrap_or(i64::MAX)))
    }

    fn time(&self, pick: impl Fn(&T) -> Option<Timestamp>) -> Vec<Option<OffsetDateTime>> {
        self.of(|row| pick(row).map(Timestamp::to_offset_date_time))
    }
}

/// `string_to_array` of an empty text is an empty array.
fn join(names: &[String]) -> String {
    let names: Vec<String> = names
        .iter()
        .map(|name| storable(name).replace('\u{1f}', "\u{fffd}"))
        .collect();
    names.join("\u{1f}")
}
