//! The OTLP receivers behind TLS, with certificates of an authority made for the test.

use std::path::Path;

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use prost::Message as _;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use reqwest::Version;
use tonic::transport::{Certificate, Channel, ClientTlsConfig};
use waybill_store::testing::TestDatabase;
use waybill_tests::otlp::{self, one_message};
use waybill_tests::server::{Home, Server};

/// Writes a certificate for this machine's loopback and its key; returns the authority's own.
fn issue(folder: &Path) -> String {
    let mut authority = CertificateParams::new([]).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().unwrap();
    let trusted = authority.self_signed(&authority_key).unwrap().pem();
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate().unwrap();
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let certificate = CertificateParams::new(names).unwrap();
    let certificate = certificate.signed_by(&key, &issuer).unwrap();
    std::fs::write(folder.join("cert.pem"), certificate.pem()).unwrap();
    std::fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
    trusted
}

async fn start() -> (Server, String, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let trusted = issue(folder.path());
    let tls = format!(
        "[ingest.tls]\ncert = {:?}\nkey = {:?}\n",
        folder.path().join("cert.pem"),
        folder.path().join("key.pem")
    );
    let home = Home::Shared(TestDatabase::new().await);
    (Server::start_with(home, &tls).await, trusted, folder)
}

fn https(address: &str) -> String {
    address.replace("http://", "https://")
}

#[tokio::test(flavor = "multi_thread")]
async fn grpc_and_http_are_taken_over_tls() {
    let (server, trusted, _folder) = start().await;

    let tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(&trusted));
    let channel = Channel::from_shared(https(&server.otlp_grpc)).unwrap();
    let channel = channel.tls_config(tls).unwrap().connect().await.unwrap();
    let message = one_message("kafka", "orders", "tls-grpc", 1);
    let request = otlp::request("shop", vec![message.producer]);
    let answer = TraceServiceClient::new(channel).export(request).await;
    assert_eq!(answer.unwrap().into_inner().partial_success, None);

    let authority = reqwest::Certificate::from_pem(trusted.as_bytes()).unwrap();
    let client = || reqwest::Client::builder().add_root_certificate(authority.clone());
    let clients = [
        ("tls-h2", client(), Version::HTTP_2),
        ("tls-h1", client().http1_only(), Version::HTTP_11),
    ];
    for (key, client, version) in clients {
        let message = one_message("kafka", "orders", key, 2);
        let body = otlp::request("shop", vec![message.producer]).encode_to_vec();
        let post = client
            .build()
            .unwrap()
            .post(format!("{}/v1/traces", https(&server.otlp_http)))
            .header("content-type", "application/x-protobuf")
            .body(body);
        let answer = post.send().await.unwrap();
        assert_eq!(answer.version(), version, "{key}: by ALPN");
        assert!(answer.status().is_success(), "{key}: {answer:?}");
    }
    for key in ["tls-grpc", "tls-h2", "tls-h1"] {
        let found = server.api(&format!("/journeys?key={key}")).await;
        assert_eq!(found["items"].as_array().unwrap().len(), 1, "{found}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_speaks_plainly_or_trusts_another_is_not_served() {
    let (server, _, _folder) = start().await;
    let other = issue(tempfile::tempdir().unwrap().path());
    let plain = reqwest::Client::new();
    let path = "/v1/traces";
    assert!(
        plain
            .post(format!("{}{path}", server.otlp_http))
            .send()
            .await
            .is_err()
    );
    assert!(
        plain
            .post(format!("{}{path}", server.otlp_grpc))
            .send()
            .await
            .is_err()
    );
    let other = reqwest::Certificate::from_pem(other.as_bytes()).unwrap();
    let client = reqwest::Client::builder().add_root_certificate(other);
    let client = client.build().unwrap();
    let address = format!("{}{path}", https(&server.otlp_http));
    assert!(client.post(address).send().await.is_err());
}
