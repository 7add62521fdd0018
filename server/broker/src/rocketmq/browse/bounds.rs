//! Where queues begin and end, and where a time is in them.

use super::topic::{self, Topic};
use super::trouble::Trouble;
use crate::adapter::{Reason, Refused, refuse};
use crate::rocketmq::client::Session;
use crate::rocketmq::queue::Queue;
use crate::rocketmq::wire::command::{
    Answer, Code, GET_MAX_OFFSET, GET_MIN_OFFSET, Request, SEARCH_OFFSET_BY_TIMESTAMP,
};
use crate::rocketmq::wire::dial::Target;
use crate::rocketmq::wire::failure::Failure;

/// One that does not answer must leave time for others.
const SHARE: f64 = 0.4;

/// The first offset that is kept, and the first after what is stored.
pub(super) async fn of(
    session: &Session<'_>,
    topic: &Topic,
    queue: &Queue,
) -> Result<(i64, i64), Refused> {
    if let Some(closed) = topic.closed(queue) {
        return Err(closed);
    }
    // Messages come meanwhile: the beginning first, so that it is never after the end.
    let low = offset(session, topic, queue, &about(GET_MIN_OFFSET, topic, queue)).await?;
    let end = offset(session, topic, queue, &about(GET_MAX_OFFSET, topic, queue)).await?;
    // A queue that never held anything begins before itself.
    let low = low.max(0);
    Ok((low, end.max(low)))
}

/// The first offset that was stored at `time` or later, in milliseconds since the Unix epoch, or one
/// before it: of several messages of one millisecond some brokers find any.
pub(super) async fn at(
    session: &Session<'_>,
    topic: &Topic,
    queue: &Queue,
    time: i64,
) -> Result<i64, Refused> {
    let request = about(SEARCH_OFFSET_BY_TIMESTAMP, topic, queue);
    let request = request.with("timestamp", time.saturating_sub(1));
    offset(session, topic, queue, &request).await
}

fn about(code: Code, topic: &Topic, queue: &Queue) -> Request {
    Request::new(code)
        .with("topic", &topic.name)
        .with("queueId", queue.id)
}

async fn offset(
    session: &Session<'_>,
    topic: &Topic,
    queue: &Queue,
    request: &Request,
) -> Result<i64, Refused> {
    let (_, answer) = ask(session, topic, &queue.broker, request, &|answer, _| {
        answer.code == 0
    })
    .await
    .map_err(Trouble::into_refused)?;
    answer.number("offset").ok_or_else(|| {
        refuse(
            Reason::BadAnswer,
            format!("broker {} tells no offset of queue {queue}", queue.broker),
            "Look at the broker's own log.",
        )
    })
}

/// The replicas of a broker, one after the other, until one gives an answer that is one.
///
/// # Errors
/// What the last of them said.
pub(super) async fn ask(
    session: &Session<'_>,
    topic: &Topic,
    broker: &str,
    request: &Request,
    is_answer: &(dyn Fn(&Answer, &Target) -> bool + Sync),
) -> Result<(Target, Answer), Trouble> {
    let mut told = Trouble::Passing(refuse(
        Reason::Unreachable,
        format!("no server of broker {broker} is known now"),
        "It is down, or has no master; it is tried again.",
    ));
    for target in topic.replicas(broker) {
        match session.within(SHARE).ask_plainly(&target, request).await {
            Ok(answer) if is_answer(&answer, &target) => return Ok((target, answer)),
            Ok(answer) => told = Trouble::of(Failure::said(&answer), ""),
            Err(failure) => told = Trouble::of(failure, &topic::rights(&topic.name)),
        }
        if matches!(told, Trouble::Lasting(_)) {
            break;
        }
    }
    Err(told)
}
