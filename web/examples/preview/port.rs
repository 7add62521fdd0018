use async_trait::async_trait;
use waybill_model::access::Role;
use waybill_model::audit::AuditLine;
use waybill_model::journey::JourneySummary;
use waybill_model::log::{JourneyLogs, LogQuery};
use waybill_model::map::Map;
use waybill_model::problem::{Code, Problem};
use waybill_model::query::{JourneyQuery, Page};
use waybill_model::saved_search::SavedSearch;
use waybill_model::status::Status;
use waybill_model::stored::{StoredPage, StoredQuery};
use waybill_model::view::{JourneyPage, Overview, TokenLine, TokenPurpose, UserLine, Viewer};
use waybill_web::port::Port;

use crate::{data, journey, map};

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Scene {
    Busy,
    /// Data, and nothing in trouble.
    Quiet,
    Empty,
    SignedOut,
    /// Signed in without the rights of an administrator.
    Viewer,
}

pub struct Fake(pub Scene);

#[async_trait]
impl Port for Fake {
    fn viewer(&self) -> Option<Viewer> {
        let role = match self.0 {
            Scene::SignedOut => return None,
            Scene::Viewer => Role::Viewer,
            _ => Role::Admin,
        };
        Some(Viewer {
            name: "admin".into(),
            role,
            actions: role.actions(),
        })
    }

    async fn overview(&self) -> Result<Overview, Problem> {
        Ok(data::overview(self.0))
    }

    async fn map(&self) -> Result<Map, Problem> {
        Ok(map::map())
    }

    async fn journeys(&self, _: JourneyQuery) -> Result<Page<JourneySummary>, Problem> {
        Ok(data::journeys(self.0))
    }

    async fn journey(&self, id: String) -> Result<JourneyPage, Problem> {
        match id.as_str() {
            "dead" => Ok(journey::dead_lettered()),
            "simple" => Ok(journey::simple()),
            _ => Err(Problem::new(
                Code::NotFound,
                "No journey has this id.",
                "Search for the message; its spans may be past retention.",
            )),
        }
    }

    async fn searches(&self) -> Result<Vec<SavedSearch>, Problem> {
        Ok(Vec::new())
    }

    async fn save_search(&self, _: String, _: String, _: bool) -> Result<SavedSearch, Problem> {
        Err(Problem::new(
            Code::Conflict,
            "The preview keeps nothing.",
            "Start a server.",
        ))
    }

    async fn remove_search(&self, _: i64) -> Result<(), Problem> {
        Ok(())
    }

    async fn journey_logs(&self, page: &JourneyPage, _: LogQuery) -> Result<JourneyLogs, Problem> {
        Ok(journey::logs(page))
    }

    async fn messages(&self, _: String, _: StoredQuery) -> Result<StoredPage, Problem> {
        Err(Problem::new(
            Code::NotBrowsable,
            "Nothing here can read the messages of this cluster.",
            "Journeys tell what its spans say.",
        ))
    }

    async fn status(&self) -> Result<Status, Problem> {
        Ok(data::status())
    }

    async fn users(&self) -> Result<Vec<UserLine>, Problem> {
        match self.0 {
            Scene::Viewer => Err(Problem::new(
                Code::Forbidden,
                "This needs the right user.admin.",
                "Ask an administrator.",
            )),
            _ => Ok(data::users()),
        }
    }

    async fn add_user(&self, _: String, _: String, _: Role) -> Result<(), Problem> {
        Ok(())
    }

    async fn set_role(&self, _: i64, _: Role) -> Result<(), Problem> {
        Ok(())
    }

    async fn reset_password(&self, _: i64, _: String) -> Result<(), Problem> {
        Ok(())
    }

    async fn remove_user(&self, _: i64) -> Result<(), Problem> {
        Ok(())
    }

    async fn tokens(&self) -> Result<Vec<TokenLine>, Problem> {
        Ok(data::tokens())
    }

    async fn create_token(&self, _: String, _: TokenPurpose, _: Role) -> Result<String, Problem> {
        Ok("1".into())
    }

    async fn issued_token(&self, _: String) -> Result<Option<String>, Problem> {
        Ok(Some("wb_5r2kq0v8m1x7c3n9b4z6t2y8w1s5d7f3".into()))
    }

    async fn revoke_token(&self, _: i64) -> Result<(), Problem> {
        Ok(())
    }

    async fn audit(&self, _: Option<String>) -> Result<Page<AuditLine>, Problem> {
        Ok(data::audit())
    }
}
