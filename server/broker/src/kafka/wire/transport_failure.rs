//! What a failing connection means, for a person.

use std::io;
use std::time::Duration;

use tokio_rustls::rustls;

use super::dial::Target;
pub(super) use crate::adapter::refuse;
use crate::adapter::{Reason, Refused};
use crate::frame::FrameError;
use crate::tls_failure::of_tls;

/// How far a connection had come. What an end of it means depends on this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Connect,
    Tls,
    /// The first request of a connection, which every broker answers to everybody.
    Greeting,
    Sasl,
    /// The first request after the greeting, without credentials.
    Unproven,
    Request,
}

pub(super) fn too_slow(target: &Target, what: &str, after: Duration) -> Refused {
    let detail = format!(
        "{target}: no answer to {what} within {} ms",
        after.as_millis()
    );
    refuse(
        Reason::TooSlow,
        detail,
        "It is tried again. Look at the load of this broker and at the network between.",
    )
}

/// Others have used up the time of the whole question: nothing was sent.
pub(super) fn no_time_left(target: &Target, what: &str) -> Refused {
    refuse(
        Reason::TooSlow,
        format!("{target}: no time was left to ask for {what}"),
        "Another node took too long; it is tried again.",
    )
}

/// Before anybody there has said a word in our protocol.
pub(super) fn too_slow_to_greet(target: &Target, after: Duration) -> Refused {
    Refused {
        hint: "It is tried again. If it stays, a firewall swallows the way there, or something else than a Kafka listener waits for words of its own."
            .to_owned(),
        ..too_slow(target, "a new connection", after)
    }
}

pub(super) fn of_frame(target: &Target, stage: Stage, error: &FrameError) -> Refused {
    match error {
        FrameError::Io(error) => of_io(target, stage, error),
        FrameError::Foreign(what) => refuse(
            Reason::NotThisProtocol,
            format!("{target}: {what} answers there"),
            match *what {
                "a listener with TLS" => "Set `tls` in the settings of the cluster.",
                _ => "Name the port of a Kafka listener.",
            },
        ),
        FrameError::TooLarge { .. } if stage == Stage::Greeting => refuse(
            Reason::NotThisProtocol,
            format!("{target}: what answers there does not speak Kafka's protocol"),
            "Name the port of a Kafka listener.",
        ),
        FrameError::TooLarge { .. } => refuse(
            Reason::BadAnswer,
            format!("{target}: {error}"),
            "Raise limits.answer_bytes in the settings of the cluster if it really is this large.",
        ),
        FrameError::Cut { .. } => refuse(
            Reason::BadAnswer,
            format!("{target}: {error}"),
            "It is tried again. If it stays, something between cuts connections.",
        ),
    }
}

pub(super) fn of_io(target: &Target, stage: Stage, error: &io::Error) -> Refused {
    if let Some(error) = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>())
    {
        return of_tls(target, error);
    }
    let closed = matches!(
        error.kind(),
        io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
    );
    match stage {
        Stage::Tls if closed => refuse(
            Reason::NotThisProtocol,
            format!("{target}: closes the connection when TLS begins"),
            "If this listener has no TLS, remove `tls` from the settings of the cluster.",
        ),
        Stage::Greeting if closed => refuse(
            Reason::NotThisProtocol,
            format!("{target}: closes the connection without an answer"),
            "If this listener wants TLS or a client certificate, set `tls`; otherwise it does not speak Kafka's protocol.",
        ),
        Stage::Unproven if closed => refuse(
            Reason::WrongCredentials,
            format!(
                "{target}: closes the connection at the first request of a client without credentials"
            ),
            "Set `sasl` in the settings of the cluster.",
        ),
        _ => {
            let detail = match closed {
                true => format!("{target}: the connection was closed"),
                false => format!("{target}: {error}"),
            };
            refuse(Reason::Unreachable, detail, target.unreachable_hint())
        }
    }
}
