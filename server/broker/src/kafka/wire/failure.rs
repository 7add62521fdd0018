//! Why something could not be read, before anybody decides whether all or a part is lost by it.

use kafka_protocol::error::ResponseError;
use waybill_model::topology::{Unknown, Why};

use crate::adapter::{Reason, Refused};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::kafka) enum Failure {
    /// There was no conversation.
    Refused(Refused),
    /// This broker offers no version of this request that is spoken here.
    Unsupported { api: &'static str },
    /// The broker answered with an error of its own.
    Said { code: i16, message: Option<String> },
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl Failure {
    /// `Ok` for code 0.
    pub(in crate::kafka) fn check(code: i16, message: Option<&str>) -> Result<(), Self> {
        match code {
            0 => Ok(()),
            code => Err(Self::Said {
                code,
                message: message.map(printable).filter(|text| !text.is_empty()),
            }),
        }
    }

    pub(in crate::kafka) fn code(&self) -> Option<ResponseError> {
        match self {
            Self::Said { code, .. } => ResponseError::try_from_code(*code),
            _ => None,
        }
    }

    pub(in crate::kafka) fn is_forbidden(&self) -> bool {
        self.code().is_some_and(is_forbidden)
    }

    /// `right` is what this request wants, as Kafka's own tools write it.
    pub(in crate::kafka) fn unknown(&self, member: &str, right: &str) -> Unknown {
        let (why, detail) = match self {
            Self::Refused(refused) => (Why::Failed, refused.to_string()),
            Self::Unsupported { api } => (
                Why::Unsupported,
                format!("this broker offers no {api} that is spoken here"),
            ),
            Self::Said { .. } if self.is_forbidden() => (Why::Forbidden, right.to_owned()),
            Self::Said { code, message } => (
                Why::Failed,
                match message {
                    Some(message) => format!("{}: {message}", code_name(*code)),
                    None => code_name(*code),
                },
            ),
        };
        Unknown {
            member: member.to_owned(),
            why,
            detail: Some(detail),
        }
    }

    /// Where this alone is the reason that nothing at all is known.
    pub(in crate::kafka) fn into_refused(self, right: &str) -> Refused {
        let said = self.unknown("", right);
        match self {
            Self::Refused(refused) => refused,
            _ if said.why == Why::Forbidden => Refused {
                reason: Reason::Forbidden,
                detail: format!("the user has no right to {right}"),
                hint: "`waybill check` prints the commands that grant the least.".into(),
            },
            _ => Refused {
                reason: Reason::BadAnswer,
                detail: said.detail.unwrap_or_default(),
                hint: "Brokers from Kafka 2.1 on are understood.".into(),
            },
        }
    }
}

pub(in crate::kafka) fn is_forbidden(error: ResponseError) -> bool {
    use ResponseError as E;
    matches!(
        error,
        E::TopicAuthorizationFailed | E::GroupAuthorizationFailed | E::ClusterAuthorizationFailed
    )
}

/// As Kafka writes it: `NOT_LEADER_OR_FOLLOWER`.
pub(in crate::kafka) fn code_name(code: i16) -> String {
    let name = match ResponseError::try_from_code(code) {
        None => return "NONE".into(),
        Some(ResponseError::Unknown(code)) => return format!("error {code}"),
        Some(error) => error.to_string(),
    };
    let mut written = String::with_capacity(name.len() + 8);
    for (at, letter) in name.char_indices() {
        if at > 0 && letter.is_ascii_uppercase() {
            written.push('_');
        }
        written.push(letter.to_ascii_uppercase());
    }
    written
}

/// A broker's words on one short line.
pub(in crate::kafka) fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_kafkas_names() {
        assert_eq!(code_name(6), "NOT_LEADER_OR_FOLLOWER");
        assert_eq!(code_name(16), "NOT_COORDINATOR");
        assert_eq!(code_name(30), "GROUP_AUTHORIZATION_FAILED");
        assert_eq!(code_name(30_000), "error 30000");
    }

    #[test]
    fn the_right_is_named_where_it_is_missing() {
        let failure = Failure::check(31, Some("no")).unwrap_err();
        let unknown = failure.unknown("stored_bytes", "Describe on Cluster");
        assert_eq!(unknown.why, Why::Forbidden);
        assert_eq!(unknown.detail.as_deref(), Some("Describe on Cluster"));
        let refused = failure.into_refused("Describe on Cluster");
        assert_eq!(refused.reason, Reason::Forbidden);
    }

    #[test]
    fn a_brokers_words_are_cut_and_cleaned() {
        let hostile = format!("a\u{1b}[31m\r\n{}", "b".repeat(1000));
        let failure = Failure::check(-1, Some(&hostile)).unwrap_err();
        let detail = failure.unknown("x", "").detail.unwrap();
        assert!(
            detail.len() < 260 && !detail.chars().any(char::is_control),
            "{detail}"
        );
    }
}
