//! How new a cluster is. No request asks a broker for its release; what a KRaft cluster has
//! finalized as its `metadata.version` (KIP-584, KIP-778) is the newest behaviour that all its
//! nodes share, so no node is older than that.

use kafka_protocol::messages::{ApiVersionsRequest, ApiVersionsResponse};
use kafka_protocol::protocol::StrBytes;

use crate::kafka::client::Session;
use crate::kafka::wire::failure::Failure;

const FEATURE: &str = "metadata.version";

/// Names of the levels from 1 on, as `MetadataVersion` of Kafka 4.3 writes them.
const LEVELS: [&str; 31] = [
    "3.0-IV1", "3.1-IV0", "3.2-IV0", "3.3-IV0", "3.3-IV1", "3.3-IV2", "3.3-IV3", "3.4-IV0",
    "3.5-IV0", "3.5-IV1", "3.5-IV2", "3.6-IV0", "3.6-IV1", "3.6-IV2", "3.7-IV0", "3.7-IV1",
    "3.7-IV2", "3.7-IV3", "3.7-IV4", "3.8-IV0", "3.9-IV0", "4.0-IV0", "4.0-IV1", "4.0-IV2",
    "4.0-IV3", "4.1-IV0", "4.1-IV1", "4.2-IV0", "4.2-IV1", "4.3-IV0", "4.4-IV0",
];

/// `None`: the cluster has finalized none, as it is led by ZooKeeper or older than the request.
pub(super) async fn read(session: &Session<'_>) -> Result<Option<String>, Failure> {
    let asked = session.ask_any(|version| match version {
        0..=2 => ApiVersionsRequest::default(),
        _ => ApiVersionsRequest::default()
            .with_client_software_name(StrBytes::from_static_str("waybill"))
            .with_client_software_version(StrBytes::from_static_str(env!("CARGO_PKG_VERSION"))),
    });
    let answer = asked.await?;
    Failure::check(answer.error_code, None)?;
    Ok(finalized(&answer))
}

fn finalized(answer: &ApiVersionsResponse) -> Option<String> {
    let mut features = answer.finalized_features.iter();
    let level = features.find(|feature| feature.name.as_str() == FEATURE)?;
    let level = level.max_version_level;
    let known = usize::try_from(level).ok().and_then(|at| at.checked_sub(1));
    Some(match known.and_then(|at| LEVELS.get(at)) {
        Some(name) => (*name).to_owned(),
        None => format!("{FEATURE} {level}"),
    })
}

#[cfg(test)]
mod tests {
    use kafka_protocol::messages::api_versions_response::FinalizedFeatureKey;

    use super::*;

    #[test]
    fn a_level_is_told_by_its_name_and_a_newer_one_by_its_number() {
        let of = |name: &'static str, level: i16| {
            let feature = FinalizedFeatureKey::default()
                .with_name(StrBytes::from_static_str(name))
                .with_max_version_level(level);
            finalized(&ApiVersionsResponse::default().with_finalized_features(vec![feature]))
        };
        assert_eq!(of(FEATURE, 1).as_deref(), Some("3.0-IV1"));
        assert_eq!(of(FEATURE, 30).as_deref(), Some("4.3-IV0"));
        assert_eq!(of(FEATURE, 99).as_deref(), Some("metadata.version 99"));
        assert_eq!(of(FEATURE, 0).as_deref(), Some("metadata.version 0"));
        assert_eq!(of("kraft.version", 1), None);
        assert_eq!(finalized(&ApiVersionsResponse::default()), None);
    }
}
