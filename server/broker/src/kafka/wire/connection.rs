//! One connection: opened, greeted, authenticated, then one request at a time. A connection on
//! which anything went wrong is not used again, because nobody knows what its next bytes are.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::{ApiVersionsRequest, RequestHeader};
use kafka_protocol::protocol::{Encodable, HeaderVersion, StrBytes};
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, timeout_at};

use super::allowed::{Api, ReadOnly, may_be_sent};
use super::answer::Answer;
use super::dial::{Stream, Target, dial};
use super::failure::Failure;
use super::transport_failure::{self, Stage, refuse};
use super::{sasl, shapes};
use crate::adapter::{Reason, Refused};
use crate::frame;
use crate::guard::{self, Outgoing, Passed};
use crate::kafka::settings::{Limits, Sasl};
use crate::tls::Tls;

/// How connections of one cluster are opened.
pub(in crate::kafka) struct Access {
    pub(in crate::kafka) client_id: String,
    pub(in crate::kafka) tls: Option<Tls>,
    pub(in crate::kafka) sasl: Option<Sasl>,
    pub(in crate::kafka) limits: Limits,
}

pub(in crate::kafka) struct Connection {
    access: Arc<Access>,
    pub(super) target: Target,
    stream: Box<dyn Stream>,
    stage: Stage,
    correlation: i32,
    /// Lowest and highest version by key, as this broker says.
    offered: HashMap<i16, (i16, i16)>,
    /// When the broker would close it for want of a new authentication (KIP-368).
    ends: Option<Instant>,
}

/// A part of a session that is not used: the next request must not meet its end.
const LIFETIME_MARGIN: f64 = 0.8;

impl Connection {
    /// # Errors
    /// Every state that a person can do something about; see [`transport_failure`].
    pub(super) async fn open(
        access: Arc<Access>,
        target: Target,
        deadline: Instant,
    ) -> Result<Self, Refused> {
        let began = Instant::now();
        let deadline = deadline.min(began + access.limits.connect);
        let late = || transport_failure::too_slow_to_greet(&target, began.elapsed());
        let stream = timeout_at(deadline, dial(&target, access.tls.as_ref()))
            .await
            .map_err(|_| late())??;
        let mut connection = Self {
            access: access.clone(),
            target,
            stream,
            stage: Stage::Greeting,
            correlation: 0,
            offered: HashMap::new(),
            ends: None,
        };
        connection.greet(deadline).await?;
        match &access.sasl {
            None => connection.stage = Stage::Unproven,
            Some(credentials) => {
                connection.stage = Stage::Sasl;
                let lifetime = sasl::authenticate(&mut connection, credentials, deadline).await?;
                connection.ends = lifetime.map(|l| Instant::now() + l.mul_f64(LIFETIME_MARGIN));
                connection.stage = Stage::Request;
            }
        }
        Ok(connection)
    }

    /// Whether another request may be sent on it.
    pub(super) fn lasts(&self) -> bool {
        self.ends.is_none_or(|ends| Instant::now() < ends)
    }

    /// Asks which versions the broker speaks, in words that brokers before 2.4 do not know; those
    /// answer in version 0, and are asked again in it (KIP-511).
    async fn greet(&mut self, deadline: Instant) -> Result<(), Refused> {
        let api = ApiVersionsRequest::API;
        for version in [api.highest, api.lowest] {
            self.offered = HashMap::from([(api.key, (version, version))]);
            let asked = self.ask(deadline, |version| match version {
                0..=2 => ApiVersionsRequest::default(),
                _ => ApiVersionsRequest::default()
                    .with_client_software_name(StrBytes::from_static_str("waybill"))
                    .with_client_software_version(StrBytes::from_static_str(env!(
                        "CARGO_PKG_VERSION"
                    ))),
            });
            let answer = asked
                .await
                .map_err(|failure| failure.into_refused("ApiVersions"))?;
            match ResponseError::try_from_code(answer.error_code) {
                None => {
                    self.offered = answer
                        .api_keys
                        .iter()
                        .map(|offered| {
                            (offered.api_key, (offered.min_version, offered.max_version))
                        })
                        .collect();
                    return Ok(());
                }
                Some(ResponseError::UnsupportedVersion) if version > api.lowest => {}
                Some(_) => break,
            }
        }
        Err(refuse(
            Reason::NotThisProtocol,
            format!("{}: does not say which versions it speaks", self.target),
            "Brokers from Kafka 2.1 on are understood.",
        ))
    }

    /// The highest version that both sides speak.
    pub(super) fn version(&self, api: Api) -> Result<i16, Failure> {
        let unsupported = Failure::Unsupported { api: api.name };
        let (lowest, highest) = *self.offered.get(&api.key).ok_or(unsupported.clone())?;
        let version = api.highest.min(highest);
        if version >= api.lowest.max(lowest) {
            Ok(version)
        } else {
            Err(unsupported)
        }
    }

