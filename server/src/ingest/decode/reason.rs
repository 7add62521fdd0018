//! Why a record is not stored. The names are counters' labels and stand in partial-success
//! answers, so their number is fixed.

macro_rules! reasons {
    ($($variant:ident $name:literal $about:literal),* $(,)?) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Reason { $(#[doc = $about] $variant),* }

        impl Reason {
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// The same for a person.
            pub fn about(self) -> &'static str {
                match self { $(Self::$variant => $about),* }
            }
        }
    };
}

reasons! {
    TraceIdLength "trace_id_length" "A trace id is 16 bytes.",
    TraceIdZero "trace_id_zero" "A trace id may not be all zero.",
    SpanIdLength "span_id_length" "A span id is 8 bytes.",
    SpanIdZero "span_id_zero" "A span id may not be all zero.",
    ParentIdLength "parent_id_length" "A parent span id is 8 bytes or absent.",
    NotHex "id_not_hex" "In JSON, ids are written in hexadecimal digits.",
    NotUtf8 "not_utf8" "Text must be UTF-8.",
    Malformed "malformed" "The record's bytes do not follow its schema.",
    NestedTooDeep "nested_too_deep" "Lists and maps nest deeper than the limit.",
    TooManyAttributes "too_many_attributes" "More attributes than the limit.",
    TooManyValues "too_many_values" "More list and map elements than the limit.",
    TooManyEvents "too_many_events" "More events than the limit.",
    TooManyLinks "too_many_links" "More links than the limit.",
    StringTooLong "string_too_long" "A text is longer than the limit.",
    DecodesTooLarge "decodes_too_large" "The request's records take more memory than the limit: send fewer at once.",
    LogWithoutTrace "policy_log_without_trace" "Logs without a trace id are not kept, by policy; ingest.logs_without_trace keeps them.",
    MetricNotKept "policy_metric_not_kept" "Only messaging, connection pool, JVM, process and lag metrics are kept, by policy.",
}

/// Kept as counts: a request of a hundred thousand bad spans costs one entry a reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rejected(Vec<(Reason, u64)>);

impl Rejected {
    pub fn add(&mut self, reason: Reason, count: u64) {
        if count == 0 {
            return;
        }
        match self.0.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, total)) => *total += count,
            None => self.0.push((reason, count)),
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = (Reason, u64)> + '_ {
        self.0.iter().copied()
    }

    pub fn total(&self) -> u64 {
        self.0.iter().map(|(_, count)| count).sum()
    }

    /// `None` when nothing was rejected; else one line with every reason and count.
    pub fn message(&self) -> Option<String> {
        if self.0.is_empty() {
            return None;
        }
        let parts: Vec<String> = self
            .iter()
            .map(|(reason, count)| format!("{} {}: {}", count, reason.name(), reason.about()))
            .collect();
        Some(parts.join(" "))
    }
}
