//! What a failing connection means, for a person.

use std::io;
use std::time::Duration;

use tokio_rustls::rustls;

use super::dial::Target;
use crate::adapter::{Reason, Refused, refuse};
use crate::frame::FrameError;
use crate::tls_failure::of_tls;

/// How far a connection had come. What an end of it means depends on this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Connect,
    Tls,
    /// The first request: nobody has said a word in our protocol yet.
    First,
    Request,
}

const PORTS: &str = "Name the port of a name server (9876 by default), and the remoting ports of controllers and proxies.";

pub(super) fn too_slow(target: &Target, stage: Stage, what: &str, after: Duration) -> Refused {
    refuse(
        Reason::TooSlow,
        format!(
            "{target}: no answer to {what} within {} ms",
            after.as_millis()
        ),
        match stage {
            Stage::Request => {
                "It is tried again. Look at the load of this server and at the network between."
            }
            _ => {
                "It is tried again. If it stays, a firewall swallows the way there, or something else waits for words of its own."
            }
        },
    )
}

/// Others have used up the time of the whole question: nothing was sent.
pub(super) fn no_time_left(target: &Target, what: &str) -> Refused {
    refuse(
        Reason::TooSlow,
        format!("{target}: no time was left to ask for {what}"),
        "Another server took too long; it is tried again.",
    )
}

pub(super) fn of_frame(target: &Target, stage: Stage, error: &FrameError) -> Refused {
    match error {
        FrameError::Io(error) => of_io(target, stage, error),
        FrameError::Foreign(what) => refuse(
            Reason::NotThisProtocol,
            format!("{target}: {what} answers there"),
            match *what {
                "a listener with TLS" => "Set `tls` in the settings of the cluster.",
                _ => PORTS,
            },
        ),
        FrameError::TooLarge { .. } if stage == Stage::First => foreign(target),
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

/// An answer that nobody can read.
pub(super) fn of_answer(target: &Target, stage: Stage, what: &str, why: &str) -> Refused {
    match stage {
        Stage::Request => refuse(
            Reason::BadAnswer,
            format!("{target}: the answer to {what}: {why}"),
            "Something between may change answers; it is tried again.",
        ),
        _ => foreign(target),
    }
}

fn foreign(target: &Target) -> Refused {
    refuse(
        Reason::NotThisProtocol,
        format!("{target}: what answers there does not speak the remoting protocol"),
        PORTS,
    )
}

pub(super) fn of_io(target: &Target, stage: Stage, error: &io::Error) -> Refused {
    let inner = error.get_ref();
    if let Some(error) = inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
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
            "If this server has no TLS, remove `tls` from the settings of the cluster.",
        ),
        Stage::First if closed => refuse(
            Reason::NotThisProtocol,
            format!("{target}: closes the connection without an answer"),
            "If this server wants TLS or a client certificate, set `tls`; otherwise it does not speak the remoting protocol: gRPC ports do not.",
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
