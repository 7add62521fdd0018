//! Reads what topics store, as a consumer that has no group: nothing is joined, committed or
//! declared, and no fetch session is left.
//!
//! [`topic`] finds the leaders, [`bounds`] where partitions begin and end, [`open`] where to start;
//! [`reader`] asks ([`fetch`]), keeps each partition's [`place`] and [`recover`]s; what comes is taken apart from
//! [`batch`] over [`unfold`] and [`record`] to [`messages`], without what was [`aborted`].

mod aborted;
mod batch;
mod bounds;
mod fetch;
mod messages;
mod newest;
mod open;
mod place;
mod price;
mod reader;
mod record;
mod recover;
mod topic;
mod trouble;
mod unfold;

#[cfg(test)]
mod batch_tests;
#[cfg(test)]
mod reader_tests;
#[cfg(test)]
mod unfold_tests;

use std::time::Duration;

use async_trait::async_trait;

use super::observe::KafkaCluster;
use crate::adapter::Refused;
use crate::browse::{Ask, Browse, Keep, Price, Read, Shelf, Start, Stored};

/// Topics have no namespace: one that is named is not looked at.
#[async_trait]
impl Browse for KafkaCluster {
    async fn price(&self, place: &Shelf, patience: Duration) -> Result<Price, Refused> {
        price::of(&self.client.browsing(patience), &place.name).await
    }

    async fn read(&self, ask: &Ask, keep: &mut Keep<'_>) -> Result<Read, Refused> {
        let session = self.client.browsing(ask.budget.time);
        let mut reader = open::open(session, ask).await?;
        let mut messages = 0;
        let mut counted = |message: Stored| {
            messages += 1;
            keep(message)
        };
        let ended = match &ask.start {
            Start::Newest(n) => newest::read(&mut reader, *n, &mut counted).await?,
            _ => reader.run(&mut |_, message| counted(message)).await?,
        };
        open::told(reader, messages, ended)
    }
}
