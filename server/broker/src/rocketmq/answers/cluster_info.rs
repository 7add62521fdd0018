//! 106 GET_BROKER_CLUSTER_INFO, of a name server: which brokers it knows now. A broker that is gone,
//! or a group of replicas without a master, is not in it.

use std::collections::BTreeMap;

use serde::Deserialize;

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::rocketmq) struct ClusterInfo {
    /// By broker name.
    pub broker_addr_table: BTreeMap<String, BrokerData>,
    /// By cluster: its broker names.
    pub cluster_addr_table: BTreeMap<String, Vec<String>>,
}

/// The replicas that go by one broker name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::rocketmq) struct BrokerData {
    pub cluster: Option<String>,
    pub broker_name: String,
    /// By id; 0 is the master.
    pub broker_addrs: BTreeMap<i64, String>,
}

pub(in crate::rocketmq) const MASTER_ID: i64 = 0;

impl BrokerData {
    #[cfg(test)]
    pub(in crate::rocketmq) fn master(&self) -> Option<&str> {
        self.broker_addrs.get(&MASTER_ID).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rocketmq::answers::{read, recorded};

    #[test]
    fn a_recorded_answer() {
        let told: ClusterInfo =
            read(&recorded::body("broker/0106-GET_BROKER_CLUSTER_INFO")).unwrap();
        assert_eq!(told.cluster_addr_table["lab"], ["broker-a"]);
        assert_eq!(
            told.broker_addr_table["broker-a"].master(),
            Some("127.0.0.1:20911")
        );
        let told: ClusterInfo = read(&recorded::body(
            "controller/0106-GET_BROKER_CLUSTER_INFO-no-master",
        ))
        .unwrap();
        assert_eq!(told, ClusterInfo::default());
    }

    #[test]
    fn slaves_stand_under_their_own_ids() {
        let body = br#"{"brokerAddrTable":{"b":{"brokerAddrs":{2:"x:2",0:"x:1",9223372036854775807:"x:3"}}}}"#;
        let told: ClusterInfo = read(body).unwrap();
        let data = &told.broker_addr_table["b"];
        assert_eq!(data.master(), Some("x:1"));
        assert_eq!(data.broker_addrs[&i64::MAX], "x:3");
    }
}
