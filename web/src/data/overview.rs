use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use waybill_model::view;

use super::packed::{Answer, Read};
use crate::live::Live;
use crate::part::map::Plan;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OverviewData {
    pub overview: view::Overview,
    /// The map, laid out.
    pub map: Plan,
    /// SVG of lines and areas only; it holds no text.
    pub traffic_svg: String,
}

#[server(prefix = "/fn", endpoint = "overview")]
pub async fn overview() -> Answer {
    let overview = super::port().overview().await;
    super::fault::answer(overview.map(|overview| OverviewData {
        map: crate::part::map::layout(&overview.edges, &overview.destinations),
        traffic_svg: crate::part::chart::traffic_svg(&overview.traffic),
        overview,
    }))
}

pub fn read_overview(live: Live) -> Read<OverviewData> {
    Read::new(move || live.key(), overview)
}
