//! 203 GET_CONSUMER_CONNECTION_LIST, of a broker or, for groups that read through it, of a proxy: who
//! reads for a group now.

use std::collections::BTreeMap;

use serde::Deserialize;

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::rocketmq) struct ConsumerConnections {
    pub connection_set: Vec<Connection>,
    /// By topic.
    pub subscription_table: BTreeMap<String, Subscription>,
    /// `CONSUME_PASSIVELY` (pushed to), `CONSUME_ACTIVELY` (pulls), `CONSUME_POP`.
    pub consume_type: Option<String>,
    /// `CLUSTERING` or `BROADCASTING`.
    pub message_model: Option<String>,
    pub consume_from_where: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::rocketmq) struct Connection {
    pub client_id: String,
    pub client_addr: Option<String>,
    pub language: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::rocketmq) struct Subscription {
    /// A tag expression or SQL-92, by `expressionType`.
    pub sub_string: Option<String>,
    pub expression_type: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rocketmq::answers::{read, recorded};

    #[test]
    fn a_recorded_answer() {
        let told: ConsumerConnections =
            read(&recorded::body("broker/0203-GET_CONSUMER_CONNECTION_LIST")).unwrap();
        assert_eq!(told.connection_set.len(), 1);
        assert_eq!(
            told.connection_set[0].client_id,
            "192.0.2.2@29397#1925774350716"
        );
        assert_eq!(told.consume_type.as_deref(), Some("CONSUME_PASSIVELY"));
        assert_eq!(told.message_model.as_deref(), Some("CLUSTERING"));
        let topics: Vec<&str> = told.subscription_table.keys().map(String::as_str).collect();
        assert_eq!(topics, ["%RETRY%cg-frames", "lab-frames"]);
        let subscription = &told.subscription_table["lab-frames"];
        assert_eq!(subscription.sub_string.as_deref(), Some("*"));
    }
}
