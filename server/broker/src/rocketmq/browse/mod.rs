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

use self::reader::Reader;
use super::client::Session;
use super::cluster::RocketCluster;
use crate::adapter::Refused;
use crate::browse::{Ask, Browse, Budget, Find, Indexed, Keep, Price, Read, Shelf};
use crate::traces::From;

/// Goes on in a topic; of queues that are not reached, the answer names none. `None`: no such topic
/// is there now.
pub(super) async fn follow(
    session: Session<'_>,
    name: &str,
    from: &From,
    budget: Budget,
    keep: &mut Keep<'_>,
) -> Result<Option<Read>, Refused> {
    match open::follow(session, name, from, budget).await? {
        Some(reader) => run(reader, keep).await.map(Some),
        None => Ok(None),
    }
}

async fn run(mut reader: Reader<'_>, keep: &mut Keep<'_>) -> Result<Read, Refused> {
    let mut messages = 0;
    let ended = reader
        .run(&mut |message| {
            messages += 1;
            keep(message)
        })
        .await?;
    open::told(reader, messages, ended)
}

/// Topics have no namespace: one that is named is not looked at.
#[async_trait]
impl Browse for RocketCluster {
    async fn price(&self, place: &Shelf, patience: Duration) -> Result<Price, Refused> {
        price::of(&self.client.browsing(patience), &place.name).await
    }

    async fn read(&self, ask: &Ask, keep: &mut Keep<'_>) -> Result<Read, Refused> {
        let session = self.client.browsing(ask.budget.time);
        run(open::open(session, ask).await?, keep).await
    }

    async fn find(&self, find: &Find, keep: &mut Keep<'_>) -> Result<Option<Indexed>, Refused> {
        let session = self.client.browsing(find.patience);
        find::find(&session, find, keep).await.map(Some)
    }
}
