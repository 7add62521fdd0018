//! The clusters that the caller may see, as other pages need them: colours, words, how they answer.

use leptos::prelude::*;
use waybill_model::cluster::{BrokerWords, Cluster};
use waybill_model::topology::Why;

use super::gap::Gap;
use crate::i18n::words;
use crate::part::name::name;
use crate::routes::link;

#[derive(Clone, Debug, Default)]
pub struct KnownClusters(pub Vec<Cluster>);

impl KnownClusters {
    /// Empty for who may not see clusters: the rest of a page stands without them.
    pub async fn read() -> Self {
        Self(crate::data::port().clusters().await.unwrap_or_default())
    }

    pub fn named(&self, name: &str) -> Option<&Cluster> {
        self.0.iter().find(|cluster| cluster.name == name)
    }

    pub fn words(&self, cluster: Option<&str>) -> Option<&BrokerWords> {
        self.named(cluster?)?.words.as_ref()
    }

    /// Why figures of a cluster are not known, where nobody says it of the figure itself.
    pub fn gap(&self, cluster: Option<&str>) -> Gap {
        let Some(cluster) = cluster.and_then(|name| self.named(name)) else {
            return Gap::Why(Why::NotAsked);
        };
        if !cluster.managed {
            return Gap::SpansOnly;
        }
        match &cluster.refused {
            Some(refused) if refused.reason == "forbidden" => Gap::Why(Why::Forbidden),
            Some(_) => Gap::Why(Why::Failed),
            None => Gap::Why(Why::NotAsked),
        }
    }

    /// For a form: all of them, and any.
    pub fn options(&self) -> Vec<(String, String)> {
        let any = (String::new(), words().observed.any_cluster.to_owned());
        let named = self.0.iter().filter(|cluster| cluster.configured);
        let named = named.map(|cluster| {
            let label = crate::format::visible(&cluster.name);
            (cluster.name.clone(), label)
        });
        std::iter::once(any).chain(named).collect()
    }

    /// Its name beside its colour, leading to its page.
    pub fn chip(&self, cluster: &str) -> AnyView {
        let known = self.named(cluster);
        let id = known.map_or(cluster, |known| &known.id);
        let colour = known.and_then(|known| known.colour.clone());
        view! {
            <a class="cluster-chip" href=link::cluster(id)>
                {swatch(colour)} {name(cluster, 32)}
            </a>
        }
        .into_any()
    }

    /// Across the top of every page of a cluster, so that nobody takes it for another.
    pub fn band(&self, cluster: Option<&str>) -> AnyView {
        let known = cluster.and_then(|cluster| self.named(cluster));
        band(known.and_then(|known| known.colour.clone()))
    }
}

pub fn swatch(colour: Option<String>) -> AnyView {
    colour
        .map(|colour| {
            view! {
                <svg class="swatch-own" viewBox="0 0 10 10" aria-hidden="true" focusable="false">
                    <rect width="10" height="10" rx="2" fill=colour></rect>
                </svg>
            }
        })
        .into_any()
}

/// Colours of the configuration are drawn as attributes: the page's policy allows no other.
pub fn band(colour: Option<String>) -> AnyView {
    colour
        .map(|colour| {
            view! {
                <svg
                    class="cluster-band"
                    viewBox="0 0 10 10"
                    preserveAspectRatio="none"
                    aria-hidden="true"
                    focusable="false"
                >
                    <rect width="10" height="10" fill=colour></rect>
                </svg>
            }
        })
        .into_any()
}
