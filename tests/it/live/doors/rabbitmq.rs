//! Doors of a real RabbitMQ whose management and metrics are sealed.

use waybill_tests::certificates::Authority;
use waybill_tests::rabbitmq::{self, RabbitMq};

use super::{Door, door};
use crate::live::rabbitmq::Rabbit;

/// A real node whose management and metrics want TLS and a client certificate.
pub(super) struct Sealed {
    cluster: RabbitMq,
    authority: Authority,
    other: Authority,
    _folder: tempfile::TempDir,
}

impl Sealed {
    pub(super) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new(folder.path(), "authority");
        let other = Authority::new(folder.path(), "other");
        let server = authority.issue("server");
        authority.issue("waybill");
        let mut conf = String::new();
        for (door, port) in [
            ("management", "@MANAGEMENT@"),
            ("prometheus", "@PROMETHEUS@"),
        ] {
            conf.push_str(&format!(
                "{door}.ssl.ip = 127.0.0.1\n{door}.ssl.port = {port}\n{door}.ssl.cacertfile = {}\n\
                 {door}.ssl.certfile = {}\n{door}.ssl.keyfile = {}\n\
                 {door}.ssl.verify = verify_peer\n{door}.ssl.fail_if_no_peer_cert = true\n",
                authority.ca().display(),
                server.cert.display(),
                server.key.display(),
            ));
        }
        let wanted = rabbitmq::Wanted {
            nodes: 1,
            conf,
            sealed: true,
        };
        Self {
            cluster: RabbitMq::start(&wanted),
            authority,
            other,
            _folder: folder,
        }
    }

    pub(super) fn doors(&self, open: &Rabbit) -> Vec<Door> {
        let node = &self.cluster.nodes[0];
        let at = |scheme: &str| {
            format!(
                "management = \"{scheme}://127.0.0.1:{}\"\nprometheus = [\"{scheme}://127.0.0.1:{}\"]",
                node.management, node.prometheus
            )
        };
        let user = |password: &str| format!("user = \"guest\"\npassword = {password:?}");
        let ca = self.authority.ca();
        let cert = ca.with_file_name("waybill.pem");
        let key = ca.with_file_name("waybill.key");
        let mutual = format!("tls = {{ ca = {ca:?}, cert = {cert:?}, key = {key:?} }}");
        let trusting = format!("tls = {{ ca = {ca:?} }}");
        let other = format!(
            "tls = {{ ca = {:?}, cert = {cert:?}, key = {key:?} }}",
            self.other.ca()
        );
        let lines = |parts: &[&str]| parts.join("\n");
        let plain = format!(
            "management = \"https://127.0.0.1:{}\"",
            open.port("RABBITMQ_MANAGEMENT")
        );
        let guest = user("guest");
        vec![
            door(
                "rabbitmq-mutual",
                "rabbitmq",
                lines(&[&at("https"), &guest, &mutual]),
                None,
            ),
            door(
                "rabbitmq-wrong",
                "rabbitmq",
                lines(&[&at("https"), &user("opensesame"), &mutual]),
                Some("wrong_credentials"),
            ),
            door(
                "rabbitmq-other-ca",
                "rabbitmq",
                lines(&[&at("https"), &guest, &other]),
                Some("wrong_certificate"),
            ),
            door(
                "rabbitmq-no-cert",
                "rabbitmq",
                lines(&[&at("https"), &guest, &trusting]),
                Some("wrong_certificate"),
            ),
            door(
                "rabbitmq-plain-to-tls",
                "rabbitmq",
                lines(&[&at("http"), &guest]),
                Some("another_protocol"),
            ),
            door(
                "rabbitmq-tls-to-plain",
                "rabbitmq",
                lines(&[&plain, &guest, &trusting]),
                Some("another_protocol"),
            ),
        ]
    }
}
