use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use waybill_model::journey::JourneySummary;
use waybill_model::query::Page;
use waybill_model::view::JourneyPage;

use super::packed::{Answer, Read};
use crate::live::Live;

/// The fields of the search form, as they stand in the address; empty means: not asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Search {
    pub find: String,
    pub text: String,
    pub destination: String,
    pub group: String,
    pub state: String,
    /// The least duration with its unit: `250`, `250ms`, `1.5s`, `2m`.
    pub min: String,
    /// How far back: `15m`, `1h`, `6h`, `24h`, `7d`.
    pub range: String,
    /// RFC 3339, or as a browser's field for dates writes it (UTC).
    pub from: String,
    pub to: String,
    pub cursor: String,
}

impl Search {
    /// True while nothing narrows the list.
    pub fn is_blank(&self) -> bool {
        let range_only = Self {
            range: self.range.clone(),
            cursor: self.cursor.clone(),
            ..Self::default()
        };
        *self == range_only
    }

    /// The address of the same search, further on.
    pub fn href(&self, cursor: &str) -> String {
        let fields = [
            ("find", self.find.as_str()),
            ("text", &self.text),
            ("destination", &self.destination),
            ("group", &self.group),
            ("state", &self.state),
            ("min", &self.min),
            ("range", &self.range),
            ("from", &self.from),
            ("to", &self.to),
            ("cursor", cursor),
        ];
        let query: Vec<_> = fields
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(key, value)| format!("{key}={}", crate::routes::link::encode(value)))
            .collect();
        format!("/search?{}", query.join("&"))
    }
}

#[server(prefix = "/fn", endpoint = "journeys")]
pub async fn journeys(search: Search) -> Answer {
    let now = time::OffsetDateTime::now_utc();
    let now = waybill_model::time::Timestamp::from_offset_date_time(now);
    let query = super::fault::told(super::search::query(search, now))?;
    super::fault::answer(super::port().journeys(query).await)
}

pub fn read_journeys(search: Memo<Search>, live: Live) -> Read<Page<JourneySummary>> {
    Read::new(
        move || search.with(|search| search.href(&search.cursor)) + &live.key(),
        move || journeys(search.get_untracked()),
    )
}

#[server(prefix = "/fn", endpoint = "journey")]
pub async fn journey(id: String) -> Answer {
    super::fault::answer(super::port().journey(id).await)
}

pub fn read_journey(id: Memo<String>, live: Live) -> Read<JourneyPage> {
    Read::new(
        move || id.get() + &live.key(),
        move || journey(id.get_untracked()),
    )
}
