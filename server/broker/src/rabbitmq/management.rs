//! The management API, read: a fixed list of questions and two look-ups of a name, all of them GET.
//!
//! Works by what an answer holds, never by a version: members that a version does not have are
//! left out, paths that it does not have answer 404. Source: the HTTP API's documentation of 3.8
//! to 4.x, and 3.10.8 as it runs.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde::de::DeserializeOwned;

use super::failure::{Failure, printable};
use super::http::{Deadline, Format, Http};
use super::settings::{Credentials, Endpoint};
use crate::adapter::Reason;

/// For one answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Everything that is ever asked. There is no way to ask anything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    Whoami,
    Overview,
    Nodes,
    Vhosts,
    Exchanges,
    Queues,
    /// Queues with counts and counters, and nothing else.
    Counts,
    /// Counts of a broker that keeps no statistics.
    Totals,
    Bindings,
    Policies,
    OperatorPolicies,
    Consumers,
    Connections,
    /// Of the plugin that shows streams, where it is enabled.
    StreamConsumers,
}

/// Whether the path asks one of these, or for one thing by its name, below whatever prefix.
pub(super) fn is_question(path: &str) -> bool {
    let parts: Vec<&str> = path.rsplit('/').take(4).collect();
    let is_list = |kind: &str| Question::ALL.iter().any(|q| q.target().0 == kind);
    let is_look = |kind: &str| Look::ALL.iter().any(|look| look.target().0 == kind);
    match parts[..] {
        [name, vhost, kind, "api"] if is_look(kind) => !name.is_empty() && !vhost.is_empty(),
        [kind, "api", ..] => is_list(kind),
        [kind, plugin, "api", ..] => is_list(&format!("{plugin}/{kind}")),
        _ => false,
    }
}

impl Question {
    pub const ALL: &[Self] = &[
        Self::Whoami,
        Self::Overview,
        Self::Nodes,
        Self::Vhosts,
        Self::Exchanges,
        Self::Queues,
        Self::Counts,
        Self::Totals,
        Self::Bindings,
        Self::Policies,
        Self::OperatorPolicies,
        Self::Consumers,
        Self::Connections,
        Self::StreamConsumers,
    ];

    /// Path and query below the address and its prefix. Columns keep answers small: all of
    /// `/api/queues` costs the broker three times as much.
    fn target(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Whoami => ("whoami", None),
            Self::Overview => (
                "overview",
                Some(
                    "columns=cluster_name,rabbitmq_version,product_version,management_version,node,object_totals,listeners,disable_stats",
                ),
            ),
            Self::Nodes => (
                "nodes",
                Some(
                    "columns=name,type,running,being_drained,uptime,mem_used,mem_limit,mem_alarm,disk_free,disk_free_limit,disk_free_alarm,partitions,applications.name,applications.version",
                ),
            ),
            Self::Vhosts => ("vhosts", Some("columns=name,cluster_state")),
            Self::Exchanges => (
                "exchanges",
                Some("columns=name,vhost,type,durable,auto_delete,internal,arguments,policy"),
            ),
            Self::Queues => (
                "queues",
                Some(
                    "columns=name,vhost,type,node,state,durable,auto_delete,exclusive,arguments,policy,operator_policy,effective_policy_definition,leader,members,online,slave_nodes,synchronised_slave_nodes,recoverable_slaves,consumers,message_bytes,single_active_consumer_tag,single_active_consumer_ctag,consumer_capacity,consumer_utilisation",
                ),
            ),
            Self::Counts => (
                "queues",
                Some(
                    "columns=name,vhost,leader,messages_ready,messages_unacknowledged,consumers,head_message_timestamp,message_stats",
                ),
            ),
            Self::Totals => (
                "queues",
                Some(
                    "disable_stats=true&enable_queue_totals=true&columns=name,vhost,type,messages_ready,messages_unacknowledged",
                ),
            ),
            Self::Bindings => (
                "bindings",
                Some("columns=source,vhost,destination,destination_type,routing_key,arguments"),
            ),
            Self::Policies => ("policies", None),
            Self::OperatorPolicies => ("operator-policies", None),
            Self::Consumers => (
                "consumers",
                Some("columns=queue,consumer_tag,prefetch_count,active,channel_details"),
            ),
            Self::Connections => ("connections", Some("columns=state")),
            Self::StreamConsumers => ("stream/consumers", None),
        }
    }
}

/// One thing by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    Queue,
    Exchange,
}

impl Look {
    pub const ALL: &[Self] = &[Self::Queue, Self::Exchange];

    fn target(self) -> (&'static str, &'static str) {
        match self {
            Self::Queue => (
                "queues",
                "columns=name,vhost,type,state,exclusive,arguments,policy,operator_policy,effective_policy_definition,consumers,message_bytes,messages_ready,messages_unacknowledged",
            ),
            Self::Exchange => ("exchanges", "columns=name,vhost,type"),
        }
    }
}

pub(super) struct Management {
    endpoints: Vec<Endpoint>,
    credentials: Option<Credentials>,
    /// The one that answered last.
    preferred: AtomicUsize,
    /// Queues are asked for in pages: see [`super::paged`].
    pub(super) in_pages: AtomicBool,
    /// Any has answered as the management API does.
    proven: AtomicBool,
}

