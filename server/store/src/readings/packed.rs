//! A group's positions, packed by column. Payload: u8 version 2, then zstd level 1 of postcard of
//! [`Columns`]. Partitions that are numbered without gaps cost two numbers a destination, a position
//! its end and how far it lies behind: 4 bytes. Version 1 had [`Whole`] columns.

use serde::{Deserialize, Serialize};
use waybill_model::reading::{LagGap, PartitionPosition};

use crate::error::StoreError;

const VERSION: u8 = 2;
const WITH_WHOLE_COLUMNS: u8 = 1;
/// What a payload may unpack to: some millions of partitions.
const MOST_BYTES: usize = 256 << 20;

#[derive(Serialize, Deserialize)]
struct Columns {
    layout: Layout,
    head: Vec<Option<i64>>,
    committed: Vec<Committed>,
}

/// As version 1 had them.
#[derive(Serialize, Deserialize)]
struct Whole {
    layout: Layout,
    committed: Vec<Option<i64>>,
    head: Vec<Option<i64>>,
    lag: Vec<Lag>,
}

/// Destination, and its partitions in order.
type Layout = Vec<(String, Partitions)>;
/// Where it is not known, why.
type Lag = Result<u64, LagGap>;

#[derive(Serialize, Deserialize)]
enum Committed {
    /// So far behind the end, which is the lag.
    Behind(u64),
    Other(Option<i64>, Lag),
}

#[derive(Serialize, Deserialize)]
enum Partitions {
    /// `first`, and how many follow each other.
    Numbered(u32, u32),
    Named(Vec<String>),
}

/// Positions of one destination must stand together.
pub(super) fn pack(positions: &[PartitionPosition]) -> Result<Vec<u8>, StoreError> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
        StoreError::internal("pack positions", error)
    };
    let layout = positions.chunk_by(|a, b| a.destination == b.destination);
    let columns = Columns {
        layout: layout
            .map(|run| (run[0].destination.clone(), partitions(run)))
            .collect(),
        head: positions.iter().map(|p| p.head).collect(),
        committed: positions.iter().map(committed).collect(),
    };
    let plain = postcard::to_stdvec(&columns).map_err(|error| failed(error.into()))?;
    let packed = zstd::bulk::compress(&plain, 1).map_err(|error| failed(error.into()))?;
    Ok([&[VERSION], packed.as_slice()].concat())
}

pub(super) fn unpack(payload: &[u8]) -> Result<Vec<PartitionPosition>, StoreError> {
    let (layout, figures) = columns(payload)?;
    Ok(told_of(layout, figures.into_iter()))
}

/// The lag on one destination; `None` where it is not known on one of its partitions, or there is
/// none. Without writing out all that is packed.
pub(super) fn lag_on(payload: &[u8], destination: &str) -> Result<Option<u64>, StoreError> {
    let (layout, figures) = columns(payload)?;
    let mut figures = figures.into_iter();
    let (mut seen, mut sum) = (false, Some(0u64));
    for (name, partitions) in layout {
        let here = figures.by_ref().take(partitions.count());
        if name == destination {
            for (_, _, lag) in here {
                seen = true;
                sum = sum.zip(lag.ok()).map(|(sum, lag)| sum.saturating_add(lag));
            }
        } else {
            here.for_each(drop);
        }
    }
    Ok(sum.filter(|_| seen))
}

fn columns(payload: &[u8]) -> Result<(Layout, Vec<Figures>), StoreError> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
        StoreError::internal("unpack positions", error)
    };
    let Some((version, packed)) = payload.split_first() else {
        return Err(failed("it is empty".into()));
    };
    let told = zstd::zstd_safe::get_frame_content_size(packed)
        .ok()
        .flatten();
    let bytes = told.map_or(MOST_BYTES, |bytes| bytes.min(MOST_BYTES as u64) as usize);
    let plain = zstd::bulk::decompress(packed, bytes).map_err(|error| failed(error.into()))?;
    match *version {
        VERSION => {
            let columns: Columns =
                postcard::from_bytes(&plain).map_err(|error| failed(error.into()))?;
            let figures = columns.head.into_iter().zip(columns.committed);
            let figures = figures.map(|(head, committed)| figures_of(head, committed));
            Ok((columns.layout, figures.collect()))
        }
        WITH_WHOLE_COLUMNS => {
            let columns: Whole =
                postcard::from_bytes(&plain).map_err(|error| failed(error.into()))?;
            let committed = columns.committed.into_iter().zip(columns.head);
            let figures = committed.zip(columns.lag).map(|((c, h), lag)| (c, h, lag));
            Ok((columns.layout, figures.collect()))
        }
        _ => Err(failed("unknown version".into())),
    }
}

type Figures = (Option<i64>, Option<i64>, Lag);

fn told_of(layout: Layout, figures: impl Iterator<Item = Figures>) -> Vec<PartitionPosition> {
    let places = layout.into_iter().flat_map(|(destination, partitions)| {
        names(partitions)
            .into_iter()
            .map(move |partition| (destination.clone(), partition))
    });
    let position =
        |((destination, partition), (committed, head, lag)): (_, Figures)| PartitionPosition {
            destination,
            partition,
            committed,
            head,
            lag_messages: lag.ok(),
            gap: lag.err(),
        };
    places.zip(figures).map(position).collect()
}

