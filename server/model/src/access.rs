//! Who may do what: subject × action × (cluster, resource pattern). Everything else is denied.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// The smallest right that can be given. Written as in configuration and the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Action {
    #[serde(rename = "status.read")]
    StatusRead,
    #[serde(rename = "trace.read")]
    TraceRead,
    #[serde(rename = "message.meta")]
    MessageMeta,
    #[serde(rename = "message.body")]
    MessageBody,
    #[serde(rename = "message.unmask")]
    MessageUnmask,
    #[serde(rename = "dlq.replay")]
    DlqReplay,
    #[serde(rename = "dlq.replay.edit")]
    DlqReplayEdit,
    #[serde(rename = "dlq.discard")]
    DlqDiscard,
    #[serde(rename = "offset.reset")]
    OffsetReset,
    #[serde(rename = "failover.propose")]
    FailoverPropose,
    #[serde(rename = "failover.approve")]
    FailoverApprove,
    #[serde(rename = "failover.run")]
    FailoverRun,
    #[serde(rename = "alert.edit")]
    AlertEdit,
    #[serde(rename = "webhook.edit")]
    WebhookEdit,
    #[serde(rename = "secret.write")]
    SecretWrite,
    #[serde(rename = "user.admin")]
    UserAdmin,
    #[serde(rename = "audit.read")]
    AuditRead,
    /// Write-only: sending telemetry. Never part of a role.
    #[serde(rename = "ingest.write")]
    IngestWrite,
}

impl Action {
    pub const ALL: [Self; 18] = [
        Self::StatusRead,
        Self::TraceRead,
        Self::MessageMeta,
        Self::MessageBody,
        Self::MessageUnmask,
        Self::DlqReplay,
        Self::DlqReplayEdit,
        Self::DlqDiscard,
        Self::OffsetReset,
        Self::FailoverPropose,
        Self::FailoverApprove,
        Self::FailoverRun,
        Self::AlertEdit,
        Self::WebhookEdit,
        Self::SecretWrite,
        Self::UserAdmin,
        Self::AuditRead,
        Self::IngestWrite,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::StatusRead => "status.read",
            Self::TraceRead => "trace.read",
            Self::MessageMeta => "message.meta",
            Self::MessageBody => "message.body",
            Self::MessageUnmask => "message.unmask",
            Self::DlqReplay => "dlq.replay",
            Self::DlqReplayEdit => "dlq.replay.edit",
            Self::DlqDiscard => "dlq.discard",
            Self::OffsetReset => "offset.reset",
            Self::FailoverPropose => "failover.propose",
            Self::FailoverApprove => "failover.approve",
            Self::FailoverRun => "failover.run",
            Self::AlertEdit => "alert.edit",
            Self::WebhookEdit => "webhook.edit",
            Self::SecretWrite => "secret.write",
            Self::UserAdmin => "user.admin",
            Self::AuditRead => "audit.read",
            Self::IngestWrite => "ingest.write",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == name)
    }
}

/// A bundle of grants on everything. Grants narrower than a role stand beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Viewer,
    Operator,
    Admin,
}

impl Role {
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Admin];

    pub fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// decisions: viewer reads all but bodies; operator acts; admin does everything a person can.
    pub fn actions(self) -> Vec<Action> {
        use Action::*;
        let viewer = [StatusRead, TraceRead, MessageMeta, AuditRead];
        let operator = [
            MessageBody,
            DlqReplay,
            OffsetReset,
            FailoverPropose,
            FailoverRun,
            AlertEdit,
        ];
        match self {
            Self::Viewer => viewer.to_vec(),
            Self::Operator => viewer.into_iter().chain(operator).collect(),
            Self::Admin => Action::ALL
                .into_iter()
                .filter(|a| *a != IngestWrite)
                .collect(),
        }
    }

    pub fn grants(self) -> Vec<Grant> {
        self.actions().into_iter().map(Grant::everywhere).collect()
    }
}

