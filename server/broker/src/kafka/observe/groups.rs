//! All groups: listed by every node, described by the one that coordinates them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kafka_protocol::messages::{GroupId, ListGroupsRequest};
use kafka_protocol::protocol::StrBytes;
use waybill_model::topology::{Group, Member, Unknown, Why};

use super::assignment::{self, Assigned};
use super::partial::Partial;
use super::{classic_groups, commits, consumer_groups, share_groups, vanished};
use crate::kafka::client::Session;
use crate::kafka::cluster_map::{ClusterMap, GroupKind, GroupMap, KnownGroup};
use crate::kafka::wire::dial::Target;
use crate::kafka::wire::failure::Failure;

pub(super) const LIST_RIGHT: &str = "Describe on Cluster";
/// Groups in one request: an answer with all members of all groups could be over the limit.
pub(super) const AT_ONCE: usize = 500;

#[derive(Default)]
pub(super) struct Groups {
    pub(super) groups: Vec<Group>,
    pub(super) map: GroupMap,
    pub(super) unknown: Vec<Unknown>,
}

/// What a description says, of whichever protocol.
pub(super) struct Described {
    pub(super) name: String,
    pub(super) outcome: Result<(), Failure>,
    pub(super) state: String,
    pub(super) members: Vec<Member>,
    /// Of all members together.
    pub(super) assigned: Assigned,
}

/// A member as its group's description says; `work` is `None` where that cannot be read.
pub(super) struct DescribedMember<'a> {
    pub(super) id: &'a str,
    pub(super) client_id: &'a str,
    pub(super) host: &'a str,
    pub(super) work: Option<Assigned>,
}

impl Described {
    pub(super) fn of<'a>(
        name: &str,
        outcome: Result<(), Failure>,
        state: &str,
        members: impl Iterator<Item = DescribedMember<'a>>,
    ) -> Self {
        let mut assigned = Assigned::new();
        let members = members.map(|member| {
            if let Some(work) = &member.work {
                assignment::merge(&mut assigned, work);
            }
            Member {
                id: member.id.to_owned(),
                client_id: Some(member.client_id.to_owned()),
                host: Some(member.host.to_owned()),
                assigned: member.work.as_ref().map(assignment::told),
                ..Member::default()
            }
        });
        Self {
            name: name.to_owned(),
            outcome,
            state: state.to_owned(),
            members: members.collect(),
            assigned,
        }
    }
}

/// As requests name them.
pub(super) fn ids(names: &[&str]) -> Vec<GroupId> {
    let id = |name: &&str| GroupId(StrBytes::from_string((*name).to_owned()));
    names.iter().map(id).collect()
}

/// As listed.
struct Listed {
    coordinator: i32,
    kind: GroupKind,
    /// In the broker's words.
    kind_name: String,
    state: Option<String>,
}

/// Lists and describes, and remembers who coordinates what. Of what failed now, what was known
/// before is kept: a node that does not answer takes no group away.
pub(super) async fn read(session: &Session<'_>, map: &ClusterMap) -> Groups {
    let before = session.client.known().groups.unwrap_or_default();
    let (listed, silent, mut unknown) = list(session, map).await;
    let described = describe(session, map, &listed).await;
    let names = listed.keys().map(String::as_str).collect();
    let undenied = vanished::undenied(session, map, &before, &names, &silent).await;
    unknown.extend(vanished::unknown(&undenied));
    let mut groups = Groups {
        unknown,
        ..Groups::default()
    };
    let kept = before
        .groups
        .iter()
        .filter(|(name, group)| silent.contains(&group.coordinator) || undenied.contains(*name));
    groups.map.groups = kept
        .map(|(name, group)| (name.clone(), group.clone()))
        .collect();
    for (name, listed) in listed {
        let described = described.get(&name);
        let assigned = match described {
            Some(Ok(described)) => described.assigned.clone(),
            _ => before
                .groups
                .get(&name)
                .map(|group| group.assigned.clone())
                .unwrap_or_default(),
        };
        let known = KnownGroup {
            coordinator: listed.coordinator,
            kind: listed.kind,
            state: listed.state.clone(),
            assigned,
        };
        groups.groups.push(told(&name, &listed, described));
        groups.map.groups.insert(name, known);
    }
    session.client.learn_groups(Arc::new(groups.map.clone()));
    groups
}

/// Whether nodes list other groups than they did, or in other states. One that does not answer tells
/// of no change.
pub(super) async fn have_changed(session: &Session<'_>) -> bool {
    let known = session.client.known();
    let (Some(map), Some(before)) = (known.map, known.groups) else {
        return false;
    };
    let (listed, silent, _) = list(session, &map).await;
    let is_gone = |(name, group): (&String, &KnownGroup)| {
        !listed.contains_key(name) && !silent.contains(&group.coordinator)
    };
    let is_new = |(name, group): (&String, &Listed)| {
        let known = before.groups.get(name);
        known.is_none_or(|known| known.state != group.state)
    };
    listed.iter().any(is_new) || before.groups.iter().any(is_gone)
}

