//! A drawn map as data: where everything lies.

use waybill_model::map::MapEdgeKind;
use waybill_model::messaging::DestinationRole;

/// Sizes in units of the drawing.
pub const WIDTH: f64 = 1200.0;
pub const NODE_HEIGHT: f64 = 40.0;
pub const ROW: f64 = 50.0;
pub const SERVICE_WIDTH: f64 = 230.0;
pub const DESTINATION_WIDTH: f64 = 300.0;
/// How far a line between two destinations stands off their column.
pub const ARC: f64 = 64.0;

#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub height: f64,
    pub publishers: Vec<Node>,
    pub destinations: Vec<Node>,
    /// Services, and groups of which no span tells.
    pub consumers: Vec<Node>,
    pub lines: Vec<Line>,
    /// Destinations that are not drawn.
    pub left_out: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Of the map's node; a service may stand on both sides.
    pub id: String,
    pub what: What,
    pub name: String,
    pub system: String,
    pub x: f64,
    /// Of its middle.
    pub y: f64,
    /// `None`: nobody tells.
    pub per_s: Option<f64>,
    pub lag_messages: Option<u64>,
    /// 0 to 1, the worst of its lines.
    pub failed_share: f64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    Service,
    Destination(DestinationRole),
    /// With the id of its page, where it has one.
    Group(Option<String>),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub kind: MapEdgeKind,
    pub from: (f64, f64),
    pub to: (f64, f64),
    /// Of a line between two destinations: how far it bends aside, left where negative.
    pub arc: Option<f64>,
    pub per_s: f64,
    pub failed_share: f64,
    /// Only the broker tells of it.
    pub is_of_broker: bool,
}
