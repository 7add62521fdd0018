//! Numbers of partitions for one reading. Looked up for each of millions of positions: partitions
//! that the metadata have are an index away.

use std::collections::{BTreeMap, HashMap};

use waybill_model::topology::Place;

use crate::kafka::cluster_map::ClusterMap;

pub(super) struct PlaceBook<'a> {
    /// By topic; where it has a number, its partition without gaps.
    numbered: HashMap<&'a str, Vec<Option<u32>>>,
    /// Of the others: what the metadata do not have (yet, or any more).
    strange: HashMap<String, BTreeMap<i32, u32>>,
    places: Vec<Place>,
}

impl<'a> PlaceBook<'a> {
    pub(super) fn of(map: &'a ClusterMap) -> Self {
        let without_gaps = map.topics.iter().filter(|(_, partitions)| {
            let expected = 0i32..;
            partitions.keys().zip(expected).all(|(p, n)| *p == n)
        });
        let numbered = without_gaps
            .map(|(topic, partitions)| (topic.as_str(), vec![None; partitions.len()]))
            .collect();
        Self {
            numbered,
            strange: HashMap::new(),
            places: Vec::new(),
        }
    }

    /// Looked up once for all its partitions.
    pub(super) fn topic<'b>(&'b mut self, name: &'b str) -> TopicPlaces<'b> {
        let numbers = match self.numbered.get_mut(name) {
            Some(numbers) => numbers.as_mut_slice(),
            None => &mut [],
        };
        TopicPlaces {
            name,
            numbers,
            strange: &mut self.strange,
            places: &mut self.places,
        }
    }

    /// By their numbers.
    pub(super) fn places(self) -> Vec<Place> {
        self.places
    }
}

/// Numbers of one topic's partitions.
pub(super) struct TopicPlaces<'b> {
    name: &'b str,
    numbers: &'b mut [Option<u32>],
    strange: &'b mut HashMap<String, BTreeMap<i32, u32>>,
    places: &'b mut Vec<Place>,
}

impl TopicPlaces<'_> {
    /// The same each time.
    pub(super) fn number(&mut self, partition: i32) -> u32 {
        let next = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
        let known = usize::try_from(partition).ok();
        let number = match known.and_then(|at| self.numbers.get_mut(at)) {
            Some(number) => *number.get_or_insert(next),
            None => match self.strange.get_mut(self.name) {
                Some(numbers) => *numbers.entry(partition).or_insert(next),
                None => {
                    let numbers = BTreeMap::from([(partition, next)]);
                    self.strange.insert(self.name.to_owned(), numbers);
                    next
                }
            },
        };
        if number == next {
            self.places.push(Place {
                destination: self.name.to_owned(),
                partition: partition.to_string(),
            });
        }
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_partition_has_one_number() {
        let partitions = |all: &[i32]| all.iter().map(|p| (*p, Some(1))).collect();
        let map = ClusterMap {
            topics: BTreeMap::from([
                ("orders".to_owned(), partitions(&[0, 1, 2])),
                ("gaps".to_owned(), partitions(&[1, i32::MAX])),
            ]),
            ..ClusterMap::default()
        };
        let mut book = PlaceBook::of(&map);
        let asked = [
            ("orders", 2),
            ("gaps", i32::MAX),
            ("orders", 0),
            ("orders", 7),
            ("orders", -1),
            ("gone", 0),
        ];
        for _ in 0..2 {
            let numbers = asked.map(|(topic, partition)| book.topic(topic).number(partition));
            assert_eq!(numbers, [0, 1, 2, 3, 4, 5]);
        }
        let places = book.places();
        assert_eq!(places.len(), asked.len());
        for (place, (topic, partition)) in places.iter().zip(asked) {
            assert_eq!(
                (place.destination.as_str(), place.partition.as_str()),
                (topic, partition.to_string().as_str())
            );
        }
    }
}
