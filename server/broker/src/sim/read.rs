//! Reads the stored messages of a simulated cluster. An answer is one message, so budgets are met
//! to the message.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::{Instant, timeout_at};

use super::Sim;
use super::shelf::{SimPartition, SimShelf};
use crate::adapter::{Reason, Refused};
use crate::browse::{Ask, Browse, Ended, Keep, Price, Read, Shelf, Start, Stored};

#[async_trait]
impl Browse for Sim {
    async fn price(&self, place: &Shelf, patience: Duration) -> Result<Price, Refused> {
        let price = self.answer(patience, |state| {
            state.asked.price += 1;
            state.script.shelf(place).map(SimShelf::told_price)
        });
        price.await?.ok_or_else(|| not_there(place))
    }

    async fn read(&self, ask: &Ask, keep: &mut Keep<'_>) -> Result<Read, Refused> {
        let began = Instant::now();
        let shelf = self.answer(ask.budget.time, |state| {
            state.asked.read += 1;
            state.script.shelf(&ask.shelf).cloned()
        });
        let shelf = shelf.await?.ok_or_else(|| not_there(&ask.shelf))?;
        if let Price::Disturbs { cost, instead } = shelf.told_price() {
            return Err(Refused {
                reason: Reason::Disturbs,
                detail: cost,
                hint: instead,
            });
        }
        let mut reading = Reading::begin(&shelf, ask)?;
        reading.deadline = began + ask.budget.time;
        self.forward(reading, ask, keep).await
    }
}

struct Reading {
    read: Read,
    deadline: Instant,
    /// Set when everything that was there at the beginning was read.
    lingers_until: Option<Instant>,
}

impl Sim {
    async fn forward(
        &self,
        mut reading: Reading,
        ask: &Ask,
        keep: &mut Keep<'_>,
    ) -> Result<Read, Refused> {
        loop {
            let changed = self.changed.notified();
            let (batch, pause) = self.batch(&reading, ask)?;
            if batch.is_empty() {
                let Some(until) = reading.lingers_until else {
                    reading.reach_the_ends();
                    if ask.linger.is_zero() {
                        return Ok(reading.ended(Ended::End));
                    }
                    reading.lingers_until = Some(Instant::now() + ask.linger);
                    continue;
                };
                let ended = match until > reading.deadline {
                    true => Ended::Time,
                    false => Ended::End,
                };
                if timeout_at(until.min(reading.deadline), changed)
                    .await
                    .is_err()
                {
                    return Ok(reading.ended(ended));
                }
            }
            for message in batch {
                let ready = Instant::now() + pause;
                tokio::time::sleep_until(ready.min(reading.deadline)).await;
                if reading
                    .lingers_until
                    .is_some_and(|until| Instant::now() >= until)
                {
                    return Ok(reading.ended(Ended::End));
                }
                if Instant::now() >= reading.deadline {
                    return Ok(reading.ended(Ended::Time));
                }
                if reading.read.bytes >= ask.budget.bytes {
                    return Ok(reading.ended(Ended::Bytes));
                }
                if reading.hand(message, keep) {
                    return Ok(reading.ended(Ended::Enough));
                }
            }
        }
    }

    /// The next message of each partition, and how long each takes. While nobody lingers, nothing
    /// that came after the beginning.
    fn batch(&self, reading: &Reading, ask: &Ask) -> Result<(Vec<Stored>, Duration), Refused> {
        let state = self.state();
        if let Some(refusal) = &state.script.refusal {
            return Err(refusal.clone());
        }
        let shelf = state.script.shelf(&ask.shelf);
        let shelf = shelf.ok_or_else(|| not_there(&ask.shelf))?;
        let mut batch = Vec::new();
        for (partition, next) in &reading.read.next {
            let Some(place) = shelf.partitions.get(partition) else {
                continue;
            };
            let end = match reading.lingers_until {
                Some(_) => place.end,
                None => reading.read.ends.get(partition).copied().unwrap_or(0),
            };
            let message = place.messages.iter().find(|m| m.offset >= *next);
            batch.extend(message.filter(|m| m.offset < end).cloned());
        }
        Ok((batch, state.script.delay_per_message))
    }
}

