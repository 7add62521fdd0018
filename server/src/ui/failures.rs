//! What pages of failures may ask, and what their forms change: as the API has it.

use async_trait::async_trait;
use waybill_model::destination::Window;
use waybill_model::failure::{FailureChange, FailureGroup, FailurePage, FailureQuery};
use waybill_model::problem::Problem;
use waybill_model::query::Page;
use waybill_web::port::FailuresPort;

use super::port::Bound;

#[async_trait]
impl FailuresPort for Bound {
    async fn failures(&self, query: FailureQuery) -> Result<Page<FailureGroup>, Problem> {
        let sights = self.sights()?;
        let query = FailureQuery { sights, ..query };
        self.state.reads.failures(query).await
    }

    async fn failure(&self, id: String, window: Window) -> Result<FailurePage, Problem> {
        let sights = self.sights()?;
        self.state.reads.failure(&id, window, sights).await
    }

    async fn change_failure(&self, id: String, change: FailureChange) -> Result<(), Problem> {
        self.state
            .failures
            .change(self.caller()?, "the console", &id, change)
            .await
    }
}
