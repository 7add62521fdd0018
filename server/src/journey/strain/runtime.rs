//! The process itself: `jvm_pause`, `memory_near_limit`, `cpu_saturated`.

use std::collections::BTreeMap;

use waybill_model::journey::Cause;
use waybill_model::time::Timestamp;

use super::measure::Measure;
use super::series::{Growth, Series};
use super::{Window, cause};
use crate::journey::cause::percent;
use crate::journey::diagnosis::time;

/// Pauses that are less, or less of the attempt, are everyday.
const PAUSE_S: f64 = 0.5;
const PAUSE_SHARE: f64 = 0.3;
/// Of the whole process, or of a heap after a collection.
const FULL: f64 = 0.95;

const COLLECTORS: [&str; 4] = ["jvm.gc.name", "gc", "name", "collector"];
const ACTIONS: [&str; 2] = ["jvm.gc.action", "action"];
const MEMORY_POOLS: [&str; 2] = ["jvm.memory.pool.name", "pool"];
const MEMORY_KINDS: [&str; 2] = ["jvm.memory.type", "type"];

pub(super) fn of(all: &[Series<'_>], window: Window) -> Option<Cause> {
    pause(all, window)
        .or_else(|| memory(all, window))
        .or_else(|| cpu(all, window))
}

fn pause(all: &[Series<'_>], window: Window) -> Option<Cause> {
    let pauses = all
        .iter()
        .filter(|s| s.measure == Measure::GcPause && stops(s));
    let grown = pauses.filter_map(|s| Some((s, s.growth_s(window)?)));
    let (series, grown) = grown.max_by(|a, b| a.1.sum.total_cmp(&b.1.sum))?;
    let whole_s = window.ms() / 1e3;
    let least_s = (whole_s * PAUSE_SHARE).max(PAUSE_S);
    // What does not fit beside the attempt fell into it.
    let beside_s = (grown.over_ms / 1e3 - whole_s).max(0.0);
    let surely_s = grown.sum - beside_s;
    let by = series.label(&COLLECTORS);
    let by = by.map_or_else(String::new, |name| format!(" ({name})"));
    if surely_s >= least_s {
        let text = match grown.count as u64 {
            1 => format!("a {} JVM pause in it{by}", time(grown.sum * 1e3)),
            _ => format!("{} of JVM pauses in it{by}", time(surely_s * 1e3)),
        };
        return Some(cause("jvm_pause", text));
    }
    // One pause as long as much of the attempt, about its time.
    let longest_s = longest(&grown)?;
    (longest_s >= least_s && longest_s <= whole_s * 1.1).then(|| {
        let text = format!(
            "a {} JVM pause within the {} around it{by}",
            time(longest_s * 1e3),
            time(grown.over_ms)
        );
        cause("jvm_pause", text)
    })
}

/// Of one alone, or where the greatest is told.
fn longest(grown: &Growth) -> Option<f64> {
    match grown.count as u64 {
        1 => Some(grown.sum),
        _ => grown.max,
    }
}

/// Collections that run beside the application are no pauses.
fn stops(series: &Series<'_>) -> bool {
    let told = [series.label(&COLLECTORS), series.label(&ACTIONS)];
    told.into_iter().flatten().all(|text| {
        let text = text.to_lowercase();
        !text.contains("concurrent") && !text.contains("cycle")
    })
}

fn memory(all: &[Series<'_>], window: Window) -> Option<Cause> {
    let heap = |s: &&Series<'_>| {
        let kind = s.label(&MEMORY_KINDS);
        kind.is_none_or(|kind| kind == "heap")
    };
    let limits = || all.iter().filter(|s| s.measure == Measure::MemoryLimit);
    let used = all.iter().filter(|s| s.measure == Measure::MemoryAfterGc);
    let full = used.filter(heap).filter_map(|used| {
        let name = used.label(&MEMORY_POOLS);
        let limit = limits().find(|limit| limit.label(&MEMORY_POOLS) == name)?;
        let limit = limit.level_at(window.to).filter(|limit| *limit > 0.0)?;
        let least = used.levels(window).map(|(_, used)| used);
        Some((name, least.min_by(f64::total_cmp)? / limit))
    });
    let (name, share) = full.max_by(|a, b| a.1.total_cmp(&b.1))?;
    (share >= FULL).then(|| {
        let name = name.map_or_else(String::new, |name| format!(" ({name})"));
        let text = format!(
            "its heap is {} full after garbage collection{name}",
            percent(share)
        );
        cause("memory_near_limit", text)
    })
}

/// Saturated all the time that is told of.
fn cpu(all: &[Series<'_>], window: Window) -> Option<Cause> {
    // By mode, they add up.
    let mut shares: BTreeMap<(&str, Timestamp), f64> = BTreeMap::new();
    for series in all.iter().filter(|s| s.measure == Measure::CpuShare) {
        for (at, share) in series.levels(window) {
            *shares.entry((series.name, at)).or_default() += share;
        }
    }
    let least = shares.into_values().min_by(f64::total_cmp)?;
    (least >= FULL).then(|| {
        let text = format!("the CPU of its process is {} busy", percent(least));
        cause("cpu_saturated", text)
    })
}
