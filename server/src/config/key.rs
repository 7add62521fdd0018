//! The keys that the environment may set, and the nearest known word to a wrong one.

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
    key("ingest.require_token", Kind::Bool),
    key("ingest.max_request_bytes", Kind::Text),
    key("ingest.queue_bytes", Kind::Text),
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

/// The known word that was probably meant, if one is near.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().max(word.len()).div_ceil(2))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
