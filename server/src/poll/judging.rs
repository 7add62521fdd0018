//! From the windows of a cluster's groups to what is judged of them. Pure.

use std::collections::{HashMap, HashSet};

use waybill_model::judgement::{Cause, GroupEvent, GroupEventKind, GroupJudgement};
use waybill_model::messaging::DestinationRole;
use waybill_model::time::Timestamp;
use waybill_model::topology::{DestinationKind, Group, Why};
use waybill_store::readings::GroupSample;
use waybill_store::topology::{GroupLine, group_key};

use super::evidence::{Evidence, HeadTold, Wonder};
use super::judged_place::{Assigned, Look, Place};
use super::lines::{Lines, Named, STREAM};
use super::membership::{self, Memberships};
use super::positions::Positions;
use super::queue_windows::QueueWindows;
use super::snapshot::{Snapshot, group_name};
use super::windows::Windows;
use crate::detect::{Members, Rules, judge_group};

/// Everything that judging keeps of one cluster.
#[derive(Default)]
pub struct Judging {
    pub windows: Windows,
    pub queues: QueueWindows,
    pub members: Memberships,
    pub evidence: Evidence,
    judged: HashMap<i64, Judged>,
    /// What the store has not yet.
    pub events: Vec<(i64, GroupEvent)>,
    /// A group stands for longer than usual since the topology was read.
    pub doubts: bool,
}

struct Judged {
    fingerprint: u64,
    changed_at: Timestamp,
    looked_at: Timestamp,
    told_at: Timestamp,
    /// It stands for longer than usual, with members.
    hesitates: bool,
    judgement: GroupJudgement,
}

/// A group that stood as it stands for so long is looked at now and then only.
const SETTLED_MS: f64 = 180_000.0;
const LOOK_AGAIN_MS: f64 = 60_000.0;

/// Of one reading; a cluster that is reset as a whole is no list of its groups.
const MOST_EVENTS: usize = 1_000;

impl Judging {
    /// As it was left: samples of these groups, in order of time.
    pub fn left(groups: &[GroupLine], samples: Vec<GroupSample>) -> Self {
        let names: HashMap<i64, &str> = groups
            .iter()
            .map(|line| (line.key(), line.name.as_str()))
            .collect();
        let named = |sample: GroupSample| {
            let name = names.get(&sample.group)?;
            Some(((*name).to_owned(), sample))
        };
        Self {
            windows: Windows::left(samples.into_iter().filter_map(named).collect()),
            ..Self::default()
        }
    }

    pub fn take_readings(&mut self, cluster: &str, positions: &Positions, interval_ms: f64) {
        if positions.renumbered.is_some() {
            self.evidence.forget();
        }
        let back = self.windows.take(positions, interval_ms);
        self.queues.take(positions);
        for one in back {
            let place = positions.places.get(one.place);
            let event = GroupEvent {
                at: one.at,
                kind: GroupEventKind::Rewind,
                destination: place.map(|place| place.destination.to_string()),
                partition: place.map(|place| place.partition.to_string()),
                from: Some(one.from),
                to: Some(one.to),
            };
            // Positions are those of groups without a namespace.
            self.add_event(group_key(cluster, None, &one.group), event);
        }
    }

    /// `again`: destinations that are others than before, under their names.
    pub fn take_topology(
        &mut self,
        cluster: &str,
        snapshot: &Snapshot,
        again: &[String],
        at: Timestamp,
    ) {
        self.doubts = false;
        let event = |kind, destination: Option<&String>| GroupEvent {
            at,
            kind,
            destination: destination.cloned(),
            partition: None,
            from: None,
            to: None,
        };
        for destination in again {
            self.windows
                .begin_again(&snapshot.positions, destination, at);
        }
        let Some(told) = &snapshot.topology else {
            return;
        };
        let changed = self.members.take(&told.topology, at);
        let changed: HashSet<_> = changed.into_iter().collect();
        for group in &told.topology.groups {
            let key = group_key(cluster, group.namespace.as_deref(), &group.name);
            if changed.contains(&membership::key(group)) {
                self.add_event(key, event(GroupEventKind::Rebalance, None));
            }
            let read = again
                .iter()
                .filter(|name| self.windows.reads(&group.name, name));
            let read: Vec<&String> = read.collect();
            for destination in read {
                self.add_event(key, event(GroupEventKind::MadeAgain, Some(destination)));
            }
        }
    }

    /// Answers take their time: places may have other numbers by now, or be gone.
    pub fn take_evidence(
        &mut self,
        positions: &Positions,
        told: Vec<(Wonder, HeadTold)>,
        at: Timestamp,
    ) {
        for (mut wonder, told) in told {
            let place = positions
                .places
                .find(&wonder.destination, &wonder.partition);
            let Some(place) = place else { continue };
            wonder.place = place;
            if let Some(written_at) = told.written_at {
                self.windows.wrote(wonder.place, wonder.offset, written_at);
            }
            self.evidence.take(&wonder, told, at);
        }
    }

    fn add_event(&mut self, group: i64, event: GroupEvent) {
        if self.events.len() < MOST_EVENTS {
            self.events.push((group, event));
        }
    }

