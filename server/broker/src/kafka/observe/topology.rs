//! Asks for everything that changes seldom, all at once after the metadata.

use futures::join;
use waybill_model::topology::Topology;

use super::assembly::{Parts, assemble};
use super::heads::Which;
use super::{
    cluster, configs, eligible, groups, heads, log_dirs, metadata, quorum, readings, release,
};
use crate::adapter::Refused;
use crate::kafka::client::Session;

/// # Errors
/// Where not even the metadata could be read.
pub(super) async fn read(session: &Session<'_>) -> Result<Topology, Refused> {
    let answer = metadata::read(session)
        .await
        .map_err(|failure| failure.into_refused(heads::RIGHT))?;
    let map = metadata::map(&answer);
    let names: Vec<&str> = map.topics.keys().map(String::as_str).collect();
    let mut behind: Vec<&str> = metadata::topics(&answer)
        .filter(|(_, topic)| {
            topic
                .partitions
                .iter()
                .any(|p| p.isr_nodes.len() < p.replica_nodes.len())
        })
        .map(|(name, _)| name)
        .collect();
    behind.sort_unstable();
    let (cluster, release, quorum, eligible, configs, disks, groups, lows) = join!(
        cluster::read(session),
        release::read(session),
        quorum::read(session),
        eligible::read(session, &behind),
        configs::read(session, &names),
        log_dirs::read(session, &map),
        groups::read(session, &map),
        heads::read(session, &map, Which::Earliest),
    );
    session.client.learn_lows(readings::lows(&lows));
    Ok(assemble(Parts {
        metadata: answer,
        cluster,
        release,
        quorum,
        eligible,
        configs,
        disks,
        groups,
    }))
}
