//! TLS of our listeners: PEM files in, an acceptor out. TLS 1.2 and 1.3.

use std::path::Path;
use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use waybill_model::problem::{Code, Problem};

use crate::config::Tls;

/// What a listener speaks, as ALPN names it; the first that the other side knows is taken.
pub const WEB: &[&str] = &["h2", "http/1.1"];
pub const GRPC: &[&str] = &["h2"];

/// Reads both files anew, so a renewed certificate is taken over by calling it again. `key` is the
/// configuration's word for the table.
pub fn acceptor(key: &str, tls: &Tls, alpn: &[&str]) -> Result<TlsAcceptor, Problem> {
    let (in_cert, in_key) = (format!("{key}.cert"), format!("{key}.key"));
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&tls.cert)
        .and_then(Iterator::collect)
        .map_err(|error| wrong(&in_cert, &tls.cert, &error))?;
    if chain.is_empty() {
        return Err(wrong(&in_cert, &tls.cert, &"no certificate in it"));
    }
    let private_key =
        PrivateKeyDer::from_pem_file(&tls.key).map_err(|error| wrong(&in_key, &tls.key, &error))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| {
            builder
                .with_no_client_auth()
                .with_single_cert(chain, private_key)
        })
        .map_err(|error| wrong(key, &tls.cert, &error))?;
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
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
            let Err(problem) = acceptor("ingest.tls", &tls, GRPC) else {
                panic!("{text:?} is no certificate")
            };
            assert_eq!(problem.code, Code::ConfigInvalid);
            assert!(
                problem.message.starts_with("ingest.tls.cert: "),
                "{problem}"
            );
            assert!(problem.message.contains("cert.pem"), "{problem}");
        }
    }
}
