//! Partitions by number: names are kept once, and positions refer to them by where they stand.

use std::collections::HashMap;
use std::sync::Arc;

use waybill_model::time::Timestamp;

use super::lag::Step;

/// Numbers stay from one reading to the next, until so many are unused that they are dealt anew.
#[derive(Clone, Debug, Default)]
pub struct Places {
    all: Vec<PlaceKept>,
    /// Destination, then partition.
    index: HashMap<Arc<str>, HashMap<Arc<str>, u32>>,
}

/// One partition.
#[derive(Clone, Debug)]
pub struct PlaceKept {
    pub destination: Arc<str>,
    pub partition: Arc<str>,
    /// A position stands here: its end, or that of a group.
    pub used: bool,
    /// `None`: only commits name it.
    pub head: Option<i64>,
    /// As `Head::written`.
    pub written: Option<i64>,
    pub low: Option<i64>,
    pub at: Timestamp,
    /// By the last reading; else it was carried over.
    pub told: bool,
    /// Since the reading before.
    pub step: Step,
    pub before: Timestamp,
}

const FEW: usize = 64;

impl Places {
    pub fn get(&self, number: u32) -> Option<&PlaceKept> {
        self.all.get(number as usize)
    }

    pub fn get_mut(&mut self, number: u32) -> Option<&mut PlaceKept> {
        self.all.get_mut(number as usize)
    }

    pub fn find(&self, destination: &str, partition: &str) -> Option<u32> {
        self.index.get(destination)?.get(partition).copied()
    }

    /// By number.
    pub fn all(&self) -> &[PlaceKept] {
        &self.all
    }

    pub fn used(&self) -> impl Iterator<Item = &PlaceKept> {
        self.all.iter().filter(|place| place.used)
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut PlaceKept> {
        self.all.iter_mut()
    }

    /// With nothing standing anywhere; what stood is given back, by the same numbers.
    pub fn emptied(mut self) -> (Self, Vec<PlaceKept>) {
        let empty = self.all.iter().map(PlaceKept::emptied).collect();
        let before = std::mem::replace(&mut self.all, empty);
        (self, before)
    }

    /// Its number, a new one where it has none.
    pub fn number(&mut self, destination: &str, partition: &str) -> u32 {
        if let Some(number) = self.find(destination, partition) {
            return number;
        }
        let number = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        let name = match self.index.get_key_value(destination) {
            Some((name, _)) => name.clone(),
            None => destination.into(),
        };
        let partition: Arc<str> = partition.into();
        let partitions = self.index.entry(name.clone()).or_default();
        partitions.insert(partition.clone(), number);
        self.all.push(PlaceKept {
            destination: name,
            partition,
            used: false,
            head: None,
            written: None,
            low: None,
            at: Timestamp::EPOCH,
            told: false,
            step: Step::None,
            before: Timestamp::EPOCH,
        });
        number
    }

    /// The new number of each, once more are unused than used; used ones alone have one.
    pub fn compacted(&mut self) -> Option<Vec<Option<u32>>> {
        let used = self.used().count();
        if self.all.len() <= 2 * used + FEW {
            return None;
        }
        let mut fresh = Self::default();
        let numbers = std::mem::take(&mut self.all).into_iter().map(|place| {
            if !place.used {
                return None;
            }
            let number = fresh.number(&place.destination, &place.partition);
            if let Some(dealt) = fresh.get_mut(number) {
                *dealt = place;
            }
            Some(number)
        });
        let numbers = numbers.collect();
        *self = fresh;
        Some(numbers)
    }
}

impl PlaceKept {
    fn emptied(&self) -> Self {
        Self {
            used: false,
            head: None,
            written: None,
            low: None,
            told: false,
            step: Step::None,
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_until_most_are_unused() {
        let mut places = Places::default();
        for partition in 0..10 {
            let number = places.number("orders", &partition.to_string());
            places.get_mut(number).unwrap().used = true;
        }
        assert_eq!(places.number("orders", "3"), 3);
        assert_eq!(places.compacted(), None);
        for gone in 0..100 {
            places.number(&format!("gone-{gone}"), "0");
        }
        places.get_mut(2).unwrap().used = false;
        places.get_mut(7).unwrap().head = Some(70);
        let numbers = places.compacted().unwrap();
        assert_eq!(numbers[..5], [Some(0), Some(1), None, Some(2), Some(3)]);
        assert_eq!(numbers[109], None);
        assert_eq!(places.find("orders", "7"), Some(6));
        assert_eq!(places.get(6).unwrap().head, Some(70));
        assert_eq!(
            (places.find("orders", "2"), places.find("gone-1", "0")),
            (None, None)
        );
    }
}
