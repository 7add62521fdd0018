//! How often the members of a group changed, as topologies tell it. Pure.

use std::collections::HashMap;
use std::hash::Hasher;

use waybill_model::time::Timestamp;
use waybill_model::topology::{Group, Topology};
use xxhash_rust::xxh3::Xxh3;

const WITHIN_MS: i64 = 120_000;
const MOST: usize = 16;

#[derive(Debug, Default)]
pub struct Memberships {
    groups: HashMap<String, Membership>,
}

#[derive(Debug, Default)]
struct Membership {
    fingerprint: u64,
    changed_at: Vec<Timestamp>,
}

impl Memberships {
    /// Names of groups whose members, or what they were given, differ from the topology before.
    pub fn take(&mut self, topology: &Topology, at: Timestamp) -> Vec<String> {
        let mut changed = Vec::new();
        let mut next = HashMap::with_capacity(topology.groups.len());
        for group in &topology.groups {
            let Some(fingerprint) = fingerprint(group) else {
                continue;
            };
            let mut one = match self.groups.remove(&group.name) {
                Some(before) if before.fingerprint != fingerprint => {
                    changed.push(group.name.clone());
                    let mut changed_at = before.changed_at;
                    changed_at.push(at);
                    Membership {
                        fingerprint,
                        changed_at,
                    }
                }
                Some(before) => before,
                None => Membership {
                    fingerprint,
                    changed_at: Vec::new(),
                },
            };
            let many = one.changed_at.len().saturating_sub(MOST);
            one.changed_at.drain(..many);
            next.insert(group.name.clone(), one);
        }
        self.groups = next;
        changed
    }

    /// Changes that were seen within the last two minutes.
    pub fn rebalances(&self, group: &str, now: Timestamp) -> u64 {
        let since = now.plus_ms(-WITHIN_MS);
        let changes = self.groups.get(group).map(|one| &one.changed_at);
        let changes = changes.into_iter().flatten();
        changes.filter(|at| **at >= since).count() as u64
    }
}

/// `None`: nobody told its members.
fn fingerprint(group: &Group) -> Option<u64> {
    let mut members: Vec<_> = group.members.as_ref()?.iter().collect();
    members.sort_by(|a, b| a.id.cmp(&b.id));
    let mut hasher = Xxh3::new();
    for member in members {
        hasher.write(member.id.as_bytes());
        hasher.write_u8(0);
        let mut assigned: Vec<_> = member.assigned.iter().flatten().collect();
        assigned.sort();
        for (destination, partitions) in assigned {
            hasher.write(destination.as_bytes());
            for partition in partitions {
                hasher.write_u8(1);
                hasher.write(partition.as_bytes());
            }
        }
    }
    Some(hasher.finish())
}

#[cfg(test)]
mod tests {
    use waybill_model::topology::Member;

    use super::*;

    #[test]
    fn changes_of_members_count_for_two_minutes() {
        let at = |s: i64| Timestamp::from_unix_millis(s * 1_000);
        let topology = |ids: &[&str]| {
            let members = ids.iter().map(|id| Member {
                id: (*id).to_owned(),
                ..Member::default()
            });
            let group = Group {
                name: "billing".into(),
                members: Some(members.collect()),
                ..Group::default()
            };
            Topology {
                groups: vec![group],
                ..Topology::default()
            }
        };
        let mut members = Memberships::default();
        assert!(
            members.take(&topology(&["a"]), at(0)).is_empty(),
            "the first"
        );
        assert!(members.take(&topology(&["a"]), at(15)).is_empty());
        assert_eq!(members.take(&topology(&["b", "a"]), at(30)), ["billing"]);
        assert!(
            members.take(&topology(&["a", "b"]), at(45)).is_empty(),
            "order"
        );
        members.take(&topology(&["c"]), at(60));
        members.take(&topology(&[]), at(75));
        assert_eq!(members.rebalances("billing", at(80)), 3);
        assert_eq!(members.rebalances("billing", at(170)), 2);
        assert_eq!(members.rebalances("another", at(80)), 0);
    }
}
