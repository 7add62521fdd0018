//! Where a record lay before it was put elsewhere, as frameworks write it into its headers. Sources:
//! Spring for Apache Kafka, `KafkaHeaders` (`kafka_dlt-original-*`, `kafka_original-*`, numbers as
//! big-endian bytes); Kafka Connect, `__connect.errors.*` (text).

use bytes::Bytes;

use crate::adapter::CameFrom;

/// By trust: what retry topics carry on is the first place, what a dead-letter publisher writes the
/// last one.
const NAMES: [[&str; 3]; 3] = [
    [
        "kafka_original-topic",
        "kafka_original-partition",
        "kafka_original-offset",
    ],
    [
        "kafka_dlt-original-topic",
        "kafka_dlt-original-partition",
        "kafka_dlt-original-offset",
    ],
    [
        "__connect.errors.topic",
        "__connect.errors.partition",
        "__connect.errors.offset",
    ],
];

pub(super) fn came_from(headers: &[(String, Option<Bytes>)]) -> Option<CameFrom> {
    let value = |name: &str| {
        let mut named = headers.iter().filter(|(own, _)| own == name);
        named.next()?.1.as_deref()
    };
    NAMES.iter().find_map(|[topic, partition, offset]| {
        Some(CameFrom {
            destination: std::str::from_utf8(value(topic)?).ok()?.to_owned(),
            partition: number(value(partition)?)?.to_string(),
            offset: number(value(offset)?)?,
        })
    })
}

fn number(bytes: &[u8]) -> Option<i64> {
    // Text of four or eight digits is no number of an offset's size: digits are read as digits.
    if !bytes.is_empty() && bytes.iter().all(u8::is_ascii_digit) {
        return std::str::from_utf8(bytes).ok()?.parse().ok();
    }
    match bytes.len() {
        4 => Some(i64::from(i32::from_be_bytes(bytes.try_into().ok()?))),
        8 => Some(i64::from_be_bytes(bytes.try_into().ok()?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(name: &str, value: &[u8]) -> (String, Option<Bytes>) {
        (name.to_owned(), Some(Bytes::copy_from_slice(value)))
    }

    #[test]
    fn origins_are_read_from_bytes_and_text() {
        let spring = [
            header("kafka_dlt-original-topic", b"orders-retry-0"),
            header("kafka_dlt-original-partition", &1i32.to_be_bytes()),
            header("kafka_dlt-original-offset", &9i64.to_be_bytes()),
        ];
        let retried = came_from(&spring).unwrap();
        assert_eq!(
            (retried.destination.as_str(), retried.offset),
            ("orders-retry-0", 9)
        );
        let mut with_first = spring.to_vec();
        with_first.extend([
            header("kafka_original-topic", b"orders"),
            header("kafka_original-partition", &2i32.to_be_bytes()),
            header("kafka_original-offset", &42i64.to_be_bytes()),
        ]);
        let first = came_from(&with_first).unwrap();
        assert_eq!(
            (
                first.destination.as_str(),
                first.partition.as_str(),
                first.offset
            ),
            ("orders", "2", 42)
        );
        let connect = [
            header("__connect.errors.topic", b"orders"),
            header("__connect.errors.partition", b"3"),
            header("__connect.errors.offset", b"17"),
        ];
        assert_eq!(came_from(&connect).unwrap().offset, 17);
        assert_eq!(came_from(&spring[..2]), None);
        assert_eq!(came_from(&[]), None);
    }
}
