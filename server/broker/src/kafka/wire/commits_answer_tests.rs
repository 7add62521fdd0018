//! Against the crate's own encoder and decoder.

use bytes::BytesMut;
use kafka_protocol::messages::offset_fetch_response::{
    OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions,
    OffsetFetchResponseTopic, OffsetFetchResponseTopics,
};
use kafka_protocol::messages::{GroupId, OffsetFetchResponse, TopicName};
use kafka_protocol::protocol::{Encodable, StrBytes};
use proptest::prelude::*;

use super::*;

fn encoded(told: &CommitsAnswer, version: i16) -> Bytes {
    let text = |name: &str| StrBytes::from_string(name.to_owned());
    let mut answer = OffsetFetchResponse::default().with_throttle_time_ms(7);
    if version >= BATCHED {
        let groups = told.groups.iter().map(|group| {
            let topics = group.topics.iter().map(|topic| {
                let partitions = topic.partitions.iter().map(|p| {
                    OffsetFetchResponsePartitions::default()
                        .with_partition_index(p.partition)
                        .with_committed_offset(p.offset)
                        .with_error_code(p.error)
                        .with_metadata((p.partition % 2 == 0).then(|| text("meta")))
                });
                OffsetFetchResponseTopics::default()
                    .with_name(TopicName(text(&topic.topic)))
                    .with_partitions(partitions.collect())
            });
            OffsetFetchResponseGroup::default()
                .with_group_id(GroupId(text(&group.group)))
                .with_error_code(group.error)
                .with_topics(topics.collect())
        });
        answer = answer.with_groups(groups.collect());
    } else if let Some(group) = told.groups.first() {
        let topics = group.topics.iter().map(|topic| {
            let partitions = topic.partitions.iter().map(|p| {
                OffsetFetchResponsePartition::default()
                    .with_partition_index(p.partition)
                    .with_committed_offset(p.offset)
                    .with_error_code(p.error)
                    .with_metadata((p.partition % 2 == 0).then(|| text("meta")))
            });
            OffsetFetchResponseTopic::default()
                .with_name(TopicName(text(&topic.topic)))
                .with_partitions(partitions.collect())
        });
        answer = answer
            .with_error_code(group.error)
            .with_topics(topics.collect());
    }
    let mut bytes = BytesMut::new();
    answer.encode(&mut bytes, version).unwrap();
    bytes.freeze()
}

fn partition() -> impl Strategy<Value = PartitionCommit> {
    (any::<i32>(), any::<i16>(), any::<i64>()).prop_map(|(partition, error, offset)| {
        PartitionCommit {
            partition,
            error,
            offset,
        }
    })
}

fn topic() -> impl Strategy<Value = TopicCommits> {
    ("[a-z☃]{0,40}", prop::collection::vec(partition(), 0..300))
        .prop_map(|(topic, partitions)| TopicCommits { topic, partitions })
}

fn group() -> impl Strategy<Value = GroupCommits> {
    (
        "[a-z☃]{0,200}",
        any::<i16>(),
        prop::collection::vec(topic(), 0..4),
    )
        .prop_map(|(group, error, topics)| GroupCommits {
            group,
            error,
            topics,
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_a_broker_writes_is_read(groups in prop::collection::vec(group(), 0..4), version in 5..=9i16) {
        let mut told = CommitsAnswer { groups };
        if version < BATCHED {
            told.groups.truncate(1);
            told.groups.resize(1, GroupCommits::default());
            told.groups[0].group.clear();
        }
        let body = encoded(&told, version);
        prop_assert_eq!(CommitsAnswer::read(body.clone(), version), Ok(told));
        // Cut anywhere, or with more behind it, it is refused.
        for end in [0, body.len() / 3, body.len() / 2, body.len() - 1] {
            prop_assert!(CommitsAnswer::read(body.slice(..end), version).is_err());
        }
        let longer = [&body[..], &[0]].concat();
        let refused = CommitsAnswer::read(longer.into(), version);
        prop_assert_eq!(refused, Err("it has 1 bytes too many".into()));
    }

    #[test]
    fn no_bytes_break_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..400), version in 5..=9i16) {
        let _ = CommitsAnswer::read(bytes.into(), version);
    }
}

#[test]
fn a_name_that_is_no_text_is_refused() {
    let told = CommitsAnswer {
        groups: vec![GroupCommits {
            group: "abc".into(),
            ..GroupCommits::default()
        }],
    };
    let mut bytes = encoded(&told, 9).to_vec();
    let at = bytes.windows(3).position(|part| part == b"abc").unwrap();
    bytes[at] = 0xff;
    let refused = CommitsAnswer::read(bytes.into(), 9);
    assert_eq!(refused, Err("a name in it is not UTF-8".into()));
}
