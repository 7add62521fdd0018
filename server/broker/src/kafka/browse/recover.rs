//! What the reader does when a partition does not give what was asked for: rests, follows, or tells.

use std::time::Duration;

use tokio::time::Instant;

use super::bounds;
use super::place::Troubled;
use super::reader::Reader;
use super::topic;
use super::trouble::{Trouble, leaderless, patience};
use crate::adapter::{Reason, Refused};

const FIRST_REST: Duration = Duration::from_millis(100);
const LONGEST_REST: Duration = Duration::from_secs(1);

impl Reader<'_> {
    /// At the end that is what there is to see. Below it something is wrong, or comes a little
    /// later.
    pub(super) fn brought_nothing(&mut self, wanted: &[(i32, i64)]) {
        for (partition, _) in wanted {
            if let Some(place) = self.places.get_mut(partition) {
                place.served = self.turn;
            }
            if self.lingers_until.is_none() {
                self.rest_without_anything(*partition);
            }
        }
    }

    pub(super) fn rest_without_anything(&mut self, partition: i32) {
        let Some(place) = self.places.get(&partition) else {
            return;
        };
        let nothing = Refused {
            reason: Reason::BadAnswer,
            detail: format!(
                "the broker gives nothing at offset {}, below the end at {}",
                place.next, place.end
            ),
            hint: "Look at the broker's own log.".into(),
        };
        self.rest(partition, nothing);
        self.is_stale = true;
    }

    /// # Errors
    /// Where it concerns the topic, and not this partition alone.
    pub(super) async fn meet(&mut self, partition: i32, trouble: Trouble) -> Result<(), Refused> {
        let name = &self.topic.name;
        match trouble {
            Trouble::Forbidden => return Err(topic::forbidden(&self.session, "Read", name)),
            Trouble::Passing(refused) => {
                self.rest(partition, refused);
                self.is_stale = true;
            }
            Trouble::Gone => {
                let gone = topic::no_partition(name, &partition.to_string());
                self.rest(partition, gone);
                self.is_stale = true;
            }
            Trouble::OutOfRange => self.relocate(partition).await,
            Trouble::Lasting(refused) => {
                if let Some(place) = self.places.get_mut(&partition) {
                    place.unread = Some(refused);
                }
            }
        }
        Ok(())
    }

    /// Not asked for a moment; after a while, unless somebody lingers, never again.
    pub(super) fn rest(&mut self, partition: i32, refused: Refused) {
        let lingers = self.lingers_until.is_some();
        let Some(place) = self.places.get_mut(&partition) else {
            return;
        };
        let now = Instant::now();
        let trouble = place.trouble.get_or_insert(Troubled {
            since: now,
            tries: 0,
            rests_until: now,
        });
        let rest = FIRST_REST.saturating_mul(1 << trouble.tries.min(5));
        trouble.tries += 1;
        trouble.rests_until = now + rest.min(LONGEST_REST);
        if !lingers && now.duration_since(trouble.since) >= patience(&refused) {
            place.unread = Some(refused);
        }
        self.is_stale |= self
            .topic
            .leaders
            .get(&partition)
            .copied()
            .flatten()
            .is_none();
    }

    /// Retention, or a truncation, went past the reader: on with the oldest that is kept, or with
    /// the end.
    async fn relocate(&mut self, partition: i32) {
        let mut found = [0; 2];
        for (found, time) in found.iter_mut().zip([bounds::EARLIEST, bounds::LATEST]) {
            let told = bounds::ask(&self.session, &self.topic, &[partition], time).await;
            match told.into_iter().next() {
                Some((_, Ok(Some(offset)))) => *found = offset,
                _ => {
                    self.is_stale = true;
                    return self.rest(partition, leaderless());
                }
            }
        }
        let [low, end] = found;
        let Some(place) = self.places.get_mut(&partition) else {
            return;
        };
        place.next = place.next.min(end).max(low);
        place.until = place.until.min(end);
        place.end = end;
        self.rest(partition, out_of_range(low, end));
    }

    pub(super) async fn refresh(&mut self) -> Result<(), Refused> {
        self.is_stale = false;
        match topic::look(&self.session, &self.topic.name).await {
            Ok(fresh) if fresh.id == self.topic.id => self.topic = fresh,
            Ok(_) => self.end_all(&Refused {
                detail: "the topic was deleted meanwhile, and another of its name was made".into(),
                ..topic::not_there(&self.topic.name)
            }),
            Err(refused) if refused.reason == Reason::NotThere => self.end_all(&refused),
            Err(refused) if refused.reason == Reason::Forbidden => return Err(refused),
            // Its partitions are in trouble already, and asked again after their rest.
            Err(_) => {}
        }
        Ok(())
    }

    fn end_all(&mut self, refused: &Refused) {
        let lingers = self.lingers_until.is_some();
        for place in self.places.values_mut() {
            if place.wants(lingers) {
                place.unread = Some(refused.clone());
            }
        }
    }
}

fn out_of_range(low: i64, end: i64) -> Refused {
    Refused {
        reason: Reason::NotThere,
        detail: format!("the broker keeps offsets {low} to {end}, and refuses them"),
        hint: "Look at the broker's own log.".into(),
    }
}
