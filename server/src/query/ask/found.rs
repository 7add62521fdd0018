//! From stored messages to journeys that the broker alone tells of.

use bytes::Bytes;
use waybill_broker::Dialects;
use waybill_broker::browse::Stored;
use waybill_model::journey::{
    DeadLetter, Evidence, EvidenceKind, Gap, GapKind, Hop, HopRole, Journey, JourneyState, Message,
};
use waybill_model::messaging::DestinationRole;
use waybill_model::reference::{MessageRef, Term};

use crate::clock;
use crate::journey::carrier::{self, Carried};
use crate::journey::settle::conclude;
use crate::query::browse::{Place, Sought};

/// Of what leads to a message; longer headers say something else.
const HEADER_BYTES: usize = 1_024;

/// A message and where it lies.
pub(super) struct Record {
    pub(super) place: Place,
    pub(super) stored: Stored,
    /// Its own context; of several headers the last.
    context: Option<Carried>,
    /// What its client calls it by; copies that are retried or laid aside keep it.
    message_id: Option<String>,
}

impl Record {
    /// Without what the message says: only where it lies and what leads to it is needed.
    pub(super) fn new(place: &Place, stored: Stored) -> Self {
        // Copies, so that a batch that was read is not held by one of its parts.
        let copy = |bytes: Bytes| Bytes::copy_from_slice(&bytes);
        let short = |(_, value): &(String, Option<Bytes>)| {
            value
                .as_ref()
                .is_none_or(|value| value.len() <= HEADER_BYTES)
        };
        let message_id = client_id(&stored).map(str::to_owned);
        let headers = stored.headers.into_iter().filter(short);
        let headers: Vec<(String, Option<Bytes>)> = headers
            .map(|(name, value)| (name, value.map(copy)))
            .collect();
        Self {
            place: place.clone(),
            message_id,
            context: carrier::contexts(&headers).pop(),
            stored: Stored {
                key: stored.key.map(copy),
                value: None,
                properties: Vec::new(),
                headers,
                ..stored
            },
        }
    }

    fn partition(&self) -> String {
        self.stored.partition.clone().unwrap_or_default()
    }

    pub(super) fn reference(&self) -> MessageRef {
        MessageRef::Place {
            system: self.place.system.clone(),
            destination: self.place.shelf.name.clone(),
            partition: self.partition(),
            offset: self.stored.offset,
        }
    }

    /// By which spans may know it.
    pub(super) fn references(&self) -> Vec<MessageRef> {
        let context = self.context.map(|carried| MessageRef::Context {
            trace_id: carried.trace_id,
            span_id: carried.span_id,
        });
        let id = self.message_id.clone().map(|id| MessageRef::Id {
            system: self.place.system.clone(),
            destination: Some(self.place.shelf.name.clone()),
            id,
        });
        context
            .into_iter()
            .chain([self.reference()])
            .chain(id)
            .collect()
    }

    pub(super) fn terms(&self) -> Vec<Term> {
        let trace = self.context.map(|carried| Term::trace(carried.trace_id));
        let id = self.message_id.as_deref().map(Term::message_id);
        let here = [self.reference().term()];
        trace.into_iter().chain(here).chain(id).collect()
    }

    /// What further records of the same message carry.
    pub(super) fn sought(&self) -> Option<Sought> {
        let key = self.stored.key.as_ref().filter(|key| !key.is_empty());
        let trace = self.context.map(|carried| Sought::Trace(carried.trace_id));
        let id = self.message_id.as_ref().map(|id| Sought::Word {
            name: None,
            value: id.clone().into_bytes(),
        });
        key.map(|key| Sought::Key(key.to_vec())).or(trace).or(id)
    }

    pub(super) fn came_from(&self, dialects: &Dialects) -> Option<MessageRef> {
        let from = dialects.came_from(&self.place.system, &self.stored.headers)?;
        Some(MessageRef::Place {
            system: self.place.system.clone(),
            destination: from.destination,
            partition: from.partition,
            offset: from.offset,
        })
    }

    fn hop(&self, role: HopRole) -> Hop {
        Hop {
            role,
            destination: Some(self.place.shelf.name.clone()),
            partition: self.stored.partition.clone(),
            offset: Some(self.stored.offset),
            message_id: self.message_id.clone(),
            at: self.stored.at,
            span_id: None,
            trace_id: self.context.map(|carried| carried.trace_id),
            route: None,
        }
    }
}

/// What its client calls a message by.
pub(in crate::query) fn client_id(stored: &Stored) -> Option<&str> {
    // Digits alone are counted by somebody, and counted by others too.
    let mut properties = stored.properties.iter();
    let (_, id) = properties.find(|(name, id)| {
        *name == "message_id" && !id.bytes().all(|byte| byte.is_ascii_digit())
    })?;
    Some(id)
}

