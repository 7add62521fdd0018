//! Groups as brokers tell them: a list paged in the store, and one in full.

use std::collections::HashSet;

use waybill_model::access::{Sight, matches_pattern};
use waybill_model::group::{
    GroupId, GroupLine, GroupPage, GroupQuery, GroupSort, GroupSummary, LagSeries,
};
use waybill_model::problem::{Code, Problem};
use waybill_model::query::Page;
use waybill_model::time::TimeRange;
use waybill_model::topology::{Group, Unknown, Why};
use waybill_store::topology::{self as lines, GroupFilter, GroupPlace, group_key};

use super::ask::Asker;
use super::observed::Polls;
use super::series::{self, HOUR_MS, MINUTE_MS};
use super::{Query, group_judged};
use crate::auth::store_problem;
use crate::clock;

/// What of a window's events is told.
const MOST_EVENTS: u32 = 200;

impl Query {
    /// # Errors
    /// `InvalidRequest` for a cursor that is not one of ours, `StoreUnavailable`.
    pub async fn groups(&self, query: GroupQuery) -> Result<Page<GroupLine>, Problem> {
        let limit = query.limit.max(1);
        let filter = GroupFilter {
            after: query.cursor.as_deref().map(read_place).transpose()?,
            cluster: query.cluster,
            destination: query.destination,
            q: query.q,
            state: query.state,
            verdict: query.verdict,
            sights: query.sights,
            among: Some(self.clusters.managed()),
            sort: match query.sort {
                GroupSort::Name => lines::GroupSort::Name,
                GroupSort::Lag => lines::GroupSort::Lag,
                GroupSort::Members => lines::GroupSort::Members,
                GroupSort::Out => lines::GroupSort::Out,
                GroupSort::LagTime => lines::GroupSort::LagTime,
            },
        };
        let found = self.store.group_lines(&filter, limit + 1).await;
        let mut found = found.map_err(store_problem)?;
        let more = found.len() > limit as usize;
        found.truncate(limit as usize);
        let next = found
            .last()
            .filter(|_| more)
            .map(|(_, place)| write_place(place));
        let polls = self.polls(clock::now()).await?;
        let found: Vec<lines::GroupLine> = found.into_iter().map(|(line, _)| line).collect();
        let covered = self.covered_groups(&found, polls.now).await?;
        let item = |line: lines::GroupLine| GroupLine {
            members: line.members,
            partitions: line.partitions,
            group: summary(&line, &polls, covered.get(&line.key()).copied(), None),
        };
        Ok(Page::new(found.into_iter().map(item).collect(), next))
    }

    /// # Errors
    /// `NotFound` where no broker tells of it, or `sights` do not show it; `StoreUnavailable`.
    /// With an `asker`, the broker is asked about what the group stands before.
    pub async fn group(
        &self,
        id: &str,
        sights: Option<&[Sight]>,
        asker: Option<&Asker>,
    ) -> Result<GroupPage, Problem> {
        let line = self.group_line(id, sights).await?;
        let polls = self.polls(clock::now()).await?;
        let topology = self.topology_of(&line.cluster).await?;
        let told = topology.as_ref().and_then(|topology| {
            let same =
                |group: &&Group| group.name == line.name && group.namespace == line.namespace;
            topology.groups.iter().find(same)
        });
        let sample = self
            .store
            .group_sample(line.key())
            .await
            .map_err(store_problem)?;
        let covered = self
            .covered_groups(std::slice::from_ref(&line), polls.now)
            .await?;
        let coverage = covered.get(&line.key()).copied();
        let mut group = summary(&line, &polls, coverage, told);
        let members = told.and_then(|group| group.members.clone());
        let config = told.map(|group| group.settings.clone());
        let consumer_capacity = told.and_then(|group| group.consumer_capacity);
        let changed_at = sample.as_ref().map(|sample| sample.at);
        // The last sample of a group that has no position any more is history.
        let sample = sample.filter(|_| line.partitions > 0);
        let judged = line.judged.as_ref();
        let partitions =
            sample.map(|sample| group_judged::partitions(sample.partitions, judged, group.as_of));
        let heads = self
            .heads_of_line(&line, partitions.as_deref(), asker, !group.stale)
            .await?;
        let mut partitions = partitions;
        for one in partitions.iter_mut().flatten() {
            let position = &one.position;
            let here = heads.iter().find(|head| {
                head.destination == position.destination && head.partition == position.partition
            });
            one.head_of_line = here.cloned();
        }
        for (member, told) in [
            ("members", members.is_some()),
            ("consumer_capacity", consumer_capacity.is_some()),
            ("partitions", partitions.is_some()),
        ] {
            if !told {
                group.unknown.push(member.to_owned());
            }
        }
        Ok(GroupPage {
            group,
            members,
            config: config.unwrap_or_default(),
            consumer_capacity,
            partitions,
            more_consumers: judged.and_then(|judged| judged.more_consumers),
            hot: judged.and_then(|judged| judged.hot.clone()),
            rebalances: judged.map_or(0, |judged| judged.rebalances),
            head_of_line: heads,
            changed_at,
        })
    }

