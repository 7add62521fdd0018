//! What of a broker's configuration decides whether messages are lost. The answer holds all of it,
//! credentials too: nothing else is taken from it, and it is never written anywhere.

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::rocketmq) struct BrokerConfig {
    pub(in crate::rocketmq) flush_disk_type: Option<String>,
    pub(in crate::rocketmq) broker_role: Option<String>,
    pub(in crate::rocketmq) file_reserved_hours: Option<u64>,
}

impl BrokerConfig {
    /// A text of properties, a line each (`MixAll.properties2String`).
    pub(in crate::rocketmq) fn read(body: &[u8]) -> Self {
        let mut told = Self::default();
        for line in String::from_utf8_lossy(body).lines() {
            let Some((name, value)) = line.split_once('=') else {
                continue;
            };
            let value = value.trim();
            match name.trim() {
                "flushDiskType" => told.flush_disk_type = word(value),
                "brokerRole" => told.broker_role = word(value),
                "fileReservedTime" => told.file_reserved_hours = value.parse().ok(),
                _ => {}
            }
        }
        told
    }
}

/// The name of a constant: anything else is none of the values that these keys have.
fn word(value: &str) -> Option<String> {
    let is_name = |c: char| c.is_ascii_uppercase() || c == '_';
    let is_word = (1..=32).contains(&value.len()) && value.chars().all(is_name);
    is_word.then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rocketmq::answers::recorded;

    #[test]
    fn a_recorded_answer_tells_three_things() {
        let body = recorded::body("broker/0026-GET_BROKER_CONFIG");
        let wanted = BrokerConfig {
            flush_disk_type: Some("ASYNC_FLUSH".into()),
            broker_role: Some("ASYNC_MASTER".into()),
            file_reserved_hours: Some(72),
        };
        assert_eq!(BrokerConfig::read(&body), wanted);
    }

    #[test]
    fn nothing_else_is_taken_from_it() {
        let body = b"secretKey=s3cret\nbrokerRole = rocket=s3cret\nfileReservedTime=-1\n=\n\xff\n";
        assert_eq!(BrokerConfig::read(body), BrokerConfig::default());
    }
}
