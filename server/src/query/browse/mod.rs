//! Stored messages, read from the broker while somebody waits: within a budget, and only where
//! looking disturbs nothing. The one part of `query` that holds a broker's facet (Browse).

mod back;
mod cursor;
mod forward;
mod indexed;
mod journeys;
mod place;
mod refusal;
mod show;
mod sieve;
mod spent;
pub mod tail;
mod turns;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use waybill_broker::Cluster;
use waybill_broker::browse::{Browse, Stored};
use waybill_model::id::TraceId;
use waybill_model::problem::Problem;
use waybill_model::stored::{ReadBudget, ReadPrice, StoredPage};
use waybill_model::time::Timestamp;

use super::Query;
use crate::clock;
use crate::filter::Filter;
use crate::journey::carrier;
use crate::journey::masking::is_secret;
use crate::payload::{Decoder, Veil};

pub use cursor::Cursor;
pub(super) use indexed::indexed;
pub use place::Place;
use spent::Found;
pub use turns::Turns;
pub use waybill_broker::browse::Budget;

/// Bounds of what one reading may ask for.
pub const USUAL_BYTES: u64 = 4 << 20;
pub const MOST_BYTES: u64 = 64 << 20;
pub const USUAL_MS: u64 = 2_000;
pub const MOST_MS: u64 = 15_000;
/// How long a broker may take to say what lies there.
const PRICE: Duration = Duration::from_secs(3);
/// How often a turn is asked for again.
const TURN: Duration = Duration::from_millis(20);
/// How long an adapter may take beyond its budget before it is let go.
const GRACE: Duration = Duration::from_secs(3);

/// Clusters whose messages can be asked for, by name.
#[derive(Clone, Default)]
pub struct Shelves {
    by_cluster: Arc<HashMap<String, Shelved>>,
    pub(super) turns: Turns,
}

/// A cluster to read from, and what decodes its messages.
#[derive(Clone)]
pub struct Shelved {
    pub cluster: Arc<dyn Cluster>,
    pub decoder: Decoder,
}

impl Shelves {
    pub fn new(by_cluster: HashMap<String, Shelved>) -> Self {
        Self {
            by_cluster: Arc::new(by_cluster),
            turns: Turns::default(),
        }
    }

    pub(super) fn of(&self, cluster: &str) -> Option<&Shelved> {
        self.by_cluster.get(cluster)
    }
}

/// One reading, with everything settled but the answer.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Who reads; one reading of a destination at a time each.
    pub person: String,
    pub place: Place,
    pub partition: Option<String>,
    pub from: From,
    pub wanted: Wanted,
    pub limit: usize,
    pub budget: Budget,
    pub price_only: bool,
    pub sight: Sight,
}

#[derive(Clone, Debug, PartialEq)]
pub enum From {
    /// Newest first, going back.
    Latest,
    Earliest,
    Offset(i64),
    Time(Timestamp),
    /// Where a page ended.
    Cursor(Cursor),
}

/// Which of the messages are shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wanted {
    /// The key's bytes.
    pub key: Option<Vec<u8>>,
    pub filter: Option<Filter>,
    pub sought: Option<Sought>,
}

/// What leads from a message to its journey.
#[derive(Clone, Debug, PartialEq)]
pub enum Sought {
    /// Its key.
    Key(Vec<u8>),
    /// Its key, or what one of its headers or properties holds; with a name, what that one holds.
    /// What is hidden from readers is not looked at.
    Word {
        name: Option<String>,
        value: Vec<u8>,
    },
    /// The trace that it carries.
    Trace(TraceId),
}

impl Sought {
    pub(super) fn is_in(&self, stored: &Stored) -> bool {
        let has_key = |key: &[u8]| stored.key.as_deref() == Some(key);
        match self {
            Self::Key(key) => has_key(key),
            Self::Word { name, value } => {
                let named = |own: &str| {
                    let is_meant = name.as_ref().is_none_or(|name| is_alike(name, own));
                    is_meant && !is_secret(own)
                };
                let mut headers = stored.headers.iter();
                let mut properties = stored.properties.iter();
                // A key has no name.
                (name.is_none() && has_key(value))
                    || headers.any(|(own, told)| named(own) && told.as_deref() == Some(value))
                    || properties
                        .any(|(own, told)| named(own) && told.as_bytes() == value.as_slice())
            }
            Self::Trace(trace_id) => carrier::contexts(&stored.headers)
                .iter()
                .any(|carried| carried.trace_id == *trace_id),
        }
    }
}

