//! The index terms of one span: every name under which it must be found later.
//!
//! Runs for each span that arrives; what does not become a term is not copied.

use waybill_model::access::matches_pattern;
use waybill_model::messaging::{Facts, LinkFacts, Operation};
use waybill_model::reference::Term;
use waybill_model::span::{Span, Value};

use super::masking::is_secret;

/// Terms from searchable attributes, at most, on one span.
const MAX_ATTRIBUTE_TERMS: usize = 4;

/// The patterns of `search.attributes`; `*` stands for any run of characters.
#[derive(Clone, Debug)]
pub struct SearchAttributes {
    patterns: Vec<Pattern>,
}

#[derive(Clone, Debug)]
enum Pattern {
    Exact(String),
    Suffix(String),
    Prefix(String),
    General(String),
}

impl SearchAttributes {
    pub fn new<S: AsRef<str>>(patterns: impl IntoIterator<Item = S>) -> Self {
        let patterns = patterns
            .into_iter()
            .map(|p| Pattern::of(p.as_ref()))
            .collect();
        Self { patterns }
    }

    /// Convention's own names never match: messages are found by what they carry, and ids of
    /// threads, clients and partitions would use up the span's terms. Nor do names of secrets.
    pub fn matches(&self, key: &str) -> bool {
        !key.starts_with("messaging.")
            && key != "thread.id"
            && self.patterns.iter().any(|pattern| pattern.matches(key))
            && !is_secret(key)
    }
}

impl Default for SearchAttributes {
    fn default() -> Self {
        Self::new(["*.id", "*_id", "*.no", "*.key"])
    }
}

impl Pattern {
    fn of(text: &str) -> Self {
        let inner = text.trim_matches('*');
        match (text.starts_with('*'), text.ends_with('*')) {
            _ if inner.contains('*') => Self::General(text.to_owned()),
            (false, false) => Self::Exact(text.to_owned()),
            (true, false) => Self::Suffix(inner.to_owned()),
            (false, true) => Self::Prefix(inner.to_owned()),
            (true, true) => Self::General(text.to_owned()),
        }
    }

    fn matches(&self, key: &str) -> bool {
        match self {
            Self::Exact(text) => key == text,
            Self::Suffix(text) => key.ends_with(text),
            Self::Prefix(text) => key.starts_with(text),
            Self::General(text) => matches_pattern(text, key),
        }
    }
}

/// Sorted, each once.
pub fn terms(span: &Span, facts: Option<&Facts>, search: &SearchAttributes) -> Vec<Term> {
    let mut terms = Vec::with_capacity(8);
    terms.push(Term::trace(span.trace_id));
    for link in &span.links {
        // Within one trace the trace's own term leads here.
        if link.trace_id != span.trace_id {
            terms.push(Term::context(link.trace_id, link.span_id));
        }
    }
    if let Some(facts) = facts.filter(|f| is_about_a_message(f)) {
        message_terms(facts, &mut terms);
    }
    attribute_terms(span, search, &mut terms);
    terms.sort_unstable();
    terms.dedup();
    terms
}

fn is_about_a_message(facts: &Facts) -> bool {
    !matches!(facts.operation, Operation::Other)
}

fn message_terms(facts: &Facts, terms: &mut Vec<Term>) {
    let place = (
        facts.destination.as_deref(),
        facts.partition.as_deref(),
        facts.offset,
    );
    terms.extend(place_term(&facts.system, place));
    terms.extend(facts.message_id.as_deref().map(Term::message_id));
    terms.extend(facts.key.as_deref().map(Term::message_key));
    for link in &facts.links {
        terms.extend(link_terms(&facts.system, link));
    }
}

fn link_terms<'a>(system: &'a str, link: &'a LinkFacts) -> impl Iterator<Item = Term> + 'a {
    let place = (
        link.destination.as_deref(),
        link.partition.as_deref(),
        link.offset,
    );
    place_term(system, place)
        .into_iter()
        .chain(link.message_id.as_deref().map(Term::message_id))
        .chain(link.key.as_deref().map(Term::message_key))
}

fn place_term(system: &str, place: (Option<&str>, Option<&str>, Option<i64>)) -> Option<Term> {
    let (Some(destination), Some(partition), Some(offset)) = place else {
        return None;
    };
    Some(Term::place(system, destination, partition, offset))
}

fn attribute_terms(span: &Span, search: &SearchAttributes, terms: &mut Vec<Term>) {
    let matching = span.attributes.iter().filter(|a| search.matches(&a.key));
    for attribute in matching.take(MAX_ATTRIBUTE_TERMS) {
        match &attribute.value {
            Value::String(text) => terms.push(Term::attribute(&attribute.key, text)),
            other => terms.extend(other.to_text().map(|t| Term::attribute(&attribute.key, &t))),
        }
    }
}

#[cfg(test)]
mod tests {
    use waybill_broker::Dialects;

    use super::*;
    use crate::journey::fixture::{attributes, link, span};

    #[test]
    fn patterns_match_business_keys_only() {
        let search = SearchAttributes::new(["*.id", "*_id", "tenant", "order.*", "a*z*"]);
        for (key, expected) in [
            ("order.id", true),
            ("user_id", true),
            ("tenant", true),
            ("tenants", false),
            ("order.total", true),
            ("abzc", true),
            ("http.route", false),
            ("messaging.message.id", false),
            ("thread.id", false),
            ("access_token_id", false),
        ] {
            assert_eq!(search.matches(key), expected, "{key}");
        }
    }

    #[test]
    fn a_span_is_found_by_everything_it_names() {
        let mut s = span("billing", 0x11, 0x21);
        s.attributes = attributes(&[
            ("messaging.system", "kafka"),
            ("messaging.operation.type", "process"),
            ("messaging.destination.name", "orders"),
            ("messaging.destination.partition.id", "3"),
            ("messaging.kafka.offset", "42"),
            ("messaging.kafka.message.key", "k"),
            ("messaging.message.id", "o-1"),
            ("order.id", "1001"),
            ("b.id", "1"),
            ("c.id", "2"),
            ("d.id", "3"),
            ("e.id", "4"),
        ]);
        s.links = vec![link(0x12, 0x31), link(0x11, 0x32)];
        let facts = Dialects::builtin().facts(&s);
        let found = terms(&s, facts.as_ref(), &SearchAttributes::default());
        let mut expected = vec![
            Term::trace(s.trace_id),
            Term::context(s.links[0].trace_id, s.links[0].span_id),
            Term::place("kafka", "orders", "3", 42),
            Term::message_key("k"),
            Term::message_id("o-1"),
            Term::attribute("order.id", "1001"),
            Term::attribute("b.id", "1"),
            Term::attribute("c.id", "2"),
            Term::attribute("d.id", "3"),
        ];
        expected.sort();
        assert_eq!(found, expected);
    }
}
