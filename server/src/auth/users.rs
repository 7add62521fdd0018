//! Accounts, as administrators manage them. Each change is in the audit log before it is made.

use waybill_model::access::{Action, Caller, Role};
use waybill_model::problem::{Code, Problem};
use waybill_model::view::UserLine;

use super::identity::actor;
use super::{Auth, accept_name, require, store_problem};

impl Auth {
    pub async fn users(&self, by: &Caller) -> Result<Vec<UserLine>, Problem> {
        require(by, Action::UserAdmin)?;
        self.store.accounts().await.map_err(store_problem)
    }

    /// # Errors
    /// [`Code::Conflict`] where the name is taken.
    pub async fn add_user(
        &self,
        by: &Caller,
        name: &str,
        password: String,
        role: Role,
    ) -> Result<UserLine, Problem> {
        require(by, Action::UserAdmin)?;
        let name = accept_name(name)?;
        let hash = self.passwords.hash(password).await?;
        let create = async {
            let id = self
                .store
                .create_account(name, role, &hash)
                .await
                .map_err(store_problem)?;
            self.user(id).await
        };
        let detail = format!("role {}", role.name());
        self.audit
            .around(&actor(by), "user.create", name, detail, create)
            .await
    }

    /// # Errors
    /// [`Code::Conflict`] where no administrator would be left.
    pub async fn set_role(&self, by: &Caller, user_id: i64, role: Role) -> Result<(), Problem> {
        require(by, Action::UserAdmin)?;
        let user = self.user(user_id).await?;
        let change = async {
            found(
                self.store
                    .set_role(user_id, role)
                    .await
                    .map_err(store_problem)?,
            )
        };
        let detail = format!("role {} to {}", user.role.name(), role.name());
        self.audit
            .around(&actor(by), "user.set_role", &user.name, detail, change)
            .await
    }

    /// The user's sessions end; tokens are revoked apart.
    pub async fn reset_password(
        &self,
        by: &Caller,
        user_id: i64,
        password: String,
    ) -> Result<(), Problem> {
        require(by, Action::UserAdmin)?;
        let user = self.user(user_id).await?;
        let hash = self.passwords.hash(password).await?;
        let change = async {
            found(
                self.store
                    .set_password(user_id, &hash)
                    .await
                    .map_err(store_problem)?,
            )
        };
        let detail = "sessions end".to_owned();
        self.audit
            .around(
                &actor(by),
                "user.reset_password",
                &user.name,
                detail,
                change,
            )
            .await
    }

    /// With sessions, tokens and grants.
    ///
    /// # Errors
    /// [`Code::Conflict`] for the last administrator.
    pub async fn remove_user(&self, by: &Caller, user_id: i64) -> Result<(), Problem> {
        require(by, Action::UserAdmin)?;
        let user = self.user(user_id).await?;
        let remove = async {
            found(
                self.store
                    .remove_account(user_id)
                    .await
                    .map_err(store_problem)?,
            )
        };
        let detail = format!("role {}", user.role.name());
        self.audit
            .around(&actor(by), "user.remove", &user.name, detail, remove)
            .await
    }

    async fn user(&self, id: i64) -> Result<UserLine, Problem> {
        let account = self
            .store
            .account(id)
            .await
            .map_err(store_problem)?
            .ok_or_else(no_user)?;
        Ok(UserLine {
            id: account.id,
            name: account.name,
            role: account.role,
            created_at: account.created_at,
            last_seen_at: account.last_seen_at,
        })
    }
}

fn found(found: bool) -> Result<(), Problem> {
    if found { Ok(()) } else { Err(no_user()) }
}

fn no_user() -> Problem {
    Problem::new(
        Code::NotFound,
        "There is no such user.",
        "GET /api/v1/users lists them.",
    )
}
