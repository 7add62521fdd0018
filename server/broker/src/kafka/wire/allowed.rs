//! What can be sent at all: requests that read. The list is short so that it can be read; nothing
//! else has a way onto a connection, by type ([`ReadOnly`] is sealed) and again by key and version
//! when the guard sees the frame that is to be built.
//!
//! Three kinds read only under a condition. Metadata can create topics when asked for by name
//! (`allow_auto_topic_creation`, and always before version 4): it is sent from version 7 on, with
//! creation off. FindCoordinator creates the offsets topic where a cluster has none: it is sent only
//! for groups that a broker has listed. Fetch moves what a broker believes of a replica when a
//! replica asks, and keeps a session when one is wanted: it is sent as a consumer's, without a
//! session.

use kafka_protocol::messages::fetch_request::ReplicaState;
use kafka_protocol::messages::{
    ApiVersionsRequest, ConsumerGroupDescribeRequest, DescribeClusterRequest,
    DescribeConfigsRequest, DescribeGroupsRequest, DescribeLogDirsRequest, DescribeQuorumRequest,
    DescribeTopicPartitionsRequest, FetchRequest, FindCoordinatorRequest, ListGroupsRequest,
    ListOffsetsRequest, MetadataRequest, OffsetFetchRequest, SaslAuthenticateRequest,
    SaslHandshakeRequest, ShareGroupDescribeRequest,
};
use kafka_protocol::protocol::Request;

use super::answer::Answer;
use super::commits_answer::CommitsAnswer;
/// Messages of aborted transactions are told apart, those of open ones are not there yet.
pub(in crate::kafka) const READ_COMMITTED: i8 = 1;
/// A Fetch that asks once in full and leaves nothing at the broker (KIP-227).
pub(in crate::kafka) const NO_SESSION: i32 = 0;
pub(in crate::kafka) const NO_SESSION_EPOCH: i32 = -1;

/// One kind of request and the versions of it that are spoken here. The lowest are those of Kafka
/// 2.1, the highest those whose answers [`super::shapes`] knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::kafka) struct Api {
    pub(in crate::kafka) name: &'static str,
    pub(in crate::kafka) key: i16,
    pub(in crate::kafka) lowest: i16,
    pub(in crate::kafka) highest: i16,
}

/// A request that changes nothing.
pub(in crate::kafka) trait ReadOnly:
    Request + sealed::Sealed + Send + Sync
{
    const API: Api;
    /// What its answer is read into.
    type Answer: Answer + Send;

    /// Whether this very request reads only, where its kind alone does not tell.
    fn reads_only(&self) -> bool {
        true
    }
}

mod sealed {
    pub(in crate::kafka) trait Sealed {}
}

/// The crate's own answer, or another one.
macro_rules! answer {
    ($request:ident) => {
        <$request as Request>::Response
    };
    ($request:ident $answer:ident) => {
        $answer
    };
}

macro_rules! read_only {
    ($($name:ident $request:ident $lowest:literal..=$highest:literal $(as $answer:ident)?
        $({ $($body:tt)* })?;)*) => {
        $(
            impl sealed::Sealed for $request {}
            impl ReadOnly for $request {
                const API: Api = Api {
                    name: stringify!($name),
                    key: <$request as Request>::KEY,
                    lowest: $lowest,
                    highest: $highest,
                };
                type Answer = answer!($request $($answer)?);
                $($($body)*)?
            }
        )*
        pub(in crate::kafka) const READ_ONLY: &[Api] = &[$(<$request as ReadOnly>::API),*];
    };
}

