//! The index that each broker keeps of keys and clients' ids (`IndexService`), and the place that a
//! broker's id names. The index knows hashes and seconds: what it gives is looked over again.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use bytes::Bytes;

use super::bounds;
use super::told;
use super::topic::{self, Topic};
use super::trouble::Trouble;
use crate::adapter::Refused;
use crate::browse::{Clue, Find, Indexed, Keep};
use crate::rocketmq::client::Session;
use crate::rocketmq::queue::Queue;
use crate::rocketmq::stored::id::OffsetId;
use crate::rocketmq::stored::message::{Message, Messages};
use crate::rocketmq::wire::command::{Answer, QUERY_MESSAGE, Request, VIEW_MESSAGE_BY_ID, said};
use crate::rocketmq::wire::dial::Target;

/// A broker gives no more (`defaultQueryMaxNum`, `maxMsgsNumBatch`).
const MOST: usize = 32;
/// The index counts whole seconds of a file.
const SECOND_MS: i64 = 1_000;

/// # Errors
/// As [`crate::Browse::price`]; and where a broker of the topic does not answer, because nobody knows
/// then what it holds.
pub(super) async fn find(
    session: &Session<'_>,
    find: &Find,
    keep: &mut Keep<'_>,
) -> Result<Indexed, Refused> {
    let topic = topic::look(session, &find.shelf.name).await?;
    let mut finding = Finding {
        find,
        topic: &topic,
        seen: BTreeSet::new(),
        told: Indexed {
            messages: 0,
            bytes: 0,
            is_whole: true,
        },
    };
    if let Clue::Id(id) = &find.clue
        && let Some((broker, id)) = at_home(&topic, id)
    {
        let request = Request::new(VIEW_MESSAGE_BY_ID)
            .with("topic", &topic.name)
            .with("offset", id.offset);
        if finding
            .ask(session, &broker, &request, keep)
            .await?
            .is_break()
        {
            return Ok(finding.told);
        }
    }
    for broker in topic.brokers() {
        let request = query(&topic, find);
        if finding
            .ask(session, broker, &request, keep)
            .await?
            .is_break()
        {
            break;
        }
    }
    Ok(finding.told)
}

struct Finding<'a> {
    find: &'a Find,
    topic: &'a Topic,
    /// The same may be found in two ways.
    seen: BTreeSet<(Queue, i64)>,
    told: Indexed,
}

impl Finding<'_> {
    async fn ask(
        &mut self,
        session: &Session<'_>,
        broker: &str,
        request: &Request,
        keep: &mut Keep<'_>,
    ) -> Result<ControlFlow<()>, Refused> {
        let answer = bounds::ask(session, self.topic, broker, request, &answers).await;
        let (_, answer) = answer.map_err(Trouble::into_refused)?;
        if answer.code != said::SUCCESS {
            return Ok(ControlFlow::Continue(()));
        }
        self.told.bytes += answer.body.len() as u64;
        Ok(self.take(broker, answer.body, keep))
    }

    fn take(&mut self, broker: &str, messages: Bytes, keep: &mut Keep<'_>) -> ControlFlow<()> {
        let mut given = 0;
        for message in Messages::of(messages) {
            given += 1;
            // One that cannot be read may be it.
            let Ok(message) = message else {
                self.told.is_whole = false;
                continue;
            };
            let queue = Queue::new(broker, message.queue);
            if !self.is_it(&message) || !self.seen.insert((queue.clone(), message.offset)) {
                continue;
            }
            self.told.messages += 1;
            if keep(told::stored(&message, &queue)).is_break() {
                self.told.is_whole = false;
                return ControlFlow::Break(());
            }
        }
        self.told.is_whole &= given < MOST;
        ControlFlow::Continue(())
    }

    fn is_it(&self, message: &Message) -> bool {
        let from = self.find.from.map_or(i64::MIN, |from| from.unix_millis());
        let property = |name| message.properties.text(name);
        let is_meant = match &self.find.clue {
            Clue::Key(key) => {
                property("KEYS").is_some_and(|keys| keys.split(' ').any(|k| k == key))
            }
            Clue::Id(id) => {
                property("UNIQ_KEY") == Some(id) || OffsetId::parse(id) == Some(message.id())
            }
        };
        message.topic == self.topic.name && message.stored_at >= from && is_meant
    }
}

fn query(topic: &Topic, find: &Find) -> Request {
    let from = find.from.map_or(0, |from| from.unix_millis() - SECOND_MS);
    let request = Request::new(QUERY_MESSAGE)
        .with("topic", &topic.name)
        .with("maxNum", MOST)
        .with("beginTimestamp", from.max(0))
        .with("endTimestamp", i64::MAX);
    match &find.clue {
        Clue::Key(key) => request.with("key", key),
        Clue::Id(id) => request.with("key", id).with("_UNIQUE_KEY_QUERY", true),
    }
}

/// Found, not found, or, for a place in the log where nothing begins, an exception's text.
fn answers(answer: &Answer, _: &Target) -> bool {
    matches!(
        answer.code,
        said::SUCCESS | said::QUERY_NOT_FOUND | said::SYSTEM_ERROR
    )
}

/// The broker of the topic that stored it, if the id says that one of them did: nobody else is asked,
/// whatever somebody types.
fn at_home(topic: &Topic, id: &str) -> Option<(String, OffsetId)> {
    let id = OffsetId::parse(id)?;
    let stored_it = |broker: &&str| {
        let replicas = topic.replicas(broker);
        replicas
            .iter()
            .any(|target| target.address == id.host.to_string())
    };
    let broker = topic.brokers().find(stored_it)?;
    Some((broker.to_owned(), id))
}
