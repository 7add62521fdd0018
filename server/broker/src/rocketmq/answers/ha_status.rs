//! 907 GET_BROKER_HA_STATUS, of a master: how many slaves hold what it has.

use serde::Deserialize;

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::rocketmq) struct HaStatus {
    pub master: Option<bool>,
    /// Slaves are not named: `addr` of a connection is a port that its slave happens to have.
    pub in_sync_slave_nums: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rocketmq::answers::{read, recorded};

    #[test]
    fn on_a_master_and_on_a_slave() {
        for (name, is_master, slaves) in [
            ("broker/0907-GET_BROKER_HA_STATUS", true, 0),
            ("controller/0907-GET_BROKER_HA_STATUS-with-slaves", true, 2),
            ("controller/0907-GET_BROKER_HA_STATUS-on-slave", false, 0),
        ] {
            let told: HaStatus = read(&recorded::body(name)).unwrap();
            assert_eq!(told.master, Some(is_master), "{name}");
            assert_eq!(told.in_sync_slave_nums, Some(slaves), "{name}");
        }
    }
}
