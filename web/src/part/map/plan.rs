//! A drawn map as data: where everything lies.

use waybill_model::messaging::DestinationRole;
use waybill_model::view::MapEdgeKind;

/// Sizes in units of the drawing.
pub const WIDTH: f64 = 1200.0;
pub const NODE_HEIGHT: f64 = 40.0;
pub const ROW: f64 = 50.0;
pub const SERVICE_WIDTH: f64 = 230.0;
pub const DESTINATION_WIDTH: f64 = 300.0;

#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub height: f64,
    pub publishers: Vec<Node>,
    pub destinations: Vec<Node>,
    pub consumers: Vec<Node>,
    pub lines: Vec<Line>,
    /// Destinations that are not drawn.
    pub left_out: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub name: String,
    pub system: String,
    pub role: DestinationRole,
    pub x: f64,
    /// Of its middle.
    pub y: f64,
    pub per_s: f64,
    /// 0 to 1, the worst of its lines.
    pub failed_share: f64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub kind: MapEdgeKind,
    pub from: (f64, f64),
    pub to: (f64, f64),
    pub per_s: f64,
    pub failed_share: f64,
}
