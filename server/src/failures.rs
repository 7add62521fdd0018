//! What people say of a kind of failure. Each change is in the audit log before it is made.

use waybill_model::access::{Action, Caller, Target};
use waybill_model::failure::FailureChange;
use waybill_model::problem::{Code, Problem};
use waybill_model::time::Timestamp;
use waybill_store::Store;
use waybill_store::failures::{FailureFilter, Place, Said};

use crate::audit::Audit;
use crate::auth::identity::actor;
use crate::auth::policy::forbidden;
use crate::auth::store_problem;
use crate::clock;
use crate::query::no_failure;

/// Characters.
const LONGEST_OWNER: usize = 100;
const LONGEST_NOTE: usize = 2_000;

const CHANGE: &str = "failure.change";

/// Cheap to clone.
#[derive(Clone)]
pub struct Failures {
    store: Store,
    audit: Audit,
}

impl Failures {
    pub fn new(store: Store, audit: Audit) -> Self {
        Self { store, audit }
    }

    /// `from` is where the request came from, for the audit line of a refusal.
    ///
    /// # Errors
    /// `NotFound` where none of its messages may be seen, `Forbidden` where one of its destinations
    /// may not be changed, `InvalidRequest` for words that cannot be kept.
    pub async fn change(
        &self,
        by: &Caller,
        from: &str,
        id: &str,
        change: FailureChange,
    ) -> Result<(), Problem> {
        let now = clock::now();
        let change = accepted(change, now)?;
        let filter = FailureFilter {
            fingerprint: Some(id.to_owned()),
            ..FailureFilter::default()
        };
        let found = self.store.failures(&filter, 1).await;
        let failure = found.map_err(store_problem)?.pop();
        let failure = failure.ok_or_else(no_failure)?;
        let may = |action| move |place: &Place| by.may(action, target(place), now);
        if !failure.places.iter().any(may(Action::TraceRead)) {
            return Err(no_failure());
        }
        if !failure.places.iter().all(may(Action::AlertEdit)) {
            let problem = forbidden(Some(Action::AlertEdit));
            self.audit
                .denied(&actor(by), CHANGE, id, &problem, from)
                .await;
            return Err(problem);
        }
        let detail = told(&failure.said.unwrap_or_default(), &change);
        let by = actor(by);
        let work = async {
            let changed = self.store.change_failure(id, &change, &by, now).await;
            changed.map_err(store_problem)
        };
        self.audit.around(&by, CHANGE, id, detail, work).await
    }
}

/// As journeys are narrowed: what is not known is only of those who may do it everywhere.
fn target(place: &Place) -> Target<'_> {
    Target {
        cluster: Some(place.cluster.as_deref().unwrap_or_default()),
        resource: Some(place.destination.as_deref().unwrap_or_default()),
    }
}

fn accepted(change: FailureChange, now: Timestamp) -> Result<FailureChange, Problem> {
    if change == FailureChange::default() {
        return Err(wrong(
            "Nothing is to be changed.",
            "Give owner, note or muted_until.",
        ));
    }
    if let Some(Some(until)) = change.muted_until
        && until <= now
    {
        return Err(wrong(
            "A failure cannot be muted until a time that is over.",
            "muted_until: lies ahead; null ends it.",
        ));
    }
    Ok(FailureChange {
        owner: text("owner", change.owner, LONGEST_OWNER)?,
        note: text("note", change.note, LONGEST_NOTE)?,
        muted_until: change.muted_until,
    })
}

fn text(
    name: &str,
    value: Option<Option<String>>,
    longest: usize,
) -> Result<Option<Option<String>>, Problem> {
    let Some(Some(text)) = value else {
        return Ok(value);
    };
    let text = text.trim();
    if text.is_empty() || text.chars().count() > longest {
        return Err(wrong(
            &format!("The value of {name} is wrong."),
            &format!("{name}: 1 to {longest} characters; null clears it."),
        ));
    }
    Ok(Some(Some(text.to_owned())))
}

fn wrong(message: &str, hint: &str) -> Problem {
    Problem::new(Code::InvalidRequest, message, hint)
}

/// Before and after, of what changes.
fn told(before: &Said, change: &FailureChange) -> String {
    let quoted = |text: Option<&String>| text.map_or("none".to_owned(), |text| format!("{text:?}"));
    let time = |at: Option<Timestamp>| at.map_or("none".to_owned(), |at| at.to_string());
    let owner = change.owner.as_ref().map(|after| {
        let (from, to) = (quoted(before.owner.as_ref()), quoted(after.as_ref()));
        format!("owner {from} to {to}")
    });
    let note = change.note.as_ref().map(|after| {
        let (from, to) = (quoted(before.note.as_ref()), quoted(after.as_ref()));
        format!("note {from} to {to}")
    });
    let muted = change.muted_until.map(|after| {
        let (from, to) = (time(before.muted_until), time(after));
        format!("muted_until {from} to {to}")
    });
    let parts: Vec<String> = owner.into_iter().chain(note).chain(muted).collect();
    parts.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_with_what_was() {
        let before = Said {
            owner: Some("billing".into()),
            ..Said::default()
        };
        let change = FailureChange {
            owner: Some(None),
            note: Some(Some("known \"bug\"".into())),
            muted_until: None,
        };
        assert_eq!(
            told(&before, &change),
            r#"owner "billing" to none; note none to "known \"bug\"""#
        );
    }

    #[test]
    fn what_cannot_be_kept_is_refused() {
        let now = Timestamp::from_unix_millis(1_000);
        let owner = |text: &str| FailureChange {
            owner: Some(Some(text.into())),
            ..FailureChange::default()
        };
        let mute = |ms| FailureChange {
            muted_until: Some(Some(Timestamp::from_unix_millis(ms))),
            ..FailureChange::default()
        };
        for refused in [
            FailureChange::default(),
            owner(" "),
            owner(&"é".repeat(101)),
            mute(1_000),
        ] {
            let problem = accepted(refused.clone(), now).unwrap_err();
            assert_eq!(problem.code, Code::InvalidRequest, "{refused:?}");
        }
        assert!(accepted(mute(1_001), now).is_ok());
        assert_eq!(accepted(owner(" ops "), now).unwrap(), owner("ops"));
    }
}
