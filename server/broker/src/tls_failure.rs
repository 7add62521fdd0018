//! What a failing TLS handshake means, for a person.

use std::fmt;

use tokio_rustls::rustls::{self, AlertDescription, CertificateError};

use crate::adapter::{Reason, Refused, refuse};

/// `target`: whom we meant, as people are told.
pub(crate) fn of_tls(target: &dyn fmt::Display, error: &rustls::Error) -> Refused {
    use AlertDescription as Alert;
    match error {
        rustls::Error::InvalidCertificate(wrong) => refuse(
            Reason::WrongCertificate,
            format!("{target}: its certificate is not accepted: {wrong}"),
            match wrong {
                CertificateError::NotValidForName
                | CertificateError::NotValidForNameContext { .. } => {
                    "Set tls.server_name to a name that the certificate bears."
                }
                CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                    "The broker needs a new certificate, or a clock is wrong."
                }
                _ => "Set tls.ca to the certificate of the authority that signed it.",
            },
        ),
        rustls::Error::AlertReceived(
            alert @ (Alert::UnknownCA
            | Alert::BadCertificate
            | Alert::CertificateRequired
            | Alert::CertificateUnknown
            | Alert::CertificateExpired
            | Alert::CertificateRevoked
            | Alert::UnsupportedCertificate
            | Alert::AccessDenied
            | Alert::HandshakeFailure),
        ) => refuse(
            Reason::WrongCertificate,
            format!("{target}: does not accept our side of TLS ({alert:?})"),
            "Set tls.cert and tls.key to a certificate that this broker trusts.",
        ),
        rustls::Error::InvalidMessage(_) => refuse(
            Reason::NotThisProtocol,
            format!("{target}: does not speak TLS"),
            "If this listener has no TLS, remove `tls` from the settings of the cluster.",
        ),
        other => refuse(
            Reason::BadAnswer,
            format!("{target}: {other}"),
            "TLS 1.2 and 1.3 are spoken here.",
        ),
    }
}
