//! What is asked, and what comes back. Numbers and names are those of `RequestCode` and
//! `ResponseCode` of `rocketmq-remoting` 5.5.0.

use std::collections::BTreeMap;

use bytes::Bytes;

/// A kind of request, by the broker's own name for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rocketmq) struct Code {
    pub(in crate::rocketmq) number: i32,
    pub(in crate::rocketmq) name: &'static str,
}

macro_rules! codes {
    ($($(#[$about:meta])* $name:ident = $number:literal;)*) => {
        $(
            $(#[$about])*
            pub(in crate::rocketmq) const $name: Code =
                Code { number: $number, name: stringify!($name) };
        )*
        /// Everything that has a name here: what changes nothing.
        pub(super) const NAMED: &[Code] = &[$($name),*];
    };
}

// Of a name server.
codes! {
    GET_ROUTEINFO_BY_TOPIC = 105;
    GET_BROKER_CLUSTER_INFO = 106;
    GET_ALL_TOPIC_LIST_FROM_NAMESERVER = 206;
    GET_TOPICS_BY_CLUSTER = 224;
    GET_SYSTEM_TOPIC_LIST_FROM_NS = 304;
    // Of a broker: messages.
    PULL_MESSAGE = 11;
    QUERY_MESSAGE = 12;
    SEARCH_OFFSET_BY_TIMESTAMP = 29;
    GET_MAX_OFFSET = 30;
    GET_MIN_OFFSET = 31;
    GET_EARLIEST_MSG_STORETIME = 32;
    VIEW_MESSAGE_BY_ID = 33;
    // Of a broker: what it is and what it has.
    QUERY_CONSUMER_OFFSET = 14;
    GET_ALL_TOPIC_CONFIG = 21;
    GET_BROKER_CONFIG = 26;
    GET_BROKER_RUNTIME_INFO = 28;
    GET_CONSUMER_LIST_BY_GROUP = 38;
    GET_ALL_CONSUMER_OFFSET = 43;
    GET_ALL_DELAY_OFFSET = 45;
    GET_ALL_SUBSCRIPTIONGROUP_CONFIG = 201;
    GET_TOPIC_STATS_INFO = 202;
    GET_CONSUMER_CONNECTION_LIST = 203;
    GET_PRODUCER_CONNECTION_LIST = 204;
    GET_CONSUME_STATS = 208;
    QUERY_TOPIC_CONSUME_BY_WHO = 300;
    GET_CONSUMER_RUNNING_INFO = 307;
    GET_BROKER_CONSUME_STATS = 317;
    QUERY_TOPICS_BY_CONSUMER = 343;
    GET_BROKER_HA_STATUS = 907;
    GET_BROKER_EPOCH_CACHE = 1007;
    // Of a controller.
    CONTROLLER_GET_REPLICA_INFO = 1004;
    CONTROLLER_GET_METADATA_INFO = 1005;
    CONTROLLER_GET_SYNC_STATE_DATA = 1006;
}

/// What answers say. Only those that somebody here tells apart.
pub(in crate::rocketmq) mod said {
    pub(in crate::rocketmq) const SUCCESS: i32 = 0;
    pub(in crate::rocketmq) const SYSTEM_ERROR: i32 = 1;
    pub(in crate::rocketmq) const REQUEST_CODE_NOT_SUPPORTED: i32 = 3;
    /// Not signed in, a wrong secret or a missing right: the text tells which.
    pub(in crate::rocketmq) const NO_PERMISSION: i32 = 16;
    pub(in crate::rocketmq) const TOPIC_NOT_EXIST: i32 = 17;
    pub(in crate::rocketmq) const PULL_NOT_FOUND: i32 = 19;
    pub(in crate::rocketmq) const PULL_RETRY_IMMEDIATELY: i32 = 20;
    pub(in crate::rocketmq) const PULL_OFFSET_MOVED: i32 = 21;
    pub(in crate::rocketmq) const QUERY_NOT_FOUND: i32 = 22;
    pub(in crate::rocketmq) const CONSUMER_NOT_ONLINE: i32 = 206;
}

/// One request. Fields are texts on the wire, whatever they mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::rocketmq) struct Request {
    pub(in crate::rocketmq) code: Code,
    pub(in crate::rocketmq) fields: BTreeMap<&'static str, String>,
    pub(in crate::rocketmq) body: Bytes,
}

impl Request {
    pub(in crate::rocketmq) fn new(code: Code) -> Self {
        Self {
            code,
            fields: BTreeMap::new(),
            body: Bytes::new(),
        }
    }

    pub(in crate::rocketmq) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.fields.insert(name, value.to_string());
        self
    }

    pub(in crate::rocketmq) fn with_body(self, body: impl Into<Bytes>) -> Self {
        Self {
            body: body.into(),
            ..self
        }
    }
}

/// What came back, whatever it says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::rocketmq) struct Answer {
    /// See [`said`].
    pub(in crate::rocketmq) code: i32,
    pub(in crate::rocketmq) remark: Option<String>,
    pub(in crate::rocketmq) fields: BTreeMap<String, String>,
    pub(in crate::rocketmq) body: Bytes,
}

impl Answer {
    pub(in crate::rocketmq) fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str)
    }

    /// `None` where it is absent or no number.
    pub(in crate::rocketmq) fn number(&self, name: &str) -> Option<i64> {
        self.field(name)?.trim().parse().ok()
    }
}
