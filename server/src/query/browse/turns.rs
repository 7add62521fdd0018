//! How many read at once: many browsers must not hurt a broker.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use waybill_model::problem::{Code, Problem};

use super::Place;

/// Of one cluster, whoever asks.
const READINGS: usize = 4;
const TAILS: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Reading,
    Tail,
}

#[derive(Clone, Default)]
pub struct Turns {
    under_way: Arc<Mutex<UnderWay>>,
}

#[derive(Default)]
struct UnderWay {
    /// Person, destination.
    of_people: HashSet<(Kind, String, String)>,
    of_clusters: HashMap<(Kind, String), usize>,
}

/// Given back when dropped.
pub(super) struct Turn {
    turns: Turns,
    of_person: (Kind, String, String),
    cluster: String,
}

impl Turns {
    pub(super) fn take(&self, person: &str, place: &Place) -> Result<Turn, Problem> {
        self.take_one(Kind::Reading, person, place)
    }

    /// A tail and a reading of one person go side by side.
    pub(super) fn take_tail(&self, person: &str, place: &Place) -> Result<Turn, Problem> {
        self.take_one(Kind::Tail, person, place)
    }

    fn take_one(&self, kind: Kind, person: &str, place: &Place) -> Result<Turn, Problem> {
        let shelf = &place.shelf;
        let namespace = shelf.namespace.as_deref().unwrap_or_default();
        let destination = format!("{}\0{namespace}\0{}", place.cluster, shelf.name);
        let of_person = (kind, person.to_owned(), destination);
        let mut under_way = self.under_way();
        if under_way.of_people.contains(&of_person) {
            return Err(busy("You are reading this destination already."));
        }
        let most = match kind {
            Kind::Reading => READINGS,
            Kind::Tail => TAILS,
        };
        let of_cluster = (kind, place.cluster.clone());
        let count = under_way.of_clusters.entry(of_cluster).or_default();
        if *count >= most {
            return Err(busy(
                "Others read this cluster already, as many as may at once.",
            ));
        }
        *count += 1;
        under_way.of_people.insert(of_person.clone());
        Ok(Turn {
            turns: self.clone(),
            of_person,
            cluster: place.cluster.clone(),
        })
    }

    fn under_way(&self) -> MutexGuard<'_, UnderWay> {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut under_way = self.turns.under_way();
        under_way.of_people.remove(&self.of_person);
        let of_cluster = (self.of_person.0, self.cluster.clone());
        if let Some(count) = under_way.of_clusters.get_mut(&of_cluster) {
            *count = count.saturating_sub(1);
        }
    }
}

fn busy(message: &str) -> Problem {
    Problem::new(
        Code::Overloaded,
        message,
        "A reading ends within its max_ms: try again in a moment.",
    )
}

#[cfg(test)]
mod tests {
    use waybill_broker::browse::Shelf;

    use super::*;

    fn place(cluster: &str, name: &str) -> Place {
        Place {
            id: String::new(),
            cluster: cluster.into(),
            system: "simulated".into(),
            shelf: Shelf {
                namespace: None,
                name: name.into(),
            },
            partitions: None,
        }
    }

    #[test]
    fn one_reading_a_person_and_destination_and_few_a_cluster() {
        let turns = Turns::default();
        let orders = place("east", "orders");
        let first = turns.take("ada", &orders).unwrap();
        assert!(turns.take("ada", &orders).is_err());
        let _tail = turns.take_tail("ada", &orders).unwrap();
        let _others: Vec<Turn> = (1..READINGS)
            .map(|n| turns.take(&format!("p{n}"), &orders).unwrap())
            .collect();
        assert!(turns.take("bob", &place("east", "other")).is_err());
        assert!(turns.take("bob", &place("west", "orders")).is_ok());
        drop(first);
        assert!(turns.take("ada", &orders).is_ok());
    }
}
