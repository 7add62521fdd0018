//! Groups that no node lists any more: deleted, or only not listed now. While a coordinator takes
//! over it leaves out what it has not loaded, without an error; so whoever coordinates a group has
//! to say that there is none before it is taken for gone.

use std::collections::{BTreeMap, BTreeSet};

use kafka_protocol::error::ResponseError;
use waybill_model::topology::{Unknown, Why};

use super::coordinators;
use super::groups::{AT_ONCE, Described, ask};
use crate::kafka::client::Session;
use crate::kafka::cluster_map::{ClusterMap, GroupKind, GroupMap};

/// Of `before`, those that are not `listed` now and that nobody denies. Groups of `silent` nodes are
/// not asked about: nobody has said anything of them.
pub(super) async fn undenied(
    session: &Session<'_>,
    map: &ClusterMap,
    before: &GroupMap,
    listed: &BTreeSet<&str>,
    silent: &BTreeSet<i32>,
) -> BTreeSet<String> {
    let gone = before.groups.iter().filter(|(name, group)| {
        !listed.contains(name.as_str()) && !silent.contains(&group.coordinator)
    });
    let gone: Vec<&str> = gone.map(|(name, _)| name.as_str()).collect();
    let mut undenied: BTreeSet<String> = gone.iter().map(|name| (*name).to_owned()).collect();
    if gone.is_empty() {
        return undenied;
    }
    // They were listed once, so the offsets topic is there: see `wire::allowed`.
    let Ok(found) = coordinators::find(session, &gone).await else {
        return undenied;
    };
    let mut asked: BTreeMap<(i32, GroupKind), Vec<&str>> = BTreeMap::new();
    for (node, names) in coordinators::by_node(&gone, &found) {
        for name in names {
            let kind = before.groups.get(name).map(|group| group.kind);
            asked
                .entry((node, kind.unwrap_or_default()))
                .or_default()
                .push(name);
        }
    }
    for ((node, kind), names) in asked {
        let Ok(target) = session.node(map, node) else {
            continue;
        };
        for names in names.chunks(AT_ONCE) {
            let described = ask(session, &target, kind, names).await.unwrap_or_default();
            for group in described.iter().filter(|group| is_denied(group)) {
                undenied.remove(&group.name);
            }
        }
    }
    undenied
}

/// What a coordinator says of a group that does not exist: the state, before Kafka 4.0 without an
/// error.
fn is_denied(group: &Described) -> bool {
    match &group.outcome {
        Ok(()) => group.state == "Dead",
        Err(failure) => failure.code() == Some(ResponseError::GroupIdNotFound),
    }
}

pub(super) fn unknown(undenied: &BTreeSet<String>) -> Option<Unknown> {
    let first = undenied.first()?;
    Some(Unknown {
        member: "groups".into(),
        why: Why::Missing,
        detail: Some(format!(
            "{} groups, such as {}, are listed by no node now and said by none to be gone",
            undenied.len(),
            crate::kafka::wire::failure::printable(first),
        )),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::wire::failure::Failure;

    fn said(outcome: Result<(), Failure>, state: &str) -> Described {
        Described {
            name: "billing".into(),
            outcome,
            state: state.into(),
            members: Vec::new(),
            assigned: Default::default(),
        }
    }

    #[test]
    fn only_its_coordinator_says_that_a_group_is_gone() {
        let error = |error: ResponseError| Failure::check(error.code(), None);
        assert!(is_denied(&said(Ok(()), "Dead")));
        assert!(is_denied(&said(
            error(ResponseError::GroupIdNotFound),
            "Dead"
        )));
        assert!(!is_denied(&said(Ok(()), "Empty")));
        for passing in [
            ResponseError::CoordinatorLoadInProgress,
            ResponseError::NotCoordinator,
            ResponseError::GroupAuthorizationFailed,
        ] {
            assert!(!is_denied(&said(error(passing), "Dead")), "{passing:?}");
        }
        assert_eq!(unknown(&BTreeSet::new()), None);
        let told = unknown(&BTreeSet::from(["a\u{1b}b".to_owned()])).unwrap();
        assert!(told.detail.unwrap().contains("such as ab,"));
    }
}
