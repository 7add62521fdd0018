//! Where a page ended: in the order of starts, ids break ties; or within the blocks walked.

use waybill_model::problem::{Code, Problem};
use waybill_model::time::Timestamp;
use waybill_store::BlockId;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    pub(super) started_at: Timestamp,
    pub(super) id: String,
}

impl Cursor {
    pub(super) fn write(&self) -> String {
        format!("{}.{}", self.started_at.unix_nanos(), self.id)
    }

    pub(super) fn read(text: &str) -> Result<Self, Problem> {
        let parse = || {
            let (nanos, id) = text.split_once('.')?;
            let started_at = Timestamp::from_unix_nanos(nanos.parse().ok()?);
            Some(Self {
                started_at,
                id: id.to_owned(),
            })
        };
        parse().ok_or_else(not_ours)
    }
}

/// Where a walk over blocks stopped. The default is its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The newest block when the walk began.
    pub(super) top: BlockId,
    pub(super) block: BlockId,
    /// Seeds of this block that were listed whole, and journeys listed of the next.
    pub(super) traces: usize,
    pub(super) journeys: usize,
}

impl Default for Place {
    fn default() -> Self {
        Self {
            top: BlockId(i64::MAX),
            block: BlockId(i64::MAX),
            traces: 0,
            journeys: 0,
        }
    }
}

impl Place {
    /// At this block: where it stopped, or at its beginning.
    pub(super) fn reach(self, block: BlockId) -> Self {
        if block == self.block {
            return self;
        }
        Self {
            // The first block reached is the top: what comes after it belongs to no page.
            top: if self.top == BlockId(i64::MAX) {
                block
            } else {
                self.top
            },
            block,
            traces: 0,
            journeys: 0,
        }
    }

    /// Done with this block.
    pub(super) fn below(self) -> Self {
        Self {
            block: BlockId(self.block.0 - 1),
            traces: 0,
            journeys: 0,
            ..self
        }
    }

    pub(super) fn write(self) -> String {
        let Self {
            top,
            block,
            traces,
            journeys,
        } = self;
        format!("w{top}.{block}.{traces}.{journeys}")
    }

    pub(super) fn read(text: &str) -> Result<Self, Problem> {
        let parse = || {
            let mut parts = text.strip_prefix('w')?.splitn(4, '.');
            let place = Self {
                top: BlockId(parts.next()?.parse().ok()?),
                block: BlockId(parts.next()?.parse().ok()?),
                traces: parts.next()?.parse().ok()?,
                journeys: parts.next()?.parse().ok()?,
            };
            (place.block <= place.top).then_some(place)
        };
        parse().ok_or_else(not_ours)
    }
}

pub(super) fn not_ours() -> Problem {
    Problem::new(
        Code::InvalidRequest,
        "The cursor is not one of this list's.",
        "Take `next` from the page before, or leave `cursor` out to begin again.",
    )
}
