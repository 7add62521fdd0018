//! Records of the trace: ended by 0x02, their fields parted by 0x01. Every part is hostile.

const FIELDS: char = '\u{1}';
const RECORDS: char = '\u{2}';

/// Of one record; a client sends a lot of at most 128,000 bytes.
const MOST_IDS: usize = 1_024;
const MOST_KEYS: usize = 64;
const LONGEST_ID: usize = 256;
const LONGEST_KEYS: usize = 4_096;
const LONGEST_FIELD: usize = 1_024;
/// More than any kind has.
const MOST_FIELDS: usize = 32;
/// What a span takes besides its texts, about.
const SPAN_BYTES: usize = 512;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Record<'a> {
    Pub(Published<'a>),
    SubBefore(HandedOver<'a>),
    SubAfter(GivenBack<'a>),
    EndTransaction(Ended<'a>),
}

/// A message was sent. Times are Unix milliseconds of the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Published<'a> {
    pub(super) at_ms: i64,
    pub(super) group: &'a str,
    pub(super) topic: &'a str,
    /// Of a batch: several, parted by commas.
    pub(super) message_ids: &'a str,
    pub(super) tags: &'a str,
    pub(super) keys: &'a str,
    pub(super) body_bytes: Option<i64>,
    pub(super) took_ms: i64,
    pub(super) kind: Kind,
    pub(super) is_good: bool,
}

/// A message was handed to the application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HandedOver<'a> {
    pub(super) at_ms: i64,
    pub(super) group: &'a str,
    pub(super) request: &'a str,
    pub(super) message_id: &'a str,
    pub(super) retries: Option<i64>,
    pub(super) keys: &'a str,
}

/// The application gave it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct GivenBack<'a> {
    pub(super) request: &'a str,
    pub(super) message_id: &'a str,
    pub(super) took_ms: i64,
    pub(super) is_good: bool,
    /// Why it is not good, in the words of instrumentations.
    pub(super) verdict: &'static str,
    pub(super) keys: &'a str,
    /// When it was given back; older clients leave it out.
    pub(super) at_ms: Option<i64>,
    pub(super) group: Option<&'a str>,
}

/// A producer said what becomes of its half message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ended<'a> {
    pub(super) at_ms: i64,
    pub(super) group: &'a str,
    pub(super) topic: &'a str,
    pub(super) message_id: &'a str,
    pub(super) keys: &'a str,
    pub(super) transaction: &'a str,
    pub(super) verdict: Verdict,
    /// The broker had asked for it.
    pub(super) is_checked: bool,
}

/// `MessageType` of `rocketmq-common`, by its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Normal,
    Half,
    Commit,
    Delay,
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Commit,
    Rollback,
    Unknown,
}

impl Record<'_> {
    /// What its spans take in memory, about: each message of a batch repeats the record's texts.
    pub(super) fn weight_bytes(&self) -> usize {
        let each = |texts: &[&str]| SPAN_BYTES + 2 * texts.iter().map(|t| t.len()).sum::<usize>();
        match self {
            Self::Pub(one) => {
                let spans = one.message_ids.split(',').count();
                let texts = [one.group, one.topic, one.topic, one.tags, one.keys];
                spans * each(&texts) + 2 * one.message_ids.len()
            }
            Self::SubBefore(one) => each(&[one.group, one.group, one.message_id, one.keys]),
            Self::SubAfter(one) => {
                let group = one.group.unwrap_or_default();
                each(&[group, group, one.message_id, one.keys])
            }
            Self::EndTransaction(one) => {
                let texts = [one.group, one.topic, one.topic, one.message_id, one.keys];
                each(&texts) + one.transaction.len()
            }
        }
    }

    /// Whether no part of it is longer than a client makes it.
    fn is_sound(&self) -> bool {
        let (ids, keys, names): (&str, &str, [&str; 4]) = match self {
            Self::Pub(one) => {
                let names = [one.group, one.topic, one.tags, ""];
                (one.message_ids, one.keys, names)
            }
            Self::SubBefore(one) => (one.message_id, one.keys, [one.group, one.request, "", ""]),
            Self::SubAfter(one) => {
                let group = one.group.unwrap_or_default();
                (one.message_id, one.keys, [group, one.request, "", ""])
            }
            Self::EndTransaction(one) => {
                let names = [one.group, one.topic, one.transaction, ""];
                (one.message_id, one.keys, names)
            }
        };
        ids.split(',').take(MOST_IDS + 1).count() <= MOST_IDS
            && ids.split(',').all(|id| id.len() <= LONGEST_ID)
            && keys.len() <= LONGEST_KEYS
            && keys.split(' ').filter(|key| !key.is_empty()).count() <= MOST_KEYS
            && names.iter().all(|name| name.len() <= LONGEST_FIELD)
    }
}

