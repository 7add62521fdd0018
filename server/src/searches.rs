//! Searches that people keep. Everybody sees their own and the shared ones; the owner changes them,
//! and whoever administers users may change shared ones too.

use waybill_model::access::{Action, Caller, Target};
use waybill_model::problem::{Code, Problem};
use waybill_model::saved_search::{SavedSearch, SearchToSave};
use waybill_store::Store;

use crate::audit::Audit;
use crate::auth::identity::actor;
use crate::auth::{policy, store_problem};
use crate::clock;

/// Of one user.
const MOST: u32 = 100;

const CHANGE: &str = "search.change";
const REMOVE: &str = "search.remove";

/// Cheap to clone.
#[derive(Clone)]
pub struct Searches {
    store: Store,
    audit: Audit,
}

impl Searches {
    pub fn new(store: Store, audit: Audit) -> Self {
        Self { store, audit }
    }

    /// By name.
    pub async fn list(&self, by: &Caller) -> Result<Vec<SavedSearch>, Problem> {
        let mut all = self
            .store
            .saved_searches(by.user_id)
            .await
            .map_err(store_problem)?;
        for search in &mut all {
            search.may_change |= administers(by);
        }
        Ok(all)
    }

    /// # Errors
    /// [`Code::NotFound`] also for what is another's own.
    pub async fn get(&self, by: &Caller, id: i64) -> Result<SavedSearch, Problem> {
        let found = self.store.saved_search(by.user_id, id).await;
        let mut search = found.map_err(store_problem)?.ok_or_else(no_search)?;
        search.may_change |= administers(by);
        Ok(search)
    }

    /// `search` was validated: its query is one that the page can ask.
    ///
    /// # Errors
    /// [`Code::Conflict`] where the caller has one of this name, or as many as may be.
    pub async fn add(&self, by: &Caller, search: &SearchToSave) -> Result<SavedSearch, Problem> {
        let add = async {
            let added = self.store.add_saved_search(by.user_id, search, MOST).await;
            self.get(by, added.map_err(store_problem)?).await
        };
        self.audit
            .around(&actor(by), "search.save", &search.name, told(search), add)
            .await
    }

    /// # Errors
    /// As [`get`](Self::get) and [`add`](Self::add); [`Code::Forbidden`] for another's.
    pub async fn change(
        &self,
        by: &Caller,
        id: i64,
        search: &SearchToSave,
    ) -> Result<SavedSearch, Problem> {
        let old = self.mine(by, id, CHANGE).await?;
        let change = async {
            let changed = self.store.change_saved_search(id, search).await;
            match changed.map_err(store_problem)? {
                // An administrator may have taken it out of their own sight.
                true if search.shared || old.owner == by.name => self.get(by, id).await,
                true => Ok(SavedSearch {
                    name: search.name.clone(),
                    query: search.query.clone(),
                    shared: false,
                    changed_at: clock::now(),
                    ..old.clone()
                }),
                false => Err(no_search()),
            }
        };
        self.audit
            .around(&actor(by), CHANGE, &old.name, told(search), change)
            .await
    }

    pub async fn remove(&self, by: &Caller, id: i64) -> Result<(), Problem> {
        let old = self.mine(by, id, REMOVE).await?;
        let remove = async {
            let removed = self.store.remove_saved_search(id).await;
            match removed.map_err(store_problem)? {
                true => Ok(()),
                false => Err(no_search()),
            }
        };
        let detail = format!("of {}", old.owner);
        self.audit
            .around(&actor(by), REMOVE, &old.name, detail, remove)
            .await
    }

    /// `action`: what is refused where it is another's.
    async fn mine(&self, by: &Caller, id: i64, action: &str) -> Result<SavedSearch, Problem> {
        let search = self.get(by, id).await?;
        if search.may_change {
            return Ok(search);
        }
        let problem = policy::forbidden(Some(Action::UserAdmin));
        self.audit
            .denied(&actor(by), action, &search.name, &problem, &by.name)
            .await;
        Err(problem)
    }
}

fn told(search: &SearchToSave) -> String {
    let sight = if search.shared { "shared" } else { "own" };
    format!("{sight}, {}", search.query)
}

fn administers(by: &Caller) -> bool {
    by.may(Action::UserAdmin, Target::default(), clock::now())
}

fn no_search() -> Problem {
    Problem::new(
        Code::NotFound,
        "There is no such saved search.",
        "GET /api/v1/searches lists them.",
    )
}
