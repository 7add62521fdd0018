//! The newest messages of each partition. Offsets tell how many there can be, not how many there
//! are: markers of transactions, aborted messages and compaction leave gaps. So what is found is
//! held back, and where it is too little, earlier offsets are read as well.

use std::collections::{BTreeMap, VecDeque};
use std::ops::ControlFlow;

use super::reader::Reader;
use crate::adapter::Refused;
use crate::browse::{Ended, Keep, Stored};

/// Of all partitions together. What is more is handed over as it comes, and the number of messages
/// is then that of offsets.
const MOST_HELD_BYTES: u64 = 8 * 1024 * 1024;
const ROUNDS: u32 = 6;
/// Offsets that one more round looks at, at least.
const LEAST_BACK: i64 = 100;

/// The reader stands at the offsets that are the newest `n`.
///
/// # Errors
/// As [`Reader::run`].
pub(super) async fn read(
    reader: &mut Reader<'_>,
    n: u64,
    keep: &mut Keep<'_>,
) -> Result<Ended, Refused> {
    let linger = std::mem::take(&mut reader.linger);
    let mut reach = positions(reader);
    let mut held = Held::default();
    let ended = reader.run(&mut |p, message| held.push(p, message)).await?;
    if ended == Ended::End {
        go_back(reader, n, &mut reach, &mut held).await?;
    }
    let unhanded = match ended {
        // There was no room to look for older ones: those that are held are among the newest.
        Ended::Enough => held.hand(u64::MAX, keep),
        _ => held.hand(n, keep),
    };
    if let ControlFlow::Break(offsets) = unhanded {
        for (partition, next) in offsets {
            if let Some(place) = reader.places.get_mut(&partition) {
                place.next = next;
            }
        }
        return Ok(Ended::Enough);
    }
    if matches!(ended, Ended::Bytes | Ended::Time) {
        return Ok(ended);
    }
    reader.linger = linger;
    reader.run(&mut |_, message| keep(message)).await
}

fn positions(reader: &Reader<'_>) -> BTreeMap<i32, i64> {
    let places = reader.places.iter();
    places
        .map(|(partition, place)| (*partition, place.next))
        .collect()
}

/// `reach`: the oldest offset that was looked at.
async fn go_back(
    reader: &mut Reader<'_>,
    n: u64,
    reach: &mut BTreeMap<i32, i64>,
    held: &mut Held,
) -> Result<(), Refused> {
    for round in 0..ROUNDS {
        let stood: BTreeMap<i32, (i64, i64)> = reader
            .places
            .iter()
            .map(|(partition, place)| (*partition, (place.next, place.until)))
            .collect();
        let mut is_enough = true;
        for (partition, place) in &mut reader.places {
            place.until = place.next;
            let reached = reach.entry(*partition).or_insert(place.next);
            let lacking = n.saturating_sub(held.count(*partition));
            if lacking == 0 || *reached <= place.low || place.unread.is_some() {
                continue;
            }
            is_enough = false;
            let lacking = i64::try_from(lacking).unwrap_or(i64::MAX);
            let back = lacking.saturating_mul(1 << (2 * round)).max(LEAST_BACK);
            place.until = *reached;
            place.next = reached.saturating_sub(back).max(place.low);
            *reached = place.next;
        }
        let mut older = Held {
            bytes: held.bytes,
            ..Held::default()
        };
        let ended = match is_enough {
            true => Ended::Enough,
            false => reader.run(&mut |p, message| older.push(p, message)).await?,
        };
        for (partition, (next, until)) in stood {
            if let Some(place) = reader.places.get_mut(&partition) {
                (place.next, place.until) = (next, until);
            }
        }
        // What was not read to its end leaves a gap before what is held.
        if ended != Ended::End {
            break;
        }
        held.put_before(older);
    }
    Ok(())
}

#[derive(Default)]
struct Held {
    by_partition: BTreeMap<i32, VecDeque<Stored>>,
    bytes: u64,
}

impl Held {
    fn push(&mut self, partition: i32, message: Stored) -> ControlFlow<()> {
        self.bytes += message.weight_bytes();
        let messages = self.by_partition.entry(partition).or_default();
        messages.push_back(message);
        match self.bytes > MOST_HELD_BYTES {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }

    fn count(&self, partition: i32) -> u64 {
        self.by_partition
            .get(&partition)
            .map_or(0, |messages| messages.len() as u64)
    }

    fn put_before(&mut self, older: Self) {
        self.bytes = older.bytes;
        for (partition, mut messages) in older.by_partition {
            let newer = self.by_partition.entry(partition).or_default();
            messages.append(newer);
            *newer = messages;
        }
    }

    /// The newest `n` of each. `Break`: where to go on in the partitions that were not all handed
    /// over.
    fn hand(self, n: u64, keep: &mut Keep<'_>) -> ControlFlow<BTreeMap<i32, i64>> {
        let mut left = self.by_partition;
        for messages in left.values_mut() {
            let more = messages
                .len()
                .saturating_sub(usize::try_from(n).unwrap_or(usize::MAX));
            messages.drain(..more);
        }
        while let Some(mut entry) = left.first_entry() {
            let Some(message) = entry.get_mut().pop_front() else {
                entry.remove();
                continue;
            };
            let next = message.offset.saturating_add(1);
            if keep(message).is_break() {
                let partition = *entry.key();
                let mut offsets: BTreeMap<i32, i64> = BTreeMap::new();
                for (partition, messages) in &left {
                    offsets.extend(messages.front().map(|first| (*partition, first.offset)));
                }
                if offsets.contains_key(&partition) {
                    offsets.insert(partition, next);
                }
                return ControlFlow::Break(offsets);
            }
        }
        ControlFlow::Continue(())
    }
}
