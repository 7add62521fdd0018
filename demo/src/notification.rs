//! Notification: the last stop of an order, an email to the customer.

use std::time::Duration;

use anyhow::Result;

use crate::database::claim;
use crate::message::{Failure, Handled, Handler, Incoming};
use crate::order::Email;
use crate::rabbit::{self, NOTIFICATION};
use crate::service::Service;
use crate::trace::Work;

/// How long the mail server takes.
const MAIL_SERVER: Duration = Duration::from_millis(8);

pub async fn run(service: Service) -> Result<()> {
    let session = |end| {
        let service = &service;
        async move { rabbit::consume(service, NOTIFICATION, &Notification { service }, &end).await }
    };
    service.keep("notification", session).await;
    Ok(())
}

struct Notification<'a> {
    service: &'a Service,
}

impl Handler for Notification<'_> {
    async fn handle(&self, incoming: &Incoming, work: &Work) -> Result<Handled, Failure> {
        let email: Email = incoming.json()?;
        let mut transaction = self.service.pool.begin().await?;
        let message_id = incoming.headers.message_id();
        if !claim(
            &mut transaction,
            self.service.name.as_str(),
            message_id,
            &email.order_id,
        )
        .await?
        {
            return Ok(Handled::Again);
        }
        tokio::time::sleep(MAIL_SERVER).await;
        transaction.commit().await?;
        work.event("email sent", Vec::new());
        tracing::debug!(
            order = email.order_id,
            template = email.template,
            "email sent"
        );
        Ok(Handled::Done)
    }
}