impl Management {
    pub fn new(endpoints: Vec<Endpoint>, credentials: Option<Credentials>) -> Self {
        Self {
            endpoints,
            credentials,
            preferred: AtomicUsize::new(0),
            in_pages: AtomicBool::new(false),
            proven: AtomicBool::new(false),
        }
    }

    /// Any node answers for the whole cluster: where one does not, the next one is asked. A
    /// refusal is one: others would say the same.
    pub async fn ask<T: DeserializeOwned>(
        &self,
        http: &Http,
        question: Question,
        deadline: Deadline,
    ) -> Result<T, Failure> {
        self.ask_for(http, question, None, deadline).await
    }

    /// As `ask`, for a part of a list.
    pub async fn ask_for<T: DeserializeOwned>(
        &self,
        http: &Http,
        question: Question,
        page: Option<Page>,
        deadline: Deadline,
    ) -> Result<T, Failure> {
        let (path, query) = question.target();
        let path: Vec<&str> = path.split('/').collect();
        let place = Place {
            path: &path,
            query,
            page,
        };
        self.get(http, place, deadline).await
    }

    /// A name or a virtual host that is empty, `.` or `..` has no path of its own.
    pub async fn look<T: DeserializeOwned>(
        &self,
        http: &Http,
        look: Look,
        vhost: &str,
        name: &str,
        deadline: Deadline,
    ) -> Result<T, Failure> {
        let (kind, query) = look.target();
        let place = Place {
            path: &[kind, vhost, name],
            query: Some(query),
            page: None,
        };
        self.get(http, place, deadline).await
    }

    async fn get<T: DeserializeOwned>(
        &self,
        http: &Http,
        place: Place<'_>,
        deadline: Deadline,
    ) -> Result<T, Failure> {
        let first = self.preferred.load(Ordering::Relaxed);
        let mut last = None;
        for turn in 0..self.endpoints.len() {
            let index = (first + turn) % self.endpoints.len();
            let Some(endpoint) = self.endpoints.get(index) else {
                continue;
            };
            let told = self.get_of(http, endpoint, place, deadline).await;
            let told = match self.proven.load(Ordering::Relaxed) {
                true => told.map_err(Failure::in_hindsight),
                false => told,
            };
            match told {
                Ok(answer) => {
                    self.preferred.store(index, Ordering::Relaxed);
                    self.proven.store(true, Ordering::Relaxed);
                    return Ok(answer);
                }
                Err(failure) if is_of_the_node(&failure) => last = Some(failure),
                Err(failure) => return Err(failure),
            }
        }
        Err(last.unwrap_or_else(|| {
            Failure::new(
                Reason::Unreachable,
                "no address of a management API is configured",
                "Name one in settings.management.",
            )
        }))
    }

    async fn get_of<T: DeserializeOwned>(
        &self,
        http: &Http,
        endpoint: &Endpoint,
        Place { path, query, page }: Place<'_>,
        deadline: Deadline,
    ) -> Result<T, Failure> {
        let mut url = endpoint.url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push("api").extend(path);
        }
        url.set_query(query);
        if let Some(Page { number, size }) = page {
            url.query_pairs_mut()
                .append_pair("page", &number.to_string())
                .append_pair("page_size", &size.to_string());
        }
        let credentials = endpoint.credentials.as_ref().or(self.credentials.as_ref());
        let body = http
            .get(url, credentials, Format::Json, deadline.sooner(PATIENCE))
            .await?;
        // A small body can hold very many objects, each of which is large once read.
        if body.iter().filter(|byte| **byte == b'{').count() > MOST_OBJECTS {
            return Err(Failure::too_large(
                path.first().unwrap_or(&""),
                body.len() as u64,
            ));
        }
        serde_json::from_slice(&body)
            .map_err(|error| unreadable(path.first().unwrap_or(&""), &body, &error))
    }
}

/// In one answer.
const MOST_OBJECTS: usize = 1_000_000;

/// Below the API's own path.
#[derive(Clone, Copy)]
struct Place<'a> {
    path: &'a [&'a str],
    query: Option<&'a str>,
    page: Option<Page>,
}

/// Which part of a list, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Page {
    pub number: usize,
    pub size: usize,
}

fn is_of_the_node(failure: &Failure) -> bool {
    let overloaded = failure.status.is_some_and(|status| status >= 500);
    overloaded || matches!(failure.reason, Reason::Unreachable | Reason::TooSlow)
}

fn unreadable(path: &str, body: &[u8], error: &serde_json::Error) -> Failure {
    if body.trim_ascii_start().first() == Some(&b'<') {
        return Failure::new(
            Reason::NotThisProtocol,
            format!("a page for people came instead of {path}"),
            "Does settings.management name the management plugin, with the path prefix if it has one?",
        );
    }
    let what = if error.is_eof() {
        "was cut short"
    } else {
        "cannot be read"
    };
    Failure::new(
        Reason::BadAnswer,
        format!(
            "the answer about {path} {what} ({})",
            printable(&error.to_string())
        ),
        "A proxy in between may change answers; ask the node without it.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_these_paths_are_ever_asked() {
        let paths: Vec<_> = Question::ALL.iter().map(|q| q.target().0).collect();
        assert_eq!(
            paths,
            [
                "whoami",
                "overview",
                "nodes",
                "vhosts",
                "exchanges",
                "queues",
                "queues",
                "queues",
                "bindings",
                "policies",
                "operator-policies",
                "consumers",
                "connections",
                "stream/consumers"
            ]
        );
    }
}
