//! The keys that the environment may set.

/// A key outside the repeated tables, with how its text is read.
pub(super) struct Key {
    pub path: &'static str,
    pub kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Bool,
    Integer,
    /// Comma-separated.
    List,
}

pub(super) const KEYS: &[Key] = &[
    key("data_dir", Kind::Text),
    key("server.listen", Kind::Text),
    key("server.public_url", Kind::Text),
    key("server.tls.cert", Kind::Text),
    key("server.tls.key", Kind::Text),
    key("server.trusted_proxies", Kind::List),
    key("ingest.otlp_grpc", Kind::Text),
    key("ingest.otlp_http", Kind::Text),
    key("ingest.tls.cert", Kind::Text),
    key("ingest.tls.key", Kind::Text),
    key("ingest.require_token", Kind::Bool),
    key("ingest.max_request_bytes", Kind::Text),
    key("ingest.queue_bytes", Kind::Text),
    key("ingest.logs_without_trace", Kind::Bool),
    key("database.url", Kind::Text),
    key("database.bin_dir", Kind::Text),
    key("database.pool_size", Kind::Integer),
    key("retention.spans", Kind::Text),
    key("retention.troubled", Kind::Text),
    key("retention.audit", Kind::Text),
    key("retention.max_disk", Kind::Text),
    key("search.attributes", Kind::List),
    key("telemetry.otlp_endpoint", Kind::Text),
    key("telemetry.log", Kind::Text),
    key("telemetry.log_format", Kind::Text),
];

const fn key(path: &'static str, kind: Kind) -> Key {
    Key { path, kind }
}

impl Key {
    /// `server.listen` is `WAYBILL_SERVER_LISTEN`.
    pub fn variable(&self) -> String {
        format!("WAYBILL_{}", self.path.replace('.', "_").to_uppercase())
    }
}
