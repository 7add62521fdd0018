//! How much each node stores of which partition.

use std::collections::HashMap;

use kafka_protocol::messages::{DescribeLogDirsRequest, DescribeLogDirsResponse};

use super::partial::Partial;
use crate::kafka::client::Session;
use crate::kafka::cluster_map::ClusterMap;
use crate::kafka::wire::failure::{Failure, code_name, printable};

pub(super) const RIGHT: &str = "Describe on Cluster";

#[derive(Default)]
pub(in crate::kafka) struct NodeDisk {
    /// Of all partitions and all directories.
    pub(super) stored_bytes: u64,
    /// Of the directory with the least: the first one to fill up (Kafka 3.3 and later).
    pub(super) free_bytes: Option<u64>,
    /// Directories with an error.
    pub(super) alarms: Vec<String>,
    /// By topic and partition.
    pub(in crate::kafka) sizes: HashMap<String, HashMap<i32, u64>>,
}

pub(super) async fn read(session: &Session<'_>, map: &ClusterMap) -> Partial<NodeDisk> {
    let asked = map.nodes.keys().map(|node| {
        (*node, async move {
            let target = session.node(map, *node)?;
            let asked = session.ask(&target, |_| {
                DescribeLogDirsRequest::default().with_topics(None)
            });
            disk(&asked.await?)
        })
    });
    Partial::of(asked).await
}

pub(in crate::kafka) fn disk(answer: &DescribeLogDirsResponse) -> Result<NodeDisk, Failure> {
    Failure::check(answer.error_code, None)?;
    // Before version 3 a missing right is an answer without any directory.
    if answer.results.is_empty() {
        return Err(Failure::Said {
            code: 31,
            message: None,
        });
    }
    let mut disk = NodeDisk::default();
    for dir in &answer.results {
        if dir.error_code != 0 {
            let name = printable(&dir.log_dir);
            disk.alarms
                .push(format!("{name}: {}", code_name(dir.error_code)));
            continue;
        }
        if let Ok(usable) = u64::try_from(dir.usable_bytes) {
            disk.free_bytes = Some(disk.free_bytes.map_or(usable, |least| least.min(usable)));
        }
        for topic in &dir.topics {
            let sizes = disk.sizes.entry(topic.name.to_string()).or_default();
            for partition in &topic.partitions {
                let size = u64::try_from(partition.partition_size).unwrap_or(0);
                disk.stored_bytes = disk.stored_bytes.saturating_add(size);
                // One that is being moved between directories is there twice.
                if !partition.is_future_key {
                    sizes.insert(partition.partition_index, size);
                }
            }
        }
    }
    Ok(disk)
}
