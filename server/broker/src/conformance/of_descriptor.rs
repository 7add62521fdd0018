//! What an adapter says of itself.

use crate::adapter::BrokerAdapter;

/// Each line names what is broken.
pub fn descriptor(adapter: &BrokerAdapter) -> Vec<String> {
    let mut broken = Vec::new();
    let name = adapter.name;
    let is_word = |text: &str| {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_.-".contains(c);
        !text.is_empty() && text.chars().all(plain)
    };
    if !is_word(name) {
        broken.push(format!("{name:?} is no system as spans write it"));
    }
    let own = adapter.vocabulary;
    for (what, word) in [
        ("label", adapter.label),
        ("destination", own.destination),
        ("group", own.group),
        ("partition", own.partition),
        ("offset", own.offset),
    ] {
        if word.trim().is_empty() || word.chars().any(char::is_control) {
            broken.push(format!("{name}: its word for {what} is {word:?}"));
        }
    }
    if adapter.capabilities().is_empty() {
        broken.push(format!("{name} can do nothing"));
    }
    if let Some(dialect) = &adapter.dialect {
        if !dialect.speaks(name) {
            broken.push(format!("{name}: its dialect does not speak for it"));
        }
        if dialect.speaks("") {
            broken.push(format!("{name}: its dialect speaks for what has no name"));
        }
    }
    if adapter.connect.is_some() && adapter.addresses.is_some() {
        broken.push(format!(
            "{name}: its clusters tell their addresses themselves"
        ));
    }
    broken
}
