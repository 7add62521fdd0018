//! A connection that consumes a stream and nothing else: no declaration, no binding, no publish. On
//! a stream, consuming takes nothing away, and an acknowledgement only asks for more.

use std::time::Duration;

use futures::StreamExt as _;
use lapin::options::{BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::uri::{AMQPAuthority, AMQPQueryString, AMQPScheme, AMQPUri, AMQPUserInfo};
use lapin::{Acker, Channel, Connection, ConnectionProperties, Consumer, ErrorKind};
use tokio::time::{Instant, timeout, timeout_at};

use super::super::failure::printable;
use super::super::rights;
use super::super::settings::{Credentials, Endpoint};
use super::place::named;
use crate::adapter::{Reason, Refused};
use crate::browse::Stored;
use crate::guard::{self, Outgoing};

/// Bodies that are held at once: what comes before a budget is looked at again.
const PREFETCH: u16 = 4;
const PORT: u16 = 5672;
/// For a goodbye that nobody waits for.
const FAREWELL: Duration = Duration::from_secs(1);
const OK: u16 = 200;
/// Where in a stream to begin. Whether the queue is one was asked before.
const OFFSET: &str = "x-stream-offset";

pub(super) struct Tap {
    connection: Connection,
    pub(super) who: Who,
}

/// For refusals.
#[derive(Clone, Debug)]
pub(super) struct Who {
    /// `host:port`
    address: String,
    user: String,
    vhost: String,
    queue: String,
}

/// What is asked of a broker besides a connection, a channel and its goodbye.
struct Consume {
    options: BasicConsumeOptions,
    arguments: FieldTable,
}

impl Outgoing for Consume {
    fn named(&self) -> String {
        "basic.consume".to_owned()
    }

    /// Only with a place in a stream; nothing counts as acknowledged before it was, and others may
    /// consume beside.
    fn reads_only(&self) -> bool {
        self.arguments.contains_key(OFFSET) && !self.options.no_ack && !self.options.exclusive
    }
}

/// Of a message that a stream stored, and of nothing else.
struct Ack {
    offset: i64,
    acker: Acker,
}

impl Outgoing for Ack {
    fn named(&self) -> String {
        format!("basic.ack of offset {}", self.offset)
    }

    /// A stream keeps what is acknowledged.
    fn reads_only(&self) -> bool {
        true
    }
}

impl Tap {
    /// The first of the addresses that lets us in.
    ///
    /// # Errors
    /// Why the last of them did not.
    pub(super) async fn open(
        endpoints: &[Endpoint],
        credentials: Option<&Credentials>,
        (vhost, queue): (&str, &str),
        deadline: Instant,
    ) -> Result<Self, Refused> {
        let mut last = Refused {
            reason: Reason::Unreachable,
            detail: "the settings name no AMQP address, by which streams are read".into(),
            hint: "Set `amqp` in the settings of the cluster.".into(),
        };
        for endpoint in endpoints {
            let credentials = endpoint.credentials.as_ref().or(credentials);
            let host = endpoint.url.host_str().unwrap_or_default();
            let port = endpoint.url.port().unwrap_or(PORT);
            let who = Who {
                address: format!("{host}:{port}"),
                user: credentials.map_or("guest", |c| c.user.as_str()).to_owned(),
                vhost: vhost.to_owned(),
                queue: queue.to_owned(),
            };
            if endpoint.url.scheme() != "amqp" {
                last = without_tls(&who);
                continue;
            }
            let uri = AMQPUri {
                scheme: AMQPScheme::AMQP,
                authority: AMQPAuthority {
                    userinfo: AMQPUserInfo {
                        username: who.user.clone(),
                        password: credentials
                            .map_or("guest", |c| c.password.as_str())
                            .to_owned(),
                    },
                    host: host.trim_matches(['[', ']']).to_owned(),
                    port,
                },
                vhost: vhost.to_owned(),
                query: AMQPQueryString::default(),
            };
            let properties =
                ConnectionProperties::default().with_connection_name("waybill browse".into());
            match timeout_at(deadline, Connection::connect_uri(uri, properties)).await {
                Ok(Ok(connection)) => return Ok(Self { connection, who }),
                Ok(Err(error)) => last = who.at_the_door(&error),
                Err(_) => return Err(who.too_slow()),
            }
        }
        Err(last)
    }

    /// What is stored from `offset` on, in the words of `x-stream-offset`. On a channel of its own,
    /// which the broker closes where it refuses.
    pub(super) async fn consume(
        &self,
        offset: AMQPValue,
        deadline: Instant,
    ) -> Result<(Channel, Consumer), Refused> {
        let mut arguments = FieldTable::default();
        arguments.insert(OFFSET.into(), offset);
        let consume = Consume {
            options: BasicConsumeOptions::default(),
            arguments,
        };
        let passed = guard::pass(consume)?.into_inner();
        let consuming = async {
            let channel = self.connection.create_channel().await?;
            channel
                .basic_qos(PREFETCH, BasicQosOptions::default())
                .await?;
            let Consume { options, arguments } = passed;
            let queue = ShortString::try_new(self.who.queue.as_str()).unwrap_or_default();
            // Without a tag: the broker makes one up.
            let tag = ShortString::default();
            let consumer = channel
                .basic_consume(queue, tag, options, arguments)
                .await?;
            Ok::<_, lapin::Error>((channel, consumer))
        };
        match timeout_at(deadline, consuming).await {
            Ok(consuming) => consuming.map_err(|error| self.who.inside(&error)),
            Err(_) => Err(self.who.too_slow()),
        }
    }

    /// Acknowledges `message`, which told where in the stream it lies.
    pub(super) async fn ask_for_more(&self, acker: Acker, message: &Stored) -> Result<(), Refused> {
        let offset = message.offset;
        let Ack { acker, .. } = guard::pass(Ack { offset, acker })?.into_inner();
        match acker.ack(BasicAckOptions::default()).await {
            Ok(_) => Ok(()),
            Err(error) => Err(self.who.inside(&error)),
        }
    }

    /// Says goodbye; the broker cleans up after one that does not.
    pub(super) async fn close(self) {
        let goodbye = self.connection.close(OK, "read".into());
        let _ = timeout(FAREWELL, goodbye).await;
    }
}

/// Cancels before it closes: of a channel that just closes, a broker (3.10.8) goes on to count the
/// consumer of a stream. What was on its way is not acknowledged: nobody looked where it came from.
pub(super) async fn leave(channel: Channel, mut consumer: Consumer) {
    let leaving = async {
        let options = BasicCancelOptions::default();
        channel.basic_cancel(consumer.tag(), options).await?;
        while let Some(Ok(_)) = consumer.next().await {}
        channel.close(OK, "read".into()).await
    };
    let _ = timeout(FAREWELL, leaving).await;
}

fn without_tls(who: &Who) -> Refused {
    Refused {
        reason: Reason::WrongCertificate,
        detail: format!("{}: streams are not read over TLS yet", who.address),
        hint: "Name an amqp:// address beside it, where the network allows one.".into(),
    }
}

impl Who {
    fn at_the_door(&self, error: &lapin::Error) -> Refused {
        let Self {
            address,
            user,
            vhost,
            ..
        } = self;
        let said = printable(&error.to_string());
        let code = code(error);
        let (reason, hint) = match error.kind() {
            _ if code == Some(530) => (
                Reason::Forbidden,
                format!(
                    "rabbitmqctl set_permissions -p {} {} '^$' '^$' '^$'",
                    rights::quoted(vhost),
                    rights::quoted(user)
                ),
            ),
            ErrorKind::ProtocolError(_) | ErrorKind::AuthProviderError(_) => (
                Reason::WrongCredentials,
                "Check settings.user and settings.password.".into(),
            ),
            ErrorKind::IOError(_) => (
                Reason::Unreachable,
                "Is the node up, and does settings.amqp name its AMQP port (5672)?".into(),
            ),
            ErrorKind::InvalidProtocolVersion(_) | ErrorKind::ParsingError(_) => (
                Reason::NotThisProtocol,
                "settings.amqp names the port of AMQP (5672), not that of management.".into(),
            ),
            _ => (Reason::Unreachable, "It is tried again.".into()),
        };
        Refused {
            reason,
            detail: format!("{address}: {said}"),
            hint,
        }
    }

    pub(super) fn inside(&self, error: &lapin::Error) -> Refused {
        let said = printable(&error.to_string());
        let (reason, hint) = match code(error) {
            Some(403) => (Reason::Forbidden, self.grant()),
            Some(404) => (
                Reason::NotThere,
                "It was deleted meanwhile, or no replica of it is up.".into(),
            ),
            Some(_) => (Reason::BadAnswer, "The node's log says more.".into()),
            None => (Reason::Unreachable, "It is tried again.".into()),
        };
        Refused {
            reason,
            detail: format!(
                "{}: {}: {said}",
                self.address,
                named(&self.vhost, &self.queue)
            ),
            hint,
        }
    }

    /// The least: to read this one queue, and to change nothing.
    fn grant(&self) -> String {
        format!(
            "rabbitmqctl set_permissions -p {} {} '^$' '^$' {}  # in place of what it may do there now",
            rights::quoted(&self.vhost),
            rights::quoted(&self.user),
            rights::quoted(&format!("^{}$", pattern(&self.queue)))
        )
    }

    pub(super) fn too_slow(&self) -> Refused {
        Refused {
            reason: Reason::TooSlow,
            detail: format!("{}: no answer in time", self.address),
            hint: "The node may be overloaded or paused.".into(),
        }
    }
}

/// As a regular expression that matches this and nothing else.
fn pattern(name: &str) -> String {
    let mut pattern = String::with_capacity(name.len());
    for c in name.chars() {
        if c.is_ascii() && !c.is_ascii_alphanumeric() {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}

/// As AMQP 0-9-1 numbers what a broker says.
fn code(error: &lapin::Error) -> Option<u16> {
    match error.kind() {
        ErrorKind::ProtocolError(error) => Some(error.get_id()),
        _ => None,
    }
}
