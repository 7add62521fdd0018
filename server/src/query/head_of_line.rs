//! What keeps a group: the message at its position, and what spans tell of the attempts at it.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use waybill_model::group::HeadOfLine;
use waybill_model::journey::{Attempt, JourneyState, Outcome};
use waybill_model::problem::{Code, Problem};
use waybill_model::reference::MessageRef;

use super::Query;
use super::ask::{At, Record, client_id};
use crate::detect::HeadAttempts;
use crate::poll::evidence::{HeadTold, TellsHeads, Wonder};

/// Messages before it that the group must have been seen to try, before it counts that it did not
/// try this one: of a group whose spans are sampled some are always missing.
const BEFORE: i64 = 3;
/// Attempts at one message that went well, and led nowhere.
const AGAIN: usize = 2;
/// How long a page waits for a broker; pages open within 100 ms.
const PAGE: Duration = Duration::from_millis(60);

/// What one group did with one message.
struct Tried {
    journey: String,
    state: JourneyState,
    key: Option<String>,
    attempts: Vec<Attempt>,
}

#[async_trait]
impl TellsHeads for Query {
    async fn head(&self, wonder: &Wonder) -> HeadTold {
        let at = At {
            cluster: &wonder.cluster,
            system: &wonder.system,
            destination: &wonder.destination,
            partition: &wonder.partition,
            offset: wonder.offset,
        };
        let record = self.record_at(at).await;
        if matches!(record, Record::None) {
            return HeadTold {
                attempts: HeadAttempts::NoMessage,
                written_at: None,
            };
        }
        let stored = record.found();
        let offset = stored.as_ref().map_or(at.offset, |stored| stored.offset);
        let id = stored.as_ref().and_then(client_id);
        let attempts = match wonder.stands {
            true => self.attempts(At { offset, ..at }, id, &wonder.group).await,
            false => Ok(HeadAttempts::Unknown),
        };
        HeadTold {
            attempts: attempts.unwrap_or_default(),
            written_at: stored.and_then(|stored| stored.at),
        }
    }
}

impl Query {
    /// For a page. The broker is asked where `may_ask`, and only for when the message was written and how
    /// large it is.
    ///
    /// # Errors
    /// `StoreUnavailable`.
    pub(super) async fn head_of_line(
        &self,
        at: At<'_>,
        group: &str,
        may_ask: bool,
    ) -> Result<HeadOfLine, Problem> {
        let stored = match may_ask {
            true => {
                let asked = tokio::time::timeout(PAGE, self.record_at(at)).await;
                asked.ok().and_then(Record::found)
            }
            false => None,
        };
        let offset = stored.as_ref().map_or(at.offset, |stored| stored.offset);
        let id = stored.as_ref().and_then(client_id);
        let tried = self.tried(At { offset, ..at }, id, group).await?;
        let mut head = HeadOfLine {
            destination: at.destination.to_owned(),
            partition: at.partition.to_owned(),
            offset,
            written_at: stored.as_ref().and_then(|stored| stored.at),
            size_bytes: stored.as_ref().map(|stored| stored.size_bytes),
            journey: None,
            state: None,
            key: None,
            attempts: 0,
            last_attempt_at: None,
            error: None,
        };
        if let Some(tried) = tried {
            let failed = tried
                .attempts
                .iter()
                .rev()
                .find_map(|one| one.error.clone());
            head.attempts = tried.attempts.len() as u64;
            head.last_attempt_at = tried.attempts.iter().map(|one| one.ended_at).max();
            head.error = failed;
            (head.journey, head.state) = (Some(tried.journey), Some(tried.state));
            head.key = tried.key;
        }
        Ok(head)
    }

    async fn attempts(
        &self,
        at: At<'_>,
        id: Option<&str>,
        group: &str,
    ) -> Result<HeadAttempts, Problem> {
        let tried = self.tried(at, id, group).await?;
        let attempts = tried.map(|tried| tried.attempts).unwrap_or_default();
        if let Some(last) = attempts.last() {
            let failed = attempts.iter().any(|one| one.outcome == Outcome::Failed);
            return Ok(match last.outcome {
                _ if failed || attempts.len() >= AGAIN => HeadAttempts::Failed,
                Outcome::Ok => HeadAttempts::Done,
                _ => HeadAttempts::Unknown,
            });
        }
        // Where spans know positions, ids tell nothing more.
        let ids = match self.dialects.habits(at.system).positions {
            true => HashMap::new(),
            false => self.ids_before(at, BEFORE).await,
        };
        for back in 1..=BEFORE {
            let before = At {
                offset: at.offset - back,
                ..at
            };
            let id = ids.get(&before.offset).map(String::as_str);
            let tried = self.tried(before, id, group).await?;
            if tried.is_none_or(|tried| tried.attempts.is_empty()) {
                return Ok(HeadAttempts::Unknown);
            }
        }
        Ok(HeadAttempts::Untouched)
    }

    /// By its position, else by what its client calls it: not every client tells positions. `None`: no
    /// span tells of the message.
    async fn tried(
        &self,
        at: At<'_>,
        id: Option<&str>,
        group: &str,
    ) -> Result<Option<Tried>, Problem> {
        let place = MessageRef::Place {
            system: at.system.to_owned(),
            destination: at.destination.to_owned(),
            partition: at.partition.to_owned(),
            offset: at.offset,
        };
        let tried = self.tried_as(at, &place, group).await?;
        let (None, Some(id)) = (&tried, id) else {
            return Ok(tried);
        };
        let named = MessageRef::Id {
            system: at.system.to_owned(),
            destination: Some(at.destination.to_owned()),
            id: id.to_owned(),
        };
        self.tried_as(at, &named, group).await
    }

    async fn tried_as(
        &self,
        at: At<'_>,
        reference: &MessageRef,
        group: &str,
    ) -> Result<Option<Tried>, Problem> {
        let page = match self.journey(&reference.to_string(), None).await {
            Ok(page) => page,
            Err(problem) if problem.code == Code::NotFound => return Ok(None),
            Err(problem) => return Err(problem),
        };
        let journey = page.journey;
        let elsewhere = journey.message.cluster.as_deref();
        if elsewhere.is_some_and(|cluster| cluster != at.cluster) {
            return Ok(None);
        }
        let deliveries = journey.deliveries.into_iter();
        let own = deliveries.filter(|delivery| delivery.group.as_deref() == Some(group));
        let mut attempts: Vec<Attempt> = own.flat_map(|delivery| delivery.attempts).collect();
        attempts.sort_by_key(|one| one.ended_at);
        Ok(Some(Tried {
            journey: journey.id,
            state: journey.state,
            key: journey.message.key,
            attempts,
        }))
    }
}
