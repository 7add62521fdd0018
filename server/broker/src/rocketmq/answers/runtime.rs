//! 28 GET_BROKER_RUNTIME_INFO, of a broker: a flat table of texts.

use std::collections::BTreeMap;

use serde::Deserialize;

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(in crate::rocketmq) struct Runtime {
    table: BTreeMap<String, String>,
}

const GIB: f64 = 1_073_741_824.0;

impl Runtime {
    /// Without the `V` and underscores of `V5_5_0`.
    pub(in crate::rocketmq) fn version(&self) -> Option<String> {
        let told = self.table.get("brokerVersionDesc")?;
        let version = told.trim_start_matches(['V', 'v']).replace('_', ".");
        (!version.is_empty()).then_some(version)
    }

    pub(in crate::rocketmq) fn number(&self, name: &str) -> Option<i64> {
        self.table.get(name)?.trim().parse().ok()
    }

    /// Where the commit log begins; it begins further on when an old file is deleted.
    pub(in crate::rocketmq) fn log_start(&self) -> Option<i64> {
        self.number("commitLogMinOffset").filter(|at| *at >= 0)
    }

    /// Where the commit log ends: the same twice, and nothing was written to any queue.
    pub(in crate::rocketmq) fn log_end(&self) -> Option<i64> {
        self.number("commitLogMaxOffset").filter(|at| *at >= 0)
    }

    /// What the log holds.
    pub(in crate::rocketmq) fn stored_bytes(&self) -> Option<u64> {
        let end = self.log_end()?;
        let start = self.number("commitLogMinOffset")?;
        u64::try_from(end.checked_sub(start.max(0))?).ok()
    }

    /// Written to the log and not yet to its queue.
    pub(in crate::rocketmq) fn behind_bytes(&self) -> Option<i64> {
        self.number("dispatchBehindBytes")
    }

    /// Milliseconds since 1970.
    pub(in crate::rocketmq) fn booted_at_ms(&self) -> Option<i64> {
        self.number("bootTimestamp")
    }

    /// Of the file system that holds the log, 0 to 1.
    pub(in crate::rocketmq) fn disk_ratio(&self) -> Option<f64> {
        let ratio: f64 = self.table.get("commitLogDiskRatio")?.trim().parse().ok()?;
        (0.0..=1.0).contains(&ratio).then_some(ratio)
    }

    /// As `Total : 252.0 GiB, Free : 230.1 GiB.` says it: to a tenth of a unit.
    pub(in crate::rocketmq) fn free_disk_bytes(&self) -> Option<u64> {
        let told = self.table.get("commitLogDirCapacity")?;
        let free = told.split_once("Free : ")?.1.trim().trim_end_matches('.');
        let (number, unit) = free.split_once(' ')?;
        let of_unit = match unit {
            "B" => 1.0,
            "KiB" => 1_024.0,
            "MiB" => 1_048_576.0,
            "GiB" => GIB,
            "TiB" => GIB * 1_024.0,
            "PiB" => GIB * 1_048_576.0,
            _ => return None,
        };
        let number: f64 = number.parse().ok()?;
        number.is_finite().then_some((number * of_unit) as u64)
    }

    /// By delay level: up to where it was put back, and where it ends.
    pub(in crate::rocketmq) fn delay_levels(&self) -> impl Iterator<Item = (i32, i64, i64)> {
        self.table.iter().filter_map(|(name, told)| {
            let level = name.strip_prefix("scheduleMessageOffset_")?.parse().ok()?;
            let (done, end) = told.split_once(',')?;
            Some((level, done.trim().parse().ok()?, end.trim().parse().ok()?))
        })
    }

    /// Messages with a time of their own that the timer has not taken over yet.
    pub(in crate::rocketmq) fn timer_behind(&self) -> Option<i64> {
        self.number("timerOffsetBehind")
    }

    /// `false` while it takes nothing, as a slave that follows no master.
    pub(in crate::rocketmq) fn is_active(&self) -> Option<bool> {
        self.table.get("brokerActive")?.trim().parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rocketmq::answers::{read, recorded};

    #[test]
    fn a_recorded_answer() {
        let told: Runtime = read(&recorded::body("broker/0028-GET_BROKER_RUNTIME_INFO")).unwrap();
        assert_eq!(told.version().as_deref(), Some("5.5.0"));
        assert_eq!(told.log_end(), Some(523_307));
        assert_eq!(told.log_start(), Some(0));
        assert_eq!(told.behind_bytes(), Some(0));
        assert_eq!(told.disk_ratio(), Some(0.25));
        assert_eq!(told.free_disk_bytes(), Some((230.1 * GIB) as u64));
        assert_eq!(told.booted_at_ms(), Some(1_795_442_622_151));
        assert_eq!(told.timer_behind(), Some(0));
        assert_eq!(told.is_active(), Some(true));
        let levels: Vec<_> = told.delay_levels().collect();
        assert_eq!(levels, [(3, 16, 16), (4, 13, 13)]);
    }

    #[test]
    fn a_broker_that_holds_nothing_yet() {
        let told: Runtime =
            read(&recorded::body("acl/0028-GET_BROKER_RUNTIME_INFO-reader")).unwrap();
        assert_eq!(told.log_start(), None, "it says -1");
        assert_eq!(told.log_end(), Some(0));
        assert_eq!(Runtime::default().version(), None);
    }
}
