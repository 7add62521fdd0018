//! What spans leave open and the broker's word settles. Pure: the words were read elsewhere.
//!
//! - A word counts from when it was read: what was told before the message was put says nothing of
//!   it, and an old word only what cannot be undone.
//! - Spans are not contradicted. A word adds what no span told, and decides what spans left unknown.
//! - Each word that was used stands in the journey's `evidence`, with its time.

mod log;
mod queues;
#[cfg(test)]
#[path = "../settle_tests/mod.rs"]
mod tests;
mod words;

use waybill_model::journey::{
    Delivery, DeliveryState, Evidence, EvidenceKind, GapKind, HopRole, Journey, JourneyState,
};
use waybill_model::time::Timestamp;

pub use words::{LogWord, Parked, QueueWord, QueuesWord, Reader, Told, Word};

use super::diagnosis;

/// `words`: by hop, as many as were read.
pub fn settle(journey: &mut Journey, words: &[Option<Word>]) {
    for (hop, word) in words.iter().enumerate().take(journey.hops.len()) {
        let Some(word) = word else { continue };
        let mut case = Case {
            journey,
            hop,
            cluster: &word.cluster,
        };
        match &word.told {
            Told::Log(log) => log::settle(&mut case, log),
            Told::Queues(queues) => queues::settle(&mut case, queues),
        }
    }
    conclude(journey);
}

/// No retry or dead-letter destination holds it: whoever is past it has read it.
pub fn nothing_aside(journey: &mut Journey) {
    let read: Vec<Option<String>> = journey
        .evidence
        .iter()
        .filter(|one| one.kind == EvidenceKind::Passed)
        .map(|one| one.group.clone())
        .collect();
    for delivery in &mut journey.deliveries {
        if delivery.state == DeliveryState::Unknown && read.contains(&delivery.group) {
            delivery.state = DeliveryState::Done;
        }
    }
    conclude(journey);
}

/// The state, the gaps and the sentence that follow from the evidence.
pub fn conclude(journey: &mut Journey) {
    if journey.evidence.is_empty() {
        return;
    }
    journey.state = state(journey);
    let unnamed: Vec<&str> = journey
        .deliveries
        .iter()
        .filter(|delivery| delivery.group.is_none())
        .map(Delivery::name)
        .collect();
    let all_named = unnamed.is_empty();
    journey
        .gaps
        .retain(|gap| gap.kind != GapKind::UnknownGroup || !all_named);
    let read = journey
        .evidence
        .iter()
        .any(|one| one.kind == EvidenceKind::Passed);
    for gap in &mut journey.gaps {
        if gap.kind == GapKind::DarkConsumer {
            gap.detail = match read {
                true => "no span of a consumer was received; that it was read is the broker's word",
                false => "no span of a consumer was received; what is known of it the broker tells",
            }
            .to_owned();
        }
    }
    diagnosis::retell(journey);
}

/// The worst delivery decides; readers of dead letters do not.
fn state(journey: &Journey) -> JourneyState {
    use JourneyState::{DeadLettered, Delivered, Expired, Failed, InFlight, Replayed, Retrying};
    if matches!(journey.state, DeadLettered | Replayed) {
        return journey.state;
    }
    let tells = |kind| journey.evidence.iter().any(|one| one.kind == kind);
    let counts = |delivery: &&Delivery| {
        let mut attempts = delivery.attempts.iter();
        delivery.attempts.is_empty()
            || attempts.any(|a| {
                let hop = journey.hops.get(a.hop);
                hop.is_none_or(|hop| hop.role != HopRole::DeadLetter)
            })
    };
    let deliveries = || journey.deliveries.iter().filter(counts);
    if deliveries().next().is_none() {
        return match () {
            () if tells(EvidenceKind::Unroutable) => JourneyState::Unroutable,
            () if tells(EvidenceKind::Expired) => Expired,
            () => journey.state,
        };
    }
    let worst = deliveries().map(|delivery| match delivery.state {
        DeliveryState::DeadLettered => (0, DeadLettered),
        DeliveryState::Failed => (1, Failed),
        DeliveryState::Retrying => (2, Retrying),
        DeliveryState::Pending => (3, InFlight),
        DeliveryState::Unknown => (4, JourneyState::Unknown),
        DeliveryState::Done => (5, Delivered),
    });
    let (_, state) = worst
        .min_by_key(|(rank, _)| *rank)
        .unwrap_or((4, journey.state));
    match state {
        JourneyState::Unknown if tells(EvidenceKind::Expired) => Expired,
        state => state,
    }
}

/// One hop of a journey under a broker's word.
struct Case<'a> {
    journey: &'a mut Journey,
    hop: usize,
    cluster: &'a str,
}

impl Case<'_> {
    fn role(&self) -> HopRole {
        self.journey.hops[self.hop].role
    }

    /// Whether it went on from here, to be tried again or laid aside.
    fn is_last(&self) -> bool {
        self.hop + 1 == self.journey.hops.len()
    }

    /// When it surely lay here.
    fn put_at(&self) -> Option<Timestamp> {
        let hop = &self.journey.hops[self.hop];
        let producer = self.journey.producer.as_ref().filter(|_| self.hop == 0);
        let first_read = self.attempts().map(|attempt| attempt.started_at).min();
        producer
            .map(|producer| producer.ended_at)
            .or(hop.at)
            .or(first_read)
    }

    fn attempts(&self) -> impl Iterator<Item = &waybill_model::journey::Attempt> {
        let all = self.journey.deliveries.iter().flat_map(|d| &d.attempts);
        all.filter(|attempt| attempt.hop == self.hop)
    }

    /// Deliveries that read here and whose spans do not name their group.
    fn unnamed(&self) -> impl Iterator<Item = usize> + '_ {
        let all = self.journey.deliveries.iter().enumerate();
        all.filter(|(_, d)| d.group.is_none() && d.attempts.iter().any(|a| a.hop == self.hop))
            .map(|(at, _)| at)
    }

    /// Where one group alone can be meant.
    fn name_the_only<'n>(&mut self, mut names: impl Iterator<Item = &'n str>) {
        let (Some(name), None) = (names.next(), names.next()) else {
            return;
        };
        let is_taken = self.of_group(name).is_some();
        let mut unnamed = self.unnamed();
        let (Some(at), None) = (unnamed.next(), unnamed.next()) else {
            return;
        };
        drop(unnamed);
        if !is_taken && self.role() == HopRole::Origin {
            self.journey.deliveries[at].group = Some(name.to_owned());
        }
    }

    fn of_group(&self, name: &str) -> Option<usize> {
        let mut all = self.journey.deliveries.iter();
        all.position(|delivery| delivery.group.as_deref() == Some(name))
    }

    /// Of a group that no span tells of.
    fn add_dark(&mut self, group: &str, state: DeliveryState) {
        self.journey.deliveries.push(Delivery {
            group: Some(group.to_owned()),
            service: None,
            state,
            attempts: Vec::new(),
        });
    }

    fn tell(&mut self, kind: EvidenceKind, group: Option<&str>, as_of: Timestamp, detail: String) {
        self.journey.evidence.push(Evidence {
            kind,
            cluster: self.cluster.to_owned(),
            hop: self.hop,
            group: group.map(str::to_owned),
            detail,
            as_of,
        });
    }
}
