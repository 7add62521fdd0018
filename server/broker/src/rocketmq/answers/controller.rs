//! 1006 CONTROLLER_GET_SYNC_STATE_DATA, of the leading controller: the replicas of broker names, and
//! which of them hold everything acknowledged. (1005 answers in its header alone.)

use std::collections::BTreeMap;

use serde::Deserialize;

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::rocketmq) struct SyncStates {
    /// By broker name.
    pub replicas_info_table: BTreeMap<String, ReplicasInfo>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::rocketmq) struct ReplicasInfo {
    /// `None`: there is no master now.
    pub master_broker_id: Option<i64>,
    pub master_address: Option<String>,
    pub master_epoch: Option<i64>,
    pub in_sync_replicas: Vec<Replica>,
    pub not_in_sync_replicas: Vec<Replica>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::rocketmq) struct Replica {
    pub broker_id: Option<i64>,
    pub broker_address: String,
    pub alive: Option<bool>,
}

impl ReplicasInfo {
    pub(in crate::rocketmq) fn replicas(&self) -> impl Iterator<Item = &Replica> {
        self.in_sync_replicas
            .iter()
            .chain(&self.not_in_sync_replicas)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rocketmq::answers::{read, recorded};

    #[test]
    fn with_and_without_a_master() {
        let of = |name: &str| {
            let told: SyncStates = read(&recorded::body(name)).unwrap();
            told.replicas_info_table["broker-h"].clone()
        };
        let told = of("controller/1006-CONTROLLER_GET_SYNC_STATE_DATA");
        assert_eq!(told.master_address.as_deref(), Some("127.0.0.1:30931"));
        assert_eq!(
            (told.master_broker_id, told.master_epoch),
            (Some(3), Some(7))
        );
        assert_eq!(told.in_sync_replicas.len(), 1);
        assert_eq!(told.replicas().count(), 3);
        let told = of("controller/1006-CONTROLLER_GET_SYNC_STATE_DATA-no-master");
        assert_eq!(told.master_address, None);
        assert_eq!(told.in_sync_replicas[0].alive, Some(false));
    }
}
