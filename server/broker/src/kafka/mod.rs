//! Apache Kafka and what speaks its protocol.

mod browse;
mod client;
mod cluster_map;
mod dialect;
mod laid_aside;
mod observe;
mod posture;
mod settings;
mod wire;

use std::sync::Arc;

use waybill_model::problem::{Code, Problem};

use crate::adapter::{BrokerAdapter, Cluster, Connect, Settings, Vocabulary};
use crate::tls::Tls;

pub(crate) fn adapter() -> BrokerAdapter {
    BrokerAdapter {
        name: dialect::SYSTEM,
        label: "Kafka",
        vocabulary: Vocabulary {
            destination: "topic",
            group: "consumer group",
            partition: "partition",
            offset: "offset",
        },
        dialect: Some(Arc::new(dialect::KafkaDialect)),
        connect: Some(Arc::new(KafkaConnect)),
        addresses: None,
        posture: Some(posture::of),
    }
}

struct KafkaConnect;

impl Connect for KafkaConnect {
    fn cluster(&self, name: &str, settings: &Settings) -> Result<Arc<dyn Cluster>, Problem> {
        let settings = settings::KafkaSettings::read(name, settings)?;
        let tls = settings
            .tls
            .clone()
            .map(Tls::new)
            .transpose()
            .map_err(|error| {
                Problem::new(
                    Code::ConfigInvalid,
                    format!("cluster {name:?}, settings.tls: {error}"),
                    "Name readable PEM files: the authority, and our certificate with its key.",
                )
            })?;
        Ok(Arc::new(observe::KafkaCluster {
            client: client::Client::new(settings, tls),
        }))
    }

    fn browses(&self) -> bool {
        true
    }
}
