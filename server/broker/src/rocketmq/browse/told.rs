//! From a stored message to what is handed over.

use bytes::Bytes;
use waybill_model::time::Timestamp;

use crate::browse::Stored;
use crate::rocketmq::queue::Queue;
use crate::rocketmq::stored::message::Message;

const KEYS: &str = "KEYS";

/// Names that clients and brokers write themselves (`MessageConst`), and how they are told. What has
/// no place here is of the application.
const OF_ROCKETMQ: &[(&str, &str)] = &[
    ("UNIQ_KEY", "message_id"),
    ("TAGS", "tags"),
    ("WAIT", "wait"),
    ("DELAY", "delay_level"),
    ("RETRY_TOPIC", "retry_topic"),
    ("ORIGIN_MESSAGE_ID", "origin_message_id"),
    ("ORIGIN_GROUP", "origin_group"),
    ("REAL_TOPIC", "real_topic"),
    ("REAL_QID", "real_queue"),
    ("RECONSUME_TIME", "reconsume_time"),
    ("MAX_RECONSUME_TIMES", "max_reconsume_times"),
    ("DLQ_ORIGIN_TOPIC", "dlq_origin_topic"),
    ("DLQ_ORIGIN_MESSAGE_ID", "dlq_origin_message_id"),
    ("TRAN_MSG", "transactional"),
    ("PGROUP", "producer_group"),
    ("__transactionId__", "transaction_id"),
    ("TRANSACTION_CHECK_TIMES", "transaction_check_times"),
    ("TRAN_PREPARED_QUEUE_OFFSET", "prepared_queue_offset"),
    ("CHECK_IMMUNITY_TIME_IN_SECONDS", "check_immunity_s"),
    ("TIMER_DELAY_SEC", "timer_delay_s"),
    ("TIMER_DELAY_MS", "timer_delay_ms"),
    ("TIMER_DELIVER_MS", "timer_deliver_ms"),
    ("TIMER_OUT_MS", "timer_out_ms"),
    ("TIMER_ENQUEUE_MS", "timer_enqueue_ms"),
    ("TIMER_DEQUEUE_MS", "timer_dequeue_ms"),
    ("TIMER_ROLL_TIMES", "timer_roll_times"),
    ("TIMER_DEL_UNIQKEY", "timer_del_uniqkey"),
    ("__STARTDELIVERTIME", "start_deliver_time"),
    ("MSG_REGION", "region"),
    ("TRACE_ON", "trace"),
    ("CLUSTER", "cluster"),
    ("MSG_TYPE", "message_type"),
    ("__SHARDINGKEY", "sharding_key"),
    ("INSTANCE_ID", "instance_id"),
    ("CORRELATION_ID", "correlation_id"),
    ("REPLY_TO_CLIENT", "reply_to_client"),
    ("TTL", "ttl"),
    ("CONSUME_START_TIME", "consume_start_time"),
    ("POP_CK", "pop_ck"),
    ("1ST_POP_TIME", "first_pop_time"),
    ("BORN_TIMESTAMP", "born_timestamp"),
    ("__BORNHOST", "born_host_told"),
    ("BUYER_ID", "buyer_id"),
    ("TRANSFER_FLAG", "transfer_flag"),
    ("CORRECTION_FLAG", "correction_flag"),
    ("MQ2_FLAG", "mq2_flag"),
    ("EXTEND_UNIQ_INFO", "extend_uniq_info"),
    ("INNER_NUM", "inner_num"),
    ("INNER_BASE", "inner_base"),
    ("INNER_MULTI_DISPATCH", "inner_multi_dispatch"),
    ("INNER_MULTI_QUEUE_OFFSET", "inner_multi_queue_offset"),
    ("_SYS_MSG_PRIORITY_", "priority"),
    ("__LITE_TOPIC", "lite_topic"),
    ("DUP_INFO", "dup_info"),
    ("__CRC32#", "properties_crc"),
];

/// With bytes of its own: who keeps one message must not keep its whole answer.
pub(super) fn stored(message: &Message, queue: &Queue) -> Stored {
    let mut properties = facts(message);
    let value = match message.unfolded() {
        Ok(body) => body,
        Err(why) => {
            properties.push(("body", format!("as it is stored: {why}")));
            message.body.clone()
        }
    };
    let mut headers = Vec::new();
    for (name, value) in message.properties.iter() {
        if name == KEYS {
            continue;
        }
        match OF_ROCKETMQ.iter().find(|(own, _)| *own == name) {
            Some((_, told)) => {
                properties.push((told, String::from_utf8_lossy(value).into_owned()));
            }
            None => headers.push((name.to_owned(), Some(Bytes::copy_from_slice(value)))),
        }
    }
    // Several are one text with spaces between; spans name the first.
    let keys = message.properties.text(KEYS);
    if let Some(keys) = keys.filter(|keys| keys.contains(' ')) {
        properties.push(("keys", keys.to_owned()));
    }
    let key = keys.and_then(|keys| keys.split(' ').find(|key| !key.is_empty()));
    let of_headers = headers.iter().map(|(name, value)| {
        let value = value.as_ref().map_or(0, Bytes::len);
        name.len() + value
    });
    let size = key.map_or(0, str::len) + value.len() + of_headers.sum::<usize>();
    Stored {
        partition: Some(queue.to_string()),
        offset: message.offset,
        at: Some(Timestamp::from_unix_millis(message.stored_at)),
        is_broker_time: true,
        key: key.map(|key| Bytes::copy_from_slice(key.as_bytes())),
        value: Some(Bytes::copy_from_slice(&value)),
        headers,
        properties,
        size_bytes: size as u64,
    }
}

