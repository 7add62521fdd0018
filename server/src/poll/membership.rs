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
    groups: HashMap<Key, Membership>,
}

/// Namespace and name: queues of two namespaces may have one name.
pub type Key = (Option<String>, String);

pub fn key(group: &Group) -> Key {
    (group.namespace.clone(), group.name.clone())
}

#[derive(Debug, Default)]
struct Membership {
    fingerprint: u64,
    changed_at: Vec<Timestamp>,
}

impl Memberships {
    /// Groups whose members, or what they were given, differ from the topology before.
    pub fn take(&mut self, topology: &Topology, at: Timestamp) -> Vec<Key> {
        let mut changed = Vec::new();
        let mut next = HashMap::with_capacity(topology.groups.len());
        for group in &topology.groups {
            let Some(fingerprint) = fingerprint(group) else {
                continue;
            };
            let key = key(group);
            let mut one = match self.groups.remove(&key) {
                Some(before) if before.fingerprint != fingerprint => {
                    changed.push(key.clone());
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
            next.insert(key, one);
        }
        self.groups = next;
        changed
    }

    /// Changes that were seen within the last two minutes.
    pub fn rebalances(&self, group: &Group, now: Timestamp) -> u64 {
        let since = now.plus_ms(-WITHIN_MS);
        let changes = self.groups.get(&key(group)).map(|one| &one.changed_at);
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
        assert_eq!(members.take(&topology(&["b", "a"]), at(30)).len(), 1);
        assert!(
            members.take(&topology(&["a", "b"]), at(45)).is_empty(),
            "order"
        );
        members.take(&topology(&["c"]), at(60));
        members.take(&topology(&[]), at(75));
        let group = |name: &str| Group {
            name: name.into(),
            ..Group::default()
        };
        assert_eq!(members.rebalances(&group("billing"), at(80)), 3);
        assert_eq!(members.rebalances(&group("billing"), at(170)), 2);
        assert_eq!(members.rebalances(&group("another"), at(80)), 0);
    }

    #[test]
    fn groups_of_one_name_in_two_namespaces_are_two() {
        let at = |s: i64| Timestamp::from_unix_millis(s * 1_000);
        let group = |namespace: &str, member: &str| Group {
            namespace: Some(namespace.into()),
            name: "billing".into(),
            members: Some(vec![Member {
                id: member.into(),
                ..Member::default()
            }]),
            ..Group::default()
        };
        let topology = |other: &str| Topology {
            groups: vec![group("east", "a"), group("west", other)],
            ..Topology::default()
        };
        let mut members = Memberships::default();
        for s in [0, 15, 30] {
            assert!(members.take(&topology("b"), at(s)).is_empty());
        }
        let west = group("west", "c");
        assert_eq!(members.take(&topology("c"), at(45)), [key(&west)]);
        assert_eq!(members.rebalances(&west, at(50)), 1);
        assert_eq!(members.rebalances(&group("east", "a"), at(50)), 0);
    }
}
