//! A page that the server has rendered as plain HTML. The browser shows it as it is, so the bundle
//! carries neither its views nor its words nor the types that it tells of.

use serde::{Deserialize, Serialize};

use super::packed::Reading;

/// What a page asks, of the id (empty where it has none) and the query of its address.
pub type Ask = fn(String, String) -> Reading;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Island {
    /// Of the tab; as hostile as the names in it.
    pub title: String,
    pub watched: Watched,
    /// Escaped by the views that it was rendered of.
    pub html: String,
}

/// Whose news are news to a page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Watched {
    /// What spans tell.
    #[default]
    Spans,
    /// What spans tell, and readings of every cluster.
    Everything,
    /// Readings of one cluster, which bring the spans of its pages along.
    Cluster(String),
}

#[cfg(feature = "ssr")]
impl Island {
    pub fn of(title: impl Into<String>, watched: Watched, view: leptos::prelude::AnyView) -> Self {
        use leptos::prelude::RenderHtml;
        Self {
            title: title.into(),
            watched,
            html: view.to_html(),
        }
    }
}

#[cfg(any(feature = "hydrate", test))]
impl Watched {
    /// Readings are news to the page; `data` of the event names clusters, or none for any.
    pub fn includes(&self, data: &str) -> bool {
        match self {
            Self::Spans => false,
            Self::Everything => true,
            Self::Cluster(name) => {
                // Both sides write JSON alike.
                serde_json::to_string(name).is_ok_and(|name| data.contains(&name))
                    || !data.contains('[')
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_readings_of_the_watched_cluster_are_news() {
        let east = Watched::Cluster("east \"1\"".into());
        let data = serde_json::json!({ "ids": ["east", "east \"1\""] }).to_string();
        assert!(east.includes(&data) && Watched::Everything.includes(&data));
        assert!(!east.includes(r#"{"ids":["east"]}"#));
        // Who may not hear which ones were read looks at any.
        assert!(east.includes("{}") && !Watched::Spans.includes(&data));
    }
}
