//! Pages of clusters, destinations, groups and failures, and a journey's logs, as the server renders them. Their views, their
//! words and the types that they tell of stay on the server: see [`crate::data::island`].

pub mod age;
pub mod cluster;
pub mod cluster_health;
pub mod clusters;
pub mod destination;
mod destination_edges;
mod destination_item;
mod destination_partitions;
mod destination_series;
pub mod destinations;
pub mod durability;
pub mod failure;
mod failure_forms;
mod failure_history;
pub mod failures;
mod gap;
mod graph;
mod graph_svg;
pub mod group;
mod group_events;
mod group_partitions;
mod group_verdict;
pub mod groups;
pub mod journey_logs;
pub mod known_clusters;
mod range;
mod sheet;