    /// # Errors
    /// As [`Query::group`]; `InvalidRequest` for a window of too many points.
    pub async fn group_lag(
        &self,
        id: &str,
        sights: Option<&[Sight]>,
        range: TimeRange,
        step_ms: Option<i64>,
    ) -> Result<LagSeries, Problem> {
        let line = self.group_line(id, sights).await?;
        let polls = self.polls(clock::now()).await?;
        let step_ms = series::step(range, step_ms)?;
        let key = line.key();
        let points = if step_ms % HOUR_MS == 0 && range.to.ms_since(range.from) > series::DAY_MS {
            let rows = self
                .store
                .reading_hours(key, range)
                .await
                .map_err(store_problem)?;
            series::folded(series::hours(range, &rows), (step_ms / HOUR_MS) as usize)
        } else {
            let before = TimeRange {
                from: range.from.plus_ms(-HOUR_MS),
                to: range.to,
            };
            let rows = self
                .store
                .reading_minutes(key, before)
                .await
                .map_err(store_problem)?;
            let read = self.store.read_minutes(&line.cluster, before).await;
            let read = read.map_err(store_problem)?;
            let minutes = series::minutes(range, &rows, &read);
            series::folded(minutes, (step_ms / MINUTE_MS) as usize)
        };
        let events = self.store.group_events(key, range, MOST_EVENTS).await;
        let mut events = events.map_err(store_problem)?;
        // Of what it read before and reads no more, too.
        events.retain(|event| {
            let seen =
                |name: &String| sights.is_none_or(|sights| sees_named(sights, &line.cluster, name));
            event.destination.as_ref().is_none_or(seen)
        });
        let age = polls.age(&line.cluster, line.figures_at);
        Ok(LagSeries {
            id: id_of(&line),
            from: range.from,
            to: range.to,
            step_ms: step_ms.unsigned_abs(),
            as_of: age.as_of,
            stale: age.stale,
            points,
            events,
        })
    }

    async fn group_line(
        &self,
        id: &str,
        sights: Option<&[Sight]>,
    ) -> Result<lines::GroupLine, Problem> {
        let id: GroupId = id.parse().map_err(|_| no_group())?;
        let key = group_key(&id.cluster, id.namespace.as_deref(), &id.name);
        let line = self
            .store
            .group_line(key, Some(&self.clusters.managed()))
            .await
            .map_err(store_problem)?;
        let line = line.ok_or_else(no_group)?;
        match sights.is_none_or(|sights| sees(sights, &line)) {
            true => Ok(line),
            // That it exists is not told.
            false => Err(no_group()),
        }
    }
}

pub fn no_group() -> Problem {
    Problem::new(
        Code::NotFound,
        "No broker tells of this group.",
        "Take ids from GET /api/v1/groups; a group that its broker forgot is gone.",
    )
}

/// As the list has it: whoever sees all that it reads.
fn sees(sights: &[Sight], line: &lines::GroupLine) -> bool {
    let nothing = [String::new()];
    let names = match line.destinations.is_empty() {
        true => &nothing[..],
        false => &line.destinations,
    };
    let mut names = names.iter();
    names.all(|name| sees_named(sights, &line.cluster, name))
}

fn sees_named(sights: &[Sight], cluster: &str, destination: &str) -> bool {
    sights.iter().any(|sight| {
        matches_pattern(&sight.cluster, cluster) && matches_pattern(&sight.resource, destination)
    })
}

