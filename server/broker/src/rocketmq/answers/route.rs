//! 105 GET_ROUTEINFO_BY_TOPIC, of a name server: where a topic is, and what may be done there.

use serde::Deserialize;

use super::cluster_info::BrokerData;

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::rocketmq) struct Route {
    pub broker_datas: Vec<BrokerData>,
    pub queue_datas: Vec<QueueData>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::rocketmq) struct QueueData {
    pub broker_name: String,
    pub read_queue_nums: i32,
    pub write_queue_nums: i32,
    /// See [`super::topic_configs::Permission`].
    pub perm: i32,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rocketmq::answers::{read, recorded};

    #[test]
    fn recorded_answers() {
        for (name, perm) in [
            ("0105-GET_ROUTEINFO_BY_TOPIC", 6),
            ("0105-GET_ROUTEINFO_BY_TOPIC-standard-json", 6),
            ("0105-GET_ROUTEINFO_BY_TOPIC-old-client-version", 6),
            ("0105-GET_ROUTEINFO_BY_TOPIC-wiped", 4),
        ] {
            let told: Route = read(&recorded::body(&format!("broker/{name}"))).unwrap();
            assert_eq!(told.queue_datas.len(), 1, "{name}");
            assert_eq!(told.queue_datas[0].perm, perm, "{name}");
            assert_eq!(told.queue_datas[0].broker_name, "broker-a", "{name}");
            assert_eq!(
                told.broker_datas[0].master(),
                Some("127.0.0.1:20911"),
                "{name}"
            );
        }
    }
}
