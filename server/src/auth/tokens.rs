//! Tokens: for programs that ask (they speak for a user, within a role) and for programs that only
//! send telemetry. Everyone manages their own; whoever administers users manages all.

use waybill_model::access::{Action, Caller, Role, Target};
use waybill_model::problem::{Code, Problem};
use waybill_model::view::{TokenLine, TokenPurpose};
use waybill_store::tokens::NewToken;

use super::identity::actor;
use super::{Auth, accept_name, policy, require, secret, store_problem};
use crate::clock;

impl Auth {
    /// Newest first.
    pub async fn tokens(&self, by: &Caller) -> Result<Vec<TokenLine>, Problem> {
        let mut all = self.store.tokens().await.map_err(store_problem)?;
        if require(by, Action::UserAdmin).is_err() {
            all.retain(|line| line.user.as_deref() == Some(&by.name));
        }
        Ok(all)
    }

    /// The token and its secret, which is told here and never again. `role` bounds what an API
    /// token may do; it means nothing to an ingest token.
    ///
    /// # Errors
    /// [`Code::Forbidden`] for a role that holds what the caller may not do.
    pub async fn create_token(
        &self,
        by: &Caller,
        name: &str,
        purpose: TokenPurpose,
        role: Role,
    ) -> Result<(TokenLine, String), Problem> {
        let name = accept_name(name)?;
        let (prefix, account_id, role) = match purpose {
            TokenPurpose::Ingest => {
                require(by, Action::UserAdmin)?;
                (secret::INGEST_PREFIX, None, None)
            }
            TokenPurpose::Api => {
                within(by, role)?;
                (secret::API_PREFIX, Some(by.user_id), Some(role))
            }
        };
        let secret = secret::token(prefix)?;
        let create = async {
            let token = NewToken {
                name,
                purpose,
                account_id,
                role,
                expires_at: None,
            };
            let id = self
                .store
                .create_token(token, &secret)
                .await
                .map_err(store_problem)?;
            // Not by what the maker sees: the command line makes tokens for others.
            let all = self.store.tokens().await.map_err(store_problem)?;
            all.into_iter()
                .find(|line| line.id == id)
                .ok_or_else(no_token)
        };
        let detail = match role {
            Some(role) => format!("for the API, role {}", role.name()),
            None => "for ingest".to_owned(),
        };
        let line = self
            .audit
            .around(&actor(by), "token.create", name, detail, create)
            .await?;
        Ok((line, secret))
    }

    pub async fn revoke_token(&self, by: &Caller, id: i64) -> Result<(), Problem> {
        let line = self.token_line(by, id).await?;
        let revoke = async {
            let found = self.store.revoke_token(id).await.map_err(store_problem)?;
            self.forget_ingest_tokens();
            if found { Ok(()) } else { Err(no_token()) }
        };
        let detail = match &line.user {
            Some(user) => format!("of {user}"),
            None => "for ingest".to_owned(),
        };
        self.audit
            .around(&actor(by), "token.revoke", &line.name, detail, revoke)
            .await
    }

    async fn token_line(&self, by: &Caller, id: i64) -> Result<TokenLine, Problem> {
        let mine = self.tokens(by).await?;
        mine.into_iter()
            .find(|line| line.id == id)
            .ok_or_else(no_token)
    }
}

/// A token never does what its maker may not.
fn within(by: &Caller, role: Role) -> Result<(), Problem> {
    let beyond = role
        .actions()
        .into_iter()
        .find(|action| !by.may(*action, Target::default(), clock::now()));
    beyond.map_or(Ok(()), |action| Err(policy::forbidden(Some(action))))
}

fn no_token() -> Problem {
    Problem::new(
        Code::NotFound,
        "There is no such token.",
        "GET /api/v1/tokens lists them.",
    )
}
