//! Reads what streams store. A look into any other queue is a delivery: it is refused, with what it
//! would cost that very queue and what to do instead.
//!
//! [`place`] asks what a name is; [`cost`] says what a look would do; [`stream`] reads by way of a
//! [`tap`], and [`delivery`] says what came.

mod cost;
mod delivery;
mod place;
mod stream;
mod tap;

use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;
use waybill_model::problem::Problem;

use super::failure::printable;
use super::http::{Deadline, Http};
use super::management::Management;
use super::settings::{Credentials, Endpoint, RabbitSettings, VhostFilter};
use crate::adapter::{Reason, Refused};
use crate::browse::{Ask, Browse, Keep, Price, Read, Shelf};
use place::{Kind, Place};
use tap::Tap;

pub(super) struct RabbitBrowse {
    http: Http,
    management: Management,
    has_management: bool,
    amqp: Vec<Endpoint>,
    credentials: Option<Credentials>,
    /// Who asks the management API.
    user: String,
    vhosts: VhostFilter,
}

impl RabbitBrowse {
    /// # Errors
    /// As [`Http::new`].
    pub fn new(cluster: &str, settings: &RabbitSettings) -> Result<Self, Problem> {
        let management = settings.management.clone();
        let of_address = management.first().and_then(|one| one.credentials.as_ref());
        let user = of_address.or(settings.credentials.as_ref());
        let user = user.map(|credentials| credentials.user.clone());
        Ok(Self {
            http: Http::new(cluster, settings)?,
            has_management: !management.is_empty(),
            management: Management::new(management, settings.credentials.clone()),
            amqp: settings.amqp.clone(),
            credentials: settings.credentials.clone(),
            user: user.unwrap_or_default(),
            vhosts: settings.vhosts.clone(),
        })
    }

    async fn place(&self, shelf: &Shelf, patience: Duration) -> Result<Place, Refused> {
        if !self.has_management {
            return Err(Refused {
                reason: Reason::Unreachable,
                detail: "without a management API nothing tells which queues are streams".into(),
                hint: "Set `management` in the settings of the cluster.".into(),
            });
        }
        let deadline = Deadline::after(patience);
        place::find(
            &self.management,
            &self.http,
            (&self.vhosts, &self.user),
            shelf,
            deadline,
        )
        .await
    }
}

#[async_trait]
impl Browse for RabbitBrowse {
    async fn price(&self, shelf: &Shelf, patience: Duration) -> Result<Price, Refused> {
        let place = self.place(shelf, patience).await?;
        Ok(match place.kind {
            Kind::Stream => Price::Free {
                messages: place.messages,
                bytes: place.bytes,
            },
            _ => cost::of(&place),
        })
    }

    async fn read(&self, ask: &Ask, keep: &mut Keep<'_>) -> Result<Read, Refused> {
        let deadline = Instant::now() + ask.budget.time;
        let place = self.place(&ask.shelf, ask.budget.time).await?;
        if place.kind != Kind::Stream
            && let Price::Disturbs { cost, instead } = cost::of(&place)
        {
            return Err(Refused {
                reason: Reason::Disturbs,
                detail: cost,
                hint: instead,
            });
        }
        // A queue is one partition, named like it.
        if let Some(partition) = &ask.partition
            && *partition != place.name
        {
            return Err(Refused {
                reason: Reason::NotThere,
                detail: format!("the stream has no partition {:?}", printable(partition)),
                hint: "A stream is one partition, named like it.".into(),
            });
        }
        let names = (place.vhost.as_str(), place.name.as_str());
        let tap = Tap::open(&self.amqp, self.credentials.as_ref(), names, deadline).await?;
        let read = stream::read(&tap, &place.name, ask, deadline, keep).await;
        tap.close().await;
        read
    }
}
