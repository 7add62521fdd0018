//! Takes messages as they are read and keeps those that are wanted.

use std::ops::ControlFlow;
use std::time::Instant;

use waybill_broker::browse::Stored;

use super::{Sight, Wanted};
use crate::filter::{Filter, Sample, Verdict};
use crate::payload::Decoder;

/// Bytes of kept messages, of one reading.
const KEPT_BYTES: u64 = 16 << 20;

pub(super) type Kept = Stored;

pub(super) struct Sieve<'a> {
    wanted: &'a Wanted,
    decoder: &'a Decoder,
    sight: Sight,
    ends_at: Instant,
    /// Of those kept; more are not taken.
    pub(super) most: usize,
    pub(super) kept: Vec<Kept>,
    kept_bytes: u64,
    pub(super) matched: u64,
    pub(super) unjudged: u64,
    /// A message that waits for a schema to be asked for.
    waiting: Option<(Stored, u32)>,
    pub(super) is_out_of_time: bool,
}

impl<'a> Sieve<'a> {
    pub(super) fn new(
        wanted: &'a Wanted,
        decoder: &'a Decoder,
        sight: Sight,
        ends_at: Instant,
        most: usize,
    ) -> Self {
        Self {
            wanted,
            decoder,
            sight,
            ends_at,
            most,
            kept: Vec::new(),
            kept_bytes: 0,
            matched: 0,
            unjudged: 0,
            waiting: None,
            is_out_of_time: false,
        }
    }

    /// Breaks where enough is kept, time is over, or a schema must be asked for first.
    pub(super) fn take(&mut self, stored: Stored) -> ControlFlow<()> {
        if let Some(id) = self.missing(&stored) {
            self.waiting = Some((stored, id));
            return ControlFlow::Break(());
        }
        self.judge(stored);
        // A clock is cheap beside a filter, and a broker's own budget does not know of it.
        if Instant::now() >= self.ends_at {
            self.is_out_of_time = true;
            return ControlFlow::Break(());
        }
        match self.is_full() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.kept.len() >= self.most || self.is_heavy()
    }

    /// Whether memory is what ends it.
    pub(super) fn is_heavy(&self) -> bool {
        self.kept_bytes >= KEPT_BYTES
    }

    /// Asks for the schema that made it break, and judges the message; whether there was one.
    pub(super) async fn settle(&mut self) -> bool {
        let Some((stored, id)) = self.waiting.take() else {
            return false;
        };
        let patience = self.ends_at.saturating_duration_since(Instant::now());
        self.decoder.learn(id, patience).await;
        // What is not known now is decoded as that.
        self.judge(stored);
        true
    }

    fn missing(&self, stored: &Stored) -> Option<u32> {
        let filter = self.wanted.filter.as_ref()?;
        if !self.is_wanted(stored) {
            return None;
        }
        let of = |asks: bool, bytes: Option<&bytes::Bytes>| {
            bytes
                .filter(|_| asks)
                .and_then(|bytes| self.decoder.missing(bytes))
        };
        of(filter.asks_for_value(), stored.value.as_ref())
            .or_else(|| of(filter.asks_for_key(), stored.key.as_ref()))
    }

    fn judge(&mut self, stored: Stored) {
        if !self.is_wanted(&stored) {
            return;
        }
        let verdict = match &self.wanted.filter {
            None => Verdict::Yes,
            Some(filter) => verdict(filter, &stored, self.decoder, self.sight),
        };
        match verdict {
            Verdict::No => {}
            Verdict::TooMuch => self.unjudged += 1,
            Verdict::Yes => {
                self.matched += 1;
                self.kept_bytes += stored.weight_bytes();
                self.kept.push(stored);
            }
        }
    }

    fn is_wanted(&self, stored: &Stored) -> bool {
        let wanted = self.wanted.key.as_deref();
        let sought = self.wanted.sought.as_ref();
        wanted.is_none_or(|key| stored.key.as_deref() == Some(key))
            && sought.is_none_or(|sought| sought.is_in(stored))
    }
}

/// By what the reader may see: what is hidden cannot be probed.
pub(super) fn verdict(
    filter: &Filter,
    stored: &Stored,
    decoder: &Decoder,
    sight: Sight,
) -> Verdict {
    let decode = |asks: bool, bytes: Option<&bytes::Bytes>| {
        bytes
            .filter(|_| asks)
            .map(|bytes| decoder.decode(bytes, sight.veil))
    };
    let value = decode(filter.asks_for_value(), stored.value.as_ref());
    let key = decode(filter.asks_for_key(), stored.key.as_ref());
    let headers: Vec<(String, Option<String>)> = match filter.asks_for_bodies() {
        true => super::show::headers(&stored.headers, sight),
        false => Vec::new(),
    };
    filter.judge(&Sample {
        value: value.as_ref(),
        key: key.as_ref(),
        headers: &headers,
        partition: stored.partition.as_deref(),
        offset: stored.offset,
        at: stored.at,
        size_bytes: stored.size_bytes,
    })
}
