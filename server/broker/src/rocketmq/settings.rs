use serde::Deserialize;
use waybill_model::problem::Problem;

use crate::settings::{self, Settings};

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RocketSettings {
    /// `host:port` of the name servers.
    #[serde(deserialize_with = "settings::list")]
    namesrv: Vec<String>,
}

pub(super) fn addresses(settings: &Settings) -> Result<Vec<String>, Problem> {
    let read: RocketSettings = settings::read(settings)?;
    let doors = read.namesrv.iter();
    doors
        .map(|text| settings::door("namesrv", text, 9876))
        .collect()
}
