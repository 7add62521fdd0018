//! Where a page of stored messages ended. Opaque to whoever carries it: a letter, then a position
//! for each partition.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use waybill_model::problem::Problem;

use crate::query::cursor::not_ours;

/// Partitions in one cursor.
const MOST: usize = 10_000;
/// The position of a partition that could not be read when the reading began: nobody knows it.
pub(super) const AWAY: i64 = -1;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cursor {
    /// The next offset of each partition.
    Forward(BTreeMap<String, i64>),
    Back(BTreeMap<String, Reach>),
}

/// What of a partition was not looked at yet, on the way back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Everything before this offset.
    pub below: i64,
    /// And from the first to before the second: a budget ended while these were read.
    pub gap: Option<(i64, i64)>,
}

impl Reach {
    pub(super) const AWAY: Self = Self {
        below: AWAY,
        gap: None,
    };

    pub(super) fn is_away(self) -> bool {
        self == Self::AWAY
    }

    pub(super) fn is_done(self) -> bool {
        self.below <= 0 && self.gap.is_none()
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forward(positions) => {
                f.write_str("f")?;
                for (partition, offset) in positions {
                    write!(f, "!{}.{offset}", Name(partition))?;
                }
            }
            Self::Back(positions) => {
                f.write_str("b")?;
                for (partition, reach) in positions {
                    write!(f, "!{}.{}", Name(partition), reach.below)?;
                    if let Some((from, to)) = reach.gap {
                        write!(f, ".{from}.{to}")?;
                    }
                }
            }
        }
        Ok(())
    }
}

impl FromStr for Cursor {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Problem> {
        read(text).ok_or_else(not_ours)
    }
}

fn read(text: &str) -> Option<Cursor> {
    let mut parts = text.split('!');
    let way = parts.next()?;
    let mut forward = BTreeMap::new();
    let mut back = BTreeMap::new();
    for part in parts {
        if forward.len() + back.len() >= MOST {
            return None;
        }
        let mut fields = part.split('.');
        let partition = name(fields.next()?)?;
        let offsets: Vec<i64> = fields.map(str::parse).collect::<Result<_, _>>().ok()?;
        let is_new = match (way, offsets.as_slice()) {
            ("f", [offset]) => forward.insert(partition, *offset).is_none(),
            ("b", [below]) => back.insert(partition, reach(*below, None)).is_none(),
            ("b", [below, from, to]) if below <= from && from < to => back
                .insert(partition, reach(*below, Some((*from, *to))))
                .is_none(),
            _ => return None,
        };
        if !is_new {
            return None;
        }
    }
    match (way, forward.is_empty() && back.is_empty()) {
        (_, true) => None,
        ("f", _) => Some(Cursor::Forward(forward)),
        _ => Some(Cursor::Back(back)),
    }
}

fn reach(below: i64, gap: Option<(i64, i64)>) -> Reach {
    Reach { below, gap }
}

/// Letters and digits stand for themselves.
struct Name<'a>(&'a str);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            true => f.write_str(self.0),
            false => write!(f, "~{}", hex::encode(self.0)),
        }
    }
}

fn name(text: &str) -> Option<String> {
    match text.strip_prefix('~') {
        Some(hexed) => String::from_utf8(hex::decode(hexed).ok()?).ok(),
        None => Some(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cursor_survives_being_written(
            positions in proptest::collection::btree_map(".{0,6}", (0..i64::MAX, any::<bool>()), 1..6)
        ) {
            let forward = positions.iter().map(|(name, (at, _))| (name.clone(), *at));
            let forward = Cursor::Forward(forward.collect());
            prop_assert_eq!(forward.to_string().parse::<Cursor>().unwrap(), forward);
            let back = positions.iter().map(|(name, (at, has_gap))| {
                let (at, gap) = (at / 2, has_gap.then_some((at / 2, at / 2 + 1)));
                (name.clone(), reach(at, gap))
            });
            let back = Cursor::Back(back.collect());
            prop_assert_eq!(back.to_string().parse::<Cursor>().unwrap(), back);
        }

        #[test]
        fn any_text_is_refused_or_read(text in "[fb]?[!~.0-9a-z-]{0,40}") {
            let _ = text.parse::<Cursor>();
        }
    }

    #[test]
    fn what_is_none_is_refused() {
        for text in [
            "",
            "f",
            "b",
            "x!0.1",
            "f!0",
            "f!0.x",
            "f!0.1!0.2",
            "b!0.5.4.9",
            "b!0.1.3.3",
            "f!~zz.1",
        ] {
            assert!(text.parse::<Cursor>().is_err(), "{text}");
        }
    }
}
