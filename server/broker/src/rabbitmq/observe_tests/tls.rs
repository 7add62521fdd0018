//! Private authorities and client certificates, against a TLS peer on the test fixtures.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};
use waybill_model::problem::Code;

use super::{PATIENCE, cluster};
use crate::adapter::{Reason, Refused};
use crate::rabbitmq::adapter;

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/fixtures/rabbitmq/tls")
        .join(name)
}

fn acceptor(asks_for_certificate: bool) -> TlsAcceptor {
    let provider = Arc::new(ring::default_provider());
    let chain = vec![CertificateDer::from_pem_file(fixture("server.pem")).unwrap()];
    let key = PrivateKeyDer::from_pem_file(fixture("server.key")).unwrap();
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = if asks_for_certificate {
        let mut roots = RootCertStore::empty();
        let authority = CertificateDer::from_pem_file(fixture("ca.pem")).unwrap();
        roots.add(authority).unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        builder.with_client_cert_verifier(verifier.build().unwrap())
    } else {
        builder.with_no_client_auth()
    };
    TlsAcceptor::from(Arc::new(builder.with_single_cert(chain, key).unwrap()))
}

/// Answers every request with an empty list.
async fn peer(acceptor: TlsAcceptor) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    return;
                };
                let mut buffer = [0; 4096];
                while stream.read(&mut buffer).await.is_ok_and(|n| n > 0) {
                    let answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n[]";
                    if stream.write_all(answer).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    port
}

async fn read(host: &str, port: u16, tls: Value) -> Result<(), Refused> {
    let cluster = cluster(json!({
        "management": format!("https://{host}:{port}"), "user": "u", "password": "p", "tls": tls,
    }));
    let readings = cluster.observe().unwrap().readings(PATIENCE).await;
    readings.map(|readings| assert!(readings.depths.is_empty()))
}

#[tokio::test]
async fn a_private_authority_is_trusted_when_it_is_named() {
    let port = peer(acceptor(false)).await;
    read("localhost", port, json!({"ca": fixture("ca.pem")}))
        .await
        .unwrap();
    read("127.0.0.1", port, json!({"ca": fixture("ca.pem")}))
        .await
        .unwrap();
    // Neither without it, nor with another one.
    for tls in [json!({}), json!({"ca": fixture("server.pem")})] {
        let error = read("localhost", port, tls).await.unwrap_err();
        assert_eq!(error.reason, Reason::WrongCertificate, "{error:?}");
        assert!(error.hint.contains("settings.tls.ca"), "{error:?}");
    }
}

#[tokio::test]
async fn a_client_certificate_is_shown_when_it_is_asked_for() {
    let port = peer(acceptor(true)).await;
    let identity = json!({
        "ca": fixture("ca.pem"), "cert": fixture("client.pem"), "key": fixture("client.key"),
    });
    read("localhost", port, identity).await.unwrap();
    let error = read("localhost", port, json!({"ca": fixture("ca.pem")}))
        .await
        .unwrap_err();
    assert_eq!(error.reason, Reason::WrongCertificate, "{error:?}");
    assert!(error.hint.contains("settings.tls.cert"), "{error:?}");
}

#[tokio::test]
async fn a_listener_without_tls_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
            let mut rest = Vec::new();
            let _ = stream.read_to_end(&mut rest).await;
        }
    });
    let error = read("localhost", port, json!({"ca": fixture("ca.pem")}))
        .await
        .unwrap_err();
    assert_eq!(error.reason, Reason::NotThisProtocol, "{error:?}");
}

#[tokio::test]
async fn a_listener_that_hangs_up_when_tls_begins_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut hello = [0; 5];
            let _ = stream.read_exact(&mut hello).await;
        }
    });
    let error = read("localhost", port, json!({"ca": fixture("ca.pem")}))
        .await
        .unwrap_err();
    assert_eq!(error.reason, Reason::NotThisProtocol, "{error:?}");
}

#[test]
fn files_that_are_none_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let nonsense = folder.path().join("nonsense.pem");
    std::fs::write(&nonsense, "hunter2").unwrap();
    for (tls, named) in [
        (json!({"ca": "/nowhere/ca.pem"}), "/nowhere/ca.pem"),
        (json!({"ca": nonsense}), "nonsense.pem"),
        (
            json!({"cert": fixture("client.pem"), "key": "/nowhere/key.pem"}),
            "/nowhere/key.pem",
        ),
        (
            json!({"cert": fixture("client.pem"), "key": nonsense}),
            "tls.cert",
        ),
    ] {
        let settings =
            json!({"management": "https://localhost", "user": "u", "password": "p", "tls": tls});
        let connect = adapter().connect.unwrap();
        let Err(problem) = connect.cluster("shop", settings.as_object().unwrap()) else {
            panic!("{settings}")
        };
        assert_eq!(problem.code, Code::ConfigInvalid);
        assert!(problem.message.contains(named), "{problem}");
        assert!(!format!("{problem:?}").contains("hunter2"), "{problem:?}");
    }
}
