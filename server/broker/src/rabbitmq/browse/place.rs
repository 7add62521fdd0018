//! What a name is, by one look-up of it.

use serde_json::Value;

use super::super::answers::{Counts, Overview, Queue};
use super::super::failure::{Failure, printable};
use super::super::http::{Deadline, Http};
use super::super::management::{Look, Management, Question};
use super::super::policy::{Effective, Policies};
use super::super::rights;
use super::super::settings::VhostFilter;
use crate::adapter::{Reason, Refused};
use crate::browse::Shelf;

/// Where clients look that name none.
const DEFAULT_VHOST: &str = "/";

#[derive(Debug)]
pub(super) struct Place {
    pub(super) vhost: String,
    pub(super) name: String,
    pub(super) kind: Kind,
    /// Arguments and policies, by the names that policies use.
    pub(super) effective: Effective,
    pub(super) messages: Option<u64>,
    pub(super) bytes: Option<u64>,
    pub(super) consumers: Option<u64>,
    pub(super) is_exclusive: bool,
    /// The broker's first version number, where it was asked.
    pub(super) major: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Classic,
    Quorum,
    Stream,
    /// What a plugin brings, or a broker that does not tell.
    Other(Option<String>),
}

/// # Errors
/// `NotThere`, `Forbidden`, and whatever keeps the management API from answering.
pub(super) async fn find(
    management: &Management,
    http: &Http,
    (vhosts, user): (&VhostFilter, &str),
    shelf: &Shelf,
    deadline: Deadline,
) -> Result<Place, Refused> {
    let vhost = shelf.namespace.as_deref().unwrap_or(DEFAULT_VHOST);
    let name = shelf.name.as_str();
    if !vhosts.takes(vhost) {
        return Err(Refused {
            hint: "settings.vhosts leaves this virtual host out.".into(),
            ..not_there(vhost, name)
        });
    }
    // Such names would lead to another path.
    if [vhost, name]
        .iter()
        .any(|text| matches!(*text, "" | "." | ".."))
    {
        return Err(not_there(vhost, name));
    }
    let look = |look| management.look(http, look, vhost, name, deadline);
    let told: Value = match look(Look::Queue).await {
        Ok(told) => told,
        Err(failure) if failure.status == Some(404) => {
            return Err(match look(Look::Exchange).await {
                Ok(_) => keeps_nothing(vhost, name),
                Err(failure) if failure.status == Some(404) => not_there(vhost, name),
                Err(failure) => failure.into(),
            });
        }
        Err(failure) => return Err(with_grant(failure, user, vhost)),
    };
    let queue: Queue = read(&told)?;
    let counts: Counts = read(&told)?;
    // A list, say: the answer is about something else.
    if queue.name.as_deref() != Some(name) {
        return Err(not_there(vhost, name));
    }
    let effective = Policies::default().of_queue(&queue);
    let kind = match queue.kind.as_deref() {
        Some("classic") => Kind::Classic,
        Some("quorum") => Kind::Quorum,
        Some("stream") => Kind::Stream,
        other => Kind::Other(other.map(printable)),
    };
    let major = match kind == Kind::Quorum && !effective.has("delivery-limit") {
        true => major(management, http, deadline).await,
        false => None,
    };
    Ok(Place {
        vhost: vhost.to_owned(),
        name: name.to_owned(),
        messages: sum(counts.messages_ready, counts.messages_unacknowledged),
        bytes: queue.message_bytes,
        consumers: queue.consumers,
        is_exclusive: queue.exclusive == Some(true),
        kind,
        effective,
        major,
    })
}

fn read<T: serde::de::DeserializeOwned>(told: &Value) -> Result<T, Refused> {
    serde_json::from_value(told.clone()).map_err(|_| Refused {
        reason: Reason::BadAnswer,
        detail: "the answer about the queue cannot be read".into(),
        hint: "A proxy in between may change answers; ask the node without it.".into(),
    })
}

async fn major(management: &Management, http: &Http, deadline: Deadline) -> Option<u64> {
    let told: Result<Overview, Failure> = management.ask(http, Question::Overview, deadline).await;
    let version = told.ok()?.rabbitmq_version?;
    version.split('.').next()?.parse().ok()
}

fn sum(ready: Option<u64>, unacknowledged: Option<u64>) -> Option<u64> {
    ready?.checked_add(unacknowledged?)
}

/// With the command that lets this user look, where he may not.
fn with_grant(failure: Failure, user: &str, vhost: &str) -> Refused {
    let refused = Refused::from(failure);
    if refused.reason != Reason::Forbidden {
        return refused;
    }
    let grant = match refused.detail.contains("Not management") {
        true => rights::without_any_tag(user).grant,
        false => rights::access(user, vhost).grant,
    };
    Refused {
        hint: grant,
        ..refused
    }
}

/// As one line shows it.
pub(super) fn named(vhost: &str, name: &str) -> String {
    format!(
        "{:?} in the virtual host {:?}",
        printable(name),
        printable(vhost)
    )
}

fn not_there(vhost: &str, name: &str) -> Refused {
    Refused {
        reason: Reason::NotThere,
        detail: format!("there is no queue {}", named(vhost, name)),
        hint: "It was deleted, is called otherwise, or the node of a classic queue is down.".into(),
    }
}

fn keeps_nothing(vhost: &str, name: &str) -> Refused {
    Refused {
        reason: Reason::NotThere,
        detail: format!(
            "{} is an exchange: it passes messages on and keeps none",
            named(vhost, name)
        ),
        hint: "Look at a stream that is bound to it.".into(),
    }
}