/// One journey a logical message: what was put again to be retried or laid aside is a hop of the one
/// that its headers name.
pub(super) fn journeys(records: Vec<Record>, dialects: &Dialects) -> Vec<Journey> {
    let role = |record: &Record| match dialects
        .destination_role(&record.place.system, &record.place.shelf.name)
    {
        DestinationRole::Retry => HopRole::Retry,
        DestinationRole::DeadLetter => HopRole::DeadLetter,
        DestinationRole::Origin | DestinationRole::Internal => HopRole::Origin,
    };
    let mut records: Vec<(HopRole, Record)> = records
        .into_iter()
        .map(|record| (role(&record), record))
        .collect();
    // First where messages begin, then in the order of time.
    records.sort_by_key(|(role, record)| (*role != HopRole::Origin, record.stored.at));
    let mut told: Vec<(Journey, Option<Carried>)> = Vec::new();
    for (role, record) in records {
        let of = (role != HopRole::Origin)
            .then(|| {
                told.iter()
                    .position(|(journey, own)| is_of(&record, journey, *own, dialects))
            })
            .flatten();
        match of {
            Some(at) => told[at].0.hops.push(record.hop(role)),
            None => told.push((alone(&record, role), record.context)),
        }
    }
    told.into_iter()
        .map(|(journey, _)| finished(journey))
        .collect()
}

pub(super) fn lies_at(journey: &Journey, reference: &MessageRef) -> bool {
    let MessageRef::Place {
        destination,
        partition,
        offset,
        ..
    } = reference
    else {
        return false;
    };
    journey.hops.iter().any(|hop| {
        hop.destination.as_ref() == Some(destination)
            && hop.partition.as_deref().unwrap_or_default() == partition
            && hop.offset == Some(*offset)
    })
}

/// Whether the record is a later hop of the journey.
fn is_of(record: &Record, journey: &Journey, own: Option<Carried>, dialects: &Dialects) -> bool {
    if journey.message.cluster.as_deref() != Some(record.place.cluster.as_str()) {
        return false;
    }
    match record.came_from(dialects) {
        Some(from) => lies_at(journey, &from),
        // Copied with the headers.
        None => {
            let id = &journey.message.message_id;
            (own.is_some() && own == record.context) || (id.is_some() && *id == record.message_id)
        }
    }
}

fn alone(record: &Record, role: HopRole) -> Journey {
    let stored = &record.stored;
    let place = &record.place;
    let lies = format!(
        "it lies in {}{} at {}",
        place.shelf.name,
        match &stored.partition {
            Some(partition) => format!(", partition {partition},"),
            None => String::new(),
        },
        stored.offset
    );
    Journey {
        id: record.reference().to_string(),
        state: JourneyState::Unknown,
        message: Message {
            system: place.system.clone(),
            cluster: Some(place.cluster.clone()),
            destination: Some(place.shelf.name.clone()),
            partition: stored.partition.clone(),
            offset: Some(stored.offset),
            message_id: record.message_id.clone(),
            key: None,
            size_bytes: Some(stored.size_bytes),
            created_at: stored.at,
        },
        hops: vec![record.hop(role)],
        trace_ids: record
            .context
            .iter()
            .map(|carried| carried.trace_id)
            .collect(),
        producer: None,
        deliveries: Vec::new(),
        budget: Vec::new(),
        dead_letter: None,
        replays: Vec::new(),
        caused: Vec::new(),
        caused_by: None,
        gaps: gaps(record.context),
        evidence: vec![Evidence {
            kind: EvidenceKind::Stored,
            cluster: place.cluster.clone(),
            hop: 0,
            group: None,
            detail: lies,
            as_of: clock::now(),
        }],
        diagnosis: None,
        diagnosis_rule: None,
        owner: None,
        overtaken_by: Vec::new(),
        assembling: false,
    }
}

fn gaps(context: Option<Carried>) -> Vec<Gap> {
    let producer = match context.and_then(|carried| carried.sampled) {
        Some(false) => Gap {
            kind: GapKind::Sampled,
            detail: "the message's own context says that its trace was not sampled".to_owned(),
        },
        _ => Gap {
            kind: GapKind::DarkProducer,
            detail: "no span of this message is stored; the broker holds it".to_owned(),
        },
    };
    let consumer = Gap {
        kind: GapKind::DarkConsumer,
        detail: "no span of a consumer was received".to_owned(),
    };
    vec![producer, consumer]
}

fn finished(mut journey: Journey) -> Journey {
    let dead = journey
        .hops
        .iter()
        .rev()
        .find(|hop| hop.role == HopRole::DeadLetter);
    if let Some(hop) = dead {
        journey.state = JourneyState::DeadLettered;
        journey.dead_letter = Some(DeadLetter {
            destination: hop.destination.clone().unwrap_or_default(),
            at: hop.at,
            evidence: "the broker holds it there".to_owned(),
        });
    } else if journey
        .hops
        .last()
        .is_some_and(|hop| hop.role == HopRole::Retry)
    {
        journey.state = JourneyState::Retrying;
    }
    conclude(&mut journey);
    journey
}
