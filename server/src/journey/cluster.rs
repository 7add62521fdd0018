//! Which configured cluster a span is about. Never guessed between two.

use waybill_model::messaging::Facts;

/// A cluster of the configuration, with the names by which spans may know it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownCluster {
    pub name: String,
    /// As in `messaging.system`.
    pub system: String,
    /// The broker's own cluster id, where it was read.
    pub id: Option<String>,
    /// `host:port` of its nodes or bootstrap list.
    pub addresses: Vec<String>,
}

#[derive(Clone, Debug, Default)]
pub struct Clusters(pub Vec<KnownCluster>);

impl Clusters {
    /// The configured name; without one the broker's own id, which tells two clusters apart as well.
    pub fn of(&self, facts: &Facts) -> Option<String> {
        let of_system = || self.0.iter().filter(|c| c.system == facts.system);
        if let Some(id) = &facts.cluster_id {
            let named = of_system().find(|c| c.id.as_ref() == Some(id));
            return Some(named.map_or_else(|| id.clone(), |c| c.name.clone()));
        }
        let hint = facts.cluster_hint.as_deref()?;
        let host = hint.rsplit_once(':').map_or(hint, |(host, _)| host);
        let matching = |c: &&KnownCluster| {
            c.addresses.iter().any(|a| {
                a == hint
                    || (!hint.contains(':') && a.rsplit_once(':').is_some_and(|(h, _)| h == host))
            })
        };
        only(of_system().filter(matching)).map(|c| c.name.clone())
    }

    /// The only configured cluster of a system, for messages whose spans do not say.
    pub fn only_of(&self, system: &str) -> Option<&str> {
        only(self.0.iter().filter(|c| c.system == system)).map(|c| c.name.as_str())
    }
}

fn only<T>(mut items: impl Iterator<Item = T>) -> Option<T> {
    let first = items.next()?;
    items.next().is_none().then_some(first)
}
