//! What can be sent at all: requests that read. The list is short so that it can be read; the guard
//! asks it of every request that is about to become bytes.
//!
//! Two kinds read only under a condition. A pull creates the group that it names where the broker
//! creates groups by itself, may commit an offset for it and may be held back: it is sent for the
//! built-in group of tools, with its subscription in the request and nothing else wanted. What a
//! consumer runs is asked without the stacks of its threads, which stop it while they are taken.

use super::command::{GET_CONSUMER_RUNNING_INFO, NAMED, PULL_MESSAGE, Request};
use crate::guard::Outgoing;

/// Built into every broker, so that asking as it creates nothing.
pub(in crate::rocketmq) const TOOLS_GROUP: &str = "TOOLS_CONSUMER";
/// `PullSysFlag`: the subscription is in the request; no offset is committed, nothing waits.
pub(in crate::rocketmq) const SUBSCRIPTION_ONLY: i32 = 4;

impl Outgoing for Request {
    fn named(&self) -> String {
        format!("{} ({})", self.code.name, self.code.number)
    }

    fn reads_only(&self) -> bool {
        may_be_sent(self.code.number) && under_its_condition(self)
    }
}

fn may_be_sent(number: i32) -> bool {
    NAMED.iter().any(|code| code.number == number)
}

fn under_its_condition(request: &Request) -> bool {
    let field = |name| request.fields.get(name).map(String::as_str);
    let is = |name, value: &str| field(name) == Some(value);
    if request.code.number == PULL_MESSAGE.number {
        return is("consumerGroup", TOOLS_GROUP)
            && is("sysFlag", &SUBSCRIPTION_ONLY.to_string())
            && is("suspendTimeoutMillis", "0");
    }
    if request.code.number == GET_CONSUMER_RUNNING_INFO.number {
        return field("jstackEnable").is_none_or(|asked| asked == "false");
    }
    true
}

#[cfg(test)]
mod tests {
    use super::super::command::{Code, GET_BROKER_CONFIG};
    use super::*;
    use crate::guard;

    fn pull() -> Request {
        Request::new(PULL_MESSAGE)
            .with("consumerGroup", TOOLS_GROUP)
            .with("sysFlag", SUBSCRIPTION_ONLY)
            .with("suspendTimeoutMillis", 0)
    }

    /// Every number that a broker could know, by the very question that the guard asks.
    #[test]
    fn only_what_reads_can_be_sent() {
        let sent: Vec<i32> = (-1..=300_000)
            .filter(|number| {
                let code = Code {
                    number: *number,
                    name: "?",
                };
                let request = Request { code, ..pull() };
                guard::pass(request).is_ok()
            })
            .collect();
        assert_eq!(
            sent,
            [
                11, 12, 14, 21, 26, 28, 29, 30, 31, 32, 33, 38, 43, 45, 105, 106, 201, 202, 203,
                204, 206, 208, 224, 300, 304, 307, 317, 343, 907, 1004, 1005, 1006, 1007
            ]
        );
    }

    /// Each of these was seen to change a broker, or to tell secrets.
    #[test]
    fn what_changes_a_broker_is_refused_by_name() {
        for (number, name) in [
            (10, "SEND_MESSAGE"),
            (15, "UPDATE_CONSUMER_OFFSET"),
            (17, "UPDATE_AND_CREATE_TOPIC"),
            (25, "UPDATE_BROKER_CONFIG"),
            (34, "HEART_BEAT"),
            (36, "CONSUMER_SEND_MSG_BACK"),
            (37, "END_TRANSACTION"),
            (41, "LOCK_BATCH_MQ"),
            (205, "WIPE_WRITE_PERM_OF_BROKER"),
            (222, "INVOKE_BROKER_TO_RESET_OFFSET"),
            (309, "CONSUME_MESSAGE_DIRECTLY"),
            (310, "SEND_MESSAGE_V2"),
            (320, "SEND_BATCH_MESSAGE"),
            (323, "RESUME_CHECK_HALF_MESSAGE"),
            (327, "ADD_WRITE_PERM_OF_BROKER"),
            (361, "LITE_PULL_MESSAGE"),
            (1002, "CONTROLLER_ELECT_MASTER"),
            (3004, "AUTH_GET_USER"),
            (3005, "AUTH_LIST_USER"),
            (200_050, "POP_MESSAGE"),
        ] {
            let Err(refused) = guard::pass(Request::new(Code { number, name })) else {
                panic!("{name} passed")
            };
            let expected = format!("{name} ({number}) was not sent");
            assert!(refused.detail.starts_with(&expected), "{refused}");
        }
    }

    #[test]
    fn a_pull_that_commits_waits_or_makes_a_group_is_none() {
        assert!(pull().reads_only());
        for other in [
            pull().with("consumerGroup", "orders"),
            pull().with("sysFlag", 0),
            pull().with("sysFlag", 5),
            pull().with("sysFlag", 6),
            pull().with("suspendTimeoutMillis", 15_000),
            Request::new(PULL_MESSAGE),
        ] {
            assert!(!other.reads_only(), "{other:?}");
        }
    }

    #[test]
    fn a_consumer_is_not_stopped_for_its_stacks() {
        let running = Request::new(GET_CONSUMER_RUNNING_INFO);
        assert!(running.reads_only());
        assert!(running.clone().with("jstackEnable", false).reads_only());
        assert!(!running.with("jstackEnable", true).reads_only());
    }

    #[test]
    fn no_number_has_two_names() {
        let mut numbers: Vec<i32> = NAMED.iter().map(|code| code.number).collect();
        let told = numbers.len();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), told);
        assert_eq!(GET_BROKER_CONFIG.number, 26);
    }
}