fn committed(position: &PartitionPosition) -> Committed {
    let behind = position.head.zip(position.committed);
    let behind = behind.and_then(|(head, committed)| head.checked_sub(committed));
    let behind = behind.and_then(|behind| u64::try_from(behind).ok());
    match (behind, position.lag_messages) {
        (Some(behind), Some(lag)) if behind == lag => Committed::Behind(behind),
        _ => Committed::Other(position.committed, lag(position)),
    }
}

fn figures_of(head: Option<i64>, committed: Committed) -> Figures {
    match committed {
        Committed::Behind(behind) => {
            let committed = head.and_then(|head| head.checked_sub_unsigned(behind));
            (committed, head, Ok(behind))
        }
        Committed::Other(committed, lag) => (committed, head, lag),
    }
}

fn lag(position: &PartitionPosition) -> Lag {
    match position.lag_messages {
        Some(lag) => Ok(lag),
        None => Err(position.gap.unwrap_or(LagGap::NoHead)),
    }
}

fn partitions(run: &[PartitionPosition]) -> Partitions {
    // Written back as it is read: "07" is a name and no number.
    let number = |p: &PartitionPosition| {
        p.partition
            .parse::<u32>()
            .ok()
            .filter(|n| n.to_string() == p.partition)
    };
    let numbers: Option<Vec<u32>> = run.iter().map(number).collect();
    let numbers = numbers.filter(|n| {
        n.windows(2)
            .all(|pair| pair[0].checked_add(1) == Some(pair[1]))
    });
    match (numbers.as_deref(), u32::try_from(run.len())) {
        (Some([first, ..]), Ok(count)) => Partitions::Numbered(*first, count),
        _ => Partitions::Named(run.iter().map(|p| p.partition.clone()).collect()),
    }
}

impl Partitions {
    fn count(&self) -> usize {
        match self {
            Self::Numbered(_, count) => *count as usize,
            Self::Named(names) => names.len(),
        }
    }
}

fn names(partitions: Partitions) -> Vec<String> {
    match partitions {
        Partitions::Numbered(first, count) => (first
            ..=first.saturating_add(count.saturating_sub(1)))
            .map(|n| n.to_string())
            .collect(),
        Partitions::Named(names) => names,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(
        destination: &str,
        partition: &str,
        figures: [Option<i64>; 2],
    ) -> PartitionPosition {
        let [committed, head] = figures;
        let lag = committed
            .zip(head)
            .map(|(committed, head)| (head - committed) as u64);
        PartitionPosition {
            destination: destination.into(),
            partition: partition.into(),
            committed,
            head,
            lag_messages: lag,
            gap: lag.is_none().then_some(match head {
                None => LagGap::NoHead,
                Some(_) => LagGap::NoOldest,
            }),
        }
    }

    #[test]
    fn what_is_packed_comes_back() {
        let all = [
            position("orders", "0", [Some(5), Some(7)]),
            position("orders", "1", [None, Some(i64::MAX)]),
            position("orders", "2", [Some(0), None]),
            position("gaps", "1", [Some(1), Some(1)]),
            position("gaps", "3", [Some(1), Some(1)]),
            position("named", "07", [Some(1), Some(2)]),
            position("named", "b-2\0", [Some(1), Some(2)]),
            position("last", "4294967295", [Some(1), Some(2)]),
        ];
        assert_eq!(unpack(&pack(&all).unwrap()).unwrap(), all);
        assert_eq!(unpack(&pack(&[]).unwrap()).unwrap(), []);
        let packed = pack(&all).unwrap();
        for (destination, lag) in [("gaps", Some(0)), ("named", Some(2)), ("orders", None)] {
            assert_eq!(lag_on(&packed, destination).unwrap(), lag, "{destination}");
        }
        assert_eq!(lag_on(&packed, "another").unwrap(), None, "not 0");
        for broken in [&[][..], &[7, 1, 2], &[VERSION], &[VERSION, 1, 2]] {
            assert!(unpack(broken).is_err(), "{broken:?}");
        }
    }

    #[test]
    fn what_version_1_wrote_is_read() {
        let all = [
            position("orders", "0", [Some(5), Some(7)]),
            position("orders", "1", [None, Some(9)]),
        ];
        let whole = Whole {
            layout: vec![("orders".into(), Partitions::Numbered(0, 2))],
            committed: all.iter().map(|p| p.committed).collect(),
            head: all.iter().map(|p| p.head).collect(),
            lag: all.iter().map(lag).collect(),
        };
        let plain = postcard::to_stdvec(&whole).unwrap();
        let packed = zstd::bulk::compress(&plain, 1).unwrap();
        let payload = [&[WITH_WHOLE_COLUMNS], packed.as_slice()].concat();
        assert_eq!(unpack(&payload).unwrap(), all);
    }

    #[test]
    fn many_partitions_cost_few_bytes() {
        let all: Vec<PartitionPosition> = (0..10_000)
            .map(|n| {
                let head = 1_000_000 + i64::from(n) * 7_919 % 100_000;
                position("orders", &n.to_string(), [Some(head - 3), Some(head)])
            })
            .collect();
        let bytes = pack(&all).unwrap().len();
        assert!(bytes < 40_000, "{bytes}");
    }
}
