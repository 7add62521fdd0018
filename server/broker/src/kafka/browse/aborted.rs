//! Which batches belong to transactions that were aborted. A broker gives them all and says, beside,
//! where aborted transactions began (KIP-98); the marker that ends one stands in the log.

use std::collections::HashSet;

use kafka_protocol::messages::fetch_response::AbortedTransaction;

use super::batch::Batch;
use super::record;

/// The second number in a marker's key: `ControlRecordType.ABORT`.
const ABORT: [u8; 2] = [0, 0];

/// For the batches of one answer, in their order.
pub(super) struct Aborted {
    /// Where it begins and whose it is; the earliest last.
    ahead: Vec<(i64, i64)>,
    now: HashSet<i64>,
}

impl Aborted {
    pub(super) fn of(told: &[AbortedTransaction]) -> Self {
        let mut ahead: Vec<(i64, i64)> = told
            .iter()
            .map(|one| (one.first_offset, one.producer_id.0))
            .collect();
        ahead.sort_unstable_by(|one, other| other.cmp(one));
        Self {
            ahead,
            now: HashSet::new(),
        }
    }

    /// Whether a `read_committed` consumer does not see its records.
    pub(super) fn hides(&mut self, batch: &Batch) -> bool {
        while let Some((_, producer)) = self.ahead.pop_if(|(first, _)| *first <= batch.last) {
            self.now.insert(producer);
        }
        if batch.is_control() {
            if is_abort_marker(batch) {
                self.now.remove(&batch.producer_id);
            }
            return true;
        }
        batch.is_transactional() && self.now.contains(&batch.producer_id)
    }
}

/// The key of a control record: two bytes of version, two of type.
fn is_abort_marker(batch: &Batch) -> bool {
    let mut records = &batch.packed[..];
    record::next(&mut records).is_ok_and(|marker| {
        let kind = marker.key.and_then(|key| key.get(2..4));
        kind == Some(&ABORT)
    })
}
