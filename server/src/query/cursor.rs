//! Where a page ended: newest start first, ids break ties.

use waybill_model::journey::JourneySummary;
use waybill_model::problem::{Code, Problem};
use waybill_model::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    pub(super) started_at: Timestamp,
    pub(super) id: String,
}

impl Cursor {
    pub(super) fn of(summary: &JourneySummary) -> Self {
        Self {
            started_at: summary.started_at,
            id: summary.id.clone(),
        }
    }

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
        parse().ok_or_else(|| {
            Problem::new(
                Code::InvalidRequest,
                "The cursor is not one of ours.",
                "Take `next` from the page before, or leave `cursor` out to begin again.",
            )
        })
    }

    /// Whether a journey comes after this place in the order.
    pub(super) fn is_before(&self, summary: &JourneySummary) -> bool {
        (summary.started_at, &summary.id) < (self.started_at, &self.id)
    }
}
