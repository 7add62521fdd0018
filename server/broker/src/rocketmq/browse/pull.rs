//! One question for messages of a queue, and what its answer means.

use bytes::Bytes;

use super::bounds;
use super::topic::Topic;
use super::trouble::Trouble;
use crate::adapter::{Reason, refuse};
use crate::rocketmq::client::Session;
use crate::rocketmq::queue::Queue;
use crate::rocketmq::wire::allowed::{SUBSCRIPTION_ONLY, TOOLS_GROUP};
use crate::rocketmq::wire::command::{Answer, PULL_MESSAGE, Request, said};
use crate::rocketmq::wire::dial::{Role, Target};

/// A broker gives no more than 32 messages, and of those about a quarter of a megabyte, unless it is
/// set otherwise (`maxTransferCountOnMessageInMemory`, `maxTransferBytesOnMessageInMemory`).
const MOST_MESSAGES: u32 = 32;

#[derive(Debug)]
pub(super) struct Pulled {
    pub(super) messages: Bytes,
    /// Where to go on.
    pub(super) next: i64,
    /// The first offset that is kept, and the first after what is stored.
    pub(super) low: i64,
    pub(super) end: i64,
}

pub(super) async fn pull(
    session: &Session<'_>,
    topic: &Topic,
    queue: &Queue,
    from: i64,
) -> Result<Pulled, Trouble> {
    let request = Request::new(PULL_MESSAGE)
        .with("consumerGroup", TOOLS_GROUP)
        .with("topic", &topic.name)
        .with("queueId", queue.id)
        .with("queueOffset", from)
        .with("maxMsgNums", MOST_MESSAGES)
        .with("sysFlag", SUBSCRIPTION_ONLY)
        .with("commitOffset", 0)
        .with("suspendTimeoutMillis", 0)
        .with("subscription", "*")
        .with("subVersion", 0)
        .with("expressionType", "TAG");
    let (_, answer) = bounds::ask(session, topic, &queue.broker, &request, &serves).await?;
    let told = |name| answer.number(name);
    let (Some(next), Some(low), Some(end)) = (
        told("nextBeginOffset"),
        told("minOffset"),
        told("maxOffset"),
    ) else {
        return Err(Trouble::Passing(refuse(
            Reason::BadAnswer,
            format!("broker {} does not tell where to go on", queue.broker),
            "Something between may change answers; it is tried again.",
        )));
    };
    Ok(Pulled {
        messages: match answer.code {
            said::SUCCESS => answer.body,
            _ => Bytes::new(),
        },
        next,
        low: low.max(0),
        end: end.max(0),
    })
}

/// Found, nothing new, deleted meanwhile, or elsewhere. A replica that serves no readers
/// (`slaveReadEnable`) says "again", and names another: what it tells of offsets counts for nothing.
fn serves(answer: &Answer, target: &Target) -> bool {
    let Role::Broker { id, .. } = &target.role else {
        return false;
    };
    match answer.code {
        said::SUCCESS | said::PULL_NOT_FOUND | said::PULL_OFFSET_MOVED => true,
        said::PULL_RETRY_IMMEDIATELY => answer
            .number("suggestWhichBrokerId")
            .is_none_or(|suggested| suggested == *id),
        _ => false,
    }
}
