//! Nodes that the metadata leaves out because they are fenced (KIP-1073, Kafka 4.0 and later), and
//! what this user may do with the cluster (KIP-430).

use kafka_protocol::messages::{DescribeClusterRequest, DescribeClusterResponse};

use crate::kafka::client::Session;
use crate::kafka::wire::failure::Failure;

const FENCED_TOO: i16 = 2;

pub(super) async fn read(session: &Session<'_>) -> Result<DescribeClusterResponse, Failure> {
    let asked = session.ask_any(|version| {
        let request =
            DescribeClusterRequest::default().with_include_cluster_authorized_operations(true);
        match version >= FENCED_TOO {
            true => request
                .with_endpoint_type(1)
                .with_include_fenced_brokers(true),
            false => request.with_endpoint_type(1),
        }
    });
    let answer = asked.await?;
    Failure::check(answer.error_code, answer.error_message.as_deref())?;
    Ok(answer)
}
