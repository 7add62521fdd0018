//! A group's positions, packed by column. Payload: u8 version 1, then zstd level 1 of postcard of
//! [`Columns`]. Partitions that are numbered without gaps cost two numbers a destination.

use serde::{Deserialize, Serialize};
use waybill_model::reading::{LagGap, PartitionPosition};

use crate::error::StoreError;

const VERSION: u8 = 1;
/// What a payload may unpack to: some millions of partitions.
const MOST_BYTES: usize = 256 << 20;

#[derive(Serialize, Deserialize)]
struct Columns {
    /// Destination, and its partitions in order.
    layout: Vec<(String, Partitions)>,
    committed: Vec<Option<i64>>,
    head: Vec<Option<i64>>,
    /// The lag; where it is not known, why.
    lag: Vec<Result<u64, LagGap>>,
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
        committed: positions.iter().map(|p| p.committed).collect(),
        head: positions.iter().map(|p| p.head).collect(),
        lag: positions.iter().map(lag).collect(),
    };
    let plain = postcard::to_stdvec(&columns).map_err(|error| failed(error.into()))?;
    let packed = zstd::bulk::compress(&plain, 1).map_err(|error| failed(error.into()))?;
    Ok([&[VERSION], packed.as_slice()].concat())
}

pub(super) fn unpack(payload: &[u8]) -> Result<Vec<PartitionPosition>, StoreError> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
        StoreError::internal("unpack positions", error)
    };
    let Some((&VERSION, packed)) = payload.split_first() else {
        return Err(failed("unknown version".into()));
    };
    let told = zstd::zstd_safe::get_frame_content_size(packed)
        .ok()
        .flatten();
    let bytes = told.map_or(MOST_BYTES, |bytes| bytes.min(MOST_BYTES as u64) as usize);
    let plain = zstd::bulk::decompress(packed, bytes).map_err(|error| failed(error.into()))?;
    let columns: Columns = postcard::from_bytes(&plain).map_err(|error| failed(error.into()))?;
    let places = columns
        .layout
        .into_iter()
        .flat_map(|(destination, partitions)| {
            names(partitions)
                .into_iter()
                .map(move |partition| (destination.clone(), partition))
        });
    let figures = columns
        .committed
        .into_iter()
        .zip(columns.head)
        .zip(columns.lag);
    let position =
        |((destination, partition), ((committed, head), lag)): (_, (_, Result<_, _>))| {
            PartitionPosition {
                destination,
                partition,
                committed,
                head,
                lag_messages: lag.ok(),
                gap: lag.err(),
            }
        };
    Ok(places.zip(figures).map(position).collect())
}

fn lag(position: &PartitionPosition) -> Result<u64, LagGap> {
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
        assert!(unpack(&[7, 1, 2]).is_err());
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
        assert!(bytes < 80_000, "{bytes}");
    }
}
