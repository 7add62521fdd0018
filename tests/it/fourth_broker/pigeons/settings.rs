use serde::Deserialize;
use waybill_broker::settings::{self, Settings};
use waybill_model::problem::Problem;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct PigeonSettings {
    /// `host:port` of the lofts.
    #[serde(deserialize_with = "settings::list")]
    lofts: Vec<String>,
}

pub(super) fn addresses(settings: &Settings) -> Result<Vec<String>, Problem> {
    let read: PigeonSettings = settings::read(settings)?;
    let doors = read.lofts.iter();
    doors
        .map(|text| settings::door("lofts", text, 7_070))
        .collect()
}
