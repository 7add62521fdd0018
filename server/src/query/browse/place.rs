//! Which destination is meant, and whether it can be read at all.

use std::collections::HashMap;

use waybill_broker::browse::{Browse, Shelf};
use waybill_model::access::Sight;
use waybill_model::destination::{DestinationId, Window};
use waybill_model::problem::{Code, Problem};

use super::Shelved;
use crate::query::Query;
use crate::query::destination::no_destination;
use crate::query::destinations::Found;

/// A destination that a broker tells of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// As it was asked for.
    pub id: String,
    pub cluster: String,
    /// As in `messaging.system`.
    pub system: String,
    pub shelf: Shelf,
    pub partitions: Option<u64>,
}

impl Place {
    /// `cluster/namespace/name`.
    pub fn object(&self) -> String {
        match &self.shelf.namespace {
            Some(namespace) => format!("{}/{namespace}/{}", self.cluster, self.shelf.name),
            None => format!("{}/{}", self.cluster, self.shelf.name),
        }
    }
}

impl Query {
    /// # Errors
    /// `NotFound` as for [`Query::destination`]; `NotBrowsable` where only spans name it.
    pub async fn place(&self, id: &str, sights: Option<&[Sight]>) -> Result<Place, Problem> {
        let parsed: DestinationId = id.parse().map_err(|_| no_destination())?;
        let Some((line, is_only)) = self.broker_line(&parsed).await? else {
            // Whether it is there is told to those who may see it, and to nobody else.
            self.destination(id, Window::default(), sights).await?;
            return Err(only_spans());
        };
        let found = Found::of_line(None, line, is_only);
        let line = match (found.is_seen(sights), found.broker) {
            (true, Some(line)) => line,
            _ => return Err(no_destination()),
        };
        Ok(Place {
            id: id.to_owned(),
            cluster: line.cluster,
            system: line.system,
            shelf: Shelf {
                namespace: line.namespace,
                name: line.name,
            },
            partitions: line.partitions,
        })
    }

    pub(in crate::query) fn shelved(&self, place: &Place) -> Result<Shelved, Problem> {
        let shelved = self.shelves.of(&place.cluster);
        shelved.cloned().ok_or_else(|| no_reader(place))
    }
}

pub(super) fn browse<'a>(shelved: &'a Shelved, place: &Place) -> Result<&'a dyn Browse, Problem> {
    shelved.cluster.browse().ok_or_else(|| no_reader(place))
}

fn only_spans() -> Problem {
    Problem::new(
        Code::NotBrowsable,
        "No managed cluster tells of this destination alone: its messages cannot be read from here.",
        "Spans name it. Configure its cluster with managed = true, or take the id of one cluster's \
         from GET /api/v1/destinations.",
    )
}

fn no_reader(place: &Place) -> Problem {
    Problem::new(
        Code::NotBrowsable,
        format!(
            "Nothing here can read the messages of the cluster {}.",
            place.cluster
        ),
        "Its adapter has no reader of messages, or this process does not manage the cluster; \
         journeys tell what its spans say.",
    )
}

impl super::Shelves {
    /// Of none: what a process without clusters has.
    pub fn none() -> Self {
        Self::new(HashMap::new())
    }
}