/// What stands beside the properties.
fn facts(message: &Message) -> Vec<(&'static str, String)> {
    let flags = message.flags;
    let mut facts = vec![
        ("offset_message_id", message.id().to_string()),
        (
            "born_at",
            Timestamp::from_unix_millis(message.born_at).to_string(),
        ),
        ("born_host", message.born_host.to_string()),
        ("store_host", message.store_host.to_string()),
    ];
    let some = [
        (
            "reconsume_times",
            (message.reconsume_times != 0).then(|| message.reconsume_times.to_string()),
        ),
        ("compression", flags.codec().map(|codec| codec.name())),
        (
            "transaction",
            flags.transaction().map(|state| state.name().to_owned()),
        ),
        (
            "batch",
            flags
                .is_batch()
                .then(|| "several messages in one".to_owned()),
        ),
        (
            "body_checksum",
            (!message.is_intact).then(|| "wrong".to_owned()),
        ),
    ];
    let some = some.into_iter();
    facts.extend(some.filter_map(|(name, told)| told.map(|told| (name, told))));
    facts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rocketmq::stored::message::Messages;
    use crate::rocketmq::stored::written::Written;
    use crate::rocketmq::wire::recorded;

    fn first(body: Bytes) -> Stored {
        let message = Messages::of(body).next().unwrap().unwrap();
        stored(&message, &Queue::new("broker-a", 0))
    }

    fn property<'a>(stored: &'a Stored, name: &str) -> Option<&'a str> {
        let mut named = stored.properties.iter().filter(|(own, _)| *own == name);
        named.next().map(|(_, value)| value.as_str())
    }

    #[test]
    fn a_message_is_told_in_full() {
        let told = first(recorded::body("broker/0011-PULL_MESSAGE.resp.bin"));
        assert_eq!(told.partition.as_deref(), Some("broker-a:0"));
        assert_eq!(told.key.as_deref(), Some(&b"order-1"[..]));
        assert_eq!(told.value.as_deref(), Some(&b"hello frames"[..]));
        assert_eq!(property(&told, "tags"), Some("tagA"));
        let id = Some("DBCD4435AB3E4D669E14D31A24608DC8");
        assert_eq!(property(&told, "message_id"), id);
        let id = Some("7F000001000051AF0000000000018723");
        assert_eq!(property(&told, "offset_message_id"), id);
        assert_eq!(property(&told, "store_host"), Some("127.0.0.1:20911"));
        assert_eq!(property(&told, "reconsume_times"), None);
        assert!(told.headers.is_empty(), "{:?}", told.headers);
        assert_eq!(told.size_bytes, 19);
    }

    #[test]
    fn a_dead_letter_tells_where_it_is_from() {
        let told = first(recorded::body("broker/0011-PULL_MESSAGE-DLQ.resp.bin"));
        assert_eq!(property(&told, "retry_topic"), Some("lab-frames"));
        assert_eq!(property(&told, "reconsume_times"), Some("1"));
        let id = Some("7F000001000051AF0000000000018723");
        assert_eq!(property(&told, "origin_message_id"), id);
    }

    #[test]
    fn what_the_application_wrote_are_headers() {
        let written = Written {
            flags: 8 | 0x301,
            properties: vec![
                ("traceparent".into(), "00-a-b-03".into()),
                ("KEYS".into(), "a b".into()),
                ("order.id".into(), "7".into()),
                ("PGROUP".into(), "shop".into()),
            ],
            ..Written::default()
        };
        let told = first(written.bytes().into());
        let names: Vec<_> = told.headers.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["traceparent", "order.id"]);
        assert_eq!(told.key.as_deref(), Some(&b"a"[..]));
        assert_eq!(property(&told, "keys"), Some("a b"));
        assert_eq!(property(&told, "producer_group"), Some("shop"));
        assert_eq!(property(&told, "transaction"), Some("committed"));
        assert_eq!(property(&told, "compression"), Some("zlib"));
        // What is no compression is handed over as it is, and told.
        assert_eq!(told.value.as_deref(), Some(&b"hello"[..]));
        let why = property(&told, "body").unwrap();
        assert!(why.contains("compression is broken"), "{why}");
    }
}
