//! Reading: from what a person asks to journeys, traces and overviews. Nothing here writes but the
//! finder, and nothing here knows HTTP.

pub mod ask;
pub mod browse;
mod causes;
mod coverage;
mod cursor;
pub mod destination;
mod destination_broker;
mod destination_item;
mod destination_place;
mod destinations;
mod failure_group;
mod failures;
pub mod finder;
mod gather;
mod group_judged;
mod groups;
mod head_of_line;
mod later;
mod logs;
mod map;
mod map_broker;
mod map_routes;
mod moved;
mod observed;
mod overtaken;
mod overview;
mod page;
mod posture;
mod search;
mod select;
pub mod series;
mod spans;
mod stretch;
mod tries;
mod walk;
mod watched;
mod window;
mod witness;

use std::sync::Arc;

pub use failures::no_failure;
pub use groups::no_group;
use waybill_broker::{Dialects, Judge};
use waybill_model::id::TraceId;
use waybill_model::problem::Problem;
use waybill_model::reference::Term;
use waybill_model::span::Span;
use waybill_store::Store;

use crate::auth::store_problem;
use crate::clock;
use crate::journey::{self, Clusters, Context, Owners, Rebuilt, SearchAttributes};

/// Cheap to clone.
#[derive(Clone)]
pub struct Query {
    store: Store,
    dialects: Dialects,
    search: Arc<SearchAttributes>,
    clusters: Clusters,
    owners: Owners,
    topologies: observed::Topologies,
    judges: posture::Judges,
    strains: causes::Strains,
    shelves: browse::Shelves,
    known_places: ask::KnownPlaces,
    lately: ask::Lately,
    known_aside: ask::KnownAside,
}

impl Query {
    pub fn new(
        store: Store,
        dialects: Dialects,
        search: Arc<SearchAttributes>,
        clusters: Clusters,
        owners: Owners,
    ) -> Self {
        Self {
            store,
            dialects,
            search,
            clusters,
            owners,
            topologies: observed::Topologies::default(),
            judges: posture::Judges::default(),
            strains: causes::Strains::default(),
            shelves: browse::Shelves::none(),
            known_places: ask::KnownPlaces::default(),
            lately: ask::Lately::default(),
            known_aside: ask::KnownAside::default(),
        }
    }

    /// With clusters whose stored messages may be read.
    pub fn with_shelves(self, shelves: browse::Shelves) -> Self {
        Self { shelves, ..self }
    }

    /// With what judges the settings of clusters, by system.
    pub fn with_judges(self, judges: impl IntoIterator<Item = (String, Judge)>) -> Self {
        let judges = posture::Judges::of(judges);
        Self { judges, ..self }
    }

    fn rebuild(&self, spans: &[Arc<Span>]) -> Rebuilt {
        let context = Context {
            clusters: self.clusters.clone(),
            now: clock::now(),
        };
        let mut rebuilt = journey::rebuild(spans, &self.dialects, &context);
        for journey in &mut rebuilt.journeys {
            journey.owner = self.owners.of(journey);
        }
        rebuilt
    }

    /// The spans of a trace; none where it is not known.
    pub async fn trace(&self, trace_id: TraceId) -> Result<Trace, Problem> {
        let found = self
            .store
            .find(&[Term::trace(trace_id)], None, spans::FRAMES_A_TRACE)
            .await
            .map_err(store_problem)?;
        let mut spans = found.spans;
        spans.retain(|span| span.trace_id == trace_id);
        spans.sort_by_key(|span| (span.started_at, span.span_id));
        Ok(Trace {
            spans,
            truncated: found.truncated,
        })
    }
}

/// A trace as far as it is at hand.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// In order of start.
    pub spans: Vec<Arc<Span>>,
    /// There are more spans than one answer holds; the newest are here.
    pub truncated: bool,
}
