//! References: the names by which one message is known, their index keys, and journey ids.
//!
//! A message may be known by its place (system, destination, partition, offset), by its id
//! (system, destination, message id) and by its creation context (trace, span). Any of them leads
//! to the same journey; a journey id is one of them, written down.

use std::fmt;
use std::str::FromStr;

use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use crate::id::{SpanId, TraceId};

/// Strongest first: the order decides which reference names a journey.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MessageRef {
    Context {
        trace_id: TraceId,
        span_id: SpanId,
    },
    Place {
        system: String,
        destination: String,
        partition: String,
        offset: i64,
    },
    Id {
        system: String,
        destination: Option<String>,
        id: String,
    },
}

/// A 64-bit key of the packed index: what is looked up, hashed with its kind.
/// Collisions are possible and harmless: every hit is checked against the span itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Term(pub u64);

/// Longer than what terms are usually made of.
const SHORT: usize = 192;

impl Term {
    /// Runs several times for each span that arrives: what is short is hashed in one piece, which
    /// gives the same and costs a tenth.
    fn of(kind: u8, parts: &[&[u8]]) -> Self {
        let length = 1 + parts.iter().map(|part| 8 + part.len()).sum::<usize>();
        let mut short = [0; SHORT];
        if length <= SHORT {
            short[0] = kind;
            let mut at = 1;
            for part in parts {
                short[at..at + 8].copy_from_slice(&(part.len() as u64).to_le_bytes());
                short[at + 8..at + 8 + part.len()].copy_from_slice(part);
                at += 8 + part.len();
            }
            return Self(xxh3_64(&short[..length]));
        }
        let mut hasher = Xxh3::new();
        hasher.update(&[kind]);
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        Self(hasher.digest())
    }

    /// Every span carries this one.
    pub fn trace(trace_id: TraceId) -> Self {
        Self::of(0, &[trace_id.as_bytes()])
    }

    /// A creation context named from another trace (a link, a header).
    pub fn context(trace_id: TraceId, span_id: SpanId) -> Self {
        Self::of(1, &[trace_id.as_bytes(), span_id.as_bytes()])
    }

    pub fn place(system: &str, destination: &str, partition: &str, offset: i64) -> Self {
        let offset = offset.to_le_bytes();
        Self::of(
            2,
            &[
                system.as_bytes(),
                destination.as_bytes(),
                partition.as_bytes(),
                &offset,
            ],
        )
    }

    /// A message id, whatever system or destination it is found on.
    pub fn message_id(id: &str) -> Self {
        Self::of(3, &[id.as_bytes()])
    }

    pub fn message_key(key: &str) -> Self {
        Self::of(4, &[key.as_bytes()])
    }

    /// A searchable attribute (`search.attributes`).
    pub fn attribute(name: &str, value: &str) -> Self {
        Self::of(5, &[name.as_bytes(), value.as_bytes()])
    }

    /// What metrics, and logs of no trace, are found by.
    pub fn service(service: &str) -> Self {
        Self::of(6, &[service.as_bytes()])
    }

    /// One process of a service, by its `service.instance.id`.
    pub fn instance(service: &str, instance: &str) -> Self {
        Self::of(7, &[service.as_bytes(), instance.as_bytes()])
    }
}

impl MessageRef {
    pub fn term(&self) -> Term {
        match self {
            Self::Context { trace_id, span_id } => Term::context(*trace_id, *span_id),
            Self::Place {
                system,
                destination,
                partition,
                offset,
            } => Term::place(system, destination, partition, *offset),
            Self::Id { id, .. } => Term::message_id(id),
        }
    }
}

/// Written without characters that a path or a shell would mind: `c-<trace>-<span>`,
/// `p-<hex of parts>`, `i-<hex of parts>`.
impl fmt::Display for MessageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Context { trace_id, span_id } => write!(f, "c-{trace_id}-{span_id}"),
            Self::Place {
                system,
                destination,
                partition,
                offset,
            } => {
                write!(
                    f,
                    "p-{}-{}-{}-{offset}",
                    Hex(system),
                    Hex(destination),
                    Hex(partition)
                )
            }
            Self::Id {
                system,
                destination,
                id,
            } => {
                let destination = destination.as_deref().unwrap_or("");
                write!(f, "i-{}-{}-{}", Hex(system), Hex(destination), Hex(id))
            }
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id of ours: take one from an answer")]
pub struct RefError;

impl FromStr for MessageRef {
    type Err = RefError;

    fn from_str(text: &str) -> Result<Self, RefError> {
        let mut parts = text.splitn(5, '-');
        let mut next = || parts.next().ok_or(RefError);
        match next()? {
            "c" => Ok(Self::Context {
                trace_id: next()?.parse().map_err(|_| RefError)?,
                span_id: next()?.parse().map_err(|_| RefError)?,
            }),
            "p" => Ok(Self::Place {
                system: unhex(next()?)?,
                destination: unhex(next()?)?,
                partition: unhex(next()?)?,
                offset: next()?.parse().map_err(|_| RefError)?,
            }),
            "i" => Ok(Self::Id {
                system: unhex(next()?)?,
                destination: Some(unhex(next()?)?).filter(|d| !d.is_empty()),
                id: unhex(next()?)?,
            }),
            _ => Err(RefError),
        }
    }
}

pub(crate) struct Hex<'a>(pub &'a str);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.bytes().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

pub(crate) fn unhex(text: &str) -> Result<String, RefError> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return Err(RefError);
    }
    let bytes = (0..text.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&text[i..i + 2], 16).map_err(|_| RefError))
        .collect::<Result<Vec<_>, _>>()?;
    String::from_utf8(bytes).map_err(|_| RefError)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_survives_being_written() {
        let all = [
            MessageRef::Context {
                trace_id: "7663dd77e5ad279039b09d545a5b470c".parse().unwrap(),
                span_id: "9636936f5bb0b33d".parse().unwrap(),
            },
            MessageRef::Place {
                system: "kafka".into(),
                destination: "orders-<script>".into(),
                partition: "3".into(),
                offset: -1,
            },
            MessageRef::Id {
                system: "rabbitmq".into(),
                destination: None,
                id: "o-1/é".into(),
            },
        ];
        for reference in all {
            assert_eq!(reference.to_string().parse(), Ok(reference));
        }
        assert!("p-6b-zz-00-1".parse::<MessageRef>().is_err());
        assert!("q-1".parse::<MessageRef>().is_err());
    }

    /// Terms are stored: they must never change.
    #[test]
    fn short_and_long_terms_are_one_hash() {
        for length in [0, 1, SHORT - 9, SHORT - 8, 5_000] {
            let text = "x".repeat(length);
            let mut hasher = Xxh3::new();
            hasher.update(&[3]);
            hasher.update(&(length as u64).to_le_bytes());
            hasher.update(text.as_bytes());
            assert_eq!(Term::message_id(&text).0, hasher.digest(), "{length}");
        }
    }

    #[test]
    fn kinds_and_boundaries_do_not_collide() {
        assert_ne!(Term::message_id("a"), Term::message_key("a"));
        assert_ne!(Term::attribute("ab", "c"), Term::attribute("a", "bc"));
    }
}
