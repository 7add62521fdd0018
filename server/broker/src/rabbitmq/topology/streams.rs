//! How far consumers of streams are: told by the plugin rabbitmq_stream_management, of those that
//! read by the stream protocol. A stream that is read over AMQP tells no offset.

use std::collections::BTreeMap;

use waybill_model::topology::{Member, Topology, Unknown, Why};

use super::super::answers::StreamConsumer;
use super::super::failure::Failure;
use super::groups::STREAM;

const MEMBER: &str = "members.offset";

pub(super) fn readers(told: Result<Vec<StreamConsumer>, Failure>, topology: &mut Topology) {
    let consumers = match told {
        Ok(consumers) => consumers,
        Err(failure) => {
            let unknown = match failure.status {
                // Whoever asks for JSON is answered 406 where the plugin is not there (3.10.8).
                Some(404 | 406) => Unknown {
                    member: MEMBER.to_owned(),
                    why: Why::Unsupported,
                    detail: Some("the plugin rabbitmq_stream_management is not enabled".to_owned()),
                },
                _ => failure.unknown(MEMBER),
            };
            for group in topology.groups.iter_mut().filter(|g| g.kind == STREAM) {
                group.unknown.push(unknown.clone());
            }
            return;
        }
    };
    let mut by_stream: BTreeMap<(String, String), Vec<Member>> = BTreeMap::new();
    for consumer in consumers {
        if let Some(queue) = &consumer.queue {
            let stream = (queue.vhost.clone(), queue.name.clone());
            by_stream.entry(stream).or_default().push(member(consumer));
        }
    }
    for group in topology.groups.iter_mut().filter(|g| g.kind == STREAM) {
        let key = (
            group.namespace.clone().unwrap_or_default(),
            group.name.clone(),
        );
        let members = group.members.get_or_insert_default();
        // What is listed already reads over AMQP, or is the same consumer without its offset.
        for member in by_stream.remove(&key).unwrap_or_default() {
            members.retain(|known| known.host.is_none() || known.host != member.host);
            members.push(member);
        }
        if members.iter().any(|member| member.offset.is_none()) {
            group.unknown.push(Unknown {
                member: MEMBER.to_owned(),
                why: Why::Unsupported,
                detail: Some("of a consumer that reads over AMQP nobody tells it".to_owned()),
            });
        }
    }
}

fn member(consumer: StreamConsumer) -> Member {
    let connection = consumer.connection_details.unwrap_or_default();
    let host = match (connection.peer_host, connection.peer_port) {
        (Some(host), Some(port)) => Some(format!("{host}:{port}")),
        (host, _) => host,
    };
    Member {
        id: consumer
            .subscription_id
            .map(|id| format!("subscription {id}"))
            .unwrap_or_default(),
        client_id: connection.name,
        host,
        offset: consumer
            .offset
            .and_then(|offset| i64::try_from(offset).ok()),
        lag_messages: consumer.offset_lag,
        ..Member::default()
    }
}