    /// `build` makes the request for the version that was agreed.
    ///
    /// # Errors
    /// `Unsupported` leaves the connection as it was; after `Refused` it must be dropped.
    pub(super) async fn ask<R: ReadOnly>(
        &mut self,
        deadline: Instant,
        build: impl Fn(i16) -> R,
    ) -> Result<R::Answer, Failure> {
        let api = R::API;
        let version = self.version(api)?;
        self.correlation = self.correlation.wrapping_add(1);
        let request = build(version);
        let frame = self.encode(guard::pass(Unsent { request, version })?)?;
        let began = Instant::now();
        let deadline = deadline.min(began + self.access.limits.request);
        let limit = self.answer_limit();
        let exchange = async {
            self.stream.write_all(&frame).await?;
            self.stream.flush().await?;
            frame::read(&mut self.stream, limit).await
        };
        let answer = match timeout_at(deadline, exchange).await {
            Err(_) => {
                let (target, after) = (&self.target, began.elapsed());
                let late = match self.stage {
                    Stage::Greeting => transport_failure::too_slow_to_greet(target, after),
                    _ => transport_failure::too_slow(target, api.name, after),
                };
                return Err(late.into());
            }
            Ok(Err(error)) => {
                return Err(transport_failure::of_frame(&self.target, self.stage, &error).into());
            }
            Ok(Ok(answer)) => answer,
        };
        let decoded = decode::<R>(answer, version, self.correlation);
        let response = decoded.map_err(|why| {
            let (reason, hint) = match self.stage {
                Stage::Greeting => (
                    Reason::NotThisProtocol,
                    "Name the port of a Kafka listener.",
                ),
                _ => (
                    Reason::BadAnswer,
                    "Something between may change answers; it is tried again.",
                ),
            };
            refuse(
                reason,
                format!("{}: the answer to {}: {why}", self.target, api.name),
                hint,
            )
        })?;
        if self.stage == Stage::Unproven {
            self.stage = Stage::Request;
        }
        Ok(response)
    }

    /// A stranger is not given the room of a large answer.
    fn answer_limit(&self) -> usize {
        match self.stage {
            Stage::Request | Stage::Unproven => self.access.limits.answer_bytes,
            _ => self.access.limits.answer_bytes.min(1024 * 1024),
        }
    }

    fn encode<R: ReadOnly>(&self, request: Passed<Unsent<R>>) -> Result<Bytes, Refused> {
        let Unsent { request, version } = request.into_inner();
        let api = R::API;
        let ours = |what: &str| {
            let detail = format!("{} {version} was not sent: {what}", api.name);
            refuse(
                Reason::BadAnswer,
                detail,
                "This is a fault of Waybill; please report it.",
            )
        };
        let header = RequestHeader::default()
            .with_request_api_key(R::KEY)
            .with_request_api_version(version)
            .with_correlation_id(self.correlation)
            .with_client_id(Some(StrBytes::from_string(self.access.client_id.clone())));
        let mut frame = BytesMut::new();
        frame.put_u32(0);
        header
            .encode(&mut frame, R::header_version(version))
            .and_then(|()| request.encode(&mut frame, version))
            .map_err(|error| ours(&error.to_string()))?;
        let size = u32::try_from(frame.len() - 4).map_err(|_| ours("it is too large"))?;
        frame[..4].copy_from_slice(&size.to_be_bytes());
        Ok(frame.freeze())
    }
}

/// A request and the version that was agreed for it.
struct Unsent<R> {
    request: R,
    version: i16,
}

impl<R: ReadOnly> Outgoing for Unsent<R> {
    fn named(&self) -> String {
        format!("{} {}", R::API.name, self.version)
    }

    fn reads_only(&self) -> bool {
        may_be_sent(R::KEY, self.version) && self.request.reads_only()
    }
}

/// The answer without its header, in words what is wrong with it.
fn decode<R: ReadOnly>(
    mut answer: Bytes,
    version: i16,
    correlation: i32,
) -> Result<R::Answer, String> {
    let header = shapes::header(<R::Response as HeaderVersion>::header_version(version));
    let body = header
        .check_front(&answer)
        .map_err(|error| error.to_string())?
        .len();
    let got = answer.first_chunk().map(|id| i32::from_be_bytes(*id));
    if got != Some(correlation) {
        return Err("it belongs to another request".into());
    }
    answer.advance(answer.len() - body);
    // A broker that does not know our version of ApiVersions answers in version 0.
    let greeting_refused = R::KEY == ApiVersionsRequest::API.key
        && answer.first_chunk().map(|code| i16::from_be_bytes(*code))
            == Some(ResponseError::UnsupportedVersion.code());
    let version = if greeting_refused { 0 } else { version };
    if !R::Answer::LOOKS_ITSELF {
        let shape = shapes::answer(R::KEY, version).ok_or("nobody here knows its shape")?;
        shape.check(&answer).map_err(|error| error.to_string())?;
    }
    R::Answer::read(answer, version)
}