/// `cluster` and `resource` are patterns: `*` stands for any run of characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Grant {
    pub action: Action,
    pub cluster: String,
    pub resource: String,
    pub expires_at: Option<Timestamp>,
}

impl Grant {
    pub fn everywhere(action: Action) -> Self {
        Self {
            action,
            cluster: "*".into(),
            resource: "*".into(),
            expires_at: None,
        }
    }

    pub fn allows(&self, action: Action, on: Target<'_>, now: Timestamp) -> bool {
        self.action == action
            && self.expires_at.is_none_or(|end| now < end)
            && on
                .cluster
                .is_none_or(|cluster| matches_pattern(&self.cluster, cluster))
            && on
                .resource
                .is_none_or(|resource| matches_pattern(&self.resource, resource))
    }
}

/// What an action is done on; `None` asks whether it is allowed anywhere.
#[derive(Clone, Copy, Debug, Default)]
pub struct Target<'a> {
    pub cluster: Option<&'a str>,
    pub resource: Option<&'a str>,
}

/// What a grant opens: patterns of clusters and of resources in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sight {
    pub cluster: String,
    pub resource: String,
}

/// Who asks, with every grant that is theirs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Caller {
    pub user_id: i64,
    pub name: String,
    pub role: Role,
    pub grants: Vec<Grant>,
    /// Set when a token speaks for the user.
    pub token: Option<String>,
}

impl Caller {
    pub fn may(&self, action: Action, on: Target<'_>, now: Timestamp) -> bool {
        self.grants
            .iter()
            .any(|grant| grant.allows(action, on, now))
    }
}

impl Caller {
    /// What the caller may do this on; `None`: on everything.
    pub fn sights(&self, action: Action, now: Timestamp) -> Option<Vec<Sight>> {
        let grants = self.grants.iter();
        let open = grants.filter(|grant| grant.allows(action, Target::default(), now));
        let sights: Vec<Sight> = open
            .map(|grant| Sight {
                cluster: grant.cluster.clone(),
                resource: grant.resource.clone(),
            })
            .collect();
        let everything = |sight: &Sight| sight.cluster == "*" && sight.resource == "*";
        (!sights.iter().any(everything)).then_some(sights)
    }
}

/// `*` matches any run of characters, everything else itself. Linear in the text for each star.
pub fn matches_pattern(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let middle: Vec<&str> = parts.collect();
    let Some((last, middle)) = middle.split_last() else {
        return rest.is_empty();
    };
    let mut rest = rest;
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("*", "orders", true),
            ("orders", "orders", true),
            ("orders", "orders2", false),
            ("orders.*", "orders.eu", true),
            ("*.id", "order.id", true),
            ("*.id", "order.idx", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "acb", false),
            ("ab*ba", "aba", false),
        ] {
            assert_eq!(matches_pattern(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_grant_ends_and_is_narrow() {
        let mut grant = Grant::everywhere(Action::TraceRead);
        grant.cluster = "orders".into();
        grant.expires_at = Some(Timestamp::from_unix_millis(10));
        let on = |cluster| Target {
            cluster: Some(cluster),
            resource: None,
        };
        let before = Timestamp::from_unix_millis(9);
        assert!(grant.allows(Action::TraceRead, on("orders"), before));
        assert!(!grant.allows(Action::TraceRead, on("billing"), before));
        assert!(!grant.allows(Action::AuditRead, on("orders"), before));
        assert!(!grant.allows(
            Action::TraceRead,
            on("orders"),
            Timestamp::from_unix_millis(10)
        ));
    }

    #[test]
    fn no_role_may_ingest_and_names_round_trip() {
        for role in Role::ALL {
            assert!(!role.actions().contains(&Action::IngestWrite));
            assert_eq!(Role::from_name(role.name()), Some(role));
        }
        for action in Action::ALL {
            assert_eq!(Action::from_name(action.name()), Some(action));
        }
    }
}
