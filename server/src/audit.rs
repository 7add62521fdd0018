//! The audit log: every allow and every deny of a change and of a sign-in, in a hash chain.
//!
//! A change is written before it is done (`Audit::around`) and closed after, so a crash between
//! the two shows as a line that was never closed. What cannot be written is not done.

use std::sync::Mutex;

use waybill_model::audit::{AuditEntry, AuditLine, Decision};
use waybill_model::problem::{Code, Problem};
use waybill_model::query::Page;
use waybill_model::time::{TimeRange, Timestamp};
use waybill_store::Store;
use waybill_store::audit::AuditFilter;

use crate::auth::store_problem;
use crate::clock;

/// Characters of a field; hostile names are cut, not refused.
const LONGEST: usize = 1_024;
/// Lines a minute that callers without a name may cause. What is beyond it is counted.
const ANONYMOUS_PER_MINUTE: u32 = 300;

#[derive(Clone)]
pub struct Audit {
    store: Store,
    anonymous: std::sync::Arc<Mutex<Budget>>,
}

/// What to look for; `None` matches all. `actor` and `action` are exact, `object` a part.
#[derive(Clone, Debug, Default)]
pub struct AuditQuery {
    pub actor: Option<String>,
    pub action: Option<String>,
    pub object: Option<String>,
    pub range: Option<TimeRange>,
    pub before: Option<i64>,
    pub limit: u32,
}

impl Audit {
    pub fn new(store: Store) -> Self {
        Self {
            store,
            anonymous: std::sync::Arc::default(),
        }
    }

    /// Writes one line.
    ///
    /// # Errors
    /// As the store: what must be audited is then not done.
    pub async fn write(&self, entry: AuditEntry) -> Result<(), Problem> {
        let entry = plain(entry);
        tracing::info!(
            target: "waybill::audit",
            actor = entry.actor, action = entry.action, object = entry.object,
            decision = ?entry.decision, detail = entry.detail,
        );
        self.store
            .append_audit(&entry, clock::now())
            .await
            .map_err(store_problem)?;
        Ok(())
    }

    /// Writes a refusal. It stands even if the line cannot be written, so that error is only
    /// logged; nameless callers have a budget, or they could fill the disk.
    pub async fn denied(
        &self,
        actor: &str,
        action: &str,
        object: &str,
        problem: &Problem,
        from: &str,
    ) {
        let mut detail = format!("{} from {from}", problem.code.name());
        if actor == "anonymous" {
            match self.budget().take(clock::now()) {
                None => return,
                Some(0) => {}
                Some(unwritten) => {
                    detail.push_str(&format!("; {unwritten} more like it were not written"));
                }
            }
        }
        let written = self
            .write(entry(actor, action, object, Decision::Denied, detail))
            .await;
        if let Err(error) = written {
            tracing::error!(%error, actor, action, "a refusal could not be audited");
        }
    }

    /// Writes the line, does the work, and writes how it ended.
    pub async fn around<T>(
        &self,
        actor: &str,
        action: &str,
        object: &str,
        detail: String,
        work: impl Future<Output = Result<T, Problem>>,
    ) -> Result<T, Problem> {
        self.around_told(actor, action, object, detail, work, |_| String::new())
            .await
    }

    /// The same, and what came of it stands in the closing line.
    pub async fn around_told<T>(
        &self,
        actor: &str,
        action: &str,
        object: &str,
        detail: String,
        work: impl Future<Output = Result<T, Problem>>,
        tell: impl FnOnce(&T) -> String,
    ) -> Result<T, Problem> {
        let line = self.open(actor, action, object, detail).await?;
        let result = work.await;
        let told = result.as_ref().map(tell);
        line.close(told).await;
        result
    }

