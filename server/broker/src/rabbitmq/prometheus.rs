//! The text exposition format, version 0.0.4, as far as gauges of queues need it.
//! Source: prometheus.io, "Exposition formats".
//!
//! A line that cannot be read, or that says again what was said, is counted: 3.10.8 does not escape
//! names, so one queue's name can pretend to be another's line.

use std::collections::BTreeMap;

/// A queue by virtual host and name.
pub(super) type QueueKey = (String, String);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Gauges {
    pub ready: Option<u64>,
    pub unacknowledged: Option<u64>,
    pub consumers: Option<u64>,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Exposition {
    pub queues: BTreeMap<QueueKey, Gauges>,
    /// Lines of these gauges that cannot be read or are there twice.
    pub unreadable: u64,
}

/// Whether a name is written in one way only, escaped or not.
pub(super) fn is_plain(name: &str) -> bool {
    !name.contains(['"', '\\', '\n', '\r'])
}

const READY: &str = "rabbitmq_detailed_queue_messages_ready";
const UNACKNOWLEDGED: &str = "rabbitmq_detailed_queue_messages_unacked";
const CONSUMERS: &str = "rabbitmq_detailed_queue_consumers";

pub(super) fn read(text: &str) -> Exposition {
    let mut read = Exposition::default();
    for line in text.lines() {
        let Some((name, rest)) = line.split_once('{') else {
            continue;
        };
        let name = name.trim();
        if !matches!(name, READY | UNACKNOWLEDGED | CONSUMERS) {
            continue;
        }
        let Some((key, value)) = sample(rest) else {
            read.unreadable += 1;
            continue;
        };
        let gauges = read.queues.entry(key).or_default();
        let gauge = match name {
            READY => &mut gauges.ready,
            UNACKNOWLEDGED => &mut gauges.unacknowledged,
            _ => &mut gauges.consumers,
        };
        if gauge.replace(value).is_some() {
            read.unreadable += 1;
        }
    }
    read
}

/// What follows `name{`.
fn sample(text: &str) -> Option<(QueueKey, u64)> {
    let (mut vhost, mut queue) = (None, None);
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', ',']);
        if let Some(after) = rest.strip_prefix('}') {
            // A timestamp may follow the value.
            let value = after.split_ascii_whitespace().next()?;
            return Some(((vhost?, queue?), whole(value)?));
        }
        let (label, after) = rest.split_once('=')?;
        let (value, after) = quoted(after.trim_start())?;
        let twice = match label.trim() {
            "vhost" => vhost.replace(value).is_some(),
            "queue" => queue.replace(value).is_some(),
            _ => false,
        };
        if twice {
            return None;
        }
        rest = after;
    }
}

/// A quoted label value with `\\`, `\"` and `\n` read back, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let text = text.strip_prefix('"')?;
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => match chars.next()?.1 {
                'n' => value.push('\n'),
                c @ ('\\' | '"') => value.push(c),
                // Not an escape by the format: kept as it is.
                c => value.extend(['\\', c]),
            },
            c => value.push(c),
        }
    }
    None
}

/// `NaN`, infinities, fractions and negative numbers are no counts.
fn whole(text: &str) -> Option<u64> {
    text.parse().ok().or_else(|| {
        let number: f64 = text.parse().ok()?;
        let fits = (0.0..9e15).contains(&number) && number.fract() == 0.0;
        fits.then_some(number as u64)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(queue: &str) -> QueueKey {
        ("/".to_owned(), queue.to_owned())
    }

    #[test]
    fn gauges_of_queues_by_name() {
        let text = "# TYPE rabbitmq_detailed_queue_messages_ready gauge\n\
            # HELP rabbitmq_detailed_queue_messages_ready Messages ready\n\
            rabbitmq_detailed_queue_messages_ready{vhost=\"/\",queue=\"orders\"} 12\n\
            rabbitmq_detailed_queue_messages_unacked{vhost=\"/\",queue=\"orders\"} 1.5e3\n\
            rabbitmq_detailed_queue_consumers{queue=\"orders\",vhost=\"/\",} 0 1700000000000\n\
            rabbitmq_detailed_queue_messages{vhost=\"/\",queue=\"orders\"} 99\n\
            rabbitmq_build_info{rabbitmq_version=\"3.10.8\"} 1\n";
        let read = read(text);
        assert_eq!(read.unreadable, 0);
        assert_eq!(
            read.queues,
            BTreeMap::from([(
                key("orders"),
                Gauges {
                    ready: Some(12),
                    unacknowledged: Some(1500),
                    consumers: Some(0),
                }
            )])
        );
    }

    #[test]
    fn lines_that_cannot_be_read_cost_only_themselves() {
        let mut text = String::new();
        for rest in [
            "vhost=\"/\",queue=\"cut",
            "vhost=\"/\",queue=\"a\"}",
            "vhost=\"/\",queue=\"a\"} NaN",
            "vhost=\"/\",queue=\"a\"} -1",
            "vhost=\"/\",queue=\"a\"} 0.5",
            "vhost=\"/\"} 1",
            "queue=\"a\"} 1",
            "vhost=/,queue=a} 1",
            "",
        ] {
            text.push_str(READY);
            text.push('{');
            text.push_str(rest);
            text.push('\n');
        }
        text.push_str(READY);
        text.push_str("{vhost=\"/\",queue=\"good\"} 4\n");
        let read = read(&text);
        assert_eq!(read.unreadable, 9);
        assert_eq!(read.queues.len(), 1);
        assert_eq!(read.queues[&key("good")].ready, Some(4));
    }

    #[test]
    fn a_name_that_was_not_escaped_fools_nobody() {
        let told = format!("{READY}{{vhost=\"/\",queue=\"orders\"}} 7\n");
        for name in [
            // As 3.10.8 writes them.
            "we\"ird\\ \n{queue=\"x\"} snow",
            "a\"b",
            "a\",queue=\"orders",
            &format!("a\"}} 1\n{READY}{{vhost=\"/\",queue=\"orders"),
        ] {
            let line = format!("{READY}{{vhost=\"/\",queue=\"{name}\"}} 0\n");
            for text in [format!("{told}{line}"), format!("{line}{told}")] {
                assert!(read(&text).unreadable > 0, "{text}");
            }
            assert!(!is_plain(name));
        }
        assert!(is_plain("orders, {x=1} ☃"));
    }

    proptest! {
        #[test]
        fn hostile_names_are_read_back(name in any::<String>(), count in 0_u64..1_000_000) {
            let escaped = name
                .replace('\\', "\\\\")
                .replace('"', "\\\"")
                .replace('\n', "\\n");
            // `lines` ends a line at "\r\n" as well; a bare "\r" stays.
            let text = format!("{READY}{{vhost=\"/\",queue=\"{escaped}\"}} {count}\n");
            let read = read(&text);
            prop_assert_eq!(read.queues.get(&key(&name)).and_then(|g| g.ready), Some(count));
        }

        #[test]
        fn no_text_breaks_the_reader(text in any::<String>()) {
            let line = format!("{READY}{{{text}");
            let _ = read(&line);
            let _ = read(&text);
        }
    }
}
