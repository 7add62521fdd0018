//! From the windows of a cluster's groups to what is judged of them. Pure.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use waybill_model::judgement::{
    Cause, GroupEvent, GroupEventKind, GroupJudgement, LagSource, PartitionJudgement, Verdict,
};
use waybill_model::messaging::DestinationRole;
use waybill_model::time::Timestamp;
use waybill_model::topology::{Destination, Group};
use waybill_store::readings::GroupSample;
use waybill_store::topology::{GroupLine, group_key};

use super::evidence::{Evidence, HeadTold, Wonder};
use super::lines::{Lines, Named};
use super::membership::Memberships;
use super::places::PlaceKept;
use super::positions::Positions;
use super::queue_windows::QueueWindows;
use super::snapshot::{Snapshot, group_name};
use super::windows::{PlaceWindow, Windows};
use crate::detect::{
    self, Around, Forecast, Loss, Members, Rules, Window, forecast, hesitates, judge, judge_group,
};

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

/// What all groups of a cluster have in common.
struct Look<'a> {
    named: &'a Named,
    snapshot: &'a Snapshot,
    destinations: HashMap<&'a str, &'a Destination>,
    rules: Rules,
    /// When the topology was told.
    told_at: Option<Timestamp>,
    now: Timestamp,
}

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

    pub fn take_readings(&mut self, cluster: &str, positions: &Positions) {
        if positions.renumbered.is_some() {
            self.evidence.forget();
        }
        let back = self.windows.take(positions);
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
        let changed: HashSet<String> = self.members.take(&told.topology, at).into_iter().collect();
        for group in &told.topology.groups {
            let key = group_key(cluster, group.namespace.as_deref(), &group.name);
            if changed.contains(&group.name) {
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

    pub fn take_evidence(&mut self, told: Vec<(Wonder, HeadTold)>, at: Timestamp) {
        for (wonder, told) in told {
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
        let offsets = told.topology.destinations.iter();
        let look = Look {
            named,
            snapshot,
            destinations: offsets.map(|one| (one.name.as_str(), one)).collect(),
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
        let positions = &look.snapshot.positions;
        let members = Members {
            count: group.members.as_ref().map(|members| members.len() as u64),
            rebalances: self.members.rebalances(&group.name, look.now),
            has_positions: positions.groups.contains_key(group.name.as_str()),
        };
        if let Some((name, _)) = positions.groups.get_key_value(group.name.as_str()) {
            let assigned = Assigned::of(group);
            let mut found = Vec::new();
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
                found.push(one.judge(&window, members, &assigned, evidence, &mut wonders));
            });
            let hesitates = wonders.iter().any(|wonder: &Wonder| wonder.stands);
            for wonder in wonders {
                self.evidence.wonder(wonder, look.now);
            }
            return (judge_group(found, members), hesitates);
        }
        let depth = positions.depths.get(&group_name(group));
        let Some(depth) = depth else {
            return (judge_group(Vec::new(), members), false);
        };
        let one = look.destinations.get(group.name.as_str());
        if one.is_some_and(|one| one.role == DestinationRole::DeadLetter)
            && depth.depth.consumers.or(members.count) == Some(0)
        {
            // Nobody is meant to read it all the time.
            return (GroupJudgement::default(), false);
        }
        let queue = self.queues.judged(depth, members, &look.rules);
        let found = queue.map(|found| vec![found]).unwrap_or_default();
        let members = Members {
            has_positions: true,
            ..members
        };
        (judge_group(found, members), false)
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

/// Which member was given which partition.
struct Assigned<'a> {
    /// `None`: not every member tells.
    places: Option<HashMap<(&'a str, &'a str), &'a str>>,
}

impl<'a> Assigned<'a> {
    fn of(group: &'a Group) -> Self {
        let Some(members) = group.members.as_ref().filter(|members| !members.is_empty()) else {
            return Self { places: None };
        };
        let mut places = HashMap::new();
        let mut whole = true;
        for member in members {
            let Some(assigned) = &member.assigned else {
                whole = false;
                continue;
            };
            for (destination, partitions) in assigned {
                for partition in partitions {
                    places.insert(
                        (destination.as_str(), partition.as_str()),
                        member.id.as_str(),
                    );
                }
            }
        }
        // While members are being given their parts nobody has any.
        let whole = whole && !places.is_empty();
        Self {
            places: whole.then_some(places),
        }
    }

    fn member(&self, place: &PlaceKept) -> Option<&'a str> {
        let places = self.places.as_ref()?;
        places
            .get(&(&*place.destination, &*place.partition))
            .copied()
    }
}

struct Place<'a> {
    look: &'a Look<'a>,
    name: &'a Arc<str>,
    place: &'a PlaceKept,
    kept: &'a PlaceWindow,
    number: u32,
}

impl Place<'_> {
    fn judge(
        &self,
        window: &Window<'_>,
        members: Members,
        assigned: &Assigned<'_>,
        evidence: &Evidence,
        wonders: &mut Vec<Wonder>,
    ) -> (PartitionJudgement, Option<u64>, Forecast) {
        let last = window.last();
        let lag = last.and_then(|last| last.lag);
        let mut one = PartitionJudgement {
            destination: self.place.destination.to_string(),
            partition: self.place.partition.to_string(),
            in_per_s: self.kept.heads.per_s(IN_RATE_MS),
            ..PartitionJudgement::default()
        };
        let Some((last, lag)) = last.zip(lag) else {
            one.cause = Some(Cause::NoPosition);
            return (one, None, Forecast::default());
        };
        if lag == 0 {
            one.verdict = Verdict::Ok;
            one.committed = last.committed;
            let forecast = forecast(0, detect::Rates::default(), &Loss::default(), self.look.now);
            return (one, Some(0), forecast);
        }
        let member = assigned.member(self.place);
        let offset = last.committed.or(self.place.low);
        let around = Around {
            members: members.count,
            is_assigned: assigned.places.as_ref().map(|_| member.is_some()),
            members_at: self.look.told_at,
            attempts: offset.map_or_else(Default::default, |offset| {
                evidence.attempts(self.name, self.number, offset)
            }),
        };
        if let Some(found) = judge(window, &around, &self.look.rules) {
            (one.verdict, one.cause) = (found.verdict, found.cause);
            (one.since, one.back_from) = (found.since, found.back_from);
        } else {
            one.cause = Some(Cause::FewReadings);
        }
        one.committed = last.committed;
        one.member = member.map(str::to_owned);
        (one.behind_since, one.lag_source) = self.behind(offset);
        let mut rates = detect::rates(window);
        rates.in_per_s = rates.in_per_s.or(one.in_per_s);
        one.out_per_s = rates.out_per_s;
        let forecast = forecast(
            lag,
            rates,
            &self.loss(last.committed, one.behind_since),
            self.look.now,
        );
        (one.drain_ms, one.loss_at, one.loss_by) =
            (forecast.drain_ms, forecast.loss_at, forecast.loss_by);
        self.wonder(window, members, offset, &one, wonders);
        (one, Some(lag), forecast)
    }

    fn behind(&self, offset: Option<i64>) -> (Option<Timestamp>, Option<LagSource>) {
        let Some(offset) = offset else {
            return (None, None);
        };
        if let Some(at) = self.kept.heads.read_time(offset) {
            return (Some(at), Some(LagSource::RecordTime));
        }
        match self.kept.heads.written_at(offset) {
            Some(at) => (Some(at), Some(LagSource::HeadHistory)),
            None => (None, None),
        }
    }

    fn loss(&self, committed: Option<i64>, behind_since: Option<Timestamp>) -> Loss {
        let told = self.look.destinations.get(&*self.place.destination);
        let partition = told.and_then(|told| {
            let mut partitions = told.partitions.iter();
            partitions.find(|one| *one.id == *self.place.partition)
        });
        let held = self
            .place
            .head
            .zip(self.place.low)
            .map(|(head, low)| head - low);
        let mean = partition
            .and_then(|one| one.stored_bytes)
            .zip(held.filter(|held| *held > 0))
            .map(|(bytes, held)| bytes as f64 / held as f64);
        let keeps_bytes = told.and_then(|told| told.keeps_bytes);
        Loss {
            committed,
            low: self.place.low,
            low_per_s: self.kept.oldest.per_s(),
            behind_since,
            keeps_ms: told.and_then(|told| told.keeps_ms).map(|ms| ms as f64),
            keeps_messages: keeps_bytes
                .zip(mean.filter(|mean| *mean > 0.0))
                .map(|(bytes, mean)| bytes as f64 / mean),
        }
    }

    /// What spans and the message itself would tell, where it decides something.
    fn wonder(
        &self,
        window: &Window<'_>,
        members: Members,
        offset: Option<i64>,
        one: &PartitionJudgement,
        wonders: &mut Vec<Wonder>,
    ) {
        let Some(offset) = offset else { return };
        let stands = members.count != Some(0)
            && one.committed.is_some()
            && hesitates(window, &self.look.rules);
        if stands || one.behind_since.is_none() {
            wonders.push(Wonder {
                cluster: self.look.named.cluster.clone(),
                system: self.look.named.system.clone(),
                group: self.name.clone(),
                destination: self.place.destination.clone(),
                partition: self.place.partition.clone(),
                place: self.number,
                offset,
                stands,
            });
        }
    }
}

/// What comes is measured over this.
const IN_RATE_MS: i64 = 60_000;
