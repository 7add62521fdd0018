//! A question and its answer as a type.

use serde::de::DeserializeOwned;

use crate::adapter::{Reason, refuse};
use crate::rocketmq::answers;
use crate::rocketmq::client::Session;
use crate::rocketmq::wire::command::{Answer, Request};
use crate::rocketmq::wire::dial::Target;
use crate::rocketmq::wire::failure::Failure;

pub(super) async fn read<T: DeserializeOwned>(
    session: &Session<'_>,
    target: &Target,
    request: &Request,
) -> Result<T, Failure> {
    let answer = session.ask(target, request).await?;
    body(target, request, &answer)
}

pub(super) fn body<T: DeserializeOwned>(
    target: &Target,
    request: &Request,
    answer: &Answer,
) -> Result<T, Failure> {
    answers::read(&answer.body).map_err(|error| {
        let asked = request.code.name;
        Failure::from(refuse(
            Reason::BadAnswer,
            format!("{target}: its answer to {asked} cannot be read: {error}"),
            "Its version may be newer than what is understood here; please report it.",
        ))
    })
}

/// There was no conversation with it.
pub(super) fn is_silence(failure: &Failure) -> bool {
    matches!(
        failure,
        Failure::Refused(refused) if matches!(refused.reason, Reason::Unreachable | Reason::TooSlow)
    )
}

/// Trying it elsewhere could lock the user out.
pub(super) fn ends_all(failure: &Failure) -> bool {
    matches!(failure, Failure::Refused(refused) if refused.reason == Reason::WrongCredentials)
}
