//! A real node with every door that clusters have, and an authorizer.

use serde_json::{Value, json};
use waybill_tests::certificates::{Authority, Identity};
use waybill_tests::kafka::{Kafka, Wanted};

use super::kafka_observed::Observed;

pub const PLAIN: usize = 0;
pub const SASL_SSL: usize = 1;
pub const MUTUAL: usize = 2;
pub const SASL_PLAIN: usize = 3;

pub struct Fortress {
    pub kafka: Kafka,
    pub authority: Authority,
    pub client: Identity,
    /// Signed by somebody whom the broker does not know.
    pub stranger: Identity,
    pub other: Authority,
}

impl Fortress {
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new(folder.path(), "authority");
        let other = Authority::new(folder.path(), "other");
        let server = authority.issue("server");
        let client = authority.issue("waybill");
        let stranger = other.issue("stranger");
        let module = "org.apache.kafka.common.security";
        let properties = format!(
            "ssl.keystore.type=PEM\nssl.keystore.location={}\n\
             ssl.truststore.type=PEM\nssl.truststore.location={}\n\
             listener.name.mutual.ssl.client.auth=required\n\
             sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER\n\
             authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\n\
             super.users=User:ANONYMOUS;User:alice;User:bob;User:carol;User:CN=waybill\n",
            server.store.display(),
            authority.ca().display(),
        );
        let doors = ["sasl_tls", "sasl_plain"].map(|listener| {
            format!(
                "listener.name.{listener}.plain.sasl.jaas.config={module}.plain.PlainLoginModule required \
                 user_bob=\"bob-secret\";\n\
                 listener.name.{listener}.scram-sha-256.sasl.jaas.config={module}.scram.ScramLoginModule required;\n\
                 listener.name.{listener}.scram-sha-512.sasl.jaas.config={module}.scram.ScramLoginModule required;\n\
                 listener.name.{listener}.oauthbearer.sasl.jaas.config={module}.oauthbearer.OAuthBearerLoginModule required \
                 unsecuredLoginStringClaim_sub=\"broker\";\n"
            )
        });
        let scram = |mechanism: &str, user: &str| {
            format!("{mechanism}=[name={user},password={user}-secret]")
        };
        let users = ["alice", "few"].iter().flat_map(|user| {
            ["SCRAM-SHA-256", "SCRAM-SHA-512"].map(|mechanism| scram(mechanism, user))
        });
        let wanted = Wanted {
            nodes: 1,
            listeners: vec![
                ("SASL_TLS", "SASL_SSL"),
                ("MUTUAL", "SSL"),
                ("SASL_PLAIN", "SASL_PLAINTEXT"),
            ],
            properties: properties + &doors.concat(),
            format: users
                .flat_map(|user| ["--add-scram".to_owned(), user])
                .collect(),
            ..Wanted::default()
        };
        let kafka = Kafka::start(folder, &wanted, &Kafka::ports(1, 4));
        Self {
            kafka,
            authority,
            client,
            stranger,
            other,
        }
    }

    pub fn observed(&self, listener: usize, tls: Value, sasl: Value) -> Observed {
        let mut settings = json!({ "bootstrap": [self.kafka.address(0, listener)] });
        for (key, value) in [("tls", tls), ("sasl", sasl)] {
            if !value.is_null() {
                settings[key] = value;
            }
        }
        Observed::new(settings)
    }

    pub fn trusting(&self) -> Value {
        json!({ "ca": self.authority.ca() })
    }

    pub fn as_client(&self, identity: &Identity) -> Value {
        json!({ "ca": self.authority.ca(), "cert": identity.cert, "key": identity.key })
    }

    pub fn plain(&self) -> String {
        self.kafka.address(0, PLAIN)
    }
}
