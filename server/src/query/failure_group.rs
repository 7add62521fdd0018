//! From places to one kind of failure. Pure.

use std::collections::BTreeMap;

use waybill_model::failure::{
    FailureCause, FailureGroup, FailureJourneys, FailureKind, FailurePlace, FailureVersion,
    OwnerSetBy, Trend, TrendPoint,
};
use waybill_model::journey::{JourneyState, Owner};
use waybill_model::time::Timestamp;
use waybill_store::failures::{FailedJourneys, FailedStep, Failure, Place};

/// Names of one kind that an answer lists at most, the most frequent first.
const MOST_NAMES: usize = 100;

/// The steps of a trend: from the start of the first to the end of the last.
#[derive(Clone, Copy, Debug)]
pub(super) struct Steps {
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    pub(super) step_ms: i64,
}

impl Steps {
    pub(super) fn count(self) -> i64 {
        (self.to.unix_millis() - self.from.unix_millis()) / self.step_ms
    }

    /// Of the failure of this key; steps without a failed attempt are 0, for each was counted.
    pub(super) fn trend(self, counted: &[FailedStep], failure: i64) -> Trend {
        let own = counted.iter().filter(|step| step.failure == failure);
        let attempts: BTreeMap<i64, u64> = own
            .map(|step| {
                let ms = step.at.unix_millis() - self.from.unix_millis();
                (ms.div_euclid(self.step_ms), step.attempts)
            })
            .fold(BTreeMap::new(), |mut sums, (at, attempts)| {
                *sums.entry(at).or_default() += attempts;
                sums
            });
        let point = |n: i64| TrendPoint {
            at: self.from.plus_ms(n * self.step_ms),
            attempts: attempts.get(&n).copied().unwrap_or(0),
        };
        Trend {
            step_ms: self.step_ms as u64,
            points: (0..self.count()).map(point).collect(),
        }
    }
}

/// Without journeys and trend. `owner`: what the configuration says.
pub(super) fn group(failure: Failure, owner: Option<Owner>) -> FailureGroup {
    let places = &failure.places;
    let latest = places.iter().max_by_key(|place| place.seen_at);
    let of_latest = |pick: fn(&Place) -> &Option<String>| {
        // One place may tell less than another.
        let told = latest.and_then(|place| pick(place).clone());
        told.or_else(|| places.iter().find_map(|place| pick(place).clone()))
    };
    let evidence = places.iter().find_map(|place| place.evidence);
    let versions = versions(places);
    let said = failure.said.clone().unwrap_or_default();
    let by_hand = said.owner.is_some();
    let first = places.iter().map(|place| place.first_at).min();
    let last = places.iter().map(|place| place.last_at).max();
    let mut group = FailureGroup {
        id: failure.fingerprint.clone(),
        kind: match evidence {
            Some(_) => FailureKind::Evidence,
            None => FailureKind::Error,
        },
        evidence,
        error_type: of_latest(|place| &place.error_type),
        first_frame: of_latest(|place| &place.first_frame),
        message: of_latest(|place| &place.message),
        attempts: places.iter().map(|place| place.attempts).sum(),
        journeys: FailureJourneys::default(),
        first_at: first.unwrap_or_default(),
        last_at: last.unwrap_or_default(),
        first_version: versions.first().map(|version| version.version.clone()),
        versions,
        services: names(places, |place| place.service.as_ref()),
        systems: names(places, |place| Some(&place.system)),
        clusters: names(places, |place| place.cluster.as_ref()),
        destinations: names(places, |place| place.destination.as_ref()),
        groups: names(places, |place| place.group.as_ref()),
        cause: cause(places),
        trend: Trend::default(),
        owner_set_by: match (by_hand, &owner) {
            (true, _) => Some(OwnerSetBy::Hand),
            (false, Some(_)) => Some(OwnerSetBy::Rule),
            (false, None) => None,
        },
        owner: said
            .owner
            .or(owner.as_ref().map(|owner| owner.team.clone())),
        runbook: owner.and_then(|owner| owner.runbook),
        note: said.note,
        muted_until: said.muted_until,
        changed_at: failure.said.as_ref().map(|said| said.changed_at),
        changed_by: failure.said.map(|said| said.changed_by),
        unknown: Vec::new(),
    };
    group.unknown = unknown(&group);
    group
}

