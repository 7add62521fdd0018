use serde::Deserialize;
use waybill_model::problem::Problem;

use crate::settings::{self, Settings};

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct KafkaSettings {
    /// `host:port` of some brokers; the others are found through them.
    #[serde(deserialize_with = "settings::list")]
    bootstrap: Vec<String>,
}

pub(super) fn addresses(settings: &Settings) -> Result<Vec<String>, Problem> {
    let read: KafkaSettings = settings::read(settings)?;
    let doors = read.bootstrap.iter();
    doors
        .map(|text| settings::door("bootstrap", text, 9092))
        .collect()
}
