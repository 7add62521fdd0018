//! Roll-ups: spans counted by minute of start, destination, service, group and operation.
//!
//! A commit packs its lines into its segment row; the merger folds them into `destination_minute`
//! when it merges the segment. Readers add both in one statement, so a line counts once.

pub(crate) mod fold;
mod histogram;
pub(crate) mod read;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use waybill_model::messaging::{DestinationRole, Operation};
use waybill_model::time::Timestamp;
use xxhash_rust::xxh3::Xxh3;

use crate::blocks::IndexedSpan;
use crate::error::StoreError;
use crate::text::storable;

pub use histogram::Histogram;
pub use read::DestinationSum;

/// One line: the spans of one group that started in one minute.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rollup {
    /// Start of the minute.
    pub minute: Timestamp,
    pub system: String,
    pub destination: String,
    pub role: DestinationRole,
    pub service: String,
    pub operation: Operation,
    pub spans: u64,
    pub failed: u64,
    /// Start of the latest span.
    pub last_at: Timestamp,
    pub durations: Histogram,
    /// The consumer group; `None` where no span tells it. Packed apart: see [`pack`].
    #[serde(skip)]
    pub group: Option<String>,
}

const MINUTE: i64 = 60_000_000_000;
const HOUR: i64 = 60 * MINUTE;

/// Starts further than this before or after arrival count in the minute of arrival.
const OLDEST: i64 = 24 * HOUR;
const FUTURE: i64 = HOUR;

impl Rollup {
    /// Adds a line of the same group and minute.
    pub fn add(&mut self, other: &Self) {
        self.spans += other.spans;
        self.failed += other.failed;
        self.last_at = self.last_at.max(other.last_at);
        self.durations.add(&other.durations);
    }

    /// Hash of what groups lines, the minute apart.
    pub(crate) fn key(&self) -> i64 {
        let mut hasher = Xxh3::new();
        for part in [&self.system, &self.destination, &self.service] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        hasher.update(&[
            role_code(self.role) as u8,
            operation_code(self.operation) as u8,
        ]);
        // Without a group as it was before groups were told: those rows are still added to.
        if let Some(group) = &self.group {
            hasher.update(group.as_bytes());
        }
        hasher.digest() as i64
    }
}

/// The lines of a batch, packed; `None` where no span has a key. Their groups follow the lines, where
/// a version that knows no groups does not look.
pub(crate) fn pack(
    batch: &[IndexedSpan],
    received_at: Timestamp,
) -> Result<Option<Vec<u8>>, StoreError> {
    let mut lines: HashMap<Group<'_>, Rollup> = HashMap::new();
    for indexed in batch {
        let Some(key) = &indexed.rollup else { continue };
        let span = &indexed.span;
        let group = Group {
            minute: minute_of(span.started_at, received_at),
            system: &key.system,
            destination: &key.destination,
            role: key.role,
            service: span.service(),
            operation: key.operation,
            group: key.group.as_deref(),
        };
        let line = lines.entry(group).or_insert_with_key(Group::line);
        line.spans += 1;
        line.failed += u64::from(key.failed);
        line.last_at = line.last_at.max(within(span.started_at, received_at));
        line.durations.record(span.duration_nanos());
    }
    if lines.is_empty() {
        return Ok(None);
    }
    let lines: Vec<Rollup> = lines.into_values().collect();
    let groups: Vec<&Option<String>> = lines.iter().map(|line| &line.group).collect();
    let packed = postcard::to_stdvec(&lines)
        .and_then(|packed| postcard::to_extend(&groups, packed))
        .map_err(|error| StoreError::internal("pack roll-ups", error))?;
    Ok(Some(packed))
}

pub(crate) fn unpack(bytes: &[u8]) -> Result<Vec<Rollup>, StoreError> {
    let failed = |error| StoreError::internal("read roll-ups", error);
    let (mut lines, rest): (Vec<Rollup>, _) = postcard::take_from_bytes(bytes).map_err(failed)?;
    // Nothing follows in what a version without groups packed.
    if !rest.is_empty() {
        let groups: Vec<Option<String>> = postcard::from_bytes(rest).map_err(failed)?;
        for (line, group) in lines.iter_mut().zip(groups) {
            line.group = group;
        }
    }
    Ok(lines)
}