pub(super) fn journeys(counted: &[FailedJourneys], failure: i64) -> FailureJourneys {
    let mut sum = FailureJourneys::default();
    for one in counted.iter().filter(|one| one.failure == failure) {
        let of_state = match one.state {
            JourneyState::DeadLettered => &mut sum.dead_lettered,
            JourneyState::Failed => &mut sum.failed,
            JourneyState::Retrying => &mut sum.retrying,
            JourneyState::Delivered => &mut sum.delivered,
            JourneyState::InFlight
            | JourneyState::Replayed
            | JourneyState::Expired
            | JourneyState::Unroutable
            | JourneyState::Unknown => &mut sum.other,
        };
        *of_state += one.journeys;
        sum.total += one.journeys;
    }
    sum
}

/// Where it was seen, versions and causes put together; the most frequent first.
pub(super) fn places(failure: &Failure) -> Vec<FailurePlace> {
    type Key<'a> = [Option<&'a String>; 5];
    let mut lines: BTreeMap<Key<'_>, FailurePlace> = BTreeMap::new();
    for place in &failure.places {
        let key = [
            Some(&place.system),
            place.cluster.as_ref(),
            place.destination.as_ref(),
            place.group.as_ref(),
            place.service.as_ref(),
        ];
        let line = lines.entry(key).or_insert_with(|| FailurePlace {
            system: place.system.clone(),
            cluster: place.cluster.clone(),
            destination: place.destination.clone(),
            group: place.group.clone(),
            service: place.service.clone(),
            attempts: 0,
            first_at: place.first_at,
            last_at: place.last_at,
        });
        line.attempts += place.attempts;
        line.first_at = line.first_at.min(place.first_at);
        line.last_at = line.last_at.max(place.last_at);
    }
    let mut lines: Vec<FailurePlace> = lines.into_values().collect();
    lines.sort_by_key(|line| std::cmp::Reverse(line.attempts));
    lines
}

/// In order of first sight.
fn versions(places: &[Place]) -> Vec<FailureVersion> {
    let mut versions: BTreeMap<(Option<&String>, &String), FailureVersion> = BTreeMap::new();
    for place in places {
        let Some(version) = &place.version else {
            continue;
        };
        let line = versions
            .entry((place.service.as_ref(), version))
            .or_insert_with(|| FailureVersion {
                service: place.service.clone(),
                version: version.clone(),
                attempts: 0,
                first_at: place.first_at,
                last_at: place.last_at,
            });
        line.attempts += place.attempts;
        line.first_at = line.first_at.min(place.first_at);
        line.last_at = line.last_at.max(place.last_at);
    }
    let mut versions: Vec<FailureVersion> = versions.into_values().collect();
    versions.sort_by_key(|version| version.first_at);
    versions
}

