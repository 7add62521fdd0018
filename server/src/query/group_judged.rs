//! What is judged of groups, as answers tell it: times become durations as of the last reading.

use std::collections::HashMap;

use waybill_model::access::{Sight, matches_pattern};
use waybill_model::group::{GroupPartition, GroupSummary, HeadOfLine};
use waybill_model::judgement::{
    Cause, Drain, GroupJudgement, LagSource, PartitionJudgement, Verdict,
};
use waybill_model::problem::Problem;
use waybill_model::reading::PartitionPosition;
use waybill_model::time::Timestamp;
use waybill_model::topology::{Unknown, Why};
use waybill_store::topology::GroupLine;

use super::Query;
use super::ask::{Asker, At};

/// Partitions whose first message is looked up for a page.
const HEADS: usize = 3;

/// Fills in what is judged, and says why where it is not.
pub(super) fn tell(summary: &mut GroupSummary, line: &GroupLine) {
    let nobody = GroupJudgement::default();
    let is_judged = line.judged.is_some();
    let judged = line.judged.as_ref().unwrap_or(&nobody);
    let as_of = summary.as_of;
    summary.verdict = is_judged.then_some(judged.verdict);
    summary.cause = judged.cause;
    summary.since = judged.since;
    summary.lag_ms = match line.lag_messages {
        Some(0) => Some(0.0),
        _ => passed(judged.behind_since, as_of),
    };
    summary.lag_source = judged.lag_source.filter(|_| summary.lag_ms.is_some());
    summary.drain_ms = judged.drain_ms;
    summary.retention_loss_ms = left(judged.loss_at, as_of);
    summary.loss_by = judged.loss_by;
    summary.in_per_s = judged.in_per_s;
    let (few, still) = (Why::Undetermined, Why::NotAsked);
    let mut gap = |member: &str, is_gap: bool, why: Why, detail: Option<String>| {
        if is_gap {
            summary.unknown.push(member.to_owned());
            summary.reasons.push(Unknown {
                member: member.to_owned(),
                why,
                detail,
            });
        }
    };
    let text = |text: &str| Some(text.to_owned());
    let why = if is_judged { few } else { still };
    gap("verdict", !is_judged, still, None);
    let no_time = text("nobody told when the message at its position was written");
    gap("lag_ms", summary.lag_ms.is_none(), why, no_time);
    gap(
        "in_per_s",
        summary.in_per_s.is_none(),
        why,
        text("too few readings"),
    );
    let drain = match judged.drain {
        Drain::Grows { per_s } if per_s > 0.0 => {
            format!("it never drains: the slowest partition grows by {per_s:.3}/s")
        }
        Drain::Grows { .. } => "it never drains: nothing is taken".to_owned(),
        _ => "too few readings".to_owned(),
    };
    gap("drain_ms", summary.drain_ms.is_none(), why, Some(drain));
    let loss = match line.lag_messages {
        Some(0) => "nothing waits",
        _ => "nothing is dropped before it is read at these rates, or no limit is known",
    };
    gap(
        "retention_loss_ms",
        summary.retention_loss_ms.is_none(),
        why,
        text(loss),
    );
}

/// Each position with what is judged of it. Those that are not among the kept ones and have no lag
/// keep up.
pub(super) fn partitions(
    positions: Vec<PartitionPosition>,
    judged: Option<&GroupJudgement>,
    as_of: Option<Timestamp>,
) -> Vec<GroupPartition> {
    // There may be many thousands of positions.
    let all = judged.map(|judged| judged.partitions.as_slice());
    let all = all.unwrap_or_default().iter();
    let by_place: HashMap<(&str, &str), &PartitionJudgement> = all
        .map(|one| ((one.destination.as_str(), one.partition.as_str()), one))
        .collect();
    let line = |position: PartitionPosition| {
        let place = (position.destination.as_str(), position.partition.as_str());
        let one = by_place.get(&place).copied();
        partition(position, one, judged.is_some(), as_of)
    };
    positions.into_iter().map(line).collect()
}

