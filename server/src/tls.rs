//! TLS of our listeners: PEM files in, an acceptor out. TLS 1.2 and 1.3, ALPN h2 and http/1.1.

use std::path::Path;
use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use waybill_model::problem::{Code, Problem};

use crate::config::Tls;

/// Reads both files anew, so a renewed certificate is taken over by calling it again.
pub fn acceptor(tls: &Tls) -> Result<TlsAcceptor, Problem> {
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&tls.cert)
        .and_then(Iterator::collect)
        .map_err(|error| wrong("server.tls.cert", &tls.cert, &error))?;
    if chain.is_empty() {
        return Err(wrong("server.tls.cert", &tls.cert, &"no certificate in it"));
    }
    let key = PrivateKeyDer::from_pem_file(&tls.key)
        .map_err(|error| wrong("server.tls.key", &tls.key, &error))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|error| wrong("server.tls", &tls.cert, &error))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn wrong(key: &str, path: &Path, error: &dyn std::fmt::Display) -> Problem {
    Problem::new(
        Code::ConfigInvalid,
        format!("{key}: {}: {error}", path.display()),
        "Name readable PEM files: the certificate with its chain, and its private key.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_none_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let tls = Tls {
            cert: dir.path().join("cert.pem"),
            key: dir.path().join("key.pem"),
        };
        for text in [None, Some("nonsense")] {
            if let Some(text) = text {
                std::fs::write(&tls.cert, text).unwrap();
            }
            let Err(problem) = acceptor(&tls) else {
                panic!("{text:?} is no certificate")
            };
            assert_eq!(problem.code, Code::ConfigInvalid);
            assert!(problem.message.contains("cert.pem"), "{problem}");
        }
    }
}