/// `None`: a record that cannot be read, or is larger than a client makes one. Kinds of records that are about no message are left out.
pub(super) fn records(text: &str) -> impl Iterator<Item = Option<Record<'_>>> {
    let written = text.split(RECORDS).filter(|record| !record.is_empty());
    written.filter_map(|record| {
        let fields: Vec<&str> = record.split(FIELDS).take(MOST_FIELDS).collect();
        let told = match fields.first().copied() {
            Some("Pub") => published(&fields),
            Some("SubBefore") => handed_over(&fields),
            Some("SubAfter") => given_back(&fields),
            Some("EndTransaction") => ended(&fields),
            // A delayed message was taken back before its time.
            Some("Recall") => return None,
            _ => None,
        };
        Some(told.filter(Record::is_sound))
    })
}

/// Type, time, region, group, topic, ids, tags, keys, host, body's length, cost, kind, then (not in
/// the oldest) the broker's id, and whether it was taken.
fn published<'a>(fields: &[&'a str]) -> Option<Record<'a>> {
    let is_good = match fields.len() {
        13 => fields[12],
        14.. => fields[13],
        _ => return None,
    };
    Some(Record::Pub(Published {
        at_ms: fields[1].parse().ok()?,
        group: fields[3],
        topic: fields[4],
        message_ids: fields[5],
        tags: told(fields[6]),
        keys: told(fields[7]),
        body_bytes: fields[9].parse().ok(),
        took_ms: took(fields[10]),
        kind: match fields[11] {
            "0" => Kind::Normal,
            "1" => Kind::Half,
            "2" => Kind::Commit,
            "3" => Kind::Delay,
            _ => Kind::Other,
        },
        is_good: is_good == "true",
    }))
}

/// Type, time, region, group, request, id, tries before, keys.
fn handed_over<'a>(fields: &[&'a str]) -> Option<Record<'a>> {
    Some(Record::SubBefore(HandedOver {
        at_ms: fields.get(1)?.parse().ok()?,
        group: fields.get(3)?,
        request: fields.get(4)?,
        message_id: fields.get(5)?,
        retries: fields.get(6)?.parse().ok(),
        keys: told(fields.get(7).copied().unwrap_or_default()),
    }))
}

/// Type, request, id, cost, whether it is good, keys, verdict, and (not in older ones) time and group.
fn given_back<'a>(fields: &[&'a str]) -> Option<Record<'a>> {
    let is_good = *fields.get(4)? == "true";
    // `ConsumeReturnType`, by its order.
    let verdict = match fields.get(6).copied() {
        Some("1") => "TIME_OUT",
        Some("2") => "EXCEPTION",
        Some("3") => "RETURNNULL",
        _ => "FAILED",
    };
    Some(Record::SubAfter(GivenBack {
        request: fields.get(1)?,
        message_id: fields.get(2)?,
        took_ms: took(fields.get(3)?),
        is_good,
        verdict,
        keys: told(fields.get(5).copied().unwrap_or_default()),
        at_ms: fields.get(7).and_then(|at| at.parse().ok()),
        group: fields.get(8).copied().filter(|group| !group.is_empty()),
    }))
}

/// Type, time, region, group, topic, id, tags, keys, host, kind, transaction, verdict, whether asked.
fn ended<'a>(fields: &[&'a str]) -> Option<Record<'a>> {
    Some(Record::EndTransaction(Ended {
        at_ms: fields.get(1)?.parse().ok()?,
        group: fields.get(3)?,
        topic: fields.get(4)?,
        message_id: fields.get(5)?,
        keys: told(fields.get(7)?),
        transaction: told(fields.get(10)?),
        verdict: match *fields.get(11)? {
            "COMMIT_MESSAGE" => Verdict::Commit,
            "ROLLBACK_MESSAGE" => Verdict::Rollback,
            _ => Verdict::Unknown,
        },
        is_checked: *fields.get(12)? == "true",
    }))
}

/// Java writes what is not there as a word.
fn told(text: &str) -> &str {
    match text {
        "null" => "",
        text => text,
    }
}

fn took(text: &str) -> i64 {
    text.parse::<i64>().unwrap_or(0).clamp(0, 86_400_000)
}
