//! Reads what topics store, as the built-in group of tools with its subscription in each request:
//! nothing is committed, no group is made, nobody waits at the broker. Retry, dead-letter and system
//! topics are read as any other.
//!
//! [`topic`] finds brokers and queues, [`bounds`] where queues begin and end, [`open`] where to start;
//! [`reader`] asks ([`pull`]), keeps each queue's [`place`] and goes on where it can; [`told`] makes of
//! a stored message what is handed over. [`find`] asks the index that each broker keeps of keys and ids.

mod bounds;
mod find;
mod open;
mod place;
mod price;
mod pull;
mod reader;
mod told;
mod topic;
mod trouble;

#[cfg(test)]
mod reader_tests;

use std::time::Duration;

use async_trait::async_trait;

use super::client::Session;
use super::cluster::RocketCluster;
use super::queue::Queue;
use crate::adapter::Refused;
use crate::browse::{Ask, Browse, Find, Indexed, Keep, Price, Read, Shelf};

/// Names of a topic's queues, as [`crate::browse::Stored::partition`] has them.
pub(super) async fn queues(session: &Session<'_>, name: &str) -> Result<Vec<String>, Refused> {
    let topic = topic::look(session, name).await?;
    Ok(topic.queues.keys().map(Queue::to_string).collect())
}

/// Topics have no namespace: one that is named is not looked at.
#[async_trait]
impl Browse for RocketCluster {
    async fn price(&self, place: &Shelf, patience: Duration) -> Result<Price, Refused> {
        price::of(&self.client.browsing(patience), &place.name).await
    }

    async fn read(&self, ask: &Ask, keep: &mut Keep<'_>) -> Result<Read, Refused> {
        let session = self.client.browsing(ask.budget.time);
        let mut reader = open::open(session, ask).await?;
        let mut messages = 0;
        let ended = reader
            .run(&mut |message| {
                messages += 1;
                keep(message)
            })
            .await?;
        open::told(reader, messages, ended)
    }

    async fn find(&self, find: &Find, keep: &mut Keep<'_>) -> Result<Option<Indexed>, Refused> {
        let session = self.client.browsing(find.patience);
        find::find(&session, find, keep).await.map(Some)
    }
}
