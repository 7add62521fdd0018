use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use waybill_model::view;

use super::Fault;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OverviewData {
    pub overview: view::Overview,
    /// SVG of lines and areas only; it holds no text.
    pub traffic_svg: String,
}

#[server(prefix = "/fn", endpoint = "overview")]
pub async fn overview() -> Result<OverviewData, Fault> {
    let overview = super::fault::told(super::port().overview().await)?;
    Ok(OverviewData {
        traffic_svg: crate::part::chart::traffic_svg(&overview.traffic),
        overview,
    })
}
