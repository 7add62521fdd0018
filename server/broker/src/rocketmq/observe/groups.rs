//! Consumer groups: what kind, who is there, how they may read.

use std::collections::{BTreeMap, BTreeSet};

use waybill_model::topology::{Group, Member, Setting, Unknown, Why};

use super::connections::{self, Presence};
use super::memory::Subscribed;
use super::names;
use super::told::Told;
use crate::rocketmq::answers::connections::ConsumerConnections;
use crate::rocketmq::answers::group_configs::GroupConfig;

/// Members take messages one by one, and each is acknowledged for itself.
pub(super) const POP: &str = "pop";
pub(super) const PUSH: &str = "push";
pub(super) const PULL: &str = "pull";
/// A broker's own reader.
const INTERNAL: &str = "internal";
/// Nobody is there now, and nothing tells how its members read.
const OFFLINE: &str = "offline";

/// Puts messages of delay levels back under their topics (`MixAll.SCHEDULE_CONSUMER_GROUP`).
pub(super) const DELAYS: &str = "SCHEDULE_CONSUMER";
pub(super) const DELAY_TOPIC: &str = "SCHEDULE_TOPIC_XXXX";
/// Takes over messages with a time of their own; the class that does it, since it names no group.
pub(super) const TIMER: &str = "TimerMessageStore";
pub(super) const TIMER_TOPIC: &str = "rmq_sys_wheel_timer";

/// Made by every broker for its own use and for tools (`SubscriptionGroupManager.init`). They are told
/// where they have positions.
pub(super) fn is_built_in(name: &str) -> bool {
    const NAMES: [&str; 7] = [
        "TOOLS_CONSUMER",
        "FILTERSRV_CONSUMER",
        "SELF_TEST_C_GROUP",
        "CID_ONS-HTTP-PROXY",
        "CID_ONSAPI_PULL",
        "CID_ONSAPI_PERMISSION",
        "CID_ONSAPI_OWNER",
    ];
    NAMES.contains(&name) || is_internal(name)
}

fn is_internal(name: &str) -> bool {
    name.starts_with("CID_RMQ_SYS_")
        || name.starts_with("CID_DefaultHeartBeatSyncerTopic")
        || [DELAYS, TIMER].contains(&name)
}

/// Groups of all brokers, with the topics that they have positions in.
pub(super) fn listed(told: &[Told]) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut listed: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (group, topic) in told.iter().flat_map(|told| told.consumed.iter()) {
        listed.entry(group).or_default().insert(topic);
    }
    let topics: BTreeSet<&str> = topics(told).collect();
    let configured = told.iter().flat_map(|told| told.groups.told.iter());
    let configured: BTreeSet<&str> = configured
        .flat_map(|groups| groups.keys().map(String::as_str))
        .collect();
    for group in &configured {
        if !is_built_in(group) && !is_trace_of_retries(group, &topics, &configured) {
            listed.entry(group).or_default();
        }
    }
    for (group, topic) in [(DELAYS, DELAY_TOPIC), (TIMER, TIMER_TOPIC)] {
        if topics.contains(topic) {
            listed.entry(group).or_default().insert(topic);
        }
    }
    listed
}

/// Brokers make a group `g_t` as well when they make the retry topic of `g` and `t`.
fn is_trace_of_retries(group: &str, topics: &BTreeSet<&str>, configured: &BTreeSet<&str>) -> bool {
    topics.contains(names::retry(group).as_str())
        && topics.iter().any(|topic| {
            let own = group.strip_suffix(topic);
            let own = own.and_then(|own| own.strip_suffix(['_', '+']));
            own.is_some_and(|own| configured.contains(own))
        })
}

fn topics(told: &[Told]) -> impl Iterator<Item = &str> {
    let tables = told.iter().flat_map(|told| told.topics.told.iter());
    tables.flat_map(|topics| topics.keys().map(String::as_str))
}

pub(super) fn of(
    told: &[Told],
    listed: &BTreeMap<&str, BTreeSet<&str>>,
    present: &BTreeMap<String, Presence>,
) -> Vec<Group> {
    let topics: BTreeSet<&str> = topics(told).collect();
    let groups = listed.iter().map(|(name, read)| {
        let configs: Vec<(&str, &GroupConfig)> = told
            .iter()
            .filter_map(|told| {
                let config = told.groups.told.as_ref()?.get(*name)?;
                Some((told.broker.name.as_str(), config))
            })
            .collect();
        group(name, read, &topics, &configs, present.get(*name))
    });
    groups.collect()
}