fn names(places: &[Place], pick: fn(&Place) -> Option<&String>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    // Places stand in order of frequency.
    for name in places.iter().filter_map(pick) {
        if names.len() < MOST_NAMES && !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

fn cause(places: &[Place]) -> Option<FailureCause> {
    let mut rules: BTreeMap<&String, (u64, &Place)> = BTreeMap::new();
    for place in places {
        let Some(rule) = &place.cause else { continue };
        let (attempts, latest) = rules.entry(rule).or_insert((0, place));
        *attempts += place.attempts;
        if latest.seen_at < place.seen_at {
            *latest = place;
        }
    }
    let (rule, (attempts, latest)) = rules
        .into_iter()
        .max_by_key(|(_, (attempts, _))| *attempts)?;
    Some(FailureCause {
        rule: rule.clone(),
        sentence: latest.cause_sentence.clone(),
        attempts,
    })
}

/// Members that nobody told; what only people say is absent, not unknown.
fn unknown(group: &FailureGroup) -> Vec<String> {
    let is_error = group.kind == FailureKind::Error;
    [
        ("error_type", group.error_type.is_none() && is_error),
        ("first_frame", group.first_frame.is_none() && is_error),
        ("message", group.message.is_none() && is_error),
        ("first_version", group.first_version.is_none()),
        ("cause", group.cause.is_none()),
        ("services", group.services.is_empty()),
        ("clusters", group.clusters.is_empty()),
        ("destinations", group.destinations.is_empty()),
        ("groups", group.groups.is_empty()),
    ]
    .into_iter()
    .filter(|(_, unknown)| *unknown)
    .map(|(name, _)| name.to_owned())
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_unix_millis(ms)
    }

    fn place(destination: &str, version: &str, cause: Option<&str>, attempts: u64) -> Place {
        Place {
            id: 0,
            evidence: None,
            error_type: Some("Declined".into()),
            first_frame: None,
            system: "examplemq".into(),
            cluster: None,
            destination: Some(destination.into()),
            group: None,
            service: Some("billing".into()),
            version: Some(version.into()),
            cause: cause.map(str::to_owned),
            cause_sentence: cause.map(|cause| format!("{cause} of {destination}")),
            message: None,
            seen_at: at(attempts as i64),
            attempts,
            first_at: at(100 - attempts as i64),
            last_at: at(100 + attempts as i64),
        }
    }

    fn failure() -> Failure {
        Failure {
            fingerprint: "ab".into(),
            value: 0,
            said: None,
            places: vec![
                place("orders", "2", Some("pool"), 5),
                place("orders", "1", Some("gc"), 4),
                place("mails", "2", Some("gc"), 3),
            ],
        }
    }

    #[test]
    fn a_group_is_told_from_its_places() {
        let rule = Owner {
            team: "billing".into(),
            runbook: None,
        };
        let group = group(failure(), Some(rule.clone()));
        assert_eq!(
            (group.attempts, group.first_at, group.last_at),
            (12, at(95), at(105))
        );
        assert_eq!(group.destinations, ["orders", "mails"]);
        let versions = group.versions.iter();
        let versions: Vec<_> = versions.map(|v| (v.version.as_str(), v.attempts)).collect();
        assert_eq!(versions, [("2", 8), ("1", 4)]);
        assert_eq!(group.first_version.as_deref(), Some("2"));
        let cause = group.cause.unwrap();
        assert_eq!((cause.rule.as_str(), cause.attempts), ("gc", 7), "added up");
        assert_eq!(
            cause.sentence.as_deref(),
            Some("gc of orders"),
            "the latest"
        );
        assert_eq!(
            (group.owner.as_deref(), group.owner_set_by),
            (Some("billing"), Some(OwnerSetBy::Rule))
        );
        assert_eq!(
            group.unknown,
            ["first_frame", "message", "clusters", "groups"]
        );
        let said = waybill_store::failures::Said {
            owner: Some("eve".into()),
            ..Default::default()
        };
        let by_hand = Failure {
            said: Some(said),
            ..failure()
        };
        let group = super::group(by_hand, Some(rule));
        assert_eq!(
            (group.owner.as_deref(), group.owner_set_by),
            (Some("eve"), Some(OwnerSetBy::Hand))
        );
    }

    #[test]
    fn places_leave_versions_aside() {
        let places = places(&failure());
        let places: Vec<_> = places
            .iter()
            .map(|line| (line.destination.as_deref(), line.attempts))
            .collect();
        assert_eq!(places, [(Some("orders"), 9), (Some("mails"), 3)]);
    }

    #[test]
    fn quiet_steps_count_nothing() {
        let steps = Steps {
            from: at(0),
            to: at(180_000),
            step_ms: 60_000,
        };
        let counted = [(1, 60_000, 4), (2, 0, 9)].map(|(failure, ms, attempts)| FailedStep {
            failure,
            at: at(ms),
            attempts,
        });
        let trend = steps.trend(&counted, 1);
        let points: Vec<_> = trend.points.iter().map(|p| p.attempts).collect();
        assert_eq!((trend.step_ms, points), (60_000, vec![0, 4, 0]));
    }
}
