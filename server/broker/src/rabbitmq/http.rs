//! One GET under limits: a deadline over the whole exchange, a cap on the answer while it streams
//! in, no redirect followed, no proxy of the environment, no other method.

use std::path::Path;
use std::time::{Duration, Instant};

use reqwest::header::{ACCEPT, CONTENT_TYPE, LOCATION};
use reqwest::{Certificate, Client, Identity, Method, Request, StatusCode, Url, redirect};
use serde::Deserialize;
use waybill_model::problem::{Code, Problem};

use super::failure::{Failure, printable};
use super::management;
use super::settings::{Credentials, RabbitSettings};
use crate::adapter::Reason;
use crate::guard::{self, Outgoing};

/// What a page of errors may hold before it is no longer read.
const REFUSAL_BYTES: u64 = 4096;

pub(super) struct Http {
    client: Client,
    answer_bytes: u64,
}

/// What is to come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    /// The text exposition format, version 0.0.4.
    Metrics,
}

/// Until when all of what was asked must be answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline(Instant);

impl Deadline {
    pub fn after(patience: Duration) -> Self {
        Self(Instant::now() + patience)
    }

    /// No later than `patience` from now.
    pub fn sooner(self, patience: Duration) -> Self {
        Self(self.0.min(Instant::now() + patience))
    }

    pub fn remaining(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }
}

impl Http {
    /// Reads the PEM files; opens no connection.
    ///
    /// # Errors
    /// `ConfigInvalid` where a file cannot be read or holds no certificate or key.
    pub fn new(cluster: &str, settings: &RabbitSettings) -> Result<Self, Problem> {
        let wrong = |key: &str, what: String| {
            Problem::new(
                Code::ConfigInvalid,
                format!("cluster {cluster:?}, settings.tls.{key}: {what}"),
                "Name readable PEM files: authorities, the client's certificate with its chain, its private key.",
            )
        };
        let read = |key: &str, path: &Path| {
            std::fs::read(path).map_err(|error| wrong(key, format!("{}: {error}", path.display())))
        };
        let any_tls = settings
            .management
            .iter()
            .chain(&settings.prometheus)
            .any(|endpoint| endpoint.url.scheme() == "https");
        let mut client = Client::builder()
            .use_rustls_tls()
            .http1_only()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .pool_max_idle_per_host(1)
            .user_agent("waybill")
            .tls_built_in_root_certs(any_tls && settings.tls.ca.is_none());
        if let Some(path) = &settings.tls.ca {
            let pem = read("ca", path)?;
            let authorities = Certificate::from_pem_bundle(&pem)
                .ok()
                .filter(|list| !list.is_empty())
                .ok_or_else(|| wrong("ca", format!("{}: no certificate in it", path.display())))?;
            for authority in authorities {
                client = client.add_root_certificate(authority);
            }
        }
        if let Some((cert, key)) = &settings.tls.identity {
            let mut pem = read("cert", cert)?;
            pem.push(b'\n');
            pem.extend(read("key", key)?);
            // The reason may quote the file, and one of them is a secret.
            let identity = Identity::from_pem(&pem).map_err(|_| {
                wrong(
                    "cert",
                    "certificate and key cannot be read as PEM".to_owned(),
                )
            })?;
            client = client.identity(identity);
        }
        let client = client
            .build()
            .map_err(|error| wrong("ca", printable(&error.to_string())))?;
        Ok(Self {
            client,
            answer_bytes: settings.limits.answer_bytes,
        })
    }

    pub async fn get(
        &self,
        url: Url,
        credentials: Option<&Credentials>,
        format: Format,
        deadline: Deadline,
    ) -> Result<Vec<u8>, Failure> {
        let place = place(&url);
        let exchange = self.exchange(url, credentials, format, &place);
        match tokio::time::timeout(deadline.remaining(), exchange).await {
            Ok(answer) => answer,
            Err(_) => Err(Failure::too_slow(&place)),
        }
    }

    async fn exchange(
        &self,
        url: Url,
        credentials: Option<&Credentials>,
        format: Format,
        place: &str,
    ) -> Result<Vec<u8>, Failure> {
        let accept = match format {
            Format::Json => "application/json",
            Format::Metrics => "text/plain; version=0.0.4",
        };
        let mut request = self.client.get(url).header(ACCEPT, accept);
        if let Some(Credentials { user, password }) = credentials {
            request = request.basic_auth(user, Some(password));
        }
        let of_transport = |error| Failure::of_transport(place, &error);
        let passed = guard::pass(request.build().map_err(of_transport)?)?;
        let mut response = self
            .client
            .execute(passed.into_inner())
            .await
            .map_err(of_transport)?;
        let status = response.status();
        let header = |name| {
            let value = response.headers().get(name)?;
            Some(printable(&String::from_utf8_lossy(value.as_bytes())))
        };
        if status.is_redirection() {
            return Err(redirected(place, status, header(LOCATION)));
        }
        let html = header(CONTENT_TYPE).is_some_and(|kind| kind.starts_with("text/html"));
        if !status.is_success() {
            // Of a long page the beginning says enough; the rest is not read.
            let body = body(&mut response, REFUSAL_BYTES, place).await;
            return Err(refused(place, status, &body.unwrap_or_default()));
        }
        if html {
            return Err(no_api(
                place,
                "a page for people came instead of data".to_owned(),
            ));
        }
        body(&mut response, self.answer_bytes, place).await
    }
}

