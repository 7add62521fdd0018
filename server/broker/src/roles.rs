//! What a destination is for, told from its name alone. Topology says it better where it is known.

use waybill_model::messaging::DestinationRole;

const RETRY: &[&str] = &["retry", "retries", "redelivery"];
const DEAD: &[&str] = &[
    "dlq",
    "dlt",
    "dlx",
    "dead",
    "deadletter",
    "deadletters",
    "poison",
];
/// Words that say how, not what: they may follow the telling one.
const PLAIN: &[&str] = &[
    "queue", "q", "topic", "exchange", "x", "wait", "delay", "letter", "letters",
];

/// The last dotted part decides (`orders-retry-0`, `orders.DLT`, `billing.retry.5s`), or the first
/// where it is the bare word (`dlq.orders`). A telling word further inside is part of a proper name
/// (`dlq-demo.orders` is an ordinary destination).
pub fn by_name(name: &str) -> DestinationRole {
    let parts: Vec<&str> = name
        .split(['.', ':', '/'])
        .filter(|p| !p.is_empty())
        .collect();
    let Some((first, rest)) = parts.split_first() else {
        return DestinationRole::Origin;
    };
    if !rest.is_empty()
        && let Some(role) = role_of_word(&first.to_ascii_lowercase())
    {
        return role;
    }
    for part in parts.iter().rev() {
        let role = role_of_part(part);
        if role != DestinationRole::Origin || !words(part).all(|w| says_how(&w)) {
            return role;
        }
    }
    DestinationRole::Origin
}

fn role_of_part(part: &str) -> DestinationRole {
    let found: Vec<DestinationRole> = words(part).filter_map(|w| role_of_word(&w)).collect();
    if found.contains(&DestinationRole::DeadLetter) {
        DestinationRole::DeadLetter
    } else if found.contains(&DestinationRole::Retry) {
        DestinationRole::Retry
    } else {
        DestinationRole::Origin
    }
}

fn role_of_word(word: &str) -> Option<DestinationRole> {
    if DEAD.contains(&word) {
        Some(DestinationRole::DeadLetter)
    } else if RETRY.contains(&word) {
        Some(DestinationRole::Retry)
    } else {
        None
    }
}

/// `5s`, `1000`, `30min`, `queue`: a stage or a kind.
fn says_how(word: &str) -> bool {
    PLAIN.contains(&word) || word.starts_with(|c: char| c.is_ascii_digit())
}

/// Lower-case words, parted at `-`, `_`, `%` and where small letters turn to capitals (`ordersDLQ`).
fn words(part: &str) -> impl Iterator<Item = String> {
    let mut words = vec![String::new()];
    let mut small_before = false;
    for c in part.chars() {
        let parts = matches!(c, '-' | '_' | '%');
        if parts || (c.is_uppercase() && small_before) {
            words.push(String::new());
        }
        if !parts && let Some(word) = words.last_mut() {
            word.extend(c.to_lowercase());
        }
        small_before = c.is_lowercase();
    }
    words.into_iter().filter(|w| !w.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use DestinationRole::{DeadLetter, Origin, Retry};

    #[test]
    fn names_of_many_frameworks() {
        for (name, role) in [
            ("orders", Origin),
            ("", Origin),
            ("...", Origin),
            ("dead-sea.tours", Origin),
            ("node-dlq-connect.orders", Origin),
            ("java-retry-topic.orders", Origin),
            ("python-dlq-rejected.dead", DeadLetter),
            ("node-retry-topic.orders-retry", Retry),
            ("orders.retry", Retry),
            ("orders.retry.5s", Retry),
            ("orders.retry.1.queue", Retry),
            ("orders-retry-5000", Retry),
            ("orders-retry-billing-0", Retry),
            ("orders_retry", Retry),
            ("retry.orders", Retry),
            ("orders.DLT", DeadLetter),
            ("orders-dlt", DeadLetter),
            ("orders-retry-dlt", DeadLetter),
            ("billing.dlq", DeadLetter),
            ("dlq.orders", DeadLetter),
            ("ordersDLQ", DeadLetter),
            ("orders.dead-letter", DeadLetter),
            ("orders-dead-letter-queue", DeadLetter),
            ("orders.deadletter", DeadLetter),
            ("orders.DeadLetter", DeadLetter),
            ("%RETRY%billing", Retry),
            ("%DLQ%billing", DeadLetter),
        ] {
            assert_eq!(by_name(name), role, "{name}");
        }
    }
}