impl Reading {
    fn begin(shelf: &SimShelf, ask: &Ask) -> Result<Self, Refused> {
        if let Some(partition) = &ask.partition
            && !shelf.partitions.contains_key(partition)
        {
            return Err(not_there(&ask.shelf));
        }
        let is_unread = |name: &String| shelf.unread.iter().any(|(unread, _)| unread == name);
        let asked = shelf
            .partitions
            .iter()
            .filter(|(name, _)| ask.partition.as_ref().is_none_or(|only| only == *name));
        let mut next = BTreeMap::new();
        let (mut lows, mut ends) = (BTreeMap::new(), BTreeMap::new());
        for (name, place) in asked.filter(|(name, _)| !is_unread(name)) {
            next.insert(name.clone(), place.first(name, &ask.start));
            lows.insert(name.clone(), place.low());
            ends.insert(name.clone(), place.end);
        }
        let asked = |name: &String| ask.partition.as_ref().is_none_or(|only| only == name);
        let unread = shelf.unread.iter().filter(|(name, _)| asked(name)).cloned();
        Ok(Self {
            read: Read {
                messages: 0,
                bytes: 0,
                next,
                lows,
                ends,
                ended: Ended::End,
                unread: unread.collect(),
            },
            deadline: Instant::now(),
            lingers_until: None,
        })
    }

    /// Whether that was enough.
    fn hand(&mut self, message: Stored, keep: &mut Keep<'_>) -> bool {
        let partition = message.partition.clone().unwrap_or_default();
        let after = message.offset + 1;
        self.read.messages += 1;
        self.read.bytes += message.size_bytes;
        self.read.next.insert(partition.clone(), after);
        let end = self.read.ends.entry(partition).or_insert(after);
        *end = (*end).max(after);
        keep(message).is_break()
    }

    /// Nothing is left below the ends: gaps before them are read as well.
    fn reach_the_ends(&mut self) {
        for (partition, next) in &mut self.read.next {
            let end = self.read.ends.get(partition).copied();
            *next = (*next).max(end.unwrap_or(*next));
        }
    }

    fn ended(mut self, ended: Ended) -> Read {
        self.read.ended = ended;
        self.read
    }
}

impl SimPartition {
    fn first(&self, name: &str, start: &Start) -> i64 {
        let asked = match start {
            Start::Earliest => i64::MIN,
            Start::Newest(n) => {
                let n = usize::try_from(*n).unwrap_or(usize::MAX);
                let at = self.messages.len().saturating_sub(n);
                self.messages.get(at).map_or(self.end, |m| m.offset)
            }
            Start::Offset(offset) => *offset,
            Start::Time(time) => {
                let is_later = |m: &&Stored| m.at.is_some_and(|at| at >= *time);
                self.messages
                    .iter()
                    .find(is_later)
                    .map_or(self.end, |m| m.offset)
            }
            Start::At(offsets) => offsets.get(name).copied().unwrap_or(self.end),
        };
        asked.clamp(self.low(), self.end)
    }
}

impl SimShelf {
    fn told_price(&self) -> Price {
        let stored = self.partitions.values().flat_map(|place| &place.messages);
        self.price.clone().unwrap_or_else(|| Price::Free {
            messages: Some(stored.clone().count() as u64),
            bytes: Some(stored.map(|message| message.size_bytes).sum()),
        })
    }
}

fn not_there(place: &Shelf) -> Refused {
    let name: String = place.name.chars().filter(|c| !c.is_control()).collect();
    Refused {
        reason: Reason::NotThere,
        detail: format!("127.0.0.1:1: no destination {name:?} with this partition"),
        hint: "It was deleted, or is called otherwise.".into(),
    }
}