fn group(
    name: &str,
    read: &BTreeSet<&str>,
    topics: &BTreeSet<&str>,
    configs: &[(&str, &GroupConfig)],
    presence: Option<&Presence>,
) -> Group {
    let is_disabled = configs
        .iter()
        .any(|(_, config)| config.consume_enable == Some(false));
    let mut group = Group {
        name: name.to_owned(),
        kind: kind(name, read, topics, presence).to_owned(),
        settings: settings(configs),
        is_brokers_own: is_internal(name),
        unknown: vec![Unknown {
            member: "coordinator".to_owned(),
            why: Why::Unsupported,
            detail: Some("each broker keeps the positions in its own queues".to_owned()),
        }],
        ..Group::default()
    };
    let online = match presence {
        Some(Presence::AtBroker(told) | Presence::AtProxy(told)) => {
            group.settings.extend(subscribed(told));
            group.members = Some(members(told));
            if is_broadcast(told) {
                group.unknown.push(Unknown {
                    member: "commits".to_owned(),
                    why: Why::Unsupported,
                    detail: Some("members of a broadcast group keep their own positions".into()),
                });
            }
            Some("online")
        }
        // Who reads by gRPC is not at the brokers; a group that pushes was there.
        Some(Presence::NotAtBrokers) if group.kind != PUSH => {
            for member in ["members", "state"] {
                group.unknown.push(Unknown {
                    member: member.to_owned(),
                    why: Why::NotAsked,
                    detail: Some("the settings name no proxy".to_owned()),
                });
            }
            None
        }
        Some(Presence::NotOnline | Presence::NotAtBrokers) => {
            group.members = Some(Vec::new());
            Some("not online")
        }
        Some(Presence::Unknown(failure)) => {
            let right = connections::RIGHT;
            group.unknown.push(failure.unknown("members", right));
            group.unknown.push(failure.unknown("state", right));
            None
        }
        None => {
            let own = "the broker itself reads";
            for member in ["members", "state"] {
                group.unknown.push(Unknown {
                    member: member.to_owned(),
                    why: Why::Unsupported,
                    detail: Some(own.to_owned()),
                });
            }
            None
        }
    };
    group.state = match is_disabled {
        true => online.map(|online| format!("{online}, consuming is disabled")),
        false => online.map(str::to_owned),
    };
    group
}

/// Besides what a group has positions in: what its members ask for.
pub(super) fn add_subscribed<'a>(
    listed: &mut BTreeMap<&'a str, BTreeSet<&'a str>>,
    present: &'a BTreeMap<String, Presence>,
) {
    for (group, topics) in listed {
        if let Some(Presence::AtBroker(told) | Presence::AtProxy(told)) = present.get(*group) {
            topics.extend(told.subscription_table.keys().map(String::as_str));
        }
    }
}

/// Whether members may be asked after: not of the broker itself.
pub(super) fn has_members(name: &str) -> bool {
    !is_internal(name)
}

/// By who is there; else by the names of its retry topics, which differ.
fn kind(
    name: &str,
    read: &BTreeSet<&str>,
    topics: &BTreeSet<&str>,
    presence: Option<&Presence>,
) -> &'static str {
    if is_internal(name) {
        return INTERNAL;
    }
    match presence {
        Some(Presence::AtProxy(_)) => return POP,
        Some(Presence::AtBroker(told)) => match told.consume_type.as_deref() {
            Some("CONSUME_PASSIVELY") => return PUSH,
            Some("CONSUME_ACTIVELY") => return PULL,
            Some("CONSUME_POP") => return POP,
            _ => {}
        },
        _ => {}
    }
    let pops = read.iter().any(|topic| {
        let retries = names::pop_retries(name, topic);
        retries.iter().any(|retry| topics.contains(retry.as_str()))
    });
    if pops {
        POP
    } else if read.contains(names::retry(name).as_str()) {
        PUSH
    } else {
        OFFLINE
    }
}

fn members(told: &ConsumerConnections) -> Vec<Member> {
    let mut members: Vec<Member> = told
        .connection_set
        .iter()
        .map(|connection| Member {
            id: connection.client_id.clone(),
            client_id: Some(connection.client_id.clone()),
            host: connection.client_addr.clone(),
            ..Member::default()
        })
        .collect();
    members.sort_by(|a, b| (&a.id, &a.host).cmp(&(&b.id, &b.host)));
    members
}

fn is_broadcast(told: &ConsumerConnections) -> bool {
    told.message_model.as_deref() == Some("BROADCASTING")
}