pub(super) fn id_of(line: &lines::GroupLine) -> String {
    let id = GroupId {
        cluster: line.cluster.clone(),
        namespace: line.namespace.clone(),
        name: line.name.clone(),
    };
    id.to_string()
}

pub(super) fn summary(
    line: &lines::GroupLine,
    polls: &Polls,
    coverage: Option<f64>,
    told: Option<&Group>,
) -> GroupSummary {
    let age = polls.age(&line.cluster, line.figures_at);
    let untold = [
        ("state", line.state.is_none()),
        ("coordinator", line.coordinator.is_none()),
        ("members", line.members.is_none()),
        ("lag_messages", line.lag_messages.is_none()),
        ("out_per_s", line.out_per_s.is_none()),
        ("coverage", coverage.is_none()),
        ("as_of", age.as_of.is_none()),
    ];
    let untold = untold
        .into_iter()
        .filter_map(|(name, untold)| untold.then_some(name));
    let unknown: Vec<String> = untold.map(str::to_owned).collect();
    let mut reasons: Vec<Unknown> = told.map(|group| group.unknown.clone()).unwrap_or_default();
    if line.lag_messages.is_none() {
        let is_read = age.as_of.is_some() && !age.stale;
        reasons.push(match line.unknown_partitions {
            0 if is_read => Unknown {
                member: "lag_messages".to_owned(),
                why: Why::Undetermined,
                detail: Some("it has no position on any partition".to_owned()),
            },
            0 => polls.why(&line.cluster, "lag_messages"),
            count => Unknown {
                member: "lag_messages".to_owned(),
                why: Why::Undetermined,
                detail: Some(format!(
                    "not known on {count} of {} partitions",
                    line.partitions
                )),
            },
        });
    }
    // Beside a reason that the broker itself gave, none of ours.
    let mut seen = HashSet::new();
    reasons.retain(|reason| seen.insert(reason.member.clone()));
    let mut summary = GroupSummary {
        id: id_of(line),
        cluster: line.cluster.clone(),
        system: line.system.clone(),
        namespace: line.namespace.clone(),
        name: line.name.clone(),
        kind: line.kind.clone(),
        state: line.state.clone(),
        coordinator: line.coordinator.clone(),
        destinations: line.destinations.clone(),
        lag_messages: line.lag_messages,
        lag_known_messages: line.lag_known_messages,
        unknown_partitions: line.unknown_partitions,
        lag_ms: None,
        lag_source: None,
        verdict: None,
        cause: None,
        since: None,
        drain_ms: None,
        retention_loss_ms: None,
        loss_by: None,
        in_per_s: None,
        out_per_s: line.out_per_s,
        coverage,
        as_of: age.as_of,
        stale: age.stale || line.missing_since.is_some(),
        missing_since: line.missing_since,
        unknown,
        reasons,
    };
    group_judged::tell(&mut summary, line);
    summary
}

fn write_place(place: &GroupPlace) -> String {
    // Bits, so that the place is exactly where it was.
    format!(
        "{:x}.{:x}.{}",
        place.value.to_bits(),
        place.key,
        hex::encode(&place.name)
    )
}

fn read_place(text: &str) -> Result<GroupPlace, Problem> {
    let parse = || {
        let mut parts = text.splitn(3, '.');
        let value = f64::from_bits(u64::from_str_radix(parts.next()?, 16).ok()?);
        let key = u64::from_str_radix(parts.next()?, 16).ok()? as i64;
        let name = String::from_utf8(hex::decode(parts.next()?).ok()?).ok()?;
        Some(GroupPlace { value, name, key })
    };
    let place = parse().filter(|place: &GroupPlace| !place.value.is_nan());
    place.ok_or_else(super::cursor::not_ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_survives_being_written() {
        for (value, key) in [(0.0, 1), (-1.0, -1), (12_345.678, i64::MIN)] {
            let place = GroupPlace {
                value,
                name: "a.b <é>".into(),
                key,
            };
            assert_eq!(read_place(&write_place(&place)), Ok(place));
        }
        for text in ["", "0.1", "x.1.00", "7ff8000000000000.1.00", "0.1.zz"] {
            assert_eq!(
                read_place(text).unwrap_err().code,
                Code::InvalidRequest,
                "{text}"
            );
        }
    }
}