/// What of a message its reader may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sight {
    /// Keys, values and what headers hold.
    pub bodies: bool,
    pub veil: Veil,
    pub journeys: bool,
}

/// `order.id`, `order-id` and `order_id` are one name.
fn is_alike(a: &str, b: &str) -> bool {
    let letters = |text: &str| -> Vec<char> {
        let all = text.chars().filter(|c| !matches!(c, '.' | '-' | '_'));
        all.flat_map(char::to_lowercase).collect()
    };
    letters(a) == letters(b)
}

impl Wanted {
    pub(super) fn is_all(&self) -> bool {
        self.key.is_none() && self.filter.is_none() && self.sought.is_none()
    }
}

impl Query {
    /// # Errors
    /// `NotBrowsable` where nothing can read its cluster, `WouldDisturb` where looking would change
    /// something, `Overloaded` where others read already, and as the cluster refuses.
    pub async fn messages(&self, reading: Reading) -> Result<StoredPage, Problem> {
        let shelved = self.shelved(&reading.place)?;
        let browse = place::browse(&shelved, &reading.place)?;
        let _turn = self.shelves.turns.take(&reading.person, &reading.place)?;
        let price = price(browse, &reading.place).await?;
        let mut page = StoredPage {
            as_of: clock::now(),
            cluster: reading.place.cluster.clone(),
            destination: reading.place.shelf.name.clone(),
            budget: ReadBudget {
                bytes: reading.budget.bytes,
                ms: u64::try_from(reading.budget.time.as_millis()).unwrap_or(u64::MAX),
            },
            price,
            read: None,
            items: Vec::new(),
            next: None,
            unread: Vec::new(),
            journeys_truncated: false,
            withheld: show::withheld(reading.sight),
        };
        if reading.price_only {
            return Ok(page);
        }
        if let Some(disturbance) = &page.price.disturbs {
            return Err(refusal::disturbs(disturbance));
        }
        let found = read(browse, &shelved.decoder, &reading).await?;
        page.read = Some(found.told);
        page.next = found.next.map(|cursor| cursor.to_string());
        page.unread = found.unread;
        if show::withholds_properties(&found.kept, reading.sight) {
            page.withheld.push("properties".to_owned());
        }
        page.items = show::items(found.kept, &shelved.decoder, reading.sight).await;
        if reading.sight.journeys {
            page.journeys_truncated = self.add_journeys(&mut page.items, &reading.place).await?;
        }
        Ok(page)
    }
}

/// What a reading finds, before it is shown. Waits for a turn as long as the reading may take.
///
/// # Errors
/// As [`Query::messages`].
pub(super) async fn found(query: &Query, reading: &Reading) -> Result<Found, Problem> {
    let shelved = query.shelved(&reading.place)?;
    let browse = place::browse(&shelved, &reading.place)?;
    let _turn = turn(query, reading).await?;
    read(browse, &shelved.decoder, reading).await
}

async fn turn(query: &Query, reading: &Reading) -> Result<turns::Turn, Problem> {
    let until = Instant::now() + reading.budget.time;
    loop {
        match query.shelves.turns.take(&reading.person, &reading.place) {
            Err(_) if Instant::now() < until => tokio::time::sleep(TURN).await,
            turn => return turn,
        }
    }
}

async fn read(browse: &dyn Browse, decoder: &Decoder, reading: &Reading) -> Result<Found, Problem> {
    match &reading.from {
        From::Latest | From::Cursor(Cursor::Back(_)) => back::read(browse, decoder, reading).await,
        _ => forward::read(browse, decoder, reading).await,
    }
}

/// The answer also where it has to be refused after: what it costs is told with the refusal.
async fn price(browse: &dyn Browse, place: &Place) -> Result<ReadPrice, Problem> {
    let patience = PRICE;
    let asked = browse.price(&place.shelf, patience);
    match tokio::time::timeout(patience + GRACE, asked).await {
        Ok(Ok(price)) => Ok(refusal::price(price)),
        Ok(Err(refused)) => Err(refusal::problem(place, refused)),
        Err(_) => Err(refusal::too_slow(place)),
    }
}
