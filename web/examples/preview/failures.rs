//! Kinds of failure, made up.

use async_trait::async_trait;
use waybill_model::destination::Window;
use waybill_model::failure::{
    FailureCause, FailureChange, FailureEvidence, FailureGroup, FailureJourneys, FailureKind,
    FailurePage, FailurePlace, FailureQuery, FailureVersion, OwnerSetBy, RetryAttempt, Trend,
    TrendPoint,
};
use waybill_model::problem::Problem;
use waybill_model::query::Page;
use waybill_web::port::FailuresPort;

use crate::data::{self, at};
use crate::port::{Fake, Scene};

const HOUR_MS: i64 = 3_600_000;

fn group(id: &str, evidence: Option<FailureEvidence>) -> FailureGroup {
    let named = |text: &str| evidence.is_none().then(|| text.to_owned());
    FailureGroup {
        id: id.into(),
        kind: match evidence {
            Some(_) => FailureKind::Evidence,
            None => FailureKind::Error,
        },
        evidence,
        error_type: named("java.sql.SQLTransientConnectionException"),
        first_frame: named("shop.inventory.Reserve.run(Reserve.java)"),
        message: named(
            "HikariPool-1 - Connection is not available, request timed out after 30000ms.",
        ),
        attempts: 1_284,
        journeys: FailureJourneys {
            total: 412,
            dead_lettered: 17,
            failed: 3,
            retrying: 20,
            delivered: 372,
            other: 0,
        },
        first_at: at(-40 * HOUR_MS),
        last_at: at(-30_000),
        first_version: Some("4.2.1".into()),
        versions: ["4.2.1", "4.2.2"].map(version).into(),
        services: vec!["inventory".into()],
        systems: vec!["kafka".into()],
        clusters: vec!["east".into()],
        destinations: vec!["orders".into(), "orders.retry".into(), "stock".into()],
        groups: vec!["inventory".into()],
        cause: evidence.is_none().then(|| FailureCause {
            rule: "connection_pool_exhausted".into(),
            sentence: Some("92 % of processing waits for a database connection".into()),
            attempts: 1_100,
        }),
        trend: Trend {
            step_ms: 3_600_000,
            points: (0..24)
                .map(|hour| TrendPoint {
                    at: at((hour - 24) * HOUR_MS),
                    attempts: (hour * hour * 7 % 113) as u64,
                })
                .collect(),
        },
        owner: Some("billing".into()),
        owner_set_by: Some(OwnerSetBy::Rule),
        runbook: Some("https://example.com/runbooks/inventory".into()),
        note: Some("Known: the pool is too small since the last release.".into()),
        muted_until: None,
        changed_by: Some("admin".into()),
        changed_at: Some(at(-3 * HOUR_MS)),
        unknown: Vec::new(),
    }
}

fn version(version: &str) -> FailureVersion {
    FailureVersion {
        service: Some("inventory".into()),
        version: version.into(),
        attempts: 642,
        first_at: at(-40 * HOUR_MS),
        last_at: at(-30_000),
    }
}

fn attempt(n: u32) -> RetryAttempt {
    let failed = n < 4;
    let told = |text: &str| failed.then(|| text.to_owned());
    RetryAttempt {
        group: Some("inventory".into()),
        n,
        started_at: at(-300_000 + i64::from(n) * 30_000),
        destination: Some(if n == 1 { "orders" } else { "orders.retry" }.into()),
        service: "inventory".into(),
        instance: Some("inventory-7f9c-2".into()),
        version: Some("4.2.1".into()),
        error_type: told("java.sql.SQLTransientConnectionException"),
        first_frame: told("shop.inventory.Reserve.run(Reserve.java)"),
        message: told("HikariPool-1 - Connection is not available"),
        backoff_ms: if n == 1 { 0.0 } else { 30_000.0 },
        fingerprint: told("8c1f03aa91d2"),
        evidence: None,
        cause: told("connection_pool_exhausted"),
    }
}

#[async_trait]
impl FailuresPort for Fake {
    async fn failures(&self, _: FailureQuery) -> Result<Page<FailureGroup>, Problem> {
        let all = [
            group("8c1f03aa91d2", None),
            group("a1b2c3d4e5f60718", Some(FailureEvidence::Redelivered)),
        ];
        Ok(match self.0 {
            Scene::Quiet | Scene::Empty => Page::new(Vec::new(), None),
            _ => Page::new(all.into(), None),
        })
    }

    async fn failure(&self, id: String, _: Window) -> Result<FailurePage, Problem> {
        Ok(FailurePage {
            group: group(&id, None),
            places: vec![FailurePlace {
                system: "kafka".into(),
                cluster: Some("east".into()),
                destination: Some("orders".into()),
                group: Some("inventory".into()),
                service: Some("inventory".into()),
                attempts: 1_284,
                first_at: at(-40 * HOUR_MS),
                last_at: at(-30_000),
            }],
            recent: data::journeys(self.0).items,
            history: (1..=4).map(attempt).collect(),
        })
    }

    async fn change_failure(&self, _: String, _: FailureChange) -> Result<(), Problem> {
        Ok(())
    }
}