    /// Judges every group that has lines, and writes it there.
    pub fn judge(
        &mut self,
        named: &Named,
        snapshot: &Snapshot,
        lines: &mut Lines,
        interval_ms: f64,
        now: Timestamp,
    ) {
        let Some(told) = &snapshot.topology else {
            return;
        };
        // An exchange may have the name of a queue, and nobody reads it.
        let holding = told.topology.destinations.iter();
        let holding = holding.filter(|one| one.kind != DestinationKind::Exchange);
        let look = Look {
            named,
            snapshot,
            destinations: holding
                .map(|one| ((one.namespace.as_deref(), one.name.as_str()), one))
                .collect(),
            rules: Rules { interval_ms },
            told_at: Some(told.at),
            now,
        };
        self.evidence.wonders.clear();
        let left = lines.groups.iter().filter(|line| line.judged.is_some());
        let left: HashSet<i64> = left.map(GroupLine::key).collect();
        let mut judged = HashMap::with_capacity(lines.groups.len());
        for group in &told.topology.groups {
            let key = group_key(&named.cluster, group.namespace.as_deref(), &group.name);
            if !lines.read.contains(&key) && left.contains(&key) {
                // Not read by this process yet: as it was left.
                continue;
            }
            let fingerprint = lines.figures.get(&key).map(|figures| figures.fingerprint);
            let before = self.judged.remove(&key);
            let one = match before {
                Some(before) if before.holds(fingerprint, told.at, now) => before,
                before => self.judged(&look, group, fingerprint, told.at, before),
            };
            judged.insert(key, one);
        }
        self.evidence.choose();
        for line in &mut lines.groups {
            if let Some(one) = judged.get(&line.key()) {
                line.judged = Some(one.judgement.clone());
            }
        }
        self.judged = judged;
    }

    fn judged(
        &mut self,
        look: &Look<'_>,
        group: &Group,
        fingerprint: Option<u64>,
        told_at: Timestamp,
        before: Option<Judged>,
    ) -> Judged {
        let (judgement, hesitates) = self.group(look, group);
        self.doubts |= hesitates && !before.as_ref().is_some_and(|before| before.hesitates);
        let same = before.filter(|before| fingerprint == Some(before.fingerprint));
        Judged {
            fingerprint: fingerprint.unwrap_or_default(),
            changed_at: same.map_or(look.now, |before| before.changed_at),
            looked_at: look.now,
            told_at,
            hesitates,
            judgement,
        }
    }

    /// And whether it stands for longer than usual, with members.
    fn group(&mut self, look: &Look<'_>, group: &Group) -> (GroupJudgement, bool) {
        if group.is_brokers_own {
            return (by_design(), false);
        }
        let positions = &look.snapshot.positions;
        let members = Members {
            count: group.members.as_ref().map(|members| members.len() as u64),
            rebalances: self.members.rebalances(group, look.now),
            // One that could never have a position is not told to have none.
            has_positions: positions.groups.contains_key(group.name.as_str())
                || group.unknown.iter().any(|one| one.why == Why::Unsupported),
        };
        if let Some((name, _)) = positions.groups.get_key_value(group.name.as_str()) {
            let assigned = Assigned::of(group);
            let (mut found, mut quiet) = (Vec::new(), 0);
            let mut wonders = Vec::new();
            let evidence = &self.evidence;
            let windows = &self.windows;
            windows.each(name, |number, window| {
                let (Some(place), Some(kept)) =
                    (positions.places.get(number), windows.place(number))
                else {
                    return;
                };
                let one = Place {
                    look,
                    name,
                    place,
                    kept,
                    number,
                };
                if one.is_quiet(&window) {
                    quiet += 1;
                    return;
                }
                found.push(one.judge(&window, members, &assigned, evidence, &mut wonders));
            });
            let alive = members.count != Some(0);
            let hesitates = alive && wonders.iter().any(|wonder: &Wonder| wonder.stands);
            for wonder in wonders {
                self.evidence.wonder(wonder, look.now);
            }
            return (judge_group(found, quiet, members), hesitates);
        }
        let depth = positions.depths.get(&group_name(group));
        let Some(depth) = depth else {
            return (judge_group(Vec::new(), 0, members), false);
        };
        let members = Members {
            has_positions: true,
            ..members
        };
        if group.kind == STREAM {
            // What it holds was read or not: nobody tells.
            return (judge_group(Vec::new(), 0, members), false);
        }
        let place = (group.namespace.as_deref(), group.name.as_str());
        let role = look.destinations.get(&place).map(|one| one.role);
        // Messages wait there for somebody to look, or for their time to come.
        let waits = [DestinationRole::DeadLetter, DestinationRole::Retry];
        if role.is_some_and(|role| waits.contains(&role))
            && depth.depth.consumers.or(members.count) == Some(0)
        {
            return (by_design(), false);
        }
        let queue = self.queues.judged(depth, members, &look.rules);
        let found = queue.map(|found| vec![found]).unwrap_or_default();
        (judge_group(found, 0, members), false)
    }
}

fn by_design() -> GroupJudgement {
    GroupJudgement {
        cause: Some(Cause::ByDesign),
        ..GroupJudgement::default()
    }
}

impl Judged {
    fn holds(&self, fingerprint: Option<u64>, told_at: Timestamp, now: Timestamp) -> bool {
        fingerprint == Some(self.fingerprint)
            && self.told_at == told_at
            && now.ms_since(self.changed_at) > SETTLED_MS
            && now.ms_since(self.looked_at) < LOOK_AGAIN_MS
    }
}

#[cfg(test)]
#[path = "judging_tests.rs"]
mod tests;
