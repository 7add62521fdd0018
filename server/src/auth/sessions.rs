//! Signing in and out, and who a request comes from.
//!
//! A session's secret lives in the cookie alone; the database holds its SHA-256. Signing in always
//! makes a new one and ends the one before. Rights are read anew with each request, so a change of
//! role or a removed user takes effect at once.

use std::net::IpAddr;
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use http::HeaderMap;
use waybill_model::access::{Caller, Role};
use waybill_model::problem::{Code, Problem};
use waybill_model::time::Timestamp;
use waybill_model::view::TokenPurpose;
use waybill_store::accounts::Account;
use waybill_store::sessions::SessionLife;

use super::identity::{Credential, Identity, cookie, credential, session_cookie_name};
use super::throttle::Throttle;
use super::{Auth, secret, store_problem};
use crate::clock;

/// Seconds after which a session ends however much it is used: a week.
pub const ABSOLUTE_S: i64 = 7 * 86_400;

const LIFE: SessionLife = SessionLife {
    idle: Duration::from_secs(12 * 3_600),
    absolute: Duration::from_secs(ABSOLUTE_S as u64),
};

const UNKNOWN_NAME: &str = "a name that nobody has";

/// Why nobody was signed in, and how long to wait where that is why.
#[derive(Debug)]
pub struct SignInRefused {
    pub problem: Problem,
    pub retry_after_s: Option<u64>,
}

impl From<Problem> for SignInRefused {
    fn from(problem: Problem) -> Self {
        Self {
            problem,
            retry_after_s: None,
        }
    }
}

impl Auth {
    /// A secret that ended or never was is nobody.
    ///
    /// # Errors
    /// As the store.
    pub async fn identify(&self, headers: &HeaderMap) -> Result<Identity, Problem> {
        match credential(headers, session_cookie_name(self.https)) {
            Credential::None | Credential::Unreadable => Ok(Identity::Nobody),
            Credential::Bearer(token) => self.by_token(token).await,
            Credential::Session(secret) => self.by_session(secret).await,
        }
    }

    /// The secret that a browser sends.
    pub fn session_secret<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        cookie(headers, session_cookie_name(self.https))
    }

    /// Opens a session and gives the secret for its cookie. `before` is ended: a secret that was
    /// planted in a browser never becomes a session.
    pub async fn sign_in(
        &self,
        name: &str,
        password: String,
        from: IpAddr,
        before: Option<&str>,
        now: Timestamp,
    ) -> Result<String, SignInRefused> {
        let begun = self.throttle().begin(name, from, now);
        if let Err(paused) = begun {
            let problem = Problem::new(
                Code::TooManyAttempts,
                "Sign-in is paused after repeated failures.",
                format!("Wait {} s and try again.", paused.retry_after_s),
            );
            if paused.first {
                self.audit_refusal(None, &problem, from).await;
            }
            return Err(SignInRefused {
                problem,
                retry_after_s: Some(paused.retry_after_s),
            });
        }
        let account = self
            .store
            .account_by_name(name)
            .await
            .map_err(store_problem)?;
        let stored = account
            .as_ref()
            .map(|account| account.password_hash.clone());
        let fits = self.passwords.fits(password, stored).await?;
        let Some(account) = account.as_ref().filter(|_| fits) else {
            let problem = Problem::new(
                Code::WrongCredentials,
                "Name and password do not fit.",
                "Check both; an administrator can set a new password.",
            );
            self.audit_refusal(account.as_ref(), &problem, from).await;
            return Err(problem.into());
        };
        let secret = self
            .open_session(account.id, &account.name, from, now)
            .await?;
        if let Some(before) = before {
            self.store
                .close_session(before)
                .await
                .map_err(store_problem)?;
        }
        self.throttle().succeeded(name, from);
        Ok(secret)
    }

    pub async fn sign_out(&self, who: &Identity, secret: &str) -> Result<(), Problem> {
        let close = async {
            self.store
                .close_session(secret)
                .await
                .map_err(store_problem)
        };
        match who.caller() {
            Some(caller) => {
                let name = &caller.name;
                self.audit
                    .around(name, "session.close", name, String::new(), close)
                    .await
            }
            None => close.await,
        }
    }

    pub(super) async fn open_session(
        &self,
        account_id: i64,
        name: &str,
        from: IpAddr,
        now: Timestamp,
    ) -> Result<String, Problem> {
        let secret = secret::random()?;
        let open = async {
            self.store
                .open_session(account_id, &secret, LIFE, now)
                .await
                .map_err(store_problem)
        };
        self.audit
            .around(name, "session.open", name, format!("from {from}"), open)
            .await?;
        self.store
            .account_seen(account_id, now)
            .await
            .map_err(store_problem)?;
        Ok(secret)
    }

    async fn by_session(&self, secret: &str) -> Result<Identity, Problem> {
        let now = clock::now();
        let Some(session) = self
            .store
            .session(secret, now)
            .await
            .map_err(store_problem)?
        else {
            return Ok(Identity::Nobody);
        };
        if now.ms_since(session.last_used_at) > 60_000.0 {
            self.store
                .account_seen(session.account_id, now)
                .await
                .map_err(store_problem)?;
        }
        let Some(caller) = self.caller(session.account_id, None, None).await? else {
            return Ok(Identity::Nobody);
        };
        Ok(Identity::User {
            caller,
            session: Some(secret::digest(secret)),
        })
    }

    async fn by_token(&self, token: &str) -> Result<Identity, Problem> {
        if !secret::looks_like_token(token) {
            return Ok(Identity::Nobody);
        }
        let found = self
            .store
            .token(token, clock::now())
            .await
            .map_err(store_problem)?;
        let Some(found) = found else {
            return Ok(Identity::Nobody);
        };
        match (found.purpose, found.account_id) {
            (TokenPurpose::Ingest, _) => Ok(Identity::Ingest { token: found.name }),
            (TokenPurpose::Api, None) => Ok(Identity::Nobody),
            (TokenPurpose::Api, Some(account)) => {
                let caller = self.caller(account, Some(found.name), found.role).await?;
                Ok(caller.map_or(Identity::Nobody, |caller| Identity::User {
                    caller,
                    session: None,
                }))
            }
        }
    }

    /// The user with all grants; a token narrows them to those of its own role.
    async fn caller(
        &self,
        account_id: i64,
        token: Option<String>,
        token_role: Option<Role>,
    ) -> Result<Option<Caller>, Problem> {
        let account = self
            .store
            .account(account_id)
            .await
            .map_err(store_problem)?;
        let Some(account) = account else {
            return Ok(None);
        };
        let mut grants = account.role.grants();
        let own = self
            .store
            .grants_of(account_id)
            .await
            .map_err(store_problem)?;
        grants.extend(own.into_iter().map(|stored| stored.grant));
        let mut role = account.role;
        if let Some(narrower) = token_role {
            let actions = narrower.actions();
            grants.retain(|grant| actions.contains(&grant.action));
            role = narrower;
        }
        Ok(Some(Caller {
            user_id: account.id,
            name: account.name,
            role,
            grants,
            token,
        }))
    }

    /// What was typed as a name is not written down: it may be a password.
    async fn audit_refusal(&self, account: Option<&Account>, problem: &Problem, from: IpAddr) {
        let object = account.map_or(UNKNOWN_NAME, |account| &account.name);
        self.audit
            .denied(
                "anonymous",
                "session.open",
                object,
                problem,
                &from.to_string(),
            )
            .await;
    }

    fn throttle(&self) -> MutexGuard<'_, Throttle> {
        self.throttle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
