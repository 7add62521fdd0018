//! Pages of destinations, and single ones.

use sqlx::Row;
use sqlx::postgres::PgRow;
use waybill_model::access::Sight;
use waybill_model::messaging::DestinationRole;
use waybill_model::topology::DestinationKind;

use super::{DestinationLine, kind_code, kind_of, sights};
use crate::connect::Store;
use crate::error::{During, StoreError};
use crate::rollup::{role_code, role_of};
use crate::text::{count, like_anywhere, storable, time};

statements! {
    /// The greatest value first, what is not known last, then by name and key. `alike`: how many lines
    /// spans would name as they name this one.
    LIST = "SELECT page.*, (SELECT count(*) FROM destination_line twin WHERE twin.place = page.place
                AND ($10::text[] IS NULL OR twin.cluster = ANY($10))) AS alike
            FROM (SELECT * FROM (SELECT *, coalesce(CASE $1::smallint
                    WHEN 1 THEN depth_messages::double precision WHEN 2 THEN lag_messages::double precision
                    WHEN 3 THEN in_per_s WHEN 4 THEN out_per_s WHEN 5 THEN partitions::double precision
                    WHEN 6 THEN stored_bytes::double precision ELSE 0 END, -1) AS value
                FROM destination_line
                WHERE ($2::text IS NULL OR cluster = $2) AND ($3::text IS NULL OR system = $3)
                AND ($4::text IS NULL OR name LIKE $4) AND ($5::smallint IS NULL OR kind = $5)
                AND ($6::smallint[] IS NULL OR role = ANY($6))
                AND ($7::text[] IS NULL OR EXISTS (SELECT FROM unnest($7::text[], $8::text[]) AS g(c, r)
                    WHERE cluster LIKE g.c AND name LIKE g.r))
                AND ($9::bigint[] IS NULL OR place <> ALL($9)) AND ($10::text[] IS NULL OR cluster = ANY($10)))
                fitting
            WHERE ($11::double precision IS NULL OR value < $11
                OR (value = $11 AND (name COLLATE \"C\", key) > ($12 COLLATE \"C\", $13)))
            ORDER BY value DESC, name COLLATE \"C\", key LIMIT $14) page
            ORDER BY value DESC, name COLLATE \"C\", key";
    /// Those that spans would name so.
    AT = "SELECT *, 0::double precision AS value, 1::bigint AS alike FROM destination_line
            WHERE place = ANY($1) AND ($2::text[] IS NULL OR cluster = ANY($2)) ORDER BY name COLLATE \"C\", key";
    ONE = "SELECT *, 0::double precision AS value,
                (SELECT count(*) FROM destination_line twin WHERE twin.place = one.place
                    AND ($2::text[] IS NULL OR twin.cluster = ANY($2))) AS alike
            FROM destination_line one WHERE key = $1 AND ($2::text[] IS NULL OR cluster = ANY($2))";
    OF_CLUSTER = "SELECT *, 0::double precision AS value, 1::bigint AS alike FROM destination_line
            WHERE cluster = $1";
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DestinationSort {
    #[default]
    Name,
    Depth,
    Lag,
    In,
    Out,
    Partitions,
    Bytes,
}

/// What is given must all fit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DestinationFilter {
    pub cluster: Option<String>,
    pub system: Option<String>,
    /// Part of the name.
    pub q: Option<String>,
    pub kind: Option<DestinationKind>,
    pub roles: Option<Vec<DestinationRole>>,
    /// `None`: everything is seen.
    pub sights: Option<Vec<Sight>>,
    /// Of these clusters alone.
    pub among: Option<Vec<String>>,
    /// Places that are left out.
    pub without: Option<Vec<i64>>,
    pub sort: DestinationSort,
    pub after: Option<DestinationPlace>,
}

/// A place in a sorted list.
#[derive(Clone, Debug, PartialEq)]
pub struct DestinationPlace {
    /// What is sorted by: 0 where that is the name, -1 where it is not known.
    pub value: f64,
    pub name: String,
    pub key: i64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ListedDestination {
    pub line: DestinationLine,
    pub place: DestinationPlace,
    /// How many lines have its system and name, itself counted: spans tell them apart only where it
    /// is one. Counted by `destination_lines` and `destination_line`, else 1.
    pub alike: u64,
}

impl Store {
    pub async fn destination_lines(
        &self,
        filter: &DestinationFilter,
        limit: u32,
    ) -> Result<Vec<ListedDestination>, StoreError> {
        let (clusters, resources) = sights(filter.sights.as_deref());
        let text = |value: &Option<String>| value.as_deref().map(|v| storable(v).into_owned());
        let roles = filter.roles.as_ref();
        let after = filter.after.as_ref();
        let rows = sqlx::query(LIST)
            .bind(sort_code(filter.sort))
            .bind(text(&filter.cluster))
            .bind(text(&filter.system))
            .bind(filter.q.as_deref().map(like_anywhere))
            .bind(filter.kind.map(kind_code))
            .bind(roles.map(|roles| roles.iter().map(|r| role_code(*r)).collect::<Vec<i16>>()))
            .bind(clusters)
            .bind(resources)
            .bind(filter.without.clone())
            .bind(filter.among.clone())
            .bind(after.map(|after| after.value))
            .bind(after.map(|after| storable(&after.name).into_owned()))
            .bind(after.map(|after| after.key))
            .bind(i64::from(limit))
            .fetch_all(&self.pool)
            .await;
        listed(rows)
    }

    /// Lines that spans would name so (see [`place_key`](super::place_key)); `among` these clusters,
    /// where they are given.
    pub async fn destination_lines_at(
        &self,
        places: &[i64],
        among: Option<&[String]>,
    ) -> Result<Vec<ListedDestination>, StoreError> {
        let query = sqlx::query(AT).bind(places).bind(among);
        listed(query.fetch_all(&self.pool).await)
    }

    pub async fn destination_line(
        &self,
        key: i64,
        among: Option<&[String]>,
    ) -> Result<Option<ListedDestination>, StoreError> {
        let query = sqlx::query(ONE).bind(key).bind(among);
        let rows = query.fetch_all(&self.pool).await;
        Ok(listed(rows)?.pop())
    }

    /// In no order.
    pub async fn destination_lines_of(
        &self,
        cluster: &str,
    ) -> Result<Vec<DestinationLine>, StoreError> {
        let query = sqlx::query(OF_CLUSTER).bind(storable(cluster).into_owned());
        let lines = listed(query.fetch_all(&self.pool).await)?;
        Ok(lines.into_iter().map(|listed| listed.line).collect())
    }
}

fn sort_code(sort: DestinationSort) -> i16 {
    match sort {
        DestinationSort::Name => 0,
        DestinationSort::Depth => 1,
        DestinationSort::Lag => 2,
        DestinationSort::In => 3,
        DestinationSort::Out => 4,
        DestinationSort::Partitions => 5,
        DestinationSort::Bytes => 6,
    }
}

fn listed(rows: Result<Vec<PgRow>, sqlx::Error>) -> Result<Vec<ListedDestination>, StoreError> {
    let rows = rows.during("read destination lines")?;
    rows.iter()
        .map(one)
        .collect::<Result<_, _>>()
        .during("read destination lines")
}

fn one(row: &PgRow) -> Result<ListedDestination, sqlx::Error> {
    let line = DestinationLine {
        cluster: row.try_get("cluster")?,
        system: row.try_get("system")?,
        namespace: row.try_get("namespace")?,
        name: row.try_get("name")?,
        kind: kind_of(row.try_get("kind")?),
        role: role_of(row.try_get("role")?),
        partitions: count(row, "partitions")?,
        depth_messages: count(row, "depth_messages")?,
        lag_messages: count(row, "lag_messages")?,
        in_per_s: row.try_get("in_per_s")?,
        out_per_s: row.try_get("out_per_s")?,
        consumers: count(row, "consumers")?,
        stored_bytes: count(row, "stored_bytes")?,
        groups: count(row, "groups")?.unwrap_or_default(),
        findings: count(row, "findings")?.unwrap_or_default(),
        dead_letters: row.try_get("dead_letters")?,
        figures_at: time(row, "figures_at")?,
        missing_since: time(row, "missing_since")?,
        received_at: time(row, "received_at")?,
        taken_at: time(row, "taken_at")?,
        held_since: time(row, "held_since")?,
        all_taken: row.try_get("all_taken")?,
        ends: Vec::new(),
    };
    let place = DestinationPlace {
        value: row.try_get("value")?,
        name: line.name.clone(),
        key: row.try_get("key")?,
    };
    Ok(ListedDestination {
        line,
        place,
        alike: row.try_get::<i64, _>("alike")?.max(0) as u64,
    })
}
