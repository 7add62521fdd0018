//! GET of JSON under limits: a deadline, a cap on the answer while it streams in, no redirect
//! followed, no proxy of the environment.

use std::time::Duration;

use reqwest::{Certificate, Client, StatusCode, Url, redirect};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use waybill_model::problem::{Code, Problem};

use super::Failure;
use crate::audit::one_line;
use crate::config::{SchemaRegistry, Secret};

/// Of one answer.
const ANSWER_BYTES: usize = 1 << 20;
const REQUEST: Duration = Duration::from_secs(3);
const CONNECT: Duration = Duration::from_secs(2);

pub(super) struct Http {
    client: Client,
    base: Url,
    user: Option<(String, Secret)>,
}

/// The registry's own words for what it refuses.
#[derive(Deserialize)]
struct Refusal {
    error_code: Option<i64>,
    message: Option<String>,
}

impl Http {
    pub(super) fn new(cluster: &str, settings: &SchemaRegistry) -> Result<Self, Problem> {
        let wrong = |key: &str, what: String| {
            Problem::new(
                Code::ConfigInvalid,
                format!("cluster {cluster:?}, schema_registry.{key}: {what}"),
                "Correct it in the configuration file.",
            )
        };
        let base = Url::parse(&settings.url).map_err(|error| wrong("url", error.to_string()))?;
        let mut client = Client::builder()
            .use_rustls_tls()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT)
            .timeout(REQUEST)
            .pool_max_idle_per_host(1)
            .user_agent("waybill")
            .tls_built_in_root_certs(base.scheme() == "https" && settings.ca.is_none());
        if let Some(path) = &settings.ca {
            let pem = std::fs::read(path)
                .map_err(|error| wrong("ca", format!("{}: {error}", path.display())))?;
            let authorities = Certificate::from_pem_bundle(&pem).unwrap_or_default();
            if authorities.is_empty() {
                let what = format!("{}: no certificate in it", path.display());
                return Err(wrong("ca", what));
            }
            for authority in authorities {
                client = client.add_root_certificate(authority);
            }
        }
        let client = client
            .build()
            .map_err(|error| wrong("ca", error.to_string()))?;
        Ok(Self {
            client,
            base,
            user: settings.user.clone(),
        })
    }

    /// `host:port`, for people.
    pub(super) fn place(&self) -> String {
        let host = self.base.host_str().unwrap_or_default();
        let port = self.base.port_or_known_default().unwrap_or_default();
        format!("{host}:{port}")
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, path: &[&str]) -> Result<T, Failure> {
        let place = self.place();
        let down = |what: String| Failure::Down(format!("the schema registry {place}: {what}"));
        let mut url = self.base.clone();
        match url.path_segments_mut() {
            Ok(mut segments) => {
                segments.pop_if_empty().extend(path);
            }
            Err(()) => return Err(down("its address has no path".to_owned())),
        }
        let mut request = self.client.get(url).header(
            "accept",
            "application/vnd.schemaregistry.v1+json, application/json",
        );
        if let Some((user, password)) = &self.user {
            request = request.basic_auth(user, Some(password.expose()));
        }
        let mut answer = request
            .send()
            .await
            .map_err(|error| down(of_transport(&error)))?;
        let status = answer.status();
        let mut body = Vec::new();
        while let Some(chunk) = answer
            .chunk()
            .await
            .map_err(|error| down(of_transport(&error)))?
        {
            if body.len() + chunk.len() > ANSWER_BYTES {
                let what = format!("an answer of more than {ANSWER_BYTES} bytes");
                return Err(Failure::Unknown(format!(
                    "the schema registry {place}: {what}"
                )));
            }
            body.extend_from_slice(&chunk);
        }
        if status.is_success() {
            return serde_json::from_slice(&body)
                .map_err(|_| down("its answer is not that of a schema registry".to_owned()));
        }
        let said = said(status, &body);
        let said = format!("the schema registry {place} {said}");
        let is_of_all = status.is_server_error()
            || [
                StatusCode::UNAUTHORIZED,
                StatusCode::FORBIDDEN,
                StatusCode::TOO_MANY_REQUESTS,
            ]
            .contains(&status);
        Err(match is_of_all {
            true => Failure::Down(said),
            false => Failure::Unknown(said),
        })
    }
}

fn said(status: StatusCode, body: &[u8]) -> String {
    let refusal: Option<Refusal> = serde_json::from_slice(body).ok();
    let words = refusal.map(|refusal| {
        let message: String = refusal
            .message
            .iter()
            .flat_map(|text| text.chars())
            .take(200)
            .collect();
        match refusal.error_code {
            Some(code) => format!(": {} ({code})", one_line(&message)),
            None => format!(": {}", one_line(&message)),
        }
    });
    format!("answered {}{}", status.as_u16(), words.unwrap_or_default())
}

/// Its causes, without the address: a path may tell a subject.
fn of_transport(error: &reqwest::Error) -> String {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    let kind = match (error.is_timeout(), error.is_connect()) {
        (true, _) => "no answer in time",
        (_, true) => "no connection",
        _ => "the connection broke",
    };
    format!("{kind}: {}", one_line(&innermost.to_string()))
}