/// Who lists a group is its coordinator. Besides: the nodes that did not answer.
async fn list(
    session: &Session<'_>,
    map: &ClusterMap,
) -> (BTreeMap<String, Listed>, BTreeSet<i32>, Vec<Unknown>) {
    let asked = map.nodes.keys().map(|node| {
        (*node, async move {
            let target = session.node(map, *node)?;
            let answer = session
                .ask(&target, |_| ListGroupsRequest::default())
                .await?;
            Failure::check(answer.error_code, None)?;
            Ok(answer)
        })
    });
    let partial = Partial::of(asked).await;
    let unknown = partial.unknown("groups", LIST_RIGHT);
    // A node that has left the cluster has given its groups to others.
    let silent = partial.failures.iter().map(|(node, _)| *node).collect();
    let mut listed = BTreeMap::new();
    for (coordinator, answer) in partial.answers {
        for group in answer.groups {
            // Before version 5 there was no other kind that a list shows.
            let kind_name = match &*group.group_type {
                "" => "classic".to_owned(),
                name => name.to_ascii_lowercase(),
            };
            let entry = Listed {
                coordinator,
                kind: kind(&kind_name),
                kind_name,
                state: Some(group.group_state.to_string()).filter(|state| !state.is_empty()),
            };
            listed.insert(group.group_id.to_string(), entry);
        }
    }
    (listed, silent, unknown)
}

fn kind(name: &str) -> GroupKind {
    match name {
        "classic" => GroupKind::Classic,
        "consumer" => GroupKind::Consumer,
        "share" => GroupKind::Share,
        _ => GroupKind::Other,
    }
}

/// By group: its description, or why there is none.
async fn describe(
    session: &Session<'_>,
    map: &ClusterMap,
    listed: &BTreeMap<String, Listed>,
) -> BTreeMap<String, Result<Described, Failure>> {
    let mut asked: BTreeMap<(i32, GroupKind), Vec<&str>> = BTreeMap::new();
    for (name, group) in listed {
        asked
            .entry((group.coordinator, group.kind))
            .or_default()
            .push(name);
    }
    let requests = asked
        .iter()
        .flat_map(|((node, kind), names)| {
            names
                .chunks(AT_ONCE)
                .map(move |names| (*node, *kind, names))
        })
        .map(|(node, kind, names)| async move {
            match session.node(map, node) {
                Ok(target) => (names, ask(session, &target, kind, names).await),
                Err(failure) => (names, Err(failure)),
            }
        });
    let mut described = BTreeMap::new();
    for (names, answer) in futures::future::join_all(requests).await {
        match answer {
            Ok(groups) => {
                let named = groups.into_iter().map(|mut group| {
                    let outcome = std::mem::replace(&mut group.outcome, Ok(()));
                    (group.name.clone(), outcome.map(|()| group))
                });
                described.extend(named);
            }
            Err(failure) => {
                let failed = names
                    .iter()
                    .map(|name| ((*name).to_owned(), Err(failure.clone())));
                described.extend(failed);
            }
        }
    }
    described
}

pub(super) async fn ask(
    session: &Session<'_>,
    target: &Target,
    kind: GroupKind,
    names: &[&str],
) -> Result<Vec<Described>, Failure> {
    match kind {
        GroupKind::Classic => classic_groups::describe(session, target, names).await,
        GroupKind::Consumer => consumer_groups::describe(session, target, names).await,
        GroupKind::Share => share_groups::describe(session, target, names).await,
        GroupKind::Other => Err(Failure::Unsupported {
            api: "description of groups of this kind",
        }),
    }
}

fn told(name: &str, listed: &Listed, described: Option<&Result<Described, Failure>>) -> Group {
    let mut group = Group {
        name: name.to_owned(),
        namespace: None,
        kind: listed.kind_name.clone(),
        state: listed.state.clone(),
        coordinator: Some(listed.coordinator.to_string()),
        unknown: vec![Unknown {
            member: "consumer_capacity".into(),
            why: Why::Unsupported,
            detail: Some("members fetch by themselves: nobody measures it".into()),
        }],
        ..Group::default()
    };
    match described {
        Some(Ok(described)) => {
            group.members = Some(described.members.clone());
            if !described.state.is_empty() {
                group.state = Some(described.state.clone());
            }
        }
        Some(Err(failure)) => group
            .unknown
            .push(failure.unknown("members", commits::RIGHT)),
        None => group.unknown.push(missing("members")),
    }
    if group.state.is_none() {
        group.unknown.push(missing("state"));
    }
    if listed.kind == GroupKind::Share {
        group.unknown.push(Unknown {
            member: "commits".into(),
            why: Why::Unsupported,
            detail: Some(
                "a share group acknowledges messages one by one and commits no offset".into(),
            ),
        });
    }
    group
}

fn missing(member: &str) -> Unknown {
    Unknown {
        member: member.into(),
        why: Why::Missing,
        detail: None,
    }
}
