//! Why something could not be read, before anybody decides whether all or a part is lost by it.

use waybill_model::topology::{Unknown, Why};

use super::command::{Answer, Code, said};
use crate::adapter::{Reason, Refused, refuse};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::rocketmq) enum Failure {
    /// There was no conversation, or who we are is not accepted.
    Refused(Refused),
    /// This server knows no such request.
    Unsupported { name: &'static str },
    /// A right is missing.
    Forbidden { remark: String },
    /// The server answered with a code of its own; see [`said`].
    Said { code: i32, remark: String },
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl Failure {
    /// What an answer to `asked` that is no success says; `who` gave it.
    pub(super) fn of(asked: Code, who: &dyn std::fmt::Display, answer: &Answer) -> Self {
        let remark = printable(answer.remark.as_deref().unwrap_or_default());
        match (answer.code, denial(answer.code, &remark)) {
            (said::REQUEST_CODE_NOT_SUPPORTED, _) => Self::Unsupported { name: asked.name },
            (_, Some(Denial::Unsigned)) => Self::Refused(refuse(
                Reason::WrongCredentials,
                format!("{who}: wants a signed request: {remark}"),
                "Set access_key and secret_key in the settings of the cluster.",
            )),
            (_, Some(Denial::Wrong)) => Self::Refused(refuse(
                Reason::WrongCredentials,
                format!("{who}: does not accept this account: {remark}"),
                "Correct access_key and secret_key in the settings of the cluster.",
            )),
            (_, Some(Denial::Right)) => Self::Forbidden { remark },
            (_, None) => Self::said(answer),
        }
    }

    /// The code and the words of an answer that is no success.
    pub(in crate::rocketmq) fn said(answer: &Answer) -> Self {
        Self::Said {
            code: answer.code,
            remark: printable(answer.remark.as_deref().unwrap_or_default()),
        }
    }

    /// The code that the server gave, where it gave one.
    pub(in crate::rocketmq) fn code(&self) -> Option<i32> {
        match self {
            Self::Said { code, .. } => Some(*code),
            _ => None,
        }
    }

    /// `right` is what this request wants, such as `Get on Topic`.
    pub(in crate::rocketmq) fn unknown(&self, member: &str, right: &str) -> Unknown {
        let (why, detail) = match self {
            Self::Refused(refused) => (Why::Failed, refused.to_string()),
            Self::Unsupported { name } => {
                (Why::Unsupported, format!("this server knows no {name}"))
            }
            Self::Forbidden { .. } => (Why::Forbidden, right.to_owned()),
            Self::Said { code, remark } => (Why::Failed, words(*code, remark)),
        };
        Unknown {
            member: member.to_owned(),
            why,
            detail: Some(detail),
        }
    }

    /// Where this alone is the reason that nothing at all is known.
    pub(in crate::rocketmq) fn into_refused(self, right: &str) -> Refused {
        match self {
            Self::Refused(refused) => refused,
            Self::Forbidden { remark } => refuse(
                Reason::Forbidden,
                format!("the user has no right to {right}: {remark}"),
                "`waybill check` prints the commands that grant the least.",
            ),
            Self::Unsupported { name } => refuse(
                Reason::BadAnswer,
                format!("this server knows no {name}"),
                "RocketMQ from 4.9 on is understood.",
            ),
            Self::Said { code, remark } => refuse(
                Reason::BadAnswer,
                words(code, &remark),
                "Look at the server's own log.",
            ),
        }
    }
}

enum Denial {
    Unsigned,
    Wrong,
    Right,
}

/// One code stands for three things, and 4.x puts them under another: the text tells them apart.
fn denial(code: i32, remark: &str) -> Option<Denial> {
    let is_exception = code == said::SYSTEM_ERROR && remark.contains("AclException");
    if code != said::NO_PERMISSION && !is_exception {
        return None;
    }
    let remark = remark.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| remark.contains(word));
    Some(if says(&["cannot be null", "is null", "no accesskey"]) {
        Denial::Unsigned
    } else if says(&["signature", "is not found", "no acl config"]) {
        Denial::Wrong
    } else {
        Denial::Right
    })
}

fn words(code: i32, remark: &str) -> String {
    match remark {
        "" => format!("the server answers with code {code}"),
        remark => format!("the server answers with code {code}: {remark}"),
    }
}

/// A server's words on one short line.
pub(in crate::rocketmq) fn printable(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.chars().filter(|c| !c.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::super::command::GET_ALL_TOPIC_CONFIG;
    use super::super::recorded;
    use super::*;

    fn failure(path: &str) -> Failure {
        Failure::of(GET_ALL_TOPIC_CONFIG, &"broker a", &recorded::answer(path))
    }

    /// Recorded from a broker with ACL 2.0: one code, three meanings.
    #[test]
    fn one_code_is_told_apart_by_its_text() {
        for (case, expected) in [
            ("unsigned", "wants a signed request"),
            ("wrong-secret", "does not accept this account"),
            ("unknown-user", "does not accept this account"),
        ] {
            let failure = failure(&format!("acl/0021-GET_ALL_TOPIC_CONFIG-{case}.resp.bin"));
            let Failure::Refused(refused) = failure else {
                panic!("{case}: {failure:?}")
            };
            assert_eq!(refused.reason, Reason::WrongCredentials, "{case}");
            assert!(refused.detail.contains(expected), "{refused}");
        }
        for path in [
            "acl/0017-UPDATE_AND_CREATE_TOPIC-reader.resp.bin",
            "acl/0202-GET_TOPIC_STATS_INFO-user-without-rights.resp.bin",
        ] {
            let failure = failure(path);
            assert!(matches!(failure, Failure::Forbidden { .. }), "{failure:?}");
            let unknown = failure.unknown("lag", "Get on Topic");
            assert_eq!(unknown.why, Why::Forbidden);
            assert_eq!(unknown.detail.as_deref(), Some("Get on Topic"));
            assert_eq!(failure.into_refused("Get").reason, Reason::Forbidden);
        }
    }

    /// Texts of `PlainPermissionManager` of 4.9.
    #[test]
    fn the_words_of_4_9_are_known() {
        let said = |remark: &str| {
            let answer = Answer {
                code: 1,
                remark: Some(format!(
                    "org.apache.rocketmq.acl.common.AclException: {remark}, x"
                )),
                ..Answer::default()
            };
            Failure::of(GET_ALL_TOPIC_CONFIG, &"broker a", &answer)
        };
        let reason = |failure: Failure| failure.into_refused("Get").reason;
        for wrong in [
            "No accessKey is configured",
            "No acl config for somebody",
            "Check signature failed for accessKey=waybill",
        ] {
            assert_eq!(reason(said(wrong)), Reason::WrongCredentials, "{wrong}");
        }
        assert_eq!(
            reason(said("No default permission for t")),
            Reason::Forbidden
        );
    }

    #[test]
    fn a_servers_words_are_cut_and_cleaned() {
        let hostile = format!("a\u{1b}[31m{}\r\nsecond line", "b".repeat(1000));
        let answer = Answer {
            code: 1,
            remark: Some(hostile),
            ..Answer::default()
        };
        let failure = Failure::of(GET_ALL_TOPIC_CONFIG, &"broker a", &answer);
        assert_eq!(failure.code(), Some(1));
        let detail = failure.unknown("x", "").detail.unwrap();
        assert!(detail.len() < 260 && !detail.contains("second"), "{detail}");
        assert!(!detail.chars().any(char::is_control), "{detail}");
    }

    #[test]
    fn a_request_that_nobody_knows_is_unsupported() {
        let answer = Answer {
            code: 3,
            ..Answer::default()
        };
        let failure = Failure::of(GET_ALL_TOPIC_CONFIG, &"broker a", &answer);
        assert_eq!(failure.unknown("x", "").why, Why::Unsupported);
    }
}