fn subscribed(told: &ConsumerConnections) -> Vec<Setting> {
    let of = |name: &str, value: &Option<String>| Setting {
        name: name.to_owned(),
        value: value.clone(),
        source: "members".to_owned(),
    };
    let mut settings = vec![
        of("consumeType", &told.consume_type),
        of("messageModel", &told.message_model),
        of("consumeFromWhere", &told.consume_from_where),
    ];
    settings.retain(|setting| setting.value.is_some());
    let subscriptions = told.subscription_table.iter();
    settings.extend(subscriptions.map(|(topic, subscription)| {
        let expression = subscription.sub_string.as_deref().unwrap_or("*");
        let kind = subscription.expression_type.as_deref().unwrap_or("TAG");
        of(
            &format!("subscription {topic}"),
            &Some(format!("{kind} {expression}")),
        )
    }));
    settings
}

/// Where all brokers say the same, once; else with the brokers that say it.
fn settings(configs: &[(&str, &GroupConfig)]) -> Vec<Setting> {
    let mut told: BTreeMap<&str, BTreeMap<String, Vec<&str>>> = BTreeMap::new();
    for (broker, config) in configs {
        let next = config
            .group_retry_policy
            .as_ref()
            .and_then(|policy| policy.customized_retry_policy.as_ref())
            .map(|policy| format!("{:?}", policy.next));
        for (name, value) in [
            (
                "consumeEnable",
                config.consume_enable.map(|v| v.to_string()),
            ),
            (
                "consumeBroadcastEnable",
                config.consume_broadcast_enable.map(|v| v.to_string()),
            ),
            (
                "consumeMessageOrderly",
                config.consume_message_orderly.map(|v| v.to_string()),
            ),
            (
                "retryMaxTimes",
                config.retry_max_times.map(|v| v.to_string()),
            ),
            (
                "retryQueueNums",
                config.retry_queue_nums.map(|v| v.to_string()),
            ),
            (
                "consumeTimeoutMinute",
                config.consume_timeout_minute.map(|v| v.to_string()),
            ),
            ("groupRetryPolicy.next", next),
        ] {
            if let Some(value) = value {
                let by_value = told.entry(name).or_default();
                by_value.entry(value).or_default().push(broker);
            }
        }
    }
    let settings = told.into_iter().flat_map(|(name, by_value)| {
        by_value.into_iter().map(move |(value, brokers)| Setting {
            name: name.to_owned(),
            source: match brokers.len() == configs.len() {
                true => "group".to_owned(),
                false => brokers.join(", "),
            },
            value: Some(value),
        })
    });
    settings.collect()
}

/// For the readings to come.
pub(super) fn subscribed_now(present: &BTreeMap<String, Presence>) -> Subscribed {
    let mut subscribed = Subscribed::default();
    for (group, presence) in present {
        let (Presence::AtBroker(told) | Presence::AtProxy(told)) = presence else {
            continue;
        };
        if is_broadcast(told) {
            subscribed.broadcast.insert(group.clone());
        }
        let topics = told.subscription_table.keys().cloned().collect();
        subscribed.topics.insert(group.clone(), topics);
    }
    subscribed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_of_the_brokers_own_are_told_as_such() {
        for (name, is_own) in [
            (DELAYS, true),
            (TIMER, true),
            ("CID_RMQ_SYS_TRANS", true),
            ("TOOLS_CONSUMER", false),
            ("billing", false),
        ] {
            let nothing = BTreeSet::new();
            let told = group(name, &nothing, &nothing, &[], None);
            assert_eq!(told.is_brokers_own, is_own, "{name}");
        }
    }

    #[test]
    fn a_group_is_hidden_only_where_the_group_of_its_retries_is_there() {
        let topics = BTreeSet::from(["orders", "%RETRY%shop_orders"]);
        for (configured, group, is_hidden) in [
            (&["shop", "shop_orders"][..], "shop_orders", true),
            (&["shop_orders"], "shop_orders", false),
            (&["shop", "shop_orders"], "shop", false),
        ] {
            let configured = configured.iter().copied().collect();
            let hides = is_trace_of_retries(group, &topics, &configured);
            assert_eq!(hides, is_hidden, "{configured:?}");
        }
    }

    #[test]
    fn without_a_proxy_only_a_group_that_pushes_is_known_to_be_away() {
        let retry = names::retry("g");
        let pushes = BTreeSet::from(["orders", retry.as_str()]);
        let other = BTreeSet::from(["orders"]);
        for (read, presence, state) in [
            (&pushes, Presence::NotAtBrokers, Some("not online")),
            (&other, Presence::NotAtBrokers, None),
            (&other, Presence::NotOnline, Some("not online")),
        ] {
            let group = group("g", read, &BTreeSet::new(), &[], Some(&presence));
            assert_eq!(group.state.as_deref(), state, "{presence:?}");
            assert_eq!(group.members.is_some(), state.is_some());
            let whys = group.unknown.iter().filter(|u| u.why == Why::NotAsked);
            assert_eq!(whys.count(), if state.is_some() { 0 } else { 2 });
        }
    }
}
