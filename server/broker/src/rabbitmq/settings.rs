use serde::Deserialize;
use waybill_model::problem::Problem;

use crate::settings::{self, Settings};

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RabbitSettings {
    /// `amqp://host:5672/%2f`
    amqp: Option<String>,
    /// `http://host:15672`
    management: Option<String>,
    user: Option<String>,
    password: Option<String>,
}

pub(super) fn addresses(settings: &Settings) -> Result<Vec<String>, Problem> {
    let read: RabbitSettings = settings::read(settings)?;
    let tls = |text: &str, scheme| text.starts_with(scheme);
    let amqp = read.amqp.iter().map(|text| {
        let port = if tls(text, "amqps:") { 5671 } else { 5672 };
        settings::door("amqp", text, port)
    });
    let management = read.management.iter().map(|text| {
        let port = if tls(text, "https:") { 15671 } else { 15672 };
        settings::door("management", text, port)
    });
    amqp.chain(management).collect()
}
