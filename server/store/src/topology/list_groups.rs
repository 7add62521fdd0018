//! Pages of groups, and single ones.

use sqlx::Row;
use sqlx::postgres::PgRow;
use waybill_model::access::Sight;
use waybill_model::judgement::{GroupJudgement, Verdict};

use super::{GroupLine, sights};
use crate::connect::Store;
use crate::error::{During, StoreError};
use crate::text::{count, like_anywhere, storable, time};

statements! {
    /// A group is seen by who sees every destination that it reads; one without any only by who sees
    /// all of its cluster. Order as for destinations; of lag in time by seconds before the year 2100,
    /// so that a place in the list does not move on with time.
    LIST = "SELECT key, cluster, system, namespace, name, kind, state, coordinator, members, destinations,
                partitions, lag_messages, lag_known_messages, unknown_partitions, out_per_s, figures_at,
                missing_since, judgement, NULL::text AS judged_partitions, value
            FROM (SELECT *, coalesce(CASE $1::smallint
                    WHEN 1 THEN lag_messages::double precision WHEN 2 THEN members::double precision
                    WHEN 3 THEN out_per_s
                    WHEN 4 THEN CASE lag_messages WHEN 0 THEN 0
                        ELSE 4102444800 - extract(epoch FROM behind_since)::double precision END
                    ELSE 0 END, -1) AS value
                FROM group_line
                WHERE ($2::text IS NULL OR cluster = $2) AND ($3::text IS NULL OR $3 = ANY(destinations))
                AND ($4::text IS NULL OR name LIKE $4) AND ($5::text IS NULL OR state = $5)
                AND ($6::text[] IS NULL OR NOT EXISTS (
                    SELECT FROM unnest(CASE cardinality(destinations) WHEN 0 THEN ARRAY['']
                        ELSE destinations END) AS d(name)
                    WHERE NOT EXISTS (SELECT FROM unnest($6::text[], $7::text[]) AS g(c, r)
                        WHERE cluster LIKE g.c AND d.name LIKE g.r)))
                AND ($8::text[] IS NULL OR cluster = ANY($8))
                AND ($13::text IS NULL OR coalesce(verdict, 'unknown') = $13)) fitting
            WHERE ($9::double precision IS NULL OR value < $9
                OR (value = $9 AND (name COLLATE \"C\", key) > ($10 COLLATE \"C\", $11)))
            ORDER BY value DESC, name COLLATE \"C\", key LIMIT $12";
    ONE = "SELECT *, 0::double precision AS value FROM group_line
            WHERE key = $1 AND ($2::text[] IS NULL OR cluster = ANY($2))";
    OF_CLUSTER = "SELECT *, 0::double precision AS value FROM group_line WHERE cluster = $1";
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GroupSort {
    #[default]
    Name,
    Lag,
    Members,
    Out,
    /// In time: whose oldest message waits the longest.
    LagTime,
}

/// What is given must all fit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GroupFilter {
    pub cluster: Option<String>,
    /// The name of one that it reads.
    pub destination: Option<String>,
    /// Part of the name.
    pub q: Option<String>,
    pub state: Option<String>,
    pub verdict: Option<Verdict>,
    /// `None`: everything is seen.
    pub sights: Option<Vec<Sight>>,
    /// Of these clusters alone.
    pub among: Option<Vec<String>>,
    pub sort: GroupSort,
    pub after: Option<GroupPlace>,
}

/// A place in a sorted list.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupPlace {
    /// What is sorted by: 0 where that is the name, -1 where it is not known.
    pub value: f64,
    pub name: String,
    pub key: i64,
}

impl Store {
    /// Each with its place, and without the partitions that are judged.
    pub async fn group_lines(
        &self,
        filter: &GroupFilter,
        limit: u32,
    ) -> Result<Vec<(GroupLine, GroupPlace)>, StoreError> {
        let (clusters, resources) = sights(filter.sights.as_deref());
        let text = |value: &Option<String>| value.as_deref().map(|v| storable(v).into_owned());
        let after = filter.after.as_ref();
        let rows = sqlx::query(LIST)
            .bind(sort_code(filter.sort))
            .bind(text(&filter.cluster))
            .bind(text(&filter.destination))
            .bind(filter.q.as_deref().map(like_anywhere))
            .bind(text(&filter.state))
            .bind(clusters)
            .bind(resources)
            .bind(filter.among.clone())
            .bind(after.map(|after| after.value))
            .bind(after.map(|after| storable(&after.name).into_owned()))
            .bind(after.map(|after| after.key))
            .bind(i64::from(limit))
            .bind(filter.verdict.map(Verdict::word))
            .fetch_all(&self.pool)
            .await;
        listed(rows)
    }

    /// `among` these clusters, where they are given.
    pub async fn group_line(
        &self,
        key: i64,
        among: Option<&[String]>,
    ) -> Result<Option<GroupLine>, StoreError> {
        let query = sqlx::query(ONE).bind(key).bind(among);
        let rows = query.fetch_all(&self.pool).await;
        Ok(listed(rows)?.pop().map(|(line, _)| line))
    }

    /// In no order.
    pub async fn group_lines_of(&self, cluster: &str) -> Result<Vec<GroupLine>, StoreError> {
        let query = sqlx::query(OF_CLUSTER).bind(storable(cluster).into_owned());
        let lines = listed(query.fetch_all(&self.pool).await)?;
        Ok(lines.into_iter().map(|(line, _)| line).collect())
    }
}

fn sort_code(sort: GroupSort) -> i16 {
    match sort {
        GroupSort::Name => 0,
        GroupSort::Lag => 1,
        GroupSort::Members => 2,
        GroupSort::Out => 3,
        GroupSort::LagTime => 4,
    }
}

fn listed(
    rows: Result<Vec<PgRow>, sqlx::Error>,
) -> Result<Vec<(GroupLine, GroupPlace)>, StoreError> {
    let rows = rows.during("read group lines")?;
    rows.iter()
        .map(one)
        .collect::<Result<_, _>>()
        .during("read group lines")
}

fn one(row: &PgRow) -> Result<(GroupLine, GroupPlace), sqlx::Error> {
    let line = GroupLine {
        cluster: row.try_get("cluster")?,
        system: row.try_get("system")?,
        namespace: row.try_get("namespace")?,
        name: row.try_get("name")?,
        kind: row.try_get("kind")?,
        state: row.try_get("state")?,
        coordinator: row.try_get("coordinator")?,
        members: count(row, "members")?,
        destinations: row.try_get("destinations")?,
        partitions: count(row, "partitions")?.unwrap_or_default(),
        lag_messages: count(row, "lag_messages")?,
        lag_known_messages: count(row, "lag_known_messages")?.unwrap_or_default(),
        unknown_partitions: count(row, "unknown_partitions")?.unwrap_or_default(),
        out_per_s: row.try_get("out_per_s")?,
        figures_at: time(row, "figures_at")?,
        missing_since: time(row, "missing_since")?,
        judged: judged(row)?,
    };
    let place = GroupPlace {
        value: row.try_get("value")?,
        name: line.name.clone(),
        key: row.try_get("key")?,
    };
    Ok((line, place))
}

/// `None` also for what another version wrote and this one cannot read: it is judged again at the
/// next reading.
fn judged(row: &PgRow) -> Result<Option<GroupJudgement>, sqlx::Error> {
    let text: Option<String> = row.try_get("judgement")?;
    let partitions: Option<String> = row.try_get("judged_partitions")?;
    let judged: Option<GroupJudgement> = text.and_then(|text| serde_json::from_str(&text).ok());
    Ok(judged.map(|judged| GroupJudgement {
        partitions: partitions
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default(),
        ..judged
    }))
}