/// Lines of one minute and group become one.
pub(crate) fn sum(lines: impl IntoIterator<Item = Rollup>) -> Vec<Rollup> {
    let mut sums: HashMap<(Timestamp, i64), Rollup> = HashMap::new();
    for line in lines {
        sums.entry((line.minute, line.key()))
            .and_modify(|sum| sum.add(&line))
            .or_insert(line);
    }
    let mut sums: Vec<((Timestamp, i64), Rollup)> = sums.into_iter().collect();
    sums.sort_unstable_by_key(|(key, _)| *key);
    sums.into_iter().map(|(_, line)| line).collect()
}

#[derive(PartialEq, Eq, Hash)]
struct Group<'a> {
    minute: Timestamp,
    system: &'a str,
    destination: &'a str,
    role: DestinationRole,
    service: &'a str,
    operation: Operation,
    group: Option<&'a str>,
}

impl Group<'_> {
    fn line(&self) -> Rollup {
        Rollup {
            minute: self.minute,
            system: storable(self.system).into_owned(),
            destination: storable(self.destination).into_owned(),
            role: self.role,
            service: storable(self.service).into_owned(),
            operation: self.operation,
            spans: 0,
            failed: 0,
            last_at: Timestamp::from_unix_nanos(i64::MIN),
            durations: Histogram::default(),
            group: self.group.map(|group| storable(group).into_owned()),
        }
    }
}

/// The start, or the arrival where the start is absurd.
fn within(started_at: Timestamp, received_at: Timestamp) -> Timestamp {
    let early = received_at
        .unix_nanos()
        .saturating_sub(started_at.unix_nanos());
    if (-FUTURE..=OLDEST).contains(&early) {
        started_at
    } else {
        received_at
    }
}

fn minute_of(started_at: Timestamp, received_at: Timestamp) -> Timestamp {
    let nanos = within(started_at, received_at).unix_nanos();
    Timestamp::from_unix_nanos(nanos.div_euclid(MINUTE).saturating_mul(MINUTE))
}

const ROLES: [DestinationRole; 4] = [
    DestinationRole::Origin,
    DestinationRole::Retry,
    DestinationRole::DeadLetter,
    DestinationRole::Internal,
];

const OPERATIONS: [Operation; 6] = [
    Operation::Create,
    Operation::Send,
    Operation::Receive,
    Operation::Process,
    Operation::Settle,
    Operation::Other,
];

pub(crate) fn role_code(role: DestinationRole) -> i16 {
    ROLES.iter().position(|r| *r == role).unwrap_or(0) as i16
}

pub(crate) fn operation_code(operation: Operation) -> i16 {
    OPERATIONS.iter().position(|o| *o == operation).unwrap_or(5) as i16
}

pub(crate) fn role_of(code: i16) -> DestinationRole {
    let at = usize::try_from(code).unwrap_or(0);
    ROLES.get(at).copied().unwrap_or_default()
}

pub(crate) fn operation_of(code: i16) -> Operation {
    let at = usize::try_from(code).unwrap_or(5);
    OPERATIONS.get(at).copied().unwrap_or(Operation::Other)
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use super::*;
    use crate::testing::Sample;

    #[test]
    fn groups_are_packed_where_an_older_version_does_not_look() {
        let now = Timestamp::from_unix_millis(1_795_435_200_000);
        let batch = Sample::new(41, now).batch(2_000);
        let packed = pack(&batch, now).unwrap().unwrap();
        let lines = unpack(&packed).unwrap();
        assert!(lines.iter().any(|line| line.group.is_some()));
        assert!(lines.iter().any(|line| line.group.is_none()));
        // As a version that knows no groups reads it, and as it packed it.
        let old: Vec<Rollup> = postcard::from_bytes(&packed).unwrap();
        assert_eq!(old.len(), lines.len());
        let packed_by_old = postcard::to_stdvec(&old).unwrap();
        assert_eq!(unpack(&packed_by_old).unwrap(), old);
    }

    #[test]
    fn groups_part_lines_and_lines_without_keep_their_key() {
        let now = Timestamp::from_unix_millis(1_795_435_200_000);
        let packed = pack(&Sample::new(41, now).batch(50), now).unwrap().unwrap();
        let line = unpack(&packed).unwrap().remove(0);
        let of = |group: Option<&str>| Rollup {
            group: group.map(str::to_owned),
            ..line.clone()
        };
        assert_eq!(
            sum([of(None), of(Some("a")), of(Some("b")), of(Some("a"))]).len(),
            3
        );
    }
}