fn partition(
    position: PartitionPosition,
    one: Option<&PartitionJudgement>,
    is_judged: bool,
    as_of: Option<Timestamp>,
) -> GroupPartition {
    let keeps_up = is_judged && one.is_none() && position.lag_messages == Some(0);
    let verdict = one.map(|one| one.verdict);
    GroupPartition {
        verdict: verdict.or(keeps_up.then_some(Verdict::Ok)),
        cause: one.and_then(|one| one.cause),
        since: one.and_then(|one| one.since),
        back_from: one.and_then(|one| one.back_from),
        member: one.and_then(|one| one.member.clone()),
        lag_ms: match position.lag_messages {
            Some(0) => Some(0.0),
            _ => passed(one.and_then(|one| one.behind_since), as_of),
        },
        lag_source: one.and_then(|one| one.lag_source),
        in_per_s: one.and_then(|one| one.in_per_s),
        out_per_s: one.and_then(|one| one.out_per_s),
        drain_ms: match keeps_up {
            true => Some(0.0),
            false => one.and_then(|one| one.drain_ms),
        },
        retention_loss_ms: left(one.and_then(|one| one.loss_at), as_of),
        head_of_line: None,
        position,
    }
}

fn passed(since: Option<Timestamp>, as_of: Option<Timestamp>) -> Option<f64> {
    Some(as_of?.ms_since(since?).max(0.0))
}

fn left(at: Option<Timestamp>, as_of: Option<Timestamp>) -> Option<f64> {
    Some(at?.ms_since(as_of?).max(0.0))
}

impl Query {
    /// What keeps the group on its worst partitions, where it stands. A cluster that is not read now
    /// (`is_fresh`) is not asked.
    ///
    /// # Errors
    /// `StoreUnavailable`.
    pub(super) async fn heads_of_line(
        &self,
        line: &GroupLine,
        partitions: Option<&[GroupPartition]>,
        asker: Option<&Asker>,
        is_fresh: bool,
    ) -> Result<Vec<HeadOfLine>, Problem> {
        let judged = line.judged.as_ref();
        let stands = |one: &&PartitionJudgement| {
            let stands = matches!(one.verdict, Verdict::Stalled | Verdict::Stopped);
            // Of a queue no position is known.
            stands && !one.partition.is_empty() && one.cause != Some(Cause::FewReadings)
        };
        let worst = judged.map(|judged| judged.partitions.as_slice());
        let worst = worst.unwrap_or_default().iter().filter(stands).take(HEADS);
        let at = |one: &PartitionJudgement| {
            let here = partitions?.iter().find(|known| {
                known.position.destination == one.destination
                    && known.position.partition == one.partition
            });
            // Positions may be newer than what is judged of them.
            here.and_then(|here| here.position.committed)
                .or(one.committed)
        };
        let asked = worst.filter_map(|one| Some((one, at(one)?)));
        let heads = asked.map(|(one, offset)| {
            let at = At {
                cluster: &line.cluster,
                system: &line.system,
                destination: &one.destination,
                partition: &one.partition,
                offset,
            };
            let may_ask = asker.is_some_and(|asker| sees(asker, line, &one.destination));
            // What the poller read of it is told to whoever may read it.
            let read = one.lag_source == Some(LagSource::RecordTime);
            let read_at = one.behind_since.filter(|_| read && may_ask);
            async move {
                let head = self
                    .head_of_line(at, &line.name, may_ask && is_fresh)
                    .await?;
                Ok(HeadOfLine {
                    written_at: head.written_at.or(read_at),
                    ..head
                })
            }
        });
        futures::future::try_join_all(heads).await
    }
}

fn sees(asker: &Asker, line: &GroupLine, destination: &str) -> bool {
    let fits = |sight: &Sight| {
        matches_pattern(&sight.cluster, &line.cluster)
            && matches_pattern(&sight.resource, destination)
    };
    let sights = asker.sights.as_ref();
    sights.is_none_or(|sights| sights.iter().any(fits))
}
