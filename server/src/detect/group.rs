//! One group from its partitions: the worst decides, the slowest drains last.

use waybill_model::judgement::{
    Cause, Drain, GroupJudgement, HotPartition, MoreConsumers, PartitionJudgement, Verdict,
};

use super::forecast::Forecast;

/// Changes of members within two minutes that are a storm.
const STORM: u64 = 3;
/// Of all lag: one partition holds it.
const NEARLY_ALL: f64 = 0.8;
/// Times the mean of what comes into a partition.
const HOT: f64 = 3.0;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Members {
    /// `None`: nobody told.
    pub count: Option<u64>,
    /// Within the last two minutes.
    pub rebalances: u64,
    /// It has a position, or is of a queue.
    pub has_positions: bool,
}

/// Each partition with its lag and its forecast. `quiet`: how many more there are, on which nothing waits
/// and nothing comes.
pub fn judge(
    partitions: Vec<(PartitionJudgement, Option<u64>, Forecast)>,
    quiet: usize,
    members: Members,
) -> GroupJudgement {
    let mut group = GroupJudgement {
        rebalances: members.rebalances,
        ..GroupJudgement::default()
    };
    if partitions.is_empty() && quiet > 0 {
        (group.verdict, group.in_per_s) = (Verdict::Ok, Some(0.0));
        (group.drain, group.drain_ms) = (Drain::Drained, Some(0.0));
    } else if partitions.is_empty() {
        let never = members.count.is_some_and(|count| count > 0) && !members.has_positions;
        group.cause = Some(if never {
            Cause::NeverConsumed
        } else {
            Cause::NoPosition
        });
        return group;
    } else {
        add_flow(&mut group, &partitions, quiet, members);
    }
    let mut told: Vec<(PartitionJudgement, u64)> = partitions
        .into_iter()
        .map(|(one, lag, _)| (one, lag.unwrap_or(u64::MAX)))
        .collect();
    told.sort_by(|(a, a_lag), (b, b_lag)| {
        let worse = b.verdict.cmp(&a.verdict);
        let place = a.destination.cmp(&b.destination);
        let place = place.then_with(|| a.partition.cmp(&b.partition));
        worse.then(b_lag.cmp(a_lag)).then(place)
    });
    if let Some((worst, _)) = told.first() {
        (group.verdict, group.cause) = (worst.verdict, worst.cause);
        group.since = worst.since;
    }
    if group.rebalances >= STORM && group.verdict <= Verdict::Warning {
        (group.verdict, group.cause) = (Verdict::Warning, Some(Cause::Rebalancing));
    }
    let oldest = told
        .iter()
        .filter_map(|(one, _)| Some((one.behind_since?, one)));
    if let Some((at, one)) = oldest.min_by_key(|(at, _)| *at) {
        (group.behind_since, group.lag_source) = (Some(at), one.lag_source);
    }
    told.retain(|(one, lag)| *lag > 0 || one.verdict != Verdict::Ok);
    told.truncate(GroupJudgement::MOST_PARTITIONS);
    group.partitions = told.into_iter().map(|(one, _)| one).collect();
    group
}

fn add_flow(
    group: &mut GroupJudgement,
    partitions: &[(PartitionJudgement, Option<u64>, Forecast)],
    quiet: usize,
    members: Members,
) {
    let count = partitions.len() + quiet;
    let come: Option<Vec<f64>> = partitions.iter().map(|(one, ..)| one.in_per_s).collect();
    group.in_per_s = come.as_ref().map(|come| come.iter().sum());
    // The worst kind decides, then the longest.
    let rank = |drain: &Drain| match drain {
        Drain::Drained => 0,
        Drain::Drains => 1,
        Drain::NotEnoughData => 2,
        Drain::Grows { .. } => 3,
    };
    let length = |one: &Forecast| match one.drain {
        Drain::Grows { per_s } => per_s,
        _ => one.drain_ms.unwrap_or_default(),
    };
    let slowest = partitions.iter().map(|(_, _, forecast)| forecast);
    let slowest = slowest.max_by(|a, b| {
        let kinds = rank(&a.drain).cmp(&rank(&b.drain));
        kinds.then(length(a).total_cmp(&length(b)))
    });
    if let Some(slowest) = slowest {
        (group.drain, group.drain_ms) = (slowest.drain, slowest.drain_ms);
    }
    let lost = partitions.iter().map(|(_, _, forecast)| forecast);
    let lost = lost.filter(|forecast| forecast.loss_at.is_some());
    if let Some(first) = lost.min_by_key(|forecast| forecast.loss_at) {
        (group.loss_at, group.loss_by) = (first.loss_at, first.loss_by);
    }
    let lags: Option<Vec<u64>> = partitions.iter().map(|(_, lag, _)| *lag).collect();
    let Some(lags) = lags else { return };
    let all: u64 = lags.iter().sum();
    let most = lags.iter().copied().max().unwrap_or_default();
    let behind = lags.iter().filter(|lag| **lag > 0).count();
    let lag_share = |lag: u64| (all > 0).then(|| lag as f64 / all as f64);
    if all > 0 && count > 1 {
        let is_skewed = most as f64 > NEARLY_ALL * all as f64;
        group.more_consumers = members.count.map(|members| match members {
            _ if is_skewed => MoreConsumers::OnePartition,
            members if members < count as u64 && behind > 1 => MoreConsumers::Help,
            _ => MoreConsumers::NoPartitionFree,
        });
    } else if all > 0 {
        group.more_consumers = members.count.map(|count| match count {
            0 => MoreConsumers::Help,
            _ => MoreConsumers::NoPartitionFree,
        });
    }
    group.hot = partitions.iter().zip(&lags).find_map(|((one, ..), lag)| {
        let in_share = one
            .in_per_s
            .zip(group.in_per_s)
            .filter(|(_, all)| *all > 0.0);
        let in_share = in_share.map(|(here, all)| here / all);
        let mean = 1.0 / count as f64;
        let takes_in =
            count > 1 && in_share.is_some_and(|share| share > 0.5 && share > HOT * mean.min(0.25));
        let holds = count > 2 && lag_share(*lag).is_some_and(|s| s > NEARLY_ALL) && *lag > 100;
        (takes_in || holds).then(|| HotPartition {
            destination: one.destination.clone(),
            partition: one.partition.clone(),
            lag_share: lag_share(*lag),
            in_share,
        })
    });
}

#[cfg(test)]
#[path = "group_tests.rs"]
mod tests;
