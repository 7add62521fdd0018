//! THE table of who may use which route. What has no row here is allowed to nobody: the router is
//! built through [`of`], so a route without a row answers 403 to all.

use http::Method;
use waybill_model::access::{Action, Target};
use waybill_model::problem::{Code, Problem};
use waybill_model::time::Timestamp;

use super::identity::Identity;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Anyone; nothing behind it is worth protecting, or it protects itself (sign-in).
    Public,
    /// Any user, by session or API token.
    SignedIn,
    /// Whoever has this right on anything; what they see of it is narrowed by their grants.
    Right(Action),
    /// Open while the listener is on loopback, else `status.read`.
    Metrics,
    /// No row: deny by default.
    Nobody,
}

pub struct Row {
    pub method: Method,
    pub template: &'static str,
    pub policy: Policy,
}

const fn row(method: Method, template: &'static str, policy: Policy) -> Row {
    Row {
        method,
        template,
        policy,
    }
}

use Action::{AlertEdit, AuditRead, MessageMeta, StatusRead, TraceRead, UserAdmin};
use Policy::{Metrics, Public, Right, SignedIn};

pub const TABLE: &[Row] = &[
    // The process.
    row(Method::GET, "/healthz", Public),
    row(Method::GET, "/readyz", Public),
    row(Method::GET, "/metrics", Metrics),
    row(Method::GET, "/pkg/{*file}", Public),
    // Signing in and out, and how the console looks.
    row(Method::GET, "/sign-in", Public),
    row(Method::POST, "/sign-in", Public),
    row(Method::POST, "/sign-out", Public),
    row(Method::GET, "/setup/{secret}", Public),
    row(Method::POST, "/setup/{secret}", Public),
    row(Method::POST, "/look", Public),
    // Pages.
    row(Method::GET, "/", Right(TraceRead)),
    row(Method::GET, "/search", Right(TraceRead)),
    row(Method::GET, "/journeys/{id}", Right(TraceRead)),
    row(
        Method::GET,
        "/destinations/{id}/messages",
        Right(MessageMeta),
    ),
    row(Method::GET, "/destinations", Right(TraceRead)),
    row(Method::GET, "/destinations/{id}", Right(TraceRead)),
    row(Method::GET, "/groups", Right(TraceRead)),
    row(Method::GET, "/groups/{id}", Right(TraceRead)),
    row(Method::GET, "/failures", Right(TraceRead)),
    row(Method::GET, "/failures/{id}", Right(TraceRead)),
    row(Method::GET, "/clusters", Right(StatusRead)),
    row(Method::GET, "/clusters/{id}", Right(StatusRead)),
    row(Method::GET, "/clusters/{id}/durability", Right(StatusRead)),
    row(Method::GET, "/health", Right(StatusRead)),
    row(Method::GET, "/settings", SignedIn),
    row(Method::GET, "/settings/users", Right(UserAdmin)),
    row(Method::GET, "/settings/tokens", SignedIn),
    row(Method::GET, "/audit", Right(AuditRead)),
    // What the console asks for its pages; tokens are narrowed to the caller's own (`auth::tokens`).
    row(Method::POST, "/fn/overview", Right(TraceRead)),
    row(Method::POST, "/fn/journeys", Right(TraceRead)),
    row(Method::POST, "/fn/journey", Right(TraceRead)),
    row(Method::POST, "/fn/save_search", Right(TraceRead)),
    row(Method::POST, "/fn/remove_search", Right(TraceRead)),
    row(Method::POST, "/fn/messages", Right(MessageMeta)),
    row(Method::POST, "/fn/destinations", Right(TraceRead)),
    row(Method::POST, "/fn/destination", Right(TraceRead)),
    row(Method::POST, "/fn/groups", Right(TraceRead)),
    row(Method::POST, "/fn/group", Right(TraceRead)),
    row(Method::POST, "/fn/failures", Right(TraceRead)),
    row(Method::POST, "/fn/failure", Right(TraceRead)),
    row(Method::POST, "/fn/change_failure", Right(AlertEdit)),
    row(Method::POST, "/fn/mute_failure", Right(AlertEdit)),
    row(Method::POST, "/fn/clusters", Right(StatusRead)),
    row(Method::POST, "/fn/cluster", Right(StatusRead)),
    row(Method::POST, "/fn/durability", Right(StatusRead)),
    row(Method::POST, "/fn/status", Right(StatusRead)),
    row(Method::POST, "/fn/users", Right(UserAdmin)),
    row(Method::POST, "/fn/add_user", Right(UserAdmin)),
    row(Method::POST, "/fn/set_role", Right(UserAdmin)),
    row(Method::POST, "/fn/reset_password", Right(UserAdmin)),
    row(Method::POST, "/fn/remove_user", Right(UserAdmin)),
    row(Method::POST, "/fn/tokens", SignedIn),
    row(Method::POST, "/fn/create_token", SignedIn),
    row(Method::POST, "/fn/issued_token", SignedIn),
    row(Method::POST, "/fn/revoke_token", SignedIn),
    row(Method::POST, "/fn/audit", Right(AuditRead)),
    // The API.
    row(Method::GET, "/api/openapi.json", SignedIn),
    row(Method::GET, "/api/v1/status", Right(StatusRead)),
    row(Method::GET, "/api/v1/clusters", Right(StatusRead)),
    row(Method::GET, "/api/v1/clusters/{id}", Right(StatusRead)),
    row(
        Method::GET,
        "/api/v1/clusters/{id}/durability",
        Right(StatusRead),
    ),
    row(Method::GET, "/api/v1/destinations", Right(TraceRead)),
    row(Method::GET, "/api/v1/destinations/{id}", Right(TraceRead)),
    row(
        Method::GET,
        "/api/v1/destinations/{id}/messages",
        Right(MessageMeta),
    ),
    row(
        Method::GET,
        "/api/v1/destinations/{id}/messages/tail",
        Right(MessageMeta),
    ),
    row(Method::GET, "/api/v1/groups", Right(TraceRead)),
    row(Method::GET, "/api/v1/groups/{id}", Right(TraceRead)),
    row(Method::GET, "/api/v1/groups/{id}/lag", Right(TraceRead)),
    row(Method::GET, "/api/v1/journeys", Right(TraceRead)),
    row(Method::GET, "/api/v1/journeys/export", Right(TraceRead)),
    row(Method::GET, "/api/v1/journeys/{id}", Right(TraceRead)),
    row(Method::GET, "/api/v1/failures", Right(TraceRead)),
    row(Method::GET, "/api/v1/failures/{id}", Right(TraceRead)),
    row(Method::PATCH, "/api/v1/failures/{id}", Right(AlertEdit)),
    row(Method::GET, "/api/v1/traces/{trace_id}", Right(TraceRead)),
    row(Method::GET, "/api/v1/searches", Right(TraceRead)),
    row(Method::POST, "/api/v1/searches", Right(TraceRead)),
    row(Method::GET, "/api/v1/searches/{id}", Right(TraceRead)),
    row(Method::PUT, "/api/v1/searches/{id}", Right(TraceRead)),
    row(Method::DELETE, "/api/v1/searches/{id}", Right(TraceRead)),
    row(Method::GET, "/api/v1/map", Right(TraceRead)),
    row(Method::GET, "/api/v1/audit", Right(AuditRead)),
    row(Method::GET, "/api/v1/users", Right(UserAdmin)),
    row(Method::POST, "/api/v1/users", Right(UserAdmin)),
    row(Method::PATCH, "/api/v1/users/{id}", Right(UserAdmin)),
    row(Method::DELETE, "/api/v1/users/{id}", Right(UserAdmin)),
    row(
        Method::POST,
        "/api/v1/users/{id}/password",
        Right(UserAdmin),
    ),
    row(Method::GET, "/api/v1/tokens", SignedIn),
    row(Method::POST, "/api/v1/tokens", SignedIn),
    row(Method::DELETE, "/api/v1/tokens/{id}", SignedIn),
    row(Method::GET, "/api/v1/roles", SignedIn),
    row(Method::GET, "/api/v1/events", SignedIn),
];

