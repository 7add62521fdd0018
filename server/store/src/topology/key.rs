//! Keys of lines: 64-bit hashes of what names a thing, since senders' names have no bound that a
//! btree would take.

use waybill_model::topology::DestinationKind;
use xxhash_rust::xxh3::Xxh3;

use super::kind_code;
use crate::text::storable;

pub fn destination_key(
    cluster: &str,
    namespace: Option<&str>,
    kind: DestinationKind,
    name: &str,
) -> i64 {
    let kind = kind_code(kind).to_string();
    hash(&[
        "d",
        &kind,
        cluster,
        presence(namespace),
        namespace.unwrap_or_default(),
        name,
    ])
}

pub fn group_key(cluster: &str, namespace: Option<&str>, name: &str) -> i64 {
    hash(&[
        "g",
        cluster,
        presence(namespace),
        namespace.unwrap_or_default(),
        name,
    ])
}

/// What spans tell of a destination, whatever its cluster.
pub fn place_key(system: &str, name: &str) -> i64 {
    hash(&["p", system, name])
}

/// No namespace is another one than the one without a name.
fn presence(namespace: Option<&str>) -> &'static str {
    if namespace.is_some() { "n" } else { "" }
}

/// Of parts that are told apart by their lengths.
pub(crate) fn hash(parts: &[&str]) -> i64 {
    let mut hasher = Xxh3::new();
    for part in parts {
        // As its column has it, so that a line that is read again keeps its key.
        let part = storable(part);
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.digest() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_in_one_word_differs() {
        let topic = DestinationKind::Topic;
        let all = [
            destination_key("a", None, topic, "x"),
            destination_key("b", None, topic, "x"),
            destination_key("a", Some(""), topic, "x"),
            destination_key("a", None, DestinationKind::Queue, "x"),
            destination_key("a", None, topic, "y"),
            destination_key("ax", None, topic, ""),
            group_key("a", None, "x"),
            place_key("a", "x"),
        ];
        let distinct: std::collections::HashSet<i64> = all.into_iter().collect();
        assert_eq!(distinct.len(), all.len());
        assert_eq!(
            place_key("a", "x\0"),
            place_key("a", "x\u{fffd}"),
            "as it is stored"
        );
    }
}
