//! One question that was not answered: why, for the person and for what is told as unknown.

use std::error::Error;

use tokio_rustls::rustls;
use waybill_model::topology::{Unknown, Why};

use crate::adapter::{Reason, Refused};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub reason: Reason,
    pub detail: String,
    pub hint: String,
    /// The HTTP status, where there was an answer.
    pub status: Option<u16>,
    /// The answer was larger than is read.
    pub is_too_large: bool,
}

impl Failure {
    pub fn new(reason: Reason, detail: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            reason,
            detail: detail.into(),
            hint: hint.into(),
            status: None,
            is_too_large: false,
        }
    }

    pub fn too_large(place: &str, limit: u64) -> Self {
        let failure = Self::new(
            Reason::BadAnswer,
            format!("the answer of {place} is larger than {limit} bytes"),
            "Look at fewer virtual hosts, or raise settings.limits.answer_bytes.",
        );
        Self {
            is_too_large: true,
            ..failure
        }
    }

    pub fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    pub fn too_slow(place: &str) -> Self {
        Self::new(
            Reason::TooSlow,
            format!("{place} did not answer in time"),
            "The node may be overloaded or paused; it is asked again at the next poll.",
        )
    }

    /// Nobody there, or something that is not HTTP, or a certificate that one side does not take.
    pub fn of_transport(place: &str, error: &reqwest::Error) -> Self {
        let causes = chain(error);
        let words = causes.last().map(|c| printable(&c.to_string()));
        let said = words.unwrap_or_default();
        if let Some(tls) = causes.iter().find_map(|cause| tls_error(*cause)) {
            return Self::of_tls(place, tls);
        }
        let not_http = causes
            .iter()
            .filter_map(|cause| cause.downcast_ref::<hyper::Error>())
            .any(hyper::Error::is_parse);
        if not_http {
            return Self::new(
                Reason::NotThisProtocol,
                format!("what listens at {place} does not speak HTTP ({said})"),
                "management names the port of the management plugin (15672, with TLS 15671), not that of AMQP.",
            );
        }
        if error.is_timeout() {
            return Self::too_slow(place);
        }
        if error.is_body() || error.is_decode() {
            return Self::new(
                Reason::BadAnswer,
                format!("the answer of {place} was cut short ({said})"),
                "The node or a proxy before it closed the connection in the middle of an answer.",
            );
        }
        if causes.iter().any(|cause| is_closed(*cause)) {
            return Self::closed(place);
        }
        Self::new(
            Reason::Unreachable,
            format!("no answer from {place} ({said})"),
            "Is the node up, is the management plugin enabled, and does a firewall let this host through?",
        )
    }

    /// It let us in, and had nothing to say to the first words of HTTP or TLS.
    fn closed(place: &str) -> Self {
        Self::new(
            Reason::NotThisProtocol,
            format!("{place} closes the connection without an answer"),
            "Something else than the management plugin seems to listen there: it answers at 15672, with TLS at 15671.",
        )
    }

    /// As told by an address that has answered before: whoever listens there is the right one, and is
    /// going down or coming up.
    pub fn in_hindsight(self) -> Self {
        match self.reason {
            Reason::NotThisProtocol if self.status.is_none() => Self {
                reason: Reason::Unreachable,
                hint: "It answered here before: the node stops or starts, or is no longer behind this address."
                    .to_owned(),
                ..self
            },
            _ => self,
        }
    }

    fn of_tls(place: &str, error: &rustls::Error) -> Self {
        use rustls::{AlertDescription as Alert, Error as Tls};
        let said = printable(&error.to_string());
        match error {
            Tls::InvalidCertificate(_) => Self::new(
                Reason::WrongCertificate,
                format!("the certificate of {place} is not trusted ({said})"),
                "Name the authority that signed it in settings.tls.ca, and the host as the certificate does.",
            ),
            Tls::AlertReceived(
                Alert::UnknownCA
                | Alert::BadCertificate
                | Alert::CertificateRequired
                | Alert::CertificateUnknown
                | Alert::CertificateExpired
                | Alert::CertificateRevoked
                | Alert::UnsupportedCertificate
                | Alert::AccessDenied
                | Alert::HandshakeFailure,
            ) => Self::new(
                Reason::WrongCertificate,
                format!("{place} does not take our certificate ({said})"),
                "Name a client certificate that the node trusts in settings.tls.cert and settings.tls.key.",
            ),
            _ => Self::new(
                Reason::NotThisProtocol,
                format!("what listens at {place} does not speak TLS ({said})"),
                "Write http:// where the management plugin has no TLS.",
            ),
        }
    }

    pub fn unknown(&self, member: &str) -> Unknown {
        let why = match (self.reason, self.status) {
            (_, Some(404)) => Why::Unsupported,
            (Reason::Forbidden | Reason::WrongCredentials, _) => Why::Forbidden,
            _ => Why::Failed,
        };
        Unknown {
            member: member.to_owned(),
            why,
            detail: Some(self.detail.clone()),
        }
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        Self::new(refused.reason, refused.detail, refused.hint)
    }
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self {
            reason: failure.reason,
            detail: failure.detail,
            hint: failure.hint,
        }
    }
}

fn chain(error: &reqwest::Error) -> Vec<&(dyn Error + 'static)> {
    let mut causes = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        causes.push(cause);
        next = cause.source();
    }
    causes
}

/// After the connection was there; one that is refused has another kind. I/O errors may hold others.
fn is_closed(cause: &(dyn Error + 'static)) -> bool {
    use std::io::ErrorKind as Kind;
    if let Some(http) = cause.downcast_ref::<hyper::Error>() {
        return http.is_incomplete_message();
    }
    let mut error = cause.downcast_ref::<std::io::Error>();
    while let Some(io) = error {
        if matches!(
            io.kind(),
            Kind::UnexpectedEof
                | Kind::ConnectionReset
                | Kind::ConnectionAborted
                | Kind::BrokenPipe
        ) {
            return true;
        }
        error = io.get_ref().and_then(|inner| inner.downcast_ref());
    }
    false
}

/// TLS errors travel inside of an I/O error, which does not name them as its source.
fn tls_error<'a>(cause: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut error = cause;
    loop {
        if let Some(tls) = error.downcast_ref() {
            return Some(tls);
        }
        error = error.downcast_ref::<std::io::Error>()?.get_ref()?;
    }
}

/// What another side wrote, fit for one line: no control characters, at most 200 characters.
pub(super) fn printable(text: &str) -> String {
    const LONGEST: usize = 200;
    let mut shown: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(LONGEST)
        .collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}
