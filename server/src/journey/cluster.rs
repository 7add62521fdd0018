//! Which configured cluster a span is about. Never guessed between two.

use std::net::{IpAddr, Ipv6Addr};

use waybill_model::messaging::Facts;

/// A cluster of the configuration, with the names by which spans may know it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownCluster {
    pub name: String,
    /// As in `messaging.system`.
    pub system: String,
    /// The broker's own cluster id, where it was read.
    pub id: Option<String>,
    /// `host:port` of its nodes or of the list that leads to them.
    pub addresses: Vec<String>,
    /// Its broker is read, and not only its spans.
    pub is_managed: bool,
}

#[derive(Clone, Debug, Default)]
pub struct Clusters(pub Vec<KnownCluster>);

/// What a span tells of its cluster. One client may tell the id, another an address: only what
/// both tell can differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterTold {
    /// The broker's own id.
    id: Option<String>,
    /// As the configuration names it.
    name: Option<String>,
}

impl ClusterTold {
    pub fn is_silent(&self) -> bool {
        self.id.is_none() && self.name.is_none()
    }

    pub fn contradicts(&self, other: &Self) -> bool {
        match (&self.id, &other.id) {
            (Some(a), Some(b)) => a != b,
            _ => matches!((&self.name, &other.name), (Some(a), Some(b)) if a != b),
        }
    }

    /// Takes over what was not told yet.
    pub fn learn(&mut self, other: &Self) {
        for (own, told) in [(&mut self.id, &other.id), (&mut self.name, &other.name)] {
            if own.is_none() {
                own.clone_from(told);
            }
        }
    }

    /// The configured name; without one the id, which tells two clusters apart as well.
    pub fn shown(&self) -> Option<&str> {
        self.name.as_deref().or(self.id.as_deref())
    }
}

impl Clusters {
    pub fn told_by(&self, facts: &Facts) -> ClusterTold {
        let of_system = || self.0.iter().filter(|c| c.system == facts.system);
        let id = facts.cluster_id.as_ref();
        let by_id = || of_system().find(|c| id.is_some() && c.id.as_ref() == id);
        let by_address = || {
            let hint = Door::read(facts.cluster_hint.as_deref()?);
            only(of_system().filter(|c| c.addresses.iter().any(|a| hint.fits(&Door::read(a)))))
        };
        ClusterTold {
            id: id.cloned(),
            name: by_id().or_else(by_address).map(|c| c.name.clone()),
        }
    }

    /// Names of clusters whose brokers are read: what others left in the store counts no more.
    pub fn managed(&self) -> Vec<String> {
        let managed = self.0.iter().filter(|cluster| cluster.is_managed);
        managed.map(|cluster| cluster.name.clone()).collect()
    }

    /// The only configured cluster of a system, for messages whose spans do not say.
    pub fn only_of(&self, system: &str) -> Option<&str> {
        only(self.0.iter().filter(|c| c.system == system)).map(|c| c.name.as_str())
    }
}

/// An address taken apart; loopback has several names.
struct Door<'a> {
    host: &'a str,
    port: Option<u16>,
}

impl<'a> Door<'a> {
    /// An address of version 6 that tells a port stands in brackets.
    fn read(text: &'a str) -> Self {
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if text.parse::<Ipv6Addr>().is_err() => (host, port.parse().ok()),
            _ => (text, None),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let is_loopback = host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        let host = if is_loopback { "localhost" } else { host };
        Self { host, port }
    }

    /// A span that tells no port may mean any.
    fn fits(&self, known: &Door<'_>) -> bool {
        self.host.eq_ignore_ascii_case(known.host)
            && (self.port.is_none() || self.port == known.port)
    }
}

fn only<T>(mut items: impl Iterator<Item = T>) -> Option<T> {
    let first = items.next()?;
    items.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doors_fit_however_they_are_written() {
        for (told, known, expected) in [
            ("Broker-1.example:9092", "broker-1.example:9092", true),
            ("broker-1.example", "broker-1.example:9092", true),
            ("broker-1.example:9093", "broker-1.example:9092", false),
            ("broker-2.example:9092", "broker-1.example:9092", false),
            ("localhost:9092", "127.0.0.1:9092", true),
            ("[::1]:9092", "localhost:9092", true),
            ("::1", "127.0.0.1:9092", true),
            ("2001:db8::7", "[2001:db8::7]:9092", true),
            ("[2001:db8::7]:9093", "[2001:db8::7]:9092", false),
        ] {
            let fits = Door::read(told).fits(&Door::read(known));
            assert_eq!(fits, expected, "{told} {known}");
        }
    }
}
