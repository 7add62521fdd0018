//! The settings that decide what happens to messages of a topic.

use std::collections::HashMap;

use kafka_protocol::messages::DescribeConfigsRequest;
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::describe_configs_response::DescribeConfigsResourceResult;
use kafka_protocol::protocol::StrBytes;
use waybill_model::topology::Setting;

use crate::kafka::client::Session;
use crate::kafka::wire::failure::Failure;

pub(super) const RIGHT: &str = "DescribeConfigs on Topic";
pub(in crate::kafka) const MIN_IN_SYNC: &str = "min.insync.replicas";
pub(in crate::kafka) const UNCLEAN_ELECTION: &str = "unclean.leader.election.enable";
const NAMES: [&str; 6] = [
    CLEANUP,
    "max.message.bytes",
    MIN_IN_SYNC,
    KEEPS_BYTES,
    KEEPS_MS,
    UNCLEAN_ELECTION,
];
const CLEANUP: &str = "cleanup.policy";
const KEEPS_BYTES: &str = "retention.bytes";
const KEEPS_MS: &str = "retention.ms";
const TOPIC: i8 = 2;
const AT_ONCE: usize = 1000;

pub(super) type ByTopic = HashMap<String, Result<Vec<Setting>, Failure>>;

/// Age and bytes of a partition from which its messages may be dropped. Below zero is no limit, and a
/// topic that is compacted alone drops nothing by either.
pub(super) fn keeps(settings: &[Setting]) -> (Option<u64>, Option<u64>) {
    let value = |name: &str| {
        let setting = settings.iter().find(|setting| setting.name == name)?;
        setting.value.as_deref()
    };
    let drops = value(CLEANUP).is_none_or(|policy| policy.contains("delete"));
    let limit = |name: &str| value(name)?.parse().ok().filter(|_| drops);
    (limit(KEEPS_MS), limit(KEEPS_BYTES))
}

/// Any node answers for all topics, a thousand in a request.
pub(super) async fn read(session: &Session<'_>, topics: &[&str]) -> ByTopic {
    let mut by_topic = ByTopic::with_capacity(topics.len());
    for topics in topics.chunks(AT_ONCE) {
        let asked = session.ask_any(|_| {
            let resources = topics.iter().map(|topic| {
                DescribeConfigsResource::default()
                    .with_resource_type(TOPIC)
                    .with_resource_name(StrBytes::from_string((*topic).to_owned()))
                    .with_configuration_keys(Some(NAMES.map(StrBytes::from_static_str).to_vec()))
            });
            DescribeConfigsRequest::default().with_resources(resources.collect())
        });
        match asked.await {
            Ok(answer) => by_topic.extend(answer.results.iter().map(|result| {
                let outcome = Failure::check(result.error_code, result.error_message.as_deref());
                let settings = outcome.map(|()| result.configs.iter().map(setting).collect());
                (result.resource_name.to_string(), settings)
            })),
            Err(failure) => {
                let failed = topics
                    .iter()
                    .map(|topic| ((*topic).to_owned(), Err(failure.clone())));
                by_topic.extend(failed);
            }
        }
    }
    by_topic
}

fn setting(config: &DescribeConfigsResourceResult) -> Setting {
    Setting {
        name: config.name.to_string(),
        value: config
            .value
            .as_ref()
            .filter(|_| !config.is_sensitive)
            .map(|value| value.to_string()),
        source: source(config.config_source).to_owned(),
    }
}

/// `ConfigEntry.ConfigSource`, in words.
fn source(code: i8) -> &'static str {
    match code {
        1 => "topic",
        2 => "broker, dynamic",
        3 => "all brokers, dynamic",
        4 => "broker, static",
        5 => "default",
        _ => "other",
    }
}
