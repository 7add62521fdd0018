//! The one-time link by which the first administrator comes to be. It works once, and ends as soon
//! as there is an administrator, however that one was made.

use std::net::IpAddr;

use waybill_model::problem::{Code, Problem};
use waybill_model::time::Timestamp;

use super::{Auth, accept_name, password, secret, store_problem};

impl Auth {
    /// The path of a fresh link, in place of the one before; `None` once there is an administrator.
    pub async fn setup_link(&self) -> Result<Option<String>, Problem> {
        if self.store.has_admin().await.map_err(store_problem)? {
            return Ok(None);
        }
        let secret = secret::random()?;
        self.store
            .set_setup_link(&secret)
            .await
            .map_err(store_problem)?;
        Ok(Some(format!("/setup/{secret}")))
    }

    /// # Errors
    /// [`Code::SetupLinkUsed`] where the link does not lead anywhere any more.
    pub async fn check_setup_link(&self, secret: &str) -> Result<(), Problem> {
        if self
            .store
            .setup_link_fits(secret)
            .await
            .map_err(store_problem)?
        {
            Ok(())
        } else {
            Err(used())
        }
    }

    /// Makes the first administrator and signs them in; gives the session's secret.
    pub async fn set_up(
        &self,
        link: &str,
        name: &str,
        password: String,
        from: IpAddr,
        now: Timestamp,
    ) -> Result<String, Problem> {
        if let Err(problem) = self.check_setup_link(link).await {
            let from = from.to_string();
            self.audit
                .denied("anonymous", "setup.use", "setup link", &problem, &from)
                .await;
            return Err(problem);
        }
        let name = accept_name(name)?;
        password::accept(&password)?;
        let hash = self.passwords.hash(password).await?;
        let make = async {
            let made = self
                .store
                .use_setup_link(link, name, &hash)
                .await
                .map_err(store_problem)?;
            made.ok_or_else(used)
        };
        let detail = format!("role admin, from {from}");
        let id = self
            .audit
            .around("anonymous", "setup.use", name, detail, make)
            .await?;
        self.open_session(id, name, from, now).await
    }
}

fn used() -> Problem {
    Problem::new(
        Code::SetupLinkUsed,
        "This setup link was used or has ended.",
        "Sign in; if nobody can, run `waybill user add --role admin` on the server.",
    )
}
