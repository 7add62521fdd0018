//! One partition of one group, from its window and from what is known around it. Pure.

use std::collections::HashMap;
use std::sync::Arc;

use waybill_model::judgement::{Cause, LagSource, PartitionJudgement, Verdict};
use waybill_model::time::Timestamp;
use waybill_model::topology::{Destination, Group};

use super::evidence::{Evidence, Wonder};
use super::lines::Named;
use super::places::PlaceKept;
use super::snapshot::Snapshot;
use super::windows::PlaceWindow;
use crate::detect::{
    self, Around, Forecast, Loss, Members, Rules, Window, forecast, hesitates, judge,
};

/// What all groups of a cluster have in common.
pub struct Look<'a> {
    pub named: &'a Named,
    pub snapshot: &'a Snapshot,
    /// Those that hold messages, by namespace and name.
    pub destinations: HashMap<(Option<&'a str>, &'a str), &'a Destination>,
    pub rules: Rules,
    /// When the topology was told.
    pub told_at: Option<Timestamp>,
    pub now: Timestamp,
}

/// Which member was given which partition.
pub struct Assigned<'a> {
    /// `None`: not every member tells.
    places: Option<HashMap<(&'a str, &'a str), &'a str>>,
}

impl<'a> Assigned<'a> {
    pub fn of(group: &'a Group) -> Self {
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

pub struct Place<'a> {
    pub look: &'a Look<'a>,
    pub name: &'a Arc<str>,
    pub place: &'a PlaceKept,
    pub kept: &'a PlaceWindow,
    pub number: u32,
}

impl Place<'_> {
    /// Nothing waits, and nothing comes.
    pub fn is_quiet(&self, window: &Window<'_>) -> bool {
        let lag = window.last().and_then(|last| last.lag);
        lag == Some(0) && self.kept.heads.per_s(IN_RATE_MS) == Some(0.0)
    }

    pub fn judge(
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
                evidence.attempts(self.name, self.number, offset, lag)
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
        let mut rates = detect::rates(window, &self.look.rules);
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
        let told = self
            .look
            .destinations
            .get(&(None, &*self.place.destination));
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
        let lag = window.last().and_then(|last| last.lag).unwrap_or_default();
        // Without members it is plain why it stands, unless nothing but marks lies before it.
        let is_open = members.count != Some(0) || lag <= MARKS;
        let stands = is_open && one.committed.is_some() && hesitates(window, &self.look.rules);
        if stands || one.behind_since.is_none() {
            wonders.push(Wonder {
                cluster: self.look.named.cluster.clone(),
                system: self.look.named.system.clone(),
                group: self.name.clone(),
                destination: self.place.destination.clone(),
                partition: self.place.partition.clone(),
                place: self.number,
                offset,
                lag,
                stands,
            });
        }
    }
}

/// Of so few offsets all may be the marks of transactions.
const MARKS: u64 = 16;
/// What comes is measured over this.
const IN_RATE_MS: i64 = 60_000;
