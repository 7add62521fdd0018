//! What differs from what the store has: that alone is written. Pure.

use std::collections::{HashMap, HashSet};

use waybill_model::time::Timestamp;
use waybill_store::topology::{DestinationLine, GroupLine, LineChanges};

use super::lines::Lines;

/// What the store has of one cluster.
#[derive(Debug, Default)]
pub struct Written {
    destinations: HashMap<i64, DestinationLine>,
    groups: HashMap<i64, GroupLine>,
    /// Keys of lines whose figures were read since: what they lack now, the broker does not tell.
    read: HashSet<i64>,
    /// When the figures were told that whoever polled before has left.
    left_at: Option<Timestamp>,
}

impl Written {
    /// As the store tells it. `left_at`: of the last good readings.
    pub fn of(
        destinations: Vec<DestinationLine>,
        groups: Vec<GroupLine>,
        left_at: Option<Timestamp>,
    ) -> Self {
        Self {
            destinations: destinations
                .into_iter()
                .map(|line| (line.key(), line))
                .collect(),
            groups: groups.into_iter().map(|line| (line.key(), line)).collect(),
            left_at,
            ..Self::default()
        }
    }

    /// Figures that were not read yet stay as they were left, with their age.
    pub fn keep_unread(&mut self, lines: &mut Lines) {
        self.read.extend(&lines.read);
        for line in &mut lines.destinations {
            if !self.read.contains(&line.key())
                && let Some(old) = self.destinations.get(&line.key())
            {
                keep_destination(line, old, self.left_at);
            }
        }
        for line in &mut lines.groups {
            if !self.read.contains(&line.key())
                && let Some(old) = self.groups.get(&line.key())
            {
                keep_group(line, old, self.left_at);
            }
        }
    }

    pub fn changes(&self, lines: &Lines) -> LineChanges {
        let destinations = lines.destinations.iter();
        let groups = lines.groups.iter();
        let kept: HashSet<i64> = destinations
            .clone()
            .map(DestinationLine::key)
            .chain(groups.clone().map(GroupLine::key))
            .collect();
        let gone = |keys: Vec<i64>| -> Vec<i64> {
            keys.into_iter().filter(|key| !kept.contains(key)).collect()
        };
        LineChanges {
            destinations: destinations
                .filter(|line| self.destinations.get(&line.key()) != Some(*line))
                .cloned()
                .collect(),
            groups: groups
                .filter(|line| self.groups.get(&line.key()) != Some(*line))
                .cloned()
                .collect(),
            gone_destinations: gone(self.destinations.keys().copied().collect()),
            gone_groups: gone(self.groups.keys().copied().collect()),
        }
    }

    /// After the store has taken them.
    pub fn take_changes(&mut self, changes: LineChanges) {
        for key in &changes.gone_destinations {
            self.destinations.remove(key);
            self.read.remove(key);
        }
        for key in &changes.gone_groups {
            self.groups.remove(key);
            self.read.remove(key);
        }
        let destinations = changes.destinations.into_iter();
        self.destinations
            .extend(destinations.map(|line| (line.key(), line)));
        let groups = changes.groups.into_iter();
        self.groups.extend(groups.map(|line| (line.key(), line)));
    }
}

fn keep_destination(line: &mut DestinationLine, old: &DestinationLine, left_at: Option<Timestamp>) {
    let has_figures = old.depth_messages.is_some()
        || old.lag_messages.is_some()
        || old.in_per_s.is_some()
        || old.out_per_s.is_some();
    if has_figures {
        line.depth_messages = old.depth_messages;
        line.lag_messages = old.lag_messages;
        (line.in_per_s, line.out_per_s) = (old.in_per_s, old.out_per_s);
        line.figures_at = old.figures_at.or(left_at);
    }
}

fn keep_group(line: &mut GroupLine, old: &GroupLine, left_at: Option<Timestamp>) {
    let has_figures = old.lag_messages.is_some() || old.partitions > 0;
    if has_figures {
        line.destinations.clone_from(&old.destinations);
        line.partitions = old.partitions;
        line.lag_messages = old.lag_messages;
        line.lag_known_messages = old.lag_known_messages;
        line.unknown_partitions = old.unknown_partitions;
        line.out_per_s = old.out_per_s;
        line.figures_at = old.figures_at.or(left_at);
        line.judged.clone_from(&old.judged);
    }
}

#[cfg(test)]
#[path = "diff_tests.rs"]
mod tests;
