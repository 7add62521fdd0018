//! Figures of one destination, as list and page show them alike.

use leptos::prelude::*;
use waybill_model::destination::DestinationSummary;
use waybill_model::messaging::DestinationKind;
use waybill_model::topology::Why;

use super::age::Age;
use super::gap::Gap;
use super::known_clusters::KnownClusters;
use super::sheet::per_s;
use crate::i18n::words;

/// Some broker tells of it: what it holds, or that it left it out.
pub fn is_told_by_broker(item: &DestinationSummary) -> bool {
    item.group_count.is_some()
}

/// Why a figure that only a broker could tell is not known.
pub fn why(item: &DestinationSummary, clusters: &KnownClusters) -> Gap {
    if item.missing_since.is_some() {
        return Gap::Why(Why::Missing);
    }
    match is_told_by_broker(item) {
        // What only hands messages on holds none.
        true if item.kind == Some(DestinationKind::Exchange) => Gap::Why(Why::Unsupported),
        true => clusters.gap(item.cluster.as_deref()),
        false => Gap::SpansOnly,
    }
}

pub fn age(item: &DestinationSummary) -> Age {
    Age {
        as_of: item.as_of,
        stale: item.stale,
        missing_since: item.missing_since,
    }
}

/// The broker's count; where it has none, what spans tell, and that it is from them.
pub fn rate(broker: Option<f64>, spans: f64) -> AnyView {
    match broker {
        Some(rate) => per_s(rate).into_any(),
        None => view! {
            {per_s(spans)} " " <span class="by-spans">{words().observed.by_spans}</span>
        }
        .into_any(),
    }
}
