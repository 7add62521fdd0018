//! Clusters, destinations and groups: each page is rendered by the server and travels as HTML.

use leptos::prelude::*;

use super::island::Ask;
use super::packed::Answer;

/// `query`: of the page's address, as it stands there.
#[server(prefix = "/fn", endpoint = "destinations")]
pub async fn destinations(query: String) -> Answer {
    super::fault::answer(crate::observed::destinations::page(&query).await)
}

#[server(prefix = "/fn", endpoint = "destination")]
pub async fn destination(id: String, query: String) -> Answer {
    super::fault::answer(crate::observed::destination::page(id, &query).await)
}

#[server(prefix = "/fn", endpoint = "groups")]
pub async fn groups(query: String) -> Answer {
    super::fault::answer(crate::observed::groups::page(&query).await)
}

#[server(prefix = "/fn", endpoint = "group")]
pub async fn group(id: String, query: String) -> Answer {
    super::fault::answer(crate::observed::group::page(id, &query).await)
}

#[server(prefix = "/fn", endpoint = "clusters")]
pub async fn clusters() -> Answer {
    super::fault::answer(crate::observed::clusters::page().await)
}

#[server(prefix = "/fn", endpoint = "cluster")]
pub async fn cluster(id: String) -> Answer {
    super::fault::answer(crate::observed::cluster::page(id).await)
}

#[server(prefix = "/fn", endpoint = "durability")]
pub async fn durability(id: String, query: String) -> Answer {
    super::fault::answer(crate::observed::durability::page(id, &query).await)
}

pub const DESTINATIONS: Ask = |_, query| Box::pin(destinations(query));
pub const DESTINATION: Ask = |id, query| Box::pin(destination(id, query));
pub const GROUPS: Ask = |_, query| Box::pin(groups(query));
pub const GROUP: Ask = |id, query| Box::pin(group(id, query));
pub const CLUSTERS: Ask = |_, _| Box::pin(clusters());
pub const CLUSTER: Ask = |id, _| Box::pin(cluster(id));
pub const DURABILITY: Ask = |id, query| Box::pin(durability(id, query));