/// The policy of a route; [`Policy::Nobody`] where the table has no row.
pub fn of(method: &Method, template: &str) -> Policy {
    TABLE
        .iter()
        .find(|row| row.method == *method && row.template == template)
        .map_or(Policy::Nobody, |row| row.policy)
}

impl Policy {
    /// # Errors
    /// [`Code::Unauthenticated`] where nobody is signed in and somebody must be, else
    /// [`Code::Forbidden`].
    pub fn check(self, who: &Identity, metrics_open: bool, now: Timestamp) -> Result<(), Problem> {
        let action = match self {
            Self::Public => return Ok(()),
            Self::Nobody => return Err(forbidden(None)),
            Self::Metrics if metrics_open => return Ok(()),
            Self::Metrics => Some(StatusRead),
            Self::SignedIn => None,
            Self::Right(action) => Some(action),
        };
        match (who, action) {
            (Identity::Nobody, _) => Err(unauthenticated()),
            (Identity::Ingest { .. }, _) => Err(Problem::new(
                Code::Forbidden,
                "An ingest token sends telemetry and does nothing else.",
                "Use an API token or sign in.",
            )),
            (Identity::User { .. }, None) => Ok(()),
            (Identity::User { caller, .. }, Some(action)) => {
                if caller.may(action, Target::default(), now) {
                    Ok(())
                } else {
                    Err(forbidden(Some(action)))
                }
            }
        }
    }
}

pub fn unauthenticated() -> Problem {
    Problem::new(
        Code::Unauthenticated,
        "Nobody is signed in.",
        "Sign in, or send an API token as `Authorization: Bearer wb_…`.",
    )
}

pub fn forbidden(action: Option<Action>) -> Problem {
    match action {
        Some(action) => Problem::new(
            Code::Forbidden,
            format!("This needs the right {}.", action.name()),
            "Ask an administrator for a role that holds it; GET /api/v1/roles lists them.",
        ),
        None => Problem::new(
            Code::Forbidden,
            "Nobody may do this.",
            "It is not open to any role.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_row_is_for_nobody() {
        assert_eq!(of(&Method::POST, "/api/v1/status"), Policy::Nobody);
        let refused = Policy::Nobody.check(&Identity::Nobody, true, Timestamp::EPOCH);
        assert_eq!(refused.unwrap_err().code, Code::Forbidden);
    }

    #[test]
    fn no_route_stands_twice() {
        for (n, row) in TABLE.iter().enumerate() {
            let again = TABLE[n + 1..]
                .iter()
                .any(|other| other.method == row.method && other.template == row.template);
            assert!(!again, "{} {}", row.method, row.template);
        }
    }

    /// decisions: health, sign-in, setup, how it looks, and the bundle. Nothing else.
    #[test]
    fn what_is_public_is_known() {
        let public: Vec<_> = TABLE
            .iter()
            .filter(|row| row.policy == Public)
            .map(|row| row.template)
            .collect();
        assert_eq!(
            public,
            [
                "/healthz",
                "/readyz",
                "/pkg/{*file}",
                "/sign-in",
                "/sign-in",
                "/sign-out",
                "/setup/{secret}",
                "/setup/{secret}",
                "/look",
            ]
        );
    }
}