    /// Writes the line of work that whoever holds it closes: for what goes on after an answer began.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub async fn open(
        &self,
        actor: &str,
        action: &str,
        object: &str,
        detail: String,
    ) -> Result<Open, Problem> {
        self.write(entry(actor, action, object, Decision::Allowed, detail))
            .await?;
        Ok(Open {
            audit: self.clone(),
            actor: actor.to_owned(),
            action: action.to_owned(),
            object: object.to_owned(),
        })
    }

    /// Newest first.
    pub async fn lines(&self, query: AuditQuery) -> Result<Page<AuditLine>, Problem> {
        let limit = query.limit.clamp(1, 1_000);
        let filter = AuditFilter {
            actor: query.actor,
            action: query.action,
            object: query.object,
            from: query.range.map(|range| range.from),
            to: query.range.map(|range| range.to),
            before: query.before,
        };
        let mut items = self
            .store
            .audit(&filter, limit + 1)
            .await
            .map_err(store_problem)?;
        let more = items.len() > limit as usize;
        items.truncate(limit as usize);
        let next = items
            .last()
            .filter(|_| more)
            .map(|line| line.id.to_string());
        Ok(Page::new(items, next))
    }

    fn budget(&self) -> std::sync::MutexGuard<'_, Budget> {
        self.anonymous
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// What has begun. Dropped, its line stays open, as after a crash.
#[must_use]
pub struct Open {
    audit: Audit,
    actor: String,
    action: String,
    object: String,
}

impl Open {
    /// Writes how it ended, with what came of it.
    pub async fn close(self, ended: Result<String, &Problem>) {
        let outcome = match ended {
            Ok(told) => format!("outcome: done{told}"),
            Err(problem) => format!("outcome: {}", problem.code.name()),
        };
        let Self {
            audit,
            actor,
            action,
            object,
        } = self;
        let closing = entry(&actor, &action, &object, Decision::Allowed, outcome);
        if let Err(error) = audit.write(closing).await {
            tracing::error!(%error, actor, action, object, "an audit line stays open");
        }
    }
}

#[derive(Default)]
struct Budget {
    minute: i64,
    written: u32,
    unwritten: u64,
}

impl Budget {
    /// How many were left out since the last line; `None`: leave this one out too.
    fn take(&mut self, now: Timestamp) -> Option<u64> {
        let minute = now.unix_millis() / 60_000;
        if minute != self.minute {
            (self.minute, self.written) = (minute, 0);
        }
        if self.written >= ANONYMOUS_PER_MINUTE {
            self.unwritten += 1;
            return None;
        }
        self.written += 1;
        Some(std::mem::take(&mut self.unwritten))
    }
}

/// The position after which a page goes on, as [`Page::next`] gave it.
pub fn parse_cursor(cursor: &str) -> Result<i64, Problem> {
    cursor.parse().map_err(|_| {
        Problem::new(
            Code::InvalidRequest,
            "This is not a position in the audit log.",
            "cursor: take it from `next` of the page before.",
        )
    })
}

fn entry(
    actor: &str,
    action: &str,
    object: &str,
    decision: Decision,
    detail: String,
) -> AuditEntry {
    AuditEntry {
        actor: actor.into(),
        action: action.into(),
        object: object.into(),
        decision,
        detail,
    }
}

fn plain(entry: AuditEntry) -> AuditEntry {
    AuditEntry {
        actor: one_line(&entry.actor),
        action: one_line(&entry.action),
        object: one_line(&entry.object),
        decision: entry.decision,
        detail: one_line(&entry.detail),
    }
}

/// Text that can neither begin a line of its own nor turn the direction of what follows.
pub fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len().min(LONGEST));
    for (n, c) in text.chars().enumerate() {
        if n == LONGEST {
            line.push('…');
            break;
        }
        let turns = matches!(c, '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if c.is_control() || turns {
            line.extend(c.escape_unicode());
        } else {
            line.push(c);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_cannot_forge_a_line() {
        assert_eq!(
            one_line("a\nadmin allowed\u{202e}\0"),
            "a\\u{a}admin allowed\\u{202e}\\u{0}"
        );
        assert_eq!(one_line(&"x".repeat(9_999)).chars().count(), LONGEST + 1);
    }

    #[test]
    fn the_nameless_have_a_budget() {
        let mut budget = Budget::default();
        let at = Timestamp::from_unix_millis;
        for _ in 0..ANONYMOUS_PER_MINUTE {
            assert_eq!(budget.take(at(1)), Some(0));
        }
        assert_eq!(budget.take(at(2)), None);
        assert_eq!(budget.take(at(3)), None);
        assert_eq!(budget.take(at(60_000)), Some(2));
        assert_eq!(budget.take(at(60_001)), Some(0));
    }
}