/// What every node's metrics endpoint answers, below its prefix.
pub(super) const METRICS: &str = "metrics/detailed";

impl Outgoing for Request {
    fn named(&self) -> String {
        format!("{} {}", self.method(), self.url().path())
    }

    /// The method alone does not tell: `GET /api/aliveness-test/…` declares a queue and publishes.
    fn reads_only(&self) -> bool {
        let path = self.url().path();
        let is_known = management::is_question(path) || path.ends_with(&format!("/{METRICS}"));
        matches!(*self.method(), Method::GET | Method::HEAD) && self.body().is_none() && is_known
    }
}

async fn body(
    response: &mut reqwest::Response,
    limit: u64,
    place: &str,
) -> Result<Vec<u8>, Failure> {
    let too_large = || Failure::too_large(place, limit);
    if response.content_length().is_some_and(|told| told > limit) {
        return Err(too_large());
    }
    let mut body = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| Failure::of_transport(place, &error))?
    {
        if (body.len() + chunk.len()) as u64 > limit {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// As the management API words a refusal.
#[derive(Deserialize)]
struct Refusal {
    reason: String,
}

fn refused(place: &str, status: StatusCode, body: &[u8]) -> Failure {
    let said = serde_json::from_slice::<Refusal>(body)
        .map(|refusal| printable(&refusal.reason))
        .unwrap_or_default();
    let failure = match status.as_u16() {
        // A right that is missing answers 401 as well, in the words "Not … user" or
        // "User not authorised …"; wrong credentials in others ("Login failed").
        401 if said.starts_with("Not ") || said.starts_with("User not ") => forbidden(place, &said),
        403 => forbidden(place, &said),
        401 => Failure::new(
            Reason::WrongCredentials,
            format!("{place} does not accept user and password ({said})"),
            "Check settings.user and settings.password; `rabbitmqctl authenticate_user USER` asks the node itself.",
        ),
        404 => no_api(place, "there is nothing at this path".to_owned()),
        code @ 500..=599 => Failure::new(
            Reason::BadAnswer,
            format!("{place} answered with status {code} {said}"),
            "The node's log says what went wrong there.",
        ),
        code => no_api(place, format!("status {code} {said}")),
    };
    failure.with_status(status.as_u16())
}

fn forbidden(place: &str, said: &str) -> Failure {
    Failure::new(
        Reason::Forbidden,
        format!("{place} refuses this user ({said})"),
        "Grant the tag monitoring and access to the virtual hosts; `waybill check` prints the commands.",
    )
}

fn no_api(place: &str, what: String) -> Failure {
    Failure::new(
        Reason::NotThisProtocol,
        format!("no management API at {place}: {what}"),
        "Does settings.management name the port of the management plugin, with the path prefix if it has one?",
    )
}

fn redirected(place: &str, status: StatusCode, location: Option<String>) -> Failure {
    // Only the host: a path or query may carry a token.
    let host = location
        .and_then(|location| Url::parse(&location).ok())
        .and_then(|url| url.host_str().map(printable))
        .map(|host| format!(" to {host}"))
        .unwrap_or_default();
    Failure::new(
        Reason::NotThisProtocol,
        format!("{place} redirects{host}, which is not followed"),
        "Name the address that it leads to in settings.management.",
    )
    .with_status(status.as_u16())
}

/// `host:port`, as a person knows it.
fn place(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port_or_known_default() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads_only(method: Method, address: &str) -> bool {
        let url = Url::parse(&format!("http://mq1:15672{address}")).unwrap();
        Request::new(method, url).reads_only()
    }

    #[test]
    fn the_guard_lets_nothing_through_that_a_node_would_act_on() {
        assert!(reads_only(Method::GET, "/api/queues?columns=name"));
        assert!(reads_only(Method::HEAD, "/behind/a/prefix/api/overview"));
        assert!(reads_only(
            Method::GET,
            "/api/queues/%2F/orders?columns=name"
        ));
        assert!(reads_only(Method::GET, "/api/exchanges/api/api"));
        assert!(reads_only(Method::GET, "/api/stream/consumers"));
        assert!(reads_only(
            Method::GET,
            "/metrics/detailed?family=queue_coarse_metrics"
        ));
        for (method, address) in [
            (Method::POST, "/api/queues"),
            (Method::PUT, "/api/queues"),
            (Method::DELETE, "/api/queues"),
            (Method::POST, "/api/queues/%2F/orders/get"),
            (Method::GET, "/api/queues/%2F/orders/get"),
            // Declares, publishes and consumes, although it is a GET.
            (Method::GET, "/api/aliveness-test/%2F"),
            (Method::GET, "/api/rebalance/queues"),
            (Method::GET, "/api/stream/publishers"),
            (Method::GET, "/api/queues/consumers"),
            (Method::GET, "/api/queues/%2F/"),
            (Method::GET, "/api/definitions/%2F"),
            (Method::DELETE, "/api/queues/%2F/orders"),
            (Method::GET, "/"),
        ] {
            assert!(!reads_only(method.clone(), address), "{method} {address}");
        }
        let mut with_body = Request::new(Method::GET, "http://mq1/api/queues".parse().unwrap());
        *with_body.body_mut() = Some("x".into());
        assert!(!with_body.reads_only());
    }
}