read_only! {
    ApiVersions ApiVersionsRequest 0..=3;
    SaslHandshake SaslHandshakeRequest 1..=1;
    SaslAuthenticate SaslAuthenticateRequest 0..=2;
    Metadata MetadataRequest 7..=13 {
        fn reads_only(&self) -> bool {
            !self.allow_auto_topic_creation
        }
    };
    DescribeCluster DescribeClusterRequest 0..=2;
    DescribeTopicPartitions DescribeTopicPartitionsRequest 0..=0;
    DescribeQuorum DescribeQuorumRequest 0..=2;
    DescribeConfigs DescribeConfigsRequest 2..=4;
    DescribeLogDirs DescribeLogDirsRequest 1..=4;
    ListGroups ListGroupsRequest 2..=5;
    DescribeGroups DescribeGroupsRequest 2..=6;
    ConsumerGroupDescribe ConsumerGroupDescribeRequest 0..=1;
    ShareGroupDescribe ShareGroupDescribeRequest 1..=1;
    FindCoordinator FindCoordinatorRequest 2..=6;
    OffsetFetch OffsetFetchRequest 5..=9 as CommitsAnswer;
    ListOffsets ListOffsetsRequest 4..=10;
    // 14 and later add what replicas tell and what brokers hint; a reader lacks nothing.
    Fetch FetchRequest 10..=13 {
        fn reads_only(&self) -> bool {
            self.replica_id.0 == -1
                && self.replica_state == ReplicaState::default()
                && self.isolation_level == READ_COMMITTED
                && (self.session_id, self.session_epoch) == (NO_SESSION, NO_SESSION_EPOCH)
                && self.forgotten_topics_data.is_empty()
        }
    };
}

/// Asked once more by the guard when a frame is built, whatever the types said. The version counts:
/// a kind that reads today may have created something in an older one.
pub(super) fn may_be_sent(key: i16, version: i16) -> bool {
    let spoken = |api: &Api| api.key == key && (api.lowest..=api.highest).contains(&version);
    READ_ONLY.iter().any(spoken)
}

#[cfg(test)]
mod tests {
    use kafka_protocol::messages::ApiKey;

    use super::*;

    #[test]
    fn only_what_reads_can_be_sent() {
        let mut allowed: Vec<String> = (i16::MIN..=i16::MAX)
            .filter(|key| (0..=i8::MAX).any(|version| may_be_sent(*key, version.into())))
            .map(|key| format!("{:?}", ApiKey::try_from(key).unwrap()))
            .collect();
        allowed.sort();
        assert_eq!(
            allowed,
            [
                "ApiVersions",
                "ConsumerGroupDescribe",
                "DescribeCluster",
                "DescribeConfigs",
                "DescribeGroups",
                "DescribeLogDirs",
                "DescribeQuorum",
                "DescribeTopicPartitions",
                "Fetch",
                "FindCoordinator",
                "ListGroups",
                "ListOffsets",
                "Metadata",
                "OffsetFetch",
                "SaslAuthenticate",
                "SaslHandshake",
                "ShareGroupDescribe",
            ]
        );
    }

    #[test]
    fn names_are_those_of_their_keys() {
        for api in READ_ONLY {
            let key = ApiKey::try_from(api.key).unwrap();
            assert_eq!(format!("{key:?}"), api.name);
            let spoken = key.valid_versions();
            assert!(
                spoken.min <= api.lowest && api.highest <= spoken.max,
                "{api:?}"
            );
        }
    }

    #[test]
    fn a_fetch_of_a_replica_or_of_a_session_is_none() {
        let ours = FetchRequest::default()
            .with_replica_id((-1).into())
            .with_isolation_level(READ_COMMITTED)
            .with_session_id(NO_SESSION)
            .with_session_epoch(NO_SESSION_EPOCH);
        assert!(ours.reads_only());
        for other in [
            ours.clone().with_replica_id(1.into()),
            ours.clone().with_session_id(7),
            ours.clone().with_session_epoch(0),
            ours.clone().with_isolation_level(0),
            ours.clone()
                .with_replica_state(ReplicaState::default().with_replica_id(2.into())),
        ] {
            assert!(!other.reads_only(), "{other:?}");
        }
    }

    #[test]
    fn metadata_that_would_create_topics_is_none() {
        assert!(
            MetadataRequest::default()
                .with_allow_auto_topic_creation(false)
                .reads_only()
        );
        assert!(
            !MetadataRequest::default()
                .with_allow_auto_topic_creation(true)
                .reads_only()
        );
        // Before version 4 there is no such field, and topics are created.
        assert!((0..4).all(|version| !may_be_sent(MetadataRequest::KEY, version)));
        assert!(may_be_sent(
            MetadataRequest::KEY,
            MetadataRequest::API.lowest
        ));
    }
}
